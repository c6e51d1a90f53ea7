"""The kernels of actuation in plain NumPy and SciPy: the oracle of the compiled ones."""

from empowerment.actuation.kernels.reference.box_prices import box_prices
from empowerment.actuation.kernels.reference.counting import count_readings
from empowerment.actuation.kernels.reference.enumeration import enumerate_rows
from empowerment.actuation.kernels.reference.lassos import best_lassos
from empowerment.actuation.kernels.reference.occupancy_tradeoffs import tradeoffs
from empowerment.actuation.kernels.reference.policy_ascent import ascend
from empowerment.actuation.kernels.reference.policy_bounds import bound_policies
from empowerment.actuation.kernels.reference.pricing import extend, leaf_offsets, price, sequence_rows

__all__ = [
    "ascend",
    "best_lassos",
    "bound_policies",
    "box_prices",
    "count_readings",
    "enumerate_rows",
    "extend",
    "leaf_offsets",
    "price",
    "sequence_rows",
    "tradeoffs",
]
