import numpy as np
import pytest
from helpers import for_each

import empowerment as emp

pandas = pytest.importorskip("pandas")

# A corridor of three cells: to leave the last one to the right ends the episode.
ROWS = [
    (0, "left", 0, 1.0, 0.0),
    (0, "right", 1, 0.75, 1.0),
    (0, "right", 0, 0.25, -1.0),
    (1, "left", 0, 1.0, 0.0),
    (1, "right", 2, 0.5, 4.0),
    (1, "right", 2, 0.5, 2.0),
]


def test_rows_and_data_frames_say_the_same():
    frame = pandas.DataFrame(ROWS, columns=["state", "action", "next_state", "probability", "reward"])
    other = frame.rename(columns={"state": "s", "action": "a", "next_state": "t", "probability": "p", "reward": "r"})
    for table, options in (
        (ROWS, {}),
        (iter(ROWS), {}),
        (np.array(ROWS, dtype=object), {}),
        (frame, {}),
        (frame.sample(frac=1, random_state=0), {}),
        (other, {"columns": ["s", "a", "t", "p", "r"]}),
    ):
        model = emp.from_table(table, terminal=[2], initial=0, **options)
        assert (model.states, set(model.actions)) == ((0, 1, 2), {"left", "right"})
        assert model.is_terminal.tolist() == [False, False, True]
        assert model.initial.tolist() == [1, 0, 0]
        left, right = model.actions.index("left"), model.actions.index("right")
        assert model.to_dense()[0, right].tolist() == [0.25, 0.75, 0]
        assert model.to_dense()[1, right].tolist() == [0, 0, 1]
        assert model.rewards[:, right].tolist() == [0.5, 3.0, 0.0]  # 0.75 - 0.25, and the mean of 4 and 2
        assert model.rewards[:, left].tolist() == [0, 0, 0]
    assert emp.from_table([row[:4] for row in ROWS], terminal=[2]).rewards is None
    assert emp.from_table(other, columns=["s", "a", "t", "p"], terminal=[2]).rewards is None


def test_nested_dicts_say_what_step_functions_say():
    table = {
        "lit": {"press": "dark", "wait": {"lit": 0.9, "dark": 0.1}, "break": emp.End("broken")},
        "dark": {"press": [(0.5, "lit"), (0.5, "dark")], "wait": "dark", "break": None},
    }
    model = emp.from_table(table, initial={"lit": 0.25, "dark": 0.75})
    explored = emp.from_step_function(lambda s, a: table[s][a], ["lit", "dark"], ["press", "wait", "break"])
    assert model.states == explored.states == ("lit", "dark", "broken")
    assert model.actions == explored.actions
    assert np.array_equal(model.to_dense(), explored.to_dense())
    assert np.array_equal(model.available, explored.available)
    assert model.is_terminal.tolist() == [False, False, True]
    assert model.initial.tolist() == [0.25, 0.75, 0]


def test_a_state_that_is_entered_with_an_end_and_without_has_two_labels():
    model = emp.from_table({0: {"a": [(0.5, 1), (0.5, emp.End(1))]}, 1: {"a": 0}})
    assert model.states == (0, 1, ("ended", 1))
    assert model.to_dense()[0, 0].tolist() == [0, 0.5, 0.5]


def test_actions_that_a_state_does_not_list_are_missing():
    model = emp.from_table({0: {"a": 1}, 1: {"a": 0, "b": 1}, 2: {}, 3: {"b": 2}})
    assert model.available.tolist() == [[True, False], [True, True], [False, False], [False, True]]


def test_numbers_are_sorted_and_other_labels_stay_in_order():
    assert emp.from_table({3: {"z": 1}, 1: {"y": 3}}).states == (1, 3)
    model = emp.from_table({"b": {"z": "a"}, "a": {"y": "b"}})
    assert (model.states, model.actions) == (("b", "a"), ("z", "y"))


def test_what_the_table_says_of_terminal_states_is_not_read():
    table = {0: {"go": 1}, 1: {"go": {0: 0.5}}}  # which does not sum to 1
    assert emp.from_table(table, terminal=[1]).to_dense()[1, 0].tolist() == [0, 1]


def test_weights_are_rescaled_where_asked():
    for table in (
        {0: {"a": {0: 3, 1: 1}}, 1: {"a": 0}},
        [(0, "a", 0, 3, 2.0), (0, "a", 1, 1, 6.0), (1, "a", 0, 1, 0)],
    ):
        model = emp.from_table(table, normalize=True)
        assert model.to_dense()[0, 0].tolist() == [0.75, 0.25]
    assert model.rewards[:, 0].tolist() == [3.0, 0.0]


@for_each(
    ("table", "options", "error", "sentence"),
    [
        (5, {}, TypeError, "table is 5, expected nested dicts, a data frame, or rows"),
        ("rows", {}, TypeError, "table is 'rows', expected nested dicts"),
        ({}, {}, ValueError, "the table has no transition, expected at least one"),
        ({0: [1]}, {}, TypeError, r"table\[0\] is \[1\], expected a dict \{action: what it leads to\}"),
        ({0: {"a": {}}}, {}, ValueError, r"table\[0\]\['a'\] has no next state, expected one, or None"),
        ({0: {"a": {0: 2}}}, {}, ValueError, "expected probabilities in a dict"),
        (
            {0: {"a": {0: 0.9}}},
            {},
            ValueError,
            "of action 'a' in state 0 sum to 0.9, expected 1; pass normalize=True",
        ),
        ({0: {"a": {0: 0.0}}}, {"normalize": True}, ValueError, "has no next state, expected one, or None"),
        ([(0, "a", 0, 0.0)], {"normalize": True}, ValueError, "in state 0 sum to 0, expected 1$"),
        (
            {0: {"a": 7}},
            {},
            ValueError,
            r"table\[0\]\['a'\] leads to state 7, which the table does not list.*terminal=\[7",
        ),
        ({0: {"a": [0]}}, {}, ValueError, "gives a list with 0; expected the next state"),
        ({(0,): {"a": [[1]]}}, {}, ValueError, "gives a list with"),
        (
            [(0, "a", 0)],
            {},
            TypeError,
            r"row 0 of the table is \(0, 'a', 0\), expected \(state, action, next_state, prob",
        ),
        ([(0, "a", 0, 1.0), (0, "b", 0, np.nan)], {}, ValueError, "the probability in row 1 of the table is nan"),
        ([(0, "a", 0, 1.0, np.inf)], {}, ValueError, "the reward in row 0 of the table is inf"),
        ([([0], "a", 0, 1.0)], {}, TypeError, r"a label in row 0 of the table is \[0\], expected a hashable label"),
        (
            pandas.DataFrame({"state": [0]}),
            {},
            ValueError,
            "no column 'action' for the action; it has 'state'; pass col",
        ),
        (pandas.DataFrame({"s": [0]}), {"columns": ["s"]}, ValueError, "columns has 1 names, expected four, or five"),
        (pandas.DataFrame({"s": [0]}), {"columns": "s"}, TypeError, "columns is 's', expected the names of four"),
        ({0: {"a": 0}}, {"terminal": 0}, TypeError, "terminal is 0, expected a sequence of labels"),
        ({0: {"a": 0}}, {"initial": 5}, ValueError, "unknown state 5"),
        ({0: {"a": 0}}, {"initial": {0: 0.5}}, ValueError, "initial .*sums to 0.5"),
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence(table, options, error, sentence):
    with pytest.raises(error, match=sentence):
        emp.from_table(table, **options)
