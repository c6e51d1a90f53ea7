"""Protocol of worlds: a model for planning, and the outcome of each step for several agents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from empowerment.core import validate
from empowerment.desire.arrays import finite_array
from empowerment.desire.desires import checked_wanted
from empowerment.models.mdp import MDP


class Outcome(NamedTuple):
    """Outcome of a step; all arrays have the axes (..., agent), some one more.

    Attributes
    ----------
    levels : ndarray of shape (..., n_desires)
        The variables of the desires after the step.
    changes : ndarray of shape (..., n_changes)
        Changes of the appraised variables.
    rank : ndarray of shape (...)
        Share of the other agents with less, 1/2 for a single agent.
    features : ndarray of shape (..., n_desires)
        Reward of the step for each desire.
    records : mapping from str to ndarray of shape (...)
        Further records, always under the same names.

    See Also
    --------
    DesireWorld.step : Returns an outcome.

    Examples
    --------
    >>> import numpy as np
    >>> from empowerment.desire import Riders
    >>> riders = Riders(1)
    >>> start = riders.begin(np.zeros((1, 3)))
    >>> _, outcome = riders.step(start, np.array([2]), np.zeros((1, 2)))
    >>> outcome.levels.shape, outcome.changes.shape
    ((1, 3), (1, 2))
    """

    levels: np.ndarray
    changes: np.ndarray
    rank: np.ndarray
    features: np.ndarray
    records: Mapping[str, np.ndarray]


class DesireWorld(Protocol):
    """Protocol of worlds for one or several agents with desires.

    Attributes
    ----------
    model : MDP
        Transitions of the state of one agent, in which exact values are computed.
    features : ndarray of shape (n_states, n_actions, n_desires)
        Expected reward of each action for each desire.
    desires : tuple of str
        Names of the desires.
    wanted : ndarray of shape (n_desires,)
        Targets of the variables.
    appraised : tuple of str
        The variables whose changes are appraised.
    n_agents : int
        Number of agents.
    n_draws : int
        Number of random numbers of each agent that a step uses, without the one for the choice.
    order : ndarray of int
        Order in which planning visits the states.

    See Also
    --------
    Riders, Students : Worlds of this library.
    FeatureWorld : A world from any MDP.
    simulate_agents : Run agents in a world.

    Examples
    --------
    >>> from empowerment.desire import Riders, Students
    >>> [world.desires for world in (Riders(), Students())]
    [('income', 'health', 'standing'), ('grades', 'sleep', 'standing')]
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
        """Return the initial positions of agents, a named tuple of arrays with the field `state`.

        Parameters
        ----------
        uniforms : ndarray of shape (..., n_agents, 1 + n_draws)
            Random numbers in [0, 1).

        Returns
        -------
        named tuple of ndarray
            The positions.
        """
        ...

    def step(self, position: Any, actions: np.ndarray, uniforms: np.ndarray) -> tuple[Any, Outcome]:
        """Return the positions of agents after their actions, and the outcome.

        Parameters
        ----------
        position : named tuple of arrays
            The positions before.
        actions : ndarray of int of shape (..., n_agents)
            Numbers of the actions.
        uniforms : ndarray of shape (..., n_agents, n_draws)
            Random numbers in [0, 1).

        Returns
        -------
        position : named tuple of arrays
            The positions after.
        outcome : Outcome
            The outcome of the step.
        """
        ...


def check_world(world: DesireWorld) -> None:
    """Refuse an object that is no world of desires, or one whose parts contradict each other."""
    names = (*DesireWorld.__annotations__, "begin", "step")
    validate.offers(world, names, "world", "a world of desires, such as Riders()")
    model, n_desires = validate.instance(world.model, MDP, "world.model"), len(world.desires)
    shape = model.n_states, model.n_actions, n_desires
    validate.number_table(world.features, shape, "world.features", "(n_states, n_actions, n_desires)")
    checked_wanted(world.wanted, n_desires)
    validate.positive_int(world.n_agents, "world.n_agents")
    validate.finite(world.n_draws, "world.n_draws", least=0)


def percentile(amounts: np.ndarray) -> np.ndarray:
    """Compute the share of the other agents that have less; equal amounts count half.

    Parameters
    ----------
    amounts : ndarray of shape (..., n_agents)
        Amounts of the agents.

    Returns
    -------
    ndarray of shape (..., n_agents)
        0 for the smallest and 1 for the largest; 1/2 if all are equal, or for a single agent.

    See Also
    --------
    appraise : Uses ranks.
    Riders : Riders are ranked by income.

    Examples
    --------
    >>> import numpy as np
    >>> from empowerment.desire import percentile
    >>> percentile(np.array([40.0, 64.0, 76.0, 76.0, 88.0])).tolist()
    [0.0, 0.25, 0.625, 0.625, 1.0]
    """
    return ranks(finite_array(amounts, "amounts", 0))


def ranks(amounts: np.ndarray) -> np.ndarray:
    """Compute :func:`percentile` without checking the array."""
    n_agents = amounts.shape[-1]
    if n_agents == 1:
        return np.full(amounts.shape, 0.5)
    mine, theirs = amounts[..., :, None], amounts[..., None, :]
    # Two points for who has less, one for who has as much; everybody has as much as himself.
    points = (theirs < mine).sum(axis=-1) + (theirs <= mine).sum(axis=-1) - 1
    return np.asarray(points / (2 * (n_agents - 1)))


def certain_from(cumulated: np.ndarray) -> np.ndarray:
    """Return cumulated probabilities whose last possible outcome takes the remaining mass, including rounding errors.

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
