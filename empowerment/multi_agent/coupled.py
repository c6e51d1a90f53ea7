"""Weighted sums of the empowerment of several agents, over their own sensors and each other's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.core.status import Status
from empowerment.measures.result import EmpowermentResult
from empowerment.models.multi_agent import MultiAgentMDP
from empowerment.multi_agent.conditional import transfer_empowerment, without_source
from empowerment.results.certified import Labelled


@dataclass(frozen=True, eq=False, repr=False)
class CoupledResult(Labelled):
    """A weighted sum of the empowerment of several agents, for each state.

    Sized, iterable over the labels of the states, and indexed by them.

    Attributes
    ----------
    value, lower, upper : ndarray of shape (n_states,)
        The sum, and what it is at least and at most.
    status : ndarray of int of shape (n_states,)
        A :class:`Status` for each.
    states : tuple
        Labels of the states.
    pairs : tuple of (source, target)
        The agents whose actions are the input, and those whose sensors are read.
    weights : ndarray of shape (n_pairs,)
        The weight of each pair in the sum.
    terms : ndarray of shape (n_states, n_pairs)
        The empowerment of each pair, without its weight.
    state_numbers : ndarray of int of shape (n_states,)
        Numbers of the states in the model.
    base, tol, rtol : float
        `tol` is the width wanted of the sum's interval.

    See Also
    --------
    coupled_empowerment : Compute these sums.

    Examples
    --------
    >>> import empowerment as emp
    >>> corridor = emp.worlds.shared_corridor()
    >>> found = emp.coupled_empowerment(corridor, 1, {("person", "person"): 1, ("assistant", "person"): -1})
    >>> found.terms[0].round(4).tolist(), found.pairs[1]
    ([0.0, 0.0], ('assistant', 'person'))
    """

    _each = ("value", "lower", "upper", "status", "states", "terms", "state_numbers")

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    status: np.ndarray
    states: tuple[Any, ...]
    pairs: tuple[tuple[Any, Any], ...]
    weights: np.ndarray
    terms: np.ndarray
    state_numbers: np.ndarray
    base: float
    tol: float
    rtol: float = 0.0

    @property
    def method(self) -> str:
        """How the numbers were made."""
        return "weighted sum"

    @property
    def _axes(self) -> Mapping[str, Sequence[Any]]:
        return {"state": self.states}


def coupled_empowerment(
    world: MultiAgentMDP,
    horizon: int,
    weights: Mapping[Any, float],
    others: Mapping[Any, Any] | str = "uniform",
    *,
    tol: float = 1e-9,
    **options: Any,
) -> CoupledResult:
    """Compute a weighted sum of empowerments and transfers between agents (Guckelsberger et al. 2016).

    Parameters
    ----------
    world : MultiAgentMDP
        The world of the agents.
    horizon : int
        Number of actions.
    weights : mapping from (source, target) to float
        The weight of the capacity from the actions of `source` to the readings of `target`; of an agent's own
        empowerment if both are the same. A negative weight stands for an adversary.
    others : "uniform" or mapping from agent to policy
        How each agent acts where it is not the source, as for :meth:`MultiAgentMDP.for_agent`; a mapping may name the
        sources as well.
    tol : float
        Width wanted of the sum's interval, in the result's unit.
    **options
        Further arguments of :func:`empowerment.empowerment`, such as `states`.

    Returns
    -------
    CoupledResult
        The sum for each state, to be maximised by :func:`assistant_policy`.

    Raises
    ------
    TypeError, ValueError
        If `weights` is no such mapping, or an agent or a policy does not fit.

    See Also
    --------
    transfer_empowerment : Compute one term.
    assistant_policy : Make the policy that leads to large sums.

    References
    ----------
    C. Guckelsberger, C. Salge and S. Colton, "Intrinsically motivated general companion NPCs via coupled empowerment
    maximisation", IEEE Conference on Computational Intelligence and Games, 2016.

    Examples
    --------
    A companion cares for the person's empowerment and for its own influence on the person:

    >>> import empowerment as emp
    >>> corridor = emp.worlds.shared_corridor()
    >>> both = {("person", "person"): 1.0, ("assistant", "person"): 0.5}
    >>> companion = emp.coupled_empowerment(corridor, 2, both)
    >>> companion.states[companion.value.argmax()]
    (1, 3)
    >>> emp.assistant_policy(corridor, "assistant", "uniform", companion).action((0, 1))
    'right'
    """
    world = validate.instance(world, MultiAgentMDP, "world")
    shares = _shares(weights)
    total = sum(map(abs, shares.values()))
    tol, _ = validate.tolerances(tol, 0.0)
    each = max(tol / total, validate.MIN_TOL)
    results = [
        transfer_empowerment(
            world, horizon, source, target, without_source(world, source, others), tol=each, **options
        )
        for source, target in shares
    ]
    factors = np.array(list(shares.values()))
    sign, first = factors >= 0, results[0]
    # The sum of the terms is rounded once for each product and each addition.
    slack = (2 * len(results) + 2) * np.finfo(float).eps * total * _largest(results)
    lower = _sum(factors, [r.lower if up else r.upper for r, up in zip(results, sign, strict=True)]) - slack
    upper = _sum(factors, [r.upper if up else r.lower for r, up in zip(results, sign, strict=True)]) + slack
    value = np.clip(_sum(factors, [each.value for each in results]), lower, upper)
    return CoupledResult(
        value=value,
        lower=lower,
        upper=upper,
        status=np.where(upper - lower <= tol, int(Status.CERTIFIED), int(Status.BOUNDED)),
        states=first.states,
        pairs=tuple(shares),
        weights=factors,
        terms=np.column_stack([np.asarray(each.value) for each in results]),
        state_numbers=np.asarray(first.state_numbers),
        base=first.base,
        tol=tol,
    )


def _shares(weights: Any) -> dict[tuple[Any, Any], float]:
    """Return the checked weights of pairs."""
    hint = "expected a mapping from pairs (source, target) of agents to weights, not all 0"
    if not isinstance(weights, Mapping):
        raise TypeError(f"weights is {validate.shown(weights)}, {hint}")
    for pair in weights:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise ValueError(f"weights has the key {pair!r}, {hint}")
    shares = {pair: validate.finite(weight, f"weights[{pair!r}]") for pair, weight in weights.items()}
    if not any(shares.values()):
        raise ValueError(f"weights is {validate.shown(weights)}, {hint}")
    return shares


def _sum(factors: np.ndarray, terms: Sequence[Any]) -> np.ndarray:
    return np.asarray(factors @ np.array([np.asarray(each, dtype=float) for each in terms]))


def _largest(results: Sequence[EmpowermentResult]) -> float:
    return max(float(np.max(each.upper)) for each in results)
