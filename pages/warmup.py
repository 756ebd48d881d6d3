"""Why warm up?"""

from lrlab.ui import frame
from lrlab.ui.lessons import frame as lesson
from lrlab.ui.lessons.warmup import LESSON

frame.begin("Why warm up?")
lesson.show(LESSON)
frame.end()
