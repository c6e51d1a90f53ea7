import builtins
import math

import numpy as np
import pytest

import empowerment as emp

gymnasium = pytest.importorskip("gymnasium")

TERMINALS = {
    "FrozenLake-v1": [5, 7, 11, 12, 15],
    "CliffWalking-v1": [47],
    "Taxi-v4": [0, 85, 410, 475],
}


class TableEnv:
    """The least that the adapter reads, without Gymnasium."""

    def __init__(self, table, **attributes):
        self.P = table
        self.unwrapped = self
        vars(self).update(attributes)


def branching(model, state):
    """Return how many next states the actions of a state lead to, all together."""
    first = state * model.n_actions
    return len(set(model.rows[first : first + model.n_actions].indices.tolist()))


@pytest.mark.parametrize(("name", "terminal"), TERMINALS.items())
def test_terminal_states_absorb(name, terminal):
    model = emp.from_gymnasium(name)
    assert np.flatnonzero(model.is_terminal).tolist() == terminal
    for state in terminal:
        rows = model.rows[state * model.n_actions : (state + 1) * model.n_actions].toarray()
        assert np.array_equal(rows, np.eye(model.n_states)[[state] * model.n_actions])


@pytest.mark.parametrize(
    ("name", "counts", "bits"),
    [
        ("FrozenLake-v1", [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]),
        ("CliffWalking-v1", [3], [1.585]),
        ("Taxi-v4", [4, 4, 3, 4], [2, 2, 1.585, 2]),
    ],
)
def test_terminal_states_as_given(name, counts, bits):
    model = emp.from_gymnasium(name, terminal="as-given")
    assert not model.is_terminal.any()
    found = [branching(model, state) for state in TERMINALS[name]]
    assert found == counts
    assert [round(math.log2(count), 3) for count in found] == bits


@pytest.mark.parametrize("terminal", ["absorbing", "as-given"])
def test_frozen_lake_table(terminal):
    lake = emp.from_gymnasium("FrozenLake-v1", terminal=terminal)
    assert (lake.n_states, lake.n_actions) == (16, 4)
    assert lake.states == tuple(range(16))
    assert lake.actions == (0, 1, 2, 3)
    # Action 0 is west: from the corner it stays, or slips south (4) or north (stays), a third each.
    np.testing.assert_allclose(lake.to_dense()[0, 0, [0, 4]], [2 / 3, 1 / 3], rtol=0, atol=1e-15)
    np.testing.assert_allclose(lake.to_dense().sum(axis=2), 1, rtol=0, atol=1e-12)
    assert lake.available.all()
    assert lake.initial.tolist() == [1.0] + [0.0] * 15


def test_frozen_lake_is_absorbing_as_given():
    given, absorbing = (emp.from_gymnasium("FrozenLake-v1", terminal=t) for t in ("as-given", "absorbing"))
    assert np.array_equal(given.to_dense(), absorbing.to_dense())


def test_whole_tables_are_read():
    env = gymnasium.make("Taxi-v4")
    model = emp.from_gymnasium(env, terminal="as-given")
    expected = np.zeros((500, 6, 500))
    for state, choices in env.unwrapped.P.items():
        for action, outcomes in choices.items():
            for probability, successor, _, _ in outcomes:
                expected[state, action, successor] += probability
    assert np.array_equal(model.to_dense(), expected)
    np.testing.assert_allclose(model.initial, env.unwrapped.initial_state_distrib)
    env.close()


def test_frozen_lake_layout():
    layout = emp.from_gymnasium("FrozenLake-v1").layout
    assert layout.shape == (4, 4)
    assert layout.cells[6] == (1, 2)
    holes = {cell for cell, letter in layout.marks.items() if letter == "H"}
    assert holes == {(1, 1), (1, 3), (2, 3), (3, 0)}
    assert layout.marks[0, 0] == "S"
    assert layout.marks[3, 3] == "G"
    assert len(layout.marks) == 6
    assert all(type(letter) is str for letter in layout.marks.values())


def test_cliff_layout_comes_from_its_shape():
    layout = emp.from_gymnasium("CliffWalking-v1").layout
    assert layout.shape == (4, 12)
    assert layout.cells[36] == (3, 0)
    assert layout.marks == {}


def test_taxi_has_no_layout_as_its_states_are_no_cells():
    assert emp.from_gymnasium("Taxi-v4").layout is None


def test_an_environment_is_left_open_and_one_made_here_is_closed(monkeypatch):
    closed = []
    monkeypatch.setattr(gymnasium.Wrapper, "close", lambda self: closed.append(self))
    env = gymnasium.make("FrozenLake-v1", is_slippery=False)
    assert emp.from_gymnasium(env).is_deterministic
    assert closed == []
    emp.from_gymnasium("FrozenLake-v1")
    assert len(closed) == 1


def test_made_environment_is_closed_after_an_error(monkeypatch):
    closed = []
    monkeypatch.setattr(gymnasium.Wrapper, "close", lambda self: closed.append(self))
    with pytest.raises(ValueError, match="CartPole-v1 has no table of transitions; expected env"):
        emp.from_gymnasium("CartPole-v1")
    assert len(closed) == 1


def test_duplicates_are_summed_and_missing_actions_unavailable():
    table = {
        0: {0: [(0.5, 1, 0, False), (0.25, 0, 0, False), (0.25, 1, 0, False)], 1: [(1.0, 0, 0, False)]},
        1: {1: [(1.0, 0, 0, False)]},
    }
    model = emp.from_gymnasium(TableEnv(table))
    assert model.to_dense().tolist() == [[[0.25, 0.75], [1.0, 0.0]], [[0.0, 0.0], [1.0, 0.0]]]
    assert model.available.tolist() == [[True, True], [False, True]]
    assert model.initial is None
    assert model.layout is None


def test_an_entry_of_probability_zero_ends_nothing():
    table = {0: {0: [(1.0, 0, 0, False), (0.0, 1, 0, True)]}, 1: {0: [(1.0, 0, 0, False)]}}
    assert not emp.from_gymnasium(TableEnv(table)).is_terminal.any()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (None, r"TableEnv has no table of transitions; expected env\.unwrapped\.P .* FrozenLake-v1, Cliff"),
        ({}, "the table P of TableEnv is not a filled dict of dicts"),
        ([[0]], "the table P of TableEnv is not a filled dict of dicts"),
        ({0: [0]}, "the table P of TableEnv is not a filled dict of dicts"),
        ({0: {}}, "the table P of TableEnv is not a filled dict of dicts"),
        ({0: {3: [(1.0, 7, 0, False)]}}, r"P\[0\]\[3\] leads to state 7, expected one of the 1 states"),
        ({0: {3: [(1.0, 0)]}}, r"P\[0\]\[3\] has the entry \(1\.0, 0\); expected"),
        ({0: {3: [(0.9, 0, 0, False)]}}, r"\(state 0, action 3\) sums to 0\.9"),
        ({0: {3: []}}, r"\(state 0, action 3\) sums to 0, expected 1"),
    ],
)
def test_tables_that_are_refused(table, message):
    with pytest.raises(ValueError, match=message):
        emp.from_gymnasium(TableEnv(table))


@pytest.mark.parametrize("name", ["NoSuchLake-v1", "no_such_namespace/Lake-v1", "FrozenLake-v99", "not an id!"])
def test_unknown_ids(name):
    with pytest.raises(ValueError, match=f"gymnasium cannot make an environment '{name}': ."):
        emp.from_gymnasium(name)


def test_unknown_treatment_of_terminal_states():
    with pytest.raises(ValueError, match="unknown terminal 'ignored'; the known ones are 'absorbing', 'as-given'"):
        emp.from_gymnasium("FrozenLake-v1", terminal="ignored")


def test_an_id_without_gymnasium_names_the_extra(monkeypatch):
    genuine = builtins.__import__

    def without(name, *rest):
        if name == "gymnasium":
            raise ImportError(name)
        return genuine(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r'pip install "empowerment\[gym\]"'):
        emp.from_gymnasium("FrozenLake-v1")
