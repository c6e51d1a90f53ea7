"""Starts solved one by one: each orbit once, in chunks that several cores share and a checkpoint keeps."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any, Protocol, Self

import numpy as np

from empowerment.core import validate
from empowerment.models.mdp import MDP
from empowerment.models.symmetry import orbit_maps, orbits
from empowerment.runtime.checkpoint import Checkpoint
from empowerment.runtime.digests import fingerprint
from empowerment.runtime.parallel import run_chunks
from empowerment.runtime.progress import progress_bar
from empowerment.runtime.records import packed, unpacked

# Starts in a chunk at most, and the number of states from which on each start is a chunk of its own, which then
# takes a tenth of a second or more.
_MOST_IN_A_CHUNK, _MANY_STATES = 16, 160


class Record(Protocol):
    """What was found for a start: a dataclass of numbers and arrays."""

    def mapped(self, images: np.ndarray, actions: np.ndarray) -> Self:
        """Return it for the image of the start under a symmetry of states and actions."""
        ...


def solve_starts(
    solver: Callable[[np.ndarray], list[Any]],
    kind: type[Record],
    model: MDP,
    numbers: np.ndarray,
    question: Mapping[str, Any],
    *,
    n_jobs: int | None,
    checkpoint: str | os.PathLike[str] | None,
    progress: bool | str,
    orbits_once: bool = True,
) -> list[Any]:
    """Return what was found for every start, in their order.

    Parameters
    ----------
    solver : callable
        Takes numbers of states, returns a record for each. Picklable.
    kind : type
        The class of the records.
    model : MDP
    numbers : ndarray of int of shape (n_starts,)
    question : mapping
        What records depend on apart from the model, as values that JSON can hold; the title of the bar names its
        discount.
    n_jobs, checkpoint, progress
        As :func:`empowerment.skill_empowerment` takes them.
    orbits_once : bool
        Whether starts are states of the model, of which one for each orbit is solved.

    Raises
    ------
    ValueError
        If the checkpoint belongs to another question.
    """
    representative = orbits(model, numbers).representative if orbits_once else numbers
    asked, position = np.unique(representative, return_inverse=True)
    size = _chunk_size(model.n_states)
    chunks = [asked[first : first + size] for first in range(0, asked.size, size)]
    kept = None if checkpoint is None else _opened(checkpoint, model, asked, {**question, "starts_in_a_chunk": size})
    done = {i: unpacked(kind, kept.read(i)) for i in kept.indices(len(chunks))} if kept else {}
    left = [i for i in range(len(chunks)) if i not in done]
    title, jobs = f"skills, discount {question['discount']:g}", n_jobs if len(left) > 1 else 1
    with (
        progress_bar(asked.size, title, "state", progress) as advance,
        closing(run_chunks(solver, (chunks[i] for i in left), n_jobs=jobs)) as work,
    ):
        advance(sum(chunks[i].size for i in done))
        for number, found in work:
            if kept:
                kept.store(left[number], packed(found))
            done[left[number]] = found
            advance(len(found))
    solved = [each for number in range(len(chunks)) for each in done[number]]
    return _on_orbits(model, numbers, asked, position, solved)


def _chunk_size(n_states: int) -> int:
    """Return how many starts to solve at a time; the work for one grows with the third power of the states."""
    return max(1, min(_MOST_IN_A_CHUNK, _MANY_STATES**3 // n_states**3))


def _opened(path: str | os.PathLike[str], model: MDP, asked: np.ndarray, question: Mapping[str, Any]) -> Checkpoint:
    rows = model.rows
    prints = {
        "model": fingerprint(rows.data, rows.indices, rows.indptr, model.available),
        "states": fingerprint(asked),
    }
    return Checkpoint.open(validate.path(path, "checkpoint"), question, prints)


def _on_orbits(
    model: MDP, numbers: np.ndarray, asked: np.ndarray, position: np.ndarray, solved: list[Any]
) -> list[Any]:
    """Return the record of each start, mapped from that of the start that stands for its orbit."""
    found: list[Any] = [None] * numbers.size
    for k in range(asked.size):
        members = np.flatnonzero(position == k)
        alone = (numbers[members] == asked[k]).all()
        maps = {} if alone else orbit_maps(model, int(asked[k]))
        for i in members.tolist():
            same = numbers[i] == asked[k]
            found[i] = solved[k] if same else solved[k].mapped(*maps[int(numbers[i])])
    return found
