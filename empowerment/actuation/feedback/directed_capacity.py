"""Actions that react to observations, read off by a receiver of the same observations.

An input is a policy tree: which action follows which observations. There are more of them than can be listed, but for
any output distribution q the best one is found by backward induction over histories, because

    D(p_f || q) = sum over histories that agree with f of w log(w / q),   w = p(o^n || a^n),

is a sum to which each node contributes by itself. That is an upper end for any q, and the price of column generation:
a few trees as rows of a channel, its optimal q, the best tree for that q as one more row, until the ends meet.

Two other ways lead to the same number, by behaviour at each node instead of whole trees: the alternating
maximisation of Naiss and Permuter (2013), a soft version of the same induction, whose ends meet like one over the
number of sweeps, and a convex program in the sequence form of von Stengel (1996). The policy they end with is
proved in the same way.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
import warnings
from typing import Any

import numpy as np
from scipy import sparse

from empowerment.actuation.feedback.history_tree import HistoryTree
from empowerment.actuation.open_loop.column_generation import Columns, generate
from empowerment.actuation.task import StateSolution, widened
from empowerment.capacity.options import SolverOptions
from empowerment.core import validate
from empowerment.models.pomdp import POMDP
from empowerment.runtime.optional import missing

METHODS = ("auto", "column-generation", "soft-dynamic-programming", "sequence-form")
_ROUNDS, _SWEEPS = 2000, 20_000
_INNER = 0.9
_CLARABEL_TOLERANCES = ("tol_gap_abs", "tol_gap_rel", "tol_feas")
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
    """Return what actions that react to observations tell a receiver of all these observations.

    The largest ``I(A^n -> O^n)``, the directed information, over policies that may depend on all past actions and
    observations. An action may be taken where every state that the agent then holds possible has it. A policy counts
    only if it is never without such an action while steps are left.

    Parameters
    ----------
    model : POMDP
    belief : ndarray of shape (n_states,)
        What the agent and the receiver know at first.
    horizon : int
    options : SolverOptions
        In nats.
    memory : float
        Bytes that the tree of histories may take.
    method : {"auto", "column-generation", "soft-dynamic-programming", "sequence-form"}
        ``"auto"`` is column generation. ``"sequence-form"`` needs the extra ``convex``.

    Returns
    -------
    StateSolution
        In nats, rounding allowed for; without sequences, because there are none. Wider than wanted where the method
        stopped short.

    Raises
    ------
    MemoryError
        If there are too many histories: ``(n_actions * n_observations) ** horizon``.
    NoSequenceError
        If every policy may be stuck before its last step.
    ValueError
        If the method is not known.
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
    most = horizon * math.log(model.n_observations)
    if method in ("auto", "column-generation") and most <= options.tol and model.available.all():
        return StateSolution.without_sequences(0.0, 0.0, most, horizon)  # no better answer was asked for
    tree = HistoryTree(model, belief, horizon, memory)
    if method == "sequence-form":
        found = _by_sequence_form(tree)
    elif method == "soft-dynamic-programming":
        found = _by_soft_programming(tree, options)
    else:
        solution = generate(_Trees(tree), options.share(_INNER), _ROUNDS)
        found = StateSolution.without_sequences(solution.value, solution.lower, solution.upper, horizon)
    return widened(found, tree.relative_error)


class _Trees:
    """The oracle of all policy trees."""

    def __init__(self, tree: HistoryTree) -> None:
        self._tree = tree
        self._numbers: dict[bytes, int] = {}

    def first(self) -> Columns:
        size = self._tree.outcomes.size
        return self.price(np.full(size, 1 / size), -math.inf)[1]

    def price(self, q: np.ndarray, above: float) -> tuple[float, Columns]:
        """Return the largest divergence of any tree, and the best tree of each first action that exceeds `above`."""
        whole = np.zeros(self._tree.n_outcomes)
        whole[self._tree.outcomes] = q
        values, choices = self._tree.best_response(whole)
        rows = np.empty((0, q.size))
        for action in np.flatnonzero(values > above):
            row = self._tree.row([np.array([action]), *choices[1:]])
            rows = np.concatenate([rows, row[None, self._tree.outcomes]])
        numbers = [self._numbers.setdefault(row.tobytes(), len(self._numbers)) for row in rows]
        return float(values.max()), Columns(rows, np.zeros(len(rows)), np.array(numbers, dtype=np.int64)[:, None])


def _proved(tree: HistoryTree, policy: list[np.ndarray]) -> tuple[StateSolution, np.ndarray]:
    """Return what a policy tells and the bound by its own q, and that q."""
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
    """Repeat: the q of the policy, then the policy that weighs each action by the exponential of what it gains."""
    policy = tree.uniform_policy()
    best, upper = StateSolution.without_sequences(0.0, -math.inf, math.inf, tree.horizon), math.inf
    for _ in range(_SWEEPS):
        ends, q = _proved(tree, policy)
        upper = min(upper, ends.upper)
        best = max(best, ends, key=lambda each: each.lower)
        if upper - best.lower <= _INNER * options.width(best.lower):
            break
        policy = _softened(tree, policy, q)
    return best._replace(value=min(best.value, upper), upper=upper)


def _softened(tree: HistoryTree, policy: list[np.ndarray], q: np.ndarray) -> list[np.ndarray]:
    gains, found = tree.gains(q), []
    for step in reversed(range(tree.horizon)):
        mass = tree.masses[step][:, None]
        expected = np.divide(gains, mass, out=np.zeros_like(gains), where=mass > 0)
        with np.errstate(divide="ignore"):
            worth = np.where(tree.allowed[step], np.log(policy[step]) + expected, -np.inf)
        highest = worth.max(axis=1, keepdims=True)
        weights = np.exp(worth - highest)
        total = weights.sum(axis=1, keepdims=True)
        found.append(weights / total)
        values = mass * (highest + np.log(total))
        gains = values.reshape(-1, tree.n_actions, tree.n_observations).sum(axis=2) if step else gains
    return found[::-1]


def has_convex() -> bool:
    """Return whether the extra ``convex`` is installed."""
    return all(importlib.util.find_spec(name) is not None for name in ("cvxpy", "clarabel"))


def _by_sequence_form(tree: HistoryTree) -> StateSolution:
    """Maximise the entropy of the observations less that of the noise over probabilities of sequences."""
    if not has_convex():
        raise missing('method="sequence-form"', "cvxpy", "clarabel")
    cvxpy: Any = importlib.import_module("cvxpy")
    plans = [cvxpy.Variable(able.size, nonneg=True) for able in tree.allowed]
    constraints, before = [], np.ones(1)
    for able, mass, plan in zip(tree.allowed, tree.masses, plans, strict=True):
        # Every history that can happen has its actions shared out; it is as probable as its actions so far.
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
    best = _proved(tree, tree.uniform_policy())[0]
    for accuracy in _ACCURACIES:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that it may be inaccurate: the proof will tell
            try:
                problem.solve(solver=cvxpy.CLARABEL, **dict.fromkeys(_CLARABEL_TOLERANCES, accuracy))
            except cvxpy.error.SolverError:
                continue
        if plans[-1].value is None:
            continue
        best = min(best, _proved(tree, _behaviour(tree, plans))[0], key=lambda each: each.upper - each.lower)
        if problem.status == "optimal":
            break
    return best


def _reading(tree: HistoryTree) -> sparse.csr_array:
    """Return the matrix from plans to the probabilities of the outcomes that can happen."""
    node, action, seen = np.nonzero(tree.weights)
    observed = np.zeros(len(tree.weights), dtype=np.int64)
    left, place = np.arange(len(tree.weights)), 1
    for _ in range(tree.horizon - 1):
        left, last = np.divmod(left, tree.n_observations)
        observed, left, place = observed + place * last, left // tree.n_actions, place * tree.n_observations
    outcome = np.searchsorted(tree.outcomes, observed[node] * tree.n_observations + seen)
    shape = (tree.outcomes.size, tree.allowed[-1].size)
    columns = node * tree.n_actions + action
    return sparse.csr_array((tree.weights[node, action, seen], (outcome, columns)), shape=shape)


def _behaviour(tree: HistoryTree, plans: list[Any]) -> list[np.ndarray]:
    """Return the policy of a plan, uniform where the plan does not come to."""
    policy = []
    for plan, able, uniform in zip(plans, tree.allowed, tree.uniform_policy(), strict=True):
        shares = np.maximum(plan.value, 0.0).reshape(able.shape) * able
        total = shares.sum(axis=1, keepdims=True)
        policy.append(np.divide(shares, total, out=uniform, where=total > 1e-14))
    return policy
