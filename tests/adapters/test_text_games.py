"""Text games, explored by replays."""

import math
import shutil
from importlib.util import find_spec

import pytest

import empowerment as emp
from empowerment.adapters.text_games import started

plays = pytest.mark.skipif(
    not (find_spec("textworld_express") and shutil.which("java")), reason="needs textworld_express and Java"
)


class House:
    """A corridor of rooms with doors between them, which are seen from both sides; a lamp in the last one ends it."""

    def __init__(self, rooms=3, order=1):
        self.rooms, self.order, self.start = rooms, order, 0

    def reset(self, seed=None, start=None):
        self.start = self.start if start is None else start
        self.room, self.open, self.lit = self.start, [False] * (self.rooms - 1), False
        return "", self.infos()

    def step(self, action):
        assert action in self.infos()["validActions"]
        verb, _, place = action.partition(" ")
        if verb == "go":
            self.room += 1 if place == "on" else -1
        elif verb == "open":
            self.open[self.room if place == "next" else self.room - 1] = True
        else:
            self.lit = True
        return "", 0.0, False, self.infos()

    def infos(self):
        doors = self.open[max(self.room - 1, 0) : self.room + 1]
        valid = [] if self.room < self.rooms - 1 else ["light lamp"]
        if self.room > 0:
            valid.append("go back" if doors[0] else "open last")
        if self.room < self.rooms - 1:
            valid.append("go on" if doors[-1] else "open next")
        return {
            "look": f"You are in room {self.room}. The doors are open: {doors}.",
            "inventory": "nothing",
            "validActions": valid[:: self.order],
            "tasksuccess": self.lit,
        }


def look(infos, before):
    return infos["look"]


def test_a_house_is_explored_by_its_own_actions():
    model = emp.from_text_game(House(2))
    assert model.actions == ("open next", "go on", "go back", "light lamp")
    assert model.n_states == 5  # shut, open, the second room, back in the first one, and the end
    assert model.is_terminal.sum() == 1
    assert [int(row.sum()) for row in model.available[:3]] == [1, 1, 2]
    assert model.states[0] == ("You are in room 0. The doors are open: [False].", "nothing", ())
    assert model.states[2][2] == ("You are in room 0. The doors are open: [True].",)
    assert model.initial.tolist() == [1, 0, 0, 0, 0]
    assert emp.from_text_game(House(2, order=-1)).states == model.states  # whatever the order of the game's list


def test_what_is_out_of_sight_is_remembered_or_refused():
    model = emp.from_text_game(House(4), start=1)
    assert model.is_terminal.sum() == 3  # the first room may be shut, open, or known
    with pytest.raises(ValueError, match="does not hold everything that the next state depends on"):
        emp.from_text_game(House(4), start=1, state=look)
    assert emp.from_text_game(House(4), start=1, state=look, check=False).n_states < model.n_states


def test_actions_may_be_chosen():
    model = emp.from_text_game(House(3), actions=lambda valid: [name for name in valid if "lamp" not in name])
    assert not model.is_terminal.any()
    assert "light lamp" not in model.actions


def test_an_end_in_a_place_that_looks_as_before():
    model = emp.from_text_game(House(2), state=look)
    assert model.states[3] == ("ended", model.states[2])


def test_what_is_refused():
    for game, options, kind, message in (
        (House, {}, TypeError, "game is <class .*expected a game with reset and step"),
        (3, {}, TypeError, "game is 3, expected a game with reset and step"),
        (House(), {"max_states": 2}, ValueError, "found 3 states"),
        (House(), {"state": lambda infos, before: []}, TypeError, r"what state returns is \[\], expected a hashable"),
        (House(), {"state": "look"}, TypeError, "state is 'look', expected a function of what the game tells"),
    ):
        with pytest.raises(kind, match=message):
            emp.from_text_game(game, **options)

    class Silent(House):
        def step(self, action):
            return "", 0.0, False, {"look": "Dark."}

    with pytest.raises(TypeError, match="expected infos with the entries look, inventory, validActions"):
        emp.from_text_game(Silent())


def test_what_to_install_is_said(monkeypatch):
    monkeypatch.setattr("importlib.import_module", lambda name: (_ for _ in ()).throw(ImportError(name)))
    with pytest.raises(ImportError, match=r"playing 'coin' needs textworld_express; .*textworld-express>="):
        emp.from_text_game("coin")


# --- games of TextWorldExpress


@plays
def test_the_containers_of_a_kitchen():
    """Five containers are opened and shut: states are the sets of open ones, and n steps change up to n of them."""
    model = emp.from_text_game(
        "cookingworld",
        seed=3,
        gameParams="numLocations=1,numIngredients=1,numDistractorItems=0,includeDoors=0",
        actions=lambda valid: [name for name in valid if name.startswith(("open", "close"))],
    )
    containers = {name.partition(" ")[2] for name in model.actions}
    assert len(containers) == 5
    assert model.n_states == 2**5
    for n in (1, 2, 3):  # of the same parity as n
        sets = sum(math.comb(5, k) for k in range(n, -1, -2))
        assert float(emp.empowerment(model, n, states=model.states[0])) == pytest.approx(math.log2(sets), abs=1e-9)


@plays
def test_the_empowerment_of_a_room_by_all_its_sequences():
    """In three steps from the kitchen, every sequence of actions that the game accepts is played."""
    params = "numLocations=3,includeDoors=1,numDistractorItems=0"
    model = emp.from_text_game("coin", seed=3, gameParams=params)

    def played(game, sequence):
        _, infos = game.reset(seed=3)
        over = False
        for action in sequence:
            if not over and action not in infos["validActions"]:
                return None
            infos = infos if over else game.step(action)[-1]
            over = infos["tasksuccess"]
        return infos["look"], infos["inventory"], over

    found, sequences = {}, [()]
    with started("coin", {"gameParams": params}) as (game, first):
        game.reset(seed=3, **first)
        for horizon in (1, 2, 3):
            sequences = [(*start, action) for start in sequences for action in model.actions]
            ends = {sequence: played(game, sequence) for sequence in sequences}
            sequences = [sequence for sequence, end in ends.items() if end is not None]
            found[horizon] = len({end for end in ends.values() if end is not None})

    def shown(state):
        label = state[1] if state[0] == "ended" else state
        return label[0], label[1], bool(model.is_terminal[model.state_index(state)])

    for horizon, count in found.items():
        bits = emp.empowerment(model, horizon, states=model.states[0], sensor=shown)
        assert float(bits) == pytest.approx(math.log2(count), abs=1e-9)
    assert list(found.values()) == sorted(found.values())
    assert found[1] > 1


@plays
def test_a_name_that_is_no_game():
    with pytest.raises(ValueError, match=r"unknown game 'coins'; .*did you mean 'coin'"):
        emp.from_text_game("coins")
