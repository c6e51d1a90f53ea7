"""Directed information: an agent with feedback, and a receiver of all its observations.

An input is a policy tree, a map from observations to actions. There are too many trees to list, but for any output
distribution q the best one comes from backward induction over histories, because

    D(p_f || q) = sum over histories that agree with f of w log(w / q),   w = p(o^n || a^n),

is a sum of contributions of single nodes. It is an upper end for any q, and the pricing step of column generation:
a few trees are rows of a channel, and the best tree for its optimal q becomes one more row, until the ends meet.

Two other methods work on behaviour strategies, an action distribution at each node, instead of trees: the alternating
maximisation of Naiss and Permuter (2013), a soft version of the same induction, whose gap shrinks like one over the
number of sweeps, and a convex program in the sequence form of von Stengel (1996). Their final policy is certified in
the same way.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import sparse

from empowerment.actuation.feedback.history_tree import HistoryTree
from empowerment.actuation.open_loop.column_generation import Columns, generate
from empowerment.actuation.task import StateSolution, widened
from empowerment.capacity.convex import convex_library, solve_at_accuracies
from empowerment.capacity.options import SolverOptions
from empowerment.core import validate
from empowerment.models.pomdp import POMDP

METHODS = ("auto", "column-generation", "soft-dynamic-programming", "sequence-form")
_ROUNDS, _SWEEPS = 2000, 20_000
_INNER = 0.9
_ACCURACIES = (1e-12, 1e-10, 1e-8, 1e-6)


def directed_capacity(
    model: POMDP,
    belief: np.ndarray,
    horizon: int,
    *,
    options: SolverOptions,
    memory: float,
    method: str = "auto",
) -> StateSolution:
    """Compute the feedback capacity from actions to observations.

    It is the largest directed information ``I(A^n -> O^n)`` over policies that may depend on all past actions and
    observations. An action may be taken if it is available in every possible state. A policy is admissible if it
    never runs out of such actions while steps are left.

    Parameters
    ----------
    model : POMDP
    belief : ndarray of shape (n_states,)
        Initial belief of agent and receiver.
    horizon : int
    options : SolverOptions
        Tolerances in nats.
    memory : float
        Limit on the tree of histories, in bytes.
    method : {"auto", "column-generation", "soft-dynamic-programming", "sequence-form"}
        ``"auto"`` is column generation. ``"sequence-form"`` needs the extra ``convex``.

    Returns
    -------
    StateSolution
        In nats, with the error of rounding, and without sequences. Wider than the tolerance if the method stopped
        early.

    Raises
    ------
    MemoryError
        If there are too many histories: ``(n_actions * n_observations) ** horizon``.
    NoSequenceError
        If no policy is admissible.
    ValueError
        If the method is unknown.
    ImportError
        If the extra that the method needs is not installed.

    References
    ----------
    Permuter, Weissman and Goldsmith (2009), "Finite state channels with time-invariant deterministic feedback".
    Naiss and Permuter (2013), "Extension of the Blahut-Arimoto algorithm for maximizing directed information".
    von Stengel (1996), "Efficient computation of behavior strategies".
    """
    validate.one_of(method, METHODS, "method of directed_capacity")
    if not horizon:
        return StateSolution.without_sequences(0.0, 0.0, 0.0, 0)
    largest = horizon * math.log(model.n_observations)
    if method in ("auto", "column-generation") and largest <= options.tol and model.available.all():
        return StateSolution.without_sequences(0.0, 0.0, largest, horizon)  # within the tolerance already
    tree = HistoryTree(model, belief, horizon, memory)
    if method == "sequence-form":
        solution = _by_sequence_form(tree)
    elif method == "soft-dynamic-programming":
        solution = _by_soft_programming(tree, options)
    else:
        generated = generate(_Trees(tree), options.share(_INNER), _ROUNDS)
        solution = StateSolution.without_sequences(generated.value, generated.lower, generated.upper, horizon)
    return widened(solution, tree.relative_error)


class _Trees:
    """An oracle of all policy trees."""

    def __init__(self, tree: HistoryTree) -> None:
        self._tree = tree
        self._numbers: dict[bytes, int] = {}

    def first(self) -> Columns:
        size = self._tree.outcomes.size
        return self.price(np.full(size, 1 / size), -math.inf)[1]

    def price(self, q: np.ndarray, above: float) -> tuple[float, Columns]:
        """Return the largest divergence of any tree, and the best tree of each first action that exceeds `above`."""
        full_q = np.zeros(self._tree.n_outcomes)
        full_q[self._tree.outcomes] = q
        values, choices = self._tree.best_response(full_q)
        rows = np.empty((0, q.size))
        for action in np.flatnonzero(values > above):
            row = self._tree.row([np.array([action]), *choices[1:]])
            rows = np.concatenate([rows, row[None, self._tree.outcomes]])
        numbers = [self._numbers.setdefault(row.tobytes(), len(self._numbers)) for row in rows]
        return float(values.max()), Columns(rows, np.zeros(len(rows)), np.array(numbers, dtype=np.int64)[:, None])


def _certified(tree: HistoryTree, policy: list[np.ndarray]) -> tuple[StateSolution, np.ndarray]:
    """Return the directed information of a policy, the upper end that its output distribution q proves, and q."""
    played = tree.played(policy)
    q = tree.read(played)
    lost = (q <= 0) & np.isin(np.arange(q.size), tree.outcomes)
    if lost.any():
        q = (1 - 1e-13) * q + 1e-13 * lost / lost.sum()
    gains = tree.gains(q)
    value = float((played * np.where(played > 0, gains, 0.0)).sum())
    upper = float(tree.best_response(q)[0].max())
    lower = value - tree.rounding(value)
    return StateSolution.without_sequences(min(max(value, 0.0), upper), lower, upper, tree.horizon), q


def _by_soft_programming(tree: HistoryTree, options: SolverOptions) -> StateSolution:
    """Alternate between the output distribution of the policy and its soft best response to that distribution."""
    policy = tree.uniform_policy()
    best, upper = StateSolution.without_sequences(0.0, -math.inf, math.inf, tree.horizon), math.inf
    for _ in range(_SWEEPS):
        solution, q = _certified(tree, policy)
        upper = min(upper, solution.upper)
        best = max(best, solution, key=lambda each: each.lower)
        if upper - best.lower <= _INNER * options.width(best.lower):
            break
        policy = _soft_response(tree, policy, q)
    return best._replace(value=min(best.value, upper), upper=upper)


def _soft_response(tree: HistoryTree, policy: list[np.ndarray], q: np.ndarray) -> list[np.ndarray]:
    """Return the policy that weighs each action by its prior probability and the exponential of its value."""
    gains, policy_levels = tree.gains(q), []
    for step in reversed(range(tree.horizon)):
        mass = tree.masses[step][:, None]
        expected = np.divide(gains, mass, out=np.zeros_like(gains), where=mass > 0)
        with np.errstate(divide="ignore"):
            action_values = np.where(tree.allowed[step], np.log(policy[step]) + expected, -np.inf)
        highest = action_values.max(axis=1, keepdims=True)
        weights = np.exp(action_values - highest)
        total = weights.sum(axis=1, keepdims=True)
        policy_levels.append(weights / total)
        values = mass * (highest + np.log(total))
        gains = values.reshape(-1, tree.n_actions, tree.n_observations).sum(axis=2) if step else gains
    return policy_levels[::-1]


def _by_sequence_form(tree: HistoryTree) -> StateSolution:
    """Maximise the entropy of the observations minus that of the noise over realisation plans."""
    cvxpy = convex_library('method="sequence-form"')
    plans = [cvxpy.Variable(able.size, nonneg=True) for able in tree.allowed]
    constraints, before = [], np.ones(1)
    for able, mass, plan in zip(tree.allowed, tree.masses, plans, strict=True):
        # The actions of every possible history sum to the weight of the history, that of its actions so far.
        possible, used = np.flatnonzero(mass > 0), able & (mass > 0)[:, None]
        summing = sparse.kron(sparse.eye_array(len(able)), np.ones((1, tree.n_actions)), format="csr")[possible]
        constraints += [summing @ plan == before[possible], plan[np.flatnonzero(~used.reshape(-1))] == 0]
        spreading = sparse.kron(sparse.eye_array(able.size), np.ones((tree.n_observations, 1)), format="csr")
        before = spreading @ plan
    noise = tree.gains(np.ones(tree.n_outcomes)).reshape(-1)
    noise[~np.isfinite(noise)] = 0.0
    problem = cvxpy.Problem(
        cvxpy.Maximize(cvxpy.sum(cvxpy.entr(_reading(tree) @ plans[-1])) + noise @ plans[-1]),
        [constraint for constraint in constraints if constraint.size],
    )
    best = _certified(tree, tree.uniform_policy())[0]
    for status in solve_at_accuracies(problem, _ACCURACIES):
        if plans[-1].value is None:
            continue
        best = min(best, _certified(tree, _behaviour(tree, plans))[0], key=lambda each: each.upper - each.lower)
        if status == "optimal":
            break
    return best


def _reading(tree: HistoryTree) -> sparse.csr_array:
    """Return the matrix from realisation plans to the probabilities of the possible outcomes."""
    node, action, seen = np.nonzero(tree.weights)
    observed = np.zeros(len(tree.weights), dtype=np.int64)
    left, radix = np.arange(len(tree.weights)), 1
    for _ in range(tree.horizon - 1):
        left, last = np.divmod(left, tree.n_observations)
        observed, left, radix = observed + radix * last, left // tree.n_actions, radix * tree.n_observations
    outcome = np.searchsorted(tree.outcomes, observed[node] * tree.n_observations + seen)
    shape = (tree.outcomes.size, tree.allowed[-1].size)
    columns = node * tree.n_actions + action
    return sparse.csr_array((tree.weights[node, action, seen], (outcome, columns)), shape=shape)


def _behaviour(tree: HistoryTree, plans: list[Any]) -> list[np.ndarray]:
    """Return the behaviour strategy of a realisation plan, uniform at histories that the plan does not reach."""
    policy = []
    for plan, able, uniform in zip(plans, tree.allowed, tree.uniform_policy(), strict=True):
        shares = np.maximum(plan.value, 0.0).reshape(able.shape) * able
        total = shares.sum(axis=1, keepdims=True)
        policy.append(np.divide(shares, total, out=uniform, where=total > 1e-14))
    return policy
