"""Effective empowerment: what the next action tells of a later state under the policy that an agent has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from empowerment.actuation.occupancy.next_action import NextAction, information
from empowerment.actuation.sensor import make_sensor
from empowerment.capacity.options import SolverOptions
from empowerment.core import validate
from empowerment.core.status import Status, report_failure
from empowerment.models.induced_chain import check_admissible, step_matrix
from empowerment.models.mdp import as_mdp
from empowerment.models.policy import normalised, policy_rows
from empowerment.results.certified import Labelled, missed

# Entries of the rows that are held at a time.
_ENTRIES = 1 << 21


@dataclass(frozen=True, eq=False, repr=False)
class PolicyEmpowerment(Labelled):
    """Effective empowerment of states under a policy, with its intervals.

    Sized, iterable over the labels of the states, and indexed by them.

    Attributes
    ----------
    value, lower, upper : ndarray of shape (n_states,)
        The information of each state, and the ends it lies between: the value less and plus a bound on all rounding.
    status : ndarray of int of shape (n_states,)
        A :class:`Status` for each state.
    method : str
        "linear-system" for a geometric time, "powers" for a fixed one.
    states : tuple
        Labels of the states that were asked for.
    horizon : int or None
    discount : float or None
        Whichever was asked for.
    sensor : str
        What is read: "state", "function" or "matrix".
    base, tol, rtol : float

    See Also
    --------
    effective_empowerment : Compute it.

    Examples
    --------
    >>> import numpy as np, empowerment as emp
    >>> ring = emp.worlds.ring(5)
    >>> result = emp.effective_empowerment(ring, np.full((5, 3), 1 / 3), discount=0.5, states=[0, 3])
    >>> result.value.round(6).tolist(), result.unit, result.method
    ([0.489252, 0.489252], 'bits', 'linear-system')
    """

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    status: np.ndarray
    states: tuple[Any, ...]
    horizon: int | None
    discount: float | None
    sensor: str
    base: float
    tol: float
    rtol: float

    @property
    def method(self) -> str:
        """How the rows were computed."""
        return "linear-system" if self.horizon is None else "powers"

    @property
    def _axes(self) -> Mapping[str, Sequence[Any]]:
        return {"state": self.states}

    @property
    def _subject(self) -> str:
        future = f"discount {self.discount:g}" if self.horizon is None else f"horizon {self.horizon}"
        return f"{super()._subject}, {future}"


def effective_empowerment(
    model: Any,
    policy: Any,
    *,
    horizon: int | None = None,
    discount: float | None = None,
    states: Any = None,
    sensor: Any = None,
    tol: float = 1e-9,
    rtol: float = 0.0,
    base: float | str = 2,
    on_failure: str = "warn",
) -> PolicyEmpowerment:
    """Compute the information between the next action and a later state under a fixed policy.

    The policy chooses the next action, and all actions after it. *Potential* empowerment is the largest information
    that an agent could transmit, *effective* empowerment what this one does transmit (Ji et al. 2026). It is never
    above the capacity of the channel with the same rows.

    Parameters
    ----------
    model : MDP, or array of shape (n_states, n_actions, n_states)
        The world of the agent.
    policy : Policy or array_like of shape (n_states, n_actions)
        Probabilities of the actions in each state, 0 where an action is missing.
    horizon : int, optional
        Number of steps after which the state is read, at least 1.
    discount : float, optional
        Instead of `horizon`: the state is read after t = 1, 2, … steps with the probability
        ``(1 - discount) * discount ** (t - 1)``. In [0, 1).
    states : state label or list of state labels, optional
        Initial states; all by default.
    sensor : None, "state", callable or array_like of shape (n_states, n_readings)
        What is read; see :func:`empowerment.empowerment`.
    tol, rtol : float
        Width wanted of the intervals, in the unit of the result and relative to their lower ends. The wider counts.
    base : float or "e"
        2 for bits, ``math.e`` or ``"e"`` for nats.
    on_failure : {"warn", "raise", "ignore"}
        What to do when rounding leaves an interval wider than the tolerance. The interval holds in any case.

    Returns
    -------
    PolicyEmpowerment
        The information of each state. It is computed from one linear system or by products; its interval bounds the
        rounding errors.

    Raises
    ------
    ValueError
        If the policy does not fit the model or may reach a non-terminal state without actions while steps are left,
        or not exactly one of `horizon` and `discount` is given.
    RuntimeError
        If the tolerance is missed and ``on_failure="raise"``.

    Warns
    -----
    ConvergenceWarning
        If the tolerance is missed and ``on_failure="warn"``.

    See Also
    --------
    skill_empowerment_bound : Bound the potential empowerment of an agent that chooses among policies.
    discounted_sensor : Make the sensor of the same later state, for empowerment over action sequences.
    directed_information : Compute the information of all actions about the next states, step by step.
    text.effective_empowerment : Compute what the next token decides of the text that follows.

    References
    ----------
    C. Ji, V. Myers, S. Levine and B. Eysenbach, "The geometry of empowerment", 2026.

    Examples
    --------
    Who walks at random forgets soon, and tells the more of the future the nearer it is:

    >>> import numpy as np, empowerment as emp
    >>> grid = emp.worlds.open_grid(5)
    >>> uniform = np.full((25, 5), 0.2)
    >>> [round(float(emp.effective_empowerment(grid, uniform, discount=g, states=(2, 2))), 6) for g in (0.5, 0.95)]
    [1.188792, 0.103497]
    """
    model = as_mdp(model)
    rows = normalised(policy_rows(policy, model))
    horizon, discount = _future(horizon, discount)
    options = SolverOptions.checked(tol=tol, rtol=rtol, base=base, on_failure=on_failure)
    reader, numbers = make_sensor(sensor, model), model.state_indices(states)
    check_admissible(model, step_matrix(model, rows), numbers, horizon)
    channel = NextAction(model, rows, horizon, discount)
    size = max(1, _ENTRIES // (model.n_actions * model.n_states))
    parts = (numbers[i : i + size] for i in range(0, numbers.size, size))
    found = np.concatenate([_informations(channel, rows, reader.matrix, part) for part in parts])
    value, error = found.T / options.unit
    lower, upper = value - error, value + error
    wide = ~options.met(lower, upper)
    result = PolicyEmpowerment(
        value=np.maximum(value, 0.0),
        lower=lower,
        upper=upper,
        status=np.where(wide, int(Status.PRECISION), int(Status.CERTIFIED)),
        states=tuple(model.states[i] for i in numbers),
        horizon=horizon,
        discount=discount,
        sensor=reader.name,
        base=options.base,
        tol=options.tol,
        rtol=options.rtol,
    )
    if wide.any():
        report_failure(missed(result), on_failure)
    return result


def _future(horizon: Any, discount: Any) -> tuple[int | None, float | None]:
    """Return the arguments that say when the state is read, of which there is exactly one."""
    if (horizon is None) == (discount is None):
        given = "neither horizon nor discount is" if horizon is None else "both horizon and discount are"
        raise ValueError(f"{given} given, expected one of them: when the later state is read")
    if horizon is None:
        return None, validate.discount_below_one(discount)
    steps = validate.short_horizon(horizon)
    if not steps:
        raise ValueError("horizon is 0, expected a whole number of at least 1: the state after the next action")
    return steps, None


def _informations(
    channel: NextAction, policy: np.ndarray, reader: sparse.csr_array, starts: np.ndarray
) -> np.ndarray:
    """Return the information of some states in nats and the bounds on their errors, shape (n_starts, 2)."""
    rows, distance = channel.rows(starts)
    fullest = int(np.bincount(reader.indices).max())
    distance += fullest * float(np.finfo(float).eps)
    used = [np.flatnonzero(policy[start]) for start in starts]
    return np.array(
        [
            information(np.asarray(own[actions] @ reader), policy[start, actions], distance)
            for own, start, actions in zip(rows, starts, used, strict=True)
        ]
    )
