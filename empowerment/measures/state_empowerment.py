"""Empowerment of the states of a model: the public function that joins models, actuation and capacity."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from empowerment.capacity import jax_arrays
from empowerment.core.status import report_failure
from empowerment.measures.execution import answer
from empowerment.measures.request import EmpowermentRequest
from empowerment.measures.result import EmpowermentResult
from empowerment.results.certified import missed


def empowerment(
    model: Any,
    horizon: int = 1,
    *,
    states: Any = None,
    beliefs: Any = None,
    sensor: Any = None,
    output: str = "final",
    known_to: str = "nobody",
    feedback: bool = False,
    stopping: bool = False,
    tol: float = 1e-9,
    rtol: float = 0.0,
    method: str = "auto",
    backend: str | None = None,
    base: float | str = 2,
    rng: np.random.Generator | int | None = None,
    n_jobs: int | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    on_failure: str = "warn",
    progress: bool | str = "auto",
    options: Mapping[str, Any] | None = None,
) -> EmpowermentResult:
    """Compute the n-step empowerment of states, each with a certified interval.

    Empowerment is the capacity of the channel from `horizon` actions, fixed before the first of them, to what is read
    after the last (Klyubin, Polani and Nehaniv 2005).

    Parameters
    ----------
    model : MDP, POMDP, or array of shape (n_states, n_actions, n_states)
        An array, of NumPy or JAX, is the transition of an MDP whose labels are numbers.
    horizon : int
        Number of actions.
    states : state label or list of state labels, optional
        States to start from; by default every state of an MDP. A tuple is one label, a list several.
    beliefs : array_like of shape (n_states,) or (n_beliefs, n_states), optional
        Distributions of the initial state, instead of `states`. The default of a POMDP is its initial belief.
    sensor : None, "state", "observation", "belief", callable or array_like of shape (n_states, n_readings)
        What is read: the state itself (the default of an MDP), a function of its label, or readings with the
        probabilities of a matrix. A POMDP also has the ``"observation"`` (its default) and the ``"belief"`` that the
        agent then holds, its own memory, which includes its actions (*epistemic* empowerment).
    output : {"final", "trajectory"}
        Whether the output is the last reading or all `horizon` readings.
    known_to : {"nobody", "receiver", "both"}
        Who observes the initial state, if `beliefs` are asked for: nobody; the receiver; or the agent as well, which
        gives the average over states (*omniscient* empowerment).
    feedback : bool
        Let each action depend on what was observed before it: on the states of an MDP, on the observations of a
        POMDP, whatever the receiver reads.
    stopping : bool
        Let the agent stop early: the inputs are the sequences of 0 to `horizon` actions, and the reading is that of
        the state in which it stopped.
    tol, rtol : float
        Width wanted of the intervals, in the unit of the result and relative to their lower ends. The wider counts.
    method : {"auto", "counting", "enumeration", "column-generation", "interval", "sampled"}
        ``"counting"`` of the reachable readings is exact for deterministic worlds and sensors, where ``"auto"`` takes
        it. Elsewhere ``"auto"`` takes ``"enumeration"``, also exact, for trajectories and for horizons of at most
        10,000 sequences, whose rows are made and solved together for many states. For longer ones it takes
        ``"column-generation"``, also exact, which prices all sequences without storing their rows, and beyond the
        limits in `options` ``"interval"``, bounds for any horizon. ``"sampled"`` draws the sequences of the lower
        end at random. With feedback there are other methods, which an unknown name lists. The result names the
        method of each state.
    backend : {"numba", "reference", "jax"}, optional
        Compiled kernels (the default), plain NumPy, or JAX (the default for JAX arrays): there the rows of many
        states are made and solved together on the device if all sequences fit, whatever the horizon, and otherwise
        only their capacities.
    base : float or "e"
        Base of the logarithm: 2 for bits, ``math.e`` or ``"e"`` for nats.
    rng : numpy.random.Generator, int or None
        Random source for ``method="sampled"``. The numbers of a state do not depend on the order of states.
    n_jobs : int, optional
        Number of processes, -1 for one on each core. None uses the active ``joblib.parallel_config``, else one
        process. They share the ``memory`` in `options`.
    checkpoint : path, optional
        Directory for finished states, from which a run that was killed goes on. Files in it that are damaged or
        belong to another question are refused.
    on_failure : {"warn", "raise", "ignore"}
        What to do when an interval stays wider than the tolerance. The interval holds in any case.
    progress : bool or "auto"
        Show a progress bar over states, with what they are expected to take. ``"auto"`` shows it on a terminal, once
        a second has passed.
    options : mapping, optional
        Limits on resources: ``max_sequences`` (action sequences looked at in one state, after merging; 50 million),
        ``memory`` (bytes of all processes of this machine together, libraries and model included; 4e9), ``samples``
        (sequences drawn by ``method="sampled"``; 1000) and ``max_iter`` (iterations of one capacity; 100,000). With
        feedback also ``max_nodes`` (sets of policies that a search splits for one state, which takes about a second;
        1000) and ``max_seconds`` (of this search; no limit, for with one, results depend on the machine's speed).

    Returns
    -------
    EmpowermentResult
        Values, intervals, statuses and methods of the states, in the order asked for.

    Raises
    ------
    ValueError
        If an argument or a state is not known, counting is asked of a stochastic world, or the checkpoint belongs to
        another question.
    MemoryError
        If a state would exceed ``max_sequences`` or ``memory`` and the method is an exact one by name.
    RuntimeError
        If the tolerance is missed and ``on_failure="raise"``.

    Warns
    -----
    ConvergenceWarning
        If the tolerance is missed, unless bounds or samples were asked for by name.
    LongRunWarning
        If trajectories are expected to take more than a minute.

    See Also
    --------
    horizon_sweep : The same at several horizons.
    channel_capacity : The capacity of a channel given as a matrix.
    actuation_channel : The channel whose capacity this is.
    discounted_empowerment : Feedback over an infinite horizon.

    Notes
    -----
    Terminal states absorb, and have empowerment 0. Where actions are missing, a sequence is an input only if it never
    gets stuck: before its last action it leads to no state, or with hidden states to no set of possible states,
    without an available action. Where there is no such sequence, or with feedback no such policy, the value is 0 and
    the status ``NO_SEQUENCE``. In a noisy world more steps need not mean more empowerment. States that declared
    symmetries map to each other are solved once.

    If the transition or the sensor is a JAX array, the result holds JAX arrays. Inside a JAX transformation
    (``jit``, ``vmap``, ``grad``) double precision must be on, every sequence is a row, values are not checked, and
    nothing warns: look at `status`. There `value` can be differentiated with respect to both.

    References
    ----------
    Klyubin, Polani and Nehaniv (2005), "Empowerment: a universal agent-centric measure of control".

    Examples
    --------
    >>> import empowerment as emp
    >>> result = emp.empowerment(emp.worlds.klyubin_maze(), horizon=5)
    >>> round(float(result.value.max()), 4), result.states[result.value.argmax()]
    (5.5236, (5, 5))

    A million sequences of a noisy world, priced without storing their rows:

    >>> lake = emp.from_gymnasium("FrozenLake-v1")
    >>> result = emp.empowerment(lake, horizon=10, states=0)
    >>> round(float(result), 9), bool(result.converged), str(result.kind[0])
    (1.200787759, True, 'exact')
    """
    arrays = jax_arrays.found_in(model, sensor)
    question: dict[str, Any] = {
        "states": states,
        "beliefs": beliefs,
        "sensor": sensor,
        "output": output,
        "known_to": known_to,
        "feedback": feedback,
        "stopping": stopping,
        "method": method,
        "tol": tol,
        "rtol": rtol,
        "base": base,
        "backend": "jax" if backend is None and arrays else backend,
        "on_failure": on_failure,
        "options": options,
    }
    execution: dict[str, Any] = {"n_jobs": n_jobs, "checkpoint": checkpoint, "progress": progress}
    if jax_arrays.any_traced(arrays):
        from empowerment.measures.traced import traced_empowerment

        return traced_empowerment(model, horizon, **question, **execution)
    request = EmpowermentRequest.checked(model, horizon, rng=rng, **question)
    arrays = arrays if request.solver.backend == "jax" else []
    with jax_arrays.on_devices_of(arrays):
        result = answer(request, **execution)
    if method not in ("interval", "sampled") and not result.converged.all():
        report_failure(missed(result), on_failure)
    return jax_arrays.on_device(result, arrays) if arrays else result
