"""The distribution of one next token, as far as a model reports it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

import numpy as np

from empowerment.core import validate
from empowerment.text.ends import Ends, in_unit, outward
from empowerment.text.token_list import Outcome, TokenList


@dataclass(frozen=True, eq=False, repr=False)
class Position(TokenList):
    """Distribution of one next token, as far as a model reports it.

    A model reports the probabilities of some tokens, the list, and nothing about the others except their total, the
    residual.

    Parameters
    ----------
    tokens : tuple of (bytes or None)
        The listed tokens as bytes; end-of-text tokens are ``b""``. None for a token whose probability is reported
        without its identity.
    log_probabilities : ndarray of shape (n_listed,)
        Natural logarithms of the model's own probabilities, before any temperature or truncation by a sampler.
    ids : ndarray of int of shape (n_listed,), optional
        Numbers of the tokens in the vocabulary, if reported. Two tokens may have the same bytes.
    vocabulary_size : int, optional
        Number of tokens in the vocabulary.
    cap : float, optional
        Upper bound on the probability of every token outside the list. By default the smallest listed probability, as
        in a list of the most probable tokens.
    rounding : float
        Bound on the relative error of a common factor of all listed probabilities: where a provider sums a large
        vocabulary in single precision, the ratios are accurate and the scale is not.
    token : bytes, optional
        The token that the text has at this position or that was generated. None in a distribution from which nothing
        was drawn, and where the provider does not report its bytes.
    chosen : int, optional
        Index of `token` in the list; None if it is not listed.
    span : tuple of two ints
        Bytes of the text that `token` covers, counted from the beginning of the scored or generated text.

    Raises
    ------
    ValueError
        If the parts do not fit together or the listed mass exceeds 1.

    See Also
    --------
    TokenModel.score : Returns the positions of a text.
    next_token_channel : Make a channel of the positions after several prompts.
    select : Find how far a text is predictable.

    Examples
    --------
    >>> import numpy as np
    >>> from empowerment.text import Position
    >>> position = Position((b" yes", b" no"), np.log([0.6, 0.3]), vocabulary_size=1000, token=b" no", chosen=1)
    >>> position
    Position(2 of 1000 tokens, mass 0.9, b' no' has 0.3, entropy in [1.295, 2.292] bits)
    >>> round(position.surprisal().upper, 6)
    1.736966
    """

    token: bytes | None = None
    chosen: int | None = None
    span: tuple[int, int] = (0, 0)

    def _check(self) -> None:
        super()._check()
        n = len(self.tokens)
        if self.chosen is not None and not (0 <= self.chosen < n and self.tokens[self.chosen] in (None, self.token)):
            raise ValueError(f"chosen is {self.chosen!r}, expected the index of the token {self.token!r} in the list")

    @classmethod
    def complete_list(
        cls,
        tokens: Sequence[bytes],
        logits: np.ndarray,
        *,
        ids: np.ndarray | None = None,
        chosen: int | None = None,
        start: int = 0,
    ) -> Position:
        """Make the distribution over a whole vocabulary, normalized in double precision.

        Parameters
        ----------
        tokens : sequence of bytes
            All tokens of the vocabulary.
        logits : array_like of shape (n_tokens,)
            Logits or log-probabilities; adding a constant to all of them changes nothing.
        ids : array_like of int, optional
            Numbers of the tokens; by default 0, 1, 2, ….
        chosen : int, optional
            Index of the token that the text has at this position.
        start : int
            Byte of the text at which this token begins.

        Returns
        -------
        Position
            A position whose list is complete.

        Raises
        ------
        TypeError
            If the logits are no numbers.
        ValueError
            If there is not one logit for each token, or `chosen` is no index.
        """
        try:
            if np.iscomplexobj(logits):
                raise TypeError
            with np.errstate(over="ignore"):
                logits = np.asarray(logits, dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            raise TypeError(f"logits is {validate.shown(logits)}, expected a number for each token") from None
        if not isinstance(tokens, tuple):  # whole vocabularies are shared by all positions
            tokens = tuple(islice(tokens, logits.size + 1)) if validate.is_several(tokens) else ()
        if logits.shape != (len(tokens),):
            raise ValueError(f"logits has shape {logits.shape}, expected one number for each of the tokens")
        start = validate.horizon(start, "start")
        chosen = None if chosen is None else validate.horizon(chosen, "chosen")
        if chosen is not None and chosen >= len(tokens):
            raise ValueError(f"chosen is {chosen}, expected the index of one of {len(tokens)} tokens")
        token = None if chosen is None else tokens[chosen]
        shifted = logits - logits.max()
        logs = shifted - math.log(np.exp(shifted).sum())
        return cls(
            tokens,
            logs,
            ids=np.arange(len(logs)) if ids is None else ids,
            vocabulary_size=len(logs),
            token=token,
            chosen=chosen,
            span=(start, start + len(token or b"")),
        )

    def surprisal(self, base: float | str = 2) -> Ends:
        """Bound the surprisal -log p of the token at this position.

        For a token outside the list only the lower end is known, and the upper end is infinite.

        Parameters
        ----------
        base : float or "e"
            2 for bits, ``math.e`` or ``"e"`` for nats.

        Returns
        -------
        Ends
            Interval that contains the surprisal.

        Raises
        ------
        ValueError
            If this position has no token.
        """
        if self.token is None and self.chosen is None:
            raise ValueError("this position has no token, only a distribution: no token was read or drawn here")
        return in_unit(self._surprisal, base)

    @cached_property
    def _surprisal(self) -> Ends:
        if self.chosen is None:
            most = min(self._largest_unlisted, self.residual.upper)
            return outward(-math.log(most) if most > 0 else math.inf, math.inf)
        log = float(self.log_probabilities[self.chosen])
        slack = 0.0 if self.complete else self.rounding
        lower, upper = -log + math.log1p(-slack), -log + math.log1p(slack)
        return outward(max(lower, 0.0), upper)

    def top(self, count: int, *, also: Sequence[Outcome] = ()) -> Position:
        """Restrict the list to the most probable tokens.

        Parameters
        ----------
        count : int
            Number of the most probable tokens that stay listed.
        also : sequence of outcomes
            Further tokens that stay listed, as :attr:`outcomes` names them. The chosen token always stays.

        Returns
        -------
        Position
            The position with the shorter list and its cap.

        Raises
        ------
        KeyError
            If one of `also` is not listed.
        """
        order = _most_probable(self.log_probabilities, validate.horizon(count, "count"))
        if not validate.is_several(also):
            raise TypeError(f"also is {validate.shown(also)}, expected a sequence of outcomes")
        also = tuple(islice(also, len(self.tokens) + 1))
        if len(also) > len(self.tokens):
            raise KeyError(f"also names more tokens than the {len(self.tokens)} that are listed here")
        kept = dict.fromkeys([*order.tolist(), *(self._indices_of(also) if also else ())])
        if self.chosen is not None:
            kept[self.chosen] = None
        index = list(kept)
        cap = float(np.exp(self.log_probabilities[order[-1]])) if order.size else 1.0
        return replace(
            self,
            tokens=tuple(self.tokens[i] for i in index),
            log_probabilities=self.log_probabilities[index],
            ids=None if self.ids is None else self.ids[index],
            cap=max(cap, self.cap or 0.0) if order.size < len(self.tokens) else self.cap,
            chosen=None if self.chosen is None else index.index(self.chosen),
        )

    def identified(self) -> Position:
        """Remove the tokens without identity from the list.

        Returns
        -------
        Position
            A position in which every listed token is identified; the others belong to the residual.
        """
        index = [i for i, outcome in enumerate(self.outcomes) if outcome is not None]
        if len(index) == len(self.tokens):
            return self
        others = np.delete(self.log_probabilities, index)
        return replace(
            self,
            tokens=tuple(self.tokens[i] for i in index),
            log_probabilities=self.log_probabilities[index],
            cap=max(self.cap or 0.0, float(np.exp(others.max()))),
            chosen=index.index(self.chosen) if self.chosen in index else None,
        )

    def __repr__(self) -> str:
        of = "" if self.vocabulary_size is None else f" of {self.vocabulary_size}"
        if self.token is None and self.chosen is None:
            token = ""
        elif self.chosen is None:
            token = f", {self.token!r} is not listed"
        else:
            own = "an unidentified token" if self.token is None else repr(self.token)
            token = f", {own} has {math.exp(self.log_probabilities[self.chosen]):.4g}"
        h, s = self.entropy(), self.mass
        mass = f"{s.lower:.6g}" if s.width <= 1e-9 else f"[{s.lower:.6g}, {s.upper:.6g}]"
        listed = f"{len(self.tokens)}{of} tokens, mass {mass}"
        return f"Position({listed}{token}, entropy in [{h.lower:.4g}, {h.upper:.4g}] bits)"


def unknown_position(
    token: bytes | None, span: tuple[int, int] = (0, 0), vocabulary_size: int | None = None
) -> Position:
    """Return a position without a list, such as the first of a text for a model without a start token."""
    return Position((), np.empty(0), vocabulary_size=vocabulary_size, token=token, span=span)


def _most_probable(logs: np.ndarray, count: int) -> np.ndarray:
    """Return the indices of the largest entries in decreasing order; of equal ones the first."""
    if not 0 < count < logs.size:
        return np.argsort(-logs, kind="stable")[:count]
    least = np.partition(logs, logs.size - count)[logs.size - count]
    among = np.flatnonzero(logs >= least)
    return among[np.argsort(-logs[among], kind="stable")][:count]
