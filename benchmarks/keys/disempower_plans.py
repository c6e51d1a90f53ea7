"""What an assistant of the Disempower-Grid makes of both persons, whatever it plans for.

Plans are of fifty steps, with the discount that was published, for the score of the state that each step leads to.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

import empowerment as emp
from benchmarks.keys.disempower_rules import Rules, States, Step, explored, standing
from benchmarks.keys.disempower_values import Values, values_of
from empowerment.worlds.successors import from_successors

HORIZON, DISCOUNT = 50, 0.99
_TOL = 1e-4  # plans that lose less in each step are tied: more than exact values are known to

OBJECTIVES: dict[str, Callable[[Values, np.ndarray], np.ndarray]] = {
    "user exact E3": lambda values, _: values.exact[0],
    "user C1": lambda values, _: values.first[0],
    "user U1": lambda values, _: values.uniform[0],
    "user MC10": lambda values, _: values.plug_in[:, 0],
    "user AvE": lambda values, _: values.variance[:, 0],
    "user DC": lambda values, _: values.visited[:, 0],
    "user EC": lambda values, _: values.visit_entropy[:, 0],
    "joint exact E3": lambda values, _: values.exact.sum(axis=0),
    "joint MC10": lambda values, _: values.plug_in.sum(axis=1),
    "least of both exact E3": lambda values, _: values.exact.min(axis=0),
    "minimax exact E3": lambda values, successors: minimax(values.exact, successors),
    "minimax MC10": lambda values, successors: np.array([minimax(each, successors) for each in values.plug_in]),
}
"""What is planned for: a value of each state, or one for each seed."""


class World(NamedTuple):
    """A world of the assistant, beside persons that do not choose.

    Attributes
    ----------
    rules : Rules
    codes : ndarray of int of shape (n_states,)
    successors : ndarray of int of shape (n_states, n_actions)
    start : int
        Number of the initial state.
    """

    rules: Rules
    codes: np.ndarray
    successors: np.ndarray
    start: int

    @classmethod
    def of(cls, rules: Rules, step: Step | None = None, most: float = math.inf) -> World:
        """Return the states within reach by a step function of codes; by default the persons stand still."""
        start = int(rules.states([rules.grid.initial]).packed()[0])
        codes, successors = explored(start, step or standing(rules), most)
        return cls(rules, codes, successors, int(np.searchsorted(codes, start)))

    def values(self, seeds: range) -> Values:
        """Return the scores of all states."""
        return values_of(self.rules, States.unpacked(self.codes, len(self.rules.grid.initial.boxes)), seeds)

    def ranges(self, objective: np.ndarray, exact: np.ndarray) -> np.ndarray:
        """Return the least and the largest mean empowerment of both persons over all optimal plans.

        Parameters
        ----------
        objective : ndarray of shape (n_states,)
        exact : ndarray of shape (2, n_states)

        Returns
        -------
        ndarray of shape (2, 2)
            For the user and the bystander the least and the largest.
        """
        n_states, n_actions = self.successors.shape
        model = from_successors(self.successors, states=range(n_states), actions=range(n_actions))
        measures = dict(zip(("user", "bystander"), exact, strict=True))
        plans = emp.optimal_plans(
            model, objective, HORIZON, self.start, measures=measures, discount=DISCOUNT, tol=_TOL, progress=False
        )
        return np.array([plans[name] for name in measures])

    def means(self, exact: np.ndarray, actions: list[int]) -> np.ndarray:
        """Return the mean empowerment of both persons if the assistant draws uniformly from some of its actions."""
        ahead = np.zeros_like(exact)
        for _ in range(HORIZON):
            ahead = (exact + ahead)[:, self.successors[:, actions]].mean(axis=2)
        return ahead[:, self.start] / HORIZON

    def random(self, exact: np.ndarray) -> np.ndarray:
        """Return the means beside an assistant that acts at random."""
        return self.means(exact, list(range(len(self.rules.actions))))

    def idle(self, exact: np.ndarray) -> np.ndarray:
        """Return the means beside an assistant that does nothing."""
        return self.means(exact, [self.rules.actions.index("idle")])


def minimax(values: np.ndarray, successors: np.ndarray) -> np.ndarray:
    """Return minus the regret of the person who loses most by the action that is best in this respect.

    The regret of a person for an action is how much more than after this one its value is after the best one. So the
    score is about the actions that a state offers, and not about the one that led to it.
    """
    after = values[:, successors]
    regret = after.max(axis=2, keepdims=True) - after
    return -regret.max(axis=0).min(axis=1)


def plan_table(world: World, values: Values, objectives: list[str]) -> dict[str, np.ndarray]:
    """Return for each objective the ranges over all optimal plans, of shape (n_seeds, 2, 2).

    The first axis has a single place where nothing is drawn.
    """
    table = {}
    for name in objectives:
        found = np.atleast_2d(OBJECTIVES[name](values, world.successors))
        table[name] = np.array([world.ranges(objective, values.exact) for objective in found])
    return table
