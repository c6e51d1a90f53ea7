"""Checks of what token models report and of what they are asked."""

from __future__ import annotations

import math
from collections.abc import Sequence

from empowerment.text.tiers import TokenModelError

# Providers report lower numbers for a probability that is unknown or 0; no softmax in single precision reaches this.
LOWEST_LOG = -1000.0
# Error of a sum of probabilities in single precision, and the smallest ratio that shows a truncated list.
_SINGLE_PRECISION = 1e-6
_GAP = 100


def cut_and_scaled(probabilities: Sequence[float]) -> bool:
    """Return whether a sampler must have truncated a list of the most probable tokens and renormalized it.

    In the distribution of a language model the tokens after the last one of a list are about as probable as that one,
    and there are many of them. If the list sums to 1 and its last entry is a hundred times what is missing, the rest
    was truncated and the list renormalized.
    """
    return min(probabilities, default=0.0) >= _GAP * max(abs(1.0 - math.fsum(probabilities)), _SINGLE_PRECISION)


def well_formed(text: str, what: str) -> str:
    """Return a text unchanged if it is well-formed.

    Raises
    ------
    TokenModelError
        If it contains half of a surrogate pair, which stands for no character.
    """
    try:
        text.encode()
    except UnicodeEncodeError as reason:
        raise TokenModelError(
            f"the {what} has half of a surrogate pair at character {reason.start}, {text[reason.start]!r}, which no "
            "model reads; was a text cut inside a character?"
        ) from None
    return text
