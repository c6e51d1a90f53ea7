"""Gymnasium environments named on the command line: read where they have a table, explored where they have none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np

from empowerment.adapters.environment import made
from empowerment.adapters.gym_tables import has_table
from empowerment.adapters.gymnasium import from_gymnasium
from empowerment.adapters.step_function import from_step_function
from empowerment.models.mdp import MDP


def read_environment(name: str, *, progress: bool = False, **options: Any) -> MDP:
    """Return the model of an environment.

    Parameters
    ----------
    name : str
        Its id.
    progress : bool
        Show a bar while it is explored.
    **options
        `terminal`; and of the exploration `seed` and `max_states`. None where it was not given.

    Raises
    ------
    ImportError
        If gymnasium, or the package that has the environment, is missing.
    ValueError
        If there is none of this id, it has no finite model, or an option does not apply to it.
    """
    given = {option: value for option, value in options.items() if value is not None}
    with closing(made(name)) as env:
        core = env.unwrapped
        if has_table(core):
            if "max_states" in given:
                raise ValueError(f"--max-states does not apply to {name!r}, whose table is read and not explored")
            given.pop("seed", None)
            return from_gymnasium(env, **given)
        _refuse_real_numbers(core, name)
        return from_step_function(env, **given, progress=progress)


def _refuse_real_numbers(core: Any, name: str) -> None:
    """Refuse an environment that is observed by real numbers before its states are counted, which does not end."""
    space = next(_real_spaces(core.observation_space), None)
    if space is not None:
        raise ValueError(
            f"{name} is observed by real numbers (a {type(space).__name__} of shape {space.shape}) and has no table "
            "of transitions, so that its states cannot be counted; expected an environment with a table, such as "
            "FrozenLake-v1, or with discrete states, such as MiniGrid-Empty-5x5-v0"
        )


def _real_spaces(space: Any) -> Iterator[Any]:
    """Yield the parts of an observation space that hold real numbers."""
    parts = getattr(space, "spaces", None)
    if parts is not None:
        for part in parts.values() if hasattr(parts, "values") else parts:
            yield from _real_spaces(part)
    elif getattr(space, "dtype", None) is not None and np.issubdtype(space.dtype, np.floating):
        yield space
