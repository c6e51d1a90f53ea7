"""Words on pictures: titles of results, names of states, labels of axes."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from itertools import islice
from typing import Any

from empowerment.core import validate
from empowerment.core.protocols import CertifiedValues, StateValues

_LONGEST = 24  # characters of a label


def check_result(result: Any) -> None:
    """Refuse what has no values for states."""
    wanted = "an EmpowermentResult, as empowerment returns it"
    validate.offers(result, ("states", "value", "lower", "upper", "layout", "beliefs"), "result", wanted)


def shortened(label: Any, longest: int = _LONGEST) -> str:
    """Return a label as text, with an ellipsis in its middle where it is long; its ends tell most labels apart."""
    text = " ".join(str(label).split())
    if len(text) > longest:
        head = longest // 2
        text = f"{text[:head]}…{text[len(text) - (longest - head - 1) :]}"
    return text.replace("$", r"\$")


def names_of(labels: Any, states: Sequence[Any], what: str = "states", longest: int = _LONGEST) -> list[str]:
    """Return what to call each of the states, shortened: the labels given, by default their own."""
    if labels is None:
        return [shortened(state, longest) for state in states]
    if not validate.is_several(labels):
        raise TypeError(f"labels is {validate.shown(labels)}, expected one for each of {len(states)} {what}")
    names = [shortened(label, longest) for label in islice(labels, len(states) + 1)]
    if len(names) != len(states):
        count = len(labels) if isinstance(labels, Sized) else len(names)
        raise ValueError(f"labels has {count} entries, expected one for each of {len(states)} {what}")
    return names


def axis_label(result: CertifiedValues) -> str:
    """Return the name of what is drawn, with its unit."""
    return f"{_quantity(result)} [{result.unit}]"


def _quantity(result: Any) -> str:
    """Return the name of what a result holds, empowerment if it does not say."""
    return str(getattr(result, "quantity", "empowerment"))


def world_of(layout: Any, what: str) -> str:
    """Return what is drawn after the name of the world, if it has one."""
    name = getattr(layout, "name", "")
    return ": ".join(part for part in (name if isinstance(name, str) else "", what) if part)


def state_title(result: StateValues, span: float) -> str:
    """Return what is drawn and, where the numbers are less sure than the picture looks, how sure they are."""
    title = world_of(result.layout, _question(result))
    widest, missed = float(result.gap.max()), len(result) - int(result.converged.sum())
    if missed == 0 and widest <= 0.01 * span:
        return title
    title += f"\nwidest interval {widest:.2g} {result.unit}"
    what = "states" if result.beliefs is None else "beliefs"
    return title + (f"\n{missed} of {len(result)} {what} missed the tolerance" if missed else "")


def _question(result: Any) -> str:
    """Return what was asked of each state: the quantity, and how far ahead."""
    horizon, discount = getattr(result, "horizon", None), getattr(result, "discount", None)
    name = _quantity(result) if horizon is None else f"{horizon}-step {_quantity(result)}"
    name += "" if discount is None else f", discount {discount:g}"
    name += " with feedback" if getattr(result, "feedback", False) else ""
    return name + (" over trajectories" if getattr(result, "output", None) == "trajectory" else "")
