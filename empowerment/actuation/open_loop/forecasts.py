"""What a state will take where the actions are fixed in advance: its first layers, and their growth carried on.

Layers are made as they would be for the answer, as long as that takes milliseconds. From then on rows, and of
trajectories columns, are expected to grow as they did before.
"""

from __future__ import annotations

import numpy as np

from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.forecast import Forecast, extrapolated, of_bounds, of_channel, of_few_sequences, of_samples
from empowerment.actuation.open_loop.channel import first_sizes
from empowerment.actuation.open_loop.enumeration import is_short
from empowerment.actuation.open_loop.exact import forecast_pricing, stored_steps
from empowerment.actuation.open_loop.layers import Kernels, first_layer, walk
from empowerment.actuation.sensor import Sensor
from empowerment.actuation.task import StateTask
from empowerment.models.mdp import MDP

# Layers up to this many entries are made.
_PROBED = 2**20


def forecast_final(task: StateTask, dynamics: Dynamics, kernels: Kernels) -> Forecast:
    """Return what the capacity over all sequences takes, or bounds where it would take more than is allowed."""
    layer, counts = first_layer(dynamics.unit_rows(np.array([task.start]))), [1.0]
    while len(counts) < task.horizon:
        layer = walk(layer, dynamics, 1, kernels, _PROBED)
        if layer.sequences.shape[1] < len(counts):
            break
        counts.append(float(len(layer.rows)))
    if is_short(task.horizon, dynamics.n_actions):
        n_rows = dynamics.n_actions * extrapolated(counts, task.horizon - 1)
        needed = of_few_sequences(n_rows, dynamics.n_columns, task.horizon, task.options.backend)
    else:
        steps = stored_steps(lambda step: extrapolated(counts, step), dynamics, task)
        needed = forecast_pricing(extrapolated(counts, steps), task.horizon - steps, task.horizon, dynamics, task)
    fits = needed.rows <= task.max_sequences and needed.memory <= task.memory
    return needed if fits else forecast_bounds(task, dynamics)


def forecast_rows(
    model: MDP, sensor: Sensor, output: str, task: StateTask, dynamics: Dynamics, kernels: Kernels
) -> Forecast:
    """Return what the capacity of a channel takes whose rows are all made, whatever is allowed."""
    start, horizon = int(dynamics.columns[task.start]), task.horizon
    rows, columns = zip(*first_sizes(model, start, horizon, sensor, output, kernels.capacity, _PROBED), strict=True)
    n_rows = model.n_actions * extrapolated(rows, horizon - 1) if horizon else 1.0
    n_columns = extrapolated(columns, horizon)
    if output == "final":
        n_columns = dynamics.reached(np.array([task.start]), horizon).size
    return of_channel(n_rows, n_columns, horizon, task.options.backend)


def forecast_bounds(task: StateTask, dynamics: Dynamics) -> Forecast:
    """Return roughly what bounds take: no step enumerates more than a part of the sequences allowed."""
    return of_bounds(task.max_sequences, dynamics.n_columns, task.horizon, task.options.backend)


def forecast_samples(samples: int, task: StateTask, dynamics: Dynamics) -> Forecast:
    """Return what a lower end from drawn sequences takes."""
    entries = dynamics.rows.nnz / dynamics.n_actions
    return of_samples(samples, dynamics.n_columns, entries, task.horizon, task.options.backend)
