"""Completions while the model generates: shown as far as they are predictable, and never retracted."""

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
from empowerment.text.position import Position
from empowerment.text.token_model import TokenModel, check_model


class Completion:
    """Completion that a model is generating; iterate over it for pieces of text.

    A completion only grows: text that was yielded stays. It ends before the token at which the person should decide;
    that token is never yielded.

    Parameters
    ----------
    steps : iterator of Position
        The positions that the model generates.
    max_tokens : int
        Largest number of tokens.
    growth : Growth
        The rule, applied token by token.
    select_from : callable
        Given the positions, returns the selection at the end.

    Attributes
    ----------
    text : str
        Text that was yielded so far.
    selection : Selection or None
        After the last piece: the length, why it ends there, and what is known of the next token.
    positions : list of Position
        Positions that the model generated so far, including the token after the completion.

    See Also
    --------
    complete : Make a completion.
    Selection : The completion of a text that is known.

    Examples
    --------
    >>> from empowerment.text import TableModel, Threshold, complete
    >>> model = TableModel({"": {" for": 0.9, " if": 0.1}, " for": {" i": 0.5, " j": 0.5}})
    >>> completion = complete(model, "", Threshold.probability(0.8))
    >>> completion.run().converged, completion.text
    (True, ' for')
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
        """Yield the pieces that have not been yielded yet."""
        return self._pieces

    def run(self) -> Selection:
        """Generate the completion to its end.

        Returns
        -------
        Selection
            Its length, and why it ends there.
        """
        for _ in self:
            pass
        if self.selection is None:
            raise RuntimeError("the completion was closed before its end, so there is no selection")
        return self.selection

    def close(self) -> None:
        """Stop the generation."""
        self._pieces.close()

    def _written(
        self,
        steps: Iterator[Position],
        max_tokens: int,
        growth: Growth,
        select_from: Callable[[list[Position]], Selection],
    ) -> Generator[str, None, None]:
        with ExitStack() as stack:
            if isinstance(steps, Generator):  # so that a server stops generating
                stack.callback(steps.close)
            while growth.goes_on and (position := next(steps, None)) is not None:
                self.positions.append(position)
                if piece := growth.add(position):
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
    base: float | str = 2,
) -> Completion:
    """Complete a text as far as the model's next tokens are predictable.

    Parameters
    ----------
    model : TokenModel
        A model of tier STEP or higher.
    prefix : str
        The text so far.
    rule : Threshold or Costs
        With a threshold, the completion ends where the gate stops it; with costs, at the length that saves most
        effort.
    gate : {"cumulative", "entropy", "both", "top"}
        See :func:`select_all`.
    entropy_threshold : Threshold, optional
        See :func:`select_all`.
    undecided : {"stop", "continue", "raise"}
        See :func:`select_all`.
    max_tokens : int
        Largest number of tokens of a completion.
    top : int
        Number of the most probable tokens requested for each position.
    temperature : float
        0 writes the most probable tokens. Above 0, tokens are drawn; a drawn token can pass a threshold sooner.
    seed : int, optional
        Seed of the draws.
    base : float or "e"
        2 for bits, ``math.e`` or ``"e"`` for nats.

    Returns
    -------
    Completion
        Iterate over it for pieces of text, complete characters each, or call :meth:`Completion.run`.

    Raises
    ------
    TierError
        If the model generates texts without reporting probabilities.
    TokenModelError
        If the model fails to answer.
    ValueError
        If an option is unknown; with ``undecided="raise"``, if a list is too short to decide.

    See Also
    --------
    select : Apply the rule to a text that is known.
    take_turns : Divide a text between an assistant and a person.

    Notes
    -----
    The completion is the one that :func:`select` finds in the model's own continuation. With a threshold the work for
    a token does not depend on the length of the completion. With costs a longer completion may save effort where a
    shorter one does not; tokens are withheld until they belong to the best completion so far, which can only grow.

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
