"""Factors of a POMDPX file: the distribution of one variable given others, and rewards."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from empowerment.adapters.pomdp_format.distributions import EXACT, acceptable
from empowerment.adapters.pomdp_format.sizes import MemoryLimit
from empowerment.adapters.pomdp_format.tokens import DUST, shortened
from empowerment.adapters.pomdpx import tables
from empowerment.adapters.pomdpx.diagrams import Diagram
from empowerment.adapters.pomdpx.document import Element
from empowerment.adapters.pomdpx.variables import Variable, find

_PER_NUMBER = 24
"""Bytes for a number of a table, while it is filled and checked."""


@dataclass
class Factor:
    """A function of some variables; the last axis of a distribution is the variable that it is one of.

    Attributes
    ----------
    names : tuple of str
        The variables.
    variables : tuple of Variable
    array : ndarray
        An axis for each variable.
    element : Element
        Where it stands.
    """

    names: tuple[str, ...]
    variables: tuple[Variable, ...]
    array: np.ndarray
    element: Element

    @property
    def parents(self) -> tuple[str, ...]:
        """The variables that the last one depends on."""
        return self.names[:-1]


class FactorReader:
    """Reads factors over known variables.

    Parameters
    ----------
    variables : dict of str to Variable
    limit : MemoryLimit
        Limit on the memory of a table.
    normalize : bool
        Whether probabilities are weights, whatever their sum.
    """

    def __init__(self, variables: dict[str, Variable], limit: MemoryLimit, normalize: bool) -> None:
        self._variables, self._limit, self._normalize = variables, limit, normalize
        self.missed: list[np.ndarray] = []

    def distributions(self, element: Element, wanted: dict[str, str], allowed: set[str]) -> dict[str, Factor]:
        """Read one distribution for each of the wanted variables.

        Parameters
        ----------
        element : Element
            The element with a <CondProb> for each.
        wanted : dict of str to str
            The kind of each variable by its name, for messages.
        allowed : set of str
            The variables that they may depend on.
        """
        found: dict[str, Factor] = {}
        element.only("CondProb")
        for child in element.children:
            name = _name(child.one("Var"))
            if name not in wanted or name in found:
                again = "again" if name in found else f"in <{element.tag}>"
                raise child.complaint(f"found {shortened(name)!r} {again}, expected each of {', '.join(wanted)} once")
            found[name] = self._factor(child, (*self._parents(child, allowed), name))
            self._check_range(found[name])
        for name, kind in wanted.items():
            if name not in found:
                raise element.complaint(f"the {kind} {name!r} has no <CondProb>, expected one")
        return found

    def rewards(self, element: Element, wanted: tuple[str, ...]) -> list[Factor]:
        """Read <RewardFunction>."""
        element.only("Func")
        found = []
        for child in element.children:
            name, parents = _name(child.one("Var")), self._parents(child, set(self._variables))
            if name not in wanted:
                raise child.complaint(f"found the reward {shortened(name)!r}, expected one of {', '.join(wanted)}")
            if not parents:
                raise child.complaint(f"the reward {name!r} depends on nothing, expected <Parent> with variables")
            found.append(self._factor(child, parents))
        return found

    def settled(self, factor: Factor, used: np.ndarray) -> np.ndarray:
        """Return a distribution as rows, those that are used divided by their sums or refused.

        Parameters
        ----------
        factor : Factor
        used : ndarray of int
            The combinations of values of the parents that occur.
        """
        rows = factor.array.reshape(-1, factor.array.shape[-1])
        sums = rows[used].sum(axis=1)
        wrong = np.flatnonzero(~acceptable(sums, self._normalize))
        if wrong.size:
            raise self._complaint(factor, int(used[wrong[0]]), float(sums[wrong[0]]))
        missed = np.abs(sums - 1)
        self.missed.append(missed[missed > EXACT])
        rows[used] /= np.where(missed > EXACT, sums, 1.0)[:, None]
        return rows

    def _complaint(self, factor: Factor, row: int, total: float) -> ValueError:
        places = np.unravel_index(row, factor.array.shape[:-1])
        given = zip(factor.parents, factor.variables, places, strict=False)
        where = ", ".join(f"{name} = {variable.values[place]}" for name, variable, place in given)
        hint = "" if self._normalize or total == 0 else "; pass normalize=True to rescale"
        what = f"the probabilities of {factor.names[-1]!r}" + (f" where {where}" if where else "")
        return factor.element.complaint(f"{what} sum to {total:.12g}, expected 1{hint}")

    def _parents(self, element: Element, allowed: set[str]) -> tuple[str, ...]:
        given = element.optional("Parent")
        names = [] if given is None or given.words() == ["null"] else given.words()
        for name in names:
            find(name, self._variables, element)
            if name not in allowed:
                target, known = _name(element.one("Var")), ", ".join(sorted(allowed))
                raise element.complaint(f"{target!r} depends on {name!r}, expected some of {known}")
        if len(set(names)) < len(names):
            raise element.complaint(f"found a parent twice in {' '.join(names)}, expected each once")
        return tuple(names)

    def _factor(self, element: Element, names: tuple[str, ...]) -> Factor:
        if len(set(names)) < len(names):
            raise element.complaint(f"{names[-1]!r} depends on itself, expected other variables")
        variables = tuple(self._variables[name] for name in names)
        shape = tuple(map(len, variables))
        self._limit.check(math.prod(shape), _PER_NUMBER, f"a table of {' x '.join(map(str, shape))}", element.line)
        array = np.zeros(shape)
        parameter = element.one("Parameter")
        kind = parameter.attributes.get("type", "TBL").strip()
        if kind == "TBL":
            tables.fill(array, dict(zip(names, variables, strict=True)), parameter)
        elif kind == "DD":
            axes = {name: axis for axis, name in enumerate(names)}
            Diagram(array, axes, self._variables, parameter)
        else:
            raise parameter.complaint(f"type is {shortened(kind)!r}, expected TBL or DD")
        return Factor(names, variables, array, element)

    def _check_range(self, factor: Factor) -> None:
        """Refuse entries that are no probabilities."""
        least, most = (-DUST, np.inf) if self._normalize else (0.0, 1.0)
        wrong = (factor.array < least) | (factor.array > most)
        if wrong.any():
            bounds = "weights of at least 0" if self._normalize else "probabilities in [0, 1]"
            raise factor.element.complaint(
                f"{factor.names[-1]!r} has the entry {factor.array[wrong][0]:g}, expected {bounds}"
            )
        np.maximum(factor.array, 0.0, out=factor.array)


def _name(element: Element) -> str:
    words = element.words()
    if len(words) != 1:
        raise element.complaint(f"found {len(words)} words in <{element.tag}>, expected the name of one variable")
    return words[0]
