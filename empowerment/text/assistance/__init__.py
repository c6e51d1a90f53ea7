"""Assistance: an assistant suggests, a person accepts, rejects or finishes, and writes; costs and savings."""
