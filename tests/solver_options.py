"""Options of solvers, as tests of inner functions need them."""

import math

from empowerment.capacity.options import SolverOptions


def in_nats(tol=1e-9, backend="numba", rtol=0.0):
    """Return options with a tolerance in nats, which report nothing."""
    return SolverOptions(tol=tol, rtol=rtol, base=math.e, backend=backend, on_failure="ignore")
