"""A fault made on purpose; see `benchmarks.mutants`."""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    """A fault, and what finds it.

    Attributes
    ----------
    fault : str
        What is wrong in words.
    right, wrong : str
        A text that stands once in the package, and what takes its place.
    tests : str
        Files of tests, and after ``-k`` which of their tests.
    """

    fault: str
    right: str
    wrong: str
    tests: str
