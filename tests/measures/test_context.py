"""Contexts: what is lost by telling few states apart."""

import itertools

import numpy as np
import pytest
from helpers import for_each, random_model, with_jax, without_jax

import empowerment as emp
from empowerment.measures import context

CORRIDOR = emp.worlds.grid_world(["...."], stay=True)


def random_world(seed, n_states=4):
    rng = np.random.default_rng(seed)
    return random_model(rng, n_states, least=0), rng.dirichlet(np.ones(n_states))


def partitions(items):
    """Every way to part a list."""
    if not items:
        yield []
        return
    for smaller in partitions(items[1:]):
        for i, group in enumerate(smaller):
            yield [*smaller[:i], [items[0], *group], *smaller[i + 1 :]]
        yield [[items[0]], *smaller]


VALUES = [(3, 1.2924812504), (1, 0.5), (2, 1.0), (4, 1.2924812504)]  # by the number of contexts


@for_each(("k", "bits"), VALUES)
@without_jax
def test_the_corridor(k, bits, backend):
    """Three contexts are as good as four: the inner cells differ, the ends need not be told apart by what they do."""
    has_contexts(k, bits, backend)


@for_each(("k", "bits"), VALUES, first=1)
@with_jax
def test_the_corridor_by_jax(k, bits, backend):
    pytest.importorskip("jax")
    has_contexts(k, bits, backend)


def has_contexts(k, bits, backend):
    result = emp.context_empowerment(CORRIDOR, n_contexts=k, backend=backend)
    assert float(result) == pytest.approx(bits, abs=1e-9)
    assert result.converged
    assert result.method == "all partitions"
    if k == 3:
        assert result.contexts == (((0, 0), (0, 3)), ((0, 1),), ((0, 2),))


def test_the_corridor_whose_receiver_knows_the_cell():
    result = emp.empowerment(CORRIDOR, 1, beliefs=[0.25] * 4, known_to="receiver")
    assert float(result) == pytest.approx(1.2591456399, abs=1e-9)


@for_each("seed", range(200), first=50)
def test_orders(seed):
    """Free, by context, by finer context, by state; and free, receiver knows, by state."""
    world, weights = random_world(seed)
    free = emp.context_empowerment(world, weights=weights)
    coarse = emp.context_empowerment(world, weights=weights, contexts=lambda s: s // 2)
    finer = emp.context_empowerment(world, weights=weights, contexts=[0, 0, 1, 2])
    full = emp.empowerment(world, 1).average(weights)
    receiver = emp.empowerment(world, 1, beliefs=weights, known_to="receiver")
    values = [float(x) for x in (free, coarse, finer, full)]
    assert all(np.diff(values) >= -2e-9)
    assert values[0] - 2e-9 <= float(receiver) <= values[3] + 2e-9


def test_contexts_and_a_knowing_receiver_are_not_ordered():
    sides = []
    for seed in range(30):
        world, weights = random_world(seed)
        receiver = emp.empowerment(world, 1, beliefs=weights, known_to="receiver")
        sides.append(float(emp.context_empowerment(world, weights=weights, n_contexts=3)) > float(receiver))
    assert 0 < sum(sides) < len(sides)


def test_the_best_partition_is_the_best_of_all():
    world, weights = random_world(3, n_states=5)
    for k in (2, 3):
        values = []
        for groups in partitions(list(range(5))):
            if len(groups) <= k:
                names = {state: i for i, group in enumerate(groups) for state in group}
                values.append(float(emp.context_empowerment(world, weights=weights, contexts=names.__getitem__)))
        found = emp.context_empowerment(world, weights=weights, n_contexts=k)
        assert float(found) == pytest.approx(max(values), abs=2e-9)
        assert len(found.contexts) <= k


def test_merging_is_said_and_stays_below_the_average(monkeypatch):
    world, weights = random_world(5, n_states=6)
    exact = emp.context_empowerment(world, weights=weights, n_contexts=3)
    monkeypatch.setattr(context, "MOST_STATES", 3)
    merged = emp.context_empowerment(world, weights=weights, n_contexts=3)
    assert merged.method == "merging"
    assert len(merged.contexts) == 3
    assert sorted(itertools.chain(*merged.contexts)) == list(range(6))
    assert float(merged) <= float(exact) + 2e-9
    assert merged.upper == pytest.approx(emp.empowerment(world, 1).average(weights).upper, abs=1e-9)
    assert not merged.converged


def test_a_large_world_is_merged():
    rows = emp.worlds.grid_world(["......", "......"])
    result = emp.context_empowerment(rows, 1, n_contexts=3)
    assert result.method == "merging"
    free = emp.context_empowerment(rows, 1)
    assert float(free) < float(result) < float(emp.empowerment(rows, 1).average())
    assert (free.method, len(free.contexts)) == ("all partitions", 1)
    every = emp.context_empowerment(rows, 1, n_contexts=12)
    assert (every.method, len(every.contexts)) == ("all partitions", 12)
    assert float(every) == pytest.approx(float(emp.empowerment(rows, 1).average()), abs=2e-9)


def test_states_that_never_occur_count_nothing():
    world, _ = random_world(1)
    result = emp.context_empowerment(world, weights=[0.5, 0.5, 0, 0], n_contexts=2)
    assert set(itertools.chain(*result.contexts)) == {0, 1}
    assert result.probabilities.sum() == pytest.approx(1)


def test_longer_horizons_and_hidden_states():
    tiger = emp.worlds.tiger()
    free = emp.context_empowerment(tiger, 2, sensor="state")
    assert float(free) == pytest.approx(0, abs=1e-9)
    knowing = emp.context_empowerment(tiger, 2, sensor="state", contexts=lambda s: s, base=np.e)
    assert float(knowing) == pytest.approx(np.log(1.25), abs=1e-9)
    assert knowing.unit == "nats"


@for_each(
    ("options", "sentence"),
    [
        ({"weights": [1.0]}, "weights has"),
        ({"contexts": [0, 1]}, "contexts has 2 entries, expected one for each of 4 states"),
        ({"n_contexts": 0}, "n_contexts is 0"),
    ],
)
def test_what_does_not_fit_is_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        emp.context_empowerment(CORRIDOR, **options)


def test_a_context_is_no_number():
    with pytest.raises(TypeError, match="contexts is 5, expected a function or one context for each state"):
        emp.context_empowerment(CORRIDOR, contexts=5)
