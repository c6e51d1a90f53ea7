"""Optimal policies of desires: softmax of exact values, solved at the first use and kept."""

from __future__ import annotations

import numpy as np

from empowerment.control.value_iteration import ValueIteration
from empowerment.core import validate
from empowerment.desire.arrays import finite_array
from empowerment.desire.desires import weighted_features
from empowerment.desire.world import DesireWorld, certain_from, check_world

# Policies kept, in bytes; those in use are kept in any case.
_MOST_KEPT = 64e6
# As many are solved at a time.
_BATCH = 256


class Plans:
    """Optimal policies of desires in one world.

    Parameters
    ----------
    world : DesireWorld
        The world.
    discount : float
        Weight of a step relative to the one before, at least 0 and below 1.
    temperature : float
        Temperature of the softmax over the optimal values; 0 takes the best action, the first of several.
    resolution : int, optional
        :meth:`numbers` rounds desires to multiples of ``1 / resolution`` that sum to 1.

    Attributes
    ----------
    n_solved : int
        Number of problems solved so far.
    edition : int
        Number of times that policies were discarded to free memory. Numbers are valid in one edition only.

    See Also
    --------
    DesireAgent : The agent that follows these policies.
    objective : The rewards of a desire.

    Examples
    --------
    >>> import numpy as np
    >>> from empowerment.desire import Plans, Riders
    >>> riders = Riders()
    >>> policies = Plans(riders, discount=0.97, temperature=0.05).policies(np.array([0.4, 0.4, 0.2]))
    >>> policies[riders.model.state_index((5, 7, "far"))].round(3)  # to accept, to refuse, to rest
    array([0.373, 0.001, 0.627])
    """

    def __init__(
        self, world: DesireWorld, discount: float, temperature: float, *, resolution: int | None = None
    ) -> None:
        check_world(world)
        self._features = np.asarray(world.features, dtype=np.float64)
        self._iteration = ValueIteration(world.model, discount=discount, order=world.order)
        self._temperature = validate.finite(temperature, "temperature", least=0.0)
        self._resolution = checked_resolution(resolution)
        self._known: dict[bytes, int] = {}
        self._room = np.empty((16, *self._features.shape[:2]))
        self._most = max(1, int(_MOST_KEPT / self._room[0].nbytes))
        self.n_solved = self.edition = 0

    @property
    def cumulated(self) -> np.ndarray:
        """Cumulated probabilities of actions, infinite from the last action of positive probability on.

        They have the shape (n_policies, n_states, n_actions). Read them after :meth:`numbers`, which may add
        policies.
        """
        return self._room[: len(self._known)]

    def numbers(self, desires: np.ndarray) -> np.ndarray:
        """Return the indices in `cumulated` of the policies of desires, solving those that are missing.

        Parameters
        ----------
        desires : ndarray of shape (..., n_desires)
            Weights.

        Returns
        -------
        ndarray of int of shape (...)
            Indices.
        """
        desires = self._checked(desires)
        flat = desires.reshape(-1, desires.shape[-1])
        if self._resolution is not None:
            flat = on_lattice(flat, self._resolution)
        keys = [weights.tobytes() for weights in flat]
        missing = {key: weights for key, weights in zip(keys, flat, strict=True) if key not in self._known}
        if missing:
            self._add(missing, keep=set(keys))
        return np.array([self._known[key] for key in keys]).reshape(desires.shape[:-1])

    def action_values(self, desires: np.ndarray) -> np.ndarray:
        """Compute the optimal action values of desires.

        Parameters
        ----------
        desires : ndarray of shape (..., n_desires)
            Weights, which are not rounded.

        Returns
        -------
        ndarray of shape (..., n_states, n_actions)
            Optimal values; minus infinity for missing actions.
        """
        return self._iteration.action_values(weighted_features(self._checked(desires), self._features))

    def policies(self, desires: np.ndarray) -> np.ndarray:
        """Compute the probabilities of actions for desires.

        Parameters
        ----------
        desires : ndarray of shape (..., n_desires)
            Weights, which are not rounded.

        Returns
        -------
        ndarray of shape (..., n_states, n_actions)
            Probabilities.
        """
        return softmax(self.action_values(desires), self._temperature)

    def _checked(self, desires: np.ndarray) -> np.ndarray:
        return finite_array(desires, "desires", self._features.shape[-1])

    def _add(self, missing: dict[bytes, np.ndarray], keep: set[bytes]) -> None:
        if len(self._known) + len(missing) > self._most:
            self._forget(keep)
        weights, first = np.array(list(missing.values())), len(self._known)
        self._make_room(first + len(weights))
        for i in range(0, len(weights), _BATCH):
            cumulated = self.policies(weights[i : i + _BATCH]).cumsum(axis=-1)
            self._room[first + i : first + i + len(cumulated)] = certain_from(cumulated)
        self._known |= {key: first + i for i, key in enumerate(missing)}
        self.n_solved += len(missing)

    def _forget(self, keep: set[bytes]) -> None:
        kept = {key: number for key, number in self._known.items() if key in keep}
        # Nothing is known while rows are moved, so that an interrupt in between leaves no wrong ones.
        self._known, self.edition = {}, self.edition + 1
        self._room[: len(kept)] = self._room[list(kept.values())]
        self._known = {key: number for number, key in enumerate(kept)}

    def _make_room(self, count: int) -> None:
        if count > len(self._room):
            larger = np.empty((max(count, 2 * len(self._room)), *self._room.shape[1:]))
            larger[: len(self._room)] = self._room
            self._room = larger


def softmax(values: np.ndarray, temperature: float) -> np.ndarray:
    """Return probabilities of actions from their values; at temperature 0 the first best action."""
    if temperature == 0:
        first = values.argmax(axis=-1)[..., None] == np.arange(values.shape[-1])
        return first.astype(np.float64)
    with np.errstate(over="ignore"):  # to minus infinity, for a small temperature
        weights = np.exp((values - values.max(axis=-1, keepdims=True)) / temperature)
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def on_lattice(weights: np.ndarray, resolution: int) -> np.ndarray:
    """Round weights to multiples of ``1 / resolution`` that sum to 1, by largest remainders.

    Parameters
    ----------
    weights : ndarray of shape (..., n_desires)
    resolution : int

    Returns
    -------
    ndarray of shape (..., n_desires)
    """
    scaled = weights * resolution
    whole = np.floor(scaled + 1e-9)
    missing = np.rint(resolution - whole.sum(axis=-1)).astype(int)
    order = np.argsort(-(scaled - whole), axis=-1, kind="stable")
    rank = np.argsort(order, axis=-1, kind="stable")
    return np.asarray((whole + (rank < missing[..., None])) / resolution)


def checked_resolution(resolution: object) -> int | None:
    """Return the checked resolution; None stays None."""
    return None if resolution is None else validate.positive_int(resolution, "resolution", most=10_000)
