"""A person among boxes: what an assistant's count of states says of what the person can do."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

import empowerment as emp
from benchmarks.keys.answer import Answer, Figure, Score, draws, error_beside, interval, number, rank
from benchmarks.keys.boxes import MOVES, SIZE, after_each_action, moved, walked, while_boxes_stand

SEQUENCES, LENGTH, HORIZONS = 1000, 10, (1, 3, 5, 10)
# Runs behind the known means of draws, and what their two digits leave open.
KNOWN_RUNS, ROUNDING = 3, 0.005


class Known(NamedTuple):
    """What an independent computation gave in one case: exact values, then ranges and means of a few runs."""

    at_start: tuple[float, ...]
    best: float
    n_best: int
    count: tuple[float, float]
    assistant: tuple[float, float]
    rank_of_count: tuple[float, float] | float
    rank_of_variance: float
    picks_best: float


KNOWN = {
    "center": Known((0, 0, 0, 0), 3.8074, 4, (7.115, 7.189), (6.61, 6.67), (0.32, 0.72), -0.08, 1.0),
    "corner": Known((0, 0, 0, 0), 3.9069, 2, (5.679, 5.884), (5.10, 5.33), 0.80, 0.08, 0.0),
    "corner-hard": Known((1.5850, 2.5850, 3.9069, 4.5236), 4, 2, (5.799, 6.151), (5.24, 5.53), 0.70, 0.17, 1.0),
}


class Run(NamedTuple):
    """The scores of the states after each action of the assistant, each of shape (n_states,), in nats.

    Attributes
    ----------
    count : ndarray
        As described: log of the number of states at the ends of the assistant's sequences, and after a random move of
        the person from each.
    coded : ndarray
        The same with the person's move drawn as in the code.
    assistant : ndarray
        The count without the person's move.
    variance : ndarray
        Log of the variance of the numbers of the counted states, as coded.
    """

    count: np.ndarray
    coded: np.ndarray
    assistant: np.ndarray
    variance: np.ndarray


def numbers_of(person: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Return the numbers that the code gives to states: rows and columns as digits, those of the person first."""
    digits = np.concatenate([person[:, None], boxes], axis=1).reshape(len(boxes), -1)
    return np.asarray(digits @ SIZE ** np.arange(digits.shape[1]))


def ends_of_assistant(state: Any, rng: np.random.Generator) -> np.ndarray:
    """Return the boxes after each random sequence of the assistant, of shape (SEQUENCES, n_boxes, 2)."""
    boxes = np.tile(np.array(state.boxes), (SEQUENCES, 1, 1))
    every, persons = np.arange(SEQUENCES), np.tile(np.array(state.person), (SEQUENCES, 1, 1))
    for action in rng.integers(len(MOVES) * len(state.boxes), size=(LENGTH, SEQUENCES)):
        which, move = np.divmod(action, len(MOVES))
        others = np.concatenate([boxes, persons], axis=1)
        others[every, which] = -SIZE  # the box itself is in nobody's way
        boxes[every, which] = moved(boxes[every, which], MOVES[move], others)
    return boxes


def scored(state: Any, rng: np.random.Generator) -> tuple[float, float, float, float]:
    """Return the scores of one state, in the order of the fields of a run."""
    boxes = ends_of_assistant(state, rng)
    person = np.tile(np.array(state.person), (SEQUENCES, 1))
    ends = numbers_of(person, boxes)
    seen = []
    for n_actions in (len(MOVES), len(MOVES) * len(state.boxes)):
        there = walked(person, boxes, rng.integers(n_actions, size=SEQUENCES))
        seen.append(np.union1d(ends, numbers_of(there, boxes)))
    counts = [np.log(len(each)) for each in (*seen, np.unique(ends))]
    return counts[0], counts[1], counts[2], float(np.log(np.var(seen[1])))


def run_of(states: list[Any], seed: int) -> Run:
    """Return the scores of all states in one run."""
    rng = np.random.default_rng(seed)
    return Run(*np.array([scored(state, rng) for state in states]).T)


def range_of(quantity: str, runs: list[np.ndarray], known: tuple[float, float]) -> Figure:
    """Return the figure of the smallest and the largest score of a run, beside those of one run."""
    ends = [each.min() for each in runs], [each.max() for each in runs]
    error = max(error_beside(end) for end in ends)
    return Figure(quantity, (float(np.mean(ends[0])), float(np.mean(ends[1]))), known, 3 * error, sampled=True)


def of_case(case: str, n_seeds: int) -> tuple[list[Score], list[Figure]]:
    """Return the scores and figures of one case."""
    known, states = KNOWN[case], after_each_action(case)
    start = states[-1]  # the last action is that a box stays
    figures = []
    for horizon, value in zip(HORIZONS, known.at_start, strict=True):
        found = while_boxes_stand([start], horizon)
        ends = float(found.lower[0]), float(found.upper[0])
        figures.append(interval(f"{case}: person's E{horizon} at the start", *ends, value, 5e-5))
    exact = while_boxes_stand(states, 5)
    best = exact.value > exact.value.max() - 1e-6
    figures.append(number(f"{case}: best E5 after one action", exact.value.max(), known.best, 5e-5))
    figures.append(number(f"{case}: actions that give it, of {len(states)}", best.sum(), known.n_best, 0))
    runs = [run_of(states, seed) for seed in range(n_seeds)]
    figures.append(range_of(f"{case}: count over actions, nats", [run.count for run in runs], known.count))
    figures.append(range_of(f"{case}: its assistant's part, nats", [run.assistant for run in runs], known.assistant))
    ranks = {name: [rank(getattr(run, name), exact.value) for run in runs] for name in Run._fields}
    for name, value in (("count", known.rank_of_count), ("variance", known.rank_of_variance)):
        error = error_beside(ranks[name], KNOWN_RUNS, ROUNDING)
        figures.append(draws(f"{case}: rank of the {name} with E5", np.mean(ranks[name]), error, value))
    picks = [float(best[run.count.argmax()]) for run in runs]
    error = max(error_beside(picks, KNOWN_RUNS), 1 / n_seeds / 3)
    figures.append(
        draws(f"{case}: runs in which the count picks a best action", np.mean(picks), error, known.picks_best)
    )
    names = {
        "count": "count of states, one move of the person drawn from its five",
        "coded": "count of states, that move drawn as in the code",
        "assistant": "the part of the assistant in it",
        "variance": "variance of the numbers of these states",
    }
    at_start, world = (float(exact.lower[-1]), float(exact.upper[-1])), f"{case}, start, E5"
    means = {name: float(np.mean([getattr(run, name)[-1] for run in runs])) for name in names}
    return [
        Score(world, text, at_start, means[name], rank=float(np.mean(ranks[name])), unit="nats")
        for name, text in names.items()
    ], figures


def beside_chance(quick: bool) -> list[Figure]:
    """Return the person's empowerment in the corner while the assistant acts at random."""
    depth = 4 if quick else None
    world = emp.from_joint_step(**emp.worlds.boxed_in_grid("corner"), depth=depth, check=False)
    figures = [] if quick else [number("corner: states in all", world.n_states, 13_800, 0)]
    for horizon, value in enumerate((0, 0.218893, 0.454665, 0.712003), start=1):
        found = emp.transfer_empowerment(world, horizon, "person", "person", states=world.states[0])
        ends = float(found.lower[0]), float(found.upper[0])
        figures.append(interval(f"corner: person's E{horizon} beside a random assistant", *ends, value, 1e-6))
    return figures


VERDICT = """\
The score counts states of the whole grid, so that nine tenths of it, in nats, are the freedom of the assistant over
the boxes. In the middle and in the corner the person can do nothing at the start, and the score is seven and nearly
six nats. Nevertheless it tends to the right side, since a person who is free adds states: its order of the
assistant's actions agrees with the person's exact empowerment in part, with rank correlations of about 0.55, 0.8
and 0.7, and nearly always the action that it picks frees the person, in the corner mostly in the second-best way.
The variance of the numbers of states depends on how the states happen to be numbered, and tells next to nothing.
One detail of the published code weakens the count: the move of the person is drawn from the numbers of the
assistant's actions, and those beyond the first five leave the person where it is. Among four boxes the person then
moves in one of five draws at most, and the rank correlation falls to about 0.3. The publication reports times to a
goal and no information, so that there is no published number to check."""


def answer(quick: bool) -> Answer:
    """Recompute the scores of the grid of Du et al. beside the person's exact empowerment."""
    scores, figures = [], []
    for case in KNOWN:
        of_scores, of_figures = of_case(case, 6 if quick else 20)
        scores += of_scores
        figures += of_figures
    source = (
        "Y. Du, S. Tiomkin, E. Kıcıman, D. Polani, P. Abbeel and A. Dragan, AvE: Assistance via Empowerment, 2020, "
        "arXiv:2006.14796; its repository yuqingd/ave. Known values: an independent computation."
    )
    return Answer("AvE: a person among boxes", source, scores, figures + beside_chance(quick), VERDICT)
