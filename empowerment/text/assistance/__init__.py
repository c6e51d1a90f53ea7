"""Assistance: an assistant suggests, a person accepts, rejects or finishes, and writes on; its costs and savings."""
