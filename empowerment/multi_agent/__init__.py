"""Empowerment of two agents, a person and an assistant: conditional, joint and in the worst case."""
