"""One step of the loop: changes move the mood, an emotion out of the ordinary moves the desire."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from empowerment.desire.appraisal import distance, mood_and_emotion
from empowerment.desire.arrays import N_AXES
from empowerment.desire.desires import shortfalls, updated_desire
from empowerment.desire.parameters import DesireParameters


class Mind(NamedTuple):
    """What agents feel and want; axes (..., agent), and one more where a field has several numbers.

    Attributes
    ----------
    mood : ndarray of shape (..., 3)
        Without the dominance of the rank.
    emotion : ndarray of shape (..., 3)
    reference : ndarray of shape (..., 3)
        The emotion at the last event.
    desire : ndarray of shape (..., n_desires)
    steps : ndarray of int of shape (...)
        Steps since the last event.
    event : ndarray of bool of shape (...)
        Whether the last step was an event.
    """

    mood: np.ndarray
    emotion: np.ndarray
    reference: np.ndarray
    desire: np.ndarray
    steps: np.ndarray
    event: np.ndarray

    @classmethod
    def at_rest(cls, will: np.ndarray, shape: tuple[int, ...]) -> Mind:
        """Return minds before anything has happened: all neutral, each with the same desire."""
        zero = np.zeros((*shape, N_AXES))
        desire = np.broadcast_to(will, (*shape, will.size)).copy()
        return cls(zero, zero, zero, desire, np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=bool))


def feel(
    mind: Mind,
    changes: np.ndarray,
    rank: np.ndarray,
    levels: np.ndarray,
    *,
    wanted: np.ndarray,
    will: np.ndarray,
    parameters: DesireParameters,
    message: np.ndarray | None = None,
    frozen: np.ndarray | None = None,
) -> Mind:
    """Compute what agents feel and want after a step; arrays are taken as they are, without a check.

    Parameters
    ----------
    mind : Mind
    changes : ndarray of shape (..., n_changes)
        Of the appraised variables.
    rank : ndarray of shape (...)
    levels : ndarray of shape (..., n_desires)
        The variables that wants are about.
    wanted, will : ndarray of shape (n_desires,)
    parameters : DesireParameters
    message : ndarray of shape (..., n_desires), optional
        Added to the deficits if this step is an event: what somebody says is lacking.
    frozen : ndarray of bool of shape (...), optional
        Agents whose desire stays as it is, come what may. Their events are recorded all the same.

    Returns
    -------
    Mind
        With the very same array of desires if none of them changed.
    """
    mood, emotion = mood_and_emotion(mind.mood, changes, rank, parameters)
    size = distance(emotion, mind.reference)
    event = size > parameters.threshold
    steps = mind.steps + 1
    if not event.any():
        return Mind(mood, emotion, mind.reference, mind.desire, steps, event)
    moved = event if frozen is None else event & ~frozen
    reference = np.where(event[..., None], emotion, mind.reference)
    desire = mind.desire
    if moved.any():
        unmet = shortfalls(levels[moved], wanted)
        if message is not None:
            unmet = unmet + np.broadcast_to(message, levels.shape)[moved]
        desire = desire.copy()
        desire[moved] = updated_desire(mind.desire[moved], will, unmet, size[moved], steps[moved], parameters)
    return Mind(mood, emotion, reference, desire, np.where(event, 0, steps), event)
