"""What an agent has beside the most or the least favourable other one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from empowerment.results.certified import Labelled


@dataclass(frozen=True, eq=False, repr=False)
class CaseResult(Labelled):
    """An agent's empowerment beside the most or the least favourable other agent, with certified intervals.

    Sized, iterable over the labels of the states, and indexed by them.

    Attributes
    ----------
    value, lower, upper : ndarray of shape (n_states,)
        In the best case `lower` is attained beside `policies` and nothing exceeds `upper`; in the worst case `upper`
        is attained, and no other agent leaves less than `lower`.
    status : ndarray of int of shape (n_states,)
        A :class:`Status` for each.
    states : tuple
        Labels of the states.
    case : {"best", "worst"}
        Which of the two.
    horizon : int
    feedback : bool
        Whether the agent reacts to states, and the receiver reads all of them.
    method : {"dynamic-programming", "interval"}
        Whether the values are those of a recursion, or between a policy's value and a bound.
    policies : ndarray of shape (horizon, n_observed, n_actions)
        The other agent's distribution of actions in each step, for everything it may observe; uniform where no run
        gets.
    observed : tuple
        Labels of what the other agent may observe: the states of the model, or, if it acts in a later turn of a step
        than the agent, pairs of a state and a state between the turns.
    base, tol, rtol : float

    See Also
    --------
    best_case_empowerment, worst_case_empowerment : Compute such a result.

    Examples
    --------
    >>> import empowerment as emp
    >>> worst = emp.worst_case_empowerment(emp.worlds.two_way_dimmer(), 1, "person", "assistant", states=0)
    >>> worst.value.round(4).tolist(), worst.policies[0, 0].round(2).tolist(), worst.unit
    ([0.5], [0.5, 0.5], 'bits')
    """

    _each = ("value", "lower", "upper", "status", "states")

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    status: np.ndarray
    states: tuple[Any, ...]
    case: str
    horizon: int
    feedback: bool
    method: str
    policies: np.ndarray
    observed: tuple[Any, ...]
    base: float
    tol: float
    rtol: float = 0.0

    @property
    def _axes(self) -> Mapping[str, Sequence[Any]]:
        return {"state": self.states}
