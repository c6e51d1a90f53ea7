"""Emotions from changes of state, their names, and whether they are events.

An emotion is a point in pleasure, arousal and dominance, each from -1 to 1.
"""

from __future__ import annotations

import numpy as np

from empowerment.core import validate
from empowerment.desire.arrays import N_AXES, finite_array, matching_arrays
from empowerment.desire.parameters import DesireParameters

NEUTRAL = "neutral"
EMOTIONS: dict[str, tuple[float, float, float]] = {
    NEUTRAL: (0.0, 0.0, 0.0),
    "happiness": (0.81, 0.51, 0.46),
    "anger": (-0.51, 0.59, 0.25),
    "disgust": (-0.60, 0.35, 0.11),
    "surprise": (0.40, 0.67, -0.13),
    "fear": (-0.64, 0.60, -0.43),
    "sadness": (-0.63, -0.27, -0.33),
}
"""Pleasure, arousal and dominance of emotion terms, after Russell and Mehrabian (1977), Evidence for a three-factor
theory of emotions, Journal of Research in Personality 11, 273-294. Neutral is the origin."""

_POINTS = np.array(list(EMOTIONS.values()))
_NAMES = np.array(list(EMOTIONS))
_DOMINANCE = 2
# Keeps ranks that are a third up to rounding in the middle.
_GUARD = 1e-12
_LOW, _HIGH = 1 / 3 - _GUARD, 2 / 3 + _GUARD


def appraise(
    mood: np.ndarray, changes: np.ndarray, rank: np.ndarray, parameters: DesireParameters
) -> tuple[np.ndarray, np.ndarray]:
    """Compute the mood after changes of state, and the emotion.

    Parameters
    ----------
    mood : ndarray of shape (..., 3)
        Pleasure, arousal and dominance before, without the dominance of the rank.
    changes : ndarray of shape (..., n_changes)
        Changes of the appraised variables, in their own units.
    rank : ndarray of shape (...)
        Share of the other agents with less, from 0 to 1; 1/2 if there are none.
    parameters : DesireParameters
        The appraisal, its scale and the persistence of the mood.

    Returns
    -------
    mood : ndarray of shape (..., 3)
        The persisting part of the mood plus the appraisal of the changes; clipped to [-1, 1].
    emotion : ndarray of shape (..., 3)
        The mood with the dominance of the rank; clipped to [-1, 1].

    Raises
    ------
    ValueError
        If an array has another shape or holds NaN or infinity, or a rank is outside of [0, 1].

    See Also
    --------
    name_emotions : Name the emotion.
    fluctuates : Decide whether it is an event.
    feel : Compute a whole step.

    Examples
    --------
    A crash of a rider of low rank:

    >>> import numpy as np
    >>> from empowerment.desire import DesireParameters, appraise, name_emotions
    >>> mood, emotion = appraise(np.zeros(3), np.array([-1.0, -5.0]), np.array(0.1), DesireParameters.shock())
    >>> emotion, str(name_emotions(emotion))
    (array([-0.875,  1.   , -1.   ]), 'fear')
    """
    parameters = validate.instance(parameters, DesireParameters, "parameters")
    mood, changes, rank = matching_arrays(
        mood=(mood, N_AXES), changes=(changes, parameters.n_changes), rank=(rank, None)
    )
    if ((rank < 0) | (rank > 1)).any():
        raise ValueError(f"rank ranges from {rank.min():g} to {rank.max():g}, expected shares from 0 to 1")
    return mood_and_emotion(mood, changes, rank, parameters)


def mood_and_emotion(
    mood: np.ndarray, changes: np.ndarray, rank: np.ndarray, parameters: DesireParameters
) -> tuple[np.ndarray, np.ndarray]:
    """Compute :func:`appraise` without checking the arrays."""
    mood = np.minimum(np.maximum(parameters.persistence * mood + changes @ parameters.weights.T, -1.0), 1.0)
    low, middle, high = parameters.rank_dominance
    emotion = mood.copy()
    dominance = emotion[..., _DOMINANCE]
    dominance += np.where(rank < _LOW, low, np.where(rank > _HIGH, high, middle))
    np.minimum(np.maximum(dominance, -1.0, out=dominance), 1.0, out=dominance)
    return mood, emotion


def name_emotions(emotion: np.ndarray) -> np.ndarray:
    """Find the nearest emotion in `EMOTIONS` by Euclidean distance, the first of several.

    Names are labels for readers; the simulation does not use them.

    Parameters
    ----------
    emotion : ndarray of shape (..., 3)
        Pleasure, arousal and dominance.

    Returns
    -------
    ndarray of str of shape (...)
        Names.

    See Also
    --------
    appraise : Compute emotions.

    Examples
    --------
    >>> import numpy as np
    >>> from empowerment.desire import EMOTIONS, name_emotions
    >>> str(name_emotions(np.array(EMOTIONS["fear"])))
    'fear'
    """
    points = finite_array(emotion, "emotion", N_AXES)[..., None, :] - _POINTS
    return np.asarray(_NAMES[(points * points).sum(axis=-1).argmin(axis=-1)])


def fluctuates(emotion: np.ndarray, reference: np.ndarray, parameters: DesireParameters) -> np.ndarray:
    """Decide whether an emotion differs from that of the last event by more than the threshold.

    Parameters
    ----------
    emotion, reference : ndarray of shape (..., 3)
        Pleasure, arousal and dominance now, and at the last event.
    parameters : DesireParameters
        The threshold.

    Returns
    -------
    ndarray of bool of shape (...)
        Whether the distance is above the threshold.

    See Also
    --------
    appraise : Compute emotions.
    update_desire : Compute the desire after an event.

    Examples
    --------
    >>> import numpy as np
    >>> from empowerment.desire import DesireParameters, fluctuates
    >>> bool(fluctuates(np.array([-1.0, 1.0, -1.0]), np.zeros(3), DesireParameters.shock()))
    True
    """
    parameters = validate.instance(parameters, DesireParameters, "parameters")
    emotion, reference = matching_arrays(emotion=(emotion, N_AXES), reference=(reference, N_AXES))
    return distance(emotion, reference) > parameters.threshold


def distance(emotion: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Compute the Euclidean distance of emotions, of shape (...)."""
    apart = emotion - reference
    return np.asarray(np.sqrt((apart * apart).sum(axis=-1)))
