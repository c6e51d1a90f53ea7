"""One step of emotions and desires: changes move the mood, and at events the emotion moves the desire."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from empowerment.desire.appraisal import distance, mood_and_emotion
from empowerment.desire.arrays import N_AXES
from empowerment.desire.desires import shortfalls, updated_desire
from empowerment.desire.parameters import DesireParameters


class Mind(NamedTuple):
    """Emotions and desires of agents; axes (..., agent), and one more for fields with several numbers.

    Attributes
    ----------
    mood : ndarray of shape (..., 3)
        Pleasure, arousal and dominance without the dominance of the rank.
    emotion : ndarray of shape (..., 3)
        Pleasure, arousal and dominance.
    reference : ndarray of shape (..., 3)
        The emotion at the last event.
    desire : ndarray of shape (..., n_desires)
        Weights of the desires.
    steps : ndarray of int of shape (...)
        Number of steps since the last event.
    event : ndarray of bool of shape (...)
        Whether the last step was an event.

    See Also
    --------
    feel : Compute the next mind.
    DesireTrace : The minds of a simulation.

    Examples
    --------
    >>> import numpy as np
    >>> from empowerment.desire import Mind
    >>> mind = Mind.at_rest(np.array([0.7, 0.3]), (2,))
    >>> mind.desire.tolist(), mind.emotion.shape
    ([[0.7, 0.3], [0.7, 0.3]], (2, 3))
    """

    mood: np.ndarray
    emotion: np.ndarray
    reference: np.ndarray
    desire: np.ndarray
    steps: np.ndarray
    event: np.ndarray

    @classmethod
    def at_rest(cls, will: np.ndarray, shape: tuple[int, ...]) -> Mind:
        """Return minds before the first step: neutral emotions, and the same desire for each.

        Parameters
        ----------
        will : ndarray of shape (n_desires,)
            The desire.
        shape : tuple of int
            Leading axes.

        Returns
        -------
        Mind
            The minds.
        """
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
    """Compute emotions and desires after a step; arrays are not checked.

    Parameters
    ----------
    mind : Mind
        Emotions and desires before the step.
    changes : ndarray of shape (..., n_changes)
        Changes of the appraised variables.
    rank : ndarray of shape (...)
        Share of the other agents with less.
    levels : ndarray of shape (..., n_desires)
        The variables of the desires.
    wanted, will : ndarray of shape (n_desires,)
        Targets of the variables, and weights to which desires decay.
    parameters : DesireParameters
        The parameters.
    message : ndarray of shape (..., n_desires), optional
        Added to the deficits if this step is an event: what a message says is lacking.
    frozen : ndarray of bool of shape (...), optional
        Agents whose desire does not change. Their events are recorded all the same.

    Returns
    -------
    Mind
        Emotions and desires after the step; the same array of desires if none of them changed.

    See Also
    --------
    appraise, update_desire : The parts of a step.
    simulate_agents : Run agents in a world.

    Examples
    --------
    >>> import numpy as np
    >>> from empowerment.desire import DesireParameters, Mind, feel
    >>> will = np.array([0.7, 0.3])
    >>> mind = feel(
    ...     Mind.at_rest(will, (1,)), np.array([[-1.0, -5.0]]), np.array([0.1]), np.array([[1.0, 1.0]]),
    ...     wanted=np.array([4.0, 4.0]), will=will, parameters=DesireParameters.shock())
    >>> bool(mind.event[0])
    True
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
