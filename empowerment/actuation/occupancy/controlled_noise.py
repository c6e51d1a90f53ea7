"""Upper ends of a stochastic world from the one whose noise the agent controls.

An agent that chooses among all possible outcomes of its actions can do all that a policy does, by dice of its own.
That world is deterministic, and its empowerment over skills is computed exactly.
"""

from __future__ import annotations

import math

import numpy as np

from empowerment.actuation.kernels import actuation_kernels
from empowerment.actuation.occupancy.closed_form import lasting_steps, later_distances, upper_bound
from empowerment.actuation.occupancy.lassos import Graph, LassoOracle, solve_lassos
from empowerment.capacity.options import SolverOptions
from empowerment.models.mdp import MDP


def distance_bound(model: MDP, start: np.ndarray, discount: float, include_start: bool) -> float:
    """Bound the capacity by distances, in nats.

    Policies are chosen without knowledge of the initial state, so that the capacity is at most the mean of those from
    each initial state.
    """
    initial = np.flatnonzero(start)
    later = later_distances(lasting_steps(model), initial, again=not include_start)
    each = upper_bound(later, discount, include_start)
    return float(start[initial] @ each) * (1.0 + 4.0 * initial.size * float(np.finfo(float).eps))


def controlled_bound(
    model: MDP, start: int, discount: float, include_start: bool, options: SolverOptions
) -> tuple[float, np.ndarray]:
    """Return an upper end in nats, and the distribution over states of the model that proves it."""
    graph, later = _graph(model, start, include_start)
    found = solve_lassos(graph, discount, options, actuation_kernels(options.backend))
    part = slice(None) if include_start else slice(1, None)
    q = np.zeros(later.size)
    q[graph.states[part]] = found.q[part] / found.q[part].sum()
    return found.upper / (1.0 if include_start else discount), q


def bound_of(model: MDP, start: np.ndarray, discount: float, include_start: bool, q: np.ndarray) -> float:
    """Return the upper end that a distribution proves, by the kernel in plain NumPy."""
    graph, _ = _graph(model, int(np.flatnonzero(start)[0]), include_start)
    scale = 1.0 if include_start else discount
    own = q[graph.states] if include_start else np.concatenate([[1.0 - scale], scale * q[graph.states[1:]]])
    return LassoOracle(graph, discount, actuation_kernels("reference")).price(own, math.inf)[0] / scale


def _graph(model: MDP, start: int, include_start: bool) -> tuple[Graph, np.ndarray]:
    steps = lasting_steps(model)
    later = later_distances(steps, np.array([start]), again=not include_start)[0]
    return Graph.around(steps, start, later, apart=not include_start), later
