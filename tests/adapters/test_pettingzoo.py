"""One agent's view of environments of several agents."""

import random
from functools import cache
from types import MappingProxyType

import pytest
from helpers import for_each

import empowerment as emp

pettingzoo = pytest.importorskip("pettingzoo")
from gymnasium.spaces import Discrete  # noqa: E402 (which comes with it)


class Dial(pettingzoo.ParallelEnv):
    """Each agent turns one dial by 0 or 1; at `last` the episode of the second one ends, and with it that of all."""

    metadata = MappingProxyType({"name": "dial"})

    def __init__(self, names=("you", "other"), size=3, last=None):
        self.possible_agents, self.size, self.last = list(names), size, last

    def observation_space(self, agent):
        return Discrete(self.size)

    def action_space(self, agent):
        return Discrete(2)

    def reset(self, seed=None, options=None):
        self.agents, self.value = list(self.possible_agents), 0
        return dict.fromkeys(self.agents, 0), {name: {} for name in self.agents}

    def step(self, actions):
        names = list(self.agents)
        self.value = (self.value + sum(actions.values())) % self.size
        ended = self.value == self.last
        self.agents = [] if ended else names
        return (
            dict.fromkeys(names, self.value),
            dict.fromkeys(names, 1.0),
            dict.fromkeys(names, ended),
            dict.fromkeys(names, False),
            {name: {} for name in names},
        )


class Nim(pettingzoo.AECEnv):
    """Who takes the last of some matches wins; a turn takes one or two of them."""

    metadata = MappingProxyType({"name": "nim"})

    def __init__(self, matches=3, in_infos=False):
        super().__init__()
        self.possible_agents, self.matches, self.in_infos = ["first", "second"], matches, in_infos

    def observation_space(self, agent):
        return Discrete(self.matches + 1)

    def action_space(self, agent):
        return Discrete(2, start=1)

    def reset(self, seed=None, options=None):
        self.left, self.agents = self.matches, list(self.possible_agents)
        self.rewards = self._cumulative_rewards = dict.fromkeys(self.agents, 0)
        self.terminations = dict.fromkeys(self.agents, False)
        self.truncations = dict.fromkeys(self.agents, False)
        self.infos = (
            {name: self.mask() for name in self.agents} if self.in_infos else {name: {} for name in self.agents}
        )
        self.agent_selection = "first"

    def mask(self):
        return {"action_mask": [self.left >= 1, self.left >= 2]}

    def observe(self, agent):
        return {"observation": self.left} | ({} if self.in_infos else self.mask())

    def step(self, action):
        mover = self.agent_selection
        if self.terminations[mover]:
            return self._was_dead_step(action)
        assert 1 <= action <= self.left
        self.left -= action
        self.rewards = {name: self.left == 0 and name == mover for name in self.agents}
        self.terminations = dict.fromkeys(self.agents, self.left == 0)
        self._accumulate_rewards()
        if self.in_infos:
            self.infos = {name: self.mask() for name in self.agents}
        self.agent_selection = "second" if mover == "first" else "first"


def value(env):
    return env.value


def left(env):
    return env.left


def rows(model):
    """Return what each action leads to, by labels."""
    dense = model.to_dense()
    return {
        (state, action): {to: float(dense[i, j, k]) for k, to in enumerate(model.states) if dense[i, j, k] > 0}
        for i, state in enumerate(model.states)
        for j, action in enumerate(model.actions)
        if model.available[i, j] and not model.is_terminal[i]
    }


@for_each(
    ("others", "stay"),
    [
        ("uniform", [0.5, 0.5, 0.5]),
        ({"other": [0.25, 0.75]}, [0.25, 0.25, 0.25]),
        ({"other": {1: 1.0}}, [0, 0, 0]),
        (lambda name, seen: [1, 0] if seen == 2 else [0.1, 0.9], [0.1, 0.1, 1]),
        ({"other": lambda name, seen: {0: seen / 2, 1: 1 - seen / 2}}, [0, 0.5, 1]),
    ],
)
def test_a_parallel_environment(others, stay):
    model = emp.from_pettingzoo(Dial(), "you", others=others, get_state=value)
    for state, chance in enumerate(stay):
        for action in (0, 1):
            expected = {(state + action) % 3: chance, (state + action + 1) % 3: 1 - chance}
            assert rows(model)[state, action] == pytest.approx({to: p for to, p in expected.items() if p})
    assert model.initial.tolist() == [1, 0, 0]


def test_three_agents_at_once():
    model = emp.from_pettingzoo(
        Dial(("a", "b", "c"), size=4), "b", get_state=value, others={"a": "uniform", "c": [0.9, 0.1]}
    )
    assert rows(model)[0, 1] == pytest.approx({1: 0.45, 2: 0.5, 3: 0.05})
    assert rows(model)[0, 0] == pytest.approx({0: 0.45, 1: 0.5, 2: 0.05})


def test_the_end_of_a_parallel_episode():
    model = emp.from_pettingzoo(Dial(size=5, last=3), "you", get_state=value)
    assert [state for state, ended in zip(model.states, model.is_terminal, strict=True) if ended] == [3]
    assert rows(model)[2, 0] == {2: 0.5, 3: 0.5}
    assert rows(model)[2, 1] == {3: 0.5, 4: 0.5}


def test_states_have_numbers_without_a_function():
    model = emp.from_pettingzoo(Dial(), "you", actions={1: "turn", 0: "wait"})
    assert (model.n_states, model.actions) == (3, ("turn", "wait"))
    named = emp.from_pettingzoo(Dial(), "you", get_state=value, actions={1: "turn", 0: "wait"})
    assert (model.to_dense() == named.to_dense()).all()


@for_each("in_infos", [False, True])
def test_a_turn_based_environment(in_infos):
    first = emp.from_pettingzoo(Nim(in_infos=in_infos), "first", get_state=left)
    assert rows(first) == {(3, 1): {1: 0.5, 0: 0.5}, (3, 2): {0: 1}, (1, 1): {0: 1}}
    assert first.initial.tolist() == [1, 0, 0]
    second = emp.from_pettingzoo(Nim(in_infos=in_infos), "second", get_state=left)
    assert rows(second) == {(2, 1): {0: 1}, (2, 2): {0: 1}, (1, 1): {0: 1}}
    assert dict(zip(second.states, second.initial.tolist(), strict=True)) == {2: 0.5, 1: 0.5, 0: 0}


@cache
def won(left):
    """Return the probability to take the last match against one who takes one or two at random."""
    return max((1 if left == own else against(left - own)) for own in (1, 2) if own <= left)


def against(left):
    """Return the same where the other one has its turn."""
    moves = [own for own in (1, 2) if own <= left]
    return sum(0 if left == own else won(left - own) for own in moves) / len(moves)


def test_a_longer_game_by_an_independent_recursion():
    def label(env):
        return env.left, env.left == 0 and env.agent_selection == "second"  # who took the last one

    model = emp.from_pettingzoo(Nim(9), "first", get_state=label)
    worth = {state: float(state[1]) for state in model.states}
    for _ in range(9):
        for (state, action), outcome in rows(model).items():
            gain = sum(p * worth[to] for to, p in outcome.items())
            worth[state] = max(worth[state], gain)
            del action
    assert worth[9, False] == pytest.approx(won(9))


# --- environments of PettingZoo


def lines(board):
    cells = [board[i : i + 3] for i in (0, 3, 6)] + [board[i::3] for i in range(3)] + [board[::4], board[2:7:2]]
    return {line[0] for line in cells if line[0] and len(set(line)) == 1}


def over(board):
    return bool(lines(board)) or all(board)


def placed(board, cell, player):
    return (*board[:cell], player, *board[cell + 1 :])


def independent(choose):
    """Return what each move of the first player leads to in tic-tac-toe, by recursion over boards."""
    table, pending = {}, [(0,) * 9]
    for board in pending:
        for cell in (cell for cell in range(9) if not board[cell]):
            after = placed(board, cell, 1)
            free = choose([other for other in range(9) if not after[other]])
            table[board, cell] = (
                {after: 1.0} if over(after) else {placed(after, other, 2): 1 / len(free) for other in free}
            )
            new = [to for to in table[board, cell] if not over(to)]
            pending += [to for to in new if to not in {known for known, _ in table} and to not in pending]
    return table


def squares(env):
    return tuple(env.board.squares)


def first_legal(name, seen):
    return {int(seen["action_mask"].argmax()): 1.0}


def test_tic_tac_toe_against_who_takes_the_first_free_cell():
    game = pytest.importorskip("pettingzoo.classic.tictactoe.tictactoe")
    model = emp.from_pettingzoo(game.env(), "player_1", others=first_legal, get_state=squares)
    assert rows(model) == independent(lambda free: free[:1])
    assert float(emp.empowerment(model, 1, states=(0,) * 9)) == pytest.approx(3.169925)
    numbered = emp.from_pettingzoo(game.env(), "player_1", others=first_legal, check=False)
    assert numbered.n_states == model.n_states


@pytest.mark.slow
def test_tic_tac_toe_against_chance():
    game = pytest.importorskip("pettingzoo.classic.tictactoe.tictactoe")
    model = emp.from_pettingzoo(game.env(), "player_1", get_state=squares, check=False)
    expected = independent(list)
    found = rows(model)
    assert found.keys() == expected.keys()
    assert all(found[place] == pytest.approx(expected[place]) for place in expected)


def test_rock_paper_scissors_in_both_forms():
    game = pytest.importorskip("pettingzoo.classic.rps.rps")
    turns = emp.from_pettingzoo(game.env(max_cycles=1), "player_0", check=False)
    assert turns.n_states == 10
    with pytest.warns(UserWarning, match="as the turn-based environment that was made parallel"):
        both = emp.from_pettingzoo(game.parallel_env(max_cycles=1), "player_0", check=False)
    assert (turns.to_dense() == both.to_dense()).all()
    for n in (1, 2):
        assert float(emp.empowerment(turns, n, states=turns.states[0])) == pytest.approx(1.5849625)


# --- what is refused


class Dice(Dial):
    def step(self, actions):
        random.random()
        return super().step(actions)


@for_each(
    ("env", "agent", "options", "kind", "message"),
    [
        (Dial(), "me", {}, ValueError, r"unknown agent 'me'; the 2 agents are 'you', 'other'"),
        (Dial(), "you", {"others": {}}, ValueError, "others has no policy of agent 'other'"),
        (
            Dial(),
            "you",
            {"others": {"other": [1, 0], "x": [1]}},
            ValueError,
            "others has a policy of 'x', expected those",
        ),
        (Dial(), "you", {"others": {"you": [1, 0], "other": [1, 0]}}, ValueError, "others has a policy of 'you'"),
        (Dial(), "you", {"others": "random"}, TypeError, "others is 'random', expected 'uniform'"),
        (Dial(), "you", {"others": {"other": "greedy"}}, ValueError, r"others\['other'\] is 'greedy'"),
        (Dial(), "you", {"others": {"other": [1]}}, ValueError, "'other' gives 1 numbers, expected 2"),
        (
            Dial(),
            "you",
            {"others": {"other": [0.5, 0.6]}},
            ValueError,
            "policy that others gives 'other' sum to 1.1, expected 1",
        ),
        (Dial(), "you", {"others": {"other": {7: 1.0}}}, ValueError, "unknown action 7; the 2 actions are 0, 1"),
        (Dial(), "you", {"others": {"other": 3}}, TypeError, "'other' gives 3, expected probabilities"),
        (Dial(), "you", {"actions": [2]}, ValueError, "unknown action 2; the 2 actions are 0, 1"),
        (Dial(), "you", {"max_states": 2}, ValueError, "found 3 states"),
        (Dial(), "you", {"get_state": lambda env: 0}, None, None),
        (Dial(last=2), "you", {"get_state": lambda env: env.value // 2}, ValueError, "the same label 0 to states"),
        (
            Nim(),
            "first",
            {"others": {"second": [0, 1]}},
            ValueError,
            r"may take action 2, expected a legal one of \[1\]",
        ),
        (Dice(), "you", {}, ValueError, "dial draws random numbers in a step, expected none"),
        (object(), "you", {}, TypeError, "expected an environment of PettingZoo, turn-based or parallel"),
        (Dial, "you", {}, TypeError, "env is the class Dial, expected an environment"),
    ],
)
def test_what_is_refused(env, agent, options, kind, message):
    if kind is None:
        emp.from_pettingzoo(env, agent, **options)
        return
    with pytest.raises(kind, match=message):
        emp.from_pettingzoo(env, agent, **options)


def test_a_wrapper_of_ones_own_is_named():
    from pettingzoo.utils import BaseParallelWrapper

    class Slow(BaseParallelWrapper):
        pass

    with pytest.warns(UserWarning, match="from_pettingzoo reads dial without Slow around it"):
        emp.from_pettingzoo(Slow(Dial()), "you")
