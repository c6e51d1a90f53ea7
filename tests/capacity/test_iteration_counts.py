"""Work gates: what the solver needs in steps and passes may not creep up. Times are never tested."""

import numpy as np
from helpers import for_each

import empowerment as emp
from empowerment.testing import FAMILIES, hard_channel

# Interior-point steps and passes over the matrix, summed over 200 channels of each family, as measured.
MEASURED = {
    "dirichlet": (1713, 698),
    "sparse-dirichlet": (1257, 634),
    "near-duplicates": (1460, 652),
    "almost-useless": (380, 431),
    "deterministic": (0, 17),
    "almost-deterministic": (1318, 652),
    "faint-columns": (1392, 665),
    "thresholded": (1920, 698),
    "inside-hull": (1200, 644),
    "block-diagonal": (2886, 1649),
    "denormal": (1698, 677),
    "near-boundary": (2628, 798),
}


def totals(family):
    rng = np.random.default_rng([200, *family.encode()])
    batch = [hard_channel(family, rng, *rng.integers(1, (41, 31))) for _ in range(200)]
    result = emp.channel_capacity(batch)
    assert result.converged.all()
    return int(result.n_iter.sum()), int(result.n_passes.sum())


@for_each("family", FAMILIES)
def test_hard_families(family):
    steps, passes = totals(family)
    most_steps, most_passes = (1.2 * measured for measured in MEASURED[family])
    assert steps <= most_steps
    assert passes <= most_passes


@for_each(("horizon", "measured"), [(3, (10, 4)), (4, (13, 4)), (5, (13, 4))])
def test_slip_grid(horizon, measured):
    result = emp.channel_capacity(emp.actuation_channel(emp.worlds.slip_grid(), horizon, (4, 4)))
    assert result.n_iter <= 1.2 * measured[0]
    assert result.n_passes <= 1.2 * measured[1]
