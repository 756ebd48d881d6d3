"""Plans for a run: whole restart cycles, resuming, batch and budget, what optimizers do, and published recipes."""
