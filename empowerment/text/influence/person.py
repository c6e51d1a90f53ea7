"""A token model in the place of a person: the table of responses that an audit needs, asked of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.results.result import Result, Table
from empowerment.text.influence.audit import InfluenceAudit, influence_audit
from empowerment.text.response.answers import answer_channel
from empowerment.text.token_model import TokenModel


@dataclass(frozen=True, eq=False, repr=False)
class PersonTable(Result):
    """How a token model chooses, for each message and each will.

    Attributes
    ----------
    responses : ndarray of shape (n_messages, n_wills, n_choices)
    residual : ndarray of shape (n_messages, n_wills)
        Mass of other answers; 0 in the mode "menu".
    messages, wills, choices : tuple of str
    mode : str
        "open" or "menu"; see :func:`answer_channel`.
    rounding : float
        Largest relative error of an entry, which no interval of the audit covers; 0 unless it was accepted.
    model : str
    """

    responses: np.ndarray
    residual: np.ndarray
    messages: tuple[str, ...]
    wills: tuple[str, ...]
    choices: tuple[str, ...]
    mode: str
    rounding: float
    model: str

    def audit(self, **options: Any) -> InfluenceAudit:
        """Audit the table.

        Parameters
        ----------
        **options
            Those of :func:`influence_audit` but for the table and its labels.
        """
        labels: dict[str, Any] = {"messages": self.messages, "wills": self.wills, "choices": self.choices}
        residual = self.residual if self.residual.any() else None
        return influence_audit(self.responses, residual=residual, **labels, **options)

    def _table(self) -> Table:
        """Return a row for each message and will, with the probability of each choice."""
        rows = [(message, will) for message in self.messages for will in self.wills]
        columns: dict[str, Any] = {"message": [row[0] for row in rows], "will": [row[1] for row in rows]}
        columns |= {choice: self.responses[..., x].reshape(-1) for x, choice in enumerate(self.choices)}
        return Table("row", None, columns | {"residual": self.residual.reshape(-1)})

    def __repr__(self) -> str:
        messages, wills, choices = self.responses.shape
        rest = f", up to {self.residual.max():.3g} not listed" if self.residual.any() else ""
        off = f", entries off by up to {self.rounding:.2g}" if self.rounding else ""
        return (
            f"PersonTable(mode {self.mode}, {messages} messages, {wills} wills, {choices} choices{rest}{off}, "
            f"{self.model})"
        )


def ask_person(
    model: TokenModel,
    prompt: Callable[[str, str], str],
    messages: Sequence[str],
    wills: Sequence[str],
    choices: Sequence[str],
    *,
    mode: str = "menu",
    end: str | None = None,
    accept_rounding: bool = False,
    workers: int = 1,
    progress: bool = False,
) -> PersonTable:
    """Ask a token model in the place of a person what it chooses, for each message and each will.

    Parameters
    ----------
    model : TokenModel
        Of the tier SCORE.
    prompt : callable
        Given a message and a will, returns the text after which the choice follows. It has to tell the model who it
        is, and must differ for each pair.
    messages, wills, choices : sequence of str
        The choices as they follow the prompt, often with a space before them.
    mode : {"menu", "open"}
        Whether the model has to choose among the choices, or may answer something else.
    end : str, optional
        What closes an answer; see :func:`answer_channel`.
    accept_rounding : bool
        Take the entries of a provider that rounds as they are told. The intervals of an audit do not cover that
        error; the table says how large it may be.
    workers : int
        How many prompts are asked at the same time.
    progress : bool
        Show a bar.

    Returns
    -------
    PersonTable

    Raises
    ------
    ValueError
        If two prompts are alike, or the provider rounds and that was not accepted.
    TokenModelError
        If a prompt got no answer.

    Examples
    --------
    >>> from empowerment.text import TableModel, ask_person
    >>> guest = TableModel({
    ...     "I like tea. ": {"tea": 0.9, "coffee": 0.1},
    ...     "I like coffee. ": {"tea": 0.1, "coffee": 0.9},
    ...     "I like tea. Have coffee!": {"tea": 0.6, "coffee": 0.4},
    ...     "I like coffee. Have coffee!": {"tea": 0.0, "coffee": 1.0},
    ...     "": {"": 1.0},
    ... })
    >>> table = ask_person(
    ...     guest, lambda message, will: f"I like {will}. {message}", ["", "Have coffee!"], ["tea", "coffee"],
    ...     ["tea", "coffee"],
    ... )
    >>> table
    PersonTable(mode menu, 2 messages, 2 wills, 2 choices, table-...)
    >>> table.audit(silence="").targeted
    Amount(0.07332152251 bits in [0.0733..., 0.0733...], gap ...)
    """
    if not callable(prompt):
        raise TypeError(f"prompt is {validate.shown(prompt)}, expected a function of a message and a will")
    messages, wills = validate.texts(messages, "messages"), validate.texts(wills, "wills")
    choices, accept_rounding = validate.texts(choices, "choices"), validate.flag(accept_rounding, "accept_rounding")
    prompts = [prompt(message, will) for message in messages for will in wills]
    channel = answer_channel(model, prompts, choices, mode=mode, end=end, workers=workers, progress=progress)
    if channel.rounding > 0 and not accept_rounding:
        raise ValueError(
            f"{model.name} rounds: entries may be off by {channel.rounding:.2g} of their size, which no interval of "
            "an audit would cover; ask a provider for exact lists (exact=True where it has that), or pass "
            "accept_rounding=True"
        )
    shape = (len(messages), len(wills))
    return PersonTable(
        responses=channel.observed.reshape(*shape, len(choices)),
        residual=channel.residual.reshape(shape),
        messages=messages,
        wills=wills,
        choices=choices,
        mode=mode,
        rounding=channel.rounding,
        model=model.name,
    )
