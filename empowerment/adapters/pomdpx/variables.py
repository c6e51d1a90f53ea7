"""Variables of a POMDPX file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from empowerment.adapters.pomdp_format.sizes import PER_LABEL, MemoryLimit
from empowerment.adapters.pomdp_format.tokens import LONGEST_COUNT, shortened
from empowerment.adapters.pomdpx.document import Element, listed
from empowerment.core import validate


@dataclass(frozen=True)
class Variable:
    """A variable and its values; a state has two, before and after a step.

    Attributes
    ----------
    name : str
        Of a state the name after the step.
    values : tuple of str
    previous : str
        Name before the step; empty if the variable is no state.
    is_observed : bool
        Whether the agent sees this state.
    """

    name: str
    values: tuple[str, ...]
    previous: str = ""
    is_observed: bool = False

    def __len__(self) -> int:
        return len(self.values)

    def number(self, value: str, element: Element) -> int:
        """Return the number of a value."""
        if value not in self.values:
            raise element.complaint(
                f"found the value {shortened(value)!r} of {self.name!r}, expected one of {listed(self.values)}"
            )
        return self.values.index(value)


@dataclass(frozen=True)
class Variables:
    """All variables.

    Attributes
    ----------
    states, actions, observations : tuple of Variable
    rewards : tuple of str
    """

    states: tuple[Variable, ...]
    actions: tuple[Variable, ...]
    observations: tuple[Variable, ...]
    rewards: tuple[str, ...]

    @property
    def by_name(self) -> dict[str, Variable]:
        """The variables that probabilities and rewards depend on, states under both of their names."""
        named = {variable.name: variable for variable in (*self.states, *self.actions, *self.observations)}
        return named | {state.previous: state for state in self.states}


def read_variables(element: Element, limit: MemoryLimit) -> Variables:
    """Read <Variable>."""
    element.only("StateVar", "ActionVar", "ObsVar", "RewardVar")
    found = Variables(
        tuple(_state(child, limit) for child in element.all("StateVar")),
        tuple(_variable(child, "a", limit) for child in element.all("ActionVar")),
        tuple(_variable(child, "o", limit) for child in element.all("ObsVar")),
        tuple(child.attribute("vname") for child in element.all("RewardVar")),
    )
    for kind, variables in (("StateVar", found.states), ("ActionVar", found.actions)):
        if not variables:
            raise element.complaint(f"<Variable> has no <{kind}>, expected at least one")
    seen: set[str] = set()
    for child in element.children:
        for name in (child.attributes.get(key, "").strip() for key in ("vnamePrev", "vnameCurr", "vname")):
            if name and name in seen:
                raise child.complaint(f"found a variable {shortened(name)!r} again, expected names that differ")
            seen.add(name)
    return found


def _state(element: Element, limit: MemoryLimit) -> Variable:
    observed = element.attributes.get("fullyObs", "false").strip().lower()
    if observed not in ("true", "false"):
        raise element.complaint(f"fullyObs is {shortened(observed)!r}, expected true or false")
    names = element.attribute("vnameCurr"), element.attribute("vnamePrev")
    return Variable(names[0], _values(element, "s", limit), names[1], observed == "true")


def _variable(element: Element, letter: str, limit: MemoryLimit) -> Variable:
    return Variable(element.attribute("vname"), _values(element, letter, limit))


def _values(element: Element, letter: str, limit: MemoryLimit) -> tuple[str, ...]:
    """Read the names of values, or how many there are."""
    element.only("NumValues", "ValueEnum")
    given = element.one("ValueEnum", "NumValues")
    words = given.words()
    if given.tag == "NumValues":
        digits = words[0] if len(words) == 1 else ""
        if not (digits.isascii() and digits.isdecimal() and len(digits) <= LONGEST_COUNT and int(digits)):
            raise given.complaint(f"found {shortened(' '.join(words))!r}, expected a number of values of at least 1")
        limit.check(int(digits), PER_LABEL, f"{int(digits):,} values", given.line)
        return tuple(f"{letter}{number}" for number in range(int(digits)))
    if not words or len(set(words)) < len(words):
        raise given.complaint("<ValueEnum> lists no value, or one twice, expected names that differ")
    return tuple(words)


def count(variables: Iterable[Variable]) -> int:
    """Return the number of combinations of values."""
    return math.prod(map(len, variables))


def labels(variables: Sequence[Variable]) -> list[Any]:
    """Return the values of one variable, or the combinations of several as tuples, the last one changing fastest."""
    return list(variables[0].values) if len(variables) == 1 else list(product(*(each.values for each in variables)))


def find(name: str, known: dict[str, Variable], element: Element) -> Variable:
    """Return a variable by its name."""
    if name not in known:
        raise element.complaint(
            f"found the variable {shortened(name)!r}, expected one of {listed(list(known))}"
            f"{validate.nearest(name, known)}"
        )
    return known[name]
