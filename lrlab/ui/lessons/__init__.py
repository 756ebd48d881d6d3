"""The pages of the lessons, section by section."""
