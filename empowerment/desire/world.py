"""What the loop asks of a world: a model to plan in, and what becomes of several agents step by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from empowerment.core import validate
from empowerment.desire.arrays import finite_array
from empowerment.desire.desires import checked_wanted
from empowerment.models.mdp import MDP


class Outcome(NamedTuple):
    """What a step brings; all arrays have the axes (..., agent), some one more.

    Attributes
    ----------
    levels : ndarray of shape (..., n_desires)
        The variables that wants are about, after the step.
    changes : ndarray of shape (..., n_changes)
        How much the step changed the variables that are appraised.
    rank : ndarray of shape (...)
        Share of the other agents that are behind, 1/2 for one who is alone.
    features : ndarray of shape (..., n_desires)
        What the step was worth to each desire.
    records : mapping from str to ndarray of shape (...)
        What else is worth keeping, always under the same names.
    """

    levels: np.ndarray
    changes: np.ndarray
    rank: np.ndarray
    features: np.ndarray
    records: Mapping[str, np.ndarray]


class DesireWorld(Protocol):
    """A world for one or several agents with desires.

    Attributes
    ----------
    model : MDP
        How the state of one agent changes; what exact values are computed in.
    features : ndarray of shape (n_states, n_actions, n_desires)
        What an action is worth to each desire, on average.
    desires : tuple of str
    wanted : ndarray of shape (n_desires,)
        How much each variable should be.
    appraised : tuple of str
        The variables whose changes are appraised.
    n_agents : int
    n_draws : int
        How many random numbers of each agent a step uses, besides the one that chooses.
    order : ndarray of int
        The states in the order in which planning visits them.
    """

    model: MDP
    features: np.ndarray
    desires: tuple[str, ...]
    wanted: np.ndarray
    appraised: tuple[str, ...]
    n_agents: int
    n_draws: int
    order: np.ndarray

    def begin(self, uniforms: np.ndarray) -> Any:
        """Return where agents begin, a named tuple of arrays with the field `state`.

        Parameters
        ----------
        uniforms : ndarray of shape (..., n_agents, 1 + n_draws)
            In [0, 1).
        """
        ...

    def step(self, position: Any, actions: np.ndarray, uniforms: np.ndarray) -> tuple[Any, Outcome]:
        """Return where agents are after their actions, and what that brings.

        Parameters
        ----------
        position : named tuple of arrays
        actions : ndarray of int of shape (..., n_agents)
        uniforms : ndarray of shape (..., n_agents, n_draws)
        """
        ...


def check_world(world: DesireWorld) -> None:
    """Refuse what is no world of desires, or one whose parts do not go together."""
    names = (*DesireWorld.__annotations__, "begin", "step")
    validate.offers(world, names, "world", "a world of desires, such as Riders()")
    model, n_desires = validate.instance(world.model, MDP, "world.model"), len(world.desires)
    shape = model.n_states, model.n_actions, n_desires
    validate.number_table(world.features, shape, "world.features", "(n_states, n_actions, n_desires)")
    checked_wanted(world.wanted, n_desires)
    validate.positive_int(world.n_agents, "world.n_agents")
    validate.finite(world.n_draws, "world.n_draws", least=0)


def percentile(amounts: np.ndarray) -> np.ndarray:
    """Return the share of the other agents that have less, those with as much counting half.

    Parameters
    ----------
    amounts : ndarray of shape (..., n_agents)

    Returns
    -------
    ndarray of shape (..., n_agents)
        0 for the last and 1 for the first; 1/2 if all are equal, or for one agent alone.

    Examples
    --------
    >>> import numpy as np
    >>> from empowerment.desire import percentile
    >>> percentile(np.array([40.0, 64.0, 76.0, 76.0, 88.0])).tolist()
    [0.0, 0.25, 0.625, 0.625, 1.0]
    """
    return ranks(finite_array(amounts, "amounts", 0))


def ranks(amounts: np.ndarray) -> np.ndarray:
    """Compute what :func:`percentile` does, of an array that needs no check."""
    n_agents = amounts.shape[-1]
    if n_agents == 1:
        return np.full(amounts.shape, 0.5)
    mine, theirs = amounts[..., :, None], amounts[..., None, :]
    # Two points for who has less, one for who has as much; everybody has as much as himself.
    points = (theirs < mine).sum(axis=-1) + (theirs <= mine).sum(axis=-1) - 1
    return np.asarray(points / (2 * (n_agents - 1)))


def certain_from(cumulated: np.ndarray) -> np.ndarray:
    """Return cumulated probabilities whose last possible outcome takes all that is left, rounding included.

    With them the number of entries that are at most a uniform number is always that of a possible outcome.

    Parameters
    ----------
    cumulated : ndarray of shape (..., n_outcomes)

    Returns
    -------
    ndarray of shape (..., n_outcomes)
        Infinite from the last outcome with a probability above 0 on.
    """
    rising = np.diff(cumulated, axis=-1, prepend=0.0) > 0
    count = cumulated.shape[-1]
    last = count - 1 - rising[..., ::-1].argmax(axis=-1)
    return np.where(np.arange(count) >= last[..., None], np.inf, cumulated)


def drawn(cumulated: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Return the numbers of outcomes: how many cumulated probabilities are at most the uniform number.

    Parameters
    ----------
    cumulated : ndarray of shape (..., n_outcomes)
        As :func:`certain_from` returns them.
    uniform : ndarray of shape (...)

    Returns
    -------
    ndarray of int of shape (...)
    """
    return np.asarray((cumulated <= uniform[..., None]).sum(axis=-1))
