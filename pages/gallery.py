"""Which schedulers are there?"""

from lrlab.ui import frame
from lrlab.ui.gallery import cards

frame.begin("Gallery")
cards.show()
frame.end()
