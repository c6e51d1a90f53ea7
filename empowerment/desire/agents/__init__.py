"""Agents for comparison with those of desires, and decisions by a language model."""
