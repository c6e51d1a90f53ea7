"""A list of tokens with their probabilities, and what is left for the others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from empowerment.core import validate
from empowerment.text.ends import (
    Ends,
    in_unit,
    least_residual_entropy,
    list_entropy,
    most_residual_entropy,
    outward,
    scaled_entropy,
)

# A complete list is normalised in double precision; this is what its sum may still miss.
_SUM_TOLERANCE = 1e-9
# Above 0 by what a rounding allows, and by no more.
_HIGHEST_LOG = 1.0

Outcome: TypeAlias = int | bytes
"""Identity of a token: its number in the vocabulary, or its bytes where there is no number."""


@dataclass(frozen=True, eq=False, repr=False)
class TokenList:
    """Distribution of which a list is known and, of all else, the total; see :class:`Position` for the fields."""

    tokens: tuple[bytes | None, ...]
    log_probabilities: np.ndarray
    ids: np.ndarray | None = None
    vocabulary_size: int | None = None
    cap: float | None = None
    rounding: float = 0.0

    def __post_init__(self) -> None:
        logs = np.asarray(self.log_probabilities, dtype=np.float64)
        object.__setattr__(self, "log_probabilities", logs)
        if self.ids is not None:
            object.__setattr__(self, "ids", _numbers(self.ids))
        self._check()
        if self.cap is None:
            object.__setattr__(self, "cap", float(np.exp(logs.min())) if logs.size else 1.0)

    def _check(self) -> None:
        logs, n = self.log_probabilities, len(self.tokens)
        if logs.shape != (n,):
            raise ValueError(f"log_probabilities has shape {logs.shape}, expected ({n},): one for each token")
        wrong = logs[np.isnan(logs) | (logs > _HIGHEST_LOG)]
        if wrong.size:
            raise ValueError(f"log_probabilities has {wrong[0]:g}, expected numbers of at most 0")
        if not 0 <= self.rounding < 0.5:
            raise ValueError(f"rounding is {self.rounding!r}, expected a relative error in [0, 0.5)")
        if self.ids is not None and (self.ids.shape != (n,) or len(set(self.ids.tolist())) != n):
            raise ValueError(f"ids has shape {self.ids.shape}, expected {n} different numbers: one for each token")
        named = [token for token in self.tokens if token is not None]
        if self.ids is None and len(set(named)) != len(named):
            raise ValueError("tokens are listed twice, expected each once; tokens that are written alike need ids")
        mass = self.mass.lower
        if mass > 1 + _SUM_TOLERANCE:
            raise ValueError(
                f"the listed probabilities sum to {np.exp(logs).sum():.9g}, expected at most 1 (rounding "
                f"{self.rounding:g}); were they changed by a temperature, or need they a larger rounding?"
            )
        if self.cap is not None and not self.complete and self.cap * self._n_unlisted < self.residual.lower - 1e-9:
            raise ValueError(
                f"cap is {self.cap:.3g}, so {self._n_unlisted:g} tokens outside the list hold less than the "
                f"{self.residual.lower:.3g} that is left for them"
            )
        if self.vocabulary_size is not None and n > self.vocabulary_size:
            raise ValueError(f"{n} tokens are listed, but vocabulary_size is {self.vocabulary_size}")
        if self.complete and abs(mass - 1) > _SUM_TOLERANCE:
            raise ValueError(f"all {n} tokens are listed, but their probabilities sum to {mass:.9g}, expected 1")

    @property
    def complete(self) -> bool:
        """Whether every token of the vocabulary is listed."""
        return self.vocabulary_size is not None and len(self.tokens) == self.vocabulary_size

    @property
    def outcomes(self) -> Sequence[Outcome | None]:
        """The identities of the listed tokens: their numbers if known, else their bytes."""
        return list(self.tokens) if self.ids is None else self.ids.tolist()

    @cached_property
    def mass(self) -> Ends:
        """Total probability of the listed tokens."""
        total = float(np.exp(self.log_probabilities).sum())
        if self.complete:
            return Ends(total, total)
        return Ends(total / (1 + self.rounding), min(total / (1 - self.rounding), 1.0))

    @property
    def residual(self) -> Ends:
        """Total probability of all tokens outside the list."""
        if self.complete:
            return Ends(0.0, 0.0)
        return Ends(1.0 - self.mass.upper, max(1.0 - self.mass.lower, 0.0))

    def entropy(self, base: float | str = 2) -> Ends:
        """Bound the entropy of the next token.

        Parameters
        ----------
        base : float or "e"
            2 for bits, ``math.e`` or ``"e"`` for nats.

        Returns
        -------
        Ends
            Interval that contains the entropy, whatever the distribution outside the list.

        Notes
        -----
        With s the mass of the list, h the entropy of the normalized list and r = 1 - s, the listed tokens contribute
        ``s h - s log s``, which is concave in s. The others contribute most if they share r equally, and least if
        they are as few as the cap allows.
        """
        return in_unit(self._entropy, base)

    @cached_property
    def _entropy(self) -> Ends:
        logs = self.log_probabilities[np.isfinite(self.log_probabilities)]
        inside, s, r = list_entropy(logs), self.mass, self.residual
        ends = [scaled_entropy(inside, s.lower), scaled_entropy(inside, s.upper)]
        at_most = max(*ends, scaled_entropy(inside, min(max(math.exp(inside - 1.0), s.lower), s.upper)))
        lower = min(ends) + least_residual_entropy(r, self._largest_unlisted)
        upper = at_most + most_residual_entropy(r, self._n_unlisted)
        return outward(max(lower, 0.0), upper)

    def min_entropy(self, base: float | str = 2) -> Ends:
        """Bound the min-entropy of the next token: -log of its largest probability, listed or not.

        Parameters
        ----------
        base : float or "e"
            2 for bits, ``math.e`` or ``"e"`` for nats.

        Returns
        -------
        Ends
            Interval that contains the min-entropy.
        """
        return in_unit(self._min_entropy, base)

    @cached_property
    def _min_entropy(self) -> Ends:
        listed = math.exp(self.log_probabilities.max()) if self.log_probabilities.size else 0.0
        unlisted = 0.0 if self.complete else min(self._largest_unlisted, self.residual.upper)
        slack = 0.0 if self.complete else self.rounding
        # Tokens that share what is left alike have at least this much each.
        shared = 0.0 if self.complete else self.residual.lower / self._n_unlisted
        most = min(max(listed / (1 - slack), unlisted), 1.0)
        least = max(listed / (1 + slack), shared)
        return outward(-math.log(most), -math.log(least) if least > 0 else math.inf)

    def _indices_of(self, wanted: Sequence[Outcome]) -> list[int]:
        """Return where some tokens are listed.

        Raises
        ------
        KeyError
            If one of them is not.
        """
        listed: dict[Outcome | None, int]
        if self.ids is None:
            listed = {token: i for i, token in enumerate(self.tokens)}
        else:  # a whole vocabulary is long, and few of it are wanted
            where = np.flatnonzero(np.isin(self.ids, [token for token in wanted if isinstance(token, int)]))
            listed = dict(zip(self.ids[where].tolist(), where.tolist(), strict=True))
        missing = [token for token in wanted if not isinstance(token, int | bytes) or token not in listed]
        if missing:
            raise KeyError(f"also names {validate.shown(missing[0])}, which is not listed here")
        return [listed[token] for token in wanted]

    @property
    def _largest_unlisted(self) -> float:
        assert self.cap is not None
        return min(self.cap / (1 - self.rounding), 1.0)

    @property
    def _n_unlisted(self) -> float:
        return math.inf if self.vocabulary_size is None else self.vocabulary_size - len(self.tokens)


def _numbers(ids: Any) -> np.ndarray:
    try:
        if np.iscomplexobj(ids):
            raise TypeError
        with np.errstate(invalid="ignore"):
            found = np.asarray(ids, dtype=np.int64)
        if not (found == np.asarray(ids)).all():
            raise ValueError
        return found
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"ids is {validate.shown(ids)}, expected a whole number for each token") from None
