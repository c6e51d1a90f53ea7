"""What must hold for every channel and every world."""

import math

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

import empowerment as emp
from empowerment.testing import channels

TOL = 1e-9


def capacity(matrix):
    result = emp.channel_capacity(matrix, tol=TOL)
    assert result.converged
    return result


def overlap(a, b):
    """Both intervals hold the same number, up to the rounding of two different matrices."""
    return a.lower <= b.upper + 1e-11 and b.lower <= a.upper + 1e-11


@given(channels(), st.randoms(use_true_random=False))
def test_the_order_of_inputs_and_outputs_does_not_matter(matrix, random):
    rows, columns = list(range(matrix.shape[0])), list(range(matrix.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    assert overlap(capacity(matrix), capacity(matrix[rows][:, columns]))


@given(channels(), st.integers(0, 10**6))
def test_repeated_rows_and_mixtures_of_rows_add_nothing(matrix, seed):
    mixture = np.random.default_rng(seed).dirichlet(np.ones(len(matrix)), size=2) @ matrix
    assert overlap(capacity(matrix), capacity(np.concatenate([matrix, matrix[:1], matrix[-1:]])))
    assert overlap(capacity(matrix), capacity(np.concatenate([mixture, matrix])))


@given(channels(), st.floats(0.01, 0.99))
def test_an_output_split_by_a_coin_carries_no_more(matrix, share):
    split = np.concatenate([matrix[:, :1] * share, matrix[:, :1] * (1 - share), matrix[:, 1:]], axis=1)
    assert overlap(capacity(matrix), capacity(split))


@given(channels(), st.integers(0, 10**6))
def test_data_processing(matrix, seed):
    rng = np.random.default_rng(seed)
    after = rng.dirichlet(np.ones(4), size=matrix.shape[1])
    before = rng.dirichlet(np.ones(len(matrix)), size=3)
    assert capacity(matrix @ after).lower <= capacity(matrix).upper + 1e-11
    assert capacity(before @ matrix).lower <= capacity(matrix).upper + 1e-11


@given(channels(5, 4), channels(4, 4))
def test_capacities_of_independent_channels_add(one, other):
    total = capacity(np.kron(one, other))
    parts = capacity(one), capacity(other)
    assert parts[0].lower + parts[1].lower <= total.upper + 1e-11
    assert total.lower <= parts[0].upper + parts[1].upper + 1e-11


@given(channels(6, 5), channels(6, 5))
def test_sum_of_channels_with_outputs_of_their_own(one, other):
    joined = np.block(
        [
            [one, np.zeros((len(one), other.shape[1]))],
            [np.zeros((len(other), one.shape[1])), other],
        ]
    )
    total, parts = capacity(joined), (capacity(one), capacity(other))
    assert math.log2(sum(2**c.lower for c in parts)) <= total.upper + 1e-11
    assert total.lower <= math.log2(sum(2**c.upper for c in parts)) + 1e-11


@given(channels())
def test_no_capacity_exceeds_its_alphabets_or_the_rank(matrix):
    bound = math.log2(np.linalg.matrix_rank(matrix, tol=1e-300))
    assert capacity(matrix).lower <= min(bound, math.log2(min(matrix.shape))) + 1e-11


@st.composite
def worlds(draw):
    seed, n_states, n_actions = draw(st.integers(0, 10**6)), draw(st.integers(1, 5)), draw(st.integers(1, 3))
    rng = np.random.default_rng(seed)
    rows = rng.dirichlet(np.full(n_states, draw(st.sampled_from([0.1, 0.5, 2.0]))), size=(n_states, n_actions))
    rows = np.where(rows > 0.02, rows, 0.0)
    return emp.MDP(rows / rows.sum(axis=2, keepdims=True))


def reachable(model, horizon):
    step = (model.to_dense().max(axis=1) > 0).astype(int)
    return (np.linalg.matrix_power(step, horizon) > 0).sum(axis=1)


@given(worlds(), st.integers(1, 4))
def test_empowerment_is_bounded_by_what_can_be_reached_and_done(model, horizon):
    result = emp.empowerment(model, horizon)
    bound = np.minimum(np.log2(reachable(model, horizon)), horizon * math.log2(model.n_actions))
    assert (result.lower <= bound + 1e-11).all()


@given(worlds(), st.integers(1, 3))
def test_a_trajectory_tells_no_less_than_its_end_and_grows_with_the_horizon(model, horizon):
    final = emp.empowerment(model, horizon)
    runs = emp.empowerment(model, horizon, output="trajectory")
    longer = emp.empowerment(model, horizon + 1, output="trajectory")
    assert (final.lower <= runs.upper + 1e-11).all()
    assert (runs.lower <= longer.upper + 1e-11).all()


@given(worlds(), st.integers(1, 3), st.integers(0, 10**6))
def test_a_coarser_sensor_tells_no_more(model, horizon, seed):
    noisy = np.random.default_rng(seed).dirichlet(np.ones(3), size=model.n_states)
    full = emp.empowerment(model, horizon)
    for sensor in (noisy, lambda state: state % 2):
        assert (emp.empowerment(model, horizon, sensor=sensor).lower <= full.upper + 1e-11).all()


@given(worlds())
def test_subadditivity_over_steps(model):
    one, two = emp.empowerment(model, 1), emp.empowerment(model, 2)
    step = model.to_dense().max(axis=1) > 0
    best_next = np.where(step, one.upper, 0.0).max(axis=1)
    assert (two.lower <= one.upper + best_next + 1e-11).all()


@given(worlds())
def test_one_step_to_the_end_and_one_step_of_the_way_are_the_same(model):
    final, runs = emp.empowerment(model, 1), emp.empowerment(model, 1, output="trajectory")
    assert (abs(final.value - runs.value) <= 2 * TOL).all()


@given(worlds(), st.integers(1, 3))
def test_a_perfect_idle_action_makes_empowerment_grow(model, horizon):
    idle = np.concatenate([model.to_dense(), np.eye(model.n_states)[:, None, :]], axis=1)
    assume(model.n_actions < 3)
    shorter, longer = (emp.empowerment(emp.MDP(idle), n) for n in (horizon, horizon + 1))
    assert (shorter.lower <= longer.upper + 1e-11).all()
