"""Symmetries of states: what may be declared, and the orbits it makes."""

import itertools

import numpy as np
import pytest
from helpers import for_each
from scipy import sparse

import empowerment as emp
from empowerment.models.symmetry import orbits

SLIP_MODES = ("other", "perpendicular", "stay")


def corridor(**options):
    """Three cells in a row; the mirror image exchanges the ends, and left with right."""
    rows = np.zeros((3, 2, 3))
    for cell, (action, step) in itertools.product(range(3), enumerate((-1, 1))):
        rows[cell, action, cell] += 0.25
        rows[cell, action, min(max(cell + step, 0), 2)] += 0.75
    labels = {"states": ["west", "middle", "east"], "actions": ["left", "right"]}
    return emp.MDP(rows, **(labels | options))


MIRROR = (["east", "middle", "west"], ["right", "left"])


def compositions(model):
    """Return every element of the group that the symmetries generate, as pairs of tuples."""
    group = {(tuple(range(model.n_states)), tuple(range(model.n_actions)))}
    while True:
        more = {
            (tuple(states[list(s)]), tuple(actions[list(a)]))
            for states, actions in model.symmetries
            for s, a in group
        }
        if more <= group:
            return group
        group |= more


def test_a_declared_symmetry_is_kept_in_numbers():
    model = corridor(symmetries=[MIRROR])
    ((states, actions),) = model.symmetries
    assert states.tolist() == [2, 1, 0]
    assert actions.tolist() == [1, 0]
    assert not states.flags.writeable
    assert not actions.flags.writeable
    assert corridor().symmetries == ()
    assert corridor(symmetries=[]).symmetries == ()


def test_labels_may_come_from_numpy():
    swap = np.stack([np.eye(2), np.eye(2)[::-1]], axis=1)
    model = emp.MDP(swap, symmetries=[(np.array([1, 0]), range(2))])
    assert model.symmetries[0][0].tolist() == [1, 0]


@for_each(
    ("symmetries", "error", "sentence"),
    [
        ("mirror", TypeError, r"symmetries is 'mirror', expected a sequence of pairs \(states, actions\)"),
        (
            [MIRROR[0]],
            TypeError,
            r"symmetries\[0\] is no pair \(states, actions\), expected the images of all states",
        ),
        ([MIRROR, (3, ["left", "right"])], TypeError, r"symmetries\[1\] has 3 for its states, expected a sequence"),
        ([(["east"], ["right", "left"])], ValueError, r"symmetries\[0\] has 1 images of states, expected 3, one for"),
        (
            [(["east", "middle", "wset"], ["right", "left"])],
            ValueError,
            r"symmetries\[0\] maps state 'east' to 'wset', which is no state",
        ),
        (
            [(["east", "middle", "middle"], ["right", "left"])],
            ValueError,
            r"symmetries\[0\] maps both state 'middle' and 'east' to 'middle', expected a permutation",
        ),
        (
            [(MIRROR[0], ["right", "right"])],
            ValueError,
            r"symmetries\[0\] maps both action 'left' and 'right' to 'right', expected a permutation",
        ),
        ([([["east"], [], []], MIRROR[1])], TypeError, r"symmetries\[0\] has images of states that are not hashable"),
        (
            [(MIRROR[0], ["left", "right"])],
            ValueError,
            r"symmetries\[0\] is no symmetry: action 'left' leads from state 'west' to 'west' with probability 1, "
            r"but action 'left' leads from state 'east' to 'east' with probability 0.25, "
            r"expected equal probabilities to within 1e-13 of themselves",
        ),
    ],
)
def test_what_is_no_symmetry_is_refused(symmetries, error, sentence):
    with pytest.raises(error, match=sentence):
        corridor(symmetries=symmetries)


def test_probabilities_must_agree_up_to_rounding():
    model = corridor()
    labels = {"states": model.states, "actions": model.actions, "symmetries": [MIRROR]}
    rows = model.to_dense()
    rows[2, 0] = [0, 0.75 + 2e-15, 0.25 - 2e-15]
    emp.MDP(sparse.csr_array(rows.reshape(6, 3)), **labels)
    rows[2, 0] = [0, 0.75 + 2e-12, 0.25 - 2e-12]
    sentence = "'right' leads from state 'west' to 'west' with probability 0.25, .* with probability 0.249999999998"
    with pytest.raises(ValueError, match=sentence):
        emp.MDP(rows, **labels)


def test_the_first_difference_is_found_in_whatever_chunk_it_is(monkeypatch):
    monkeypatch.setattr("empowerment.models.symmetry._CHUNK", 2)
    grid = emp.worlds.open_grid(3, 4, slip=0.1)
    flip = [(row, 3 - column) for row, column in grid.states], ["north", "south", "west", "east", "stay"]
    labels = {"states": grid.states, "actions": grid.actions, "symmetries": [flip]}
    assert len(emp.MDP(grid.rows, **labels).symmetries) == 1
    rows = grid.to_dense()
    rows[grid.state_index((1, 2)), 3] = rows[grid.state_index((1, 2)), 4]
    with pytest.raises(ValueError, match=r"is no symmetry: action 'east' leads from state \(1, 1\) to "):
        emp.MDP(rows, **labels)


def test_terminal_states_and_missing_actions_must_be_mapped_to_such():
    with pytest.raises(ValueError, match="maps state 'west' to 'east', but only the first is terminal"):
        corridor(terminal=["west"], symmetries=[MIRROR])
    corridor(terminal=["west", "east"], symmetries=[MIRROR])
    available = [[False, True], [True, True], [True, True]]
    sentence = (
        "maps action 'left' in state 'west' to action 'right' in state 'east', but only the second is available"
    )
    with pytest.raises(ValueError, match=sentence):
        corridor(available=available, symmetries=[MIRROR])
    available[2] = [True, False]
    assert len(corridor(available=available, symmetries=[MIRROR]).symmetries) == 1


@for_each("shape", [(1, 1), (1, 4), (3, 4), (4, 4)])
@for_each("slip_mode", SLIP_MODES)
@for_each("stay", [True, False])
@for_each("slip", [0.0, 0.3])
def test_open_grids_declare_their_mirror_images(shape, slip_mode, stay, slip):
    model = emp.worlds.open_grid(*shape, slip=slip, slip_mode=slip_mode, stay=stay)  # which checks them
    rows, columns = shape
    cells = np.arange(rows * columns).reshape(shape)
    images = {cells[::-1].tobytes(), cells[:, ::-1].tobytes(), cells[::-1, ::-1].tobytes()}
    if rows == columns:
        images |= {np.ascontiguousarray(cells.T).tobytes(), np.rot90(cells).tobytes()}
    assert images <= {np.array(states).tobytes() for states, _ in compositions(model)}


def test_no_other_world_declares_symmetries():
    for world in map(emp.worlds.make, set(emp.worlds.WORLDS) - {"open_grid", "two_rooms"}):
        assert isinstance(world, emp.POMDP) or world.symmetries == ()


@for_each(("shape", "count"), [((4, 4), 3), ((3, 4), 4), ((5, 5), 6), ((1, 1), 1)])
def test_orbits_of_rectangles(shape, count):
    model = emp.worlds.open_grid(*shape, slip=0.2)
    found = orbits(model, np.arange(model.n_states))
    assert len(set(found.representative.tolist())) == count
    assert (found.representative <= np.arange(model.n_states)).all()  # the first of each orbit


@for_each("shape", [(4, 4), (3, 4)])
@for_each("slip_mode", SLIP_MODES)
def test_action_maps_carry_the_dynamics_along(shape, slip_mode):
    """Some composition maps the representative to the state and its actions as told; that is a symmetry."""
    model = emp.worlds.open_grid(*shape, slip=0.3, slip_mode=slip_mode)
    numbers = np.random.default_rng(0).permutation(model.n_states)
    found, transition = orbits(model, numbers), model.to_dense()
    for number, representative, actions in zip(numbers, *found[:2], strict=True):
        assert sorted(actions) == list(range(model.n_actions))
        states = next(
            list(s) for s, a in compositions(model) if s[representative] == number and a == tuple(actions.tolist())
        )
        assert transition[number, actions][:, states] == pytest.approx(transition[representative], abs=1e-15)


def test_representatives_are_among_the_states_asked_for():
    model = emp.worlds.open_grid(4)
    last = model.state_index((3, 3))
    assert orbits(model, np.array([last])).representative.tolist() == [last]
    numbers = np.array([model.state_index(cell) for cell in [(1, 1), (3, 3), (0, 0), (2, 1), (3, 3)]])
    found = orbits(model, numbers)
    assert found.representative.tolist() == [numbers[0], last, last, numbers[0], last]
    assert found.action_map[[0, 1, 4]].tolist() == [list(range(5))] * 3


def test_without_symmetries_every_state_is_alone():
    found = orbits(emp.worlds.slip_grid(), np.array([5, 2, 5]))
    assert found.representative.tolist() == [5, 2, 5]
    assert found.action_map.tolist() == [list(range(5))] * 3


def test_a_turn_and_its_inverse_lead_all_around_a_ring():
    size = 30
    here = np.arange(size)
    rows = np.zeros((size, 2, size))
    rows[here, 0, (here + 1) % size] = rows[here, 1, (here - 1) % size] = 1
    turn, mirror = ((here + 1) % size, [0, 1]), (-here % size, [1, 0])
    turned = orbits(emp.MDP(rows, symmetries=[turn]), here)
    assert not turned.representative.any()
    assert (turned.action_map == [0, 1]).all()
    mirrored = orbits(emp.MDP(rows, symmetries=[mirror]), here)
    assert mirrored.representative.tolist() == np.minimum(here, -here % size).tolist()
    assert (mirrored.action_map[16:] == [1, 0]).all()
    assert len(set(orbits(emp.MDP(rows, symmetries=[turn, mirror]), here).representative.tolist())) == 1


@for_each("slip_mode", SLIP_MODES)
def test_mapped_sequences_have_the_mapped_rows(slip_mode):
    model = emp.worlds.open_grid(5, slip=0.2, slip_mode=slip_mode)
    found, transition = orbits(model, np.arange(25)), model.to_dense()
    for number in (3, 4, 14, 21, 24):
        representative, actions = found.representative[number], found.action_map[number]
        images = {s for s, a in compositions(model) if s[representative] == number and a == tuple(actions.tolist())}
        for word in itertools.product(range(5), repeat=2):
            here = transition[number, actions[word[0]]] @ transition[:, actions[word[1]]]
            there = transition[representative, word[0]] @ transition[:, word[1]]
            assert any(here[list(image)] == pytest.approx(there, abs=1e-15) for image in images)


def test_states_of_one_orbit_have_one_value():
    model = emp.worlds.open_grid(5, slip=0.2)
    values = np.array([emp.channel_capacity(emp.actuation_channel(model, 2, s)).value for s in model.states])
    representative = orbits(model, np.arange(25)).representative
    assert values == pytest.approx(values[representative], abs=2e-9)
    assert np.unique(values.round(6)).size == np.unique(representative).size == 6
