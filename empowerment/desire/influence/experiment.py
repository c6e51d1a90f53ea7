"""Experiment for the influence of messages on desires and choices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.desire.agent import DesireAgent
from empowerment.desire.desires import checked_will
from empowerment.desire.influence.interventions import CONTEXTS, Asked, Question, Sums, over_contexts
from empowerment.desire.influence.result import DesireInfluence
from empowerment.desire.parameters import DesireParameters
from empowerment.desire.simulation import DAYS, SLOTS, check_fit, checked_seeds
from empowerment.desire.world import DesireWorld
from empowerment.runtime.progress import progress_bar

RIDER_WILLS: Mapping[str, tuple[float, ...]] = {
    "wealth": (0.7, 0.15, 0.15),
    "health": (0.15, 0.7, 0.15),
    "standing": (0.15, 0.15, 0.7),
}
"""Riders to whom one desire matters most."""

RIDER_MESSAGES: Mapping[str, tuple[float, ...]] = {
    "silence": (0.0, 0.0, 0.0),
    "earn": (1.0, 0.0, 0.0),
    "take care": (0.0, 1.0, 0.0),
    "be seen": (0.0, 0.0, 1.0),
}
"""What may be said to riders, and the deficits that it adds."""

# Contexts looked at side by side, about twenty months of six riders; memory does not grow with the number of seeds.
_MOST_CONTEXTS = 45_000


def far_order(state: Any) -> tuple[Any, ...]:
    """Replace the offer in the state of a rider by a far order.

    Parameters
    ----------
    state : tuple
        Health, slot and offer, as the states of :func:`empowerment.worlds.delivery`.

    Returns
    -------
    tuple
        Health, slot and the far offer.

    See Also
    --------
    desire_influence : Uses this function by default.

    Examples
    --------
    >>> from empowerment.desire import far_order
    >>> far_order((8, 0, "none"))
    (8, 0, 'far')
    """
    if not isinstance(state, tuple) or len(state) != 3:
        raise ValueError(
            f"state is {validate.shown(state)}, expected (health, slot, offer): far_order is about riders; in other "
            "worlds pass asked=, a function from the state that an agent comes to to the one in which it is asked"
        )
    return (*state[:2], "far")


def desire_influence(
    world: DesireWorld,
    *,
    wills: Mapping[str, Any] = RIDER_WILLS,
    messages: Mapping[str, Any] = RIDER_MESSAGES,
    asked: Callable[[Any], Any] = far_order,
    strength: float = 1.0,
    receptivity: float = 0.0,
    seeds: Sequence[int] = range(60),
    n_steps: int = DAYS * SLOTS,
    parameters: DesireParameters | None = None,
    prior: Any = None,
    base: float | str = 2,
    tol: float = 1e-9,
    options: Mapping[str, Any] | None = None,
    progress: bool | str = "auto",
) -> DesireInfluence:
    """Measure the influence of messages on the desires of agents, and on the choices that follow.

    Agents of each will are simulated without messages. Each of their steps is a context. In each context every
    message is sent, as an intervention, and the distribution of the next choice is computed exactly. A message in one
    context does not affect the others.

    Parameters
    ----------
    world : DesireWorld
        A world such as :class:`Riders`. Other worlds need their own wills, messages and `asked`.
    wills : mapping from str to sequence of float
        Initial desires, to which agents decay.
    messages : mapping from str to sequence of float
        Amount that each message adds to the deficits, for each desire. One that adds nothing is silence.
    asked : callable
        Given the label of the state after a step, returns the label of the state in which the choice is computed. By
        default a rider is offered a far order, whatever its next offer was.
    strength : float
        Factor of all messages.
    receptivity : float
        Effect of messages in steps without an event, as a share of their effect by the gain. With 0, as in the
        simulation, messages have no effect there.
    seeds : sequence of int
        One run without messages for each seed and each will.
    n_steps : int
        Number of steps of a run.
    parameters : DesireParameters, optional
        By default :meth:`DesireParameters.shock`.
    prior : sequence of float, optional
        Probability of each will; uniform by default.
    base : float
        2 for bits, ``math.e`` for nats.
    tol : float
        Width wanted of the interval of each capacity, in the result's unit.
    options : mapping, optional
        Effort, by name. ``"resolution"`` (20) rounds desires to multiples of ``1 / resolution``, for decisions only;
        with None they are not rounded, and some ten thousand problems are solved instead of some two hundred.
        ``"memory"`` (4e9) is a limit in bytes; the memory needed depends on the number of steps, not on the number of
        seeds.
    progress : bool or "auto"
        Show a progress bar. ``"auto"`` shows it on a terminal, once a second has passed.

    Returns
    -------
    DesireInfluence
        Sized, iterable and indexed by the kinds of contexts: "timed" has the steps with an event, "calm" those
        without, "untimed" all of them, and a name such as "fear" the events whose emotion is nearest to it.

    Raises
    ------
    ValueError
        If wills or messages do not fit the world, or `asked` returns a state without actions.
    MemoryError
        If a run needs more memory than `options` allow.

    See Also
    --------
    empowerment.text.influence_audit : Audit a table of responses.
    empowerment.plotting.plot_timing : Draw the result.

    Notes
    -----
    Each will has its own table of responses: the mean, over contexts, of the probabilities after each message. The
    mean hides influence, so the result also has the mean of the influence in single contexts.

    An event depends on the emotion, and no message changes that. So in calm steps messages have no effect **by
    construction** unless `receptivity` is above 0, because events are the sole trigger of the simulation. The
    measurement shows how large the effect at events is. A receptive agent's desire ``D`` becomes, in a calm step,
    that of ``log D + gain * receptivity * message``, clipped and normalized as after an event.

    The *will* is the initial desire of agents, while they decide by the desire that events have changed. The control
    that is left to the will is therefore small even without messages.

    Examples
    --------
    >>> from empowerment.desire import Riders, desire_influence
    >>> influence = desire_influence(Riders(), seeds=range(2))
    >>> timed, untimed = (influence[name].audit.targeted.value for name in ("timed", "untimed"))
    >>> print(f"{timed:.4f} bits at events, {untimed:.4f} at any time")
    0.4719 bits at events, 0.0014 at any time
    """
    validate.offers(world, ("model", "features", "begin", "step"), "world", "a world of desires, such as Riders()")
    parameters = DesireParameters.shock() if parameters is None else parameters
    validate.instance(parameters, DesireParameters, "parameters")
    given = validate.options(options, ("resolution", "memory"))
    resolution, memory = given.get("resolution", 20), validate.memory(given.get("memory", 4e9))
    agents = _agents(world, wills, parameters, resolution)
    names, added = _messages(messages, len(world.desires))
    seeds, n_steps = checked_seeds(seeds), validate.positive_int(n_steps, "n_steps", most=validate.LONGEST)
    strength = validate.finite(strength, "strength", least=0.0)
    receptivity = validate.finite(receptivity, "receptivity", least=0.0)
    base, (tol, _) = validate.base(base), validate.tolerances(tol, 0.0)
    weights = np.full(len(agents), 1 / len(agents)) if prior is None else prior
    weights = validate.distribution(weights, len(agents), "prior")
    question = Question(world, parameters, strength * added, receptivity, Asked(world, asked), n_steps, base, tol)
    _refuse_too_much(question, memory)
    sums = _over_wills(question, list(agents.values()), seeds, progress)
    found = sums.counts.sum(axis=1).all(axis=-1)
    silent = ~question.messages.any(axis=1)
    return DesireInfluence(
        contexts=tuple(name for name, there in zip(CONTEXTS, found, strict=True) if there),
        messages=names,
        wills=tuple(agents),
        choices=tuple(world.model.actions),
        silence=names[int(silent.argmax())] if silent.any() else None,
        prior=weights,
        seeds=seeds,
        n_steps=n_steps,
        strength=strength,
        receptivity=receptivity,
        resolution=resolution,
        parameters=parameters,
        chances=sums.chances[found],
        apart=sums.apart[found],
        counts=sums.counts[found],
        base=base,
        tol=tol,
    )


def _agents(
    world: DesireWorld, wills: Any, parameters: DesireParameters, resolution: int | None
) -> dict[str, DesireAgent]:
    if not isinstance(wills, Mapping) or not wills:
        raise TypeError(f"wills is {validate.shown(wills)}, expected a mapping from names to desires")
    agents = {}
    for name, will in wills.items():
        validate.text(name, "the name of a will")
        checked_will(will, len(world.desires), parameters.least_desire, f"wills[{name!r}]")
        agents[name] = DesireAgent(will, name=name, resolution=resolution)
        check_fit(world, agents[name], parameters)
    return agents


def _messages(messages: Any, n_desires: int) -> tuple[tuple[str, ...], np.ndarray]:
    if not isinstance(messages, Mapping) or not messages:
        raise TypeError(f"messages is {validate.shown(messages)}, expected a mapping from texts to what they add")
    rows = [
        validate.number_table(row, (n_desires,), f"messages[{validate.text(name, 'a message')!r}]", "(n_desires,)")
        for name, row in messages.items()
    ]
    return tuple(messages), np.array(rows, dtype=np.float64)


def _refuse_too_much(question: Question, memory: float) -> None:
    world = question.world
    # Of each context, the chances of choices with some copies, and what the simulation keeps.
    each = 4 * len(question.messages) * world.model.n_actions + 10 * (len(world.desires) + world.n_draws + 8)
    needed = 8.0 * each * max(_MOST_CONTEXTS, question.n_steps * world.n_agents)
    if needed > memory:
        raise MemoryError(
            f"runs of {question.n_steps} steps take about {needed / 1e9:.3g} GB, allowed are {memory / 1e9:.3g} GB: "
            "pass fewer steps (n_steps) or messages, or raise memory in options="
        )


def _over_wills(
    question: Question, agents: Sequence[DesireAgent], seeds: tuple[int, ...], progress: bool | str
) -> Sums:
    """Combine the sums of all wills along the axis before that of choices, or the last one."""
    size = max(1, _MOST_CONTEXTS // (question.n_steps * question.world.n_agents))
    by_will = []
    with progress_bar(len(agents) * len(seeds), "measuring influence", "run", progress) as advance:
        for agent in agents:
            parts = []
            for first in range(0, len(seeds), size):
                parts.append(over_contexts(question, agent, seeds[first : first + size]))
                advance(len(seeds[first : first + size]))
            by_will.append(Sums(*(np.concatenate(arrays, axis=1) for arrays in zip(*parts, strict=True))))
    chances, apart, counts = zip(*by_will, strict=True)
    return Sums(np.stack(chances, axis=-2), np.stack(apart, axis=-1), np.stack(counts, axis=-1))
