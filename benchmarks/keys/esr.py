"""A person among boxes who walks to a goal: effective empowerment, and a baseline beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

import empowerment as emp
from benchmarks.keys.answer import Answer, Figure, Score, draws, error_beside, number, rank
from benchmarks.keys.boxes import MOVES, SIZE, STAY, after_each_action, walked, while_boxes_stand

GOAL, DISCOUNT = (4, 4), 0.9
# The person: how often it moves at random, and by how much it prefers to stay.
NOISE, PREFERENCE = 0.2, 0.1
# The baseline: roll-outs of a state, their length, and the number of actions that they are drawn from.
ROLLOUTS, LENGTH, DRAWN_FROM = 20, 5, len(MOVES) * SIZE**2
# Steps after which the geometric time is cut: what is left is below the rounding of doubles.
STEPS = 350

# Effective empowerment and capacity after each action that frees the person in the corner, from an independent
# computation.
FREEING = {
    ((1, 1), (1, 0)): 0.045408,
    ((0, 2), (1, 0)): 0.044162,
    ((0, 1), (2, 0)): 0.044035,
    ((0, 1), (1, 1)): 0.043814,
}
CAPACITIES = 0.0610, 0.0633
RANKS_OF_EFFECTIVE = {"corner": 0.53, "corner-hard": 0.79}
RANKS_OF_BASELINE = {"corner": 0.95, "corner-hard": -0.16}


def world_of(case: str) -> emp.MDP:
    """Return the person's world beside an assistant who draws one of its 125 actions.

    All actions that change nothing are taken together as one, which has their probability.
    """
    grid = emp.worlds.boxed_in_grid(case, rules="by-cell", goal=GOAL)
    step, every = grid["step"], grid["actions"]["assistant"]
    moves = [move for cell, move in every if cell == every[0][0]]

    def changing(state: Any) -> list[Any]:
        named = [(box, move) for box in state.boxes for move in moves]
        return [action for action in named if step(state, {"assistant": action}) != state]

    def stepped(state: Any, chosen: dict[str, Any]) -> Any:
        return state if chosen.get("assistant") == "nothing" else step(state, chosen)

    def uniform(state: Any) -> dict[Any, float]:
        own = changing(state)
        return dict.fromkeys(own, 1 / len(every)) | {"nothing": 1 - len(own) / len(every)}

    actions = grid["actions"] | {"assistant": lambda state: [*changing(state), "nothing"]}
    world = emp.from_joint_step(**grid | {"step": stepped, "actions": actions}, check=False)
    return world.for_agent("person", {"assistant": uniform})


def greedy_person(states: Any) -> np.ndarray:
    """Return how likely the person takes each of its moves, shape (n_states, 5)."""
    cells = np.array([state.person for state in states])
    boxes = np.array([state.boxes for state in states])
    there = [walked(cells, boxes, np.full(len(cells), move)) for move in range(len(MOVES))]
    distance = np.linalg.norm(np.stack(there, axis=1) - np.array(GOAL), axis=2)
    distance[:, STAY] -= PREFERENCE
    policy = np.full(distance.shape, NOISE / len(MOVES))
    policy[np.arange(len(cells)), distance.argmin(axis=1)] += 1 - NOISE
    return policy


def later_rows(person: emp.MDP, policy: np.ndarray, starts: list[Any]) -> np.ndarray:
    """Return the distribution of the state at the geometric time after each action, (n_starts, n_actions, n_states).

    The series of powers is summed, because the factors of the sparse system are far from sparse in this world.
    """
    n_actions = person.n_actions
    weights = sparse.csr_array(
        (policy.reshape(-1), np.arange(policy.size), np.arange(0, policy.size + 1, n_actions)),
        shape=(person.n_states, policy.size),
    )
    backwards = sparse.csr_array((weights @ person.rows).T)
    numbers = [person.state_index(start) * n_actions + action for start in starts for action in range(n_actions)]
    now = np.asarray(person.rows[numbers].toarray()).T
    total, share = np.zeros_like(now), 1 - DISCOUNT
    for _ in range(STEPS):
        total += share * now
        now, share = np.asarray(backwards @ now), share * DISCOUNT
    return (total / total.sum(axis=0)).T.reshape(len(starts), n_actions, -1)


def states_after(case: str) -> list[Any]:
    """Return the states after the assistant's actions, each once, but for those with a box on the person."""
    after = dict.fromkeys(after_each_action(case, rules="by-cell", goal=GOAL))
    return [state for state in after if state.person not in state.boxes]


def figures_of_effective(case: str) -> tuple[list[Score], list[Figure]]:
    """Return what the person transmits after each action of the assistant."""
    states, person = states_after(case), world_of(case)
    policy = greedy_person(person.states)
    channels = [emp.Channel(rows, normalize=True) for rows in later_rows(person, policy, states)]
    found = np.array(
        [
            channel.mutual_information(policy[person.state_index(state)])
            for channel, state in zip(channels, states, strict=True)
        ]
    )
    exact = while_boxes_stand(states, 5)
    agreement = rank(found.round(9), exact.value)
    figures = [number(f"{case}: rank of effective empowerment with E5", agreement, RANKS_OF_EFFECTIVE[case], 0.005)]
    scores = [
        Score(f"{case}, boxes {state.boxes}, E5", "effective empowerment", (low, high), float(value), rank=agreement)
        for state, value, low, high in zip(states, found, exact.lower, exact.upper, strict=True)
    ]
    if case == "corner":
        known = [FREEING.get(state.boxes, 0.0) for state in states]
        for state, value, wanted in zip(states, found, known, strict=True):
            figures.append(number(f"{case}: effective empowerment, boxes {state.boxes}", value, wanted, 1e-6))
        free = [channel for channel, wanted in zip(channels, known, strict=True) if wanted]
        capacities = list(emp.channel_capacity(free))
        ends = min(each.lower for each in capacities), max(each.upper for each in capacities)
        figures.append(Figure(f"{case}: capacities of the freeing moves", ends, CAPACITIES, 5e-5))
        figures.append(number(f"{case}: states in all", person.n_states, 14_950, 0))
    return scores, figures


def baseline(states: list[Any], rng: np.random.Generator | None, drawn_from: int = DRAWN_FROM) -> np.ndarray:
    """Return the log of the variance of all coordinates of all roll-outs; without `rng` nobody moves."""
    values = []
    for state in states:
        person = np.tile(np.array(state.person), (ROLLOUTS, 1))
        boxes = np.tile(np.array(state.boxes), (ROLLOUTS, 1, 1))
        for _ in range(0 if rng is None else LENGTH):
            person = walked(person, boxes, rng.integers(drawn_from, size=ROLLOUTS))
        values.append(np.concatenate([person, boxes.reshape(ROLLOUTS, -1)], axis=1).var())
    return np.log(values)


def figures_of_baseline(case: str, n_seeds: int) -> tuple[list[Score], list[Figure]]:
    """Return how the baseline ranks the assistant's actions: as coded, with a person who moves, and with none."""
    states = states_after(case)
    exact = while_boxes_stand(states, 5)
    start = states.index(emp.worlds.boxed_in_grid(case)["initial"])
    ends = float(exact.lower[start]), float(exact.upper[start])
    runs = {
        "drawn from 125 actions, as coded": [baseline(states, np.random.default_rng(i)) for i in range(n_seeds)],
        "drawn from the person's five": [baseline(states, np.random.default_rng(i), 5) for i in range(n_seeds)],
        "while nobody moves": [baseline(states, None)],
    }
    ranks = {text: [rank(run.round(9), exact.value) for run in found] for text, found in runs.items()}
    world, means = f"{case}, start, E5", {text: float(np.mean(found)) for text, found in ranks.items()}
    scores = [
        Score(world, f"pooled variance, {text}", ends, float(np.mean(found, axis=0)[start]), means[text], unit="nats")
        for text, found in runs.items()
    ]
    coded = next(iter(ranks.values()))
    error = error_beside(coded, rounding=0.005)
    return scores, [
        draws(f"{case}: rank of the baseline with E5", float(np.mean(coded)), error, RANKS_OF_BASELINE[case])
    ]


VERDICT = """\
In the corner a person behind two boxes transmits exactly nothing, and some hundredths of a bit after any move that
frees it: the person goes on to its goal with noise, so that after a geometric time little is left of a single
action. That parts freeing moves from others, and hardly one freeing move from another: the four lie within two
thousandths of a bit, and in another order than the cells within reach (rank correlations 0.53 and, where the person
is free from the start, 0.79). It is the answer to another question, what this person does transmit and not what it
could do. The comparison with AvE in the same repository is a weak one, for two reasons that can be computed. The
random actions of the person are drawn from the 125 actions of the assistant, and an index beyond the person's five
counts as the last of them, so that the person stays with probability 121/125. And unless an option is set, the
variance is taken over roll-outs and coordinates together, those of the boxes among them: the order of the states
(0.96 and -0.16 with the person's reach) is nearly the one that results while nobody moves at all (1.00 and -0.16).
So it is no evidence against AvE. Overcooked was not attempted, because trained weights that it needs are missing."""


def answer(quick: bool) -> Answer:
    """Recompute effective empowerment and the baseline in the grid of Myers et al."""
    stays = float((np.minimum(np.arange(DRAWN_FROM), STAY) == STAY).mean())
    scores, figures = [], [number("baseline: how often the person stays", stays, 121 / 125, 1e-12)]
    for case in ("corner", "corner-hard"):
        parts = [figures_of_baseline(case, 6 if quick else 20)]
        parts += [] if quick else [figures_of_effective(case)]
        for of_scores, of_figures in parts:
            scores += of_scores
            figures += of_figures
    source = (
        "V. Myers, E. Ellis, S. Levine, B. Eysenbach and A. Dragan, Learning to Assist Humans without Inferring "
        "Rewards, 2024; its repository vivekmyers/empowerment_successor_representations. Known values: those of an "
        "independent computation."
    )
    return Answer("ESR: a person among boxes who walks to a goal", source, scores, figures, VERDICT)
