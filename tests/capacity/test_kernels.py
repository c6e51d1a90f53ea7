"""Each compiled kernel against the reference, and the reference against what its contract says."""

import importlib
import math

import numpy as np
import pytest
from helpers import for_each
from hypothesis import given
from hypothesis import strategies as st

from empowerment.capacity.kernels import (
    BLAHUT_ARIMOTO,
    BY_BLAHUT_ARIMOTO,
    BY_SQUAREM,
    DIRECT,
    NOT_REACHED,
    RESTARTED,
    WORKING_SET,
    cpu,
    pack,
    reference,
)
from empowerment.capacity.solve import row_offsets
from empowerment.core.channel import Channel
from empowerment.core.status import Status
from empowerment.testing import FAMILIES, channels, check_certificate, hard_channel


@pytest.fixture(params=["reference", "cpu", "xla"])
def kernel(request):
    if request.param == "xla":
        pytest.importorskip("jax")
    return importlib.import_module(f"empowerment.capacity.kernels.{request.param}")


def test_equal_rows_are_named_by_their_smallest_member(kernel):
    rows = np.array([[0.5, 0.5, 0], [1, 0, 0], [0.5, 0.5, 0], [0.5, 0.5 - 1e-12, 1e-12], [1, 0, 0]])
    rows[2] = rows[2] * (1 + 1e-15)
    assert kernel.equal_rows(rows).tolist() == [0, 1, 0, 3, 1]


def test_a_faint_entry_keeps_rows_apart(kernel):
    """Rows with different zeros are never merged: the divergence of one of them may be infinite."""
    rows = np.array([[1.0, 0.0], [1.0, 1e-300]])
    assert kernel.equal_rows(rows).tolist() == [0, 1]


def test_proportional_columns_and_columns_of_zeros(kernel):
    matrix = np.array([[0.1, 0.0, 0.2, 0.7], [0.3, 0.0, 0.6, 0.1]])
    assert kernel.proportional_columns(matrix).tolist() == [0, -1, 0, 3]


def test_components(kernel):
    matrix = np.array([[1, 0, 0, 0], [0, 0.5, 0, 0.5], [0, 0, 1, 0], [0, 0, 0.5, 0.5]])
    rows, columns = kernel.components(matrix)
    assert [len(set(rows[:1])), len({*rows[1:], *columns[1:]})] == [1, 1]
    assert rows[0] == columns[0] != rows[1]


@given(channels())
def test_compiled_reductions_equal_the_reference(matrix):
    assert cpu.equal_rows(matrix).tolist() == reference.equal_rows(matrix).tolist()
    assert cpu.proportional_columns(matrix).tolist() == reference.proportional_columns(matrix).tolist()
    filled = np.ascontiguousarray(matrix[:, matrix.max(axis=0) > 0])
    ours, theirs = cpu.components(filled), reference.components(filled)
    same = [np.concatenate(part)[:, None] == np.concatenate(part)[None, :] for part in (ours, theirs)]
    assert (same[0] == same[1]).all()


def reduced(matrix):
    """Return the rows and columns that are left, and the offsets of the rows."""
    first = reference.equal_rows(matrix)
    matrix = np.ascontiguousarray(matrix[np.unique(first)][:, matrix.max(axis=0) > 0])
    return matrix, row_offsets(Channel.from_valid(matrix))


@given(channels(), st.sampled_from(["blahut_arimoto", "squarem"]))
def test_compiled_iterations_equal_the_reference(matrix, name):
    matrix, offsets = reduced(matrix)
    uniform = np.full(len(matrix), 1 / len(matrix))
    ours, theirs = (getattr(k, name)(matrix, offsets, uniform, 1e-300, 0.0, 20) for k in (cpu, reference))
    assert ours.lower == pytest.approx(theirs.lower, abs=1e-9)
    assert ours.upper == pytest.approx(theirs.upper, abs=1e-7)
    ours, theirs = (k.certificate(matrix, offsets, ours.p, ours.q) for k in (cpu, reference))
    assert ours == pytest.approx(theirs, abs=1e-12)


@given(channels())
def test_squarem_is_as_monotone_as_the_plain_iteration(matrix):
    matrix, offsets = reduced(matrix)
    uniform = np.full(len(matrix), 1 / len(matrix))
    lows = [cpu.squarem(matrix, offsets, uniform, 1e-300, 0.0, n).lower for n in range(1, 25)]
    assert lows == sorted(lows)


@for_each("family", FAMILIES)
def test_both_interior_points_take_the_same_path(family):
    rng = np.random.default_rng([3, *family.encode()])
    for _ in range(5):
        matrix, offsets = reduced(hard_channel(family, rng, 24, 12))
        if family == "block-diagonal":
            matrix, offsets = matrix[:1], offsets[:1]
        ours, theirs = (k.working_set(matrix, offsets, 1e-10, 0.0, 1000) for k in (cpu, reference))
        assert ours.rung <= RESTARTED
        assert theirs.rung <= RESTARTED
        assert max(ours.lower, theirs.lower) <= min(ours.upper, theirs.upper) + 1e-14
        assert abs(ours.n_iter - theirs.n_iter) <= 8


@given(channels(), st.integers(0, 10**6))
def test_the_whole_way_equals_the_reference_with_rewards_too(matrix, seed):
    offsets = row_offsets(Channel.from_valid(matrix)) + np.random.default_rng(seed).normal(size=len(matrix))
    ours, theirs = (k.solve(matrix, offsets, 1e-10, 0.0, WORKING_SET, 1000) for k in (cpu, reference))
    assert max(ours.lower, theirs.lower) <= min(ours.upper, theirs.upper)
    assert ours.upper - ours.lower < 2e-10
    assert theirs.upper - theirs.lower < 2e-10


def test_other_methods_go_on_where_the_working_set_stops_alone_and_in_a_batch():
    matrices = [np.random.default_rng(seed).dirichlet(np.ones(20), 30) for seed in range(3)]
    limits = -1.0, -1.0, WORKING_SET, 5000  # an interval of this width is never reached
    found = cpu.solve_batch(pack(matrices, None), *limits)
    for i, matrix in enumerate(matrices):
        stopped = cpu.working_set(matrix, row_offsets(Channel.from_valid(matrix.copy())), -1.0, -1.0, 5000)
        alone = cpu.solve_plain(matrix, *limits)
        assert stopped.n_iter < alone.n_iter == 5000
        assert (found.n_iter[i], found.n_passes[i], found.rung[i]) == (alone.n_iter, alone.n_passes, alone.rung)
        assert np.array_equal(found.p[30 * i : 30 * (i + 1)], alone.p)
    assert found.rung.tolist() == [NOT_REACHED] * 3


def test_rungs_are_the_first_statuses():
    rungs = (DIRECT, RESTARTED, BY_SQUAREM, BY_BLAHUT_ARIMOTO, NOT_REACHED)
    assert [Status(r).name for r in rungs] == ["CERTIFIED", "RESTARTED", "SQUAREM", "BLAHUT_ARIMOTO", "MAX_ITER"]


@given(channels())
def test_every_certificate_follows_from_its_p_and_q(matrix):
    import empowerment as emp

    for method in ("working-set", "squarem", "blahut-arimoto"):
        result = emp.channel_capacity(matrix, method=method, tol=1e-4, max_iter=50, on_failure="ignore")
        check_certificate(matrix, result)


@for_each("shape", [(2, 200_000), (200_000, 2), (3000, 40)])
def test_ends_lie_outside_the_exact_ones_however_long_the_sums(kernel, shape):
    """A sum of many terms in plain order is off by more than the slack that is allowed for."""
    for seed in range(6):
        rng = np.random.default_rng(seed)
        matrix = rng.gamma(0.5, size=shape) + 1e-12
        matrix /= matrix.sum(axis=1, keepdims=True)
        offsets = row_offsets(Channel.from_valid(matrix))
        p = rng.gamma(1.0, size=shape[0])
        p /= p.sum()
        q = p @ matrix
        found = kernel.certificate(matrix, offsets, p, q)
        log_ratio = np.log(matrix) - np.log(q)
        rows = range(min(shape[0], 50)) if shape[0] > 5000 else range(shape[0])
        worst = max(math.fsum([*(matrix[x] * log_ratio[x]), *(-matrix[x]), *q]) for x in rows)
        total = math.fsum((p[:, None] * matrix * log_ratio).ravel()) / math.fsum(p)
        assert found.upper >= worst
        assert found.lower <= total
        assert found.upper - worst < 1e-6 or shape[0] > 5000
        assert total - found.lower < 1e-11


@for_each("n", [999, 3000, 3333], first=1)
def test_ends_enclose_the_logarithm_of_the_number_of_noiseless_inputs(kernel, n):
    """Equal terms are where plain summation drifts: each addition rounds the same way."""
    found = kernel.solve(np.eye(n), np.zeros(n), 1e-12, 0.0, WORKING_SET, 100)
    assert found.lower <= math.log(n) <= found.upper


def test_normalised_inputs_sum_to_one_however_many_there_are():
    matrix = np.random.default_rng(0).dirichlet([1.0, 1.0, 1.0], size=400_000)
    result = cpu.solve(matrix, row_offsets(Channel.from_valid(matrix)), 1e-9, 0.0, BLAHUT_ARIMOTO, 3)
    assert abs(math.fsum(result.p) - 1) < 1e-14


def test_an_output_distribution_of_too_much_mass_still_proves_an_upper_end(kernel):
    switch, half = np.array([[0.9, 0.1], [0.1, 0.9]]), np.full(2, 0.5)
    ends = kernel.certificate(switch, row_offsets(Channel.from_valid(switch)), half, 2 * half)
    capacity = math.log(2) + 0.9 * math.log(0.9) + 0.1 * math.log(0.1)
    assert ends.lower <= capacity <= ends.upper
