"""Parameters for which the source's example occurs."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.desire.agent import WEALTH, DesireAgent
from empowerment.desire.comparison.chunks import MONTH, opened, over_seeds
from empowerment.desire.parameters import DesireParameters
from empowerment.desire.shocks.effects import ShockWork, checked_windows
from empowerment.desire.shocks.example import ExampleCriterion, ExampleRegion
from empowerment.desire.simulation import check_fit, checked_seeds
from empowerment.desire.worlds.riders import WANTED, Riders

# What may vary besides the parameters of the loop, with what holds where it does not.
_OTHERS: dict[str, Any] = {"will": WEALTH, "wanted": WANTED}
_MOST_CELLS = 10_000


def example_region(
    grid: Mapping[str, Sequence[Any]],
    *,
    parameters: DesireParameters | None = None,
    criterion: ExampleCriterion | None = None,
    seeds: Sequence[int] = range(60),
    n_steps: int = MONTH,
    resolution: int | None = 20,
    n_jobs: int | None = None,
    checkpoint: Any = None,
    progress: bool | str = "auto",
) -> ExampleRegion:
    """Find the parameters for which riders behave as in the source's example after a shock.

    Parameters
    ----------
    grid : mapping from str to sequence
        Values to try, by the name of a parameter of :class:`DesireParameters`, "will" or "wanted" (of
        :class:`Riders`); all their combinations.
    parameters : DesireParameters, optional
        All other parameters; by default those of :meth:`DesireParameters.shock`.
    criterion : ExampleCriterion, optional
        Criterion for the example.
    seeds : sequence of int
        Seeds of the runs, the same for all combinations, so that differences between them are paired.
    n_steps : int
        Number of slots of a run.
    resolution : int, optional
        Resolution of the desires for which decisions are planned; see :class:`DesireAgent`. None does not round.
    n_jobs : int, optional
        As for :func:`compare_agents`.
    checkpoint : path, optional
        As for :func:`compare_agents`.
    progress : bool or "auto"
        As for :func:`compare_agents`.

    Returns
    -------
    ExampleRegion
        The verdict and the measures of each combination.

    Raises
    ------
    ValueError
        If a parameter is unknown, or a value is out of range.

    See Also
    --------
    shock_effects : Measure one combination.
    ExampleCriterion : When the example counts as occurring.

    Examples
    --------
    >>> from empowerment.desire import example_region
    >>> region = example_region({"threshold": [1.2, float("inf")], "gain": [2.0]}, seeds=range(20))
    >>> region.holds
    array([[ True],
           [False]])
    """
    names, values = _checked_grid(grid)
    base = DesireParameters.shock() if parameters is None else parameters
    validate.instance(base, DesireParameters, "parameters")
    criterion = ExampleCriterion() if criterion is None else criterion
    validate.instance(criterion, ExampleCriterion, "criterion")
    n_steps = validate.positive_int(n_steps, "n_steps", most=validate.LONGEST)
    [window] = checked_windows([criterion.window], n_steps)
    seeds = checked_seeds(seeds)
    settings = _settings(names, values, base, resolution)
    question = {"asked": "example", "window": window, "grid": [names, values]}
    agent, world, _ = settings[0]
    kept = opened(checkpoint, question, (agent,), world, base, seeds, n_steps)
    parts = over_seeds(
        ShockWork(settings, (window,), n_steps),
        len(settings),
        seeds,
        n_steps * world.n_agents,
        kept=kept,
        n_jobs=validate.n_jobs(n_jobs),
        progress=progress,
        doing="looking for the example",
    )
    return ExampleRegion(
        names=names,
        values=values,
        seeds=seeds,
        desires=tuple(world.desires),
        n_agents=world.n_agents,
        n_steps=n_steps,
        parameters=base,
        criterion=criterion,
        arrays={name: np.stack([part[name] for part in parts]) for name in parts[0]},
    )


def _settings(
    names: tuple[str, ...], values: tuple[tuple[Any, ...], ...], base: DesireParameters, resolution: int | None
) -> tuple[tuple[DesireAgent, Riders, DesireParameters], ...]:
    """Return the agent, the world and the parameters of each cell; equal ones share their plans."""
    agents, worlds, settings = dict[Any, DesireAgent](), dict[Any, Riders](), []
    for cell in itertools.product(*values):
        changes = dict(zip(names, cell, strict=True))
        will, wanted = (changes.pop(name, default) for name, default in _OTHERS.items())
        parameters = replace(base, **changes)
        agent = agents.setdefault(will, DesireAgent(will, resolution=resolution))
        world = worlds.setdefault(wanted, Riders(wanted=wanted))
        check_fit(world, agent, parameters)
        settings.append((agent, world, parameters))
    return tuple(settings)


def _checked_grid(grid: Any) -> tuple[tuple[str, ...], tuple[tuple[Any, ...], ...]]:
    """Return the names and the values of a grid, the latter hashable."""
    if not isinstance(grid, Mapping):
        raise TypeError(f"grid is {validate.shown(grid)}, expected a mapping from names of parameters to values")
    if not grid:
        raise ValueError("grid is empty, expected at least one parameter with its values")
    names = tuple(
        validate.one_of(name, (*DesireParameters.__dataclass_fields__, *_OTHERS), "parameter") for name in grid
    )
    values = []
    for name in names:
        if isinstance(grid[name], str) or not validate.is_several(grid[name]):
            raise TypeError(f"grid[{name!r}] is {validate.shown(grid[name])}, expected a list of values")
        own = tuple(_hashable(value) for value in itertools.islice(grid[name], _MOST_CELLS + 1))
        if not own or len(set(own)) < len(own):
            raise ValueError(f"grid[{name!r}] is {validate.shown(own)}, expected values that differ, at least one")
        values.append(own)
    count = int(np.prod([len(own) for own in values], dtype=float))
    if count > _MOST_CELLS:
        raise ValueError(f"grid has {count:,} combinations, expected at most {_MOST_CELLS:,}")
    return names, tuple(values)


def _hashable(value: Any) -> Any:
    if isinstance(value, list | tuple | np.ndarray) and np.ndim(value):
        return tuple(_hashable(part) for part in value)
    return validate.plain(value)
