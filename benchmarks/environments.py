"""Environments of other libraries by their ids, mapped or refused: ``python -m benchmarks.environments [WORD …]``.

A line for each id of Gymnasium's and gym-classics' tabular environments and of the first MiniGrid ones that has one
of the words in it: the size of its model and what a map of one step takes in seconds, or the sentence by which it is
refused; and what it was warned of. All of them take ten minutes.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Iterator
from typing import Any

import gym_classics
import gymnasium
import minigrid  # noqa: F401 (importing it registers its environments)
import numpy as np

import empowerment as emp

_FIRST = 20
_TABULAR = ("gymnasium.envs.toy_text.", "gymnasium.envs.tabular.", "gym_classics.")
_MOST_STATES = 20_000

# Arguments other than none: what a refusal tells to pass, and what the makers of an environment offer.
_OPTIONS: dict[str, list[dict[str, Any]]] = {
    "FrozenLake-v1": [{}, {"is_slippery": False}],
    "Taxi-v4": [{}, {"is_rainy": True}, {"fickle_passenger": True}],
    "JacksCarRental-v0": [{}, {"normalize": True}],
    "JacksCarRentalModified-v0": [{"normalize": True}],
}


def environments() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield ids and arguments."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they may be registered already
        gym_classics.register("gymnasium")
    names = [name for name, spec in gymnasium.registry.items() if str(spec.entry_point).startswith(_TABULAR)]
    names += [name for name in gymnasium.registry if name.startswith("MiniGrid-")][:_FIRST]
    return ((name, options) for name in names for options in _OPTIONS.get(name, [{}]))


def model_of(name: str, options: dict[str, Any], max_states: int = _MOST_STATES) -> emp.MDP:
    """Return the model of an environment: that of its table, or the one that its refusal names."""
    try:
        return emp.from_gymnasium(name, **options)
    except ValueError as refusal:
        if "from_step_function explores" not in str(refusal):
            raise
    return emp.from_step_function(name, max_states=max_states, **options)


def line(name: str, options: dict[str, Any], max_states: int = _MOST_STATES) -> str:
    """Return what became of an environment."""
    shown = " ".join([name, *(f"{key}={value}" for key, value in options.items())])
    begun = time.perf_counter()
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            model = model_of(name, options, max_states)
    except (ValueError, ImportError) as refusal:
        return f"{shown:42} refused: {refusal}"
    bits = emp.empowerment(model, 1).value
    if not np.isfinite(bits).all():
        raise AssertionError(f"the map of {shown} has values that are not finite")
    seconds = time.perf_counter() - begun
    found = f"{model.n_states} states, {model.n_actions} actions, at most {bits.max():.3f} bits, {seconds:.2f} s"
    return "; ".join([f"{shown:42} {found}", *(f"warned: {warning.message}" for warning in told)])


def main(*words: str) -> None:
    """Print a line for each environment."""
    emp.empowerment(emp.worlds.ring(), 1)  # loads what is loaded once
    for name, options in environments():
        if not words or any(word in name for word in words):
            print(line(name, options), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
