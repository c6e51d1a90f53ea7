"""The grid in which an assistant moves the boxes around a person: its rules, and what the person can do."""

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp


def moved(rules, state, **chosen):
    return emp.worlds.boxed_in_grid("corner", **rules)["step"](state, chosen)


def state(person, *boxes):
    return emp.worlds.boxed_in_grid()["initial"]._replace(person=person, boxes=boxes)


def within_reach(state, n_steps):
    """Return the cells that a person reaches in so many steps while the boxes stand still."""
    cells = {state.person}
    for _ in range(n_steps):
        beside = {(r + down, c + right) for r, c in cells for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0))}
        cells |= {cell for cell in beside - set(state.boxes) if min(cell) >= 0 and max(cell) < 5}
    return cells


@for_each(
    ("person", "move", "end"),
    [
        ((0, 0), "right", (0, 0)),  # a box
        ((0, 0), "left", (0, 0)),  # the border
        ((1, 1), "down", (2, 1)),
        ((1, 1), "up", (1, 1)),  # a box
        ((2, 2), "left", (2, 1)),
        ((2, 2), "right", (2, 3)),
        ((2, 2), "stay", (2, 2)),
    ],
)
def test_the_person_walks_around_boxes(person, move, end):
    assert moved({}, state(person, (0, 1), (1, 0)), person=move) == state(end, (0, 1), (1, 0))


@for_each(
    ("rules", "action", "boxes"),
    [
        ({}, (0, "right"), ((0, 2), (1, 0))),
        ({}, (1, "down"), ((0, 1), (2, 0))),
        ({}, (0, "left"), ((0, 1), (1, 0))),  # the person is there
        ({}, (0, "up"), ((0, 1), (1, 0))),  # the border
        ({"rules": "by-cell"}, ((0, 1), "right"), ((0, 2), (1, 0))),
        ({"rules": "by-cell"}, ((0, 1), "left"), ((0, 0), (1, 0))),  # onto the person
        ({"rules": "by-cell"}, ((0, 2), "left"), ((0, 1), (1, 0))),  # nothing there
        ({"rules": "by-cell"}, ((1, 0), "left"), ((0, 1), (1, 0))),  # the border
    ],
)
def test_the_assistant_moves_one_box(rules, action, boxes):
    assert moved(rules, state((0, 0), (0, 1), (1, 0)), assistant=action) == state((0, 0), *boxes)


def test_no_two_boxes_share_a_cell():
    beside = state((4, 4), (2, 2), (2, 3))
    for rules, box in (({}, 0), ({"rules": "by-cell"}, (2, 2))):
        assert moved(rules, beside, assistant=(box, "right")) == beside
        assert moved(rules, beside, assistant=(box, "down")) == state((4, 4), (3, 2), (2, 3))


def test_nothing_moves_below_a_box_or_at_the_goal():
    rules = {"rules": "by-cell", "goal": (3, 3)}
    for over in (state((2, 2), (2, 2), (4, 4)), state((3, 3), (2, 2), (4, 4))):
        assert moved(rules, over, person="left") == over
        assert moved(rules, over, assistant=((4, 4), "left")) == over
    assert moved({}, state((3, 3), (2, 2), (4, 4)), person="left") == state((3, 2), (2, 2), (4, 4))


@for_each(("case", "n_actions"), [("center", 20), ("corner", 10), ("corner-hard", 10)])
def test_empowerment_beside_an_idle_assistant_counts_the_cells_in_reach(case, n_actions):
    arguments = emp.worlds.boxed_in_grid(case)
    actions, step, initial = arguments["actions"], arguments["step"], arguments["initial"]
    assert [len(own) for own in actions.values()] == [5, n_actions]
    after = list(dict.fromkeys(step(initial, {"assistant": action}) for action in actions["assistant"]))
    arguments["actions"]["assistant"] = [(0, "stay")]
    still = emp.from_joint_step(**arguments | {"initial": after})
    assert still.sensors["person"](after[0]) == after[0].person
    assert still.sensors["assistant"](after[0]) == after[0].boxes
    found = emp.transfer_empowerment(still, 5, "person", "person", states=after)
    counts = [len(within_reach(each, 5)) for each in after]
    assert found.value == pytest.approx(np.log2(counts), abs=1e-9)
    assert len(set(counts)) > 1


@pytest.mark.slow
def test_the_corner_has_as_many_states_as_places_for_three_things():
    grid = emp.from_joint_step(**emp.worlds.boxed_in_grid("corner"), check=False)
    assert grid.n_states == 25 * 24 * 23


@for_each(
    ("arguments", "message"),
    [
        ({"case": "edge"}, "unknown case 'edge'; the known ones are 'center', 'corner', 'corner-hard'"),
        ({"rules": "by-name"}, "unknown rules 'by-name'"),
        ({"goal": (5, 0)}, r"unknown cell \(5, 0\); the 25 cells are"),
        ({"goal": [4, 4]}, r"unknown cell \[4, 4\]"),
    ],
)
def test_what_the_grid_does_not_have_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        emp.worlds.boxed_in_grid(**arguments)
