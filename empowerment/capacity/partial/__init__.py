"""Bounds on the capacity of channels whose rows are known in part."""
