"""Agents with a fixed policy, whatever their emotions: a given one, a rule, or the unified Bellman equation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar
from weakref import ref

import numpy as np

from empowerment.control.unified_bellman import unified_bellman
from empowerment.core import validate
from empowerment.desire.agent import WEALTH, Actor
from empowerment.desire.desires import checked_will, objective
from empowerment.desire.parameters import DesireParameters
from empowerment.desire.world import DesireWorld, Outcome, certain_from, drawn
from empowerment.models.mdp import MDP
from empowerment.models.policy import policy_rows

# In bits. Values as good as that have policies that differ by less than 1e-7.
_TOL = 1e-6


class FollowingAgent(ABC):
    """Base class of agents that make one policy of a world at the first use, and keep it.

    Attributes
    ----------
    name : str
        Name in results.
    will : tuple of float, or None
        Desire that is recorded.
    moved : bool
        False: events change nothing.
    reads : tuple of str
        Names of the parameters that the policy depends on.
    """

    moved: bool = False
    reads: ClassVar[tuple[str, ...]] = ()

    def __init__(self, name: str, will: Any = None) -> None:
        self.name = validate.text(name, "name")
        self.will = None if will is None else tuple(checked_will(will, None).tolist())
        self._kept: list[tuple[ref[DesireWorld], tuple[float, ...], np.ndarray]] = []

    @abstractmethod
    def _make_policy(self, world: DesireWorld, parameters: DesireParameters) -> np.ndarray:
        """Return the probabilities of actions, of shape (n_states, n_actions)."""

    def policy(self, world: DesireWorld, parameters: DesireParameters | None = None) -> np.ndarray:
        """Compute the probabilities of actions in each state of a world, at the first call.

        Parameters
        ----------
        world : DesireWorld
            The world.
        parameters : DesireParameters, optional
            By default :meth:`DesireParameters.shock`.

        Returns
        -------
        ndarray of shape (n_states, n_actions)
            Read-only.
        """
        validate.offers(world, ("model", "features", "desires"), "world", "a world of desires, such as Riders()")
        parameters = DesireParameters.shock() if parameters is None else parameters
        validate.instance(parameters, DesireParameters, "parameters")
        read = tuple(getattr(parameters, name) for name in self.reads)
        self._kept = [kept for kept in self._kept if kept[0]() is not None]
        for place, numbers, policy in self._kept:
            if place() is world and numbers == read:
                return policy
        found = np.array(self._make_policy(world, parameters))
        found.setflags(write=False)
        self._kept.append((ref(world), read, found))
        return found

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the policies, which belong to worlds of this process."""
        return {**self.__dict__, "_kept": []}

    def begin(self, world: DesireWorld, parameters: DesireParameters) -> Actor:
        """Return the agent at work in a world; see :meth:`Agent.begin`."""
        return _Following(self.policy(world, parameters))


class _Following:
    """Actor that draws from one policy."""

    def __init__(self, policy: np.ndarray) -> None:
        self._cumulated = certain_from(policy.cumsum(axis=-1))

    def choose(self, states: np.ndarray, desires: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        return drawn(self._cumulated[states], uniforms)

    def observe(self, outcome: Outcome) -> None:
        pass


class PolicyAgent(FollowingAgent):
    """Agent that follows a given policy.

    Parameters
    ----------
    policy : Policy, or array_like of shape (n_states, n_actions)
        A policy for the model of the world.
    name : str
        Name in results.
    will : sequence of float, optional
        The desire that is recorded; it has no effect.

    See Also
    --------
    RuleAgent : An agent that follows a rule.
    DesireAgent : An agent with desires.

    Examples
    --------
    Couriers who climb the empowerment of one step:

    >>> import empowerment as emp
    >>> from empowerment.desire import PolicyAgent, Riders, simulate_agents
    >>> riders = Riders()
    >>> policy = emp.greedy_policy(riders.model, emp.empowerment(riders.model, 1))
    >>> simulate_agents(riders, PolicyAgent(policy, "climber"), 12)
    DesireTrace(1 run of 12 steps, 6 agents 'climber', desires fixed)
    """

    def __init__(self, policy: Any, name: str = "policy", *, will: Any = None) -> None:
        super().__init__(name, will)
        self._given = policy

    def __repr__(self) -> str:
        return f"PolicyAgent({self.name!r})"

    def _make_policy(self, world: DesireWorld, parameters: DesireParameters) -> np.ndarray:
        """Return the given policy, if it fits the world."""
        return policy_rows(self._given, world.model)


class RuleAgent(FollowingAgent):
    """Agent that follows a rule.

    Parameters
    ----------
    rule : callable
        Given the label of a state, returns the label of an action that is available there. It is called once for each
        state.
    name : str
        Name in results.

    See Also
    --------
    greedy_rider, cautious_rider : Rules for couriers.
    PolicyAgent : An agent that follows a policy.

    Examples
    --------
    >>> from empowerment.desire import Riders, RuleAgent, simulate_agents
    >>> def lazy(state):
    ...     health, slot, offer = state
    ...     return "accept" if offer == "near" and health > 5 else "rest"
    >>> trace = simulate_agents(Riders(), RuleAgent(lazy, "lazy"), 12)
    >>> trace.records["pay"].sum(axis=1).astype(int)
    array([[ 4,  4,  4, 12, 16, 16]])
    """

    def __init__(self, rule: Callable[[Any], Any], name: str = "rule") -> None:
        super().__init__(name)
        if not callable(rule):
            raise TypeError(f"rule is {validate.shown(rule)}, expected a function from a state to an action")
        self.rule = rule

    def __repr__(self) -> str:
        return f"RuleAgent({self.name!r})"

    def _make_policy(self, world: DesireWorld, parameters: DesireParameters) -> np.ndarray:
        """Return the policy of the rule."""
        model = world.model
        numbers = {action: number for number, action in enumerate(model.actions)}
        policy = np.zeros((model.n_states, model.n_actions))
        for state, label in enumerate(model.states):
            policy[state, self._number(label, state, numbers, model)] = 1.0
        return policy

    def _number(self, label: Any, state: int, numbers: dict[Any, int], model: MDP) -> int:
        action = self.rule(label)
        try:
            number = validate.index_of(action, numbers, "action")
        except ValueError as reason:
            raise ValueError(f"rule({label!r}): {reason}") from None
        if not model.available[state, number]:
            able = [name for name, there in zip(model.actions, model.available[state], strict=True) if there]
            raise ValueError(f"rule({label!r}) is {action!r}, expected an action that the state has, one of {able}")
        return number


class UnifiedAgent(FollowingAgent):
    """Agent that maximizes rewards and empowerment, by the unified Bellman equation.

    In that equation [1]_ each step has the reward of the will, times a weight, plus the information between the
    action and the next state in bits. The optimal policy is a softmax by itself, so no temperature is used.

    Parameters
    ----------
    reward_weight : float
        Number of bits that one unit of reward counts as.
    will : sequence of float
        The weights of the features in the reward.
    name : str
        Name in results.

    See Also
    --------
    empowerment.unified_bellman : Computes the policy.
    PolicyAgent : An agent that follows a policy.

    References
    ----------
    .. [1] F. Leibfried, S. Pascual-Diaz and J. Grau-Moya, "A unified Bellman optimality principle combining reward
       maximization and empowerment", Advances in Neural Information Processing Systems 32, 2019.

    Examples
    --------
    >>> from empowerment.desire import Riders, UnifiedAgent
    >>> riders = Riders()
    >>> UnifiedAgent(3.0).policy(riders)[riders.model.state_index((8, 0, "far"))].round(2)
    array([0.83, 0.1 , 0.06])
    """

    reads = ("discount",)

    def __init__(self, reward_weight: float = 10.0, *, will: Any = WEALTH, name: str = "unified") -> None:
        super().__init__(name, will)
        self.reward_weight = validate.finite(reward_weight, "reward_weight", least=0.0)

    def __repr__(self) -> str:
        return f"UnifiedAgent({self.name!r}, reward_weight={self.reward_weight:g})"

    def _make_policy(self, world: DesireWorld, parameters: DesireParameters) -> np.ndarray:
        """Return the optimal policy."""
        will = checked_will(self.will, len(world.desires))
        found = unified_bellman(
            world.model,
            objective(will, world.features),
            discount=parameters.discount,
            reward_weight=self.reward_weight,
            tol=_TOL,
        )
        return found.policy.probabilities
