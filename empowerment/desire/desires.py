"""Updates of desires by emotions, and the objective of a desire."""

from __future__ import annotations

from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.desire.arrays import finite_array, matching_arrays
from empowerment.desire.parameters import DesireParameters


def deficits(levels: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Compute the deficit of each variable as a share of its target.

    Parameters
    ----------
    levels : ndarray of shape (..., n_desires)
        The variables.
    wanted : ndarray of shape (n_desires,)
        The targets, above 0.

    Returns
    -------
    ndarray of shape (..., n_desires)
        ``max(0, 1 - levels / wanted)``.

    See Also
    --------
    update_desire : Compute the desire after an event.

    Examples
    --------
    >>> import numpy as np
    >>> from empowerment.desire import deficits
    >>> deficits(np.array([3.0, 8.0, 0.1]), np.array([4.0, 7.0, 0.25])).round(2)
    array([0.25, 0.  , 0.6 ])
    """
    levels = finite_array(levels, "levels", 0)
    n_wanted = finite_array(wanted, "wanted", 0).shape[-1]
    if levels.shape[-1] != n_wanted:
        raise ValueError(
            f"levels has shape {levels.shape}, expected (..., {n_wanted}), a level of each variable wanted"
        )
    return shortfalls(levels, checked_wanted(wanted, n_wanted))


def shortfalls(levels: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Compute :func:`deficits` without checking the arrays."""
    return np.maximum(0.0, 1.0 - levels / wanted)


def update_desire(
    desire: np.ndarray,
    will: np.ndarray,
    unmet: np.ndarray,
    size: np.ndarray,
    steps: np.ndarray,
    parameters: DesireParameters,
) -> np.ndarray:
    """Compute the desire after an event.

    Parameters
    ----------
    desire : ndarray of shape (..., n_desires)
        The weights before the event.
    will : ndarray of shape (..., n_desires)
        The weights to which desires decay.
    unmet : ndarray of shape (..., n_desires)
        Deficits, including what a message adds to them.
    size : ndarray of shape (...)
        Distance of the emotion from that of the last event.
    steps : ndarray of int of shape (...)
        Number of steps since the last event, including this one.
    parameters : DesireParameters
        The decay, the gain, the intensity and the smallest weight.

    Returns
    -------
    ndarray of shape (..., n_desires)
        Weights that sum to 1.

    Raises
    ------
    ValueError
        If an array has another shape or holds NaN or infinity, or a weight is not above 0.

    See Also
    --------
    fluctuates : Decide whether there is an event.
    deficits : Compute the deficits.
    objective : Compute the rewards of a desire.

    Notes
    -----
    With `d` the decay and ``k = (1 - d) ** steps``, the logarithms of the weights are those of ``desire ** k * will
    ** (1 - k)``, plus the gain times the intensity ``min(size, most_intensity)`` times `unmet`. Their softmax is
    clipped from below at `least_desire` and normalized: a floor by mixing would move desires without an event. The
    form is this library's; the source says only that fluctuations re-weight desires.

    Examples
    --------
    >>> import numpy as np
    >>> from empowerment.desire import DesireParameters, update_desire
    >>> will = np.array([0.7, 0.15, 0.15])
    >>> update_desire(will, will, np.array([0.1, 0.6, 0.0]), 1.5, 10, DesireParameters.shock()).round(6)
    array([0.471897, 0.453191, 0.074912])
    """
    parameters = validate.instance(parameters, DesireParameters, "parameters")
    n_desires = finite_array(desire, "desire", 0).shape[-1]
    for name, numbers in (("will", will), ("unmet", unmet)):
        shape = finite_array(numbers, name, 0).shape
        if shape[-1] != n_desires:
            raise ValueError(f"{name} has shape {shape}, expected (..., {n_desires}), as many as desire has")
    desire, will, unmet, size, steps = matching_arrays(
        desire=(desire, 0), will=(will, 0), unmet=(unmet, 0), size=(size, None), steps=(steps, None)
    )
    for name, weights in (("desire", desire), ("will", will)):
        if (weights <= 0).any():
            raise ValueError(f"{name} holds {weights.min():g}, expected weights above 0, which alone can grow")
    for name, amounts in (("size", size), ("steps", steps)):
        if (amounts < 0).any():
            raise ValueError(f"{name} holds {amounts.min():g}, expected numbers of at least 0")
    return updated_desire(desire, will, unmet, size, steps, parameters)


def updated_desire(
    desire: np.ndarray,
    will: np.ndarray,
    unmet: np.ndarray,
    size: np.ndarray,
    steps: np.ndarray,
    parameters: DesireParameters,
) -> np.ndarray:
    """Compute :func:`update_desire` without checking the arrays."""
    kept = np.asarray((1.0 - parameters.decay) ** np.asarray(steps))[..., None]
    intensity = np.minimum(size, parameters.most_intensity) if parameters.intensity else np.ones(np.shape(size))
    exponent = kept * np.log(desire) + (1.0 - kept) * np.log(will)
    with np.errstate(over="ignore"):
        exponent += parameters.gain * np.asarray(intensity)[..., None] * unmet
    if not np.isfinite(exponent).all():
        raise ValueError(
            f"gain is {parameters.gain:g} and an unmet want, messages included, is {np.abs(unmet).max():g}: their "
            "product is beyond double precision, expected smaller numbers"
        )
    weights = np.exp(exponent - exponent.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    weights = np.maximum(weights, parameters.least_desire)
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def objective(desire: np.ndarray, features: np.ndarray) -> np.ndarray:
    """Compute the reward of each state and action: its features, weighted by the desire.

    Parameters
    ----------
    desire : ndarray of shape (..., n_desires)
        Weights.
    features : ndarray of shape (n_states, n_actions, n_desires)
        Reward of each action for each desire.

    Returns
    -------
    ndarray of shape (..., n_states, n_actions)
        Rewards.

    See Also
    --------
    Plans : Compute the optimal policies of these rewards.
    update_desire : Compute the desire after an event.

    Examples
    --------
    >>> import numpy as np
    >>> from empowerment.desire import objective
    >>> features = np.array([[[1.0, 0.0], [0.0, 1.0]]])
    >>> objective(np.array([0.7, 0.3]), features).tolist()
    [[0.7, 0.3]]
    """
    desire, features = finite_array(desire, "desire", 0), finite_array(features, "features", 0)
    if features.ndim != 3 or features.shape[-1] != desire.shape[-1]:
        raise ValueError(
            f"features has shape {features.shape}, expected (n_states, n_actions, n_desires = {desire.shape[-1]})"
        )
    return weighted_features(desire, features)


def weighted_features(desire: np.ndarray, features: np.ndarray) -> np.ndarray:
    """Compute :func:`objective` without checking the arrays; rounding does not depend on their shape."""
    total = np.zeros((*desire.shape[:-1], *features.shape[:-1]))
    for number in range(features.shape[-1]):
        total += desire[..., number, None, None] * features[..., number]
    return total


def checked_will(will: Any, n_desires: int | None, least: float = 0.0, name: str = "will") -> np.ndarray:
    """Return checked weights of desires that sum to 1, each at least `least`.

    Raises
    ------
    ValueError
        If they are no distribution, or one is below `least`.
    """
    weights = validate.distribution(will, n_desires, name)
    small = np.flatnonzero(weights < least - 1e-12)
    if small.size:
        raise ValueError(
            f"{name}[{small[0]}] is {weights[small[0]]:g}, expected at least least_desire = {least:g}, to which "
            "every event would raise it"
        )
    return weights


def checked_wanted(wanted: Any, n_desires: int) -> np.ndarray:
    """Return checked targets of the variables, above 0."""
    found = validate.number_table(wanted, (n_desires,), "wanted", "(n_desires,)")
    if (found <= 0).any():
        raise ValueError(f"wanted is {found.tolist()}, expected numbers above 0: deficits are shares of them")
    return found
