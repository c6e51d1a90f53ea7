"""Proxies that are information: beside sums by hand, published numbers and brute force."""

import math
from itertools import product

import numpy as np
import pytest
from helpers import for_each
from scipy.optimize import brentq

import empowerment as emp
from empowerment import proxies


def entropy(p):
    p = np.asarray(p)[np.asarray(p) > 0]
    return float(-(p * np.log2(p)).sum())


def one_step(channel):
    """Return a world whose first state has this channel: an action for each input, a state for each output."""
    n_inputs, n_outputs = np.shape(channel)
    rows = np.zeros((n_outputs + 1, n_inputs, n_outputs + 1))
    rows[0, :, 1:] = channel
    rows[1:, :, 1:] = np.eye(n_outputs)[:, None]
    return emp.MDP(rows)


def random_world(seed, n_states=4, n_actions=3):
    return emp.MDP(np.random.default_rng(seed).dirichlet(np.full(n_states, 0.4), (n_states, n_actions)))


# --- uniform actions


@for_each("seed", range(5))
def test_uniform_and_first_action_information_are_sums_over_all_sequences(seed):
    world = random_world(seed)
    steps = world.to_dense()
    for horizon in (1, 2, 3):
        rows = {
            sequence: np.linalg.multi_dot([np.eye(4), *(steps[:, a] for a in sequence), np.eye(4)])[1]
            for sequence in product(range(3), repeat=horizon)
        }
        every = np.array(list(rows.values()))
        whole = entropy(every.mean(axis=0)) - np.mean([entropy(row) for row in every])
        first = [np.mean([row for s, row in rows.items() if s[0] == a], axis=0) for a in range(3)]
        one = entropy(np.mean(first, axis=0)) - np.mean([entropy(row) for row in first])
        capacity = float(emp.empowerment(world, horizon, states=1))
        found = float(proxies.uniform_information(world, horizon, states=1))
        only = float(proxies.first_action_information(world, horizon, states=1))
        assert found == pytest.approx(whole, abs=1e-12)
        assert only == pytest.approx(one, abs=1e-12)
        assert only <= found + 1e-12 <= capacity + 1e-8


def test_a_published_map_of_uniform_information_is_met():
    """Printed in the repository of Mantiuk, Zhou and Wu for corners of an open grid, to within their added 1e-8."""
    hall = emp.worlds.open_grid(10, stay=False)
    found = proxies.uniform_information(hall, 5, states=[(9, 9), (0, 9)])
    assert found.value == pytest.approx(3.5315541572753206, abs=1e-6)
    assert emp.empowerment(hall, 5, states=(9, 9)).value == pytest.approx(4.392317, abs=1e-6)


def test_a_copy_of_an_action_changes_uniform_information_and_not_empowerment():
    channel, copied = np.eye(2), np.eye(2)[[0, 0, 0, 1]]
    assert float(proxies.uniform_information(one_step(channel), states=0)) == 1
    assert float(proxies.uniform_information(one_step(copied), states=0)) == pytest.approx(entropy([0.25, 0.75]))
    assert float(emp.empowerment(one_step(copied), states=0)) == 1


# --- plug-in


def test_ten_samples_are_too_large_on_average_and_many_are_right():
    world = emp.worlds.slip_grid()
    exact = proxies.first_action_information(world, 3)
    ten = np.mean([proxies.plug_in_information(world, 3, rng=seed).value for seed in range(20)], axis=0)
    many = proxies.plug_in_information(world, 3, n_samples=20_000, states=[(0, 0), (5, 5)], rng=0)
    assert (ten > exact.value + 0.05).all()
    assert many.value == pytest.approx([exact.value[exact.states.index(s)] for s in many.states], abs=0.01)


def test_the_estimate_of_disempower_grid_has_the_mean_of_its_definition():
    """A bystander in the corner of its first layout, where boxes and walls leave four cells within three steps."""
    world = emp.worlds.grid_world(["#...", "###.", "###.", "#...", "...."])
    steps = world.to_dense()
    rows = steps[world.state_index((0, 1))] @ np.linalg.matrix_power(steps.mean(axis=1), 2)
    draws = np.random.default_rng(0).multinomial(10, rows, (2000, 5)) / 10
    expected = [entropy(each.mean(axis=0)) - np.mean([entropy(row) for row in each]) for each in draws]
    rng = np.random.default_rng(1)
    found = [float(proxies.plug_in_information(world, 3, states=(0, 1), rng=rng)) for _ in range(1000)]
    assert np.mean(found) == pytest.approx(np.mean(expected), abs=0.015)
    assert np.std(found) == pytest.approx(np.std(expected), rel=0.1)
    assert float(proxies.first_action_information(world, 3, states=(0, 1))) == pytest.approx(0.1080, abs=5e-5)
    assert float(emp.empowerment(world, 3, states=(0, 1))) == 2


def test_actions_that_do_nothing_seem_to_do_something():
    """Miller's bias, (inputs - 1)(outputs - 1) / (2 n ln 2) bits for n samples in all."""
    useless = np.full((4, 5, 4), 0.25)
    values = [float(proxies.plug_in_information(useless, states=0, rng=seed, n_samples=40)) for seed in range(400)]
    assert np.mean(values) == pytest.approx(4 * 3 / (2 * 200 * math.log(2)), rel=0.15)
    assert float(emp.empowerment(useless, states=0)) == 0


# --- InfoNCE


@for_each(
    "error, expected",
    [(0.1, (0.265502, 0.405274, 0.470800, 0.501550, 0.523755)), (0.0, (0.5, 0.780639, 0.902442, 0.953362, 0.988639))],
)
def test_the_optimum_of_infonce_on_a_binary_symmetric_channel_is_a_sum_of_binomials(error, expected):
    world = one_step([[1 - error, error], [error, 1 - error]])
    for size, value in zip((2, 4, 8, 16, 64), expected, strict=True):
        found = float(proxies.contrastive_optimum(world, states=0, batch_size=size))
        assert found == pytest.approx(value, abs=1e-6)


@for_each("seed", range(6))
def test_the_optimum_of_infonce_is_a_mean_over_all_batches(seed):
    """Brute force: all ways to draw the other inputs of a batch of three."""
    rng = np.random.default_rng(seed)
    rows = rng.dirichlet(np.full(4, 0.3), 5)
    rows[rng.random(rows.shape) < 0.2] = 0
    rows /= rows.sum(axis=1, keepdims=True)
    total = 0.0
    for x, y in np.argwhere(rows > 0):
        logs = [np.log2(3 * rows[x, y] / (rows[x, y] + rows[i, y] + rows[j, y])) for i, j in np.ndindex(5, 5)]
        total += rows[x, y] / 5 * np.mean(logs)
    found = float(proxies.contrastive_optimum(one_step(rows), states=0, batch_size=3))
    assert found == pytest.approx(total, abs=1e-12)


def test_no_batch_proves_more_than_the_logarithm_of_its_size():
    hall = emp.worlds.open_grid(7)
    exact = emp.empowerment(hall, 3, states=(3, 3))
    uniform = float(proxies.uniform_information(hall, 3, states=(3, 3)))
    last = 0.0
    for size in (2, 4, 16, 256):
        best = float(proxies.contrastive_optimum(hall, 3, states=(3, 3), inputs="sequences", batch_size=size))
        trained = proxies.contrastive_information(
            hall, 3, states=(3, 3), inputs="sequences", batch_size=size, n_batches=50, rng=0
        )
        assert last < best <= min(math.log2(size), uniform)
        assert float(trained) <= math.log2(size)
        last = best
    assert float(exact) == pytest.approx(math.log2(25))
    assert uniform - last < 0.1


def test_a_trained_critic_comes_near_the_optimum():
    world = one_step([[0.9, 0.1], [0.1, 0.9]])
    found = proxies.contrastive_information(world, states=0, batch_size=64, rng=0)
    assert float(found) == pytest.approx(0.523755, abs=0.03)
    assert found.n_samples == 2 * 64 * 200


# --- mixed bases


def uniform_value(n_inputs, capacity):
    """Return what the iteration gives where it stays at the uniform distribution of inputs."""
    return math.log2(n_inputs) - (math.log2(n_inputs) - capacity) / math.log(2)


def test_without_noise_the_mixed_bases_give_the_capacity():
    for rows in (np.eye(7), np.eye(3)[[0, 0, 1, 2, 2, 2]]):
        capacity = float(emp.channel_capacity(rows))
        assert proxies.mixed_base_blahut_arimoto(rows, rng=0) == pytest.approx(capacity, abs=1e-3)
    never_read = np.eye(3, 5)[:, [0, 4, 1, 2, 3]]
    assert proxies.mixed_base_blahut_arimoto(never_read, rng=0) == pytest.approx(math.log2(3), abs=1e-3)
    maze = emp.worlds.klyubin_maze()
    some = [(0, 0), (5, 5), (9, 2)]
    found = proxies.mixed_base_capacity(maze, 3, states=some, rng=0)
    assert found.value == pytest.approx(emp.empowerment(maze, 3, states=some).value, abs=2e-3)


@for_each(
    "rows",
    [
        [[0.89, 0.11], [0.11, 0.89]],
        [[0.7, 0.3, 0.0], [0.0, 0.3, 0.7]],
        np.full((8, 8), 0.2 / 7) + (0.8 - 0.2 / 7) * np.eye(8),
    ],
)
def test_with_symmetric_noise_they_take_it_away_1_44_times(rows):
    capacity = float(emp.channel_capacity(rows))
    expected = uniform_value(len(rows), capacity)
    assert proxies.mixed_base_blahut_arimoto(rows, rng=0, tol=1e-9) == pytest.approx(expected, abs=1e-6)
    assert expected < capacity - 0.1


def test_on_a_z_channel_they_end_where_their_own_equation_says():
    """At the fixed point r0 / r1 = p0 / p1, with t = p1: one equation; 0.0689 for a capacity of 0.3219."""

    def weights(t):
        both = 1 - t / 2
        return (
            math.exp(math.log2((1 - t) / both)),
            math.exp(0.5 * math.log2(0.5 * t / both)),
        )

    def excess(t):
        first, second = weights(t)
        return math.log(first / second) - math.log((1 - t) / t)

    t = brentq(excess, 0.15, 0.2)  # the capacity is attained at 0.4
    expected = math.log2(sum(weights(t)))
    z = [[1, 0], [0.5, 0.5]]
    assert proxies.mixed_base_blahut_arimoto(z, rng=0, tol=1e-9) == pytest.approx(expected, abs=1e-6)
    assert expected == pytest.approx(0.06894, abs=1e-5)
    assert float(emp.channel_capacity(z)) == pytest.approx(math.log2(1.25))


def test_with_much_noise_they_say_0():
    """The formula for the uniform point is negative from a capacity of 1 - ln 2 on, an error of 0.185."""
    for error, is_0 in ((0.15, False), (0.18, False), (0.19, True), (0.24, True), (0.4, True)):
        switch = [[1 - error, error], [error, 1 - error]]
        found = proxies.mixed_base_blahut_arimoto(switch, rng=0, tol=1e-9)
        assert (found < 1e-6) == is_0, error
        assert float(emp.channel_capacity(switch)) > 0.02


@for_each(
    "call, message",
    [
        (lambda: proxies.contrastive_optimum(np.ones((1, 1, 1)), batch_size=1), "batch_size"),
        (lambda: proxies.contrastive_optimum(np.ones((1, 1, 1)), inputs="all"), "inputs"),
        (lambda: proxies.uniform_information(emp.worlds.klyubin_maze(), 8, states=(0, 0), memory=1e4), "memory="),
        (lambda: proxies.mixed_base_capacity(np.ones((1, 1, 1)), tol=0), "tol"),
        (lambda: proxies.plug_in_information(np.ones((1, 1, 1)), n_samples=0), "n_samples"),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises((TypeError, ValueError, MemoryError), match=message):
        call()
