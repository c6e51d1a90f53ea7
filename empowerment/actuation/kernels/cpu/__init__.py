"""The kernels of actuation compiled by numba; see `reference` for their explanation in NumPy."""

from empowerment.actuation.kernels.cpu.counting import count_readings
from empowerment.actuation.kernels.cpu.pricing import extend, leaf_offsets, price, sequence_rows

__all__ = ["count_readings", "extend", "leaf_offsets", "price", "sequence_rows"]
