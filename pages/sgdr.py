"""Do restarts help?"""

from lrlab.ui import frame
from lrlab.ui.lessons import frame as lesson
from lrlab.ui.lessons.sgdr import LESSON

frame.begin("SGDR or cosine?")
lesson.show(LESSON)
frame.end()
