"""The lessons: simulations that take a moment only, their settings, exercises and texts. Nothing here knows a page."""
