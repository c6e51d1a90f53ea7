"""The kernels in plain NumPy, written to be read: the reference for the tests of the other backends."""

from empowerment.capacity.kernels.reference.certificate import certificate
from empowerment.capacity.kernels.reference.interior_point import working_set
from empowerment.capacity.kernels.reference.iterations import blahut_arimoto, squarem
from empowerment.capacity.kernels.reference.reduction import components, equal_rows, proportional_columns
from empowerment.capacity.kernels.reference.solve import ladder, solve, solve_batch

__all__ = [
    "blahut_arimoto",
    "certificate",
    "components",
    "equal_rows",
    "ladder",
    "proportional_columns",
    "solve",
    "solve_batch",
    "squarem",
    "working_set",
]
