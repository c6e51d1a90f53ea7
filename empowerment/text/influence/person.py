"""Tables of responses from a token model in the role of a person."""

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
    """Probabilities of a token model's choices, for each message and each will.

    Attributes
    ----------
    responses : ndarray of shape (n_messages, n_wills, n_choices)
        Probability of each choice.
    residual : ndarray of shape (n_messages, n_wills)
        Mass of other answers; 0 in the mode "menu".
    messages, wills, choices : tuple of str
        Labels.
    mode : str
        "open" or "menu"; see :func:`answer_channel`.
    rounding : float
        Largest relative error of an entry, which the intervals of the audit do not cover; 0 unless it was accepted.
    model : str
        Name of the token model.

    See Also
    --------
    ask_person : Ask for such a table.
    influence_audit : Audit a table.

    Examples
    --------
    >>> from empowerment.text import TableModel, ask_person
    >>> table = {"tea ": {"tea": 0.9, "coffee": 0.1}, "coffee ": {"tea": 0.1, "coffee": 0.9}, "": {"": 1.0}}
    >>> guest = TableModel(table)
    >>> drinks = ["tea", "coffee"]
    >>> answers = ask_person(guest, lambda message, will: f"{message}{will} ", [""], drinks, drinks)
    >>> answers.responses.round(3).tolist(), answers.mode
    ([[[0.9, 0.1], [0.1, 0.9]]], 'menu')
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
            Arguments of :func:`influence_audit` other than the table and its labels.

        Returns
        -------
        InfluenceAudit
            The audit.
        """
        labels: dict[str, Any] = {"messages": self.messages, "wills": self.wills, "choices": self.choices}
        residual = self.residual if self.residual.any() else None
        return influence_audit(self.responses, residual=residual, labels=labels, **options)

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
    progress: bool | str = "auto",
) -> PersonTable:
    """Ask a token model in the role of a person for its choice, for each message and each will.

    Parameters
    ----------
    model : TokenModel
        A model of tier SCORE.
    prompt : callable
        Given a message and a will, returns the text that the choice follows. It must tell the model what its will is,
        and must be different for each pair.
    messages, wills, choices : sequence of str
        Labels. The choices are written exactly as they follow the prompt, often with a space before them.
    mode : {"menu", "open"}
        Whether the model must choose among the choices, or may answer something else.
    end : str, optional
        Text that closes an answer; see :func:`answer_channel`.
    accept_rounding : bool
        Accept the entries of a provider that rounds as they are reported. The intervals of an audit do not cover that
        error; the table states its bound.
    workers : int
        Number of concurrent requests.
    progress : bool or "auto"
        Show a progress bar. ``"auto"`` shows it on a terminal, once a second has passed.

    Returns
    -------
    PersonTable
        The table of responses.

    Raises
    ------
    ValueError
        If two prompts are equal, or the provider rounds and that was not accepted.
    TokenModelError
        If a prompt got no answer.

    See Also
    --------
    influence_audit : Audit a table of responses.
    answer_channel : Make a channel from prompts to answers.

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
