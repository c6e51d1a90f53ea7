"""Vectors of Gymnasium environments, played and counted."""

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp

gymnasium = pytest.importorskip("gymnasium")
from gymnasium.vector import AutoresetMode, SyncVectorEnv  # noqa: E402

MODES = list(AutoresetMode)


class Corridor(gymnasium.Env):
    """Cells 0 to 4 and moves of one cell; 4 ends the episode, and each begins in 2."""

    action_space = gymnasium.spaces.Discrete(2, start=5)

    def __init__(self, observed="number"):
        self.observed = observed
        self.observation_space = {
            "number": gymnasium.spaces.Discrete(5),
            "array": gymnasium.spaces.Box(0, 4, (2,), int),
            "pair": gymnasium.spaces.Tuple([gymnasium.spaces.Discrete(5)] * 2),
            "dict": gymnasium.spaces.Dict({"cell": gymnasium.spaces.Discrete(5)}),
        }[observed]

    def seen(self):
        cell = self.cell
        forms = {"number": cell, "array": np.array([cell, cell]), "pair": (cell, cell), "dict": {"cell": cell}}
        return forms[self.observed]

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.cell = 2
        return self.seen(), {}

    def step(self, action):
        self.cell = max(self.cell + (1 if action == 6 else -1), 0)
        return self.seen(), 0.0, self.cell == 4, False, {}


def vector(mode, limit=None, observed="number", n=3):
    def one():
        return gymnasium.wrappers.TimeLimit(Corridor(observed), limit) if limit else Corridor(observed)

    return SyncVectorEnv([one] * n, autoreset_mode=mode)


def pairs(model):
    """Return what each action was seen to lead to."""
    found = {}
    for row, column in zip(*model.counts.nonzero(), strict=True):
        state, action = divmod(int(row), model.n_actions)
        found.setdefault((model.states[state], model.actions[action]), set()).add(model.states[column])
    return found


EXPECTED = {(cell, action): {max(cell - 1, 0) if action == 5 else cell + 1} for cell in range(4) for action in (5, 6)}


@for_each("limit", [None, 3, 1])
@for_each("mode", MODES)
def test_what_leads_to_the_next_episode_is_no_transition(mode, limit):
    model = emp.from_rollouts(vector(mode, limit), 600)
    reached = {place: to for place, to in EXPECTED.items() if limit is None or abs(place[0] - 2) < limit}
    assert pairs(model) == reached
    assert 600 <= model.counts.sum() < 603
    ends = [state for state, ended in zip(model.states, model.mean().is_terminal, strict=True) if ended]
    assert ends == ([4] if limit != 1 else [])


@for_each("mode", MODES)
def test_the_same_dice_are_counted_alike_in_every_mode(mode):
    """In the lake each row has the frequencies of the table, within five standard deviations."""
    lake = emp.from_gymnasium("FrozenLake-v1")
    envs = gymnasium.make_vec("FrozenLake-v1", 8, vector_kwargs={"autoreset_mode": mode})
    model = emp.from_rollouts(envs, 20_000, actions=lake.actions)
    truth = lake.rows.toarray()
    counts = np.zeros_like(truth)
    for (state, action), _ in pairs(model).items():
        row = model.states.index(state) * 4 + model.actions.index(action)
        counts[state * 4 + lake.actions.index(action), list(model.states)] = model.counts[[row]].toarray()[0]
    n = counts.sum(axis=1, keepdims=True)
    assert (np.abs(counts - n * truth) <= 5 * np.sqrt(n * truth * (1 - truth)) + 1e-9).all()
    assert sorted(np.array(model.states)[model.mean().is_terminal]) == [5, 7, 11, 12, 15]
    envs.close()


def test_an_id_is_made_and_closed(monkeypatch):
    closed = []
    monkeypatch.setattr(SyncVectorEnv, "close", lambda self, **options: closed.append(self))
    model = emp.from_rollouts("FrozenLake-v1", 50, num_envs=2, is_slippery=False)
    assert model.actions == ("left", "down", "right", "up")
    assert len(closed) == 1
    again = emp.from_rollouts("FrozenLake-v1", 50, num_envs=2, is_slippery=False)
    assert (again.counts != model.counts).nnz == 0
    with pytest.raises(ValueError, match="gymnasium cannot make an environment 'FrozenLak-v1'"):
        emp.from_rollouts("FrozenLak-v1")


def test_observations_of_other_kinds():
    for observed in ("array", "pair"):
        model = emp.from_rollouts(vector(MODES[0], observed=observed), 500)
        assert set(model.states) == {(cell, cell) for cell in range(5)}
    model = emp.from_rollouts(vector(MODES[0], observed="dict"), 500, state=lambda seen: int(seen["cell"]))
    assert model.states[0] == 2 or sorted(model.states) == list(model.states)
    blackjack = emp.from_rollouts("Blackjack-v1", 500)
    assert all(len(state) == 3 for state in blackjack.states if state[0] != "ended")
    assert blackjack.actions == ("stick", "hit")


def test_a_gymnasium_without_autoreset_modes(monkeypatch):
    envs = vector(MODES[0])
    monkeypatch.delattr("gymnasium.vector.AutoresetMode")
    with pytest.raises(ImportError, match=r'pip install "gymnasium>=1.1"'):
        emp.from_rollouts(envs)


def test_what_is_refused():
    silent = vector(MODES[0])
    silent.metadata = {}
    for arguments, kind, message in (
        ((Corridor(),), TypeError, "expected a vector of environments.*from_samples samples a single environment"),
        ((vector(MODES[0]), 0), ValueError, "steps is 0"),
        ((vector(MODES[0], observed="dict"),), TypeError, "an observation is a dict, .*pass state="),
        ((silent,), ValueError, "autoreset_mode None, expected one of .*NEXT_STEP, SAME_STEP, DISABLED"),
        ((gymnasium.make_vec("Pendulum-v1", 2),), ValueError, "expected a Discrete one"),
    ):
        with pytest.raises(kind, match=message):
            emp.from_rollouts(*arguments)
    with pytest.raises(TypeError, match=r"unexpected argument map_name="):
        emp.from_rollouts(vector(MODES[0]), map_name="8x8")
    with pytest.raises(TypeError, match="state is 3, expected a function of an observation"):
        emp.from_rollouts(vector(MODES[0]), state=3)
    with pytest.raises(TypeError, match="from_rollouts"):
        emp.from_samples(vector(MODES[0]))
