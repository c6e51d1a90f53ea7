"""Agents of several kinds by the same random numbers."""
