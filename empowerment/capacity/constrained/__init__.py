"""Capacities under constraints on the cost of inputs."""
