"""Logits processors that apply the rule inside the generation of other libraries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from empowerment.text.handoff import gates
from empowerment.text.handoff.threshold import Threshold


class HandoffLogitsProcessor:
    """Logits processor that ends a generated text before the token at which the person should decide.

    It is an argument `logits_processor` of transformers' ``generate`` and of llama-cpp-python. At each step, tokens
    that would exceed the threshold are forbidden; if no token is left, the text is forced to end. The uncertain token
    is never generated, so nothing has to be retracted.

    Parameters
    ----------
    threshold : Threshold
        The threshold on the amount that the gate compares.
    end : int
        Number of the end-of-text token, such as ``tokenizer.eos_token_id`` or ``llama.token_eos()``.
    gate : {"cumulative", "entropy", "both", "top"}
        See :func:`select_all`.
    entropy_threshold : Threshold, optional
        The threshold of the entropy with ``gate="both"``; by default `threshold` serves for both.

    Raises
    ------
    ValueError
        If an option is unknown or `end` is no token.
    TypeError
        If the rule is no threshold: a cost-optimal length is known only after more tokens. Use :func:`complete` for
        it.

    See Also
    --------
    complete : The same rule for any token model.

    Notes
    -----
    With the most probable token at each step, the text is that of :func:`complete`. If tokens are drawn, those that
    fit the budget are drawn by their probabilities. It should be the first of several processors, because it takes
    the logits that it receives for the model's own. Each text of a batch has a budget of its own, and a call that
    does not continue the last one begins anew.

    Tested with transformers 5.24 and llama-cpp-python 0.3.36. The latter prints an error of a processor, such as an
    `end` that the model does not have, and continues without the processor.

    Examples
    --------
    >>> import numpy as np
    >>> from empowerment.text import HandoffLogitsProcessor, Threshold
    >>> processor = HandoffLogitsProcessor(Threshold.probability(0.8), end=0)
    >>> processor(np.array([5]), np.log([0.02, 0.9, 0.08])).round(3)  # one row, as llama-cpp-python has it
    array([  -inf, -0.105,   -inf])
    >>> processor(np.array([5, 1]), np.log([0.02, 0.49, 0.49]))
    array([  0., -inf, -inf])

    Inside the two libraries::

        rule = HandoffLogitsProcessor(Threshold.bits(1), tokenizer.eos_token_id)
        model.generate(ids, logits_processor=LogitsProcessorList([rule]))

        rule = HandoffLogitsProcessor(Threshold.bits(1), llama.token_eos())
        llama(prompt, temperature=0.0, logits_processor=LogitsProcessorList([rule]))
    """

    def __init__(
        self,
        threshold: Threshold,
        end: int,
        *,
        gate: str = "cumulative",
        entropy_threshold: Threshold | None = None,
    ) -> None:
        if not isinstance(threshold, Threshold):
            raise TypeError(f"threshold is {threshold!r}, expected a Threshold; for Costs there is complete()")
        if isinstance(end, bool) or not isinstance(end, int | np.integer) or end < 0:
            raise ValueError(f"end is {end!r}, expected the number of the token that ends a text")
        self._limits = gates.limits(threshold, gate, entropy_threshold)
        self._end = int(end)
        self._tokens = np.zeros((0, 0), dtype=np.int64)
        self._spent = np.zeros(0)
        self._surprisals = np.zeros((0, 0))
        self._allowed = np.zeros((0, 0), dtype=bool)

    def __iter__(self) -> Iterator[HandoffLogitsProcessor]:
        """Yield the processor: llama-cpp-python takes a list of processors."""
        yield self

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Return the logits of the next token, changed where the text must not continue.

        Parameters
        ----------
        input_ids : tensor of shape (n_texts, n_tokens), or array of shape (n_tokens,)
            The tokens so far.
        scores : tensor of shape (n_texts, n_vocabulary), or array of shape (n_vocabulary,)
            The logits of the next token.

        Returns
        -------
        tensor or array of the shape of `scores`
            The changed logits.
        """
        rows = np.atleast_2d(_array(scores).astype(np.float64))
        if not self._end < rows.shape[1]:
            raise ValueError(f"end is {self._end}, but the model has {rows.shape[1]} tokens")
        self._count(np.atleast_2d(_array(input_ids)))
        self._surprisals = -_log_softmax(rows)
        self._allowed = np.array([self._passing(*row) for row in zip(self._surprisals, self._spent, strict=True)])
        ended = np.logical_not(self._allowed.any(axis=1))
        self._allowed[ended, self._end] = True
        return _changed(scores, self._allowed, ended, self._end)

    def _count(self, tokens: np.ndarray) -> None:
        """Add the surprisal of the last token of each text to its total, or begin anew."""
        before = tokens[:, :-1]
        if before.shape == self._tokens.shape and (before == self._tokens).all():
            last = np.arange(len(tokens)), tokens[:, -1]
            # A token that was forbidden is the person's, who goes on after a hand-over: a text of its own.
            self._spent = np.where(self._allowed[last], self._spent + self._surprisals[last], 0.0)
        else:
            self._spent = np.zeros(len(tokens))
        self._tokens = tokens.copy()  # llama-cpp-python writes the next text to the same memory

    def _passing(self, surprisals: np.ndarray, spent: float) -> np.ndarray:
        """Return which tokens the gate allows."""
        passes = possible = np.isfinite(surprisals)
        listed = surprisals[possible]
        for gate, limit in self._limits:
            if gate == "cumulative":
                passes = passes & gates.within(spent + surprisals, limit)
            else:
                passes = passes & gates.within(np.exp(-listed) @ listed if gate == "entropy" else listed.min(), limit)
        return passes


def _array(values: Any) -> np.ndarray:
    """Convert an array, or a tensor on any device, into an array."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        values = values.float() if values.is_floating_point() else values  # NumPy has no bfloat16
    return np.asarray(values)


def _log_softmax(rows: np.ndarray) -> np.ndarray:
    shifted = rows - rows.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def _changed(scores: Any, allowed: np.ndarray, ended: np.ndarray, end: int) -> Any:
    """Return the scores with -inf for tokens that are not allowed; a text that must end keeps its end token alone."""
    if hasattr(scores, "detach"):
        found = scores.masked_fill(scores.new_tensor(~allowed).bool(), float("-inf"))
        found[scores.new_tensor(ended).bool(), end] = 0.0
        return found
    changed = np.where(allowed, np.atleast_2d(scores), -np.inf).astype(np.asarray(scores).dtype)
    changed[ended, end] = 0.0
    return changed.reshape(np.shape(scores))
