"""What one computation may take: the settings that `options=` of `empowerment` and `horizon_sweep` accepts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from empowerment.capacity.options import MAX_ITER
from empowerment.core import validate


@dataclass(frozen=True)
class Resources:
    """Limits of a computation, by the names that `options=` gives them.

    Attributes
    ----------
    max_sequences : int
        Largest number of action sequences, after merging, that are looked at in one state.
    memory : float
        Largest number of bytes that one state may take.
    samples : int
        Number of sequences drawn for each state by ``method="sampled"``.
    max_iter : int
        Largest number of iterations of one capacity.
    """

    max_sequences: int = 50_000_000
    memory: float = 4e9
    samples: int = 1000
    max_iter: int = MAX_ITER

    @classmethod
    def checked(cls, options: Mapping[str, Any] | None) -> Resources:
        """Return the limits that `options` names, and the default of each other one.

        Raises
        ------
        TypeError
            If `options` is no mapping, or a limit is of the wrong type.
        ValueError
            If an option is not known, or a limit is out of its range.
        """
        options = validate.options(options, [field.name for field in fields(cls)])
        default = cls()
        return cls(
            max_sequences=validate.limit(options.get("max_sequences", default.max_sequences), "max_sequences"),
            memory=validate.memory(options.get("memory", default.memory)),
            samples=validate.positive_int(
                options.get("samples", default.samples), "samples", most=validate.MOST_DRAWS
            ),
            max_iter=validate.limit(options.get("max_iter", default.max_iter), "max_iter"),
        )
