"""Benchmarks: what the library costs, beside what others cost, in one run."""
