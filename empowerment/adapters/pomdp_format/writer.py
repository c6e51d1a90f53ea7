"""Models into files of the .POMDP format: ``write_pomdp``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

import numpy as np
from scipy import sparse

from empowerment.adapters.pomdp_format.tokens import NAMES, is_name
from empowerment.models.mdp import MDP
from empowerment.models.pomdp import POMDP
from empowerment.runtime.files import written_whole


def write_pomdp(model: POMDP | MDP, path: str | os.PathLike[str]) -> None:
    """Write a model to a file of Cassandra's .POMDP format.

    Reading the file gives the same arrays, labels, initial distribution, rewards and discount, to the last digit, if
    rows sum to 1 within 1e-9 (those from float32 arrays may not, and are then rescaled with a warning). The file is
    written under another name and moved into place, so that it is complete or absent. An MDP is written without
    observations.

    Terminal states are written as states in which every action stays; the format has no mark for them, and none for a
    layout. A model without a discount is written without ``discount:``, although the format requires it.

    Parameters
    ----------
    model : POMDP or MDP
        Its labels must be names of the format (a letter followed by letters, digits, '-' and '_', and none of the
        format's keywords) or the numbers 0, 1, …; :meth:`POMDP.with_labels` replaces labels.
    path : path-like
        File to write.

    Raises
    ------
    ValueError
        If a label is no name of the format, or an action is missing in some state, which the format cannot express.
    OSError
        If the file cannot be written.

    See Also
    --------
    read_pomdp : Read such a file.

    Examples
    --------
    >>> import empowerment as emp
    >>> maze = emp.worlds.tmaze()
    >>> emp.write_pomdp(maze.with_labels(states=range(10)), "maze.POMDP")
    >>> emp.read_pomdp("maze.POMDP").actions
    ('forward', 'back', 'up', 'down')
    """
    if not isinstance(model, POMDP | MDP):
        raise TypeError(f"model is a {type(model).__name__}, expected a POMDP or an MDP")
    if not model.available.all():
        state, action = np.argwhere(~model.available)[0]
        raise ValueError(
            f"action {model.actions[action]!r} is missing in state {model.states[state]!r}, expected every action in "
            "every state: a file of this format cannot say otherwise"
        )
    preamble = "".join(_preamble(model))
    with written_whole(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        file.write(preamble)
        _write_body(model, file)


def _preamble(model: POMDP | MDP) -> Iterator[str]:
    if model.discount is not None:
        yield f"discount: {_decimal(model.discount)}\n"
    yield "values: reward\n"
    yield f"states: {_names(model, model.states, 'state')}\n"
    yield f"actions: {_names(model, model.actions, 'action')}\n"
    if isinstance(model, POMDP):
        yield f"observations: {_names(model, model.observations, 'observation')}\n"
    if model.initial is not None:
        yield f"start: {' '.join(map(_decimal, model.initial))}\n"


def _names(model: POMDP | MDP, labels: Sequence[Any], kind: str) -> str:
    if tuple(labels) == tuple(range(len(labels))):
        return str(len(labels))
    for label in labels:
        if not is_name(label):
            hint = f"POMDP.with_labels({kind}s=range({len(labels)})) numbers them"
            if isinstance(model, MDP):
                hint = f"an MDP of the same arrays with {kind}s=range({len(labels)}) can be written"
            raise ValueError(f"{kind} label {label!r} cannot be written, expected {NAMES}; {hint}")
    return " ".join(labels)


def _write_body(model: POMDP | MDP, file: TextIO) -> None:
    """Write every distribution and every reward."""
    rows = (model.mdp if isinstance(model, POMDP) else model).rows
    pairs = [(state, action) for state in model.states for action in model.actions]
    for (state, action), begin, end in zip(pairs, rows.indptr[:-1].tolist(), rows.indptr[1:].tolist(), strict=True):
        head = f"T: {action} : {state}"
        file.writelines(_row(head, model.states, rows.indices[begin:end], rows.data[begin:end]))
    if isinstance(model, POMDP):
        for action, seen in _observations(model):
            ends = seen.indptr.tolist()
            for state, begin, end in zip(model.states, ends[:-1], ends[1:], strict=True):
                filled = seen.indices[begin:end], seen.data[begin:end]
                file.writelines(_row(f"O: {action} : {state}", model.observations, *filled))
    if model.rewards is not None:
        for (state, action), reward in zip(pairs, model.rewards.reshape(-1).tolist(), strict=True):
            file.write(f"R: {action} : {state} : {'* : *' if isinstance(model, POMDP) else '*'} {_decimal(reward)}\n")


def _observations(model: POMDP) -> Iterator[tuple[Any, sparse.csr_array]]:
    """Yield each action and what is observed after it, or "*" and that once, if the action does not matter."""
    matrices = [sparse.csr_array(model.observation_rows.after(action)) for action in range(model.n_actions)]
    alike = all((matrix != matrices[0]).nnz == 0 for matrix in matrices[1:])
    yield from zip("*" if alike else model.actions, matrices, strict=False)


def _row(head: str, outcomes: Sequence[Any], filled: np.ndarray, values: np.ndarray) -> Iterator[str]:
    """Say one distribution: all of it if most entries are filled, else each of those that are."""
    if 2 * len(filled) > len(outcomes):
        row = np.zeros(len(outcomes))
        row[filled] = values
        yield f"{head}\n{' '.join(map(_decimal, row))}\n"
        return
    for outcome, value in zip(filled.tolist(), values.tolist(), strict=True):
        yield f"{head} : {outcomes[outcome]} {_decimal(value)}\n"


def _decimal(value: float) -> str:
    """Return a number to the last digit; the format wants digits on both sides of a point."""
    text = repr(float(value))
    return text if "." in text else text.replace("e", ".0e")
