"""Initial state of a .POMDP file."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from empowerment.adapters.pomdp_format.names import Elements
from empowerment.adapters.pomdp_format.tokens import Range, Tokens, shortened


class Start(NamedTuple):
    """Distribution of the initial state, and the line that gives it."""

    values: np.ndarray
    line: int


def read_start(states: Elements, tokens: Tokens, wanted: Range) -> Start:
    """Read the text after the word "start"; `wanted` is the range of the numbers of a distribution."""
    line = tokens.line
    if tokens.skip(":"):
        return Start(_distribution(states, tokens, wanted, line), line)
    if tokens.word not in ("include", "exclude"):
        raise tokens.error("':', 'include:' or 'exclude:'")
    chosen = np.full(len(states), tokens.take() == "exclude")
    listed = not chosen[0]
    tokens.expect(":")
    while tokens.word and not tokens.begins_statement():
        chosen[states.read(tokens, wildcard=False)] = listed
    if not chosen.any():
        raise tokens.error("states that leave at least one to start in")
    return Start(chosen / chosen.sum(), line)


def _distribution(states: Elements, tokens: Tokens, wanted: Range, line: int) -> np.ndarray:
    """Return the distribution after "start:", where a single whole number is that of a state."""
    count = len(states)
    if tokens.skip("uniform"):
        return np.full(count, 1 / count)
    if not tokens.at_number():
        name = tokens.word
        certain = _certain(states.read(tokens, wildcard=False) or 0, count)
        if tokens.word in states:
            raise tokens.error(
                f"the next statement after the state {shortened(name)!r}",
                f"; 'start include: {shortened(name)} {shortened(tokens.word)}' starts in one of several states",
            )
        return certain
    number = tokens.count()
    values = tokens.numbers()
    if len(values) == 1 and number is not None and number < count and (number != 1 or count > 1):
        return _certain(number, count)
    if len(values) != count or not all(wanted.least <= value <= wanted.most for value in values):
        several = len(values) > 1 and all(value.is_integer() for value in values)
        hint = "; 'start include:' lists several states" if several else wanted.hint if len(values) == count else ""
        raise tokens.complaint(
            f"found {values[0]:g} and {len(values) - 1} more numbers, expected {count} {wanted.name} {wanted.bounds} "
            f"or the number of one state{hint}",
            line,
        )
    return np.maximum(values, 0.0)


def _certain(state: int, count: int) -> np.ndarray:
    chosen = np.zeros(count)
    chosen[state] = 1.0
    return chosen
