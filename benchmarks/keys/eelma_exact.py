"""Two worlds that stand in for those of EELMA, and what the next action tells in them, exactly."""

from __future__ import annotations

from typing import Any, NamedTuple

import networkx as nx
import numpy as np

import empowerment as emp
from benchmarks.keys.answer import Ends, Figure, Score, interval, number
from benchmarks.keys.eelma_estimators import STEPS, compared

START, GOAL = (0, 0, 0), (2, 2, 2)
_SIX_DIGITS = 6e-7


class Case(NamedTuple):
    """Effective empowerment in a world under a policy, and the capacity of the same rows.

    Attributes
    ----------
    name : str
    model : MDP
    policy : ndarray of shape (n_states, n_actions)
    discount : float
    start : hashable
        State that episodes begin in.
    effective : PolicyEmpowerment
    capacity : EmpowermentResult
    """

    name: str
    model: emp.MDP
    policy: np.ndarray
    discount: float
    start: Any
    effective: Any
    capacity: Any

    @property
    def rows(self) -> np.ndarray:
        """Distribution of the later state after each state and action."""
        return np.asarray(self.model.to_dense() @ emp.discounted_sensor(self.model, self.policy, self.discount))


def solved(name: str, model: emp.MDP, policy: np.ndarray, discount: float, start: Any, states: Any = None) -> Case:
    """Compute both quantities in all states, or those given."""
    effective = emp.effective_empowerment(model, policy, discount=discount, states=states)
    sensor = emp.discounted_sensor(model, policy, discount)
    capacity = emp.empowerment(model, 1, states=states, sensor=sensor)
    return Case(f"{name}, γ {discount:g}", model, policy, discount, start, effective, capacity)


def uniform(model: emp.MDP) -> np.ndarray:
    """Return the policy that draws each action with the same probability."""
    return np.full((model.n_states, model.n_actions), 1.0 / model.n_actions)


def hanoi(discount: float, chance: float = 1.0) -> Case:
    """Return the tower of three disks, with a policy that takes a random action with some probability.

    Otherwise it takes the shortest way to the last peg, and stays there.
    """
    model = emp.worlds.tower_of_hanoi()
    distances = nx.shortest_path_length(emp.to_networkx(model), target=GOAL)
    best = emp.greedy_policy(model, [-float(distances[state]) for state in model.states]).probabilities
    policy = chance * uniform(model) + (1.0 - chance) * best
    return solved("Hanoi of 3 disks", model, policy, discount, START)


def box(discount: float) -> Case:
    """Return a box on five by five cells, with the 600 states in which the person is not where the box is."""
    model = emp.worlds.box_pushing(5)
    apart = [(person, box) for person, box in model.states if person != box]
    return solved("box on 5 x 5 cells", model, uniform(model), discount, ((0, 0), (2, 2)), apart)


class Known(NamedTuple):
    """Exact values of an independent computation.

    Attributes
    ----------
    effective, capacity : (float, float)
        The least and the largest over states.
    mean, spread : (float, float)
        Mean and standard deviation of effective empowerment over states, each with the digits that it is known to.
    start : float
        Effective empowerment where episodes begin.
    """

    effective: Ends
    mean: tuple[float, float]
    spread: tuple[float, float] | None
    start: float
    capacity: Ends


HANOI = {
    0.5: Known((0.471051, 0.820222), (0.774791, 6e-7), (0.1076, 6e-5), 0.471051, (0.634459, 1.062961)),
    0.9: Known((0.056202, 0.200549), (0.156525, 6e-7), (0.0403, 6e-5), 0.056202, (0.079052, 0.359431)),
    0.95: Known((0.021492, 0.109214), (0.074750, 6e-7), (0.0249, 6e-5), 0.021492, (0.030215, 0.210592)),
}
BOX = {0.9: Known((0.081302, 0.675385), (0.219, 1e-3), None, 0.087630, (0.115533, 0.946345))}
GREEDY = {1.0: (0.1565, 0.1447), 0.5: (0.1253, 0.0544), 0.2: (0.0725, 0.0212), 0.1: (0.0452, 0.0126)}
"""Probability of a random action; means of all states, and of those visited in 50 steps."""
EXPERT_CAPACITY = 0.2186


def exact_figures(case: Case, known: Known) -> list[Figure]:
    """Return ends, mean, spread and start of a world beside known values."""
    effective, start = case.effective, case.effective.states.index(case.start)
    figures = [
        _range(f"{case.name}: effective empowerment, least and largest", effective, known.effective),
        number(f"{case.name}: its mean over states", effective.value.mean(), *known.mean),
        interval(
            f"{case.name}: at the start", effective.lower[start], effective.upper[start], known.start, _SIX_DIGITS
        ),
        _range(f"{case.name}: capacity of the same rows, least and largest", case.capacity, known.capacity),
    ]
    if known.spread is not None:
        name = f"{case.name}: standard deviation of effective empowerment over states"
        figures.append(number(name, effective.value.std(), *known.spread))
    return figures


def _range(quantity: str, result: Any, known: Ends) -> Figure:
    """Return the figure of the least and the largest value over states, with the outer ends of their intervals."""
    return Figure(quantity, (float(result.lower.min()), float(result.upper.max())), known, _SIX_DIGITS)


def greedy_figures() -> list[Figure]:
    """Return effective empowerment of policies that take the shortest way, but for some random actions."""
    figures = []
    for chance, (mean, visited) in GREEDY.items():
        case = hanoi(0.9, chance)
        name = f"{case.name}, a random action with probability {chance:g}: mean"
        figures.append(number(f"{name} over states", case.effective.value.mean(), mean, 6e-5))
        figures.append(number(f"{name} over {STEPS} steps from the start", mean_on_the_way(case), visited, 6e-5))
    sure = hanoi(0.9, 0.0)
    name, rounding = f"{sure.name}, no random action", float(sure.effective.upper.max())
    figures.append(interval(f"{name}: all states", sure.effective.lower.min(), rounding, 0.0, 1e-10))
    figures.append(number(f"{name}: mean capacity of the rows", sure.capacity.value.mean(), EXPERT_CAPACITY, 6e-5))
    return figures


def mean_on_the_way(case: Case) -> float:
    """Return the mean of effective empowerment over the states of the first 50 steps from the start."""
    step = np.einsum("sa,sat->st", case.policy, case.model.to_dense())
    visit, total = np.eye(case.model.n_states)[case.model.state_index(case.start)], 0.0
    for _ in range(STEPS):
        total += float(visit @ case.effective.value)
        visit = visit @ step
    return total / STEPS


def exact_scores(cases: list[Case]) -> list[Score]:
    """Return effective empowerment beside the capacity of the same rows, as means over states."""
    scores = []
    for case in cases:
        found = compared(case.effective.value, case.capacity)
        policy = "a policy without chance" if found.spearman is None else "a uniform policy"
        formula = f"effective empowerment of {policy}, beside the capacity of its rows"
        value = float(case.effective.value.mean())
        scores.append(Score(case.name, formula, mean_ends(case.capacity), value, found.spearman))
    return scores


def mean_ends(result: Any) -> Ends:
    """Return the interval of the mean over states."""
    return float(result.lower.mean()), float(result.upper.mean())


def weighted(case: Case) -> tuple[Score, list[Figure]]:
    """Return what weights γ^t / (1 - γ) of steps t = 0, 1, 2, ... make of the values on the way from the start."""
    discount, steps = case.discount, np.arange(1000)
    printed, meant = discount**steps / (1.0 - discount), (1.0 - discount) * discount**steps
    visits = emp.discounted_sensor(case.model, case.policy, discount)[case.model.state_index(case.start)]
    ends = float(visits @ case.effective.lower), float(visits @ case.effective.upper)
    value = float(printed.sum() * (visits @ case.effective.value))
    formula = "effective empowerment on the way from the start, steps weighted by γ^t / (1 - γ)"
    figures = [
        number(f"γ {discount:g}: sum of the weights γ^t / (1 - γ)", printed.sum(), (1.0 - discount) ** -2, 1e-9),
        number(f"γ {discount:g}: sum of the weights (1 - γ) γ^t", meant.sum(), 1.0, 1e-12),
    ]
    return Score(case.name, formula, ends, value), figures
