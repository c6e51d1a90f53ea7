"""Capacities estimated from samples of a channel."""
