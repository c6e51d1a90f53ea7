"""The kernels of actuation in JAX: rows of many states side by side, and rows with gradients."""

from empowerment.actuation.kernels.xla.layers import before_any, distinct, extend, take
from empowerment.actuation.kernels.xla.suffixes import rows_of_sequences

__all__ = ["before_any", "distinct", "extend", "rows_of_sequences", "take"]
