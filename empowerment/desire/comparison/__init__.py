"""Comparison of kinds of agents by the same random numbers."""
