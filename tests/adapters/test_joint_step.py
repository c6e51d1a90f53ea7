"""Worlds of several agents that are explored step by step, to a depth and in turns."""

import itertools
import tracemalloc

import numpy as np
import pytest

import empowerment as emp

GRID = emp.from_joint_step(**emp.worlds.disempower_grid(), depth=3)
START = GRID.states[0]
MOVES = [-1, 0, 1]


def walk(cells, chosen):
    """Three cells; whoever would step on the other stays."""
    moved = {name: min(max(cells["ab".index(name)] + move, 0), 2) for name, move in chosen.items()}
    after = moved.get("a", cells[0]), moved.get("b", cells[1])
    return cells if after[0] == after[1] else after


def test_turns_happen_one_after_the_other():
    world = emp.from_joint_step(walk, (0, 2), {"b": MOVES, "a": MOVES}, order=["a", "b"])
    assert world.agents == ("a", "b")
    for state, (first, second) in itertools.product(world.states, world.joint.actions):
        expected = walk(walk(state, {"a": first}), {"b": second})
        row = world.joint.to_dense()[world.states.index(state), world.joint.actions.index((first, second))]
        assert world.states[int(row.argmax())] == expected
    at_once = emp.from_joint_step(walk, (0, 2), {"a": MOVES, "b": MOVES})
    assert at_once.n_states == 6  # who walk at once can change places
    assert len(at_once.turns) == 1


def test_the_second_agent_sees_what_the_first_did():
    world = emp.from_joint_step(walk, (0, 2), {"a": MOVES, "b": MOVES}, order=["a", "b"])
    follow = world.for_agent("a", {"b": lambda cells: -1 if cells[0] == 0 else 1})
    row = follow.to_dense()[world.states.index((0, 2))]
    assert [world.states[int(each.argmax())] for each in row] == [(0, 1), (0, 1), (1, 2)]
    turned = world.beginning_with("b")
    assert turned.agents == ("b", "a")
    both = turned.for_agent(["a", "b"])
    for (state, action), row in zip(
        itertools.product(both.states, both.actions), both.to_dense().reshape(-1, both.n_states), strict=True
    ):
        assert both.states[int(row.argmax())] == walk(walk(state, {"b": action[0]}), {"a": action[1]})
    assert world.beginning_with("a") is world
    # A policy made for an agent's turn fits there, and one for the states before the turn does not.
    helpful = emp.assistant_policy(turned, "b", "uniform", np.arange(float(turned.n_states)))
    assert world.for_agent("a", {"b": helpful}).n_states == world.n_states
    with pytest.raises(ValueError, match="'b' acts in a later turn, expected the first"):
        emp.assistant_policy(world, "b", "uniform", np.arange(float(world.n_states)))
    early = emp.Policy(np.full((world.n_states, 3), 1 / 3), world.states, MOVES)
    with pytest.raises(ValueError, match="the policy of 'b' is for other states"):
        world.for_agent("a", {"b": early})


def test_a_depth_gives_the_values_of_the_whole_world():
    far = {"a": MOVES, "b": MOVES}
    whole = emp.from_joint_step(walk, (0, 2), far, order=["a", "b"])
    part = emp.from_joint_step(walk, (0, 2), far, order=["a", "b"], depth=1)
    for options in ({}, {"feedback": True}, {"sensor": lambda cells: cells[0]}):
        one, other = (emp.empowerment(world.for_agent("a"), 1, states=(0, 2), **options) for world in (whole, part))
        assert float(one) == pytest.approx(float(other), abs=1e-9)


def test_three_steps_of_the_grid_have_their_published_values():
    assert GRID.n_states == 511
    expected = {"user": (0, 0.095058, 0.207196), "bystander": (1, 1.599050, 2.007246)}
    for agent, values in expected.items():
        found = [float(emp.transfer_empowerment(GRID, n, agent, agent, states=START)) for n in (1, 2, 3)]
        assert found == pytest.approx(values, abs=5e-7)


def test_the_dense_case_takes_little_memory():
    tracemalloc.start()
    world = emp.from_joint_step(**emp.worlds.disempower_grid(), depth=3, check=False)
    world.joint  # noqa: B018 (cached)
    for agent in ("user", ["user", "assistant"]):
        world.for_agent(agent)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50e6


def test_transitions_take_little_more_than_their_numbers():
    actions = {"a": range(20), "b": range(20)}
    tracemalloc.start()
    world = emp.from_joint_step(lambda cell, chosen: (cell + chosen["a"] * chosen["b"]) % 60, 0, actions)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert world.turns[0].rows.nnz == 60 * 400
    assert peak < 100 * world.turns[0].rows.nnz


def test_what_needs_more_than_was_explored_is_refused():
    user = GRID.for_agent("user")
    assert user.explored_steps[0] == 3
    assert set(user.explored_steps[user.is_unexplored]) == {0.0}
    for match, call in {
        "the world is explored for 3 steps from state GridState.*, expected 4": lambda: emp.empowerment(
            user, 4, states=START
        ),
        "or ask only for those of the 1 states": lambda: emp.empowerment(user, 3),
        "expected the whole world": lambda: emp.discounted_empowerment(user, 0.9),
        "explored for 3 steps from state .*, expected 4": lambda: emp.horizon_sweep(user, [1, 4], states=START),
        "explored for 3 steps.* expected 4: explore": lambda: emp.empowerment(
            user, 4, states=START, feedback=True, method="interval"
        ),
        "expected the whole world: explore": lambda: emp.simulate(user, lambda s: None, initial=START, steps=1),
        "expected 5": lambda: emp.proxies.uniform_information(user, 5, states=START),
        "expected the whole world: ": lambda: emp.to_networkx(user),
    }.items():
        with pytest.raises(ValueError, match=match):
            call()
    turned = GRID.beginning_with("assistant").for_agent("assistant")
    assert turned.explored_steps.max() == 2
    with pytest.raises(ValueError, match="explored for 2 steps"):
        emp.empowerment(turned, 3, states=turned.states[0])


def test_ends_and_missing_actions():
    def step(state, chosen):
        if chosen == {"a": "go", "b": "go"}:
            return None
        return emp.End(state + 1) if chosen.get("b") == "go" else state + (chosen.get("a") == "go")

    actions = {"a": ["go", "stay"], "b": lambda state: ["go", "stay"] if state else ["stay"]}
    for order in (None, ["a", "b"]):
        world = emp.from_joint_step(step, 0, actions, order=order, depth=3)
        joint = world.joint
        assert ("ended", 2) in world.states
        assert joint.is_terminal[world.states.index(("ended", 2))]
        lacking = dict(zip(joint.actions, joint.available[0].tolist(), strict=True))
        assert not lacking["stay", "go"]
        assert lacking["stay", "stay"]
        assert float(emp.empowerment(world.for_agent("a", {"b": {"stay": 1}}), 3, states=0)) == pytest.approx(2)


def test_wrong_arguments_are_named():
    both = {"a": MOVES, "b": MOVES}
    for match, error, call in (
        ("order names .*, expected each of the agents once", ValueError, {"order": ["a"]}),
        ("order is 'ab', expected a sequence", TypeError, {"order": "ab"}),
        ("depth is 0, expected a whole number of at least 1", ValueError, {"depth": 0}),
        ("found 2 states, at most max_states=1", ValueError, {"max_states": 1}),
        ("actions is .*, expected a mapping", TypeError, {"actions": MOVES}),
    ):
        with pytest.raises(error, match=match):
            emp.from_joint_step(**({"step": walk, "initial": (0, 2), "actions": both} | call))
    seen = itertools.count()
    with pytest.raises(ValueError, match=r"first gave .* and then"):
        emp.from_joint_step(lambda state, chosen: next(seen) % 2, 0, both, depth=1)
    with pytest.raises(ValueError, match=r"sum to 0.5, expected 1"):
        emp.from_joint_step(lambda state, chosen: {state: 0.5}, 0, both)


def test_distributions_of_the_next_state_are_read():
    world = emp.from_joint_step(lambda state, chosen: {0: 0.25, 1: 0.75}, 0, {"a": [0], "b": [0]})
    assert np.allclose(world.for_agent("a").to_dense(), [[[0.25, 0.75]]] * 2)
