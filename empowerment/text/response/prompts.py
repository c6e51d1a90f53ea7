"""What all channels from prompts begin with: prompts, their labels, and how they are asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from empowerment.core import validate
from empowerment.text.batch import ask_each

T = TypeVar("T")


@dataclass(frozen=True)
class Prompts:
    """The inputs of a channel, checked.

    Attributes
    ----------
    texts : tuple of str
        The prompts, each once.
    labels : tuple of str
        A label for each prompt: those given, or the prompts.
    workers : int
        Number of concurrent requests.
    progress : bool or "auto"
        Whether to show a progress bar.
    """

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    workers: int
    progress: bool | str

    @classmethod
    def checked(cls, prompts: Sequence[str], labels: Sequence[Any] | None, workers: int, progress: Any) -> Prompts:
        """Return the prompts of a public function, or refuse what is wrong with them.

        Raises
        ------
        ValueError
            If there is no prompt, or one occurs twice.
        """
        texts = validate.texts(prompts, "prompts")
        if len(set(texts)) != len(texts):
            twice = next(p for i, p in enumerate(texts) if p in texts[:i])
            raise ValueError(f"prompts has {twice[-60:]!r} twice, expected each once: equal inputs are one input")
        found = validate.labels(labels, len(texts), "labels")
        return cls(texts, tuple(map(str, found or texts)), workers, progress)

    def ask(self, question: Callable[[str], T]) -> list[T]:
        """Return the answer to each prompt; see :func:`ask_each`.

        Raises
        ------
        TokenModelError
            If a prompt got no answer.
        """
        return ask_each(question, self.texts, workers=self.workers, progress=self.progress).all()
