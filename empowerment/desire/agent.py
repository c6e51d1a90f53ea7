"""Agents with desires, and the protocol of all agents in a simulation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol
from weakref import ref

import numpy as np

from empowerment.core import validate
from empowerment.desire.desires import checked_will
from empowerment.desire.parameters import DesireParameters
from empowerment.desire.planning import Plans, checked_resolution
from empowerment.desire.world import DesireWorld, Outcome, certain_from, check_world, drawn

WEALTH = (0.7, 0.15, 0.15)
"""The will of a rider to whom income matters most."""


class Actor(Protocol):
    """Protocol of an agent at work in a world, for all its agents in all runs at once.

    See Also
    --------
    Agent : Makes an actor.
    simulate_agents : Runs actors in a world.

    Examples
    --------
    >>> from empowerment.desire import Actor, DesireAgent, DesireParameters, Riders
    >>> actor = DesireAgent().begin(Riders(), DesireParameters.shock())
    >>> callable(actor.choose), callable(actor.observe)
    (True, True)
    """

    def choose(self, states: np.ndarray, desires: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        """Choose actions.

        Parameters
        ----------
        states : ndarray of int of shape (..., n_agents)
            Numbers of the states.
        desires : ndarray of shape (..., n_agents, n_desires)
            Current desires; agents without any do not read them.
        uniforms : ndarray of shape (..., n_agents)
            Random numbers in [0, 1), one for each agent.

        Returns
        -------
        ndarray of int of shape (..., n_agents)
            Numbers of the actions.
        """
        ...

    def observe(self, outcome: Outcome) -> None:
        """Observe the outcome of the actions.

        Parameters
        ----------
        outcome : Outcome
            The outcome of the step.
        """
        ...


class Agent(Protocol):
    """Protocol of agents that act in a world of desires.

    Attributes
    ----------
    name : str
        Name in results.
    will : sequence of float, or None
        Initial desire, one weight for each desire of the world; None means equal weights, for an agent without
        desires.
    moved : bool
        Whether events change its desire.

    See Also
    --------
    DesireAgent : The agent of this library.
    PolicyAgent, RuleAgent : Agents without desires.
    simulate_agents : Run agents in a world.

    Examples
    --------
    >>> from empowerment.desire import DesireAgent, greedy_rider
    >>> DesireAgent().moved, greedy_rider().moved
    (True, False)
    """

    name: str
    will: Any
    moved: bool

    def begin(self, world: DesireWorld, parameters: DesireParameters) -> Actor:
        """Return the agent at work in a world.

        Parameters
        ----------
        world : DesireWorld
            The world.
        parameters : DesireParameters
            The parameters of the simulation.

        Returns
        -------
        Actor
            The agent at work.
        """
        ...


class DesireAgent:
    """Agent whose emotions move its desires, and whose desires determine its actions.

    Parameters
    ----------
    will : sequence of float
        The initial desire, to which it decays.
    name : str
        Name in results.
    moved : bool
        False for an agent of fixed weights.
    decide : callable, optional
        Given the number of a state and the desire, an array of shape (n_desires,), returns the probabilities of
        actions, of shape (n_actions,). By default the softmax of the exact optimal values; see :class:`Plans`.
    resolution : int, optional
        Rounds desires to multiples of ``1 / resolution``, for the decision only, to reduce the number of problems to
        solve. By default they are not rounded.

    See Also
    --------
    TokenModelDecision : Decisions by a language model.
    simulate_agents : Run agents in a world.
    Plans : The policies of desires.

    Examples
    --------
    >>> from empowerment.desire import DesireAgent
    >>> DesireAgent(), DesireAgent.fixed()
    (DesireAgent('desire', will=(0.7, 0.15, 0.15)), DesireAgent('fixed', will=(0.7, 0.15, 0.15), moved=False))
    """

    def __init__(
        self,
        will: Any = WEALTH,
        *,
        name: str = "desire",
        moved: bool = True,
        decide: Callable[[int, np.ndarray], Any] | None = None,
        resolution: int | None = None,
    ) -> None:
        self.will = tuple(checked_will(will, None).tolist())
        self.name, self.moved = validate.text(name, "name"), validate.flag(moved, "moved")
        if decide is not None and not callable(decide):
            raise TypeError(f"decide is {validate.shown(decide)}, expected a function of a state and a desire")
        self.decide = decide
        self.resolution = checked_resolution(resolution)
        self._plans: list[tuple[ref[DesireWorld], tuple[float, float], Plans]] = []

    @classmethod
    def fixed(cls, will: Any = WEALTH, *, name: str = "fixed", **options: Any) -> DesireAgent:
        """Make an agent whose weights do not change.

        Parameters
        ----------
        will : sequence of float
            The weights.
        name : str
            Name in results.
        **options
            Further arguments of :class:`DesireAgent`.

        Returns
        -------
        DesireAgent
            The agent.
        """
        return cls(will, name=name, moved=False, **options)

    def __repr__(self) -> str:
        will = ", ".join(f"{weight:.4g}" for weight in self.will)
        return f"DesireAgent({self.name!r}, will=({will}){'' if self.moved else ', moved=False'})"

    def begin(self, world: DesireWorld, parameters: DesireParameters) -> Actor:
        """Return the agent at work in a world, with the plans that it made there before; see :meth:`Agent.begin`."""
        check_world(world)
        least = validate.instance(parameters, DesireParameters, "parameters").least_desire
        checked_will(self.will, len(world.desires), least if self.moved else 0.0)
        if self.decide is not None:
            return _Deciding(world, self.decide)
        return _Planning(self.plans(world, parameters))

    def plans(self, world: DesireWorld, parameters: DesireParameters) -> Plans:
        """Return the plans of the agent in a world, which are kept as long as the world exists.

        Parameters
        ----------
        world : DesireWorld
            The world.
        parameters : DesireParameters
            The discount and the temperature are used.

        Returns
        -------
        Plans
            The policies of desires.
        """
        validate.instance(parameters, DesireParameters, "parameters")
        here = (parameters.discount, parameters.temperature)
        self._plans = [kept for kept in self._plans if kept[0]() is not None]
        for place, numbers, plans in self._plans:
            if place() is world and numbers == here:
                return plans
        found = Plans(world, *here, resolution=self.resolution)
        self._plans.append((ref(world), here, found))
        return found

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the plans, which another process can compute again."""
        return {**self.__dict__, "_plans": []}


class _Planning:
    """Actor that draws from the policies of desires."""

    def __init__(self, plans: Plans) -> None:
        self._plans = plans
        self._desires = self._numbers = np.empty(0)
        self._edition = -1

    def choose(self, states: np.ndarray, desires: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        if desires is not self._desires or self._edition != self._plans.edition:
            self._numbers, self._desires = self._plans.numbers(desires), desires
            self._edition = self._plans.edition
        return drawn(self._plans.cumulated[self._numbers, states], uniforms)

    def observe(self, outcome: Outcome) -> None:
        pass


class _Deciding:
    """Actor that calls a function for each agent."""

    def __init__(self, world: DesireWorld, decide: Callable[[int, np.ndarray], Any]) -> None:
        self._world, self._decide = world, decide

    def choose(self, states: np.ndarray, desires: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        rows = [
            self._checked(state, self._decide(state, desire.copy()))
            for state, desire in zip(states.reshape(-1).tolist(), desires.reshape(-1, desires.shape[-1]), strict=True)
        ]
        cumulated = certain_from(np.cumsum(rows, axis=-1))
        return drawn(cumulated, uniforms.reshape(-1)).reshape(states.shape)

    def _checked(self, state: int, probabilities: Any) -> np.ndarray:
        model = self._world.model
        found = validate.distribution(probabilities, model.n_actions, "decide(state, desire)")
        wrong = np.flatnonzero((found > 0) & ~model.available[state])
        if wrong.size:
            raise ValueError(
                f"decide(state, desire) gives the action {model.actions[wrong[0]]!r} a probability of "
                f"{found[wrong[0]]:g} in the state {model.states[state]!r}, which does not have it, expected 0"
            )
        return found

    def observe(self, outcome: Outcome) -> None:
        pass
