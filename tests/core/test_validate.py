"""Single numbers: every kind takes what Python and NumPy call numbers, and answers anything else with a sentence."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp
from empowerment.core import validate

W = [[0.9, 0.1], [0.1, 0.9]]
CAPACITY = 1 + 0.9 * math.log2(0.9) + 0.1 * math.log2(0.1)  # of a binary symmetric channel
NOISY = np.array([[[0.9, 0.1], [0.1, 0.9]], [[0.5, 0.5], [0.0, 1.0]]])

NO_NUMBERS = (None, True, np.True_, "2", b"2", 2j, math.nan, Decimal(2), [2], np.array([2.0]), object(), int)


@for_each(
    ("check", "good"),
    [
        (validate.base, 2.0),
        (validate.memory, 2.0),
        (validate.discount, 0.5),
        (validate.level, 0.5),
        (lambda value: validate.finite(value, "weight"), 0.5),
        (lambda value: validate.probability(value, "slip"), 0.5),
        (lambda value: validate.tolerances(value, 0.0)[0], 0.5),
        (lambda value: validate.tolerances(1.0, value)[1], 0.5),
        (lambda value: validate.limit(value, "max_iter"), 2),
        (lambda value: validate.positive_int(value, "n"), 2),
        (validate.horizon, 2),
        (validate.seed, 2),
    ],
)
def test_each_kind_takes_numbers_of_python_and_numpy_and_nothing_else(check, good):
    whole = isinstance(good, int)
    kinds = [np.int64, np.uint8] if whole else [float, np.float32, np.float64, np.longdouble, Fraction]
    for same in [*(kind(good) for kind in kinds), np.array(good)]:
        assert check(same) == good
        assert type(check(same)) in (int, float)
    for wrong in NO_NUMBERS:
        if wrong is None and check is validate.seed:
            continue
        with pytest.raises((TypeError, ValueError), match="expected"):
            check(wrong)


def test_a_number_beyond_double_precision_is_refused_in_a_short_sentence():
    for huge in (10**400, -(10**400), 10**5000, Fraction(10**400, 3), np.longdouble("1e4000")):
        for check in (validate.base, validate.level, validate.discount, validate.horizon):
            with pytest.raises((TypeError, ValueError), match=r"is .{1,220}, expected"):
                check(huge)
        if huge > 0:
            assert validate.memory(huge) == math.inf  # which lifts the limit


def test_a_limit_that_compiled_code_cannot_hold_is_none():
    assert validate.limit(10**400, "max_iter") == validate.limit(2**63, "max_iter") == 2**63 - 1
    assert float(emp.channel_capacity(W, max_iter=10**30)) == pytest.approx(CAPACITY, abs=1e-12)
    found = emp.empowerment(NOISY, 1, options={"max_sequences": 10**30, "memory": 10**400})
    assert np.array_equal(found.value, emp.empowerment(NOISY, 1).value)


@for_each(
    ("call", "sentence"),
    [
        (lambda: emp.channel_capacity(W, base=10**400), r"base is about 10\*\*400, expected a number above 1"),
        (lambda: emp.channel_capacity(W, tol=10**400), r"tol is about 10\*\*400, expected a finite width"),
        (
            lambda: emp.channel_capacity(np.full((2, 2), 1e308)),
            "sums to more than double precision holds, expected 1",
        ),
        (lambda: emp.capacity_per_unit_cost(np.full((2, 2), 1e308), [1, 2]), r"channel\[0\] sums to more than"),
        (lambda: emp.channel_capacity(W, rewards=[1e300, 0]), r"rewards\[0\] is 1e\+300, expected a finite reward"),
        (lambda: emp.empowerment(NOISY, 1, feedback=np.array([])), "feedback is .*, expected True or False"),
        (lambda: emp.empowerment(NOISY, 1, feedback="no"), "feedback is 'no', expected True or False"),
        (lambda: emp.empowerment(NOISY, 1, rng="a"), "rng is 'a', expected a numpy.random.Generator"),
        (lambda: emp.empowerment(NOISY, 1, n_jobs=10**30), r"n_jobs is about 10\*\*30, expected at most 4,096"),
        (lambda: emp.empowerment(NOISY, 1, checkpoint=3), "checkpoint is 3, expected a path"),
        (lambda: emp.worlds.open_grid(10**9), r"1e\+18 cells, expected at most 10,000,000"),
        (lambda: emp.worlds.tower_of_hanoi(10**9), "n_disks is 1000000000, expected at most 14"),
        (lambda: emp.worlds.ring(True), "n is True, expected a whole number"),
        (lambda: emp.belief_grid(10**18, 10**18), "a grid of .* states .* has more than 50,000,000 entries"),
        (lambda: emp.verify(W, 5), "result is a int, expected a CapacityResult"),
    ],
)
def test_calls_answer_with_a_sentence(call, sentence):
    with pytest.raises((TypeError, ValueError, MemoryError), match=sentence):
        call()


def test_fractions_make_a_channel():
    exact = [[Fraction(9, 10), Fraction(1, 10)], [Fraction(1, 10), Fraction(9, 10)]]
    assert float(emp.channel_capacity(exact)) == pytest.approx(CAPACITY, abs=1e-12)
    with pytest.raises(TypeError, match="channel has dtype object and holds None, expected real numbers"):
        emp.channel_capacity([[None, 1.0]])


def test_labels_are_told_apart_before_they_are_counted():
    for labels, reason in (
        ([[1], [2]], r"states\[0\] is \[1\], expected a hashable label; make a tuple of it"),
        ([1, True], r"states\[1\] is True again"),
        ([math.nan, 1], r"states\[0\] is NaN, expected a label that equals itself"),
        ({0: "a", 1: "b"}, "states is .*, expected a sequence of 2 labels"),
        (5, "states is 5, expected a sequence of 2 labels"),
        (iter(int, 1), r"states\[1\] is 0 again|states has over 2 labels, expected 2"),
    ):
        with pytest.raises((TypeError, ValueError), match=reason):
            emp.MDP(NOISY, states=labels)
    mixed = emp.MDP(NOISY, states=["a", 1], actions=[None, (0, 1)])
    assert emp.empowerment(mixed, 1, states=["a", 1]).states == ("a", 1)
