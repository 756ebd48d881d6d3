"""The lessons: simulations small enough to be run while one looks on, their settings, exercises and texts. Nothing here
knows a page.
"""
