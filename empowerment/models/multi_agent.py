"""Worlds in which several agents act, at the same time or in turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, reduce
from itertools import product
from math import prod
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.models.agent_policies import policies_of_others
from empowerment.models.joint_actions import agent_actions, joint_transition
from empowerment.models.mdp import MDP
from empowerment.models.turns import Transit, Turn


class MultiAgentMDP:
    """Finite Markov decision process in which several agents act.

    With policies for the other agents, what remains for one agent, or for a group that acts as one, is an
    :class:`MDP`: see :meth:`for_agent`.

    Parameters
    ----------
    transition : array_like of shape (n_states, n_actions, …, n_states), or sparse matrix
        ``transition[s, a, b, t]`` is the probability of state ``t`` after the actions ``a`` of the first agent and
        ``b`` of the second in state ``s``, with one axis for each agent. A sparse matrix has shape (n_states *
        n_joint_actions, n_states): the joint actions of a state are adjacent, and the last agent's action counts
        fastest.
    actions : mapping from agent to labels, or to their number
        Names of the agents in the order of the axes, and the labels of the actions of each. A number stands for the
        labels 0, 1, ….
    states : sequence of hashable, optional
        Labels; by default the numbers 0, 1, ….
    available : array_like of bool of shape (n_states, n_joint_actions), optional
        Whether each joint action exists in each state (all by default).
    sensors : mapping from agent to sensor, optional
        The sensor of each agent, as for :func:`empowerment.empowerment`. An agent that is not named observes the
        state.
    terminal, initial, layout, unexplored : optional
        As for :class:`MDP`.
    normalize : bool
        Rescale rows that do not sum to 1 instead of refusing them.

    Attributes
    ----------
    agents : tuple
        Names, in the order in which they act.
    actions : dict of agent to tuple
        Labels of the actions of each agent.
    sensors : dict of agent to sensor
        The sensors that were given, and None for the state.
    turns : tuple of Turn
        The parts of a step; a single one if all act at once.
    layout : object
        As for :class:`MDP`.

    Raises
    ------
    ValueError
        If a row is not a distribution; the message names the state, the joint action and what was found.

    See Also
    --------
    from_joint_step : Make this model by exploring a step function.
    transfer_empowerment : Compute the influence of one agent on the readings of another.
    informed_empowerment : Compute an agent's empowerment if the receiver observes actions of others.
    worst_case_empowerment : Compute an agent's empowerment beside the least favourable other agent.
    assistant_policy : Make a policy that raises another agent's empowerment.

    Examples
    --------
    A lamp with two switches is on if exactly one of them is up:

    >>> import numpy as np, empowerment as emp
    >>> after = np.eye(2)[[[0, 1], [1, 0]]]
    >>> lamp = emp.MultiAgentMDP(np.stack([after, after]), {"person": ["down", "up"], "assistant": ["down", "up"]})
    >>> lamp
    MultiAgentMDP(2 states; actions: person 2, assistant 2; deterministic)

    An assistant who flips its switch at random leaves the person no control; one who never touches it leaves one bit:

    >>> for assistant in ("uniform", {"down": 1}):
    ...     person = lamp.for_agent("person", {"assistant": assistant})
    ...     print(emp.empowerment(person, states=0).value)
    [0.]
    [1.]
    """

    def __init__(
        self,
        transition: Any,
        actions: Mapping[Any, Any],
        *,
        states: Sequence[Any] | None = None,
        available: Any = None,
        sensors: Mapping[Any, Any] | None = None,
        terminal: Any = None,
        initial: Any = None,
        layout: Any = None,
        unexplored: Any = None,
        normalize: bool = False,
    ) -> None:
        labels = agent_actions(actions)
        joint = MDP(
            joint_transition(transition, tuple(map(len, labels.values()))),
            states=states,
            actions=list(product(*labels.values())),
            terminal=terminal,
            available=available,
            initial=initial,
            layout=layout,
            unexplored=unexplored,
            normalize=normalize,
        )
        turn = Turn(labels, joint.states, joint.rows, joint.available, joint.is_terminal, joint.is_unexplored)
        self._set((turn,), joint.initial, sensors, layout)

    def _set(self, turns: tuple[Turn, ...], initial: Any, sensors: Any, layout: Any) -> None:
        self.turns, self.initial, self.layout = turns, initial, layout
        self.actions = {agent: own for turn in turns for agent, own in turn.actions.items()}
        self.agents = tuple(self.actions)
        given = {} if sensors is None else sensors
        if not isinstance(given, Mapping):
            raise TypeError(
                f"sensors is {validate.shown(sensors)}, expected a mapping from the names of agents to their sensors"
            )
        for agent in given:
            self.turn_of(agent)
        self.sensors = {agent: given.get(agent) for agent in self.agents}

    def __repr__(self) -> str:
        counts = ", ".join(f"{agent} {len(own)}" for agent, own in self.actions.items())
        n_turns = f" in {len(self.turns)} turns" if len(self.turns) > 1 else ""
        certain = all((turn.rows.data == 1.0).all() for turn in self.turns)
        kind = "deterministic" if certain else "stochastic"
        return f"MultiAgentMDP({self.n_states} states; actions: {counts}{n_turns}; {kind})"

    @property
    def states(self) -> Sequence[Any]:
        """The labels of the states."""
        return self.turns[0].states

    @property
    def n_states(self) -> int:
        """Number of states."""
        return self.turns[0].n_states

    @property
    def n_joint_actions(self) -> int:
        """Number of combinations of one action of each agent."""
        return prod(map(len, self.actions.values()))

    def turn_of(self, agent: Any) -> Turn:
        """Return the turn in which an agent acts.

        Parameters
        ----------
        agent : hashable
            Name of the agent.

        Returns
        -------
        Turn
            Its `states` are those in which the agent chooses.

        Raises
        ------
        ValueError
            If no agent has this name.
        """
        number = validate.index_of(agent, {name: i for i, name in enumerate(self.agents)}, "agent")
        return next(turn for turn in self.turns if self.agents[number] in turn.actions)

    def for_agent(self, agent: Any, others: Any = "uniform") -> MDP:
        """Return what remains for one agent, or for a group that acts as one, beside others with given policies.

        Parameters
        ----------
        agent : hashable, or list of hashable
            Name of an agent. The actions of a list of agents are tuples, one action of each in the order of `agents`.
        others : "uniform" or mapping from agent to policy
            How each of the other agents acts; by default all its available actions are equally probable. A policy
            is ``"uniform"``; a mapping ``{action: probability}`` or an array of shape (n_actions,) for all states; a
            function from the label of a state to an action or to such a mapping; or a :class:`Policy` or array of
            shape (n_states, n_actions). The states are those of the agent's turn.

        Returns
        -------
        MDP
            The world with the actions of the agent. An action is missing where the others may meet it with a joint
            action that is missing, or where it may lead, within the step, to a state without actions.

        Raises
        ------
        TypeError, ValueError
            If an agent is not known, or `others` lacks a policy or has one that does not fit.

        See Also
        --------
        MultiAgentMDP.beginning_with : Let each step begin with an agent's turn.

        Notes
        -----
        The states are those at the beginning of a step. An agent that acts in a later turn does not observe here what
        the earlier ones did in the same step; where that matters, as with feedback, let the step begin with its turn.
        """
        group = self.group(agent)
        policies = policies_of_others(self.turns, others, group)
        step = reduce(Transit.then, (turn.averaged(policies) for turn in self.turns))
        first = self.turns[0]
        return MDP(
            step.rows,
            states=first.states,
            actions=self.labels_of(agent),
            terminal=first.is_terminal.tolist(),
            available=~step.missing.reshape(first.n_states, -1),
            unexplored=(step.is_unexplored & ~first.is_terminal).tolist(),
            initial=self.initial,
            layout=self.layout,
        )

    @cached_property
    def joint(self) -> MDP:
        """All agents as one, whose actions are tuples with one action of each."""
        return self.for_agent(list(self.agents))

    def beginning_with(self, agent: Any) -> MultiAgentMDP:
        """Return the same world with steps that begin with the turn of an agent.

        Parameters
        ----------
        agent : hashable
            Name of the agent.

        Returns
        -------
        MultiAgentMDP
            Its states are those in which the agent acts; it has no `initial`, and a layout only if the turn was the
            first already.

        Raises
        ------
        ValueError
            If no agent has this name.
        """
        place = self.turns.index(self.turn_of(agent))
        if place == 0:
            return self
        turns = self.turns[place:] + self.turns[:place]
        return in_turns(turns, sensors=self.sensors)

    def labels_of(self, agent: Any) -> list[Any]:
        """Return the labels of the actions of an agent, or the tuples of those of a group.

        Parameters
        ----------
        agent : hashable, or list of hashable
            Name of an agent, or several.

        Returns
        -------
        list
            As :meth:`for_agent` labels them.
        """
        own = [self.actions[name] for name in self.group(agent)]
        return list(product(*own)) if isinstance(agent, list) else list(own[0])

    def sensor_of(self, agent: Any) -> Any:
        """Return the sensor of an agent, or of a group, which observes the state.

        Parameters
        ----------
        agent : hashable, or list of hashable
            Name of an agent, or several.

        Returns
        -------
        object
            As it was given; None for the state.
        """
        (name, *more) = self.group(agent)
        return None if more else self.sensors[name]

    def group(self, agent: Any) -> tuple[Any, ...]:
        """Return the agents of a name or a list of names, in the order in which they act.

        Parameters
        ----------
        agent : hashable, or list of hashable
            Name of an agent, or several.

        Returns
        -------
        tuple
            Their names.

        Raises
        ------
        ValueError
            If an agent is not known, or the list is empty.
        """
        names = agent if isinstance(agent, list) else [agent]
        if not names:
            raise ValueError("agent is an empty list, expected the name of at least one agent")
        for name in names:
            self.turn_of(name)
        return tuple(name for name in self.agents if name in names)


def refuse_later_turn(world: MultiAgentMDP, agent: Any) -> None:
    """Raise if an agent, or one of a group, acts in a later turn than the first, and sees what earlier ones did."""
    late = [name for name in world.group(agent) if name not in world.turns[0].actions]
    if late:
        raise ValueError(
            f"agent {late[0]!r} acts in a later turn, expected the first: pass world.beginning_with({late[0]!r}), "
            "whose states are those in which it chooses"
        )


def in_turns(
    turns: Sequence[Turn],
    *,
    initial: np.ndarray | None = None,
    sensors: Mapping[Any, Any] | None = None,
    layout: Any = None,
) -> MultiAgentMDP:
    """Return the world whose step consists of turns, one after the other.

    Parameters
    ----------
    turns : sequence of Turn
        The states after the last turn are those of the first.
    initial : ndarray of shape (n_states,), optional
        Distribution of the initial state.
    sensors, layout : optional
        As for :class:`MultiAgentMDP`.
    """
    world = MultiAgentMDP.__new__(MultiAgentMDP)
    world._set(tuple(turns), initial, sensors, layout)
    return world
