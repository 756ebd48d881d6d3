"""Do restarts help?"""

from lrlab.ui import browser

browser.ahead()  # and only then the imports that take long

from lrlab.ui import frame  # noqa: E402
from lrlab.ui.lessons import frame as lesson  # noqa: E402
from lrlab.ui.lessons.sgdr import LESSON  # noqa: E402

frame.begin("SGDR or cosine?")
lesson.show(LESSON)
frame.end()
