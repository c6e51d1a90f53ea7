"""Data sets for fine-tuning: prompts from documents, each with the completion that the rule selects."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.export.html import fields
from empowerment.runtime.files import written_whole
from empowerment.runtime.progress import progress_bar
from empowerment.text.handoff.characters import whole_starts
from empowerment.text.handoff.documents import Document
from empowerment.text.handoff.select import select_all
from empowerment.text.handoff.selection import Selection, Selections
from empowerment.text.handoff.threshold import Costs, Threshold
from empowerment.text.recorded import Recorded
from empowerment.text.tiers import Tier, TokenModelError
from empowerment.text.token_model import TokenModel, check_model

ON_EMPTY = ("keep", "drop", "resample")
"""What becomes of a state at which the completion is empty."""


@dataclass(frozen=True)
class DatasetSummary:
    """Summary of a data set.

    Attributes
    ----------
    path : str
        The file.
    n_documents, n_examples, n_empty : int
        Numbers of documents that were read, of lines that were written, and of lines with an empty completion.
    n_undecided : int
        Number of lines whose length the lists of probabilities do not decide.
    skipped : dict of str to str
        Documents without a line, each with the reason.

    See Also
    --------
    build_dataset : Write a data set.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from empowerment.text import TableModel, Threshold, build_dataset
    >>> model = TableModel.from_texts(["the cat sat", "the cat ran"], smoothing=0)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "data.jsonl"
    >>> summary = build_dataset(["the cat sat", ""], model, Threshold.probability(0.8), path)
    >>> summary.n_documents, summary.n_examples, len(summary.skipped)
    (2, 1, 1)
    """

    path: str
    n_documents: int
    n_examples: int
    n_empty: int
    n_undecided: int
    skipped: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        undecided = f", {self.n_undecided} undecided" if self.n_undecided else ""
        return (
            f"DatasetSummary({self.path!r}: {self.n_examples} examples, {self.n_empty} empty{undecided}, from "
            f"{self.n_documents} documents, {len(self.skipped)} skipped)"
        )

    def _repr_html_(self) -> str:
        shown = {
            "file": self.path,
            "documents": self.n_documents,
            "examples": self.n_examples,
            "of these empty": self.n_empty,
            "of these undecided": self.n_undecided,
            "documents skipped": "\n".join(f"{name}: {why}" for name, why in self.skipped.items()) or "none",
        }
        return fields(shown, "Data set")


def build_dataset(
    documents: Iterable[Document | str],
    model: TokenModel,
    rule: Threshold | Costs,
    path: str | os.PathLike[str],
    *,
    states: int | str = 1,
    on_empty: str = "keep",
    gate: str = "cumulative",
    entropy_threshold: Threshold | None = None,
    undecided: str = "stop",
    top: int = 20,
    seed: int = 0,
    progress: bool | str = "auto",
) -> DatasetSummary:
    """Write a data set of prompts and selected completions as JSON lines.

    Each line is an object with ``"prompt"`` and ``"completion"``: the beginning of a document, and what the rule
    selects of its continuation. Trainers append the end-of-text token to completions; from it a model learns to stop.
    Further fields name the source of the example.

    Parameters
    ----------
    documents : iterable of Document or str
        Documents, as :func:`read_documents` returns them; plain texts are named by their number.
    model : TokenModel
        A model of tier SCORE. The paper uses the assistant before its training, without the person's task in its
        prompt.
    rule : Threshold or Costs
        With a threshold, the longest completion that the gate allows; with costs, the cost-optimal length.
    path : path
        File to write. Until it is finished, the answers of the model are recorded in ``path.part`` in the same
        folder; the same call continues from there, and the finished file does not depend on interruptions. A model
        that is :class:`Recorded` already needs no such file, and serves several rules with one pass.
    states : int or "all"
        Number of states to draw from each document, without repetition, or all of them. A state has at least one
        token before it and one after it; the paper draws one.
    on_empty : {"keep", "drop", "resample"}
        Treatment of a state at which nothing is predictable: a line with the empty completion, which teaches the
        model to stay silent (as in the authors' code); no line; or another state of the document.
    gate : {"cumulative", "entropy", "both", "top"}
        See :func:`select_all`. Completions end at complete characters.
    entropy_threshold : Threshold, optional
        See :func:`select_all`.
    undecided : {"stop", "continue", "raise"}
        See :func:`select_all`.
    top : int
        Number of the most probable tokens requested for each position.
    seed : int
        Seed of the draws. The draws of a document depend on its number alone, so that appending a document changes no
        other.
    progress : bool or "auto"
        Show a progress bar. ``"auto"`` shows it on a terminal, once a second has passed.

    Returns
    -------
    DatasetSummary
        Counts, and the documents that were skipped.

    Raises
    ------
    TierError
        If the model does not score given texts.
    ValueError
        If an option is unknown, or ``path.part`` is damaged or holds the answers of another model.

    See Also
    --------
    read_documents : Read documents from files, folders and JSON lines.
    select_all : The rule.

    Notes
    -----
    Each document is scored once, whatever the number of states. A document that the model cannot score, such as one
    longer than its context, is skipped and named in the summary.

    References
    ----------
    .. [1] "Training LLM Agents to Empower Humans", arXiv:2510.13709, Algorithm 1.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from empowerment.text import TableModel, Threshold, build_dataset
    >>> model = TableModel.from_texts(["the cat sat", "the cat ran"], smoothing=0)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "data.jsonl"
    >>> build_dataset(["the cat sat"], model, Threshold.probability(0.8), path, states="all").n_examples
    2
    """
    question = _Question(rule, states, on_empty, gate, entropy_threshold, undecided, top, seed)
    check_model(model, Tier.SCORE, "build_dataset")
    path = validate.path(path, "path")
    if isinstance(model, Recorded):
        return _written(path, model.name, question, _answers(documents, model, question, progress))
    part = Path(f"{os.fspath(path)}.part")
    with Recorded(part, model) as recorded:
        summary = _written(path, model.name, question, _answers(documents, recorded, question, progress))
    part.unlink()
    return summary


@dataclass(frozen=True)
class _Answer:
    """Examples of a document, or the reason why there are none."""

    name: str
    lines: tuple[dict[str, Any], ...] = ()
    problem: str = ""


def _answers(
    documents: Iterable[Document | str], model: TokenModel, question: _Question, progress: bool | str
) -> list[_Answer]:
    found = []
    total = len(documents) if isinstance(documents, list | tuple) else None
    with progress_bar(total, "scoring", "document", progress) as advance:
        for number, document in enumerate(_named(documents)):
            found.append(question.answer(document, number, model))
            advance(1)
    return found


def _written(
    path: str | os.PathLike[str], scorer: str, question: _Question, answers: list[_Answer]
) -> DatasetSummary:
    """Write the finished file, and count what is in it."""
    lines = [line | {"scorer": scorer} | question.record() for answer in answers for line in answer.lines]
    with written_whole(path) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(line, allow_nan=False) + "\n" for line in lines)
    return DatasetSummary(
        path=os.fspath(path),
        n_documents=len(answers),
        n_examples=len(lines),
        n_empty=sum(not line["completion"] for line in lines),
        n_undecided=sum(line["n_tokens_lower"] < line["n_tokens_upper"] for line in lines),
        skipped={answer.name: answer.problem for answer in answers if answer.problem},
    )


@dataclass(frozen=True)
class _Question:
    """Options that apply to every document."""

    rule: Threshold | Costs
    states: int | str
    on_empty: str
    gate: str
    entropy_threshold: Threshold | None
    undecided: str
    top: int
    seed: int

    def __post_init__(self) -> None:
        validate.one_of(self.on_empty, ON_EMPTY, "on_empty")
        if isinstance(self.states, str) and self.states != "all":
            raise ValueError(f"states is {validate.shown(self.states)}, expected a number of states or 'all'")
        if not isinstance(self.states, str):
            validate.positive_int(self.states, "states")
        object.__setattr__(self, "top", validate.positive_int(self.top, "top"))
        object.__setattr__(self, "seed", validate.seed(self.seed))
        self._selected([])  # complains of a wrong rule or gate

    def record(self) -> dict[str, Any]:
        """Return everything that the lengths of completions depend on, as plain values."""
        rule = {"read": self.rule.read, "write": self.rule.write} if isinstance(self.rule, Costs) else {}
        threshold = {"threshold_bits": self.rule.in_bits} if isinstance(self.rule, Threshold) else {}
        return {"gate": "cost-optimal" if rule else self.gate, **threshold, **rule}

    def answer(self, document: Document, number: int, model: TokenModel) -> _Answer:
        """Return the examples of a document, or the reason why there are none."""
        if document.problem:
            return _Answer(document.name, problem=document.problem)
        try:
            positions = model.score("", document.text, top=self.top)
        except TokenModelError as reason:
            return _Answer(document.name, problem=str(reason))
        selections = self._selected(positions)
        written = [position.token or b"" for position in positions[: len(selections) - 1]]
        if b"".join(written) != document.text.encode("utf-8"):
            return _Answer(document.name, problem="its tokens do not join to its text")
        between = np.flatnonzero(whole_starts(written)[:-1])[1:]
        if not between.size:
            problem = "it has a single token, so no state has a token before it and one after it"
            return _Answer(document.name, problem=problem)
        drawn = self._drawn(between, selections, np.random.default_rng([self.seed, number]))
        if not len(drawn):
            return _Answer(document.name, problem="nothing is predictable at the states that were drawn")
        return _Answer(document.name, tuple(_line(document, selections[int(state)]) for state in drawn))

    def _selected(self, positions: list[Any]) -> Selections:
        return select_all(
            positions,
            self.rule,
            gate=self.gate,
            entropy_threshold=self.entropy_threshold,
            undecided=self.undecided,
            cut="character",
        )

    def _drawn(self, between: np.ndarray, selections: Selections, rng: np.random.Generator) -> np.ndarray:
        """Return the states of one document, in their order."""
        full = selections.value[between] > 0
        pool = between[full] if self.on_empty == "resample" else between
        if self.states != "all" and int(self.states) < len(pool):
            pool = np.sort(rng.choice(pool, size=int(self.states), replace=False))
        return pool[selections.value[pool] > 0] if self.on_empty == "drop" else pool


def _line(document: Document, found: Selection) -> dict[str, Any]:
    return {
        "prompt": document.text.encode("utf-8")[: found.span[0]].decode("utf-8"),
        "completion": found.text,
        "document": document.name,
        "state": found.start,
        "prompt_bytes": found.span[0],
        "n_tokens": found.value,
        "n_tokens_lower": found.lower,
        "n_tokens_upper": found.upper,
        "status": found.status.name,
        "surprisal_bits": _finite(found.surprisal),
        "next_entropy_bits": None if found.next_entropy is None else _finite(found.next_entropy),
        "next_surprisal_bits": None if found.next_surprisal is None else _finite(found.next_surprisal),
    }


def _finite(ends: Iterable[float]) -> list[float | None]:
    """Return the ends of an interval in JSON types: an unknown end is null."""
    return [end if np.isfinite(end) else None for end in ends]


def _named(documents: Iterable[Document | str]) -> Iterator[Document]:
    if isinstance(documents, str) or not validate.is_several(documents):
        raise TypeError(f"documents is {validate.shown(documents)}, expected an iterable of Document or str")
    for number, document in enumerate(documents):
        if isinstance(document, Document):
            yield document
        elif isinstance(document, str):
            yield Document(f"text {number}", document, "" if document else "it is empty")
        else:
            raise TypeError(f"documents[{number}] is {validate.shown(document)}, expected a Document or a str")
