"""Another agent that sees what was done: brute force over its reactions, and cases by hand."""

from itertools import product

import numpy as np
import pytest

import empowerment as emp

N = 3  # states, and states between the turns
CASES = (emp.best_case_empowerment, emp.worst_case_empowerment)


def outcomes(row):
    """Return the outcomes of a row as a step function tells them."""
    return {state: chance for state, chance in enumerate(row.tolist()) if chance > 0}


def random_world(seed):
    """A world in two turns, and its rows (state, action, between) and (between, reaction, next).

    A third agent acts at random in the first turn, or in the second, or there is none. Every other world has states
    between the turns that can be told from what follows.
    """
    rng = np.random.default_rng(seed)
    third = ("none", "first", "second")[seed % 3]
    before = rng.dirichlet(np.full(N, 0.6), size=(N, 2, 2 if third == "first" else 1))
    after = rng.dirichlet(np.full(N, 0.6), size=(N, 2, 2 if third == "second" else 1))
    if seed % 2:
        apart = np.array([[1, 0, 0], [0, 1, 1], [0, 1, 1]])[:, None, None]
        after = after * apart / (after * apart).sum(axis=-1, keepdims=True)
        before[:, :, :, 2] = 0.0
        before /= before.sum(axis=-1, keepdims=True)

    def step(state, chosen):
        table, first = (before, "a") if "a" in chosen else (after, "b")
        return outcomes(table[state, chosen[first], chosen.get("c", 0)])

    order = {"none": ["a", "b"], "first": [("a", "c"), "b"], "second": ["a", ("b", "c")]}[third]
    actions = {"a": [0, 1], "b": [0, 1]} | ({} if third == "none" else {"c": [0, 1]})
    world = emp.from_joint_step(step, list(range(N)), actions, order=order)
    assert world.states == tuple(range(N))
    return world, before.mean(axis=2), after.mean(axis=2)


def value(rows, ahead):
    """The largest information plus expected value of what follows, of many channels (…, action, next)."""
    flat = rows.reshape(-1, *rows.shape[-2:])
    options = {"rewards": list(flat @ ahead), "tol": 1e-8, "base": "e", "on_failure": "ignore"}
    return np.asarray(emp.channel_capacity(list(flat), **options).value).reshape(rows.shape[:-2])


def beside(before, after, behaviours):
    """The rows of one state beside behaviours (…, between, reaction)."""
    return np.einsum("am,...mr,mry->...ay", before, behaviours, after)


def reactions(shares):
    """All behaviours whose probability of the second action is one of some shares, whatever is seen."""
    second = np.array(list(product(shares, repeat=N)))
    return np.stack([1 - second, second], axis=-1)


def check_feedback(seed, horizon):
    world, before, after = random_world(seed)
    best, least = np.zeros(N), np.zeros(N)
    pure, grid = reactions((0, 1)), reactions(np.linspace(0, 1, 6))
    for _ in range(horizon):
        best = np.array([value(beside(before[s], after, pure), best).max() for s in range(N)])
        least = np.array([value(beside(before[s], after, grid), least).min() for s in range(N)])
    options = {"feedback": horizon > 1, "base": "e", "tol": 1e-6}
    found, worst = (case(world, horizon, "a", "b", **options) for case in CASES)
    assert (found.lower <= best + 1e-7).all()
    assert (best <= found.upper + 1e-7).all()
    assert (worst.lower <= least + 1e-7).all()
    for result in (found, worst):
        assert result.converged.all()
        assert result.method == "dynamic-programming"
        attained = np.zeros(N)
        for policy in reversed(result.policies):
            rows = np.zeros((N, 2, N))
            for (state, seen), chances in zip(result.observed, policy, strict=True):
                rows[state] += np.einsum("a,r,ry->ay", before[state, :, seen], chances, after[seen])
            attained = value(rows, attained)
        assert attained == pytest.approx(result.value, abs=2e-6)


def test_reactions_of_one_step_are_the_best_and_the_worst_of_all():
    for seed in range(12):
        check_feedback(seed, 1)


def test_reactions_of_two_steps_are_the_best_and_the_worst_of_all():
    for seed in range(6):
        check_feedback(seed, 2)


def test_sequences_beside_reactions_have_an_interval():
    """Every policy of pure reactions in both steps: the largest lies between the best ends, none below the worst."""
    pure = reactions((0, 1))
    for seed in range(3):
        world, before, after = random_world(seed)
        first = beside(before[0], after, pure)
        each = np.stack([beside(before[s], after, pure) for s in range(N)])
        picked = np.array(list(product(range(len(pure)), repeat=N)))
        second = each[np.arange(N), picked]  # (policy, state, action, next)
        rows = np.einsum("iax,jxby->ijaby", first, second).reshape(-1, 4, N)
        values = np.concatenate([value(part, np.zeros(N)) for part in np.array_split(rows, 4)])
        best, worst = (case(world, 2, "a", "b", states=0, base="e", on_failure="ignore") for case in CASES)
        assert best.method == worst.method == "interval"
        assert best.lower[0] <= values.max() + 1e-7
        assert values.max() <= best.upper[0] + 1e-7
        assert worst.lower[0] <= values.min() + 1e-7


def lamp(add):
    """A person sets a switch, somebody else sees it and sets another, and a lamp shows what both come to."""

    def step(state, chosen):
        return ("set", chosen["person"]) if "person" in chosen else add(state[1], chosen["other"])

    return emp.from_joint_step(step, 0, {"person": [0, 1], "other": [0, 1]}, order=["person", "other"])


def test_who_sees_a_switch_can_undo_it():
    for add in (lambda one, other: one ^ other, lambda one, other: one + other):
        world = lamp(add)
        best, worst = (case(world, 1, "person", "other", states=0) for case in CASES)
        assert best.value == pytest.approx([1.0], abs=1e-9)
        assert worst.value == pytest.approx([0.0], abs=1e-6)
    # Who sets its switch without seeing the other one, leaves half a bit at least.
    blind = emp.worst_case_empowerment(emp.worlds.two_way_dimmer(), 1, "person", "assistant", states=0)
    assert blind.value == pytest.approx([0.5], abs=1e-6)
    assert worst.observed == ((0, ("set", 0)), (0, ("set", 1)), (1, ("set", 0)), (1, ("set", 1)), *worst.observed[4:])
    assert worst.policies[0, :2].argmax(axis=1).tolist() == [1, 0]


def test_a_group_that_sees_a_person_acts_as_one():
    def step(state, chosen):
        return ("set", chosen["person"]) if "person" in chosen else (state[1] + sum(chosen.values())) % 3

    agents = {"person": [0, 1, 2], "left": [0, 1], "right": [0, 1]}
    world = emp.from_joint_step(step, 0, agents, order=["person", ("left", "right")])
    worst = {
        who if isinstance(who, str) else "both": emp.worst_case_empowerment(world, 1, "person", who, states=0).value[
            0
        ]
        for who in ("left", ["left", "right"])
    }
    assert worst["both"] == pytest.approx(0.0, abs=1e-6)
    assert worst["left"] > 0.01
    interval = emp.worst_case_empowerment(world, 2, "person", ["left", "right"], states=0)
    assert interval.upper == pytest.approx([0.0], abs=1e-6)


def test_an_assistant_in_a_grid_sees_both_persons():
    """It can do no less than any fixed sequence; where persons stand tells of their moves, whatever it does."""
    grid = emp.from_joint_step(**emp.worlds.disempower_grid("push-only"), depth=2, check=False)
    start = grid.states[0]
    fixed = emp.assisted_empowerment(grid, 2, start, "user", "assistant")
    best, worst = (case(grid, 2, "user", "assistant", states=start, on_failure="ignore") for case in CASES)
    assert best.lower[0] >= fixed.lower.max()
    assert worst.upper[0] <= fixed.upper.min() + 1e-6
    exact = emp.best_case_empowerment(grid, 2, "user", "assistant", states=start, feedback=True)
    assert exact.converged.all()


def test_too_many_reactions_are_refused():
    def step(state, chosen):
        return ("set", chosen["person"]) if "person" in chosen else (state[1] + chosen["other"]) % 7

    world = emp.from_joint_step(step, 0, {"person": range(7), "other": range(7)}, order=["person", "other"])
    with pytest.raises(
        MemoryError, match="823543 reactions to what is seen in state 0 may be best, expected at most"
    ):
        emp.best_case_empowerment(world, 1, "person", "other", states=0)
