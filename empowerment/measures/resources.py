"""What one computation may take: the settings that `options=` of `empowerment` and `horizon_sweep` accepts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from empowerment.actuation.forecast import Memory
from empowerment.capacity.options import MAX_ITER
from empowerment.core import validate

# Bytes of the interpreter with all libraries and compiled kernels.
_LIBRARIES = 2.2e8
# Times that a solver holds the model: as it is, by actions, transposed, and cut to what is within reach.
_COPIES = 4
_OPTIONS = ("max_sequences", "memory", "samples", "max_iter", "max_nodes", "max_seconds")


@dataclass(frozen=True)
class Resources:
    """Limits of a computation, by the names that `options=` gives them.

    Attributes
    ----------
    max_sequences : int
        Largest number of action sequences, after merging, that are looked at in one state.
    memory : float
        Largest number of bytes that all processes of this machine may take together.
    samples : int
        Number of sequences drawn for each state by ``method="sampled"``.
    max_iter : int
        Largest number of iterations of one capacity.
    max_nodes : int
        Largest number of sets of policies that a search splits for one state, with feedback.
    max_seconds : float
        Largest number of seconds that this search takes.
    processes : int
        Number of processes that share the memory; it is no option.
    """

    max_sequences: int = 50_000_000
    memory: float = 4e9
    samples: int = 1000
    max_iter: int = MAX_ITER
    max_nodes: int = 1000
    max_seconds: float = math.inf
    processes: int = 1

    def for_rows(self, model: float) -> Memory:
        """Return how many bytes the states under way in one process may take, beside a model of so many bytes.

        What the libraries and the model take is left out, but never more than seven eighths of a process's share.
        """
        share = self.memory / self.processes
        parent = _LIBRARIES if self.processes > 1 else 0.0  # which hands out the work, and waits
        left = (self.memory - parent) / self.processes - _LIBRARIES - _COPIES * model
        return Memory.left_of(self.memory, max(left, share / 8))

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
        options = validate.options(options, _OPTIONS)
        default = cls()
        if not options:
            return default
        return cls(
            max_sequences=validate.limit(options.get("max_sequences", default.max_sequences), "max_sequences"),
            memory=validate.memory(options.get("memory", default.memory)),
            samples=validate.positive_int(
                options.get("samples", default.samples), "samples", most=validate.MOST_DRAWS
            ),
            max_iter=validate.limit(options.get("max_iter", default.max_iter), "max_iter"),
            max_nodes=validate.limit(options.get("max_nodes", default.max_nodes), "max_nodes"),
            max_seconds=validate.seconds(options.get("max_seconds", default.max_seconds), "max_seconds"),
        )
