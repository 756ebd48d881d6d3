"""Which schedulers are there?"""

from lrlab.ui import browser

browser.ahead()  # and only then the imports that take long

from lrlab.ui import frame  # noqa: E402
from lrlab.ui.gallery import cards  # noqa: E402

frame.begin("Gallery")
cards.show()
frame.end()
