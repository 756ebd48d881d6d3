"""Reading what others write: one source, one file."""
