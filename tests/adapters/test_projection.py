"""Environments whose states have the labels that a function gives them."""

import itertools
import math
import re

import pytest

import empowerment as emp

gymnasium = pytest.importorskip("gymnasium")


class Painted(gymnasium.Env):
    """A corridor of four cells; every step to the left repaints the agent, and color 1 may end at cell 2."""

    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self, matters=False, colors=3):
        self.matters, self.colors = matters, colors

    def reset(self, *, seed=None, options=None):
        self.cell = self.color = 0
        return 0, {}

    def step(self, action):
        self.color = self.color if action else (self.color + 1) % self.colors
        last = 2 if self.matters and self.color == 1 else 3
        self.cell = min(max(self.cell + (1 if action else -1), 0), max(last, self.cell))
        return 0, 0.0, False, False, {}


def cell_of(env):
    return env.cell


def test_what_does_not_matter_is_left_out():
    model = emp.from_step_function(Painted(), get_state=cell_of)
    assert model.states == (0, 1, 2, 3)
    assert model.successors.tolist() == [[0, 1], [0, 2], [1, 3], [2, 3]]
    assert emp.from_step_function(Painted()).n_states == 12
    assert [float(emp.empowerment(model, n, states=0)) for n in (1, 2, 3)] == [math.log2(n) for n in (2, 3, 4)]


def test_what_matters_is_missed():
    message = re.escape("get_state gives the same label 2 to states ") + (
        r"\d+ and \d+ of Painted, in which action 1 leads to (3 and 2|2 and 3); the label does not hold everything"
    )
    with pytest.raises(ValueError, match=message):
        emp.from_step_function(Painted(matters=True), get_state=cell_of)
    assert emp.from_step_function(Painted(matters=True), get_state=cell_of, check=False).n_states == 4
    whole = emp.from_step_function(Painted(matters=True), get_state=lambda env: (env.cell, env.color))
    assert whole.n_states == emp.from_step_function(Painted(matters=True)).n_states


def test_a_difference_beyond_the_states_that_stand_for_labels():
    """Only the state after thirty repaintings differs, which no state that was seen first leads to."""

    class Late(Painted):
        def step(self, action):
            stuck = self.color == 29 and action
            return super().step(0 if stuck else action)

    with pytest.raises(ValueError, match=r"get_state gives the same label 0 .* action 1 leads to 1 and 0;"):
        emp.from_step_function(Late(colors=30), get_state=cell_of)
    with pytest.warns(UserWarning, match="compared in 20 whole states of Late, and there are more"):
        emp.from_step_function(Late(colors=30), get_state=cell_of, max_states=20)


def test_a_function_of_what_is_no_state():
    answers = itertools.count()
    with pytest.raises(ValueError, match=r"get_state first gives \d+ and then \d+ in the same state of Painted"):
        emp.from_step_function(Painted(), get_state=lambda env: next(answers))
    with pytest.raises(TypeError, match=r"what get_state returns is \[0\], expected a hashable label"):
        emp.from_step_function(Painted(), get_state=lambda env: [env.cell])


# --- MiniGrid


@pytest.fixture(scope="module")
def minigrid():
    return pytest.importorskip("minigrid")


def doors(env):
    return tuple(thing.is_open for thing in env.grid.grid if thing is not None and thing.type == "door")


def keys(env):
    return tuple(place for place, thing in enumerate(env.grid.grid) if thing is not None and thing.type == "key")


def standing(env):
    return (*map(int, env.agent_pos), env.agent_dir)


@pytest.mark.usefixtures("minigrid")
def test_a_full_label_of_a_minigrid_is_the_model_under_other_names():
    def label(env):
        locked = tuple(thing.is_locked for thing in env.grid.grid if thing is not None and thing.type == "door")
        return (*standing(env), doors(env), locked, keys(env))

    name = "MiniGrid-DoorKey-5x5-v0"
    own, full = emp.from_step_function(name, get_state=label), emp.from_step_function(name)
    assert own.n_states == full.n_states
    assert (own.successors == full.successors).all()  # found in the same order
    assert own.layout == full.layout


@pytest.mark.usefixtures("minigrid")
def test_a_label_without_the_door_is_refused():
    with pytest.raises(ValueError, match=r"same label .*'yellow key'.*put what is missing into it"):
        emp.from_step_function(
            "MiniGrid-DoorKey-5x5-v0", get_state=lambda env: (*standing(env), env.carrying and env.carrying.type)
        )


@pytest.mark.slow
@pytest.mark.usefixtures("minigrid")
def test_what_an_instruction_remembers_is_left_out():
    """BabyAI remembers what was carried before, on which only the end of the episode depends."""

    def label(env):
        carried = env.carrying and (env.carrying.type, env.carrying.color)
        return standing(env), carried, env.grid.encode().tobytes()

    full = emp.from_step_function("BabyAI-KeyCorridorS3R1-v0", terminal="as-given")
    part = emp.from_step_function("BabyAI-KeyCorridorS3R1-v0", terminal="as-given", get_state=label)
    assert part.n_states == len({state[:4] for state in full.states}) < full.n_states
    assert part.layout.cells == tuple((y, x) for (x, y, _), _, _ in part.states)
    seen = emp.empowerment(full, 2, sensor=lambda state: state[:4])
    own = emp.empowerment(part, 2)
    assert own.value[0] == seen.value[0]
    assert sorted(set(own.value)) == sorted(set(seen.value))


@pytest.mark.usefixtures("minigrid")
def test_a_label_that_leaves_the_place_open_has_no_layout():
    model = emp.from_step_function("MiniGrid-Empty-5x5-v0", get_state=lambda env: env.agent_dir, actions=["left"])
    assert model.layout is not None
    model = emp.from_step_function(
        "MiniGrid-Empty-5x5-v0", get_state=lambda env: 0, actions=["left", "forward"], terminal="as-given"
    )
    assert (model.n_states, model.layout) == (1, None)
