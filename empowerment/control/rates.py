"""Empowerment over infinite horizons: discounted, and the average rate.

The agent observes each state before it acts, and the receiver reads all states.
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

# The result if every policy reaches a dead end.
_NO_RUN = AverageRate(0.0, 0.0, 0.0, np.zeros((0, 1)), 0)


@dataclass(frozen=True, eq=False, repr=False)
class EmpowermentRate(Certified):
    """Long-run empowerment per step, with its certified interval.

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

    See Also
    --------
    empowerment_rate : Compute this rate.
    discounted_empowerment : Compute the discounted sum over all steps.

    Examples
    --------
    >>> import empowerment as emp
    >>> rate = emp.empowerment_rate(emp.worlds.golden_mean())
    >>> round(float(rate.lower), 6), rate.unit, rate.policy.round(3).tolist()
    (0.694242, 'bits', [[0.618, 0.382], [1.0, 0.0]])
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
        """Return the text of the number for a repr, with its unit for each step.

        Returns
        -------
        str
            The text.
        """
        return super().stated().replace(self.unit, f"{self.unit} a step")


def discounted_empowerment(
    model: Any,
    discount: float,
    *,
    tol: float = 1e-9,
    rtol: float = 0.0,
    base: float | str = 2,
    backend: str | None = None,
    max_iter: int = 100,
    on_failure: str = "warn",
) -> BellmanResult:
    """Compute the discounted feedback empowerment of every state.

    The value of a state is the largest discounted sum, over policies, of the information between the action and the
    next state, given the state. It is the fixed point of ``V(s) = max_p I(p, T(s)) + discount * sum_a p_a sum_t p(t |
    s, a) V(t)``, which is :func:`unified_bellman` without rewards.

    Parameters
    ----------
    model : MDP, or array of shape (n_states, n_actions, n_states)
        The world of the agent. States may differ in their actions. Only policies are considered that never reach a
        non-terminal state without actions.
    discount : float
        Weight of a step relative to the one before, in [0, 1). With 0 it is the empowerment of one step.
    tol : float
        Width wanted of the intervals, in the result's unit.
    rtol : float
        Width wanted relative to the lower ends; the wider of the two counts.
    base : float or "e"
        2 for bits, ``math.e`` or ``"e"`` for nats.
    backend : {"numba", "reference", "jax"}, optional
        Backend of the capacities; see :func:`channel_capacity`.
    max_iter : int
        Limit on the sweeps over all states.
    on_failure : {"warn", "raise", "ignore"}
        What to do when an interval stays wider than the tolerance. The interval holds in any case.

    Returns
    -------
    BellmanResult
        The value of each state, and a policy that attains its lower end.

    Raises
    ------
    ValueError
        If an option is out of range. Without discount use :func:`empowerment_rate`.
    RuntimeError
        If the tolerance is missed and ``on_failure="raise"``.

    Warns
    -----
    ConvergenceWarning
        If the tolerance is missed and ``on_failure="warn"``.

    See Also
    --------
    unified_bellman : Compute the value of rewards and empowerment together.
    empowerment_rate : Compute the long-run average per step.

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
    base: float | str = 2,
    max_iter: int = 10_000,
    on_failure: str = "warn",
) -> EmpowermentRate:
    """Compute the long-run empowerment per step of an agent with feedback.

    It is the limit of the empowerment with feedback over trajectories of states, divided by the number of steps. The
    limit must not depend on the initial state. This holds, for example, if all states communicate; in general, if
    from every state the agent can reach every state that it may visit infinitely often under some policy.

    Parameters
    ----------
    model : MDP or ndarray of shape (n_states, n_actions, n_states)
        The world of the agent. States may differ in their actions. Only policies are considered that never reach a
        non-terminal state without actions, and only states from which such a policy exists.
    tol : float
        Width wanted of the interval, in the result's unit.
    backend : {"numba", "reference", "jax"}, optional
        Backend of the capacities; see :func:`channel_capacity`.
    base : float or "e"
        2 for bits, ``math.e`` or ``"e"`` for nats.
    max_iter : int
        Limit on the applications of the Bellman operator.
    on_failure : {"warn", "raise", "ignore"}
        What to do when the interval stays wider than the tolerance. The interval holds in any case.

    Returns
    -------
    EmpowermentRate
        The rate, and a policy that attains its lower end.

    Raises
    ------
    ValueError
        If the agent can stay for ever in either of two sets of states, so that the rate may depend on the initial
        state: the message names a state of each.
    RuntimeError
        If the tolerance is missed and ``on_failure="raise"``.

    Warns
    -----
    ConvergenceWarning
        If the tolerance is missed and ``on_failure="warn"``.

    See Also
    --------
    discounted_empowerment : Compute the discounted sum instead of the average.

    Notes
    -----
    By policy iteration, and relative value iteration where that is not defined; the interval is the range by which
    values grow in one more application of the Bellman operator (Odoni 1969).

    References
    ----------
    Odoni (1969), "On finding the maximal gain for Markov decision processes".

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
