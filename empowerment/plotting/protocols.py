"""What pictures need of what they draw, so that they need not know its class."""

from __future__ import annotations

from typing import Any, Protocol

from empowerment.core.protocols import CertifiedValues


class Capacity(CertifiedValues, Protocol):
    """The capacity of one channel or of several; see :class:`empowerment.CapacityResult`."""

    @property
    def converged(self) -> Any:
        """Whether the intervals met the tolerance."""
        ...

    @property
    def input_distribution(self) -> Any:
        """The probability of each input."""
        ...

    @property
    def shapes(self) -> Any:
        """Number of inputs and outputs of each channel of a batch; None for one channel."""
        ...


class ControlLeft(Protocol):
    """An audit of influence; see :class:`empowerment.text.InfluenceAudit`."""

    @property
    def messages(self) -> Any:
        """Labels."""
        ...

    @property
    def silence(self) -> Any:
        """The message that is none, if there is one."""
        ...

    @property
    def control_left(self) -> Any:
        """What each message leaves."""
        ...

    @property
    def control_left_capacity(self) -> Any:
        """The most it could be."""
        ...

    @property
    def unit(self) -> Any:
        """The name of the unit."""
        ...

    @property
    def residual(self) -> Any:
        """How much of each row is unknown."""
        ...

    @property
    def silent(self) -> Any:
        """What silence leaves."""
        ...


class Budget(Protocol):
    """What the entropy of a choice is made of; see :class:`empowerment.text.ControlBudget`."""

    @property
    def assistant(self) -> Any:
        """The share of messages."""
        ...

    @property
    def person(self) -> Any:
        """The share of wills."""
        ...

    @property
    def noise(self) -> Any:
        """The share of chance."""
        ...

    @property
    def unit(self) -> Any:
        """The name of the unit."""
        ...

    @property
    def assistant_given_person(self) -> Any:
        """The same, the will known."""
        ...

    @property
    def assistant_share(self) -> Any:
        """The mean of both."""
        ...

    @property
    def person_given_assistant(self) -> Any:
        """The same, the message known."""
        ...

    @property
    def person_share(self) -> Any:
        """The mean of both."""
        ...

    @property
    def total(self) -> Any:
        """The entropy of the choice."""
        ...

    @property
    def source(self) -> Any:
        """Whose messages they are."""
        ...


class Transfers(CertifiedValues, Protocol):
    """What agents can do to each other's readings; see :class:`empowerment.TransferMatrix`."""

    @property
    def converged(self) -> Any:
        """Whether the intervals met the tolerance."""
        ...

    @property
    def pairs(self) -> Any:
        """The agents that act, and those whose readings are theirs to affect."""
        ...

    @property
    def state(self) -> Any:
        """Label of the initial state."""
        ...

    @property
    def horizon(self) -> int:
        """Number of actions."""
        ...


class SkillResult(CertifiedValues, Protocol):
    """Empowerment over skills; see :class:`empowerment.SkillEmpowerment`."""

    @property
    def all_states(self) -> Any:
        """The labels of all states of the model."""
        ...

    @property
    def actions(self) -> Any:
        """The labels of its actions."""
        ...

    @property
    def discount(self) -> float:
        """How T is distributed."""
        ...

    @property
    def layout(self) -> Any:
        """Where states lie."""
        ...

    @property
    def state_numbers(self) -> Any:
        """The numbers of the states that were asked for."""
        ...

    @property
    def output_distribution(self) -> Any:
        """Of the state at time T, for each of them."""
        ...

    @property
    def sensor(self) -> Any:
        """What is read in each state; None if the state itself is."""
        ...

    def skills(self, state: Any) -> Any:
        """Return the skills of a state."""
        ...

    def policies(self, state: Any) -> Any:
        """Return their actions."""
        ...

    def occupancies(self, state: Any) -> Any:
        """Return their occupancies."""
        ...

    def __getitem__(self, state: Any) -> Any:
        """Return the result of one state."""
        ...
