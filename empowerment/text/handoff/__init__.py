"""Empower: complete what is predictable, hand over where the person should decide."""
