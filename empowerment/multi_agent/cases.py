"""Empowerment of an agent beside the most and the least favourable other agent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.core.status import ON_FAILURE, Status, report_failure
from empowerment.models.multi_agent import MultiAgentMDP, refuse_later_turn
from empowerment.multi_agent.between_turns import BetweenTurns
from empowerment.multi_agent.case_bounds import open_loop_bounds
from empowerment.multi_agent.case_result import CaseResult
from empowerment.multi_agent.joint_rows import DEFAULT_MEMORY, JointSequences
from empowerment.multi_agent.reaction import Opponent


def best_case_empowerment(
    world: MultiAgentMDP,
    horizon: int,
    agent: Any,
    assistant: Any,
    others: Any = "uniform",
    *,
    states: Any = None,
    sensor: Any = None,
    feedback: bool = False,
    tol: float = 1e-6,
    base: float | str = 2,
    backend: str | None = None,
    on_failure: str = "warn",
    progress: bool | str = "auto",
) -> CaseResult:
    """Compute the largest empowerment that an agent can have beside another agent that reacts to states.

    Parameters
    ----------
    world : MultiAgentMDP
        The world of the agents. The turn of `assistant` is the first of a step, or comes after that of `agent`.
    horizon : int
        Number of steps.
    agent : hashable, or list of hashable
        The agent whose empowerment is computed, or a group that acts as one.
    assistant : hashable, or list of hashable
        The agent, or group, that chooses its policy in the agent's favour. It observes the state at the beginning of
        each step. If it acts in a later turn than the agent, it also observes the state that the turns before its own
        led to, and so what the agent did as far as this state tells; otherwise it does not know the agent's action.
    others : "uniform" or mapping from agent to policy
        Policies of the remaining agents, as for :meth:`MultiAgentMDP.for_agent`.
    states : state label or list of state labels, optional
        States to compute; all by default.
    sensor : callable or array_like of shape (n_states, n_readings), optional
        The sensor to read instead of the agent's own.
    feedback : bool
        The agent, too, reacts to states, and the receiver reads all of them: with several steps only then the values
        are exact.
    tol : float
        Width wanted of the intervals, in the result's unit.
    base : float or "e"
        2 for bits, ``math.e`` or ``"e"`` for nats.
    backend : {"numba", "reference", "jax"}, optional
        Backend of the capacities; see :func:`empowerment.channel_capacity`.
    on_failure : {"warn", "raise", "ignore"}
        What to do when an interval of an exact method stays wider than the tolerance. The interval holds in any case.
    progress : bool or "auto"
        Show a progress bar over states and steps. ``"auto"`` shows it on a terminal, once a second has passed.

    Returns
    -------
    CaseResult
        The largest empowerment of each state. Without feedback and with several steps it lies between that beside
        the policies tried (the best one with feedback, and fixed sequences if there are not too many) and the largest
        with feedback, and `method` says "interval".

    Raises
    ------
    ValueError
        If a joint action is missing in a state that can be reached, the assistant's turn is neither the first nor
        after the agent's, or the states read with feedback are not those of the world.
    MemoryError
        If an assistant that sees what was done has too many reactions of which any may be best.
    RuntimeError
        If the tolerance is missed and ``on_failure="raise"``.

    Warns
    -----
    ConvergenceWarning
        If the tolerance is missed and ``on_failure="warn"``.

    See Also
    --------
    worst_case_empowerment : The same beside the least favourable other agent.
    assisted_empowerment : Compute the empowerment beside every fixed sequence of actions.

    Notes
    -----
    With ``feedback=True`` the quantity is that of ``empowerment(world.for_agent(agent, policies), horizon,
    feedback=True, output="trajectory")``. With k steps left the value of a state is the largest information about
    the next state plus the expected value with k - 1 left. It is convex in the assistant's mixture of actions, so
    that the best mixture is a single action.

    An assistant that acts after the agent chooses a reaction, an action for each state that the agent's turn may lead
    to, and the value is convex in its mixture of reactions alike. All reactions are compared that may be best. Where
    the state between the turns can be told from what follows, whatever the assistant does, the information is that of
    the agent's turn, and only the action with the best expected value is looked at.

    Examples
    --------
    An assistant that watches the person makes room for it:

    >>> import empowerment as emp
    >>> corridor = emp.worlds.shared_corridor()
    >>> beside = emp.best_case_empowerment(corridor, 2, "person", "assistant", states=(0, 1), feedback=True)
    >>> beside.value.round(6).tolist(), corridor.actions["assistant"][beside.policies[0, 0].argmax()]
    ([1.0], 'right')

    Who sees how a person has set a switch can undo it, or leave it:

    >>> def flip(lamp, chosen):
    ...     return lamp ^ sum(chosen.values())
    >>> lamp = emp.from_joint_step(flip, 0, {"person": [0, 1], "other": [0, 1]}, order=["person", "other"])
    >>> for case in (emp.best_case_empowerment, emp.worst_case_empowerment):
    ...     print(case(lamp, 1, "person", "other", states=0).value.round(6))
    [1.]
    [0.]
    """
    question = {"states": states, "sensor": sensor, "feedback": feedback}
    solver = {"tol": tol, "base": base, "backend": backend, "max_iter": 1}
    reporting = {"on_failure": on_failure, "progress": progress}
    return _case("best", world, horizon, (agent, assistant), others, question, solver | reporting)


def worst_case_empowerment(
    world: MultiAgentMDP,
    horizon: int,
    agent: Any,
    against: Any,
    others: Any = "uniform",
    *,
    states: Any = None,
    sensor: Any = None,
    feedback: bool = False,
    tol: float = 1e-6,
    base: float | str = 2,
    backend: str | None = None,
    max_iter: int = 500,
    on_failure: str = "warn",
    progress: bool | str = "auto",
) -> CaseResult:
    """Compute the empowerment that remains to an agent beside the least favourable other agent that reacts to states.

    The receiver does not observe the other's actions, so a mixture of actions is noise that can be worse than any
    single action.

    Parameters
    ----------
    world : MultiAgentMDP
        The world of the agents. The turn of `against` is the first of a step, or comes after that of `agent`.
    horizon : int
        Number of steps.
    agent : hashable, or list of hashable
        The agent whose empowerment is computed, or a group that acts as one.
    against : hashable, or list of hashable
        The agent, or group, that acts against it. It observes the state at the beginning of each step, and in a later
        turn than the agent's also what that turn led to, as in :func:`best_case_empowerment`.
    others : "uniform" or mapping from agent to policy
        Policies of the remaining agents, as for :meth:`MultiAgentMDP.for_agent`.
    states : state label or list of state labels, optional
        States to compute; all by default.
    sensor : callable or array_like of shape (n_states, n_readings), optional
        The sensor to read instead of the agent's own.
    feedback : bool
        The agent, too, reacts to states, and the receiver reads all of them: with several steps only then the values
        are exact.
    tol : float
        Width wanted of the intervals, in the result's unit.
    base : float or "e"
        2 for bits, ``math.e`` or ``"e"`` for nats.
    backend : {"numba", "reference", "jax"}, optional
        Backend of the capacities; see :func:`empowerment.channel_capacity`.
    max_iter : int
        Limit on the mixtures that are tried in one state.
    on_failure : {"warn", "raise", "ignore"}
        What to do when an interval of an exact method stays wider than the tolerance. The interval holds in any case.
    progress : bool or "auto"
        Show a progress bar over states and steps. ``"auto"`` shows it on a terminal, once a second has passed.

    Returns
    -------
    CaseResult
        The smallest empowerment of each state. Without feedback and with several steps `method` says "interval": the
        upper end is that beside the worst policy found. The lower end holds for all policies, which may depend on
        everything observed so far; it is 0 in worlds where these are too many.

    Raises
    ------
    ValueError
        If a joint action is missing in a state that can be reached, the turn of `against` is neither the first nor
        after the agent's, or the states read with feedback are not those of the world.
    MemoryError
        If another agent that sees what was done has too many reactions of which any may be worst.
    RuntimeError
        If the tolerance is missed and ``on_failure="raise"``.

    Warns
    -----
    ConvergenceWarning
        If the tolerance is missed and ``on_failure="warn"``.

    See Also
    --------
    best_case_empowerment : The same beside the most favourable other agent.
    MultiAgentMDP.for_agent : Fix the policies of other agents.
    informed_empowerment : Compute an agent's empowerment if the receiver observes actions of others.

    Notes
    -----
    A capacity is convex in the channel, and so in the mixture: each capacity gives a supporting plane, which lies
    below all capacities, and the smallest is found by cutting planes (Kelley 1960), whose lower bound is a proof.
    Several steps are a recursion, as in :func:`best_case_empowerment`. Without feedback they are no recursion, for an
    agent that does not react keeps one distribution over sequences. Cutting planes then go over the mixtures of all
    strategies of another agent that remembers what it observed; strategies are added as they are found to matter.

    References
    ----------
    J. E. Kelley, "The cutting-plane method for solving convex programs", Journal of the Society for Industrial and
    Applied Mathematics 8, 1960, pp. 703-712.

    Examples
    --------
    >>> import empowerment as emp
    >>> dimmer = emp.worlds.two_way_dimmer()
    >>> emp.worst_case_empowerment(dimmer, 1, "person", "assistant", states=0).value.round(6)
    array([0.5])
    """
    question = {"states": states, "sensor": sensor, "feedback": feedback}
    solver = {"tol": tol, "base": base, "backend": backend, "max_iter": max_iter}
    reporting = {"on_failure": on_failure, "progress": progress}
    return _case("worst", world, horizon, (agent, against), others, question, solver | reporting)


def _sees_what_was_done(world: MultiAgentMDP, agent: Any, other: Any) -> bool:
    """Return whether another agent acts in a turn after the agent's; refuse other turns than that and the first."""
    first, *turns = {world.turns.index(world.turn_of(name)) for name in world.group(other)}
    if not turns and all(world.turns.index(world.turn_of(name)) < first for name in world.group(agent)):
        return True
    refuse_later_turn(world, other)
    return False


def _case(
    case: str,
    world: Any,
    horizon: Any,
    pair: tuple[Any, Any],
    others: Any,
    question: Mapping[str, Any],
    options: Mapping[str, Any],
) -> CaseResult:
    """Check the question and answer it."""
    tol, _ = validate.tolerances(options["tol"], 0.0)
    base, max_iter = validate.base(options["base"]), validate.limit(options["max_iter"], "max_iter")
    validate.one_of(options["on_failure"], ON_FAILURE, "on_failure")
    feedback = validate.flag(question["feedback"], "feedback")
    world = validate.instance(world, MultiAgentMDP, "world")
    horizon = validate.positive_int(validate.short_horizon(horizon), "horizon")
    exact = feedback or horizon == 1
    sees = _sees_what_was_done(world, *pair)
    own = world.sensor_of(pair[0]) if question["sensor"] is None else question["sensor"]
    joint = JointSequences.of(world, list(pair), others, 1, own, DEFAULT_MEMORY)
    if feedback and question["sensor"] is not None:
        raise ValueError("sensor= is given with feedback=True, expected none: the receiver reads the states")
    numbers = joint.model.state_indices(question["states"])
    joint.model.refuse_unexplored(horizon, numbers)
    unit = math.log(base)
    read = joint  # in the recursion the receiver reads the states
    if feedback or horizon > 1:
        read = JointSequences.of(world, list(pair), others, 1, None, DEFAULT_MEMORY)
    between = BetweenTurns.of(world, *pair, others) if sees else None
    opponent = Opponent(read, between, case == "best", options["backend"], max_iter)
    progress = validate.progress(options["progress"])
    found = opponent.values(numbers, horizon, tol * unit, progress)
    lower, upper = found.lower[numbers], found.upper[numbers]
    if not exact:
        lower, upper = open_loop_bounds(world, joint, opponent, pair, others, numbers, found, tol * unit, progress)
    result = CaseResult(
        value=(lower if case == "best" else upper) / unit,
        lower=lower / unit,
        upper=upper / unit,
        status=np.where(upper - lower <= tol * unit, Status.CERTIFIED, Status.MAX_ITER if exact else Status.BOUNDED),
        states=tuple(joint.model.states[i] for i in numbers.tolist()),
        case=case,
        horizon=horizon,
        feedback=feedback,
        method="dynamic-programming" if exact else "interval",
        policies=found.policies,
        observed=tuple(opponent.observed),
        base=base,
        tol=tol,
    )
    if exact and not result.converged.all():
        report_failure(
            f"the widest interval is {result.gap.max():.2e} {result.unit} wide, wanted {tol:.2e}: raise max_iter "
            "or tol",
            options["on_failure"],
        )
    return result
