"""Channels of two outputs or two inputs, against arithmetic of fifty digits and against the working set."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp
from empowerment.capacity.kernels import DIRECT, WORKING_SET, cpu, reference
from empowerment.capacity.solve import row_offsets
from empowerment.core.channel import Channel
from empowerment.testing import check_certificate

KERNELS = {"cpu": cpu, "reference": reference}
WIDTH = 1e-11


def pairs():
    """Yield channels of two inputs that are hard, by name."""
    rng = np.random.default_rng(7)
    for miss in (1e-1, 1e-3, 1e-6, 1e-9, 1e-12):
        yield f"nearly equal {miss}", [[0.3, 0.7], [0.3 + miss, 0.7 - miss]]
        yield f"nearly certain {miss}", [[1 - miss, miss], [1 - 3 * miss, 3 * miss]]
        wide = rng.dirichlet(np.ones(5))
        moved = wide + miss * np.array([1, -1, 1, -1, 0]) * wide.min()
        yield f"nearly equal, wide {miss}", [wide, moved / moved.sum()]
    for faint in (0.5, 0.001, 1e-12, 1e-300, 5e-324):
        yield f"Z {faint}", [[1.0, 0.0], [1 - faint, faint]]
        yield f"Z the other way {faint}", [[faint, 1 - faint], [0.0, 1.0]]
        yield f"faint and wide {faint}", [[0.25, faint, 0.75 - faint, 0.0], [0.5, 0.25, 0.0, 0.25]]
    yield "without noise", [[1.0, 0.0], [0.0, 1.0]]
    yield "without noise, unused outputs", [[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
    yield "erasures", [[0.7, 0.3, 0.0], [0.0, 0.3, 0.7]]
    for alpha in (0.01, 0.1, 1.0):
        for width in (2, 3, 7):
            yield f"random {alpha} {width}", rng.dirichlet(np.full(width, alpha), 2)


PAIRS = {name: np.array(rows, dtype=np.float64) for name, rows in pairs()}


def exact(rows):
    """Return the capacity of two inputs in nats, by bisection in decimal arithmetic."""
    with localcontext() as context:
        context.prec = 50
        one, two = ([Decimal(float(w)) for w in row] for row in rows)
        entropies = [sum(w * w.ln() for w in row if w) for row in (one, two)]
        low, high = Decimal(0), Decimal(1)
        for _ in range(110):
            share = (low + high) / 2
            q = [share * a + (1 - share) * b for a, b in zip(one, two, strict=True)]
            d = [
                entropy - sum(w * v.ln() for w, v in zip(row, q, strict=True) if w)
                for entropy, row in zip(entropies, (one, two), strict=True)
            ]
            low, high = (share, high) if d[0] > d[1] else (low, share)
        return float(share * d[0] + (1 - share) * d[1])


def solved(kernel, matrix, rewards=0.0):
    offsets = row_offsets(Channel.from_valid(matrix.copy())) + rewards
    return KERNELS[kernel].solve(matrix, offsets, WIDTH, 0.0, WORKING_SET, 1000)


@for_each("kernel", KERNELS)
@for_each("name", PAIRS)
def test_the_interval_of_two_inputs_holds_the_exact_capacity(kernel, name):
    found, capacity = solved(kernel, PAIRS[name]), exact(PAIRS[name])
    assert found.lower - 1e-15 <= capacity <= found.upper + 1e-15
    assert found.upper - found.lower <= WIDTH
    assert found.rung == DIRECT
    assert found.n_iter <= (4 if PAIRS[name].shape[1] == 2 else 20)


@for_each("kernel", KERNELS)
def test_of_many_rows_over_two_outputs_the_extreme_ones_count(kernel):
    rng = np.random.default_rng(3)
    for name, pair in PAIRS.items():
        if pair.shape[1] > 2:
            continue
        shares = np.concatenate([[0.0, 1.0], rng.random(9)])[rng.permutation(11), None]
        matrix = shares * pair[0] + (1 - shares) * pair[1]
        found, capacity = solved(kernel, matrix), exact(pair)
        assert found.lower - 1e-15 <= capacity <= found.upper + 1e-15, name
        assert found.upper - found.lower <= WIDTH
    noisy = solved(kernel, rng.dirichlet([1.0, 1.0], 50))
    assert (noisy.n_iter, noisy.n_passes, noisy.rung) == (0, 1, DIRECT)
    assert np.count_nonzero(noisy.p) == 2


@for_each("kernel", KERNELS)
@for_each("shape", [(2, 2), (2, 6), (6, 2)])
def test_rewards_need_not_leave_the_extreme_rows(kernel, shape):
    rng = np.random.default_rng([*shape])
    for scale in (0.01, 1.0, 30.0):
        for _ in range(10):
            matrix, rewards = rng.dirichlet(np.ones(shape[1]), shape[0]), scale * rng.normal(size=shape[0])
            offsets = row_offsets(Channel.from_valid(matrix.copy())) + rewards
            found = solved(kernel, matrix, rewards)
            other = reference.working_set(matrix, offsets, WIDTH, 0.0, 1000)
            assert max(found.lower, other.lower) <= min(found.upper, other.upper) + 1e-14 * scale
            assert found.upper - found.lower <= WIDTH + 1e-13 * scale


@for_each("kernel", KERNELS)
def test_of_equal_rows_the_larger_reward_is_taken(kernel):
    for rows in ([[0.3, 0.7]] * 2, [[0.1, 0.2, 0.7]] * 2, [[1.0, 0.0, 0.0]] * 2):
        found = solved(kernel, np.array(rows), np.array([0.5, 1.5]))
        assert found.lower <= 1.5 <= found.upper < 1.5 + 1e-12


@for_each("kernel", KERNELS)
def test_equal_rows_carry_nothing(kernel):
    for rows in ([[0.3, 0.7]] * 4, [[0.0, 1.0]] * 2, [[0.1, 0.2, 0.7]] * 2):
        found = solved(kernel, np.array(rows))
        assert found.lower <= 0.0 <= found.upper < 1e-13


def test_a_batch_gives_what_single_calls_give():
    rng = np.random.default_rng(0)
    batch = [*PAIRS.values(), *(rng.dirichlet(np.ones(m), n) for n, m in ((9, 2), (2, 9), (5, 5), (1, 2), (2, 1)))]
    many = emp.channel_capacity(batch)
    for i, matrix in enumerate(batch):
        one, part = emp.channel_capacity(matrix), many[i]
        for field in ("value", "lower", "upper", "n_iter", "n_passes", "status"):
            assert getattr(one, field) == getattr(part, field), (i, field)
            assert type(getattr(one, field)) is type(getattr(part, field))
        assert np.array_equal(one.input_distribution, part.input_distribution)
        assert np.array_equal(one.output_distribution, part.output_distribution)
        check_certificate(matrix, one)


@pytest.mark.parametrize("method", ["squarem", "blahut-arimoto"])
def test_another_method_that_is_asked_for_is_used(method):
    result = emp.channel_capacity(PAIRS["Z 0.5"], method=method, tol=1e-6)
    assert result.n_iter > 0
    assert result.method == method
