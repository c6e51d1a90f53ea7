"""Empowerment without a last step: discounted, and for each step in the long run.

Both are of an agent that sees the state and a receiver that sees all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.feedback.average_rate import AverageRate, average
from empowerment.actuation.feedback.end_components import end_components
from empowerment.actuation.sensor import make_sensor
from empowerment.capacity.options import SolverOptions
from empowerment.control.unified_bellman import BellmanResult, unified_bellman
from empowerment.core import validate
from empowerment.core.status import Status, report_failure
from empowerment.models.mdp import MDP, as_mdp
from empowerment.results.certified import Certified

# What is left where every policy comes to a dead end.
_NO_RUN = AverageRate(0.0, 0.0, 0.0, np.zeros((0, 1)), 0)


@dataclass(frozen=True, eq=False, repr=False)
class EmpowermentRate(Certified):
    """The empowerment of each step in the long run, with the interval that is proved to hold it.

    Attributes
    ----------
    value, lower, upper : float
        One for all states from which some policy goes on for ever.
    status : Status
        ``NO_SEQUENCE`` if there is no such state; the value is 0 then.
    method : str
        "policy-iteration".
    policy : ndarray of shape (n_states, n_actions)
        Probability of each action in each state of an optimum; zeros in other states.
    states, actions : tuple
        Labels.
    n_iter : int
        How often the Bellman operator was applied.
    backend : str
    base, tol, rtol : float
    """

    _parts = (Status,)

    value: float
    lower: float
    upper: float
    status: Status
    policy: np.ndarray
    states: tuple[Any, ...]
    actions: tuple[Any, ...]
    n_iter: int
    backend: str
    base: float
    tol: float
    rtol: float = 0.0

    @property
    def method(self) -> str:
        """How the rate was found."""
        return "policy-iteration"

    @property
    def _details(self) -> Sequence[str]:
        return (f"{self.n_iter} iterations",)

    def stated(self) -> str:
        """State the number with its unit for each step, as a repr does."""
        return super().stated().replace(self.unit, f"{self.unit} a step")


def discounted_empowerment(
    model: Any,
    discount: float,
    *,
    tol: float = 1e-9,
    rtol: float = 0.0,
    base: float = 2,
    backend: str | None = None,
    max_iter: int = 100,
    on_failure: str = "warn",
) -> BellmanResult:
    """Return what an agent that reacts to the state can tell by all it ever does, later steps counting less.

    The largest discounted sum of what the next state says about the action, given the state: the fixed point of
    ``V(s) = max_p I(p, T(s)) + discount * sum_a p_a sum_t p(t | s, a) V(t)``. That is :func:`unified_bellman`
    without rewards.

    Parameters
    ----------
    model : MDP, or array of shape (n_states, n_actions, n_states)
        Each state has its own actions. Policies count that never come to a state without any (one that is not
        terminal).
    discount : float
        In [0, 1): what a step counts, relative to the one before. 0 leaves the empowerment of one step.
    tol, rtol, base, backend, max_iter, on_failure
        As for :func:`unified_bellman`.

    Returns
    -------
    BellmanResult

    Raises
    ------
    ValueError
        If an option is out of range; what a step is worth without discount tells :func:`empowerment_rate`.
    RuntimeError
        If the tolerance is missed and ``on_failure="raise"``.

    Warns
    -----
    ConvergenceWarning
        If the tolerance is missed and ``on_failure="warn"``.

    Examples
    --------
    >>> import empowerment as emp
    >>> emp.discounted_empowerment(emp.worlds.golden_mean(), 0.9).value.round(6).tolist()
    [7.141378, 6.42724]
    """
    return unified_bellman(
        model,
        discount=discount,
        tol=tol,
        rtol=rtol,
        base=base,
        backend=backend,
        max_iter=max_iter,
        on_failure=on_failure,
    )


def empowerment_rate(
    model: MDP | np.ndarray,
    *,
    tol: float = 1e-9,
    backend: str | None = None,
    base: float = 2,
    max_iter: int = 10_000,
    on_failure: str = "warn",
) -> EmpowermentRate:
    """Return what an agent that reacts to the state can tell by each step in the long run.

    The limit of the empowerment with feedback over trajectories of states, divided by the number of steps. It must
    not depend on the first state. That is so where from everywhere the agent can come to everything that it may see
    again and again, whatever it does: where all states communicate, for example.

    Parameters
    ----------
    model : MDP or ndarray of shape (n_states, n_actions, n_states)
        Each state has its own actions. Policies count that never come to a state without any (one that is not
        terminal), and states from which there is such a policy.
    tol : float
        Width wanted of the interval, in the result's unit.
    backend : {"numba", "reference", "jax"}, optional
    base : float
        2 for bits, ``math.e`` for nats.
    max_iter : int
        How often the Bellman operator may be applied.
    on_failure : {"warn", "raise", "ignore"}
        What to do when the interval stays wider than the tolerance. It holds in any case.

    Returns
    -------
    EmpowermentRate

    Raises
    ------
    ValueError
        If the agent can stay for ever in either of two places, so that the rate may depend on where it starts: the
        message names a state of both.
    RuntimeError
        If the tolerance is missed and ``on_failure="raise"``.

    Warns
    -----
    ConvergenceWarning
        If the tolerance is missed and ``on_failure="warn"``.

    Notes
    -----
    By policy iteration, and relative value iteration where that is not defined; the interval is the range by which
    values grow in one more application of the Bellman operator (Odoni 1969).

    Examples
    --------
    >>> import empowerment as emp
    >>> round(float(emp.empowerment_rate(emp.worlds.golden_mean())), 9)  # log2 of the golden mean
    0.694241914
    """
    model = as_mdp(model)
    options = SolverOptions.checked(tol=tol, base=base, backend=backend, on_failure=on_failure)
    limit = validate.limit(max_iter, "max_iter")
    dynamics = Dynamics.of(model, make_sensor(None, model))
    dynamics = dynamics.lasting()
    _check_one_class(model, dynamics)
    unit = options.unit
    run = average(dynamics, options.in_nats(), limit) if dynamics.n_columns else _NO_RUN
    run = run._replace(value=max(run.value, 0.0), lower=max(run.lower, 0.0))
    policy = np.zeros((model.n_states, model.n_actions))
    policy[dynamics.columns] = run.policy
    result = EmpowermentRate(
        value=float(run.value) / unit,
        lower=float(run.lower) / unit,
        upper=float(run.upper) / unit,
        status=_status(run, options.in_nats(), limit),
        policy=policy,
        states=tuple(model.states),
        actions=tuple(model.actions),
        n_iter=run.n_iter,
        backend=options.backend,
        base=options.base,
        tol=options.tol,
    )
    if result.status not in (Status.CERTIFIED, Status.NO_SEQUENCE):
        sentence = (
            f"the interval is {result.gap:.2e} {result.unit} wide, wanted {result.tol:.2e}: {result.status.sentence}"
        )
        report_failure(sentence, on_failure)
    return result


def _status(run: AverageRate, options: SolverOptions, limit: int) -> Status:
    if not run.n_iter:
        return Status.NO_SEQUENCE
    if options.met(run.lower, run.upper):
        return Status.CERTIFIED
    return Status.MAX_ITER if run.n_iter >= limit else Status.PRECISION


def _check_one_class(model: MDP, dynamics: Dynamics) -> None:
    classes = end_components(dynamics) if dynamics.n_columns else []
    if len(classes) > 1:
        one, other = (model.states[int(dynamics.columns[members[0]])] for members in classes[:2])
        raise ValueError(
            f"the agent can stay around state {one!r} for ever and around state {other!r}, which need not meet: "
            "the rate may depend on the first state; expected a model with one such place. Take a part of it, or "
            "discounted_empowerment, which has a value for every state"
        )
