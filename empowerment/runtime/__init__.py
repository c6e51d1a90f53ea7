"""How work is done: compiled, interrupted, in parallel, kept on disk."""
