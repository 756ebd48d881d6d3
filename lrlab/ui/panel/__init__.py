"""The panel: the controls of what is being shaped, one browser component for Tune and the lessons.

`panel.py` sends a description of them and takes what the person does; `controls.py` makes the description of one
control from the annotated type of a field; `panel.js` in the folder `browser` draws them.
"""

from lrlab.ui.panel.panel import Panel, Preview, Problem, preview

__all__ = ["Panel", "Preview", "Problem", "preview"]
