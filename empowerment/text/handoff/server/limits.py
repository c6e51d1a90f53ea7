"""Limits of a server for one request, and for all of them together."""

from __future__ import annotations

from dataclasses import dataclass, fields

from empowerment.core import validate


@dataclass(frozen=True)
class Limits:
    """Limits of a server.

    Attributes
    ----------
    body : int
        Largest number of bytes of a request.
    tokens : int
        Largest number of tokens of a completion; a request for more gets this many, and the answer says so.
    seconds : float
        Time limit from the arrival of a request to the end of its answer.
    waiting : int
        Largest number of requests in the queue; another one is refused with status 503.
    """

    body: int = 1_000_000
    tokens: int = 256
    seconds: float = 60.0
    waiting: int = 16

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.name == "seconds":
                validate.finite(self.seconds, "seconds", above=0.0)
            else:
                validate.positive_int(getattr(self, field.name), field.name)
