"""Comparison of agents in one world, by the same random numbers."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from empowerment.core import validate
from empowerment.desire.agent import Agent
from empowerment.desire.comparison.chunks import MONTH, Chunk, Sums, opened, over_seeds
from empowerment.desire.comparison.measures import measured
from empowerment.desire.comparison.result import AgentComparison
from empowerment.desire.parameters import DesireParameters
from empowerment.desire.simulation import check_fit, checked_seeds, simulate_agents
from empowerment.desire.world import DesireWorld
from empowerment.desire.worlds.riders import Riders

World = TypeVar("World", bound=DesireWorld)
Kind = TypeVar("Kind", bound=Agent)


def compare_agents(
    agents: Mapping[str, Agent],
    world: DesireWorld | None = None,
    *,
    seeds: Sequence[int] = range(100),
    n_steps: int = MONTH,
    parameters: DesireParameters | None = None,
    n_jobs: int | None = None,
    checkpoint: Any = None,
    progress: bool | str = "auto",
) -> AgentComparison:
    """Compare kinds of agents in the same world, each kind by itself, over many seeds.

    Parameters
    ----------
    agents : mapping from str to Agent
        Agents by name. In each run all agents of the world are of one kind.
    world : DesireWorld, optional
        By default :class:`Riders`, for which there are more measures than for other worlds.
    seeds : sequence of int
        One run of each kind for each seed.
    n_steps : int
        Number of steps; 360 slots are a month of riders.
    parameters : DesireParameters, optional
        By default :meth:`DesireParameters.shock`.
    n_jobs : int, optional
        Number of processes, -1 for one on each core. None uses the active joblib configuration, else one process. The
        result does not depend on it.
    checkpoint : path, optional
        A directory for finished chunks, from which the same call continues after an interruption.
    progress : bool or "auto"
        Show a progress bar. ``"auto"`` shows it on a terminal, once a second has passed.

    Returns
    -------
    AgentComparison
        The measures of every kind, for each seed.

    Raises
    ------
    ValueError
        If an agent does not fit the world, a seed comes twice, or the checkpoint belongs to another question.

    See Also
    --------
    AgentComparison.difference : Compare two kinds.
    simulate_agents : Simulate one kind and keep its trace.
    shock_effects : Measure behaviour after shocks.

    Notes
    -----
    Runs are simulated in chunks. Only a pair of numbers for each measure and seed is kept, so that memory hardly
    grows with the number of seeds. All kinds meet the same random numbers, so that differences between them are
    paired; see :meth:`AgentComparison.difference`.

    Examples
    --------
    >>> from empowerment.desire import DesireAgent, compare_agents
    >>> agents = {"desire": DesireAgent(resolution=20), "fixed": DesireAgent.fixed(resolution=20)}
    >>> found = compare_agents(agents, seeds=range(20))
    >>> found["fixed"]["income"]
    SeedEstimate(62.98 in [62.41, 63.56], 20 seeds)
    >>> found.difference("desire", "fixed", "income")
    SeedEstimate(-5.068 in [-5.791, -4.345], 20 seeds)
    """
    agents = _checked_agents(agents)
    world = Riders() if world is None else world
    parameters = DesireParameters.shock() if parameters is None else parameters
    validate.instance(parameters, DesireParameters, "parameters")
    n_steps = validate.positive_int(n_steps, "n_steps", most=validate.LONGEST)
    seeds, kinds = checked_seeds(seeds), tuple(agents.values())
    for agent in kinds:
        check_fit(world, agent, parameters)
        agent.begin(world, parameters)  # what it has to learn or to plan before it starts goes along to all processes
    kept = opened(checkpoint, {"asked": "comparison"}, kinds, world, parameters, seeds, n_steps)
    parts = over_seeds(
        _Work(kinds, world, parameters, n_steps),
        len(kinds),
        seeds,
        n_steps * world.n_agents,
        kept=kept,
        n_jobs=validate.n_jobs(n_jobs),
        progress=progress,
        doing="comparing agents",
    )
    return AgentComparison(
        agents=tuple(agents),
        seeds=seeds,
        measures=tuple(parts[0]),
        world=repr(world),
        n_agents=world.n_agents,
        n_steps=n_steps,
        parameters=parameters,
        numerators=np.array([[part[name][0] for name in part] for part in parts]),
        denominators=np.array([[part[name][1] for name in part] for part in parts]),
    )


@dataclass(frozen=True)
class _Work:
    """Simulates a chunk of runs of one agent, and returns the measures."""

    agents: tuple[Agent, ...]
    world: DesireWorld
    parameters: DesireParameters
    n_steps: int

    def __call__(self, chunk: Chunk) -> Sums:
        world, agent = unshared(self.world, self.agents[chunk.part])
        trace = simulate_agents(world, agent, self.n_steps, seeds=chunk.seeds, parameters=self.parameters)
        found = measured(trace, world, has_desire=agent.will is not None)
        return {name: np.stack(ratio) for name, ratio in found.items()}


def unshared(world: World, agent: Kind) -> tuple[World, Kind]:
    """Return copies of a world and an agent for one thread: what an agent caches is not safe for several."""
    if threading.current_thread() is threading.main_thread():
        return world, agent
    copied: tuple[World, Kind] = deepcopy((world, agent))
    return copied


def _checked_agents(agents: object) -> dict[str, Agent]:
    """Return at least one agent by name, checked."""
    if not isinstance(agents, Mapping):
        raise TypeError(f"agents is {validate.shown(agents)}, expected a mapping from names to agents")
    if not agents:
        raise ValueError("agents is empty, expected at least one")
    for name, agent in agents.items():
        validate.text(name, "the name of an agent in agents")
        validate.offers(agent, ("name", "will", "moved", "begin"), f"agents[{name!r}]", "an agent, as DesireAgent()")
    return dict(agents)
