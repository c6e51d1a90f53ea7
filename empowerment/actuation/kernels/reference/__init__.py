"""The kernels of actuation in plain NumPy and SciPy: the oracle of the compiled ones."""
