"""Empowerment of the states of a model: the driver that joins models, actuation and capacity."""

from __future__ import annotations

import math
import os
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np

from empowerment.actuation.open_loop.channel import DEFAULT_MEMORY, OUTPUTS
from empowerment.actuation.open_loop.counting import trace_sequences
from empowerment.actuation.problem import make_view
from empowerment.actuation.sensor import Sensor
from empowerment.capacity import jax_arrays
from empowerment.capacity.solve import backend_name
from empowerment.core import validate
from empowerment.core.status import ON_FAILURE, Status, tell_failure
from empowerment.measures.averages import averaged
from empowerment.measures.dispatch import METHODS, Finder, Found, RefusedError
from empowerment.measures.feedback_dispatch import FeedbackFinder
from empowerment.measures.result import EmpowermentResult, Sequences
from empowerment.models.mdp import MDP
from empowerment.models.symmetry import TOLERANCE, Orbits, orbits
from empowerment.runtime.checkpoint import Checkpoint
from empowerment.runtime.digests import fingerprint
from empowerment.runtime.parallel import run_chunks
from empowerment.runtime.progress import progress_bar

DEFAULT_MAX_SEQUENCES = 50_000_000


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
    base: float = 2,
    max_sequences: int = DEFAULT_MAX_SEQUENCES,
    memory: float = DEFAULT_MEMORY,
    samples: int = 1000,
    rng: np.random.Generator | int | None = None,
    keep_sequences: bool = True,
    n_jobs: int | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    on_failure: str = "warn",
    progress: bool = False,
) -> EmpowermentResult:
    """Return the n-step empowerment of states, each with a certified interval.

    It is the capacity of the channel from `horizon` actions, fixed before the first of them, to what is read
    at the end (Klyubin, Polani, Nehaniv 2005). Where actions are missing, inputs count that are never stuck: with
    steps left they meet no state, or with hidden states no set of possible ones, without an available action.

    Parameters
    ----------
    model : MDP, POMDP, or array of shape (n_states, n_actions, n_states)
        An array, of NumPy or JAX, is the transition of an MDP with numbers for labels.
    horizon : int
        Number of actions.
    states : state label or list of state labels, optional
        Where to compute it; in an MDP everywhere by default. A tuple is one label, a list several.
    beliefs : array_like of shape (n_states,) or (n_beliefs, n_states), optional
        Instead of states: what is known of the state before the first action. Of a POMDP the initial one by default.
    sensor : None, "state", "observation", "belief", callable or array_like of shape (n_states, n_readings)
        What is read: the state itself (the default of an MDP), a function of its label, or readings with the
        probabilities of a matrix. Of a POMDP also the ``"observation"`` (its default), or the ``"belief"`` that the
        agent then holds: its own memory, which knows the actions (*epistemic* empowerment).
    output : {"final", "trajectory"}
        Whether the last reading counts or all of the `horizon` readings.
    known_to : {"nobody", "receiver", "both"}
        Who knows the state in which it all begins, where beliefs are asked for: nobody, so that beliefs are all there
        is; whoever reads; or the agent as well, which is the average over states (*omniscient*).
    feedback : bool
        Let each action depend on what was observed before it, whatever it is that is read: on the states of an MDP,
        on the observations of a POMDP.
    stopping : bool
        Let the agent stop early: sequences of 0 to `horizon` actions count, and the reading is that of the state
        in which it stopped. In a deterministic world that counts all that is at most `horizon` steps away.
    tol, rtol : float
        Width wanted of the intervals, in the result's unit and relative to their lower ends; the wider counts.
    method : {"auto", "counting", "enumeration", "column-generation", "interval", "sampled"}
        ``"counting"`` reachable outcomes is exact for deterministic worlds and sensors, and what ``"auto"`` takes
        there. Elsewhere it takes ``"column-generation"``, exact as well: a working set of sequences priced
        against all others without storing their rows (trajectories: ``"enumeration"``, which stores them).
        Where that would take more than `max_sequences` or `memory` it takes ``"interval"``, bounds for any horizon.
        ``"sampled"`` draws sequences at random for the lower end. The result says for each state which it was.
    backend : {"numba", "reference", "jax"}, optional
        Compiled kernels (the default), plain NumPy, or JAX (the default for its arrays): the rows of many states side
        by side on its device where all sequences fit there, else its capacities with compiled kernels around them.
    base : float
        2 for bits, ``math.e`` for nats.
    max_sequences : int
        Most action sequences, after merging, that are looked at in one state.
    memory : float
        Most bytes that one state, or the sequences of a count, may take.
    samples : int
        Sequences drawn for each state by ``method="sampled"``.
    rng : numpy.random.Generator, int or None
        Where these come from; every state has random numbers of its own, in whatever order states are done.
    keep_sequences : bool
        Keep the optimal action sequences for :meth:`EmpowermentResult.sequences`.
    n_jobs : int, optional
        Processes side by side, -1 for one on each core. None leaves it to ``joblib.parallel_config``, whose
        backend may be a cluster, and is one where there is none.
    checkpoint : path, optional
        A directory for finished states. A run that was killed goes on from there when it is started again; files
        in it that are damaged or of another run are refused.
    on_failure : {"warn", "raise", "ignore"}
        What to do when an interval stays wider than the tolerance. It holds in any case.
    progress : bool
        Show a progress bar over states (needs the extra ``progress``).

    Returns
    -------
    EmpowermentResult

    Raises
    ------
    ValueError
        If an option or a state is not known, counting is asked of a world with noise, or the checkpoint belongs to
        another question.
    MemoryError
        If a state would take more than `max_sequences` or `memory` and the method is an exact one by name, or the
        sequences of a count do not fit.
    RuntimeError
        If the tolerance is missed and ``on_failure="raise"``.

    Warns
    -----
    ConvergenceWarning
        If an interval stayed wider than the tolerance. It holds in any case. Where bounds or samples were asked
        for by name there is no warning.

    Notes
    -----
    Terminal states are absorbing and have none. Where no sequence of this length is available, or with feedback every
    policy may be stuck with steps left, the empowerment is 0 and the status ``NO_SEQUENCE``; bounds on sequences that
    are too many to be looked at may leave that open. More steps need not mean more empowerment in a
    noisy world. Of states that declared symmetries map to each other one is computed.

    Where the transition or the sensor is an array of JAX the result holds its arrays, too. Inside a JAX
    transformation (``jit``, ``vmap``, ``grad``), where double precision must be on, every sequence is a row, values
    cannot be checked, and nothing warns: look at `status`. There `value` has a gradient in both, as that of
    :func:`empowerment.channel_capacity` has in the channel.

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
    held = jax_arrays.found_in(model, sensor)
    backend = backend_name("jax" if backend is None and held else backend)
    if jax_arrays.any_traced(held):
        from empowerment.measures.traced import traced_empowerment

        return traced_empowerment(
            model,
            horizon,
            states=states,
            beliefs=beliefs,
            known_to=known_to,
            feedback=feedback,
            sensor=sensor,
            output=output,
            stopping=stopping,
            tol=tol,
            rtol=rtol,
            method=method,
            backend=backend,
            base=base,
            max_sequences=max_sequences,
            memory=memory,
            n_jobs=n_jobs,
            checkpoint=checkpoint,
            on_failure=on_failure,
            progress=progress,
        )
    validate.one_of(output, OUTPUTS, "output")
    validate.one_of(on_failure, ON_FAILURE, "on_failure")
    tol, rtol = validate.tolerances(tol, rtol)
    horizon, memory, n_jobs = validate.horizon(horizon), validate.memory(memory), validate.n_jobs(n_jobs)
    feedback, stopping = validate.flag(feedback, "feedback"), validate.flag(stopping, "stopping")
    view = make_view(
        jax_arrays.on_host(model),
        states=states,
        beliefs=beliefs,
        sensor=jax_arrays.on_host(sensor),
        known_to=known_to,
        feedback=feedback,
        stopping=stopping,
        horizon=horizon,
        memory=memory,
    )
    model, reader = view.model, view.sensor
    numbers = view.starts if view.hidden is None else np.arange(view.starts.size)
    if output == "trajectory" and stopping:
        raise ValueError("stopping=True asks where the agent stopped, expected output='final'")
    method_used = method if feedback else _method(method, model, reader, output)
    checkpoint = None if checkpoint is None else validate.path(checkpoint, "checkpoint")
    keep_sequences = validate.flag(keep_sequences, "keep_sequences") and not feedback
    _check_length(horizon, method_used == "counting" and output == "final", keep_sequences)
    options: dict[str, Any] = {
        "model": model.with_idle_action() if stopping and method_used != "counting" else model.unlabelled(),
        "sensor": reader.unlabelled(),
        "horizon": horizon,
        "output": output,
        "stopping": stopping,
        "method": method_used,
        "backend": backend,
        "base": validate.base(base),
        "tol": tol,
        "rtol": rtol,
        "max_sequences": validate.limit(max_sequences, "max_sequences"),
        "memory": memory,
        "samples": validate.positive_int(samples, "samples", most=validate.MOST_DRAWS),
        "seed": _seed(rng),
        "keep_sequences": keep_sequences,
    }
    finder = FeedbackFinder(**options, hidden=view.hidden) if feedback else Finder(**options)
    if isinstance(finder, FeedbackFinder):
        validate.one_of(method, ("auto", *finder.methods), "method of this question with feedback")
    alike = _alike(model, numbers, finder)
    asked, place = np.unique(alike.representative, return_inverse=True)
    kept, finder = _opened(checkpoint, finder, asked, drawn=rng is None)
    held = held if backend == "jax" else []
    with jax_arrays.on_devices_of(held):
        found = _run(finder, asked, view.name_of(numbers), n_jobs, kept, progress)
    room = _room_of_symmetries(alike, finder, found["upper"][place])
    result = EmpowermentResult(
        value=found["value"][place],
        lower=np.maximum(found["lower"][place] - room, 0.0),
        upper=found["upper"][place] + room,
        status=found["status"][place],
        method=found["method"][place],
        states=view.labels,
        state_numbers=view.starts,
        actions=tuple(model.actions),
        horizon=finder.horizon,
        sensor=reader.name,
        output=output,
        stopping=finder.stopping,
        backend=finder.backend,
        base=finder.base,
        tol=tol,
        rtol=rtol,
        optimal=_optimal(finder, found, model, numbers, place, alike.action_map),
        layout=view.layout,
        beliefs=view.beliefs,
        known_to=known_to,
        feedback=feedback,
    )
    if view.weights is not None:
        result = averaged(result, view.weights, tuple(range(len(view.weights))))
    if method not in ("interval", "sampled") and not result.converged.all():
        tell_failure(_complaint(result), on_failure)
    return jax_arrays.on_device(result, held) if held else result


def _method(method: str, model: MDP, sensor: Sensor, output: str) -> str:
    """Return the method, with what "auto" is in a world without noise."""
    validate.one_of(method, METHODS, "method")
    if output == "trajectory" and method in ("column-generation", "sampled"):
        raise ValueError(
            f"method={method!r} is for the final reading; for trajectories there are 'counting', 'enumeration' and "
            "'interval'"
        )
    countable = model.is_deterministic and sensor.is_deterministic
    if method == "counting" and not countable:
        raise ValueError(
            "method='counting' needs a deterministic world and sensor, and this one is stochastic; "
            "method='column-generation' takes both"
        )
    return "counting" if method == "auto" and countable else method


def _check_length(horizon: int, counted: bool, keep_sequences: bool) -> None:
    """Refuse a horizon whose steps are too many to be taken one by one; what is counted repeats before long."""
    if not counted:
        validate.short_horizon(horizon)
    elif keep_sequences and horizon > validate.LONGEST:
        raise ValueError(
            f"horizon is {horizon:,}, and the optimal sequences are traced over at most {validate.LONGEST:,} steps; "
            "pass keep_sequences=False to count all the same"
        )


def _seed(rng: np.random.Generator | int | None) -> int:
    if rng is None or isinstance(rng, np.random.Generator):
        return int(np.random.default_rng(rng).integers(2**63))
    return validate.seed(rng, "rng")


def _alike(model: MDP, numbers: np.ndarray, finder: Finder) -> Orbits:
    """Return which states stand for which: those of one orbit, if the sensor reads the state itself."""
    if isinstance(finder, FeedbackFinder) and finder.hidden is not None:
        # Starts are numbered by themselves there, and may be more than there are states.
        return Orbits.apart(numbers, model.n_actions)
    use = model.symmetries and finder.sensor.name == "state" and finder.method not in ("counting", "sampled")
    return orbits(model if use else model.unlabelled(), numbers)


def _room_of_symmetries(alike: Orbits, finder: Finder, upper: np.ndarray) -> np.ndarray:
    """Bound what the rounding up to which symmetries hold changes; see :class:`actuation.open_loop.layers.Layer`."""
    relative_error = TOLERANCE * finder.horizon * alike.distance
    return 2.0 * relative_error * (1.0 / math.log(finder.base) + upper)


def _run(
    finder: Finder,
    asked: np.ndarray,
    name_of: dict[int, str],
    n_jobs: int | None,
    kept: Checkpoint | None,
    progress: bool,
) -> Found:
    """Answer for all states asked, chunk by chunk, and return the arrays over them."""
    size = finder.chunk_size(asked.size)
    chunks = [asked[first : first + size] for first in range(0, asked.size, size)]
    done = {i: kept.read(i) for i in kept.indices(len(chunks))} if kept else {}
    left = [i for i in range(len(chunks)) if i not in done]
    jobs = n_jobs if len(left) > 1 else 1
    with progress_bar(asked.size, f"empowerment, horizon {finder.horizon}", "state", progress) as advance:
        advance(sum(chunks[i].size for i in done))
        work = run_chunks(finder, (chunks[i] for i in left), n_jobs=jobs, threads=finder.method == "counting")
        try:
            with closing(work) as results:
                for k, found in results:
                    if kept:
                        kept.store(left[k], found)
                    done[left[k]] = found
                    advance(chunks[left[k]].size)
        except RefusedError as refused:
            number, reason = refused.args
            raise MemoryError(f"{name_of[number]}: {reason}") from None
    return {name: np.concatenate([done[i][name] for i in range(len(chunks))]) for name in done[0]}


def _opened(path: str | os.PathLike[str] | None, finder: Finder, asked: np.ndarray, drawn: bool) -> Any:
    """Return the checkpoint of this question, None without a path, and the finder with the seed to go by."""
    if path is None:
        return None, finder
    names = ("horizon", "output", "stopping", "method", "backend", "base", "tol", "rtol", "max_sequences", "memory")
    question: dict[str, Any] = {name: getattr(finder, name) for name in (*names, "keep_sequences")}
    question["states_in_a_chunk"] = finder.chunk_size(asked.size)
    remembered: dict[str, Any] = {}
    if finder.method == "sampled":
        question["samples"] = finder.samples
        (remembered if drawn else question)["seed"] = finder.seed
    if isinstance(finder, FeedbackFinder):
        question["feedback"] = True
    rows, sensor = finder.model.rows, finder.sensor.matrix
    prints = {
        "model": fingerprint(rows.data, rows.indices, rows.indptr, finder.model.available),
        "sensor": fingerprint(sensor.data, sensor.indices, sensor.indptr),
        "states": fingerprint(asked),
    }
    hidden = finder.hidden if isinstance(finder, FeedbackFinder) else None
    if hidden is not None:
        prints["beliefs"] = fingerprint(hidden.beliefs, np.ascontiguousarray(hidden.model.observation))
    kept = Checkpoint.open(path, question, prints, remembered)
    return kept, replace(finder, seed=kept.remembered.get("seed", finder.seed))


def _optimal(
    finder: Finder, found: Found, model: MDP, numbers: np.ndarray, place: np.ndarray, action_map: np.ndarray
) -> Sequences | None:
    """Return the sequences that carry the optimum in every state; of runs that are counted there are none."""
    if not finder.keep_sequences or (finder.method == "counting" and finder.output == "trajectory"):
        return None
    if finder.method == "counting":
        parts = _traced(finder, found["value"][place], model, numbers)
        weights = [np.full(len(part), 1.0 / max(len(part), 1)) for part in parts]
    else:
        first = np.concatenate([[0], np.cumsum(found["count"])])
        own = [slice(first[i], first[i + 1]) for i in place]
        parts = [_carried(found["sequences"][part], mapped) for part, mapped in zip(own, action_map, strict=True)]
        weights = [found["weights"][part] for part in own]
    offsets = np.concatenate([[0], np.cumsum([len(part) for part in parts])])
    return Sequences(np.concatenate(parts), np.concatenate(weights), offsets)


def _carried(sequences: np.ndarray, mapped: np.ndarray) -> np.ndarray:
    """Return sequences with each action mapped; -1 stays."""
    return np.where(sequences < 0, sequences, mapped[sequences]).astype(np.int32)


def _traced(finder: Finder, value: np.ndarray, model: MDP, numbers: np.ndarray) -> list[np.ndarray]:
    taken = 4.0 * finder.horizon * float(np.sum(finder.base**value))
    if taken > finder.memory:
        raise MemoryError(
            f"the optimal sequences take {taken / 1e9:.3g} GB, allowed are {finder.memory / 1e9:.3g} GB; "
            "pass keep_sequences=False or raise memory="
        )
    reading = finder.sensor.reading_of_state
    options = {"up_to": finder.stopping}
    return [
        trace_sequences(model.successors, reading, number, finder.horizon, **options) for number in numbers.tolist()
    ]


def _complaint(result: EmpowermentResult) -> str:
    missed = np.flatnonzero(~result.converged)
    return (
        f"{missed.size} of {len(result)} intervals are wider than wanted ({result.tol:.2e} {result.unit}), first in "
        f"state {result.states[missed[0]]!r}: {Status(result.status[missed[0]]).sentence}"
    )
