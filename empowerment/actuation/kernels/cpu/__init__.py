"""The kernels of actuation compiled by numba; `reference` says the same in NumPy and explains them."""
