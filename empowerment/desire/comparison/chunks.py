"""Work on many seeds in chunks: in parallel, stored on disk, in memory that does not grow with the seeds."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np

from empowerment.core import validate
from empowerment.desire.agent import Agent
from empowerment.desire.parameters import DesireParameters
from empowerment.desire.simulation import DAYS, SLOTS, follow_from_start, random_numbers
from empowerment.desire.world import DesireWorld
from empowerment.runtime.checkpoint import Checkpoint
from empowerment.runtime.digests import fingerprint
from empowerment.runtime.parallel import run_chunks
from empowerment.runtime.progress import progress_bar

MONTH = DAYS * SLOTS
# Steps of all agents of a chunk, about 25 months of six riders: some seconds of work, some ten megabytes.
_STEPS_IN_A_CHUNK = 25 * MONTH * 6


class Chunk(NamedTuple):
    """Part of a computation over seeds.

    Attributes
    ----------
    part : int
        Index of the part, such as the number of an agent.
    seeds : tuple of int
        Seeds of the runs.
    """

    part: int
    seeds: tuple[int, ...]


Sums = dict[str, np.ndarray]
"""Arrays by name whose last axis is that of the seeds."""


def over_seeds(
    work: Callable[[Chunk], Sums],
    n_parts: int,
    seeds: tuple[int, ...],
    steps_a_seed: int,
    *,
    kept: Checkpoint | None = None,
    n_jobs: int | None = None,
    progress: bool | str = "auto",
    doing: str = "simulating",
) -> list[Sums]:
    """Compute the sums of each part, for all seeds.

    Parameters
    ----------
    work : callable
        Picklable. What it returns for a seed must not depend on the others in the chunk.
    n_parts : int
    seeds : tuple of int
    steps_a_seed : int
        Steps of all agents in one run; says how many runs make a chunk.
    kept : Checkpoint, optional
        Where finished chunks are, and are put.
    n_jobs : int, optional
        As in :func:`empowerment.runtime.parallel.run_chunks`.
    progress : bool or "auto"
    doing : str
        What the bar says.
    """
    size = seeds_in_a_chunk(steps_a_seed)
    blocks = [seeds[first : first + size] for first in range(0, len(seeds), size)]
    chunks = [Chunk(part, block) for part in range(n_parts) for block in blocks]
    done = {i: kept.read(i) for i in kept.indices(len(chunks))} if kept else {}
    left = [i for i in range(len(chunks)) if i not in done]
    with progress_bar(n_parts * len(seeds), doing, "run", progress) as advance:
        advance(sum(len(chunks[i].seeds) for i in done))
        results = run_chunks(work, (chunks[i] for i in left), n_jobs=n_jobs if len(left) > 1 else 1)
        with closing(results):
            for k, sums in results:
                if kept:
                    kept.store(left[k], sums)
                done[left[k]] = sums
                advance(len(chunks[left[k]].seeds))
    return [_joined([done[part * len(blocks) + i] for i in range(len(blocks))]) for part in range(n_parts)]


def seeds_in_a_chunk(steps_a_seed: int) -> int:
    """Return how many seeds are simulated together."""
    return max(1, _STEPS_IN_A_CHUNK // steps_a_seed)


def _joined(parts: list[Sums]) -> Sums:
    return {name: np.concatenate([part[name] for part in parts], axis=-1) for name in parts[0]}


def opened(
    path: object,
    question: dict[str, Any],
    agents: Sequence[Agent],
    world: DesireWorld,
    parameters: DesireParameters,
    seeds: tuple[int, ...],
    n_steps: int,
) -> Checkpoint | None:
    """Return the checkpoint of a question, None without a path.

    A question is what it says, the seeds, the world, and the agents: what can be read of them, and what they do in
    the first dozen steps of the first run.
    """
    if path is None:
        return None
    where: str | os.PathLike[str] = validate.path(path, "checkpoint")
    question = question | {
        "n_steps": n_steps,
        "parameters": asdict(parameters),
        "agents": [_record(agent) for agent in agents],
        "world": repr(world),
        "n_agents": world.n_agents,
        "wanted": np.asarray(world.wanted).tolist(),
        "seeds_in_a_chunk": seeds_in_a_chunk(n_steps * world.n_agents),
    }
    rows, uniforms = world.model.rows, random_numbers(world, SLOTS, seeds[:1])
    first = [follow_from_start(world, each, uniforms, parameters=parameters).actions for each in agents]
    prints = {
        "seeds": fingerprint(np.array(seeds, dtype=object).astype(str)),
        "model of the world": fingerprint(rows.data, rows.indices, rows.indptr, world.model.available),
        "features of the world": fingerprint(world.features),
        "first actions of the agents": fingerprint(*first),
    }
    return Checkpoint.open(where, question, prints)


def _record(agent: Agent) -> dict[str, Any]:
    """Return a description of an agent in JSON types."""
    parts = getattr(agent, "__dict__", {})
    public_parts = {name: _plain(part) for name, part in parts.items() if not name.startswith("_")}
    return {"kind": type(agent).__qualname__, **public_parts}


def _plain(part: Any) -> Any:
    found = validate.plain(part)
    if found is None or isinstance(found, str | bool | int | float):
        return found
    if isinstance(found, list | tuple):
        return [_plain(each) for each in found]
    if isinstance(found, np.ndarray) and not found.dtype.hasobject:
        return fingerprint(found)
    return getattr(found, "__qualname__", type(found).__qualname__)
