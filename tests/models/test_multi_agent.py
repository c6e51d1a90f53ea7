"""Worlds of several agents: fixing policies, groups, missing actions, what is refused."""

import numpy as np
import pytest
from scipy import sparse

import empowerment as emp

COUNTS = {"a": 2, "b": 3, "c": 2}
CORRIDOR = emp.worlds.shared_corridor()
UNIFORM = [1 / 3] * 3


def random_rows(seed, n_states=3, counts=(2, 3, 2)):
    return np.random.default_rng(seed).dirichlet(np.full(n_states, 0.5), size=(n_states, *counts))


def random_world(seed, **options):
    return emp.MultiAgentMDP(random_rows(seed), COUNTS, normalize=True, **options)


def test_fixing_agents_averages_over_their_actions():
    rows, rng = random_rows(0), np.random.default_rng(1)
    world = random_world(0)
    a, b, c = (rng.dirichlet(np.ones(n), 3) for n in COUNTS.values())
    for agent, others, expected in (
        ("a", {"b": b, "c": c}, np.einsum("sb,sc,sabct->sat", b, c, rows)),
        ("b", {"a": a, "c": c[0]}, np.einsum("sa,c,sabct->sbt", a, c[0], rows)),
        ("c", "uniform", rows.mean(axis=(1, 2))),
        (["c", "a"], {"b": b}, np.einsum("sb,sabct->sact", b, rows).reshape(3, 4, 3)),
        (["a", "b", "c"], {}, rows.reshape(3, 12, 3)),
    ):
        assert np.allclose(world.for_agent(agent, others).to_dense(), expected)
    assert world.for_agent(["c", "a"]).actions[:3] == ((0, 0), (0, 1), (1, 0))
    assert world.joint.actions[1] == (0, 0, 1)


def test_sparse_and_dense_transitions_are_one_world():
    rows = sparse.csr_array(random_rows(2).reshape(36, 3))
    world = emp.MultiAgentMDP(rows, COUNTS, normalize=True)
    assert np.allclose(world.joint.to_dense(), random_world(2).joint.to_dense())
    with pytest.raises(ValueError, match=r"transition is sparse of shape \(35, 3\), expected \(n_states \* 12, n_"):
        emp.MultiAgentMDP(rows[1:], COUNTS)


def test_labels_terminal_states_sensors_and_layout_are_kept():
    world = emp.MultiAgentMDP(
        random_rows(0),
        {"a": ["left", "right"], "b": 3, "c": "xy"},
        states="stu",
        terminal=["t"],
        initial=[0, 0, 1],
        sensors={"b": str.upper},
        layout="somewhere",
        normalize=True,
    )
    model = world.for_agent("a")
    assert (model.states, model.actions, model.layout) == (tuple("stu"), ("left", "right"), "somewhere")
    assert model.is_terminal.tolist() == [False, True, False]
    assert model.initial.tolist() == [0, 0, 1]
    assert world.sensors == {"a": None, "b": str.upper, "c": None}
    assert world.sensor_of(["a", "b"]) is None
    assert repr(world) == "MultiAgentMDP(3 states; actions: a 2, b 3, c 2; stochastic)"


def test_every_form_of_a_policy_says_the_same():
    table = np.tile([0.0, 0.0, 1.0], (12, 1))
    forms = (
        {"stay": 1.0},
        [0, 0, 1],
        table,
        emp.Policy(table, CORRIDOR.states, CORRIDOR.actions["assistant"]),
        lambda cells: "stay",
        lambda cells: {"stay": 0.5 + 0.5},
    )
    first, *more = (CORRIDOR.for_agent("person", {"assistant": form}).rows for form in forms)
    assert all((rows != first).nnz == 0 for rows in more)


def test_missing_actions():
    available = np.ones((2, 4), dtype=bool)
    available[0, [1, 3]] = False  # in state 0 the second agent has only its first action
    available[1, 3] = False  # in state 1 not both may take their second
    rows = np.broadcast_to(np.eye(2)[[[0, 1], [1, 0]]], (2, 2, 2, 2))
    world = emp.MultiAgentMDP(rows, {"a": 2, "b": 2}, available=available)
    beside = world.for_agent("a")
    assert beside.available.tolist() == [[True, True], [True, False]]
    assert beside.to_dense()[0].tolist() == [[1, 0], [0, 1]]
    assert world.for_agent("a", {"b": {0: 1}}).available.all()
    with pytest.raises(ValueError, match=r"the policy of 'b' takes 1 in state 0 with probability 0.5, expected 0"):
        world.for_agent("a", {"b": [0.5, 0.5]})


def test_what_is_wrong_with_a_world_or_a_policy_is_said():
    assistant = emp.Policy([UNIFORM] * 12, CORRIDOR.states, ["push", "pull", "rest"])
    for match, call in {
        r"transition has shape \(2, 2, 2, 3\), expected \(n_states, 2, 2, n_states\)": lambda: emp.MultiAgentMDP(
            np.full((2, 2, 2, 3), 1 / 3), {"a": 2, "b": 2}
        ),
        r"transition\[0, 0\] \(state 0, action \(0, 0\)\) sums to 2, expected 1": lambda: emp.MultiAgentMDP(
            np.ones((2, 2, 2, 2)), {"a": 2, "b": 2}
        ),
        "actions is 2, expected a mapping from the name of each agent": lambda: emp.MultiAgentMDP(
            np.ones((2, 2, 2)), 2
        ),
        r"actions\['a'\] is 'x', expected a whole number|actions\['a'\] is empty": lambda: emp.MultiAgentMDP(
            np.ones((2, 2, 2)), {"a": []}
        ),
        r"the policy of 'assistant' has shape \(2, 3\), expected .*, or one row": lambda: CORRIDOR.for_agent(
            "person", {"assistant": np.full((2, 3), 1 / 3)}
        ),
        r"the policy of 'person'\[0\] \(state \(0, 1\)\) sums to 0.9, expected 1": lambda: CORRIDOR.for_agent(
            "assistant", {"person": np.full((12, 3), 0.3)}
        ),
        r"the policy of 'assistant' is for the actions \('push', .*, expected \('left',": lambda: CORRIDOR.for_agent(
            "person", {"assistant": assistant}
        ),
        "the policy of 'person' has 2 entries, expected 3": lambda: CORRIDOR.for_agent(
            "assistant", {"person": [0.5, 0.5]}
        ),
        "unknown action 'jump'": lambda: CORRIDOR.for_agent("person", {"assistant": {"jump": 1}}),
        "others is 3, expected 'uniform', or a mapping": lambda: CORRIDOR.for_agent("person", 3),
        "others has a policy of 'person', expected those of the other agents only": lambda: CORRIDOR.for_agent(
            "person", {"person": UNIFORM, "assistant": UNIFORM}
        ),
        "others has no policy of 'assistant'": lambda: CORRIDOR.for_agent("person", {}),
        "unknown agent 'robot'": lambda: CORRIDOR.for_agent("robot"),
        "agent is an empty list": lambda: CORRIDOR.for_agent([]),
    }.items():
        with pytest.raises((TypeError, ValueError), match=match):
            call()
