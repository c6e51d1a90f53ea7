import builtins
import math
import random
import warnings
from enum import IntEnum

import numpy as np
import pytest
from helpers import for_each
from scipy import sparse

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


@for_each(("name", "terminal"), TERMINALS.items())
def test_terminal_states_absorb(name, terminal):
    model = emp.from_gymnasium(name)
    assert np.flatnonzero(model.is_terminal).tolist() == terminal
    for state in terminal:
        rows = model.rows[state * model.n_actions : (state + 1) * model.n_actions].toarray()
        assert np.array_equal(rows, np.eye(model.n_states)[[state] * model.n_actions])


@for_each(
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


@for_each("terminal", ["absorbing", "as-given"])
def test_frozen_lake_table(terminal):
    lake = emp.from_gymnasium("FrozenLake-v1", terminal=terminal)
    assert (lake.n_states, lake.n_actions) == (16, 4)
    assert lake.states == tuple(range(16))
    assert lake.actions == ("left", "down", "right", "up")  # as its documentation says
    # Action 0 is left: from the corner it stays, or slips south (4) or north (stays), a third each.
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


@for_each(
    ("table", "message"),
    [
        (None, r"TableEnv has no table of transitions; expected env\.unwrapped\.P .* FrozenLake-v1, Cliff"),
        (None, "from_step_function explores environments without one"),
        ({}, "the table P of TableEnv has no action; expected env"),
        ({0: {}, 1: None}, "the table P of TableEnv has no action"),
        ({0: {3: []}}, "the table P of TableEnv has no action"),
        (7, "the table P of TableEnv is of type int; expected env"),
        (lambda state, action: state, "P of TableEnv is a function, which lists no states; .*explores a function"),
        ([[0]], r"P\[0\]\[0\] is 0; expected env"),
        ({0: 3}, r"P\[0\] is 3; expected env"),
        ([[(1.0, 0, 0.0, False)]] * 4, r"P\[0\]\[0\] has the entry 1.0; expected env"),  # no list around the entry
        ({0: ["ab"]}, r"P\[0\]\[0\] is 'ab'; expected env"),
        ({0: {3: [(1.0, 7, 0, False)]}}, r"P\[0\]\[3\] leads to state 7, expected one of the 1 states"),
        ({"a": {3: {"b": 1.0}}}, r"P\['a'\]\[3\] leads to state 'b', expected one of the 1 states"),
        ({0: {3: [(1.0, 0)]}}, r"P\[0\]\[3\] has the entry \(1\.0, 0\); expected"),
        ({0: {3: [(1.0, 0, "seen", 0.0, False)]}}, r"has the entry \(1.0, 0, 'seen', .*a table of what is observed"),
        ({0: {3: [(1.0, 0, 0.0, "no")]}}, r"\(1.0, 0, 0.0, 'no'\), whose last member is not True or False"),
        ({0: {3: [(1.5, 0, 0, False)]}}, r"a probability in P\[0\]\[3\] is 1.5, expected a probability in"),
        ({0: {3: [(0.9, 0, 0, False)]}}, r"in P\[0\]\[3\] sum to 0.9, expected 1; pass normalize=True to rescale"),
        (
            {0: {3: [(0.0, 0, 0, False)]}},
            r"sum to 0, expected 1; None or an empty list says that an action is missing",
        ),
        ({0: {3: [1.0, 0.0]}}, r"P\[0\]\[3\] has 2 numbers, expected 1 probabilities, one for each state"),
        (
            {"b": {3: [1.0, 0.0]}, "a": {}},
            r"P\['b'\]\[3\] is a row of numbers, but the states have labels, such as 'b'",
        ),
        (
            np.ones((2, 3, 3)) / 3,
            r"the array P of TableEnv, as MDP.env.unwrapped.P. takes it: transition has shape \(2, 3, 3\)",
        ),
        (np.ones((2, 2, 2)), r"transition\[0, 0\] .* sums to 2, expected 1; pass normalize=True"),
    ],
)
def test_tables_that_are_refused(table, message):
    with pytest.raises(ValueError, match=message):
        emp.from_gymnasium(TableEnv(table))


@for_each("name", ["NoSuchLake-v1", "no_such_namespace/Lake-v1", "FrozenLake-v99", "not an id!"])
def test_unknown_ids(name):
    with pytest.raises(ValueError, match=f"gymnasium cannot make an environment '{name}': ."):
        emp.from_gymnasium(name)


def test_an_unknown_id_is_answered_with_the_nearest():
    pytest.importorskip("minigrid")
    for wrong, right in (
        ("FrozenLak-v1", "FrozenLake-v1"),
        ("frozenlake-v7", "FrozenLake-v1"),
        ("MiniGrid-Emty-5x5-v0", "MiniGrid-Empty-5x5-v0"),
    ):
        with pytest.raises(ValueError, match=rf"cannot make an environment '{wrong}': .*; did you mean '{right}'\?$"):
            emp.from_gymnasium(wrong)


def test_unknown_treatment_of_terminal_states():
    with pytest.raises(ValueError, match="unknown terminal 'ignored'; the known ones are 'absorbing', 'as-given'"):
        emp.from_gymnasium("FrozenLake-v1", terminal="ignored")


def test_an_id_without_gymnasium_says_what_to_install(monkeypatch):
    genuine = builtins.__import__

    def without(name, *rest):
        if name == "gymnasium":
            raise ImportError(name)
        return genuine(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match='pip install "gymnasium>='):
        emp.from_gymnasium("FrozenLake-v1")


# --- forms of a table


def three_rooms(state, action):
    """Action 0 stays, action 1 goes on, from the last room to the first."""
    return [(1.0, (state + action) % 3, 0.0, False)]


ROUND = np.stack([np.eye(3), np.roll(np.eye(3), 1, axis=1)], axis=1)


@for_each(
    "table",
    [
        [[three_rooms(s, a) for a in range(2)] for s in range(3)],
        {s: [three_rooms(s, a) for a in range(2)] for s in range(3)},
        tuple({a: tuple(three_rooms(s, a)) for a in range(2)} for s in range(3)),
        {
            np.int64(s): {a: [(1.0, np.int64((s + a) % 3), np.float32(0), np.bool_(False))] for a in range(2)}
            for s in range(3)
        },
        {s: {a: {(s + a) % 3: 1.0} for a in range(2)} for s in (2, 0, 1)},
        np.array([[three_rooms(s, a)[0] for a in range(2)] for s in range(3)], dtype=object)[:, :, None],
        ROUND,
        ROUND.tolist(),
        {s: ROUND[s] for s in range(3)},
        sparse.csr_array(ROUND.reshape(6, 3)),
        [sparse.csr_array(ROUND[:, a]) for a in range(2)],
    ],
)
def test_forms_that_say_the_same(table):
    model = emp.from_gymnasium(TableEnv(table, initial_state_distrib=[0, 1, 0]))
    assert (model.states, model.actions) == ((0, 1, 2), (0, 1))
    assert np.array_equal(model.to_dense(), ROUND)
    assert model.initial.tolist() == [0, 1, 0]


@for_each("gap", [None, [], (), {}, "left out"])
def test_forms_of_a_missing_action(gap):
    table = {
        0: {"go": [(1.0, 1, 0.5, False)], "stop": gap},
        1: {"go": [(1.0, 0, 0.0, False)], "stop": [(1.0, 1, 0, 0)]},
    }
    if gap == "left out":
        del table[0]["stop"]
    model = emp.from_gymnasium(TableEnv(table))
    assert model.actions == ("go", "stop")
    assert model.available.tolist() == [[True, False], [True, True]]
    assert model.rewards.tolist() == [[0.5, 0.0], [0.0, 0.0]]


def test_a_state_without_actions():
    """An end needs no row; a state that is alive and has none is one in which nothing can be done."""
    ended = emp.from_gymnasium(TableEnv({0: {0: [(1.0, 1, 1.0, True)]}, 1: {}}))
    assert ended.is_terminal.tolist() == [False, True]
    alive = emp.from_gymnasium(TableEnv([[[(1.0, 1, 1.0, False)]], None]))
    assert not alive.is_terminal.any()
    assert alive.available.tolist() == [[True], [False]]


def test_labels_of_several_kinds_stay_in_their_order():
    table = {0: {0: [(1.0, "end", 0, True)], "x": [(1.0, 0, 0, False)]}, "end": {0: [(1.0, "end", 0, True)]}}
    model = emp.from_gymnasium(TableEnv(table))
    assert (model.states, model.actions) == ((0, "end"), (0, "x"))
    assert model.is_terminal.tolist() == [False, True]
    tuples = {(r, c): {"right": [(1.0, (r, min(c + 1, 1)), 0, False)]} for r, c in [(1, 0), (0, 1), (0, 0), (1, 1)]}
    assert emp.from_gymnasium(TableEnv(tuples)).states == tuple(tuples)
    named = emp.from_gymnasium(
        TableEnv({"b": {"y": {"a": 1.0}, "x": {"b": 1.0}}, "a": {}}, initial_state_distrib=[1, 0])
    )
    assert (named.states, named.actions, named.initial.tolist()) == (("b", "a"), ("y", "x"), [1, 0])
    numbered = emp.from_gymnasium(TableEnv({2: {1: {0: 1.0}}, 0: {0: {2: 1.0}}, 1: {}}))
    assert (numbered.states, numbered.actions) == ((0, 1, 2), (0, 1))


def test_ends_in_a_dict_of_next_states():
    model = emp.from_gymnasium(TableEnv({0: {"go": {0: 0.5, emp.End(1): 0.5}}, 1: {}}))
    assert model.is_terminal.tolist() == [False, True]
    assert model.rewards is None  # this form has none


def test_rounded_tables():
    table = {s: {a: [(0.33, t, 3.0, False) for t in range(3)] for a in range(2)} for s in range(3)}
    with pytest.raises(ValueError, match=r"P\[0\]\[0\] sum to 0.99, expected 1; pass normalize=True to rescale"):
        emp.from_gymnasium(TableEnv(table))
    model = emp.from_gymnasium(TableEnv(table), normalize=True)
    np.testing.assert_allclose(model.to_dense(), 1 / 3, rtol=0, atol=1e-15)
    np.testing.assert_allclose(model.rewards, 3.0, rtol=1e-15)


def test_what_is_no_environment():
    class Own(gymnasium.Env):
        def __init__(self):
            self.P = [[three_rooms(s, a) for a in range(2)] for s in range(3)]

    lake = gymnasium.make("FrozenLake-v1")
    for wrong, message in (
        (Own, r"env is the class Own, expected an environment; make one of it, as Own\(\) does"),
        (lake.step, "env is the method step of FrozenLake-v1, which takes no state; expected the environment itself"),
        (
            lambda state, action: state,
            "env is <function .*, expected an environment; from_step_function explores a step",
        ),
        (gymnasium.make_vec("FrozenLake-v1", num_envs=3), "env is a vector of 3 environments, expected a single one"),
    ):
        with pytest.raises(TypeError, match=message):
            emp.from_gymnasium(wrong)
    assert emp.from_gymnasium(Own()).n_states == 3


# --- rewards and names


def test_rewards_are_those_of_the_table():
    """Known: the goal, cell 15, pays 1, and only cell 14 is next to it and no hole."""
    lake = emp.from_gymnasium("FrozenLake-v1")
    expected = np.zeros((16, 4))
    expected[14] = lake.to_dense()[14, :, 15]
    np.testing.assert_allclose(lake.rewards, expected, rtol=0, atol=1e-15)
    assert not lake.rewards.flags.writeable
    cliff = emp.from_gymnasium("CliffWalking-v1")
    assert cliff.rewards[36].tolist() == [-1, -100, -1, -1]  # to the right is the cliff
    taxi = emp.from_gymnasium("Taxi-v4")
    assert taxi.rewards.max() == 20
    assert (taxi.rewards[taxi.is_terminal] == 0).all()


def test_rewards_of_outcomes_are_averaged():
    table = {0: {0: [(0.25, 0, 4.0, False), (0.75, 1, 8.0, True)]}, 1: {0: [(1.0, 1, 5.0, True)]}}
    assert emp.from_gymnasium(TableEnv(table)).rewards.tolist() == [[7.0], [0.0]]
    assert emp.from_gymnasium(TableEnv(table), terminal="as-given").rewards.tolist() == [[7.0], [5.0]]


@for_each("reward", [None, np.zeros(2), "much", math.inf, math.nan])
def test_rewards_that_are_no_numbers_are_named(reward):
    table = {0: {0: [(1.0, 0, reward, False)], 1: [(1.0, 0, 2.0, False)]}}
    with pytest.warns(
        UserWarning, match="the table of TableEnv has rewards that are no finite numbers: the model has"
    ):
        assert emp.from_gymnasium(TableEnv(table)).rewards is None


def test_names_of_actions_are_those_of_the_documentation():
    """Each name is checked by what the action does."""
    cliff, taxi = emp.from_gymnasium("CliffWalking-v1"), emp.from_gymnasium("Taxi-v4")
    moves = dict(zip(cliff.actions, cliff.successors[13], strict=True))  # the second cell of the second row
    assert moves == {"up": 1, "right": 14, "down": 25, "left": 12}
    lake = emp.from_gymnasium(gymnasium.make("FrozenLake-v1", is_slippery=False, desc=["SFF", "FFF", "FFG"]))
    assert dict(zip(lake.actions, lake.successors[4], strict=True)) == {"left": 3, "down": 7, "right": 5, "up": 1}
    core = gymnasium.make("Taxi-v4").unwrapped
    after = dict(zip(taxi.actions, taxi.successors[core.encode(2, 2, 0, 1)], strict=True))  # in the middle
    places = {"south": (3, 2), "north": (1, 2), "east": (2, 3), "west": (2, 1), "pickup": (2, 2), "dropoff": (2, 2)}
    assert after == {name: core.encode(*place, 0, 1) for name, place in places.items()}
    assert taxi.successors[core.encode(0, 0, 0, 1), taxi.actions.index("pickup")] == core.encode(0, 0, 4, 1)


def test_labels_of_actions_that_are_given_win():
    own = emp.from_gymnasium("CliffWalking-v1", actions="nesw")
    assert own.actions == ("n", "e", "s", "w")
    assert emp.from_gymnasium("CliffWalking-v1", actions=range(4)).actions == (0, 1, 2, 3)
    table = {0: {"a": [(1.0, 0, 0, False)], "b": [(1.0, 0, 0, False)]}}
    assert emp.from_gymnasium(TableEnv(table)).actions == ("a", "b")
    assert emp.from_gymnasium(TableEnv(ROUND), actions=["stay", "on"]).actions == ("stay", "on")
    for env in (TableEnv(table), TableEnv(ROUND)):
        with pytest.raises(ValueError, match="actions has 1 labels, expected 2"):
            emp.from_gymnasium(env, actions=["a"])


class Told(TableEnv):
    """An environment with two actions and names for them, told in one of the two usual ways."""

    def __init__(self, names):
        super().__init__({0: {0: [(1.0, 0, 0, False)], 1: [(1.0, 1, 0, False)]}, 1: {0: [(1.0, 1, 0, False)]}})
        if isinstance(names, type):
            self.actions = names
        else:
            self.get_action_meanings = lambda: names


class Keys(IntEnum):
    press, wait = 1, 0


@for_each(
    ("names", "expected"),
    [
        (["NOOP", "FIRE"], ("NOOP", "FIRE")),
        (["NOOP", "FIRE", "LEFT"], ("NOOP", "FIRE")),  # an environment may have a part of the actions of its kind
        (["NOOP"], (0, 1)),
        (["NOOP", "NOOP"], (0, 1)),
        (None, (0, 1)),
        (Keys, ("wait", "press")),
    ],
)
def test_names_of_actions_that_an_environment_tells(names, expected):
    assert emp.from_gymnasium(Told(names)).actions == expected


def test_a_class_made_of_a_known_one_has_numbers():
    """What its actions do nobody says."""

    class Turned(type(gymnasium.make("FrozenLake-v1").unwrapped)):
        pass

    assert emp.from_gymnasium(Turned()).actions == (0, 1, 2, 3)


# --- what is not read is named

LOOK_ON = {  # they check, count, limit, record or draw
    "PassiveEnvChecker", "OrderEnforcing", "TimeLimit", "Autoreset", "RecordEpisodeStatistics", "RenderCollection",
    "RecordVideo", "HumanRendering", "AddWhiteNoise", "ObstructView", "ArrayConversion", "JaxToNumpy", "JaxToTorch",
    "NumpyToTorch",
}  # fmt: skip
CHANGE = {"StickyAction": "actions", "RepeatAction": "steps", "ClipReward": "rewards", "NormalizeReward": "rewards",
          "TransformObservation": "observations", "MaxAndSkipObservation": "steps"}  # fmt: skip


def test_every_wrapper_of_gymnasium_looks_on_or_is_named():
    lake = gymnasium.make("FrozenLake-v1").unwrapped
    found = set()
    for name in gymnasium.wrappers.__all__:
        try:
            kind = getattr(gymnasium.wrappers, name)
        except (ImportError, AttributeError):  # what it converts to is not installed
            continue
        if not (isinstance(kind, type) and issubclass(kind, gymnasium.Wrapper)):
            continue
        wrapper = object.__new__(kind)  # its options do not matter
        wrapper.env = lake
        if name in LOOK_ON:
            emp.from_gymnasium(wrapper)
        else:
            what = CHANGE.get(name, "[a-z]+")
            with pytest.warns(
                UserWarning, match=rf"reads FrozenLake-v1 without its wrapper {name} \({what}\): what it"
            ):
                emp.from_gymnasium(wrapper)
        found.add(name)
    assert set(CHANGE) <= found
    assert len(found) > 30


def test_wrappers_that_are_not_read_are_named_in_one_warning():
    class Windy(gymnasium.Wrapper):
        def step(self, action):
            return self.env.step(self.action_space.sample())

    wrapped = Windy(gymnasium.wrappers.TransformReward(gymnasium.make("FrozenLake-v1"), abs))
    with pytest.warns(UserWarning, match="from_gymnasium reads") as caught:
        model = emp.from_gymnasium(wrapped)
    assert [str(warning.message).split(":")[0] for warning in caught] == [
        "from_gymnasium reads FrozenLake-v1 without its wrappers Windy (steps), TransformReward (rewards)"
    ]
    assert caught[0].filename == __file__
    assert np.array_equal(model.to_dense(), emp.from_gymnasium("FrozenLake-v1").to_dense())


def test_a_fickle_passenger_is_named_and_rain_is_read():
    with pytest.warns(UserWarning, match="the table of Taxi-v4 does not hold fickle_passenger=True"):
        emp.from_gymnasium(gymnasium.make("Taxi-v4", fickle_passenger=True))
    rainy = emp.from_gymnasium(gymnasium.make("Taxi-v4", is_rainy=True))
    assert not rainy.is_deterministic
    assert set(np.round(rainy.rows.data, 12)) <= {0.1, 0.2, 0.8, 0.9, 1.0}


def test_a_step_that_the_table_does_not_hold_is_named():
    class Gusty(type(gymnasium.make("FrozenLake-v1").unwrapped)):
        def step(self, action):
            return super().step(self.action_space.sample())

    with pytest.warns(
        UserWarning, match="Gusty has a step of its own, and the table of Gusty is that of FrozenLakeEnv"
    ):
        emp.from_gymnasium(Gusty())


def test_states_that_the_observations_do_not_tell_apart_are_named():
    hidden = TableEnv(ROUND, observation_space=gymnasium.spaces.Discrete(2))
    with pytest.warns(UserWarning, match="TableEnv has 2 observations of 3 states.* pass sensor= .* or make a POMDP"):
        emp.from_gymnasium(hidden)
    table = {0: {0: [(1.0, 0, 0, False)], 1: [(1.0, 1, 0, True)]}, 1: {}}  # an end that is never observed
    emp.from_gymnasium(TableEnv(table, observation_space=gymnasium.spaces.Discrete(1)))


# --- whatever stands in a table

JUNK = [
    0, -1, 7, 0.5, 1.0, 1e308, 10**400, math.nan, None, True, "", "a", b"x", (), [], {}, {1, 2}, 1j, int, object(),
    np.float32(1), np.zeros(2), np.eye(2), np.array(3), np.array([], dtype=object), sparse.eye(2), sparse.eye(3),
    lambda state: state, emp.End(0), emp.End([1]), (1.0, 0, 0.0, False), [(1.0, 0, 0.0, True)], {0: 1.0}, [0, 1.0, 0],
]  # fmt: skip


def test_a_table_with_anything_in_it_is_read_or_refused_with_a_sentence():
    rng = random.Random(5)
    read, sentences = 0, []
    for _ in range(600):
        table = {s: {a: [list(three_rooms(s, a)[0])] for a in range(2)} for s in range(3)}
        part, depth = table, rng.randrange(4)
        for _ in range(depth):
            part = part[rng.choice(list(part) if isinstance(part, dict) else range(len(part)))]
        part[rng.choice(list(part) if isinstance(part, dict) else range(len(part)))] = rng.choice(JUNK)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "the table of TableEnv has rewards that are no finite numbers")
            try:
                model = emp.from_gymnasium(TableEnv(table if rng.random() < 0.9 else part))
            except (TypeError, ValueError) as reason:
                sentences.append(str(reason))
                continue
        filled = model.available | model.is_terminal[:, None]
        np.testing.assert_allclose(model.to_dense().sum(axis=2), filled, rtol=0, atol=1e-9)
        read += 1
    assert read > 50
    assert len(sentences) > 200
    assert [sentence for sentence in sentences if "expected" not in sentence] == []  # all say what was wanted


def test_arguments_of_make_are_passed_on():
    lake = emp.from_gymnasium("FrozenLake-v1", map_name="8x8", is_slippery=False)
    assert (lake.n_states, lake.is_deterministic) == (64, True)
    again = emp.from_gymnasium(gymnasium.make("FrozenLake-v1", map_name="8x8", is_slippery=False))
    assert np.array_equal(lake.to_dense(), again.to_dense())
    assert emp.from_gymnasium("Taxi-v4", is_rainy=True).is_deterministic is False
    options = {"get_state": lambda env: int(env.s), "set_state": lambda env, state: setattr(env, "s", state)}
    explored = emp.from_step_function("FrozenLake-v1", is_slippery=False, **options)
    assert explored.is_deterministic
    sampled = emp.from_samples("FrozenLake-v1", n=2, is_slippery=False, **options)
    assert (np.diff(sampled.counts.indptr) <= 1).all()


@for_each(
    ("call", "error", "sentence"),
    [
        (
            lambda: emp.from_gymnasium("FrozenLake-v1", slippery=False),
            TypeError,
            "cannot make an environment 'FrozenLake-v1' with slippery=False: .*unexpected keyword",
        ),
        (
            lambda: emp.from_gymnasium("FrozenLake-v1", map_name="9x9"),
            ValueError,
            "cannot make an environment 'FrozenLake-v1' with map_name='9x9'",
        ),
        (
            lambda: emp.from_gymnasium(TableEnv({0: {0: {0: 1.0}}}), is_slippery=False),
            TypeError,
            "unexpected argument is_slippery=: it is no argument of this function, and gymnasium.make takes it",
        ),
        (lambda: emp.from_step_function(lambda s, a: s, 0, "a", sede=3), TypeError, "unexpected argument sede="),
        (lambda: emp.from_samples(lambda s, a: s, 0, ["a"], sede=3), TypeError, "unexpected argument sede="),
    ],
)
def test_arguments_that_nobody_takes_are_refused(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call()
