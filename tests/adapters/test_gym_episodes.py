"""Ends of episodes: what a table says of them, and what stepping shows."""

import math

import numpy as np
import pytest

import empowerment as emp

gymnasium = pytest.importorskip("gymnasium")

LOG3 = math.log2(3)
BY_HAND = {"get_state": lambda env: env.s, "set_state": lambda env, s: setattr(env, "s", s)}


class Tabular(gymnasium.Env):
    """An environment that does what its deterministic table says; a reset leads to state 0."""

    def __init__(self, table):
        self.P = table
        self.observation_space = gymnasium.spaces.Discrete(len(table))
        self.action_space = gymnasium.spaces.Discrete(len(table[0]))
        self.resets = 0

    def reset(self, *, seed=None, options=None):
        self.s, self.resets = 0, self.resets + 1
        return np.int64(0), {}

    def step(self, action):
        [(_, self.s, reward, done)] = self.P[self.s][action]
        return self.s, reward, done, False, {}


def corridor():
    """Three cells; leaving the last one ends the episode, and the table then repeats the cell it ended in."""
    return Tabular(
        {
            0: {0: [(1.0, 0, 0.0, False)], 1: [(1.0, 1, 0.0, False)]},
            1: {0: [(1.0, 0, 0.0, False)], 1: [(1.0, 2, 0.0, False)]},
            2: {0: [(1.0, 1, 0.0, False)], 1: [(1.0, 2, 1.0, True)]},
        }
    )


def round_trip():
    """From home (0) out to 1 and 2 and, with the second action, back; coming home ends the day."""
    return Tabular(
        {
            0: {0: [(1.0, 1, 0.0, False)], 1: [(1.0, 2, 0.0, False)]},
            1: {0: [(1.0, 2, 0.0, False)], 1: [(1.0, 0, 1.0, True)]},
            2: {0: [(1.0, 2, 0.0, False)], 1: [(1.0, 0, 1.0, True)]},
        }
    )


def fatal_cliff():
    """CliffWalking whose falls end the episode; their entries name the start, 36."""
    core = gymnasium.make("CliffWalking-v1").unwrapped
    for choices in core.P.values():
        for action, entries in choices.items():
            choices[action] = [(p, t, r, done or r == -100) for p, t, r, done in entries]
    return core


def bits(model, states, horizon):
    return emp.empowerment(model, horizon, states=list(states)).value


def test_an_end_on_a_state_that_is_alive_is_an_outcome_of_its_own():
    """By hand: in cell 2 left leads to cell 1 and right to the end, which makes one bit; the end has none."""
    model = emp.from_gymnasium(corridor())
    assert model.states == (0, 1, 2, ("ended", 2))
    assert model.is_terminal.tolist() == [False, False, False, True]
    assert bits(model, model.states, 1).tolist() == [1, 1, 1, 0]
    assert bits(model, model.states, 2) == pytest.approx([LOG3, LOG3, LOG3, 0], abs=1e-12)
    explored = emp.from_step_function(corridor(), **BY_HAND)
    assert explored.states == model.states
    assert np.array_equal(explored.to_dense(), model.to_dense())


def test_falls_that_end_an_episode_on_its_start():
    """By hand: from 36 up leads to 24, right falls, down and left stay: three outcomes.

    Two steps from 24 lead to 0, 13, 24, 12, 26, 25 and, by 36 and 25, to 36 and a fall: eight.
    """
    cliff = fatal_cliff()
    model = emp.from_gymnasium(cliff)
    assert model.states == (*range(48), ("ended", 36))
    assert [model.states[i] for i in np.flatnonzero(model.is_terminal)] == [47, ("ended", 36)]
    assert float(emp.empowerment(model, 1, states=36)) == pytest.approx(LOG3, abs=1e-12)
    assert float(emp.empowerment(model, 2, states=24)) == pytest.approx(3.0, abs=1e-12)
    assert model.layout.cells[48] == model.layout.cells[36] == (3, 0)
    emp.empowerment(model, 1, states=list(range(48))).plot()


def test_states_that_only_ends_lead_to_stay_terminal():
    taxi = emp.from_gymnasium("Taxi-v4")
    assert taxi.states == tuple(range(500))
    assert np.flatnonzero(taxi.is_terminal).tolist() == [0, 85, 410, 475]


def test_as_given_ignores_ends_wherever_they_are():
    """Cell 2 of the corridor is a wall then: left leads to 1, right stays."""
    model = emp.from_gymnasium(corridor(), terminal="as-given")
    assert model.states == (0, 1, 2)
    assert not model.is_terminal.any()
    assert bits(model, [2], 2).tolist() == [LOG3]
    assert emp.from_gymnasium(fatal_cliff(), terminal="as-given").n_states == 48


def test_who_comes_home_in_the_end_began_there():
    """Home is reached with an end only, and is alive since episodes begin there; three things say so."""
    told = round_trip()
    told.initial_state_distrib = [1.0, 0.0, 0.0]
    for env, options in ((round_trip(), {}), (told, {}), (round_trip(), {"initial": 0})):
        model = emp.from_gymnasium(env, **options)
        assert model.states == (0, 1, 2, ("ended", 0))
        assert bits(model, [0, 1, 2], 1).tolist() == [1, 1, 1]
        assert env.resets == (0 if options or env is told else 1)  # only where nothing else says it
    assert emp.from_gymnasium(round_trip(), initial=[1, 2]).states == (0, 1, 2)


def test_where_nothing_tells_the_start_what_no_end_leads_to_may_be_one():
    class Bare:
        def __init__(self, table):
            self.P = table

    assert emp.from_gymnasium(Bare(corridor().P)).states == (0, 1, 2, ("ended", 2))
    goal = emp.from_gymnasium(Bare({0: {0: [(1.0, 1, 1.0, True)]}, 1: {0: [(1.0, 0, 0.0, False)]}}))
    assert goal.is_terminal.tolist() == [False, True]
    # Every state is one in which some episode ends: nothing tells a mere end, and an episode begins somewhere.
    pause = emp.from_gymnasium(Bare({0: {0: [(0.5, 0, 0.0, True), (0.5, 0, 0.0, False)], 1: [(1.0, 0, 0.0, False)]}}))
    assert pause.states == (0, ("ended", 0))
    z_channel = emp.channel_capacity([[0.5, 0.5], [1.0, 0.0]])
    assert float(emp.empowerment(pause, 1, states=0)) == pytest.approx(float(z_channel), abs=1e-8)


def test_what_initial_may_be():
    lake = gymnasium.make("FrozenLake-v1")
    assert emp.from_gymnasium(lake, initial=6).initial.tolist() == [float(s == 6) for s in range(16)]
    assert emp.from_gymnasium(lake, initial=[6, 0]).initial is None
    with pytest.raises(ValueError, match="unknown state 99; the 16 states are 0, 1"):
        emp.from_gymnasium(lake, initial=99)
    bad = corridor()
    bad.initial_state_distrib = [0.5, 0.4, 0.0]
    with pytest.raises(ValueError, match=r"initial_state_distrib of Tabular sums to 0\.9, expected 1"):
        emp.from_gymnasium(bad)
    assert emp.from_gymnasium(bad, normalize=True).initial == pytest.approx([5 / 9, 4 / 9, 0, 0], abs=1e-15)
    bad.initial_state_distrib = [1.0]
    with pytest.raises(
        ValueError, match=r"has shape \(1,\), expected one probability for each of the 3 states; initial="
    ):
        emp.from_gymnasium(bad)
    assert emp.from_gymnasium(bad, initial=0).initial.tolist() == [1, 0, 0, 0]


# --- both adapters on every tabular environment that is installed


def toy_environments():
    """Yield name and table of each of Gymnasium's environments that has one, in each of their variants."""
    variants = {
        "FrozenLake-v1": [{}, {"is_slippery": False}],
        "Taxi-v4": [{}, {"is_rainy": True}],
    }
    for name, spec in gymnasium.registry.items():
        if "toy_text" in str(spec.entry_point):
            for options in variants.get(name, [{}]):
                core = gymnasium.make(name, **options).unwrapped
                if hasattr(core, "P"):
                    yield f"{name} {options}", core


def classic_environments():
    """Yield name and environment of gym-classics; that of the cars is checked by hand, as it takes a minute."""
    gym_classics = pytest.importorskip("gym_classics")
    if gym_classics._backend is None:
        gym_classics.register("gymnasium")
    for entry in gym_classics._registry:
        if "JacksCarRental" not in entry["id"]:
            yield entry["id"], gymnasium.make(entry["id"]).unwrapped


def agreement(env, stepping, starts, horizons):
    """Compare what the table says with what an exploration of the same dynamics finds, in every state in reach."""
    read = emp.from_gymnasium(env)
    explored = emp.from_step_function(stepping, list(starts), list(range(env.action_space.n)), check=False)
    assert explored.n_states > 1
    assert set(explored.states) <= set(read.states)
    for horizon in horizons:
        some = 5 if horizon > 1 and explored.n_states > 100 and not explored.is_deterministic else 1
        states = list(explored.states[::some])  # rain makes the longer horizons of the taxi slow
        found, known = (emp.empowerment(model, horizon, states=states).value for model in (read, explored))
        assert found == pytest.approx(known, abs=1e-8)
    alive = [state for state, ended in zip(explored.states, explored.is_terminal, strict=True) if not ended]
    return read, alive


def test_both_adapters_agree_on_the_toys_of_gymnasium():
    seen = []
    for name, core in toy_environments():

        def step(state, action, table=core.P):
            return [(p, emp.End(t) if done else t) for p, t, _, done in table[state][action]]

        horizons = (1, 2, 3) if len(core.P) < 100 else (1, 2)
        agreement(core, step, np.flatnonzero(core.initial_state_distrib), horizons)
        seen.append(name.split()[0])
    assert {"FrozenLake-v1", "CliffWalking-v1", "CliffWalkingSlippery-v1", "Taxi-v4"} <= set(seen)


def test_both_adapters_agree_on_gym_classics():
    """Its ends repeat the state they happen in, which is alive nearly everywhere."""
    ended, grids, names = 0, 0, []
    for name, core in classic_environments():

        def step(state, action, core=core):
            chances = {}
            for after, _, done, p in core._generate_transitions(core.decode(state), action):
                node = emp.End(core.encode(after)) if done else core.encode(after)
                chances[node] = chances.get(node, 0.0) + p
            return chances

        read, alive = agreement(core, step, map(core.encode, core._starts), (1, 2))
        assert len(alive) == core.observation_space.n  # no state that is alive was taken for an end
        ended += int(read.is_terminal.sum())
        names.append(name)
        if read.actions == (
            "up",
            "right",
            "down",
            "left",
        ):  # as the environments' documentation says, rows from below
            cells = [core.decode(s) for s in range(core.observation_space.n)]
            inside = next(s for s, (x, y) in enumerate(cells) if x < 3 and {(x, y + 1), (x + 1, y)} <= set(cells))
            likely = read.to_dense()[inside].argmax(axis=1)
            x, y = cells[inside]
            assert [cells[likely[0]], cells[likely[1]]] == [(x, y + 1), (x + 1, y)]
            grids += 1
        if all(read.rows.data == 1.0):  # what happens is seen in one step: the environment itself, stepped
            stepped = emp.from_step_function(
                core,
                get_state=lambda env: env.encode(env.state),
                set_state=lambda env, s: setattr(env, "state", env.decode(s)),
            )
            found = emp.empowerment(read, 2, states=list(stepped.states))
            assert found.value.tolist() == emp.empowerment(stepped, 2).value.tolist()
    assert len(names) == 11
    assert ended > 20
    assert grids == 6


def test_a_walk_of_gym_classics_by_hand():
    """5Walk-v0: from either outermost cell one step leads inwards or to the end, which makes one bit."""
    for name, core in classic_environments():
        if name == "5Walk-v0":
            model = emp.from_gymnasium(core)
            assert (model.n_states, model.is_terminal.sum()) == (7, 2)
            assert bits(model, range(5), 1).tolist() == [1.0] * 5
            assert model.rewards[:5].sum() == 1.0  # for leaving to the right
            return
    raise AssertionError("gym-classics has no 5Walk-v0")
