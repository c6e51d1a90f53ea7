"""Beliefs written on the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.models.mdp import MDP
from empowerment.models.pomdp import POMDP

_NAMED = re.compile(r"\s*(.+?)\s*=\s*([^=,]+?)\s*(?:,|$)")


def read_beliefs(texts: Sequence[str] | None, world: MDP | POMDP) -> np.ndarray | None:
    """Return a row for each belief; None if none was given.

    Parameters
    ----------
    texts : sequence of str, or None
        Each ``uniform``, a number for each state of the world, parted by commas, or ``NAME=P`` of some states; the
        others then have probability 0.
    world : MDP or POMDP

    Raises
    ------
    ValueError
        If a text is none of these, or a state is unknown. Whether the numbers are a distribution is not looked at.
    """
    return None if texts is None else np.array([_belief(text, world) for text in texts])


def _belief(text: str, world: MDP | POMDP) -> list[float]:
    if text == "uniform":
        return [1 / world.n_states] * world.n_states
    if "=" in text:
        return _named(text, [str(state) for state in world.states])
    numbers = [_number(part, text) for part in text.split(",")]
    if len(numbers) != world.n_states:
        raise ValueError(
            f"--belief {text}: found {len(numbers)} of {world.n_states} numbers, expected one for each state, or "
            "NAME=P for some of them"
        )
    return numbers


def _named(text: str, names: list[str]) -> list[float]:
    pairs = _NAMED.findall(text)
    if _NAMED.sub("", text):
        raise ValueError(f"--belief {text}: expected NAME=P, parted by commas, as in {names[0]}=1")
    belief = [0.0] * len(names)
    for name, number in pairs:
        belief[validate.index_of(name, {each: i for i, each in enumerate(names)}, "state")] = _number(number, text)
    return belief


def _number(part: Any, text: str) -> float:
    try:
        return float(part)
    except ValueError:
        raise ValueError(f"--belief {text}: {part!r} is no number") from None
