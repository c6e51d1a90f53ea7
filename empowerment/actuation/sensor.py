"""Sensors: the distribution of a reading in each state."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from scipy import sparse

from empowerment.core import validate
from empowerment.models.mdp import MDP

NAMES = ("state",)


@dataclass(frozen=True)
class Sensor:
    """The distribution of the reading in each state.

    Attributes
    ----------
    matrix : scipy.sparse.csr_array of shape (n_states, n_readings)
    readings : tuple
        A label for each reading.
    name : str
        For reports: "state", "function" or "matrix".
    """

    matrix: sparse.csr_array
    readings: Sequence[Any]
    name: str

    def unlabelled(self) -> Sensor:
        """Return the sensor with numbers for labels, which is cheaper to send to other processes."""
        return Sensor(self.matrix, range(len(self.readings)), self.name)

    @property
    def is_deterministic(self) -> bool:
        """Whether every state has one reading."""
        return bool((np.diff(self.matrix.indptr) == 1).all() and (self.matrix.data == 1.0).all())

    @property
    def reading_of_state(self) -> np.ndarray:
        """Number of the one reading of each state, for a deterministic sensor."""
        return np.asarray(self.matrix.indices)


def make_sensor(sensor: Any, model: MDP) -> Sensor:
    """Return the sensor for a `sensor` argument.

    Parameters
    ----------
    sensor : None, "state", callable or array_like of shape (n_states, n_readings)
        None and ``"state"`` read the state itself; a function maps a state's label to a hashable reading; row
        ``s`` of a matrix is the distribution of the reading in state ``s``.
    model : MDP
    """
    if sensor is None or isinstance(sensor, str):
        validate.one_of("state" if sensor is None else sensor, NAMES, "sensor of an MDP")
        return Sensor(_identity(model.n_states), model.states, "state")
    if callable(sensor):
        return _from_function(sensor, model)
    matrix = sparse.csr_array(validate.probability_rows(sensor, "sensor"))
    if matrix.shape[0] != model.n_states:
        raise ValueError(
            f"sensor has shape {matrix.shape}, expected (n_states, n_readings) with {model.n_states} states"
        )
    return Sensor(matrix, tuple(range(matrix.shape[1])), "matrix")


@lru_cache(maxsize=8)
def _identity(n_states: int) -> sparse.csr_array:
    """Return the sensor of the state itself, which every question about a model of this size shares."""
    return sparse.csr_array(sparse.eye_array(n_states, format="csr"))


def _from_function(function: Any, model: MDP) -> Sensor:
    numbers: dict[Hashable, int] = {}
    columns = []
    for state in model.states:
        reading = function(state)
        try:
            columns.append(numbers.setdefault(reading, len(numbers)))
        except TypeError:
            raise TypeError(f"sensor({state!r}) is {reading!r}, expected a hashable reading") from None
    shape = (model.n_states, len(numbers))
    matrix = sparse.csr_array((np.ones(len(columns)), (np.arange(len(columns)), columns)), shape=shape)
    return Sensor(matrix, tuple(numbers), "function")
