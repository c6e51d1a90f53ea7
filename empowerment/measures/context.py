"""Empowerment of an agent that observes a context of the state, and optimal contexts."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence, Sized
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.core.status import Status
from empowerment.measures.result import EmpowermentResult
from empowerment.measures.state_empowerment import empowerment
from empowerment.models.mdp import as_mdp
from empowerment.models.pomdp import POMDP
from empowerment.results.certified import Certified, counted

MOST_STATES = 10
"""Up to so many states every way to part them is looked at: all their subsets are 1,023 capacities."""


@dataclass(frozen=True, eq=False, repr=False)
class ContextEmpowerment(Certified):
    """Empowerment of an agent that knows only the context of its state.

    Attributes
    ----------
    value, lower, upper : float
        The average over contexts, in the result's unit.
    contexts : tuple of tuple
        The labels of the states of each context.
    probabilities : ndarray of shape (n_contexts,)
    by_context : EmpowermentResult
        The empowerment in each context, from the belief that it leaves.
    method : str
        "given", "all partitions" (the best ones for certain), or "merging": a good partition, with the average over
        states, which no context beats, as the upper end.
    base, tol, rtol : float

    See Also
    --------
    context_empowerment : Compute this empowerment.

    Examples
    --------
    >>> import empowerment as emp
    >>> corridor = emp.worlds.grid_world(["...."])
    >>> two = emp.context_empowerment(corridor, n_contexts=2)
    >>> round(float(two), 6), two.method, two.probabilities.tolist()
    (1.0, 'all partitions', [0.5, 0.5])
    """

    _parts = (EmpowermentResult,)

    value: float
    lower: float
    upper: float
    contexts: tuple[tuple[Hashable, ...], ...]
    probabilities: np.ndarray
    by_context: EmpowermentResult
    method: str
    base: float
    tol: float
    rtol: float

    @property
    def status(self) -> Status:
        """That of the context that was solved worst; bounded where other contexts may be better than was found."""
        worst = Status(int(np.max(np.where(self.by_context.converged, 0, self.by_context.status))))
        return worst if self.converged or worst else Status.BOUNDED

    @property
    def _details(self) -> Sequence[str]:
        return counted(len(self.contexts), "context"), self.method


def context_empowerment(
    model: Any,
    horizon: int = 1,
    *,
    weights: Any = None,
    contexts: Callable[[Any], Hashable] | Iterable[Hashable] | None = None,
    n_contexts: int = 1,
    **options: Any,
) -> ContextEmpowerment:
    """Compute the empowerment of an agent that chooses its actions by the context alone.

    Neither the agent nor the receiver knows more of the state than the context. With one context it is
    *context-free*: one input distribution for all states. With a context for every state it is the average
    empowerment. In between, ``sum_k p(k) C(sum_s p(s | k) W_s)`` does not decrease when contexts are divided, because
    the capacity is convex in the channel (Klyubin, Polani, Nehaniv 2008).

    Parameters
    ----------
    model : MDP, POMDP, or array of shape (n_states, n_actions, n_states)
        The world of the agent.
    horizon : int
        Number of actions.
    weights : array_like of shape (n_states,), optional
        Probability of each state; uniform by default.
    contexts : callable or sequence of hashable, optional
        The context of each state: a function of its label, or one entry for each state.
    n_contexts : int
        Without `contexts`: the largest number of contexts, which are then chosen to maximize the average. With at
        most 10 states every partition is tried. With more, contexts are merged in the order of least loss, and then
        states are moved wherever that gains.
    **options
        `sensor`, `output`, `tol`, `rtol`, `backend`, `base`, `n_jobs` and others of :func:`empowerment.empowerment`.

    Returns
    -------
    ContextEmpowerment
        The average over contexts, and the empowerment in each of them.

    Raises
    ------
    ValueError
        If weights or contexts do not fit the states.

    See Also
    --------
    empowerment : Compute the empowerment of an agent that observes its state.
    EmpowermentResult.average : Average over states.

    References
    ----------
    Klyubin, Polani and Nehaniv (2008), "Keep your options open: an information-based driving principle for
    sensorimotor systems".

    Examples
    --------
    In a corridor of four cells three contexts suffice to act as well as if every cell were known:

    >>> import empowerment as emp
    >>> corridor = emp.worlds.grid_world(["...."])
    >>> [round(float(emp.context_empowerment(corridor, n_contexts=k)), 6) for k in (1, 2, 3, 4)]
    [0.5, 1.0, 1.292481, 1.292481]
    >>> emp.context_empowerment(corridor, n_contexts=2).contexts
    (((0, 0), (0, 1)), ((0, 2), (0, 3)))
    """
    labels = (model.mdp if isinstance(model, POMDP) else as_mdp(model, whole=False)).states
    count = len(labels)
    chances = np.full(count, 1.0 / count) if weights is None else validate.distribution(weights, count, "weights")
    table = _Table(model, horizon, chances, options)
    if contexts is not None:
        groups, upper, method = _given(contexts, labels, table.present), None, "given"
    else:
        groups, upper, method = _best_contexts(table, validate.positive_int(n_contexts, "n_contexts"))
    return _result(table, groups, upper, labels, method)


class _Table:
    """Empowerment of groups of states, computed on demand."""

    def __init__(self, model: Any, horizon: int, chances: np.ndarray, options: dict[str, Any]) -> None:
        self.chances, self.present = chances, np.flatnonzero(chances)
        self._solve: Callable[[np.ndarray], EmpowermentResult] = lambda beliefs: empowerment(
            model, horizon, beliefs=beliefs, **{"progress": False, **options}
        )
        self._shares: dict[frozenset[int], tuple[float, float]] = {}

    def result(self, groups: list[frozenset[int]]) -> EmpowermentResult:
        """Return the empowerment from the belief that each group leaves."""
        beliefs = np.zeros((len(groups), self.chances.size))
        for belief, group in zip(beliefs, groups, strict=True):
            members = sorted(group)
            belief[members] = self.chances[members]
        return self._solve(beliefs / beliefs.sum(axis=1, keepdims=True))

    def solve_new(self, groups: Iterable[frozenset[int]]) -> None:
        """Compute the values of all new groups together."""
        new = [group for group in dict.fromkeys(groups) if group not in self._shares]
        if not new:
            return
        result = self.result(new)
        for group, lower, upper in zip(new, np.asarray(result.lower), np.asarray(result.upper), strict=True):
            share = float(self.chances[sorted(group)].sum())
            self._shares[group] = (share * float(lower), share * float(upper))

    def value(self, group: frozenset[int], end: int = 0) -> float:
        """Return the probability of a group times the lower (0) or upper (1) end of its empowerment."""
        self.solve_new([group])
        return self._shares[group][end]


def _given(contexts: Any, labels: Any, present: np.ndarray) -> list[frozenset[int]]:
    if not callable(contexts) and not validate.is_several(contexts):
        raise TypeError(f"contexts is {validate.shown(contexts)}, expected a function or one context for each state")
    given = map(contexts, labels) if callable(contexts) else contexts
    named = list(islice(given, len(labels) + 1))  # it may be an endless iterator
    if len(named) != len(labels):
        count = len(contexts) if isinstance(contexts, Sized) else f"{len(named)} or more"
        raise ValueError(f"contexts has {count} entries, expected one for each of {len(labels)} states")
    groups: dict[Hashable, list[int]] = {}
    for number in present.tolist():
        try:
            groups.setdefault(named[number], []).append(number)
        except TypeError:
            raise TypeError(
                f"the context of state {labels[number]!r} is {validate.shown(named[number])}, expected a hashable one"
            ) from None
    return [frozenset(group) for group in groups.values()]


def _best_contexts(table: _Table, n_contexts: int) -> tuple[list[frozenset[int]], float | None, str]:
    """Return good contexts, an upper end for all contexts unless their own is one, and the method."""
    singles = [frozenset([number]) for number in table.present.tolist()]
    if n_contexts == 1:
        return [frozenset().union(*singles)], None, "all partitions"
    if n_contexts >= len(singles):  # a finer partition is never worse
        return singles, None, "all partitions"
    if len(singles) <= MOST_STATES:
        upper = sum(table.value(group, 1) for group in _best_partition(table, n_contexts, 1))
        return _best_partition(table, n_contexts), upper, "all partitions"
    groups = _merge_greedily(table, n_contexts)
    return groups, sum(table.value(group, 1) for group in singles), "merging"


def _best_partition(table: _Table, n_contexts: int, end: int = 0) -> list[frozenset[int]]:
    """Return the partition of the largest sum of lower (0) or upper (1) ends, by dynamic programming over subsets."""
    members = table.present.tolist()
    groups = {
        mask: frozenset(m for i, m in enumerate(members) if mask >> i & 1) for mask in range(1, 1 << len(members))
    }
    table.solve_new(groups.values())
    values = {mask: table.value(group, end) for mask, group in groups.items()}
    everything = (1 << len(members)) - 1
    best: dict[int, tuple[float, list[int]]] = {mask: (value, [mask]) for mask, value in values.items()}
    for _ in range(n_contexts - 1):
        best = {mask: _split(mask, best, values) for mask in values}
    return [groups[mask] for mask in sorted(best[everything][1], key=lambda mask: mask & -mask)]


def _split(mask: int, best: dict[int, tuple[float, list[int]]], values: dict[int, float]) -> tuple[float, list[int]]:
    """Return the best partition of a subset into one more group: the group of its first member, and the rest."""
    best_split, first = best[mask], mask & -mask
    rest = mask ^ first
    part = rest
    while part:
        value, groups = best[part]
        group = mask ^ part
        if values[group] + value > best_split[0]:
            best_split = values[group] + value, [group, *groups]
        part = (part - 1) & rest
    return best_split


def _merge_greedily(table: _Table, n_contexts: int) -> list[frozenset[int]]:
    """Merge contexts, least loss first, until `n_contexts` are left, then move single states while that gains."""
    groups = [frozenset([number]) for number in table.present.tolist()]
    while len(groups) > n_contexts:
        pairs = [(i, j) for j in range(len(groups)) for i in range(j)]
        table.solve_new(groups[i] | groups[j] for i, j in pairs)
        losses = [
            table.value(groups[i]) + table.value(groups[j]) - table.value(groups[i] | groups[j]) for i, j in pairs
        ]
        i, j = pairs[int(np.argmin(losses))]
        union = groups[i] | groups[j]
        groups = [group for k, group in enumerate(groups) if k not in (i, j)] + [union]
    while (moved := _best_move(table, groups)) is not None:
        groups = moved
    return sorted(groups, key=min)


def _best_move(table: _Table, groups: list[frozenset[int]]) -> list[frozenset[int]] | None:
    """Return the groups after the best move of one state, or None if no move gains more than rounding."""
    best, moved = 1e-9, None
    for i, source in enumerate(groups):
        for state in sorted(source) if len(source) > 1 else ():
            left = source - {state}
            table.solve_new([left, *(group | {state} for j, group in enumerate(groups) if j != i)])
            for j, target in enumerate(groups):
                if j == i:
                    continue
                after, before = (left, target | {state}), (source, target)
                gain = sum(map(table.value, after)) - sum(map(table.value, before))
                if gain > best:
                    best = gain
                    moved = [left if k == i else target | {state} if k == j else g for k, g in enumerate(groups)]
    return moved


def _result(
    table: _Table, groups: list[frozenset[int]], upper: float | None, labels: Any, method: str
) -> ContextEmpowerment:
    result = table.result(groups)
    shares = np.array([table.chances[sorted(group)].sum() for group in groups])
    average = result.average(shares / shares.sum())
    return ContextEmpowerment(
        value=average.value,
        lower=average.lower,
        upper=average.upper if upper is None else max(average.upper, upper),
        contexts=tuple(tuple(labels[number] for number in sorted(group)) for group in groups),
        probabilities=shares,
        by_context=result,
        method=method,
        base=result.base,
        tol=result.tol,
        rtol=result.rtol,
    )
