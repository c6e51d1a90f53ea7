"""Comparison of assistants on the same tasks with the same person."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.runtime.progress import progress_bar
from empowerment.text.assistance.metrics import Effort
from empowerment.text.assistance.process import AssistanceProcess, Assistant, Episode, Person, play
from empowerment.text.assistance.results import AssistanceComparison
from empowerment.text.assistance.task import WritingTask


def compare_assistants(
    assistants: Mapping[str, Assistant],
    person: Person,
    tasks: Sequence[WritingTask],
    *,
    tokens_per_round: int = 10,
    max_rounds: int = 50,
    judge: Callable[[WritingTask, str], bool] | None = None,
    effort: Effort | None = None,
    rng: Any = None,
    progress: bool | str = "auto",
) -> AssistanceComparison:
    """Compare assistants with which a person writes the same texts.

    Parameters
    ----------
    assistants : mapping from str to assistant
        Assistants by name, such as :class:`NoAssistant`, :class:`FixedLength`, :class:`HandOver` or
        :class:`FunctionAssistant`.
    person : Person
        A :class:`Replay` or :class:`TokenModelPerson`.
    tasks : sequence of WritingTask
        The texts to write.
    tokens_per_round : int
        Number of tokens that the person writes in each round. The simulations of [1]_ have 10.
    max_rounds : int
        Limit on the rounds of a task. A person who replays then writes the rest alone; it counts as written, and the
        task as unfinished.
    judge : callable, optional
        Given a task and the final text, returns whether it is correct. By default it is if it equals the solution.
    effort : Effort, optional
        Definition of effort; by default that of [1]_.
    rng : None, int or Generator
        Random source for a person who makes errors. In one task all assistants meet the same random numbers.
    progress : bool or "auto"
        Show a progress bar. ``"auto"`` shows it on a terminal, once a second has passed.

    Returns
    -------
    AssistanceComparison
        The episodes of every assistant, with their measures.

    Raises
    ------
    ValueError
        If two tasks have the same name, or a task lacks what the person needs.
    TokenModelError
        If a model cannot answer.

    See Also
    --------
    AssistanceComparison.difference : Compare two assistants task by task.
    empowerment.plotting.plot_assistants : Draw the result.

    Notes
    -----
    The amount read is every suggestion, accepted or not; the amount written is the text that the person writes,
    including the rest after the last round. Suggestions are counted in tokens of the assistant's model, replayed text
    in tokens of the task, and text of a model in its own tokens.

    The assistants take turns, the one with the shortest text first, so that a model that they share reads a task
    once.

    References
    ----------
    .. [1] "Training LLM Agents to Empower Humans", arXiv:2510.13709.

    Examples
    --------
    >>> from empowerment.text import (
    ...     Continuations, FixedLength, HandOver, NoAssistant, Replay, TableModel, Threshold, WritingTask,
    ...     compare_assistants,
    ... )
    >>> model = TableModel.from_texts(["for i in items:", "for j in items:"], order=2, smoothing=0.01)
    >>> task = WritingTask("loop", "for", " j in items:").tokenized(model)
    >>> texts = Continuations(model, max_tokens=8)
    >>> found = compare_assistants(
    ...     {"none": NoAssistant(), "two": FixedLength(texts, 2), "1 bit": HandOver(texts, Threshold.bits(0.9))},
    ...     Replay(), [task], tokens_per_round=1,
    ... )
    >>> found["1 bit"]["loop"].n_suggestions, found["1 bit"]["loop"].n_accepted
    (1, 1)
    >>> found["none"]["loop"].tokens_written, found["1 bit"]["loop"].tokens_written
    (4, 1)
    """
    _check_parts(assistants, person, tasks, judge, effort)
    _check_names(assistants, tasks)
    tokens_per_round = validate.positive_int(tokens_per_round, "tokens_per_round")
    max_rounds = validate.positive_int(max_rounds, "max_rounds")
    seeds = validate.generator(rng).integers(2**63, size=len(tasks))
    episodes: list[Episode] = []
    with progress_bar(len(tasks), "writing", "task", progress) as advance:
        for task, seed in zip(tasks, seeds, strict=True):
            processes = [
                AssistanceProcess(
                    name,
                    assistant,
                    person,
                    task,
                    tokens_per_round=tokens_per_round,
                    max_rounds=max_rounds,
                    rng=np.random.default_rng(seed),
                    judge=judge,
                )
                for name, assistant in assistants.items()
            ]
            episodes += play(processes)
            advance(1)
    return AssistanceComparison.of(episodes, effort)


def _check_parts(assistants: Any, person: Any, tasks: Any, judge: Any, effort: Any) -> None:
    """Refuse objects that are no assistant, person, task, judge or effort."""
    if not isinstance(assistants, Mapping):
        raise TypeError(f"assistants is {validate.shown(assistants)}, expected a mapping from names to assistants")
    for name, assistant in assistants.items():
        validate.offers(assistant, ("suggest",), f"assistants[{name!r}]", "an assistant, such as NoAssistant()")
    validate.offers(person, ("name", "begin"), "person", "a person, such as Replay()")
    if not isinstance(tasks, list | tuple):
        raise TypeError(f"tasks is {validate.shown(tasks)}, expected a list of WritingTask")
    strange = [task for task in tasks if not isinstance(task, WritingTask)]
    if strange:
        raise TypeError(f"tasks holds {validate.shown(strange[0])}, expected a list of WritingTask")
    if judge is not None and not callable(judge):
        raise TypeError(f"judge is {validate.shown(judge)}, expected a function of a task and a text")
    if effort is not None:
        validate.instance(effort, Effort, "effort")


def _check_names(assistants: Mapping[str, Assistant], tasks: Sequence[WritingTask]) -> None:
    if not assistants or not tasks:
        raise ValueError(f"there are {len(assistants)} assistants and {len(tasks)} tasks, expected some of both")
    names = [task.name for task in tasks]
    again = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if again is not None:
        raise ValueError(f"two tasks are called {again!r}, expected names that differ")
