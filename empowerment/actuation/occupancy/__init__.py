"""Policies as inputs, discounted occupancies of states as outputs."""
