"""A world that remembers what has been read: its last reading is the whole trajectory."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from empowerment.actuation.task import TooManySequencesError
from empowerment.core import validate
from empowerment.models.pomdp import POMDP


def remembering(
    model: POMDP, belief: np.ndarray, sensor: np.ndarray, horizon: int, memory: float
) -> tuple[POMDP, np.ndarray, np.ndarray]:
    """Return a model whose states hold what has been read so far, its first belief, and the sensor that tells it.

    Parameters
    ----------
    model : POMDP
    belief : ndarray of shape (n_states,)
    sensor : ndarray of shape (n_states, n_readings)
        What is read off each state on the way.
    horizon : int
    memory : float
        Bytes that may be taken.

    Returns
    -------
    model : POMDP
        Of ``n_states * n_readings ** horizon`` states without labels; what the agent observes is the same.
    belief : ndarray
    sensor : ndarray of shape (n_states * n_readings ** horizon, n_readings ** horizon)

    Raises
    ------
    TooManySequencesError
        If it would take more than `memory`.
    """
    n_states, n_readings = sensor.shape
    many = validate.power(n_readings, horizon)
    needed = 8 * n_states * many * (many + model.n_actions * (model.n_observations + n_states * n_readings))
    if needed > memory:
        raise TooManySequencesError(
            f"there are {n_readings}^{horizon} trajectories of readings, which take {needed / 1e9:.3g} GB with "
            f"{n_states} states; allowed are {memory / 1e9:.3g} GB; shorten the horizon, coarsen the sensor or raise "
            "memory="
        )
    n_words = n_readings**horizon
    words = np.arange(n_words)
    # No word of the first steps is so long that its beginning is lost.
    shifts = [
        sparse.csr_array(
            (np.ones(n_words), (words, (words * n_readings + reading) % n_words)), shape=(n_words, n_words)
        )
        for reading in range(n_readings)
    ]
    moves = [
        sum(sparse.kron(matrix @ sparse.diags_array(p), shift) for p, shift in zip(sensor.T, shifts, strict=True))
        for matrix in model.mdp.action_matrices
    ]
    size = n_states * n_words
    order = np.arange(size * model.n_actions).reshape(model.n_actions, size).T.reshape(-1)
    rows = sparse.csr_array(sparse.vstack(moves))[order]
    available = np.repeat(model.available, n_words, axis=0)
    # A product of rows may miss 1 by what both of them do.
    larger = POMDP(rows, np.repeat(model.observation, n_words, axis=1), available=available, normalize=True)
    return larger, np.kron(belief, words == 0), np.tile(np.eye(n_words), (n_states, 1))
