"""Decision diagrams of a POMDPX file: <Parameter type="DD">."""

from __future__ import annotations

import numpy as np

from empowerment.adapters.pomdpx.document import Element
from empowerment.adapters.pomdpx.variables import Variable, find

_KINDS = ("deterministic", "persistent", "uniform", "template")


class Diagram:
    """Writes the leaves of a diagram into an array.

    A path through the diagram sets each variable once, so that no entry of the array is written twice and the work is
    bounded by its size.

    Parameters
    ----------
    array : ndarray
        An axis for each variable.
    axes : dict of str to int
        Axis of each variable, by its name.
    variables : dict of str to Variable
    parameter : Element
        <Parameter>.
    """

    def __init__(
        self, array: np.ndarray, axes: dict[str, int], variables: dict[str, Variable], parameter: Element
    ) -> None:
        parameter.only("DAG", "SubDAGTemplate")
        self._array, self._axes, self._variables = array, axes, variables
        self._templates = {each.attribute("id"): each for each in parameter.all("SubDAGTemplate")}
        self._open: list[str] = []
        self._write(_only_child(parameter.one("DAG")), {})

    def _write(self, element: Element, fixed: dict[str, int]) -> None:
        if element.tag == "Terminal":
            numbers = element.numbers("a number")
            if len(numbers) != 1:
                raise element.complaint(f"found {len(numbers)} numbers in <Terminal>, expected one")
            self._array[self._index(fixed)] = numbers[0]
        elif element.tag == "Node":
            self._write_node(element, fixed)
        elif element.tag == "SubDAG":
            self._write_sub_diagram(element, fixed)
        else:
            raise element.complaint(f"found <{element.tag}>, expected <Node>, <Terminal> or <SubDAG>")

    def _write_node(self, element: Element, fixed: dict[str, int]) -> None:
        element.only("Edge")
        name, variable = self._free(element, fixed)
        for edge in element.children:
            value = variable.number(edge.attribute("val"), edge)
            self._write(_only_child(edge), fixed | {name: value})

    def _write_sub_diagram(self, element: Element, fixed: dict[str, int]) -> None:
        kind = element.attribute("type")
        if kind == "template":
            self._write_template(element, fixed)
            return
        if kind not in _KINDS:
            raise element.complaint(f"type is {kind!r}, expected one of {', '.join(_KINDS)}")
        name, variable = self._free(element, fixed)
        if kind == "uniform":
            self._array[self._index(fixed)] = 1 / len(variable)
        elif kind == "deterministic":
            value = variable.number(element.attribute("val"), element)
            self._array[self._index(fixed | {name: value})] = 1.0
        else:
            self._write_persistent(element, name, variable, fixed)

    def _write_persistent(self, element: Element, name: str, variable: Variable, fixed: dict[str, int]) -> None:
        """Write 1 where a state keeps its value."""
        previous = variable.previous
        if name == previous or previous not in self._axes:
            raise element.complaint(
                f"'persistent' names {name!r}, expected the name after the step of a state on whose value before it "
                "the probability depends"
            )
        for value in [fixed[previous]] if previous in fixed else range(len(variable)):
            self._array[self._index(fixed | {name: value, previous: value})] = 1.0

    def _write_template(self, element: Element, fixed: dict[str, int]) -> None:
        name = element.attribute("idref")
        if name not in self._templates:
            raise element.complaint(f"idref is {name!r}, expected the id of a <SubDAGTemplate>")
        if name in self._open:
            raise element.complaint(f"the template {name!r} is part of itself, expected a diagram without circles")
        self._open.append(name)
        self._write(_only_child(self._templates[name]), fixed)
        self._open.pop()

    def _free(self, element: Element, fixed: dict[str, int]) -> tuple[str, Variable]:
        """Return the variable that an element is about, which no element around it may be."""
        name = element.attribute("var")
        variable = find(name, {each: self._variables[each] for each in self._axes}, element)
        if name in fixed:
            raise element.complaint(f"{name!r} has its value already, expected another variable")
        return name, variable

    def _index(self, fixed: dict[str, int]) -> tuple[int | slice, ...]:
        return tuple(fixed.get(name, slice(None)) for name in self._axes)


def _only_child(element: Element) -> Element:
    if len(element.children) != 1:
        raise element.complaint(f"found {len(element.children)} elements in <{element.tag}>, expected one")
    return element.children[0]
