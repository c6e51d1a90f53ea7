"""The kernels of actuation in plain NumPy and SciPy: the oracle of the compiled ones."""

from empowerment.actuation.kernels.reference.counting import count_readings
from empowerment.actuation.kernels.reference.enumeration import enumerate_rows
from empowerment.actuation.kernels.reference.lassos import best_lassos
from empowerment.actuation.kernels.reference.pricing import extend, leaf_offsets, price, sequence_rows

__all__ = ["best_lassos", "count_readings", "enumerate_rows", "extend", "leaf_offsets", "price", "sequence_rows"]
