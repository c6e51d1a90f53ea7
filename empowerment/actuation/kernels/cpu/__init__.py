"""The kernels of actuation compiled by numba; see `reference` for their explanation in NumPy."""

from empowerment.actuation.kernels.cpu.box_prices import box_prices
from empowerment.actuation.kernels.cpu.counting import count_readings
from empowerment.actuation.kernels.cpu.enumeration import enumerate_rows
from empowerment.actuation.kernels.cpu.lassos import best_lassos
from empowerment.actuation.kernels.cpu.occupancy_tradeoffs import tradeoffs
from empowerment.actuation.kernels.cpu.policy_ascent import ascend
from empowerment.actuation.kernels.cpu.policy_bounds import bound_policies
from empowerment.actuation.kernels.cpu.pricing import extend, leaf_offsets, price, sequence_rows

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
