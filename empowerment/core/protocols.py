"""Protocols of results for pictures, tables and files, which need not know the classes."""

from __future__ import annotations

from typing import Any, Protocol


class CertifiedValues(Protocol):
    """One or several numbers with their intervals."""

    @property
    def value(self) -> Any:
        """The numbers."""
        ...

    @property
    def lower(self) -> Any:
        """Their lower ends."""
        ...

    @property
    def upper(self) -> Any:
        """Their upper ends."""
        ...

    @property
    def unit(self) -> str:
        """The name of the unit."""
        ...


class _Certified(CertifiedValues, Protocol):
    """Numbers of states, each with its interval."""

    @property
    def converged(self) -> Any:
        """Whether their intervals met the tolerance."""
        ...

    @property
    def states(self) -> Any:
        """Labels."""
        ...

    @property
    def actions(self) -> Any:
        """Labels."""
        ...


class StateValues(_Certified, Protocol):
    """What pictures need of the values of states, whatever they are."""

    @property
    def gap(self) -> Any:
        """The widths of the intervals."""
        ...

    @property
    def state_numbers(self) -> Any:
        """Their numbers in the model."""
        ...

    @property
    def layout(self) -> Any:
        """Where states lie."""
        ...

    @property
    def beliefs(self) -> Any:
        """The beliefs in the place of states."""
        ...

    def __len__(self) -> int:
        """Return the number of states."""
        ...


class StateResult(StateValues, Protocol):
    """The empowerment of states; see :class:`empowerment.EmpowermentResult` for what the fields hold."""

    @property
    def status(self) -> Any:
        """How each was reached."""
        ...

    @property
    def method(self) -> Any:
        """By which method."""
        ...

    @property
    def base(self) -> float:
        """The base of the logarithm."""
        ...

    @property
    def tol(self) -> float:
        """The width wanted."""
        ...

    @property
    def rtol(self) -> float:
        """The same, relative to the lower end."""
        ...

    @property
    def horizon(self) -> int:
        """Number of actions."""
        ...

    @property
    def output(self) -> str:
        """The last reading or all of them."""
        ...

    @property
    def feedback(self) -> bool:
        """Whether actions react."""
        ...

    @property
    def stopping(self) -> bool:
        """Whether the agent may stop."""
        ...

    @property
    def optimal(self) -> Any:
        """The sequences that carry the optimum."""
        ...


class SweepResult(_Certified, Protocol):
    """The empowerment of states at several horizons; see :class:`empowerment.HorizonSweep`."""

    @property
    def horizons(self) -> Any:
        """In rising order."""
        ...

    @property
    def results(self) -> Any:
        """One for each horizon."""
        ...

    @property
    def reachable(self) -> Any:
        """How many readings can be reached."""
        ...
