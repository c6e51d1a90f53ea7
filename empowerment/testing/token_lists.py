"""Checks of one distribution of a token model, and of the text that it generates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from empowerment.text.position import Position
from empowerment.text.token_checks import LOWEST_LOG, cut_and_scaled
from empowerment.text.token_list import Outcome

# What vocabularies write for a space and a line break, and what is shown of a part of a character.
_SIGNS = ("\u0120", "\u2581", "\u010a")
_BROKEN = "\ufffd".encode()


def check_list(position: Position, ends: Sequence[Outcome], where: str) -> None:
    """Check that a list can be a model's report on its next token."""
    mass, residual = position.mass, position.residual
    assert abs(mass.lower + residual.upper - 1) <= 1e-9, f"{where}: the mass {mass} and residual {residual} miss 1"
    assert abs(mass.upper + residual.lower - 1) <= 1e-9, f"{where}: the mass {mass} and residual {residual} miss 1"
    finite = position.log_probabilities[np.isfinite(position.log_probabilities)]
    placeholders = finite[finite < LOWEST_LOG]
    assert not placeholders.size, (
        f"{where}: a token has the log-probability {placeholders[0]:g}, which stands for 'unknown'; leave such a "
        "token out of the list"
    )
    assert position.complete or len(finite) < 2 or not cut_and_scaled(np.exp(finite).tolist()), (
        f"{where}: {len(finite)} tokens are listed and sum to 1, and the last still has {np.exp(finite.min()):.3g}: "
        "a sampler truncated the others and rescaled these; report the probabilities before that"
    )
    _check_written(position, ends, where)


def _check_written(position: Position, ends: Sequence[Outcome], where: str) -> None:
    """Look for tokens that are not written as what they are."""
    written = [token for token in position.tokens if token]
    if position.ids is None:
        shown = [token for token in position.tokens if token is not None and _BROKEN in token]
        assert not shown, (
            f"{where}: {shown[0]!r} is listed, which is shown for every part of a character; list tokens that "
            "cannot be distinguished as None"
        )
        assert b"" not in position.tokens or b"" in ends, (
            f"{where}: a token without bytes is listed, as several may be, and b'' is not among the ends; list "
            "tokens that cannot be distinguished as None"
        )
        assert position.chosen is not None or position.token is None or position.token not in position.tokens, (
            f"{where}: the token {position.token!r} is listed, but chosen is None: another token is the same, or "
            "its own probability was lost"
        )
    for sign in _SIGNS:
        n_signs = sum(sign.encode() in token for token in written)
        assert 2 * n_signs <= len(written) or len(written) < 2, (
            f"{where}: {n_signs} of {len(written)} tokens contain {sign!r}, a sign of the vocabulary; list "
            "the bytes that they have in a text"
        )


def check_written_text(position: Position, text: str, tolerance: float) -> None:
    """Compare a token that was generated at temperature 0 with the text that was sampled at it."""
    best = position.log_probabilities.max()
    likely = {
        (token or b"").decode(errors="replace").strip()
        for token, log in zip(position.tokens, position.log_probabilities, strict=True)
        if log >= best - tolerance
    }
    assert text.strip() in likely or any("\ufffd" in each for each in likely), (
        f"at temperature 0 sample() writes {text!r}, and step() {position.token!r}: step() reports on another text, "
        "such as reasoning before an answer, or with other bytes"
    )
