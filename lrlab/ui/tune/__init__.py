"""Tune: what will my run's learning rate be? One part of the page a file."""
