"""Valid calls of what measures influence on desires, and of a language model that decides; see `valid_calls`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from empowerment import desire, text

DESIRE, STATE = {"income": 0.6, "health": 0.3, "standing": 0.1}, (8, 0, "far")


@cache
def found() -> desire.DesireInfluence:
    """Return what messages do to two riders in a day."""
    return desire.desire_influence(desire.Riders(2), seeds=[0], n_steps=12)


@cache
def decision() -> desire.TokenModelDecision:
    """Return a language model that knows its letters."""
    return desire.TokenModelDecision(text.TableModel({"": {" A": 0.5, " B": 0.25, " C": 0.25}}), desire.Riders())


def functions() -> dict[str, dict[str, Any]]:
    """Return valid arguments of each public function and class, by its name."""
    return {
        "desire.TokenModelDecision": {"model": decision().model, "world": desire.Riders()},
        "desire.describe_rider": {"state": STATE, "desire": DESIRE},
        "desire.describe_state": {"state": STATE, "desire": DESIRE},
        "desire.desire_influence": {"world": desire.Riders(2), "seeds": [0], "n_steps": 12},
        "desire.far_order": {"state": STATE},
    }


def methods(directory: Path) -> dict[str, tuple[Any, dict[str, Any]]]:
    """Return a valid call of each method of a public class, by the names of the class and the method."""
    return {
        "desire.ContextInfluence.amount": (found()["untimed"].amount, {"measure": "targeted"}),
        "desire.TokenModelDecision.prompt": (decision().prompt, {"state": 0, "desire": (0.6, 0.3, 0.1)}),
    }
