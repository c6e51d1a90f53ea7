"""Rows followed by words of actions: the kernels of both backends against products of dense matrices."""

import itertools
import math

import numba
import numpy as np
import pytest
from helpers import for_each, on_every_backend

import empowerment as emp
from empowerment.actuation.dynamics import Dynamics, all_suffixes
from empowerment.actuation.kernels import actuation_kernels
from empowerment.actuation.kernels.cpu.pricing import LANES, add_offsets
from empowerment.actuation.sensor import make_sensor

WORLDS = [
    {"seed": 0},
    {"seed": 1, "n_states": 3, "n_actions": 2, "missing": 0.3},
    {"seed": 2, "n_states": 7, "n_actions": 4, "missing": 0.1, "sensor": "coarse"},
    {"seed": 3, "n_states": 6, "n_actions": 2, "sensor": "noisy"},
    {"seed": 4, "n_states": 5, "missing": 0.2, "sensor": "noisy"},
    {"seed": 5, "n_states": 1, "n_actions": 1},
    {"seed": 8, "n_states": 4, "n_actions": 1, "missing": 0.3, "sensor": "coarse"},
]
every_world = for_each("options", WORLDS, ids=lambda options: f"world{options['seed']}")
every_count = for_each("n_rows", [1, 63, 64, 150])


class World:
    """A random world: what the kernels get of it, and the same in dense arrays."""

    def __init__(self, seed, n_states=5, n_actions=3, missing=0.0, sensor=None):
        self.rng = np.random.default_rng(seed)
        rows = sparse_rows(self.rng, n_states, (n_states, n_actions))
        model = emp.MDP(rows, available=self.rng.random((n_states, n_actions)) >= missing)
        self.sensor = {
            None: np.eye(n_states),
            "coarse": np.eye(2)[np.arange(n_states) % 2],
            "noisy": sparse_rows(self.rng, 3, (n_states,)),
        }[sensor]
        self.dynamics = Dynamics.of(model, make_sensor(self.sensor, model))
        self.steps, self.readings = self.dynamics.steps, self.dynamics.readings
        self.transition, self.available = model.to_dense(), model.available

    def starts(self, count):
        """Return distributions, many of them with zeros, so that a missing action need not be met."""
        return sparse_rows(self.rng, len(self.available), (count,))

    def follow(self, row, word):
        """Return the row after the word, None if an action may be missing on the way."""
        for action in word:
            if (row[~self.available[:, action]] > 0).any():
                return None
            row = row @ self.transition[:, action]
        return row


def sparse_rows(rng, size, shape):
    rows = rng.dirichlet(np.full(size, 0.5), size=shape)
    rows = np.where(rows > 0.15, rows, 0.0)
    return rows / rows.sum(axis=-1, keepdims=True)


def words_of(rng, n_actions, length, count):
    """Return words in random order, some of them twice: neighbours that share all, some or none of their actions."""
    every = np.array(list(itertools.product(range(n_actions), repeat=length)), dtype=np.int32)
    return every.reshape(n_actions**length, length)[rng.integers(n_actions**length, size=count)]


def offset(row):
    """Return what does not depend on q in the divergence ``sum w log(w / q) - sum w + sum q``."""
    filled = row[row > 0]
    return float((filled * np.log(filled)).sum() - filled.sum() + 1.0)


@every_world
@every_count
@on_every_backend
def test_extend_appends_every_action_to_every_row(options, n_rows, backend):
    world = World(**options)
    rows = world.starts(n_rows)
    found = actuation_kernels(backend).extend(rows, world.steps)
    assert found.shape == (n_rows, *world.available.T.shape)
    for i, action in np.ndindex(found.shape[:2]):
        wanted = world.follow(rows[i], [action])
        if wanted is None:
            assert (found[i, action] == -1.0).all()
        else:
            assert found[i, action] == pytest.approx(wanted, rel=1e-14, abs=0)


@every_world
@every_count
@on_every_backend
def test_leaf_offsets_are_those_of_what_is_read_after_each_word(options, n_rows, backend):
    world = World(**options)
    rows, words = world.starts(n_rows), words_of(world.rng, world.available.shape[1], 3, 9)
    found = actuation_kernels(backend).leaf_offsets(rows, words, world.steps, world.readings)
    assert found.shape == (n_rows, 9)
    for i, w in np.ndindex(found.shape):
        last = world.follow(rows[i], words[w])
        wanted = -math.inf if last is None else offset(last @ world.sensor)
        assert found[i, w] == pytest.approx(wanted, abs=1e-14)


@every_world
@for_each("length", [0, 1, 3])
@on_every_backend
def test_every_word_in_order_has_the_offsets_it_has_by_itself(options, length, backend):
    """In lexicographic order a word shares all but its last actions with the one before."""
    world, kernel = World(**options), actuation_kernels(backend)
    rows, words = world.starts(70), all_suffixes(np.ones((world.available.shape[1],) * 2, dtype=bool), length)
    found = kernel.leaf_offsets(rows, words, world.steps, world.readings)
    for w, word in enumerate(words):
        alone = kernel.leaf_offsets(rows, word[None], world.steps, world.readings)
        assert np.array_equal(found[:, w], alone[:, 0])


@every_world
@for_each(("length", "count"), [(0, 5), (1, 0), (1, 1), (3, 100)])
@on_every_backend
def test_word_rows_follow_one_word_each(options, length, count, backend):
    world = World(**options)
    starts = world.starts(3)[np.sort(world.rng.integers(3, size=count))]  # neighbours often start alike
    words = words_of(world.rng, world.available.shape[1], length, count)
    words = words[np.lexsort(words.T[::-1])] if length else words
    found = actuation_kernels(backend).sequence_rows(starts, words, world.steps)
    assert found.shape == starts.shape
    for row, start, word in zip(found, starts, words, strict=True):
        wanted = world.follow(start, word)
        if wanted is None:
            assert (row == -1.0).all()
        else:
            assert row == pytest.approx(wanted, rel=1e-13, abs=0)


@on_every_backend
def test_a_word_goes_on_from_what_was_walked_of_the_one_before(backend):
    """The second word breaks off after its first action, which the third one shares with it, and goes on."""
    rows = np.zeros((3, 2, 3))
    rows[0, 0, 1] = rows[1, 0, 2] = rows[2, :, 0] = rows[0, 1, 0] = 1.0
    available = np.array([[True, True], [True, False], [True, True]])
    model = emp.MDP(rows, available=available)
    dynamics = Dynamics.of(model, make_sensor(None, model))
    words = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1], [0, 1, 1]], dtype=np.int32)
    found = actuation_kernels(backend).sequence_rows(np.eye(3)[[0, 0, 0, 2, 0]], words, dynamics.steps)
    assert found.tolist() == [[0, 0, 1], [-1] * 3, [1, 0, 0], [-1] * 3, [-1] * 3]


@every_count
@for_each("n_words", [1, 2, 3, 4, 5, 27])
@for_each("missing", [0.0, 0.5, 1.0])
@on_every_backend
def test_price_finds_the_best_word_of_every_row(n_rows, n_words, missing, backend):
    rng = np.random.default_rng(n_rows * n_words)
    rows, suffixes = rng.dirichlet(np.ones(6), size=n_rows), rng.normal(size=(6, n_words))
    offsets = np.where(rng.random((n_rows, n_words)) < missing, -np.inf, rng.normal(size=(n_rows, n_words)))
    best, word = actuation_kernels(backend).price(rows, suffixes, offsets)
    wanted = offsets - np.einsum("ry,yw->rw", rows, suffixes)
    assert best == pytest.approx(wanted.max(axis=1), abs=1e-14)
    picked = wanted[np.arange(n_rows), word]
    assert np.array_equal(picked, wanted.max(axis=1))


@every_world
@on_every_backend
def test_the_divergence_of_a_word_is_its_offset_less_the_expectation_of_log_q(options, backend):
    """What the pieces are for: put together they price every sequence."""
    world, kernel = World(**options), actuation_kernels(backend)
    rows, words = world.starts(20), words_of(world.rng, world.available.shape[1], 2, 6)
    q = world.rng.dirichlet(np.ones(world.sensor.shape[1]))
    offsets = kernel.leaf_offsets(rows, words, world.steps, world.readings)
    best, word = kernel.price(rows, world.dynamics.expected_after(world.sensor @ np.log(q), words), offsets)
    for i, row in enumerate(rows):
        lasts = [world.follow(row, each) for each in words]
        divergences = [-math.inf if last is None else divergence(last @ world.sensor, q) for last in lasts]
        assert best[i] == pytest.approx(max(divergences), abs=1e-13)
        assert divergences[word[i]] == pytest.approx(max(divergences), abs=1e-13)


def divergence(row, q):
    filled = row > 0
    return float((row[filled] * np.log(row[filled] / q[filled])).sum())


# --- the compiled logarithm


@numba.njit
def add_all_offsets(numbers, total):
    for first in range(0, len(numbers), LANES):
        add_offsets(numbers[first : first + LANES], total[first : first + LANES])


def added(numbers, before=0.0):
    """Return what the kernel adds to `before` for each number."""
    padded = np.concatenate([numbers, np.ones(-len(numbers) % LANES)])
    total = np.full(len(padded), before)
    add_all_offsets(padded, total)
    return total[: len(numbers)]


def near(number, count=200):
    """Return the floating-point numbers around one."""
    bits = np.array([number]).view(np.int64) + np.arange(-count, count + 1)
    found = bits.view(np.float64)
    return found[found <= 1.0]


@for_each(
    "numbers",
    [
        np.random.default_rng(0).random(20_000),
        10.0 ** -np.random.default_rng(1).uniform(0, 300, size=20_000),
        1.0 - 10.0 ** -np.random.default_rng(2).uniform(0, 16, size=5_000),
        np.ldexp(1.0, -np.arange(1022)),
        near(1.0),
        near(0.5),
        near(math.sqrt(0.5)),
        near(math.sqrt(0.5) / 2),
        near(math.sqrt(0.5) * 2.0**-40),
        np.array([1e-300, 2.3e-308, 2.31e-308]),
    ],
    ids=["uniform", "sizes", "below one", "powers", "one", "half", "root", "root/2", "root/2^40", "least"],
)
def test_the_compiled_logarithm_is_right_to_4_units_in_the_last_place(numbers):
    wide = numbers.astype(np.longdouble)
    if np.finfo(np.longdouble).eps > 1e-18:
        pytest.skip("no wider floating-point numbers to compare with")
    wanted = wide * (np.log(wide) - 1)
    assert float(np.abs((added(numbers) - wanted) / wanted).max()) <= 4 * np.finfo(float).eps


def test_the_compiled_logarithm_agrees_with_that_of_many_digits():
    mpmath = pytest.importorskip("mpmath")
    numbers = np.concatenate([np.random.default_rng(3).random(500), np.ldexp(1.0, -np.arange(0, 1000, 50))])
    with mpmath.workdps(40):
        wanted = [mpmath.mpf(w) * (mpmath.log(mpmath.mpf(w)) - 1) for w in numbers.tolist()]
        worst = max(abs((mpmath.mpf(f) - w) / w) for f, w in zip(added(numbers).tolist(), wanted, strict=True))
    assert worst <= 4 * np.finfo(float).eps


def test_one_and_zero_are_exact():
    assert added(np.array([1.0, 0.0, -0.0])).tolist() == [-1.0, 0.0, 0.0]
    assert added(np.array([1.0, 0.0]), before=1.0).tolist() == [0.0, 1.0]


@for_each("number", [5e-324, 1e-320, 1e-310, 2.2e-308])
def test_what_is_smaller_than_a_normal_number_adds_next_to_nothing(number):
    assert abs(added(np.array([number]))[0]) <= 1e-304
    assert added(np.array([number]), before=1.0)[0] == 1.0
