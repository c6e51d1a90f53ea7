"""Many prompts asked of one model: concurrently, with each failure reported under its prompt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Generic, TypeVar

from empowerment.core import validate
from empowerment.runtime.progress import progress_bar
from empowerment.text.tiers import TokenModelError

T = TypeVar("T")

_SHOWN = 3


@dataclass(frozen=True, eq=False, repr=False)
class Answers(Generic[T]):
    """Answers to many prompts, and the failures.

    Attributes
    ----------
    prompts : tuple of str
        The prompts.
    found : dict from str to answer
        The answers.
    failures : dict from str to TokenModelError
        The errors of the other prompts.

    See Also
    --------
    ask_each : Ask for these answers.

    Examples
    --------
    >>> from empowerment.text import TableModel, ask_each
    >>> person = TableModel({"coffee?": {" yes": 0.9, " no": 0.1}})
    >>> answers = ask_each(person.score, ["coffee?"])
    >>> len(answers.all()), dict(answers.failures)
    (1, {})
    """

    prompts: tuple[str, ...]
    found: dict[str, T]
    failures: dict[str, TokenModelError]

    def all(self) -> list[T]:
        """Return the answers in the order of the prompts.

        Returns
        -------
        list
            One answer for each prompt.

        Raises
        ------
        TokenModelError
            If one is missing; the message says which and why.
        """
        if self.failures:
            shown = [f"prompt {self.prompts.index(p)} ({p[-40:]!r}): {e}" for p, e in self.failures.items()][:_SHOWN]
            more = f"; and {len(self.failures) - _SHOWN} more" if len(self.failures) > _SHOWN else ""
            raise TokenModelError(
                f"{len(self.failures)} of {len(set(self.prompts))} prompts have no answer: {'; '.join(shown)}{more}. "
                "With Recorded(path, model) the others are kept, and the next run asks only for these"
            )
        return [self.found[prompt] for prompt in self.prompts]

    def __repr__(self) -> str:
        return f"Answers({len(self.found)} of {len(set(self.prompts))} prompts, {len(self.failures)} failed)"


def ask_each(
    ask: Callable[[str], T], prompts: Sequence[str], *, workers: int = 1, progress: bool | str = "auto"
) -> Answers[T]:
    """Ask a model for each of many prompts, and continue where one fails.

    Parameters
    ----------
    ask : callable
        Given a prompt, returns its answer, such as ``lambda prompt: model.score(prompt, top=20)``.
    prompts : sequence of str
        The prompts; equal ones are asked once.
    workers : int
        Number of concurrent requests. A server answers several at the same time; a model in this process does not.
    progress : bool or "auto"
        Show a progress bar. ``"auto"`` shows it on a terminal, once a second has passed.

    Returns
    -------
    Answers
        The answers, and the errors of prompts that failed.

    See Also
    --------
    Recorded : Keep answers in a file, so that a second run asks for the missing ones alone.
    next_token_channel : Ask for many prompts and make a channel.

    Notes
    -----
    A :class:`TokenModelError` counts as the failure of a prompt, and so does a ``StopIteration``, as raised by
    ``next(model.step(prompt))`` if nothing was generated; any other error ends the run. After Ctrl-C, requests that
    have begun are completed and no others begin.

    Examples
    --------
    >>> from empowerment.text import TableModel, ask_each
    >>> person = TableModel({"coffee?": {" yes": 0.9, " no": 0.1}})
    >>> ask_each(person.score, ["coffee?", "tea?"])
    Answers(1 of 2 prompts, 1 failed)
    """
    workers, prompts = validate.positive_int(workers, "workers"), validate.texts(prompts, "prompts")
    if not callable(ask):
        raise TypeError(f"ask is {validate.shown(ask)}, expected a function of a prompt")
    distinct = list(dict.fromkeys(prompts))
    found: dict[str, T] = {}
    failures: dict[str, TokenModelError] = {}

    def keep(prompt: str, answer: Callable[[], T]) -> None:
        try:
            found[prompt] = answer()
        except TokenModelError as error:
            failures[prompt] = error
        except StopIteration:
            failures[prompt] = TokenModelError(
                "ask() took the next item of an empty iterator: no token was generated"
            )

    with progress_bar(len(distinct), "asking", "prompt", progress) as advance:
        if workers == 1:
            for prompt in distinct:
                keep(prompt, lambda prompt=prompt: ask(prompt))  # type: ignore[misc]
                advance(1)
        else:
            with ThreadPoolExecutor(workers) as pool:
                try:
                    under_way = {pool.submit(ask, prompt): prompt for prompt in distinct}
                    for future in as_completed(under_way):
                        keep(under_way[future], future.result)
                        advance(1)
                except BaseException:
                    pool.shutdown(cancel_futures=True)
                    raise
    return Answers(prompts, found, failures)
