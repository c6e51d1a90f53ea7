"""Empowerment and its kin: numbers of a model, each with a certified interval."""
