"""Which schedulers are there?"""

from lrlab.ui import frame, gallery

frame.begin("Gallery")
gallery.show()
frame.end()
