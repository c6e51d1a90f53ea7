"""Worlds for agents with desires: couriers, students, any MDP with features."""
