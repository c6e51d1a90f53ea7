"""Marks of lists that tell less than they seem to, in one distribution of a token model and in what it writes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from empowerment.text.token_model import LOWEST_LOG, Outcome, Position, cut_and_scaled

# What vocabularies write for a space and a line break, and what is shown of a part of a character.
_SIGNS = ("\u0120", "\u2581", "\u010a")
_BROKEN = "\ufffd".encode()


def check_list(place: Position, ends: Sequence[Outcome], where: str) -> None:
    """Raise an AssertionError where a list cannot be what a model tells of its next token."""
    mass, residual = place.mass, place.residual
    assert abs(mass.lower + residual.upper - 1) <= 1e-9, f"{where}: the mass {mass} and residual {residual} miss 1"
    assert abs(mass.upper + residual.lower - 1) <= 1e-9, f"{where}: the mass {mass} and residual {residual} miss 1"
    finite = place.log_probabilities[np.isfinite(place.log_probabilities)]
    placeholders = finite[finite < LOWEST_LOG]
    assert not placeholders.size, (
        f"{where}: a token has the log-probability {placeholders[0]:g}, which stands for 'not told'; leave such a "
        "token out of the list"
    )
    assert place.complete or len(finite) < 2 or not cut_and_scaled(np.exp(finite).tolist()), (
        f"{where}: {len(finite)} tokens are listed and sum to 1, and the last still has {np.exp(finite.min()):.3g}: "
        "a sampler cut off the others and scaled these up; tell the probabilities before that"
    )
    _check_written(place, ends, where)


def _check_written(place: Position, ends: Sequence[Outcome], where: str) -> None:
    """Look for tokens that are not written as what they are."""
    written = [token for token in place.tokens if token]
    if place.ids is None:
        shown = [token for token in place.tokens if token is not None and _BROKEN in token]
        assert not shown, (
            f"{where}: {shown[0]!r} is listed, which is shown for every part of a character; list what cannot be "
            "told apart as None"
        )
        assert b"" not in place.tokens or b"" in ends, (
            f"{where}: a token is listed that is written as nothing, as several may be, and b'' is not among the "
            "ends; list what cannot be told apart as None"
        )
        assert place.chosen is not None or place.token is None or place.token not in place.tokens, (
            f"{where}: the token {place.token!r} is listed, but chosen is None: another token is written alike, or "
            "its own probability was lost"
        )
    for sign in _SIGNS:
        n_signs = sum(sign.encode() in token for token in written)
        assert 2 * n_signs <= len(written) or len(written) < 2, (
            f"{where}: {n_signs} of {len(written)} tokens are written with {sign!r}, a sign of the vocabulary; write "
            "them as they stand in a text"
        )


def check_written_text(place: Position, text: str, tolerance: float) -> None:
    """Compare a token that was generated at temperature 0 with the text that was sampled at it."""
    best = place.log_probabilities.max()
    likely = {
        (token or b"").decode(errors="replace").strip()
        for token, log in zip(place.tokens, place.log_probabilities, strict=True)
        if log >= best - tolerance
    }
    assert text.strip() in likely or any("\ufffd" in each for each in likely), (
        f"at temperature 0 sample() writes {text!r}, and step() {place.token!r}: what step() tells is of another "
        "text, as of reasoning before an answer, or written otherwise"
    )
