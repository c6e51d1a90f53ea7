"""Empowerment over skills: the capacity from all policies to the discounted occupancy of states."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from empowerment.actuation.kernels import actuation_kernels
from empowerment.actuation.occupancy.closed_form import lasting_steps, later_distances, upper_bound
from empowerment.actuation.occupancy.lassos import Graph, solve_lassos
from empowerment.actuation.sensor import make_sensor
from empowerment.capacity import jax_arrays
from empowerment.capacity.options import SolverOptions
from empowerment.core import validate
from empowerment.core.layout import Layout
from empowerment.core.status import Status, report_failure
from empowerment.measures.skill_execution import solve_starts
from empowerment.measures.skill_search import SearchLimits, initial_distributions, policy_table, search_starts
from empowerment.measures.skill_walks import Walks
from empowerment.measures.skills import SkillEmpowerment
from empowerment.models.dead_ends import lasting_actions
from empowerment.models.mdp import MDP, as_mdp
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
    discount = validate.discount(discount)
    if not discount:
        raise ValueError("discount is 0, expected a number above 0 and at most 1: with 0 there is one state to come")
    include_start = validate.flag(include_start, "include_start")
    read = make_sensor(jax_arrays.on_host(sensor), model)
    matrix = None if read.name == "state" else read.matrix
    by_lassos = model.is_deterministic and initial is None and matrix is None
    tol = tol if tol is not None else 1e-9 if by_lassos else 1e-6
    solver_options = SolverOptions.checked(tol=tol, rtol=rtol, base=base, backend=backend, on_failure=on_failure)
    limits, n_jobs = SearchLimits.checked(options), validate.n_jobs(n_jobs)
    starts = None if initial is None else initial_distributions(initial, states, model)
    numbers = model.state_indices(states) if starts is None else np.arange(len(starts))
    question: dict[str, Any] = {"discount": discount, "include_start": include_start}
    question |= {name: getattr(solver_options, name) for name in ("backend", "base", "tol", "rtol", "max_iter")}
    execution: dict[str, Any] = {"n_jobs": n_jobs, "checkpoint": checkpoint, "progress": progress}
    if by_lassos:
        # The long-run average does not know when T begins.
        from_start = include_start or discount == 1.0
        solver = _Solver(lasting_steps(model), discount, from_start, solver_options.in_nats())
        found = solve_starts(solver, _Found, model, numbers, question, **execution)
        status = _status(solver_options, found, np.asarray(lasting_actions(model).any(axis=1))[numbers])
        skills: dict[str, Any] = {"walks": _walks(model, found)}
    else:
        _refuse_average(discount, initial, sensor)
        found = search_starts(
            model, starts, numbers, include_start, solver_options.in_nats(), limits, matrix, question, execution
        )
        status = np.array([int(each.status) for each in found])
        skills = {"table": policy_table(found), "initial": starts}
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
        discount=discount,
        include_start=include_start,
        backend=solver_options.backend,
        base=solver_options.base,
        tol=solver_options.tol,
        rtol=solver_options.rtol,
        output_distribution=np.array([each.q for each in found]),
        layout=model.layout if isinstance(model.layout, Layout) else None,
        **skills,
    )
    if not result.converged.all():
        report_failure(missed(result), on_failure)
    return result


def _refuse_average(discount: float, initial: Any, sensor: Any) -> None:
    if discount == 1.0:
        given = "initial" if initial is not None else "sensor" if sensor is not None else None
        what = f"{given} is given" if given else "the model is stochastic"
        raise ValueError(
            f"discount is 1 and {what}, expected a discount below 1: long-run averages are computed from states of "
            "deterministic worlds alone. A discount near 1, such as 0.99, is possible"
        )


@dataclass(frozen=True)
class _Found:
    """The value and the ends of one start in nats, and what proves them: skills, as walks of states, and q."""

    ends: tuple[float, float, float]
    repeats: np.ndarray
    states: np.ndarray
    weights: np.ndarray
    q: np.ndarray

    def mapped(self, images: np.ndarray, actions: np.ndarray) -> _Found:
        """Return it for the image of the start under a symmetry; the steps of walks say which actions they are."""
        q = np.zeros_like(self.q)
        q[images] = self.q
        return replace(self, states=np.where(self.states >= 0, images[self.states], -1), q=q)


@dataclass(frozen=True)
class _Solver:
    """Solves the starts of a chunk."""

    steps: sparse.csr_array
    discount: float
    include_start: bool
    options: SolverOptions

    def __call__(self, starts: np.ndarray) -> list[_Found]:
        later = later_distances(self.steps, starts, again=not self.include_start)
        return [self._solve(start, row) for start, row in zip(starts.tolist(), later, strict=True)]

    def _solve(self, start: int, later: np.ndarray) -> _Found:
        if self.steps.indptr[start] == self.steps.indptr[start + 1]:
            none = np.zeros(0, dtype=int)
            return _Found((0.0, 0.0, 0.0), none, none.reshape(0, 1), np.zeros(0), np.zeros(later.size))
        graph = Graph.around(self.steps, start, later, apart=not self.include_start)
        # Later times have the probability `discount`, and so has all that is told of them.
        scale = 1.0 if self.include_start else self.discount
        inner = replace(self.options, tol=max(self.options.tol * scale, validate.MIN_TOL))
        found = solve_lassos(graph, self.discount, inner, actuation_kernels(inner.backend))
        bound = float(upper_bound(later[None], self.discount, self.include_start)[0])
        lower, upper = found.lower / scale, min(found.upper / scale, bound)
        value = min(max(found.value / scale, lower), upper)
        states = np.where(found.walks >= 0, graph.states[found.walks], -1)
        later_or_all = slice(None) if self.include_start else slice(1, None)
        q = np.zeros(later.size)
        q[graph.states[later_or_all]] = found.q[later_or_all] / found.q[later_or_all].sum()
        return _Found((value, lower, upper), found.closes, states, found.weights, q)


def _status(options: SolverOptions, found: list[_Found], has_skills: np.ndarray) -> np.ndarray:
    _, lower, upper = np.array([each.ends for each in found]).T / options.unit
    met = np.where(options.met(np.maximum(lower, 0.0), upper), int(Status.CERTIFIED), int(Status.PRECISION))
    return np.asarray(np.where(has_skills, met, int(Status.NO_SEQUENCE)))


def _walks(model: MDP, found: list[_Found]) -> Walks:
    """Return the skills of all starts, each with the first action that leads from a state to the next one."""
    longest = max(int((each.states >= 0).sum(axis=1).max(initial=1)) for each in found)
    states = np.full((sum(each.weights.size for each in found), longest), -1)
    offsets = np.concatenate([[0], np.cumsum([each.weights.size for each in found])])
    for each, first in zip(found, offsets.tolist(), strict=False):
        width = min(longest, each.states.shape[1])
        states[first : first + each.weights.size, :width] = each.states[:, :width]
    repeats, weights = (np.concatenate([getattr(each, name) for each in found]) for name in ("repeats", "weights"))
    walks = Walks(states, np.full_like(states, -1), repeats, weights, offsets)
    leads, after = np.where(lasting_actions(model), model.successors, -1), walks.after()
    for action in reversed(range(model.n_actions)):
        walks.actions[(states >= 0) & (leads[states, action] == after)] = action
    return walks
