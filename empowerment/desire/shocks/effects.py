"""Effects of shocks to health on desires and behaviour, compared with twins of frozen desire."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.desire.agent import DesireAgent
from empowerment.desire.appraisal import EMOTIONS, name_emotions
from empowerment.desire.comparison.chunks import MONTH, Chunk, Sums, opened, over_seeds
from empowerment.desire.comparison.compare import unshared
from empowerment.desire.mind import Mind
from empowerment.desire.parameters import DesireParameters
from empowerment.desire.shocks.result import MEASURES, PHASES, ShockEffects
from empowerment.desire.simulation import Chain, checked_seeds, follow, follow_from_start, random_numbers
from empowerment.desire.worlds.riders import SLOTS_PER_DAY, Riders
from empowerment.worlds.delivery import ACCEPT, REST, state_parts

LEAST_FALL, CALM = 4, 24
WINDOWS = (12, 24, 48)
_FAR = 3


def shock_effects(
    agent: DesireAgent | None = None,
    world: Riders | None = None,
    *,
    seeds: Sequence[int] = range(100),
    windows: Sequence[int] = WINDOWS,
    n_steps: int = MONTH,
    parameters: DesireParameters | None = None,
    n_jobs: int | None = None,
    checkpoint: Any = None,
    progress: bool | str = "auto",
) -> ShockEffects:
    """Measure the behaviour of riders before and after a shock, compared with a twin of frozen desire.

    A shock is a fall of health by 4 or more in one slot, with none in the 24 slots before. For each rider the first
    shock counts that leaves room for a window after it. The behaviour afterwards is compared with that of a twin: the
    same rider in the same state with the same random numbers, whose desire is frozen from the shock on, so that the
    update in the slot of the shock itself is missing, too. Only one rider has a twin at a time.

    Parameters
    ----------
    agent : DesireAgent, optional
        By default ``DesireAgent()``. The desire of an agent that is not moved is frozen anyway: differences after the
        shock are then due to low health alone.
    world : Riders, optional
        The world; by default ``Riders()``.
    seeds : sequence of int
        One run for each seed.
    windows : sequence of int
        Numbers of slots after the shock. Before it there are always 24.
    n_steps : int
        Number of slots of a run.
    parameters : DesireParameters, optional
        By default :meth:`DesireParameters.shock`.
    n_jobs : int, optional
        As for :func:`compare_agents`.
    checkpoint : path, optional
        As for :func:`compare_agents`.
    progress : bool or "auto"
        As for :func:`compare_agents`.

    Returns
    -------
    ShockEffects
        Measures for each window before the shock, and after it with frozen and with updated desire.

    Raises
    ------
    ValueError
        If a window occurs twice, the runs are too short for a window, or an argument is invalid.

    See Also
    --------
    compare_agents : Compare kinds of agents.
    example_region : Vary the parameters of this comparison.

    Notes
    -----
    Riders are coupled by their ranks alone, and ranks affect desires alone. So the behaviour of a twin with frozen
    desire does not depend on the others, and the twin is simulated alone. A comparison of before and after would
    overstate the effect of desires, because low health makes any rider decline. The question is that of [1]_, whose
    riders refuse far orders after a crash.

    References
    ----------
    .. [1] arXiv:2510.13195.

    Examples
    --------
    >>> from empowerment.desire import DesireAgent, shock_effects
    >>> effects = shock_effects(DesireAgent(resolution=20), seeds=range(4), windows=[24])
    >>> effects[24].total
    21
    >>> row = effects[24]["far_declined"]
    >>> round(row.frozen.value, 3), round(row.updated.value, 3)
    (0.154, 0.317)
    """
    agent = validate.instance(DesireAgent() if agent is None else agent, DesireAgent, "agent")
    world = validate.instance(Riders() if world is None else world, Riders, "world")
    parameters = DesireParameters.shock() if parameters is None else parameters
    validate.instance(parameters, DesireParameters, "parameters")
    n_steps = validate.positive_int(n_steps, "n_steps", most=validate.LONGEST)
    seeds, lengths = checked_seeds(seeds), checked_windows(windows, n_steps)
    agent.begin(world, parameters)
    question = {"asked": "shocks", "windows": lengths}
    kept = opened(checkpoint, question, (agent,), world, parameters, seeds, n_steps)
    [found] = over_seeds(
        ShockWork(((agent, world, parameters),), lengths, n_steps),
        1,
        seeds,
        n_steps * world.n_agents,
        kept=kept,
        n_jobs=validate.n_jobs(n_jobs),
        progress=progress,
        doing="looking for shocks",
    )
    return ShockEffects(
        agent.name, seeds, lengths, tuple(world.desires), world.n_agents, n_steps, agent.moved, parameters, **found
    )


@dataclass(frozen=True)
class ShockWork:
    """Simulation of a chunk of runs, which returns the arrays of :class:`ShockEffects`.

    Attributes
    ----------
    settings : tuple of (DesireAgent, Riders, DesireParameters)
        One for each part of the work.
    windows : tuple of int
    n_steps : int
    """

    settings: tuple[tuple[DesireAgent, Riders, DesireParameters], ...]
    windows: tuple[int, ...]
    n_steps: int

    def __call__(self, chunk: Chunk) -> Sums:
        """Return arrays whose last axis is that of the seeds."""
        agent, world, parameters = self.settings[chunk.part]
        world, agent = unshared(world, agent)
        uniforms = random_numbers(world, self.n_steps, chunk.seeds)
        chain = follow_from_start(world, agent, uniforms, parameters=parameters)
        life = _Life(world, agent, parameters, uniforms, chain)
        return life.falls() | _stacked([life.window(length) for length in self.windows])


@dataclass(frozen=True)
class Shocks:
    """Shocks: slots, runs and riders by number, arrays of shape (n_shocks,)."""

    slots: np.ndarray
    runs: np.ndarray
    riders: np.ndarray


def first_shocks(changes: np.ndarray, window: int) -> Shocks:
    """Find the first shock of each rider with no other in the slots before, and a complete window after it.

    Parameters
    ----------
    changes : ndarray of shape (n_slots, n_runs, n_riders)
        Changes of health, before the night.
    window : int
    """
    falls = changes <= -LEAST_FALL
    count = np.concatenate([np.zeros((1, *falls.shape[1:]), dtype=int), falls.cumsum(axis=0)])
    n_slots = len(falls)
    alone = np.zeros_like(falls)
    fit = slice(CALM, n_slots - window)
    alone[fit] = falls[fit] & (count[fit] == count[: n_slots - window - CALM])
    runs, riders = np.nonzero(alone.any(axis=0))
    return Shocks(alone.argmax(axis=0)[runs, riders], runs, riders)


@dataclass(frozen=True)
class _Life:
    """Runs with everything that is needed to continue from any of their slots."""

    world: Riders
    agent: DesireAgent
    parameters: DesireParameters
    uniforms: np.ndarray
    chain: Chain

    def falls(self) -> Sums:
        """Count events, all falls of health, those that are events, and the names of the emotions at them."""
        falls = self.chain.outcomes.changes[..., 1] <= -LEAST_FALL
        names = name_emotions(self.chain.minds.emotion[1:])
        named = [(falls & (names == name)).sum(axis=(0, 2)) for name in EMOTIONS]
        return {
            "events": self.chain.minds.event[1:].sum(axis=(0, 2)),
            "falls": falls.sum(axis=(0, 2)),
            "falls_with_event": (falls & self.chain.minds.event[1:]).sum(axis=(0, 2)),
            "falls_named": np.stack(named),
        }

    def window(self, length: int) -> Sums:
        """Measure the behaviour around shocks, and desires in the slot of the shock and in the next one."""
        shocks = first_shocks(self.chain.outcomes.changes[..., 1], length)
        after = self.lived(shocks, 1, length)
        frozen = self.twins(shocks, length) if self.agent.moved and shocks.runs.size else after
        phases = {"before": self.lived(shocks, -CALM, CALM), "frozen": frozen, "updated": after}
        desire = self.chain.minds.desire
        wants = [desire[shocks.slots + late, shocks.runs, shocks.riders] for late in (0, 1)]
        return {
            "n_shocks": self.by_run(np.ones(len(shocks.runs), dtype=int), shocks),
            "desire": np.stack([self.by_run(want, shocks) for want in wants]),
            "sums": np.stack([self.by_run(_measured(*phases[name]), shocks) for name in PHASES]),
        }

    def lived(self, shocks: Shocks, first: int, length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return states, actions and pay of some slots, counted from the shock; (slot, shock)."""
        slots = shocks.slots + first + np.arange(length)[:, None]
        where = slots, shocks.runs, shocks.riders
        chain = self.chain
        return chain.positions.state[where], chain.actions[where], chain.outcomes.records["pay"][where]

    def twins(self, shocks: Shocks, length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return states, actions and pay of the twins after the shock, (slot, shock)."""
        at = shocks.slots, shocks.runs, shocks.riders
        # The uniform numbers of a slot lie one further on: the first ones decide where riders begin.
        draws = self.uniforms[shocks.slots + 1 + np.arange(length + 1)[:, None], shocks.runs, shocks.riders, :]
        alone = [_at(array, at) for array in self.chain.positions]
        chain = follow(
            self.world,
            self.agent,
            type(self.chain.positions)(*alone),
            Mind(*(_at(array, at) for array in self.chain.minds)),
            draws[:, :, None],
            parameters=self.parameters,
            will=np.array(self.agent.will),
            frozen=np.ones((len(shocks.runs), 1), dtype=bool),
        )
        after = slice(1, length + 1)
        return (
            chain.positions.state[after, :, 0],
            chain.actions[after, :, 0],
            chain.outcomes.records["pay"][after, :, 0],
        )

    def by_run(self, values: np.ndarray, shocks: Shocks) -> np.ndarray:
        """Sum values of shocks, along the first axis, for each run; the runs become the last axis."""
        totals = np.zeros((self.uniforms.shape[1], *values.shape[1:]), dtype=values.dtype)
        np.add.at(totals, shocks.runs, values)
        return np.moveaxis(totals, 0, -1)


def _at(array: np.ndarray, at: tuple[np.ndarray, ...]) -> np.ndarray:
    """Return the entries at shocks, each as an agent of its own."""
    return array[at][:, None]


def _measured(states: np.ndarray, actions: np.ndarray, pay: np.ndarray) -> np.ndarray:
    """Return the numerators and the denominators of `MEASURES`, of shape (n_shocks, n_measures, 2)."""
    health, _, offer = state_parts(states)
    far, length = offer == _FAR, np.full(states.shape[1], len(states))
    ratios = {
        "far_declined": ((far & (actions != ACCEPT)).sum(axis=0), far.sum(axis=0)),
        "income": (pay.sum(axis=0), length / SLOTS_PER_DAY),
        "rests": ((actions == REST).sum(axis=0), length),
        "health": (health.sum(axis=0), length),
    }
    return np.stack([np.stack(ratios[name], axis=-1) for name in MEASURES], axis=1).astype(np.float64)


def _stacked(parts: list[Sums]) -> Sums:
    return {name: np.stack([part[name] for part in parts]) for name in parts[0]}


def checked_windows(windows: Any, n_steps: int) -> tuple[int, ...]:
    """Return checked numbers of slots: distinct, at least one, and within the runs."""
    if isinstance(windows, str | bytes | Mapping) or not validate.is_several(windows):
        raise TypeError(f"windows is {validate.shown(windows)}, expected a list of numbers of slots")
    some = itertools.islice(windows, n_steps + 1)  # it may be endless
    found = tuple(validate.positive_int(each, "windows", most=validate.LONGEST) for each in some)
    if not found or len(set(found)) < len(found):
        raise ValueError(f"windows is {list(found)}, expected numbers of slots that differ, at least one")
    if max(found) + CALM >= n_steps:
        raise ValueError(
            f"n_steps is {n_steps}, expected more than {CALM} slots before a shock and {max(found)} after it"
        )
    return found
