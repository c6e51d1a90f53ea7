"""Skills of deterministic worlds: walks that end in a cycle, and what recomputes the ends that they prove."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import sparse

from empowerment.actuation.kernels import actuation_kernels
from empowerment.actuation.occupancy.closed_form import upper_bound
from empowerment.actuation.occupancy.lassos import ENTRY_ERROR, Graph, LassoOracle, occupancies
from empowerment.actuation.occupancy.next_action import information
from empowerment.actuation.occupancy.walks import occupancies_of, policies_of

# A skill of less than this part of the largest probability is a trace of the solver's path, no part of the optimum.
_MIN_SHARE = 1e-4


@dataclass(frozen=True, eq=False)
class Walks:
    """Stored skills, those of one start after those of another.

    Attributes
    ----------
    states, actions : ndarray of int of shape (n_skills, longest)
        Numbers, then -1.
    repeats : ndarray of int of shape (n_skills,)
    weights : ndarray of shape (n_skills,)
        Probability of each skill.
    offsets : ndarray of int of shape (n_starts + 1,)
        Those of start i are the ones from ``offsets[i]`` up to ``offsets[i + 1]``.
    """

    states: np.ndarray
    actions: np.ndarray
    repeats: np.ndarray
    weights: np.ndarray
    offsets: np.ndarray

    def after(self) -> np.ndarray:
        """Return the state after each step, -1 after the end: the last step leads back into the walk."""
        each, last = np.arange(len(self.states)), (self.states >= 0).sum(axis=1) - 1
        after = np.column_stack([self.states[:, 1:], np.full(len(self.states), -1)])
        after[each, last] = self.states[each, self.repeats]
        return after

    def on(self, graph: Graph, n_states: int) -> np.ndarray:
        """Return the walks in the numbers of a graph, as :func:`occupancies` takes them."""
        local = np.zeros(n_states, dtype=int)
        local[graph.states] = np.arange(graph.states.size)  # of a start apart the number of later visits
        walks = np.full((self.weights.size, graph.states.size), -1)
        length = min(walks.shape[1], self.states.shape[1])
        walks[:, :length] = np.where(self.states >= 0, local[self.states], -1)[:, :length]
        walks[:, 0] = 0
        return np.column_stack([self.repeats, walks])

    def only(self, position: int) -> Walks:
        """Return those of one start."""
        own = slice(*self.offsets[position : position + 2])
        count = int(self.offsets[position + 1] - self.offsets[position])
        return Walks(self.states[own], self.actions[own], self.repeats[own], self.weights[own], np.array([0, count]))

    def visits(self) -> list[tuple[list[int], list[int], int | None]]:
        """Return for each skill the states in their order, the actions there, and where the walk repeats."""
        lengths, repeats = (self.states >= 0).sum(axis=1).tolist(), self.repeats.tolist()
        walks = zip(self.states.tolist(), self.actions.tolist(), repeats, lengths, strict=True)
        return [(states[:length], actions[:length], back) for states, actions, back, length in walks]

    def policies(self, n_states: int) -> np.ndarray:
        """Return the action of each skill in each state, -1 where it never is."""
        return policies_of(self.states, self.actions, n_states)

    def occupancies(self, n_states: int, discount: float, from_start: bool) -> np.ndarray:
        """Return the distribution of the state at time T for each skill."""
        return occupancies_of(self.states, self.repeats, n_states, discount, from_start)

    def most_probable(self) -> Walks:
        """Return those of one start that are no traces, the most probable first."""
        order = most_probable(self.weights)
        offsets = np.array([0, order.size])
        return Walks(self.states[order], self.actions[order], self.repeats[order], self.weights[order], offsets)


def most_probable(weights: np.ndarray) -> np.ndarray:
    """Return the numbers of the skills of one start that are no traces, the most probable first."""
    ranked = np.argsort(-weights, kind="stable")
    return np.asarray(ranked[weights[ranked] >= _MIN_SHARE * float(weights.max(initial=0.0))])


class Start(NamedTuple):
    """An initial state, and what can be reached from it.

    Attributes
    ----------
    number : int
    steps : csr_array of shape (n_states, n_states)
        The transitions that policies may take.
    later : ndarray of shape (n_states,)
        Fewest steps to each state, see :func:`.closed_form.later_distances`.
    """

    number: int
    steps: sparse.csr_array
    later: np.ndarray


def walk_ends(walks: Walks, start: Start, q: np.ndarray, discount: float, from_start: bool) -> tuple[float, float]:
    """Recompute both ends of one start in nats: the information of its walks, and the lassos by plain NumPy.

    Parameters
    ----------
    walks : Walks
        The skills of this start alone.
    start : Start
    q : ndarray of shape (n_states,)
        The output distribution that proves the upper end.
    discount : float
    from_start : bool
        Whether T begins with 0, or with 1.
    """
    if not walks.weights.size:
        return 0.0, 0.0
    graph = Graph.around(start.steps, start.number, start.later, apart=not from_start)
    scale = 1.0 if from_start else discount
    rows = occupancies(walks.on(graph, start.later.size), discount)
    value, error = information(rows, walks.weights / walks.weights.sum(), ENTRY_ERROR)
    priced = q[graph.states] if from_start else np.concatenate([[1.0 - scale], scale * q[graph.states[1:]]])
    oracle = LassoOracle(graph, discount, actuation_kernels("reference"))
    bound = float(upper_bound(start.later[None], discount, from_start)[0])
    return max((value - error) / scale, 0.0), min(oracle.price(priced, math.inf)[0] / scale, bound)
