"""What a server allows one request, and all of them together."""

from __future__ import annotations

from dataclasses import dataclass, fields

from empowerment.core import validate


@dataclass(frozen=True)
class Limits:
    """What a server allows.

    Attributes
    ----------
    body : int
        Bytes of a request.
    tokens : int
        Longest completion; a request for more gets this many and is told.
    seconds : float
        From the arrival of a request to the end of its answer.
    waiting : int
        Requests that wait for the model; another one is refused with status 503.
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
