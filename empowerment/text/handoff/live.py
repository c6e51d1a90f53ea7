"""Completions while the model writes: shown as far as they are predictable, and never taken back."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from empowerment.core import validate
from empowerment.text.handoff.growth import Growth
from empowerment.text.handoff.select import select
from empowerment.text.handoff.selection import Selection, Stop
from empowerment.text.handoff.threshold import Costs, Threshold
from empowerment.text.token_model import Position, TokenModel, check_model


class Completion:
    """A completion that a model is writing; iterate over it for pieces of text.

    What has been yielded stays: a completion only ever grows. It ends before the token at which the person should
    decide; that token is never yielded.

    Attributes
    ----------
    text : str
        What has been yielded so far.
    selection : Selection or None
        Once all has been yielded: its length, why it ends there, and what is known of the next token.
    positions : list of Position
        What the model has told so far, the token after the completion included.
    """

    def __init__(
        self,
        steps: Iterator[Position],
        max_tokens: int,
        growth: Growth,
        select_from: Callable[[list[Position]], Selection],
    ) -> None:
        self.text = ""
        self.selection: Selection | None = None
        self.positions: list[Position] = []
        self._pieces = self._written(steps, max_tokens, growth, select_from)

    def __iter__(self) -> Iterator[str]:
        """Return the pieces that have not been yielded yet."""
        return self._pieces

    def run(self) -> Selection:
        """Let the model write to the end of the completion, and return the selection."""
        for _ in self:
            pass
        if self.selection is None:
            raise RuntimeError("the completion was closed before its end, so there is no selection")
        return self.selection

    def close(self) -> None:
        """Stop here; the model writes no more."""
        self._pieces.close()

    def _written(
        self,
        steps: Iterator[Position],
        max_tokens: int,
        growth: Growth,
        select_from: Callable[[list[Position]], Selection],
    ) -> Generator[str, None, None]:
        with ExitStack() as stack:
            if isinstance(steps, Generator):  # a server behind it is told that no more is wanted
                stack.callback(steps.close)
            while growth.goes_on and (place := next(steps, None)) is not None:
                self.positions.append(place)
                if piece := growth.add(place):
                    self.text += piece
                    yield piece
            found = select_from(self.positions)
            if growth.goes_on and len(self.positions) == max_tokens:
                found = replace(found, status=Stop.LIMIT)
            self.selection = found

    def __repr__(self) -> str:
        state = "being written" if self.selection is None else self.selection.status.name.lower().replace("_", " ")
        return f"Completion({self.text!r}, {state})"


def complete(
    model: TokenModel,
    prefix: str,
    rule: Threshold | Costs,
    *,
    gate: str = "cumulative",
    entropy_threshold: Threshold | None = None,
    undecided: str = "stop",
    max_tokens: int = 64,
    top: int = 20,
    temperature: float = 0.0,
    seed: int | None = None,
    base: float = 2,
) -> Completion:
    """Complete a text as far as the model's next tokens are predictable.

    Parameters
    ----------
    model : TokenModel
        Of tier STEP or higher.
    prefix : str
        The text so far.
    rule : Threshold or Costs
        With a threshold, the text goes on until the gate stops it; with costs, to the length that saves most.
    gate, entropy_threshold, undecided, base
        See :func:`select_all`.
    max_tokens : int
        Longest completion.
    top : int
        How many tokens of each distribution are asked for.
    temperature : float
        0 writes the most probable tokens. Above, tokens are drawn, and drawn ones may pass a threshold sooner.
    seed : int, optional
        Seed of the draws.

    Returns
    -------
    Completion
        Iterate over it for pieces of text, whole characters each, or call :meth:`Completion.run`.

    Raises
    ------
    TierError
        If the model writes texts without telling probabilities.
    TokenModelError
        If the model fails to answer.
    ValueError
        If an option is unknown; with ``undecided="raise"``, where a list is too short to decide.

    See Also
    --------
    select : The same rule for a text that is there already.

    Notes
    -----
    The completion is that which :func:`select` finds in the model's own continuation. With a threshold a token takes
    the same work however long the completion has become.
    With costs a longer completion may pay where a shorter one does not yet; tokens are withheld until they belong to
    the best completion so far, which can only grow.

    Examples
    --------
    >>> from empowerment.text import TableModel, Threshold, complete
    >>> model = TableModel({"": {" for": 0.9, " if": 0.1}, " for": {" i": 0.95, " j": 0.05}, " i": {" in": 1.0},
    ...                     " in": {" x": 0.4, " y": 0.6}})
    >>> written = complete(model, "", Threshold.probability(0.8))
    >>> "".join(written)
    ' for i in'
    >>> written.selection
    Selection(3 tokens, ' for i in', hand over)
    """
    check_model(model)
    max_tokens = validate.positive_int(max_tokens, "max_tokens")
    options: dict[str, Any] = {"gate": gate, "entropy_threshold": entropy_threshold, "undecided": undecided}

    def select_from(positions: list[Position]) -> Selection:
        return select(positions, rule, cut="character", base=base, **options)

    select_from([])  # complains of a wrong option before the model is asked
    steps = model.step(prefix, max_tokens, top=top, temperature=temperature, seed=seed)
    return Completion(steps, max_tokens, Growth(rule, **options), select_from)
