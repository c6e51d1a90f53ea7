import builtins
import copy
import enum
import itertools
import math
import random
from collections import Counter, deque

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp
from empowerment.core.layout import GridLayout

MOVES = {"north": (-1, 0), "south": (1, 0), "west": (0, -1), "east": (0, 1), "stay": (0, 0)}


def walk(cell, move):
    """A room of 3 x 4 cells."""
    row, column = cell[0] + MOVES[move][0], cell[1] + MOVES[move][1]
    return (row, column) if 0 <= row < 3 and 0 <= column < 4 else cell


def after(model, state, action):
    return model.states[model.successors[model.state_index(state), model.actions.index(action)]]


def row(model, state, action):
    """Return one distribution as a dict of labels."""
    number = model.state_index(state) * model.n_actions + model.actions.index(action)
    start, stop = model.rows.indptr[number : number + 2]
    return {model.states[model.rows.indices[i]]: float(model.rows.data[i]) for i in range(start, stop)}


# --- step functions


def test_a_room_is_the_open_grid():
    room = emp.from_step_function(walk, (1, 1), list(MOVES))
    assert room.states[0] == (1, 1)
    assert set(room.states) == set(itertools.product(range(3), range(4)))
    assert room.actions == tuple(MOVES)
    assert all(after(room, cell, move) == walk(cell, move) for cell in room.states for move in MOVES)
    assert room.initial.tolist() == [1.0] + [0.0] * 11
    assert not room.is_terminal.any()


def test_states_come_in_the_order_of_discovery():
    room = emp.from_step_function(walk, (0, 0), ["east", "south", "stay"])
    distance = [row + column for row, column in room.states]
    assert distance == sorted(distance)
    assert room.states[:3] == ((0, 0), (0, 1), (1, 0))


def test_hanoi_found_from_its_rule():
    def move(pegs, action):
        source, target = action
        disks = {peg: [d for d, on in enumerate(pegs) if on == peg] for peg in action}
        if not disks[source] or (disks[target] and disks[target][0] < disks[source][0]):
            return pegs
        return (*pegs[: disks[source][0]], target, *pegs[disks[source][0] + 1 :])

    known = emp.worlds.tower_of_hanoi(3)
    found = emp.from_step_function(move, (0, 0, 0), known.actions)
    assert set(found.states) == set(known.states)
    for state, action in itertools.product(known.states, known.actions):
        assert after(found, state, action) == after(known, state, action)


def test_a_list_holds_several_initial_states_and_a_tuple_is_one():
    islands = emp.from_step_function(lambda state, action: state, [(0, 0), (1, 0), (0, 0)], ["wait"])
    assert islands.states == ((0, 0), (1, 0))
    assert islands.initial is None
    assert emp.from_step_function(lambda state, action: state, range(3), ["wait"]).n_states == 3
    assert emp.from_step_function(lambda state, action: state, (0, 0), ["wait"]).states == ((0, 0),)


def test_numbers_of_numpy_become_plain_labels():
    model = emp.from_step_function(lambda s, a: np.int64((s + a) % 3), np.int64(0), np.arange(2))
    assert model.states == (0, 1, 2)
    assert all(type(label) is int for label in model.states + model.actions)


def test_missing_actions():
    line = emp.from_step_function(lambda s, a: s + a if 0 <= s + a < 3 else None, 0, [1, -1])
    assert line.available.tolist() == [[True, False], [True, True], [False, True]]
    assert emp.empowerment(line, 1).value.tolist() == [0.0, 1.0, 0.0]


def test_actions_as_a_function_of_the_state():
    def exits(cell):
        return [move for move in MOVES if walk(cell, move) != cell]

    room = emp.from_step_function(walk, (0, 0), exits)
    assert room.n_states == 12
    assert room.actions == ("south", "east", "north", "west")  # as they are met
    for number, cell in enumerate(room.states):
        assert {a for a, there in zip(room.actions, room.available[number], strict=True) if there} == set(exits(cell))


def test_a_distribution():
    def slip(cell, move):
        return [(0.75, walk(cell, move)), (0.25, walk(cell, "stay"))]

    room = emp.from_step_function(slip, (0, 0), list(MOVES))
    assert not room.is_deterministic
    assert row(room, (0, 0), "east") == {(0, 1): 0.75, (0, 0): 0.25}
    assert row(room, (0, 0), "north") == {(0, 0): 1.0}  # an outcome listed twice gets the sum


def test_a_distribution_as_a_dict():
    """The race car of many courses, with probabilities in a dict; Sutton and Barto write models so."""
    table = {
        "cool": {"slow": {"cool": 1.0}, "fast": {"cool": 0.5, "warm": 0.5}},
        "warm": {"slow": {"cool": 0.5, "warm": 0.5}, "fast": {emp.End("overheated"): 1.0}},
    }
    car = emp.from_step_function(lambda s, a: table[s][a], "cool", ["slow", "fast"])
    assert car.states == ("cool", "warm", "overheated")
    assert car.is_terminal.tolist() == [False, False, True]
    assert row(car, "cool", "fast") == {"cool": 0.5, "warm": 0.5}
    pairs = emp.from_step_function(lambda s, a: [(p, t) for t, p in table[s][a].items()], "cool", ["slow", "fast"])
    assert np.array_equal(car.to_dense(), pairs.to_dense())


def test_an_outcome_of_probability_zero_is_no_state():
    model = emp.from_step_function(lambda s, a: [(1.0, 0), (0.0, 1), (0, emp.End(2))], 0, ["go"])
    assert model.states == (0,)


def test_noise_gives_the_empowerment_of_the_same_matrix():
    room = emp.from_step_function(lambda s, a: [(0.9, s ^ a), (0.1, s ^ a ^ 1)], 0, [0, 1])
    capacity = 1 - emp.entropy([0.9, 0.1])
    assert float(emp.empowerment(room, 1, states=0, backend="reference")) == pytest.approx(capacity, abs=1e-9)


# --- the ends of episodes


def corridor(cell, move):
    """Cells 0 to 5; in cell 3 the episode ends, though the corridor goes on."""
    beyond = min(max(cell + move, 0), 5)
    return emp.End(beyond) if beyond == 3 else beyond


def test_ends_absorb_and_are_not_explored_further():
    model = emp.from_step_function(corridor, 0, [-1, 1])
    assert model.states == (0, 1, 2, 3)
    assert model.is_terminal.tolist() == [False, False, False, True]
    assert after(model, 3, 1) == 3
    assert emp.empowerment(model, 4).value[3] == 0


def test_ends_as_given_are_states_like_others():
    model = emp.from_step_function(corridor, 0, [-1, 1], terminal="as-given")
    assert model.states == (0, 1, 2, 3, 4, 5)
    assert not model.is_terminal.any()
    assert after(model, 3, 1) == 4


def test_an_end_in_a_distribution():
    model = emp.from_step_function(lambda s, a: [(0.5, s), (0.5, emp.End("out"))], "in", ["try"])
    assert row(model, "in", "try") == {"in": 0.5, "out": 0.5}
    assert model.is_terminal.tolist() == [False, True]


@for_each("first", ["quit", "go"])
def test_a_state_entered_with_an_end_and_without_is_two(first):
    def step(cell, action):
        return emp.End(cell) if action == "quit" else (cell + 1) % 3

    model = emp.from_step_function(step, 0, sorted(["quit", "go"], key=lambda action: action != first))
    assert set(model.states) == {0, 1, 2, ("ended", 0), ("ended", 1), ("ended", 2)}
    assert after(model, 1, "quit") == ("ended", 1)
    assert after(model, 1, "go") == 2
    assert after(model, ("ended", 1), "go") == ("ended", 1)
    assert emp.from_step_function(step, 0, ["quit", "go"], terminal="as-given").states == (0, 1, 2)


# --- what is refused


@for_each(
    ("hidden", "found"),
    [
        pytest.param(lambda count: count, "first gave . and then .", id="counter"),
        pytest.param(lambda count: count > 2, "first gave . and then .", id="changes once"),
        pytest.param(lambda count: None if count > 5 else 1, "first gave . and then None", id="goes missing"),
        pytest.param(
            lambda count: [(0.5, 0), (0.5, 1)] if count > 5 else 1,
            r"first gave 1 and then \[\(0\.5, 0\), \(0\.5, 1\)\]",
            id="becomes random",
        ),
    ],
)
def test_hidden_state(hidden, found):
    counter = itertools.count()

    def step(state, action):
        answer = hidden(next(counter))
        return int(answer) % 2 if isinstance(answer, int) else answer

    with pytest.raises(ValueError, match=f"action '.' in state . {found}; the label of the state does not hold"):
        emp.from_step_function(step, 0, ["a", "b", "c"])
    counter = itertools.count()
    assert emp.from_step_function(step, 0, ["a", "b", "c"], check=False).n_states <= 2


def test_a_random_simulator():
    dice = random.Random(1)
    with pytest.raises(ValueError, match=r"or the simulator is random: put .* return the distribution"):
        emp.from_step_function(lambda s, a: dice.randrange(6), 0, range(5))


def test_hidden_state_in_the_actions():
    asked = Counter()

    def actions(state):
        asked[state] += 1
        return ["a", "b"] if asked[state] == 1 else ["b"]

    with pytest.raises(ValueError, match=r"state 0 first had the actions \('a', 'b'\) and then \('b',\)"):
        emp.from_step_function(lambda s, a: 0, 0, actions)


def test_every_transition_is_taken_twice_and_in_reverse():
    taken = []

    def step(cell, move):
        taken.append((cell, move))
        return walk(cell, move)

    emp.from_step_function(step, (0, 0), list(MOVES))
    first, second = taken[: len(taken) // 2], taken[len(taken) // 2 :]
    assert len(first) == len(set(first)) == 12 * 5
    assert second == first[::-1]


def test_too_many_states():
    with pytest.raises(
        ValueError,
        match=r"found 11 states, at most max_states=10 are allowed; the last is 5 actions away from the start, "
        r"and 1 were still to be explored; raise max_states=",
    ):
        emp.from_step_function(lambda s, a: s + a, 0, [-1, 1], max_states=10)
    assert emp.from_step_function(lambda s, a: (s + a) % 10, 0, [-1, 1], max_states=10).n_states == 10


def test_an_interrupted_run_leaves_nothing():
    calls = itertools.count()

    def step(cell, move):
        if next(calls) == 20:
            raise KeyboardInterrupt
        return walk(cell, move)

    with pytest.raises(KeyboardInterrupt):
        emp.from_step_function(step, (0, 0), list(MOVES))
    assert emp.from_step_function(step, (0, 0), list(MOVES)).n_states == 12


def test_an_error_of_the_step_function_says_where():
    with pytest.raises(ZeroDivisionError) as caught:
        emp.from_step_function(lambda s, a: s + 1 if s < 2 else 1 // 0, 0, ["go"])
    assert caught.value.__notes__ == ["raised by the step function at action 'go' in state 2"]


@for_each(
    ("answer", "kind", "message"),
    [
        (
            np.zeros(2),
            TypeError,
            r"what action 'go' in state 0 leads to is array\(.*expected a hashable label; make a t",
        ),
        ({1, 2}, TypeError, r"leads to is {1, 2}, expected a hashable label; make a frozenset of it"),
        (
            {"fuel": 3},
            ValueError,
            r"gives {'fuel': 3}, expected probabilities in a dict.* a state that is a dict needs",
        ),
        ({0: math.nan}, ValueError, r"in state 0 gives {0: nan}, expected probabilities in a dict"),
        ({}, ValueError, "probabilities that sum to 0, expected 1; None says that an action is missing"),
        ({0: 0.5, 1: 0.4}, ValueError, "gives probabilities that sum to 0.9, expected 1"),
        (emp.End([1]), TypeError, r"leads to is \[1\], expected a hashable label"),
        (emp.End(None), TypeError, "leads to is None, expected the label of a state"),
        ([(1.0, None)], TypeError, "leads to is None, expected the label of a state"),
        ([], ValueError, "action 'go' in state 0 gives probabilities that sum to 0, expected 1"),
        ([(0.5, 0), (0.4, 1)], ValueError, "gives probabilities that sum to 0.9, expected 1"),
        ([(1.5, 0)], ValueError, r"a probability that action 'go' in state 0 gives is 1.5, expected a probability"),
        ([(math.nan, 0)], ValueError, "gives is nan, expected a probability in"),
        (
            [0, 1],
            ValueError,
            r"action 'go' in state 0 gives a list with 0; expected the next state, End\(state\), None",
        ),
        ([(1.0, 1, True)], ValueError, r"gives a list with \(1.0, 1, True\); expected"),
    ],
)
def test_answers_that_are_refused(answer, kind, message):
    with pytest.raises(kind, match=message):
        emp.from_step_function(lambda s, a: answer, 0, ["go"])


@for_each(
    ("arguments", "options", "kind", "message"),
    [
        ((walk,), {"actions": ["stay"]}, TypeError, "initial is missing, expected the state to begin with"),
        ((walk, []), {"actions": ["stay"]}, ValueError, "initial is empty"),
        ((walk, [{}]), {"actions": ["stay"]}, TypeError, r"initial\[0\] is {}, expected a hashable label"),
        ((walk, emp.End(0)), {"actions": ["stay"]}, TypeError, r"initial is End\(state=0\), expected the label"),
        ((walk, (0, 0)), {}, TypeError, "actions is None, expected a sequence of labels, or a function"),
        ((walk, (0, 0), "stay"), {}, TypeError, "actions is 'stay', expected a sequence"),
        ((walk, (0, 0), 3), {}, TypeError, "actions is 3, expected a sequence"),
        ((walk, (0, 0), ["stay", "stay"]), {}, ValueError, r"actions\[1\] is 'stay' again"),
        ((walk, (0, 0), []), {}, ValueError, "no state has an action, expected at least one"),
        ((walk, (0, 0), lambda s: ["a", "a"]), {}, ValueError, r"actions\(\(0, 0\)\)\[1\] is 'a' again"),
        ((walk, (0, 0), ["stay"]), {"terminal": "no"}, ValueError, "unknown terminal 'no'; the known ones"),
        ((walk, (0, 0), ["stay"]), {"max_states": 0}, ValueError, "max_states is 0, expected a whole number"),
        ((walk, (0, 0), ["stay"]), {"seed": 1}, TypeError, "seed= is for environments"),
        ((walk, (0, 0), ["stay"]), {"get_state": len}, TypeError, "get_state= is for environments"),
        ((3, (0, 0), ["stay"]), {}, TypeError, "step is 3, expected a function of state and action"),
        (("CartPole-v1", 0), {}, TypeError, "initial is 0, but an environment begins where its reset leaves it"),
        ((3,), {}, TypeError, "step is 3, expected a function of state and action, a Gymnasium environment"),
        ((emp.MDP,), {}, TypeError, "step is <class .*, expected a function"),
    ],
)
def test_arguments_that_are_refused(arguments, options, kind, message):
    with pytest.raises(kind, match=message):
        emp.from_step_function(*arguments, **options)


# --- what is shown and carried along


def test_a_layout_of_the_states_that_were_found():
    room = emp.from_step_function(
        walk, (2, 3), list(MOVES), layout=lambda states: GridLayout(shape=(3, 4), cells=states)
    )
    assert room.layout.cells == room.states
    assert emp.from_step_function(walk, (2, 3), list(MOVES), layout=room.layout).layout is room.layout


def test_progress_is_shown_when_asked_for(capsys):
    pytest.importorskip("tqdm")
    emp.from_step_function(walk, (0, 0), list(MOVES))
    assert capsys.readouterr().err == ""
    emp.from_step_function(walk, (0, 0), list(MOVES), progress=True)
    shown = capsys.readouterr().err
    assert "exploring: 12state" in shown
    assert "exploring again: 100%" in shown


# --- environments


gymnasium = pytest.importorskip("gymnasium")


class Walk(gymnasium.Env):
    """A corridor of 4 cells with a lamp; every kind of attribute that a state can hide in."""

    action_space = gymnasium.spaces.Discrete(3, start=-1)

    def __init__(self):
        self.rule = lambda cell, move: min(max(cell + move, 0), 3)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.cell = np.array([0])
        self.lamp = {"on": False}
        self.shown = self.lamp
        self.queue = deque(maxlen=1)
        return 0, {}

    def step(self, move):
        self.cell[0] = self.rule(int(self.cell[0]), move)
        if move == 0:
            self.shown["on"] = not self.lamp["on"]  # one and the same dict
        return 0, 0.0, False, True, {}  # truncated at once, which nobody reads


def independent_states(env, actions, label):
    """Explore an environment by copies of the whole of it; return successors by label."""
    env.reset(seed=0)
    table, copies = {}, {label(env): env}
    while missing := [name for name in copies if name not in table]:
        for name in missing:
            table[name] = {}
            for action in actions:
                probe = copy.deepcopy(copies[name])
                ended = probe.step(action)[2]
                table[name][action] = label(probe), ended
                if not ended:
                    copies.setdefault(label(probe), probe)
    return table


def renamed(model, label):
    """Return the successors of a deterministic model, states by another label."""
    names = [label(state) for state in model.states]
    return {
        names[number]: {action: names[to] for action, to in zip(model.actions, model.successors[number], strict=True)}
        for number in range(model.n_states)
    }


def test_the_attributes_of_an_environment_are_its_state():
    model = emp.from_step_function(Walk())
    assert model.states == tuple(range(8))
    assert model.actions == (-1, 0, 1)
    reference = independent_states(Walk(), model.actions, lambda env: (int(env.cell[0]), env.lamp["on"]))
    steps = {-1: lambda c, o: (max(c - 1, 0), o), 0: lambda c, o: (c, not o), 1: lambda c, o: (min(c + 1, 3), o)}
    assert {s: {a: to for a, (to, _) in row.items()} for s, row in reference.items()} == {
        state: {a: steps[a](*state) for a in steps} for state in reference
    }
    paths = {0: (0, False)}  # what each number stands for, by walking both
    for number in range(8):
        for action, to in zip(model.actions, model.successors[number].tolist(), strict=True):
            assert paths.setdefault(to, reference[paths[number]][action][0]) == reference[paths[number]][action][0]
    assert set(paths.values()) == set(reference)


class Slotted:
    __slots__ = ("value",)


class Color(enum.Enum):
    RED, BLUE = 1, 2


def slotted(value):
    thing = Slotted()
    thing.value = value
    return thing


SWITCHES = {
    "number": lambda on: 1.5 if on else -0.0,
    "text": lambda on: "on" if on else "off",
    "tuple": lambda on: (1, (on, None)),
    "list": lambda on: [1, [on]],
    "dict": lambda on: {"a": {"b": on}},
    "set": lambda on: {"a", "b", "c"} if on else {"b", "a"},
    "deque": lambda on: deque([on]),
    "array": lambda on: np.array([on, not on]),
    "array of objects": lambda on: np.array([on, {}], dtype=object),
    "float32": lambda on: np.float32(on),
    "enum": lambda on: Color.RED if on else Color.BLUE,
    "slots": slotted,
    "code": lambda on: math.sin if on else math.cos,
    "ufunc": lambda on: np.sin if on else np.cos,
}


@for_each("kind", SWITCHES)
def test_states_of_every_kind(kind):
    class Switch(gymnasium.Env):
        action_space = gymnasium.spaces.Discrete(2)

        def reset(self, *, seed=None, options=None):
            self.on, self.table = False, {"held": SWITCHES[kind](False)}
            return 0, {}

        def step(self, action):
            self.table["held"] = SWITCHES[kind](bool(action))
            return 0, 0.0, False, False, {}

    model = emp.from_step_function(Switch())
    assert model.successors.tolist() == [[0, 1], [0, 1]]


def test_two_names_for_one_thing_stay_so():
    class Alias(Walk):
        def step(self, move):
            if move == 1:
                self.shown = dict(self.lamp)  # equal, but no longer the same
            return super().step(move)

    model = emp.from_step_function(Alias(), actions=[0, 1])
    cut = after(model, 0, 1)
    assert after(model, after(model, 0, 0), 0) == 0
    assert after(model, after(model, cut, 0), 0) != cut  # the lamp stays, and so does what is shown of it


def test_an_environment_handed_in_stays_usable_and_open():
    env = gymnasium.wrappers.TimeLimit(Walk(), 1)
    assert emp.from_step_function(env).n_states == 8
    env.reset(seed=0)
    assert env.step(1)[3]


def test_actions_of_a_known_environment_have_names_and_numbers():
    options = {"get_state": lambda env: env.s, "set_state": lambda env, s: setattr(env, "s", s)}
    cliff = emp.from_step_function("CliffWalking-v1", **options)
    for own in (["up", "right"], [0, 1]):
        part = emp.from_step_function("CliffWalking-v1", actions=own, **options)
        assert part.actions == tuple(own)
        assert [after(part, 36, action) for action in own] == [after(cliff, 36, name) for name in ("up", "right")]


def test_what_stands_around_or_in_place_of_an_environment():
    with pytest.warns(
        UserWarning, match=r"from_step_function reads Walk without its wrapper StickyAction \(actions\)"
    ):
        emp.from_step_function(gymnasium.wrappers.StickyAction(Walk(), 0.5))
    emp.from_step_function(gymnasium.wrappers.TransformReward(Walk(), abs))  # rewards are not read in any case
    for wrong, message in (
        (Walk().step, "step is the method step of Walk, which takes no state; expected the environment itself"),
        (Walk, r"step is the class Walk, expected an environment; make one of it, as Walk\(\) does"),
        (
            gymnasium.make_vec("FrozenLake-v1", num_envs=2),
            "step is a vector of 2 environments, expected a single one",
        ),
    ):
        with pytest.raises(TypeError, match=message):
            emp.from_step_function(wrong)


def test_actions_of_an_environment_may_be_chosen():
    model = emp.from_step_function(Walk(), actions=[1])
    assert (model.n_states, model.actions) == (4, (1,))
    with pytest.raises(ValueError, match=r"unknown action 2; the 3 actions are -1, 0, 1"):
        emp.from_step_function(Walk(), actions=[1, 2])


def test_actions_of_an_environment_may_be_named():
    names = {1: "on", -1: "back"}
    model = emp.from_step_function(Walk(), actions=names)
    reference = emp.from_step_function(Walk(), actions=[1, -1])
    assert model.actions == ("on", "back")
    assert (model.to_dense() == reference.to_dense()).all()
    assert emp.from_samples(Walk(), actions=names, n=1).actions == ("on", "back")
    with pytest.raises(ValueError, match="unknown action 2; the 3 actions are -1, 0, 1"):
        emp.from_step_function(Walk(), actions={2: "far"})
    with pytest.raises(ValueError, match=r"actions\[1\].*'on'"):
        emp.from_step_function(Walk(), actions={1: "on", -1: "on"})
    for read in (emp.from_step_function, emp.from_samples):
        with pytest.raises(TypeError, match=r"actions is .*expected a sequence"):
            read(lambda state, action: state, 0, {1: "on"})


class Cliff(gymnasium.Env):
    """Gymnasium's cliff without the random number that it draws for nothing."""

    def __init__(self):
        self.core = gymnasium.make("CliffWalking-v1").unwrapped
        self.action_space = self.core.action_space

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.state = 36
        return self.state, {}

    def step(self, action):
        [(_, self.state, reward, ended)] = self.core.P[self.state][action]
        return self.state, reward, ended, False, {}


@for_each("terminal", ["absorbing", "as-given"])
def test_the_cliff_against_its_table(terminal):
    known = emp.from_gymnasium("CliffWalking-v1", terminal=terminal)
    told = emp.from_step_function(
        "CliffWalking-v1",
        terminal=terminal,
        get_state=lambda env: env.s,
        set_state=lambda env, s: setattr(env, "s", s),
    )
    copied = emp.from_step_function(Cliff(), terminal=terminal, max_states=60)
    assert told.n_states == copied.n_states == 38 if terminal == "absorbing" else 48
    assert told.actions == known.actions == ("up", "right", "down", "left")
    assert all(row(told, s, a) == row(known, s, a) for s in told.states for a in told.actions)
    table = renamed(told, told.states.index)  # both are explored in the same order
    named = {s: dict(zip(told.actions, after.values(), strict=True)) for s, after in renamed(copied, int).items()}
    assert named == table
    assert np.array_equal(told.is_terminal, copied.is_terminal)


def test_the_taxi_against_its_table():
    known = emp.from_gymnasium("Taxi-v4")
    told = emp.from_step_function(
        "Taxi-v4", get_state=lambda env: env.s, set_state=lambda env, s: setattr(env, "s", s), seed=3
    )
    assert 50 < told.n_states < 500  # the destination stays the same
    assert told.is_terminal.sum() == 1
    assert told.actions == known.actions
    assert all(row(told, s, a) == row(known, s, a) for s in told.states for a in told.actions)


@for_each(("name", "first"), [("FrozenLake-v1", "left"), ("Taxi-v4", "south")])
def test_environments_that_draw_random_numbers_are_refused(name, first):
    with pytest.raises(
        ValueError,
        match=rf"{name} draws random numbers at action '{first}' in state 0.*from_gymnasium reads its table",
    ):
        emp.from_step_function(name)


def test_blackjack_is_refused():
    with pytest.raises(
        ValueError, match=r"Blackjack-v1 draws random numbers .* distribution; from_samples estimates"
    ) as caught:
        emp.from_step_function("Blackjack-v1")
    assert "from_gymnasium" not in str(caught.value)


def test_a_slippery_lake_is_refused_even_if_its_state_is_told():
    with pytest.raises(ValueError, match="or the simulator is random"):
        emp.from_step_function(
            "FrozenLake-v1", get_state=lambda env: env.s, set_state=lambda env, s: setattr(env, "s", s)
        )


@for_each(
    "draw",
    [
        lambda env: env.np_random.random(),
        lambda env: env.own.random(),
        lambda env: env.nested["dice"].random(),
        lambda env: random.random(),
        lambda env: np.random.rand(),  # noqa: NPY002
    ],
)
def test_draws_from_any_generator_are_noticed(draw):
    class Dice(Walk):
        def __init__(self):
            super().__init__()
            self.own, self.nested = random.Random(3), {"dice": np.random.default_rng(3)}

        def step(self, move):
            if move == 1:
                draw(self)
            return super().step(move)

    with pytest.raises(ValueError, match="Dice draws random numbers at action 1 in state 0"):
        emp.from_step_function(Dice())
    assert emp.from_step_function(Dice(), actions=[-1, 0]).n_states == 2


def test_dice_that_are_kept_in_the_state_are_refused():
    """With a key of JAX in its state a step would fall the same way each time, as if there were no chance."""
    env = Walk()
    env.func_env = object()
    for read in (emp.from_step_function, emp.from_samples):
        with pytest.raises(ValueError, match="Walk keeps a random key of JAX"):
            read(env)
    jax = pytest.importorskip("jax")
    env = Walk()
    env.key = jax.random.key(0)
    with pytest.raises(ValueError, match=r"'key' of Walk cannot be copied as a state: it is a random key"):
        emp.from_step_function(env)


class Leaky(gymnasium.Env):
    """Every third step does nothing, and the count is not told."""

    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        self.cell = self.count = 0
        return 0, {}

    def step(self, action):
        self.count += 1
        self.cell = (self.cell + action) % 4 if self.count % 3 else self.cell
        return 0, 0.0, False, False, {}


def test_hidden_state_of_an_environment_whose_state_is_told():
    with pytest.raises(ValueError, match="the label of the state does not hold everything"):
        emp.from_step_function(
            Leaky(), get_state=lambda env: env.cell, set_state=lambda env, cell: setattr(env, "cell", cell)
        )


def test_a_counter_makes_states_without_end():
    with pytest.raises(ValueError, match=r"found 51 states.* is get_state= says"):
        emp.from_step_function(Leaky(), max_states=50)


def test_get_state_and_set_state_belong_together():
    with pytest.raises(TypeError, match="set_state= needs get_state="):
        emp.from_step_function(Walk(), set_state=len)
    with pytest.raises(TypeError, match="get_state= needs set_state= here"):
        emp.from_samples(Walk(), get_state=len)
    with pytest.raises(ValueError, match="get_state gives 1 right after set_state was given 0, expected the same"):
        emp.from_step_function(
            Leaky(), get_state=lambda env: env.cell, set_state=lambda env, s: setattr(env, "cell", 1)
        )


def test_a_state_that_cannot_be_read():
    env = Walk()
    env.file = (line for line in ())
    with pytest.raises(ValueError, match=r"the attribute 'file' of Walk cannot be copied as a state: .*generator"):
        emp.from_step_function(env)
    env = Walk()
    env.table = np.zeros((2, 2))
    env.corner = env.table[:1]
    with pytest.raises(ValueError, match="'table' of Walk cannot be copied as a state: it shares the memory"):
        emp.from_step_function(env)


def test_only_discrete_actions():
    with pytest.raises(ValueError, match=r"Pendulum-v1 has the action space Box\(.*expected a Discrete one"):
        emp.from_step_function("Pendulum-v1")


def test_continuous_states_reach_the_cap():
    with pytest.raises(ValueError, match="found 101 states"):
        emp.from_step_function("CartPole-v1", max_states=100)


def test_an_environment_made_by_its_id_is_closed_even_after_an_interrupt(monkeypatch):
    closed = []
    monkeypatch.setattr(gymnasium.Wrapper, "close", lambda self: closed.append(self))
    env = gymnasium.make("CartPole-v1")
    monkeypatch.setattr(type(env.unwrapped), "step", lambda self, action: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        emp.from_step_function("CartPole-v1")
    assert len(closed) == 1
    with pytest.raises(KeyboardInterrupt):
        emp.from_step_function(env)
    assert len(closed) == 1


def test_unknown_ids():
    with pytest.raises(ValueError, match="gymnasium cannot make an environment 'NoSuchLake-v1'"):
        emp.from_step_function("NoSuchLake-v1")


# --- MiniGrid


@pytest.fixture(scope="module")
def minigrid():
    return pytest.importorskip("minigrid")


def grid_label(env):
    """What MiniGrid itself encodes of a state."""
    core = env.unwrapped
    carried = core.carrying and (core.carrying.type, core.carrying.color)
    return tuple(map(int, core.agent_pos)), core.agent_dir, carried, core.grid.encode().tobytes()


def reached(table, start, horizon):
    ends = {start}
    for _ in range(horizon):
        ends = {to for state in ends for to in table[state].values()}
    return ends


@pytest.mark.usefixtures("minigrid")
def test_the_empty_room_as_given():
    room = emp.from_step_function("MiniGrid-Empty-5x5-v0", terminal="as-given")
    cells, directions = itertools.product(range(1, 4), repeat=2), ("right", "down", "left", "up")
    assert set(room.states) == {(cell, way, None, ()) for cell in cells for way in directions}
    assert room.n_states == 36
    assert room.states[0] == ((1, 1), "right", None, ())
    assert room.actions == ("left", "right", "forward", "pickup", "drop", "toggle", "done")
    assert not room.is_terminal.any()


@pytest.mark.usefixtures("minigrid")
def test_the_goal_ends_the_episode():
    room = emp.from_step_function("MiniGrid-Empty-5x5-v0")
    ends = {((3, 3), "right", None, ()), ((3, 3), "down", None, ())}  # entered from the left or from above
    assert room.n_states == 8 * 4 + 2
    assert {state for state, ended in zip(room.states, room.is_terminal, strict=True) if ended} == ends
    assert emp.empowerment(room, 5, states=sorted(ends)).value.tolist() == [0.0, 0.0]


@pytest.mark.usefixtures("minigrid")
def test_empowerment_of_the_empty_room_by_an_independent_search():
    env = gymnasium.make("MiniGrid-Empty-5x5-v0").unwrapped
    found = independent_states(env, range(7), grid_label)
    table = {state: {action: to for action, (to, _) in row.items()} for state, row in found.items()}
    ends = {to for row in found.values() for to, ended in row.values() if ended}
    table |= {state: dict.fromkeys(range(7), state) for state in ends}
    env.reset(seed=0)
    room = emp.from_step_function("MiniGrid-Empty-5x5-v0")
    bits = emp.empowerment(room, 5, states=room.states[0])
    assert float(bits) == math.log2(len(reached(table, grid_label(env), 5)))
    assert len(table) == room.n_states


@pytest.mark.usefixtures("minigrid")
def test_a_door_and_its_key_by_an_independent_search():
    env = gymnasium.make("MiniGrid-DoorKey-5x5-v0").unwrapped
    found = independent_states(env, range(7), grid_label)
    room = emp.from_step_function("MiniGrid-DoorKey-5x5-v0")
    ends = {to for row in found.values() for to, ended in row.values() if ended}
    assert room.n_states == len(found) + len(ends) == 270
    assert room.is_terminal.sum() == len(ends)
    assert {state[2] for state in room.states} == {None, "yellow key"}
    opened = ((2, 1), "yellow door (is_locked=False, is_open=True)")
    assert any(opened in state[3] for state in room.states)
    env.reset(seed=0)
    names = {room.states[0]: grid_label(env)}
    for number, state in enumerate(room.states):  # walk both side by side
        if room.is_terminal[number]:
            continue
        for action, to in enumerate(room.successors[number].tolist()):
            expected, ended = found[names[state]][action]
            assert names.setdefault(room.states[to], expected) == expected
            assert room.is_terminal[to] == ended
    assert len(set(names.values())) == room.n_states


@pytest.mark.usefixtures("minigrid")
def test_the_key_is_needed_for_the_door():
    room = emp.from_step_function("MiniGrid-DoorKey-5x5-v0", actions=["left", "right", "forward", "toggle"])
    assert {state[2:] for state in room.states} == {(None, ())}
    assert all(x == 1 for (x, _), *_ in room.states)  # the door stays shut
    assert not room.is_terminal.any()


@pytest.mark.usefixtures("minigrid")
def test_an_action_that_ends_the_episode_where_it_is_taken():
    model = emp.from_step_function("MiniGrid-GoToDoor-5x5-v0", actions=["left", "right", "forward", "done"])
    assert model.n_states == 36 + 36
    assert after(model, model.states[0], "done") == ("ended", model.states[0])


@pytest.mark.usefixtures("minigrid")
def test_what_babyai_remembers_is_numbered():
    model = emp.from_step_function("BabyAI-KeyCorridorS3R1-v0", max_states=1000)
    remembering = [state for state in model.states if len(state) == 5]
    assert remembering
    assert all(state[:4] in model.states or state[4] > 0 for state in remembering)


@pytest.mark.usefixtures("minigrid")
def test_moving_obstacles_are_refused():
    with pytest.raises(
        ValueError, match=r"Obstacles-5x5-v0 draws random numbers at action 'left' in state \(\(1, 1\)"
    ):
        emp.from_step_function("MiniGrid-Dynamic-Obstacles-5x5-v0")


def test_objects_that_hold_contents_and_own_attributes(minigrid):
    from minigrid.core.world_object import Ball, Box, WorldObj

    class Button(WorldObj):
        def toggle(self, env, pos):
            self.pressed = not getattr(self, "pressed", False)
            return True

    class Room(minigrid.envs.EmptyEnv):
        def _gen_grid(self, width, height):
            super()._gen_grid(width, height)
            self.put_obj(Box("red", contains=Ball("blue")), 2, 1)
            self.put_obj(Button("ball", "green"), 1, 2)
            self.put_obj(Button("ball", "green"), 1, 3)

    model = emp.from_step_function(Room(size=5), actions=["left", "right", "forward", "pickup", "toggle"])
    reference = independent_states(
        Room(size=5),
        [0, 1, 2, 3, 5],
        lambda env: (grid_label(env), tuple(getattr(thing, "pressed", None) for thing in env.grid.grid if thing)),
    )
    ends = {to for row in reference.values() for to, ended in row.values() if ended}
    changes = {change for state in model.states for change in state[3]}
    assert ((2, 1), "blue ball") in changes
    assert ((1, 2), "green ball (pressed=True)") in changes
    assert ((1, 2), "green ball (pressed=False)") in changes
    assert model.n_states == len(reference) + len(ends)


def test_what_is_put_into_a_box_is_in_the_state(minigrid):
    from minigrid.core.world_object import Ball, Box

    class Chest(Box):
        def can_pickup(self):
            return False

        def toggle(self, env, pos):
            self.contains, env.carrying = env.carrying, self.contains
            return True

    class Room(minigrid.envs.EmptyEnv):
        def _gen_grid(self, width, height):
            super()._gen_grid(width, height)
            self.put_obj(Chest("red"), 2, 1)
            self.put_obj(Ball("blue"), 1, 2)

    model = emp.from_step_function(Room(size=5), actions=["left", "right", "forward", "pickup", "toggle"])
    filled = ((2, 1), "red box (contains=blue ball)")
    assert {state[2] for state in model.states if filled in state[3]} == {None}
    closed = next(state for state in model.states if state[:2] == ((1, 1), "right") and filled in state[3])
    assert after(model, closed, "toggle") == ((1, 1), "right", "blue ball", (((1, 2), None),))


def test_an_object_that_appears_is_refused(minigrid):
    from minigrid.core.world_object import Ball

    class Room(minigrid.envs.EmptyEnv):
        def step(self, action):
            self.grid.set(3, 1, Ball("red"))
            return super().step(action)

    with pytest.raises(ValueError, match="a red ball is there that was not there after the reset; pass get_state="):
        emp.from_step_function(Room(size=5))


def test_an_object_whose_attribute_is_not_plain_is_refused(minigrid):
    from minigrid.core.world_object import Ball

    class Room(minigrid.envs.EmptyEnv):
        def _gen_grid(self, width, height):
            super()._gen_grid(width, height)
            ball = Ball("red")
            ball.history = []
            self.put_obj(ball, 2, 2)

    with pytest.raises(ValueError, match=r"the attribute 'history' of the red ball is \[\], expected a plain value"):
        emp.from_step_function(Room(size=5))


@for_each(("name", "package"), [("MiniGrid-Empty-5x5-v0", "minigrid"), ("CartPole-v1", "gymnasium")])
def test_an_id_without_its_package_says_what_to_install(monkeypatch, name, package):
    genuine = builtins.__import__

    def without(name, *rest):
        if name in ("minigrid", "gymnasium"):
            raise ImportError(name)
        return genuine(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=f'pip install "{package}>='):
        emp.from_step_function(name)


# --- a depth


def test_exploration_stops_at_a_depth_and_never_guesses_beyond():
    def ahead(cell, move):
        return [(0.75, cell + move), (0.25, cell)]

    line = emp.from_step_function(ahead, 0, actions=[-1, 0, 1], depth=3)
    wide = emp.from_step_function(
        lambda cell, move: ahead(cell, move) if abs(cell) < 5 else cell, 0, actions=[-1, 0, 1]
    )
    assert line.is_unexplored.sum() == 2
    assert line.explored_steps[[line.state_index(cell) for cell in (0, 2, -3)]].tolist() == [3, 1, 0]
    for horizon, options in itertools.product((1, 2, 3), ({}, {"feedback": True}, {"output": "trajectory"})):
        part, whole = (emp.empowerment(world, horizon, states=0, **options) for world in (line, wide))
        assert float(part) == pytest.approx(float(whole), abs=2e-9)
    averaged = emp.empowerment(line, 2, beliefs=np.eye(7)[[0, 1]])
    assert (averaged.value > 0).all()
    for match, call in {
        "is explored for 0 steps from state -3, expected 1": lambda: emp.empowerment(line, 1),
        "is explored for 3 steps from state 0, expected 4": lambda: emp.empowerment(line, 4, states=0),
        "is explored for 2 steps from state -1, expected 3": lambda: emp.empowerment(line, 3, beliefs=np.eye(7)[1]),
        "expected the whole world": lambda: emp.greedy_policy(line, np.arange(7.0)),
    }.items():
        with pytest.raises(ValueError, match=match):
            call()
    with pytest.raises(ValueError, match="state 1 is both terminal and unexplored"):
        emp.MDP(np.ones((2, 1, 2)) / 2, terminal=[1], unexplored=[1])
