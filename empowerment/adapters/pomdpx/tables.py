"""Tables of a POMDPX file: the entries of <Parameter type="TBL">."""

from __future__ import annotations

import numpy as np

from empowerment.adapters.pomdp_format.tokens import shortened
from empowerment.adapters.pomdpx.document import Element
from empowerment.adapters.pomdpx.variables import Variable

_ANY, _EACH = "*", "-"


def fill(array: np.ndarray, axes: dict[str, Variable], parameter: Element) -> None:
    """Write the entries of a table into an array, the later ones over the earlier ones.

    Parameters
    ----------
    array : ndarray
        An axis for each variable.
    axes : dict of str to Variable
        The variables by their names, in the order in which an instance lists their values.
    parameter : Element
        <Parameter>.
    """
    parameter.only("Entry")
    for entry in parameter.children:
        entry.only("Instance", "ProbTable", "ValueTable")
        instance = entry.one("Instance")
        words = instance.words()
        if len(words) != len(axes):
            raise instance.complaint(
                f"found {len(words)} words in <Instance>, expected {len(axes)}: a value, * or - for each of "
                f"{' '.join(axes)}"
            )
        index: list[int | slice] = []
        shape, each = [], []
        for axis, word in zip(axes.values(), words, strict=True):
            if word not in (_ANY, _EACH):
                index.append(axis.number(word, instance))
                continue
            index.append(slice(None))
            shape.append(len(axis) if word == _EACH else 1)
            each += [len(axis)] * (word == _EACH)
        values = _values(entry.one("ProbTable", "ValueTable"), each, array.shape[-1])
        array[tuple(index)] = values.reshape(shape)


def _values(table: Element, each: list[int], n_outcomes: int) -> np.ndarray:
    """Return the numbers of an entry, one for each combination of the values that the instance leaves to them."""
    words, count = table.words(), int(np.prod(each))
    if words == ["uniform"]:
        return np.full(count, 1 / n_outcomes)
    if words == ["identity"]:
        if len(each) != 2 or each[0] != each[1]:
            raise table.complaint(
                f"'identity' stands for a square matrix, expected an instance with two '-' of as many values; "
                f"here are {' x '.join(map(str, each)) or 'none'}"
            )
        return np.eye(each[0]).reshape(-1)
    if words and words[0].isalpha():
        raise table.complaint(f"found {shortened(words[0])!r}, expected numbers, 'uniform' or 'identity'")
    found = table.numbers("numbers, 'uniform' or 'identity'")
    if len(found) != count:
        raise table.complaint(
            f"found {len(found)} numbers, expected {count}: one for each combination of values of '-' in <Instance>"
        )
    return found
