"""Work gates: what the solver needs in steps and passes may not creep up. Times are never tested."""

import numpy as np
from helpers import for_each

import empowerment as emp
from empowerment.testing import FAMILIES, hard_channel

# Interior-point steps and passes over the matrix, summed over 200 channels of each family, as measured.
MEASURED = {
    "dirichlet": (1479, 615),
    "sparse-dirichlet": (1062, 579),
    "near-duplicates": (1220, 504),
    "almost-useless": (384, 332),
    "deterministic": (0, 17),
    "almost-deterministic": (1112, 568),
    "faint-columns": (1275, 548),
    "thresholded": (1609, 646),
    "inside-hull": (1115, 501),
    "block-diagonal": (2818, 1034),
    "denormal": (1447, 578),
    "near-boundary": (1776, 585),
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


@for_each(
    ("rows", "columns", "concentration", "measured"),
    [(64, 64, 0.1, (11, 5)), (256, 64, 0.1, (14, 6)), (1024, 100, 0.1, (15, 6)), (1024, 100, 1.0, (14, 5))],
)
def test_channels_of_which_a_step_costs_more_than_a_pass(rows, columns, concentration, measured):
    rng = np.random.default_rng([rows, columns, int(1000 * concentration)])
    matrix = rng.gamma(concentration, size=(rows, columns)) + 1e-300
    result = emp.channel_capacity(matrix / matrix.sum(axis=1, keepdims=True))
    assert result.n_iter <= 1.2 * measured[0]
    assert result.n_passes <= 1.2 * measured[1]


def test_trajectories_whose_rows_are_nearly_all_used():
    result = emp.channel_capacity(emp.actuation_channel(emp.worlds.slip_grid(), 4, (4, 4), output="trajectory"))
    assert np.count_nonzero(result.input_distribution) > 500
    assert result.n_iter <= 1.2 * 8
    assert result.n_passes <= 1.2 * 5


@for_each(("horizon", "measured"), [(3, (10, 4)), (4, (13, 4)), (5, (13, 4))])
def test_slip_grid(horizon, measured):
    result = emp.channel_capacity(emp.actuation_channel(emp.worlds.slip_grid(), horizon, (4, 4)))
    assert result.n_iter <= 1.2 * measured[0]
    assert result.n_passes <= 1.2 * measured[1]
