"""Two rooms, with a doorway or with a door and its key."""

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp


def after(world, state, action):
    return world.states[world.successors[world.state_index(state), world.actions.index(action)]]


def test_a_wall_parts_the_rooms_but_for_the_doorway():
    rooms = emp.worlds.two_rooms()
    for row in range(8):
        assert after(rooms, (row, 3), "east") == ((row, 4) if row == 4 else (row, 3))
        assert after(rooms, (row, 4), "west") == ((row, 3) if row == 4 else (row, 4))
        assert after(rooms, (row, 2), "east") == (row, 3)
    assert after(rooms, (3, 4), "south") == (4, 4)
    assert rooms.layout.walls == tuple(((row, 3), (row, 4)) for row in range(8) if row != 4)
    assert rooms.layout.name == "two_rooms"


def test_rooms_of_equal_sizes_are_mirror_images():
    rooms = emp.worlds.two_rooms(6, 1)
    assert np.unique(rooms.orbit_numbers).size == 18
    assert not emp.worlds.two_rooms(5, 1).symmetries
    assert after(emp.worlds.two_rooms(5, 1), (0, 1), "east") == (0, 1)
    slippery = emp.worlds.two_rooms(4, 0, slip=0.2, stay=False)
    assert (slippery.n_actions, slippery.is_deterministic) == (4, False)


@for_each(
    ("options", "message"),
    [
        ({"size": 1, "door": 0}, "size is 1, expected at least 2"),
        ({"size": 0}, "size is 0"),
        ({"size": 4}, "door is 4, expected a row from 0 to 3"),
        ({"door": -1}, "door is -1"),
        ({"door": 1.5}, r"door is 1\.5"),
    ],
)
def test_rooms_that_are_none_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        emp.worlds.two_rooms(**options)


def test_the_door_opens_with_the_key_that_lies_in_its_cell():
    world = emp.worlds.key_and_door()
    assert len(world.states) == 11 + 25
    assert after(world, (2, 2, False), "east") == (2, 2, False)
    assert after(world, (3, 1, False), "west") == (3, 0, True)
    assert after(world, (2, 2, True), "east") == (2, 3, True)
    assert after(world, (2, 3, True), "east") == (2, 4, True)
    assert after(world, (3, 0, True), "north") == (2, 0, True)
    assert after(world, (1, 2, True), "east") == (1, 2, True)
    keys = np.array([key for _, _, key in world.states])
    assert keys[world.successors[keys]].all()  # it is kept
    assert world.layout.marks == {(2, 3): "D", (3, 0): "K"}
    far = emp.empowerment(world, 30, states=(0, 0, False))  # every state is within reach, without the key from here
    assert float(far) == pytest.approx(np.log2(36))
