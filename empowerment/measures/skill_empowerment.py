"""Empowerment over skills: the capacity from all policies to the discounted occupancy of states."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from empowerment.actuation.sensor import make_sensor
from empowerment.capacity import jax_arrays
from empowerment.capacity.options import SolverOptions
from empowerment.core import validate
from empowerment.core.layout import Layout
from empowerment.core.status import report_failure
from empowerment.measures.skill_lassos import FoundWalks, lasso_starts
from empowerment.measures.skill_search import FoundPolicies, SearchLimits, initial_distributions, search_starts
from empowerment.measures.skills import SkillEmpowerment
from empowerment.models.mdp import as_mdp
from empowerment.results.certified import missed


def skill_empowerment(
    model: Any,
    discount: float,
    *,
    states: Any = None,
    initial: Any = None,
    sensor: Any = None,
    include_start: bool = True,
    tol: float | None = None,
    rtol: float = 0.0,
    base: float | str = 2,
    backend: str | None = None,
    n_jobs: int | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    on_failure: str = "warn",
    progress: bool | str = "auto",
    options: Mapping[str, Any] | None = None,
) -> SkillEmpowerment:
    """Compute the empowerment over skills of states, certified over all policies.

    The inputs are all policies, those with memory and with dice included, among which the agent chooses once. The
    output is the state at a random time T that has the probability ``(1 - discount) * discount ** t`` for t = 0, 1,
    2, …: a draw from the discounted occupancy of the policy. The capacity is called *potential* empowerment (Ji et
    al. 2026).

    Parameters
    ----------
    model : MDP, or array of shape (n_states, n_actions, n_states)
        The world of the agent. Only policies are considered that never reach a non-terminal state without actions.
    discount : float
        Weight of a step relative to the one before, above 0 and at most 1. With 1, in deterministic worlds alone, the
        output is a state drawn from the long-run average of the policy.
    states : state label or list of state labels, optional
        Initial states; all by default.
    initial : array_like of shape (n_states,) or (n_starts, n_states), optional
        Distributions of the initial state, instead of `states`. The policy is chosen before the initial state is
        drawn, and observes it.
    sensor : None, "state", callable or array_like of shape (n_states, n_readings), optional
        What is read at time T: the state itself, a function of its label, or readings with the probabilities of a
        matrix. Policies see the state in any case.
    include_start : bool
        Whether T begins with 0, at the initial state. Otherwise T begins with 1.
    tol, rtol : float
        Width wanted of the intervals, in the unit of the result and relative to their lower ends. The wider counts.
        The default of `tol` is 1e-9 for states of deterministic worlds, and 1e-6 elsewhere.
    base : float or "e"
        2 for bits, ``math.e`` or ``"e"`` for nats.
    backend : {"numba", "reference", "jax"}, optional
        Compiled kernels (the default), plain NumPy, or JAX for the capacities alone.
    n_jobs : int, optional
        Number of processes, -1 for one on each core. None uses the active ``joblib.parallel_config``, else one
        process.
    checkpoint : path, optional
        Directory for finished states, from which a run that was killed goes on. Files in it that are damaged or
        belong to another question are refused.
    on_failure : {"warn", "raise", "ignore"}
        What to do when an interval stays wider than the tolerance. The interval holds in any case.
    progress : bool or "auto"
        Show a progress bar over states, or over the search of a single start with its open interval; ``"auto"`` shows
        it on a terminal, once a second has passed.
    options : mapping, optional
        Limits on the search of one start in a stochastic world, or from a distribution: ``max_nodes`` (sets of
        policies that are bounded; 100,000) and ``max_seconds`` (no limit). A search that reaches one of them leaves a
        wider interval, and its status names the limit.

    Returns
    -------
    SkillEmpowerment
        The empowerment of each state with its interval, and the skills that carry it.

    Raises
    ------
    ValueError
        If an argument or a state is not known, the discount is 1 in a stochastic world or with `initial`, or the
        checkpoint belongs to another question.
    RuntimeError
        If the tolerance is missed and ``on_failure="raise"``.

    Warns
    -----
    ConvergenceWarning
        If the tolerance is missed and ``on_failure="warn"``.

    See Also
    --------
    skill_empowerment_bound : Bound it by distances alone, in stochastic worlds as well.
    effective_empowerment : Compute what the next action tells of a later state, under one policy.
    empowerment : Compute the empowerment over action sequences.

    Notes
    -----
    In deterministic worlds the work for a start grows with the square of the number of states within reach times the
    number of their transitions. In stochastic ones it is a search (branch and bound), which up to some 16 states ends
    in seconds, and beyond leaves an interval when a limit comes first. The page on :doc:`skills
    </explanation/skills>` says why the ends hold. Of starts that declared symmetries map to each other one is solved,
    and its skills are mapped.

    References
    ----------
    C. Ji, V. Myers, S. Levine and B. Eysenbach, "The geometry of empowerment", 2026.

    Examples
    --------
    >>> import empowerment as emp
    >>> grid = emp.worlds.open_grid(5)
    >>> result = emp.skill_empowerment(grid, 0.5, states=[(2, 2), (0, 0)], base="e")
    >>> result.value.round(6).tolist(), result.unit
    ([0.940686, 0.57341], 'nats')

    A stochastic world, in which the agent slips:

    >>> lake = emp.from_gymnasium("FrozenLake-v1")
    >>> result = emp.skill_empowerment(lake, 0.9, states=0, base="e")
    >>> round(float(result), 5), bool(result.converged), result.method
    (0.69824, True, 'branch-and-bound')
    """
    model = as_mdp(model)
    discount, include_start = _above_zero(discount), validate.flag(include_start, "include_start")
    read = make_sensor(jax_arrays.on_host(sensor), model)
    matrix = None if read.name == "state" else read.matrix
    by_lassos = model.is_deterministic and initial is None and matrix is None
    tol = tol if tol is not None else 1e-9 if by_lassos else 1e-6
    solver_options = SolverOptions.checked(tol=tol, rtol=rtol, base=base, backend=backend, on_failure=on_failure)
    limits, n_jobs = SearchLimits.checked(options), validate.n_jobs(n_jobs)
    starts = None if initial is None else initial_distributions(initial, states, model)
    numbers = model.state_indices(states) if starts is None else np.arange(len(starts))
    asked: dict[str, Any] = {"discount": discount, "include_start": include_start}
    asked |= {name: getattr(solver_options, name) for name in ("backend", "base", "tol", "rtol")}
    question = asked | {"max_iter": solver_options.max_iter}
    execution: dict[str, Any] = {"n_jobs": n_jobs, "checkpoint": checkpoint, "progress": progress}
    found: Sequence[FoundWalks | FoundPolicies]
    if by_lassos:
        found, status, walks = lasso_starts(model, numbers, solver_options, question, execution)
        skills: dict[str, Any] = {"walks": walks}
    else:
        _refuse_average(discount, initial, sensor)
        nats = solver_options.in_nats()
        found, status, table = search_starts(model, starts, numbers, nats, limits, matrix, question, execution)
        skills = {"table": table, "initial": starts}
    if matrix is not None:
        skills |= {"sensor": matrix.toarray(), "readings": tuple(read.readings)}
    value, lower, upper = np.array([each.ends for each in found]).T / solver_options.unit
    result = SkillEmpowerment(
        value=value,
        lower=np.maximum(lower, 0.0),
        upper=upper,
        status=status,
        states=tuple(model.states[i] for i in numbers) if starts is None else tuple(range(len(starts))),
        state_numbers=numbers,
        all_states=tuple(model.states),
        actions=tuple(model.actions),
        output_distribution=np.array([each.q for each in found]),
        layout=model.layout if isinstance(model.layout, Layout) else None,
        **asked,
        **skills,
    )
    if not result.converged.all():
        report_failure(missed(result), on_failure)
    return result


def _above_zero(discount: Any) -> float:
    """Return a checked discount."""
    found = validate.discount(discount)
    if not found:
        raise ValueError("discount is 0, expected a number above 0 and at most 1: with 0 there is one state to come")
    return found


def _refuse_average(discount: float, initial: Any, sensor: Any) -> None:
    if discount == 1.0:
        given = "initial" if initial is not None else "sensor" if sensor is not None else None
        what = f"{given} is given" if given else "the model is stochastic"
        raise ValueError(
            f"discount is 1 and {what}, expected a discount below 1: long-run averages are computed from states of "
            "deterministic worlds alone. A discount near 1, such as 0.99, is possible"
        )
