"""PyTorch's schedulers: the simple ones, those that cycle, those made of others, and how they resume."""
