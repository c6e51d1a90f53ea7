"""POMDPs in files of the .POMDP format."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from empowerment.adapters.pomdp_parser import Parser, Table
from empowerment.adapters.pomdp_rewards import expected_rewards
from empowerment.adapters.pomdp_tokens import NAMES, Tokens, is_name
from empowerment.files import written_whole
from empowerment.models.pomdp import POMDP

_EXACT = 1e-9
_ROUNDED = 1e-4
"""Sums that miss 1 by more than the one are rescaled with a warning, by more than the other refused."""


def read_pomdp(path: str | os.PathLike[str]) -> POMDP:
    """Read a model from a file of Cassandra's .POMDP format.

    All of the format is read: names or counts, wildcards, single entries, rows and matrices, ``uniform``,
    ``identity`` and ``reset``, every form of ``start``, rewards and costs. Later lines override earlier ones.
    Rewards of the next state and the observation are reduced to the expected reward of state and action; costs
    are negated.

    What a file does not say the model does not have: without ``discount:`` its `discount` is None, without ``R:``
    its `rewards`, and without ``start:`` its `initial`. A uniform start is not assumed.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    POMDP
        Labels are the names, or numbers where the file gives a count. No state is marked as terminal; one that
        every action stays in has no empowerment all the same.

    Raises
    ------
    ValueError
        If the file is malformed, or probabilities miss the sum 1 by more than 1e-4. The message names the file and
        the line, and says what was found and what was expected.

    Warns
    -----
    UserWarning
        Once, if sums miss 1 by less than 1e-4, as rounded numbers do. Those rows are rescaled.

    References
    ----------
    A. R. Cassandra, "Exact and approximate algorithms for partially observable Markov decision processes", PhD
    thesis, Brown University, 1998.

    Examples
    --------
    >>> import empowerment as emp
    >>> emp.write_pomdp(emp.worlds.tiger(), "tiger.POMDP")
    >>> tiger = emp.read_pomdp("tiger.POMDP")
    >>> tiger
    POMDP(2 states, 3 actions, 2 observations)
    >>> tiger.rewards[0].tolist()
    [-1.0, -100.0, 10.0]
    """
    tokens = Tokens(_text(path), os.fspath(path))
    found = Parser(tokens)
    _settle(found, tokens)
    transition, observation = found.transition.values, found.observation.values
    rewards = expected_rewards(found.rewards, transition, observation) if found.rewards else None
    return POMDP(
        np.moveaxis(transition, 0, 1),
        observation,
        states=found.labels["state"],
        actions=found.labels["action"],
        observations=found.labels["observation"],
        initial=found.start,
        rewards=0.0 - rewards if rewards is not None and found.is_cost else rewards,
        discount=found.discount,
    )


def write_pomdp(pomdp: POMDP, path: str | os.PathLike[str]) -> None:
    """Write a model to a file of Cassandra's .POMDP format.

    Reading the file gives the same arrays, labels, initial distribution, rewards and discount, to the last digit, if
    rows sum to 1 within 1e-9 (those from float32 arrays may not, and are then rescaled with a warning). The file is
    written under another name and moved into place, so that it is whole or absent.

    Terminal states are written as what they are, states that every action stays in; the format has no mark for them,
    and none for a layout. It has a ``discount:`` in every file, but a model without one is written without it.

    Parameters
    ----------
    pomdp : POMDP
        Its labels must be names of the format (a letter followed by letters, digits, '-' and '_', and none of the
        format's own words) or the numbers 0, 1, …; :meth:`POMDP.with_labels` gives a model others.
    path : path-like

    Raises
    ------
    ValueError
        If a label is no name of the format, or an action is missing in some state, which the format cannot say.
    OSError
        If nothing can be written there.

    Examples
    --------
    >>> import empowerment as emp
    >>> maze = emp.worlds.tmaze()
    >>> emp.write_pomdp(maze.with_labels(states=range(10)), "maze.POMDP")
    >>> emp.read_pomdp("maze.POMDP").actions
    ('forward', 'back', 'up', 'down')
    """
    if not isinstance(pomdp, POMDP):
        raise TypeError(f"pomdp is a {type(pomdp).__name__}, expected a POMDP")
    if not pomdp.available.all():
        state, action = np.argwhere(~pomdp.available)[0]
        raise ValueError(
            f"action {pomdp.actions[action]!r} is missing in state {pomdp.states[state]!r}, expected every action in "
            "every state: a file of this format cannot say otherwise"
        )
    preamble = "".join(_preamble(pomdp))
    with written_whole(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        file.write(preamble)
        _write_body(pomdp, file)


def _text(path: str | os.PathLike[str]) -> str:
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{os.fspath(path)!r} is not a text file in UTF-8, expected the .POMDP format") from None


def _settle(found: Parser, tokens: Tokens) -> None:
    """Check that every distribution sums to 1, and rescale the rounded ones with one warning for all."""
    never = ~found.transition.values.any(axis=1)
    settled = [
        (found.transition.values, _sums("T", found.transition, found, tokens)),
        (found.observation.values, _sums("O", found.observation, found, tokens, may_lack=never)),
    ]
    if found.start is not None:
        total = found.start.sum(keepdims=True)
        if abs(total[0] - 1) > _ROUNDED:
            raise tokens.complaint(f"start sums to {total[0]:.12g}, expected 1", found.start_line)
        settled.append((found.start[None], total))
    missed = np.concatenate([np.abs(sums - 1).reshape(-1) for _, sums in settled])
    if missed.max() <= _EXACT:
        return
    for values, sums in settled:
        wrong = np.abs(sums - 1) > _EXACT
        values[wrong] /= sums[wrong, None]
    warnings.warn(
        f"{tokens.path!r}: {(missed > _EXACT).sum()} distributions missed the sum 1 by up to {missed.max():.3g} "
        "and were rescaled",
        UserWarning,
        stacklevel=3,
    )


def _sums(head: str, table: Table, found: Parser, tokens: Tokens, may_lack: Any = False) -> np.ndarray:
    """Return the sum of each row, or complain about the first that is far from 1; rows that may lack count as 1."""
    sums = table.values.sum(axis=2)
    sums[(sums == 0) & may_lack] = 1.0
    wrong = np.argwhere(np.abs(sums - 1) > _ROUNDED)
    if wrong.size:
        action, state = wrong[0]
        row = f"'{head}: {found.labels['action'][action]} : {found.labels['state'][state]}'"
        if not table.lines[action, state]:
            raise tokens.complaint(f"the file ends without probabilities for {row}, expected some", tokens.line)
        raise tokens.complaint(
            f"after this line {row} sums to {sums[action, state]:.12g}, expected 1", int(table.lines[action, state])
        )
    return np.asarray(sums)


def _preamble(pomdp: POMDP) -> Iterator[str]:
    if pomdp.discount is not None:
        yield f"discount: {_decimal(pomdp.discount)}\n"
    yield "values: reward\n"
    yield f"states: {_names(pomdp.states, 'state')}\n"
    yield f"actions: {_names(pomdp.actions, 'action')}\n"
    yield f"observations: {_names(pomdp.observations, 'observation')}\n"
    if pomdp.initial is not None:
        yield f"start: {' '.join(map(_decimal, pomdp.initial))}\n"


def _names(labels: Sequence[Any], kind: str) -> str:
    if tuple(labels) == tuple(range(len(labels))):
        return str(len(labels))
    for label in labels:
        if not is_name(label):
            raise ValueError(
                f"{kind} label {label!r} cannot be written, expected {NAMES}; "
                f"POMDP.with_labels({kind}s=range({len(labels)})) numbers them"
            )
    return " ".join(labels)


def _write_body(pomdp: POMDP, file: TextIO) -> None:
    """Write every distribution and every reward."""
    transition, observation = pomdp.mdp.to_dense(), pomdp.observation
    for (s, state), (a, action) in product(enumerate(pomdp.states), enumerate(pomdp.actions)):
        file.writelines(_row(f"T: {action} : {state}", pomdp.states, transition[s, a]))
    shared = (observation == observation[0]).all()
    for action, rows in zip("*" if shared else pomdp.actions, observation, strict=False):
        for state, row in zip(pomdp.states, rows, strict=True):
            file.writelines(_row(f"O: {action} : {state}", pomdp.observations, row))
    if pomdp.rewards is not None:
        for (s, a), reward in np.ndenumerate(pomdp.rewards):
            file.write(f"R: {pomdp.actions[a]} : {pomdp.states[s]} : * : * {_decimal(reward)}\n")


def _row(place: str, outcomes: Sequence[Any], row: np.ndarray) -> Iterator[str]:
    """Say one distribution: all of it if most entries are filled, else each of those that are."""
    filled = np.flatnonzero(row)
    if 2 * len(filled) > len(row):
        yield f"{place}\n{' '.join(map(_decimal, row))}\n"
        return
    for outcome in filled.tolist():
        yield f"{place} : {outcomes[outcome]} {_decimal(row[outcome])}\n"


def _decimal(value: float) -> str:
    """Return a number to the last digit; the format wants digits on both sides of a point."""
    text = repr(float(value))
    return text if "." in text else text.replace("e", ".0e")
