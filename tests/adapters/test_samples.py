from types import SimpleNamespace

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp
from empowerment.core.layout import GraphLayout


def test_a_log_is_counted():
    pandas = pytest.importorskip("pandas")
    log = [("home", "go", "work"), ("work", "go", "home"), ("home", "go", "home"), ("home", "go", "work")]
    frame = pandas.DataFrame(log, columns=["state", "action", "next_state"])
    for given, options in (
        (log, {}),
        (iter(log), {}),
        (np.array(log), {}),
        (frame, {}),
        (frame.rename(columns={"state": "s", "action": "a", "next_state": "t"}), {"columns": ["s", "a", "t"]}),
    ):
        model = emp.from_transitions(given, **options)
        assert (model.states, model.actions) == (("home", "work"), ("go",))
        assert model.counts.toarray().tolist() == [[1, 2], [1, 0]]
    model = emp.from_transitions(log, states=["work", "home", "sea"], actions=["stay", "go"])
    assert model.n_samples.tolist() == [[0, 1], [0, 3], [0, 0]]
    assert emp.from_transitions([(3, 0, 1), (1, 0, 3)]).states == (1, 3)


@for_each(
    ("log", "options", "error", "sentence"),
    [
        ([], {}, ValueError, "transitions is empty, expected at least one step"),
        (5, {}, TypeError, r"transitions is 5, expected \(state, action, next state\)"),
        ([(0, 1)], {}, TypeError, r"transitions\[0\] is \(0, 1\), expected \(state, action, next state\)"),
        ([(0, 0, [1])], {}, TypeError, r"a label in transitions\[0\] is \[1\], expected a hashable label"),
        ([(0, 0, 1)], {"states": [0]}, ValueError, "unknown state 1"),
        ([(0, 0, 1)], {"actions": ["a"]}, ValueError, "unknown action 0"),
        (
            SimpleNamespace(columns=["s", "t"]),
            {},
            ValueError,
            "the columns 's', 't', expected columns=",
        ),
        (SimpleNamespace(columns=["s"]), {"columns": ["s"]}, ValueError, r"it names \['s'\]"),
    ],
)
def test_what_is_no_log_is_refused_with_a_sentence(log, options, error, sentence):
    with pytest.raises(error, match=sentence):
        emp.from_transitions(log, **options)


def corridor(rng):
    """Four cells; a step fails one time in four, and the last cell ends the episode."""

    def step(cell, move):
        if cell == 0 and move == "left":
            return None
        there = cell + {"left": -1, "right": 1, "stay": 0}[move]
        after = cell if rng.random() < 0.25 else there
        return emp.End(3) if after == 3 else after

    return step


def test_a_function_that_rolls_dice():
    model = emp.from_samples(corridor(np.random.default_rng(0)), 0, ["left", "right", "stay"], n=400)
    assert model.states == (0, 1, 2, 3)
    assert model.n_samples.tolist() == [[0, 400, 400], [400] * 3, [400] * 3, [0] * 3]
    mean = model.mean()
    assert mean.is_terminal.tolist() == [False, False, False, True]
    assert mean.available[0].tolist() == [False, True, True]
    np.testing.assert_allclose(mean.to_dense()[1, 1], [0, 0.25, 0.75, 0], rtol=0, atol=0.08)
    np.testing.assert_allclose(mean.to_dense()[0, 2], [1, 0, 0, 0], rtol=0, atol=0.01)


def test_states_that_are_not_sampled_stay_without_samples():
    model = emp.from_samples(corridor(np.random.default_rng(0)), 0, ["left", "right", "stay"], n=20, states=[0])
    assert model.states == (0, 1)
    assert model.n_samples.tolist() == [[0, 20, 20], [0, 0, 0]]


def test_an_environment_that_draws_random_numbers():
    pytest.importorskip("gymnasium")
    options = {"get_state": lambda env: int(env.s), "set_state": lambda env, state: setattr(env, "s", state)}
    model = emp.from_samples("FrozenLake-v1", n=300, seed=1, **options)
    table = emp.from_gymnasium("FrozenLake-v1")
    order = [model.states.index(state) for state in table.states]
    assert model.actions == table.actions
    mean = model.mean()
    assert np.array_equal(mean.is_terminal[order], table.is_terminal)
    np.testing.assert_allclose(mean.to_dense()[order][:, :, order], table.to_dense(), rtol=0, atol=0.15)
    again = emp.from_samples("FrozenLake-v1", n=300, seed=1, **options)
    assert (again.counts != model.counts).nnz == 0


def test_an_environment_begins_where_its_reset_leaves_it():
    pytest.importorskip("gymnasium")
    with pytest.raises(TypeError, match="initial is 3, but an environment begins where its reset leaves it"):
        emp.from_samples("FrozenLake-v1", 3, n=2)


def test_a_function_says_where_the_states_lie():
    def step(cell, move):
        return cell + 1 if cell < 2 else emp.End("home")

    model = emp.from_samples(step, 0, ["on"], n=3, layout=lambda states: GraphLayout((), " ".join(map(str, states))))
    assert model.mean().layout.name == "0 1 2 home"


@for_each(
    ("call", "error", "sentence"),
    [
        (lambda step: emp.from_samples(step, None, ["right"]), TypeError, "initial is missing"),
        (lambda step: emp.from_samples(step, 0), TypeError, "actions is None, expected a sequence of labels"),
        (lambda step: emp.from_samples(step, 0, "right"), TypeError, "actions is 'right', expected a sequence"),
        (lambda step: emp.from_samples(step, 0, ["right"], n=0), ValueError, "n is 0, expected"),
        (
            lambda step: emp.from_samples(step, 0, ["right"], max_states=2),
            ValueError,
            "found 3 states, at most max_sta",
        ),
        (
            lambda step: emp.from_samples(lambda s, a: [1], 0, ["a"]),
            TypeError,
            "what action 'a' in state 0 leads to is",
        ),
    ],
)
def test_what_cannot_be_sampled_is_refused_with_a_sentence(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call(corridor(np.random.default_rng(0)))


def test_an_action_is_missing_always_or_never():
    answers = iter([0, None] * 50)
    with pytest.raises(
        ValueError, match="action 'a' in state 0 is missing in 50 of 100 samples, expected in all or none"
    ):
        emp.from_samples(lambda state, action: next(answers), 0, ["a"])
