"""Published figures about empowerment, recomputed exactly: ``python -m benchmarks.keys``."""
