"""An environment of several agents as one of them meets it, while the others act by policies."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from empowerment.adapters.environment import action_names, name_of
from empowerment.adapters.other_agents import policy_of, read_probabilities, refuse_unknown
from empowerment.adapters.outcomes import End, Node, labels_of
from empowerment.adapters.projection import Projection
from empowerment.adapters.simulator import drawn
from empowerment.adapters.snapshot import Snapshots
from empowerment.core import validate

_MOST_TURNS = 10_000
_MOST_JOINT_ACTIONS = 100_000
_REWARDS = ("rewards", "_cumulative_rewards")


class View:
    """What one agent meets: for each of its actions the nodes it may be in next, with their probabilities.

    Attributes
    ----------
    starts : dict of Node to float
        How probable each node is at the first turn of the agent.
    memory : Snapshots or Projection
        Where the labels of states come from.
    """

    def __init__(self, core: Any, agent: Any, others: Any, get_state: Any, seed: int) -> None:
        self.core = core
        names = list(self.core.possible_agents)
        validate.index_of(agent, {name: place for place, name in enumerate(names)}, "agent")
        self.agent, self.numbers = agent, {name: _numbers(self.core, name) for name in names}
        self.policies = {name: policy_of(others, name) for name in names if name != agent}
        refuse_unknown(others, self.policies)
        self.whole = Snapshots(self.core)
        self.memory: Any = self.whole if get_state is None else Projection(self.core, get_state, self.whole)
        self.number_of: dict[Any, int] = {}
        self._begin(seed)
        self.starts = self._merged(self._meetings(self.whole.read()))

    def _begin(self, seed: int) -> None:
        """Reset the environment."""
        raise NotImplementedError

    def _meetings(self, whole: int) -> Iterator[tuple[float, Node]]:
        """Yield the nodes in which the agent may find itself from here on, before it acts."""
        raise NotImplementedError

    def _acted(self, whole: int, action: int) -> Iterator[tuple[float, Node]]:
        """Yield the nodes to which an action may lead."""
        raise NotImplementedError

    def _seen(self, name: Any) -> tuple[Any, Any]:
        """Return what an agent observes, and its infos."""
        raise NotImplementedError

    def named(self, actions: Any) -> tuple[Any, ...]:
        """Return the labels of the agent's actions: all, those chosen, or those that a mapping gives them."""
        own = self.numbers[self.agent]
        names = action_names(self.core, own)
        number_of = dict(zip(own, own, strict=True)) | dict(zip(names, own, strict=True))
        chosen = names if actions is None else actions
        labels = labels_of(list(chosen.values()) if isinstance(chosen, Mapping) else chosen, "actions")
        taken = [validate.index_of(action, number_of, "action") for action in chosen]
        self.number_of = dict(zip(labels, taken, strict=True))
        return labels

    def answer(self, state: Any, action: Any) -> list[tuple[float, Node]] | None:
        """Return the nodes an action leads to, with their probabilities; None where it is not legal."""
        self.memory.restore(state)
        whole, number = self.whole.present, self.number_of[action]
        if number not in self._legal(self.agent):
            return None
        outcome = self._merged(self._acted(whole, number))
        return [(probability, node) for node, probability in outcome.items()]

    def _merged(self, meetings: Iterator[tuple[float, Node]]) -> dict[Node, float]:
        found: dict[Node, float] = {}
        for probability, node in meetings:
            found[node] = found.get(node, 0.0) + probability
        return found

    def _legal(self, name: Any) -> list[int]:
        """Return the actions that no mask rules out."""
        seen, infos = self._seen(name)
        masks = [part["action_mask"] for part in (seen, infos) if isinstance(part, Mapping) and "action_mask" in part]
        return [number for place, number in enumerate(self.numbers[name]) if all(mask[place] for mask in masks)]

    def _choices(self, name: Any) -> list[tuple[float, int]]:
        """Return the actions of another agent by its policy."""
        legal, policy, numbers = self._legal(name), self.policies[name], self.numbers[name]
        if isinstance(policy, str):
            if not legal:
                raise ValueError(f"agent {name!r} has no legal action, expected one")
            return [(1 / len(legal), number) for number in legal]
        answer = policy(name, self._seen(name)[0]) if callable(policy) else policy
        chances = read_probabilities(answer, numbers, f"the policy that others gives {name!r}")
        wrong = [number for _, number in chances if number not in legal]
        if wrong:
            raise ValueError(
                f"the policy that others gives {name!r} may take action {wrong[0]}, expected a legal one of {legal}"
            )
        return chances

    def _step(self, argument: Any) -> Any:
        """Take a step, in which no random number may be drawn."""
        before = drawn(self.whole.generators or ())
        found = self.core.step(argument)
        if drawn(self.whole.generators or ()) != before:
            raise ValueError(
                f"{name_of(self.core)} draws random numbers in a step, expected none, as one step does not show a "
                "distribution; write a step function that returns the distribution, for from_step_function"
            )
        return found

    def _node(self, ended: bool) -> Node:
        label = self.memory.read()
        return End(label) if ended else label


class TurnBasedView(View):
    """The view of an agent who has its turn after others."""

    def _begin(self, seed: int) -> None:
        self.core.reset(seed=seed)
        self._forget_rewards()

    def _seen(self, name: Any) -> tuple[Any, Any]:
        return self.core.observe(name), self.core.infos.get(name)

    def _acted(self, whole: int, action: int) -> Iterator[tuple[float, Node]]:
        self._turn(action)
        return self._meetings(self.whole.read())

    def _meetings(self, whole: int) -> Iterator[tuple[float, Node]]:
        pending = {whole: 1.0}
        for _ in range(_MOST_TURNS):
            later: dict[int, float] = {}
            for place, probability in pending.items():
                self.whole.restore(place)
                ended = self._is_out(self.agent)
                if ended or self.core.agent_selection == self.agent:
                    yield probability, self._node(ended)
                    continue
                for chance, action in self._turns_of(self.core.agent_selection):
                    self.whole.restore(place)
                    self._turn(action)
                    after = self.whole.read()
                    later[after] = later.get(after, 0.0) + probability * chance
            pending = later
            if not pending:
                return
        raise ValueError(f"the others may take {_MOST_TURNS:,} turns without one of {self.agent!r}, expected fewer")

    def _turns_of(self, name: Any) -> Sequence[tuple[float, int | None]]:
        """Return what an agent may do at its turn; one whose episode is over says None."""
        return [(1.0, None)] if self._is_out(name) else self._choices(name)

    def _is_out(self, name: Any) -> bool:
        core = self.core
        return name not in core.agents or bool(core.terminations.get(name) or core.truncations.get(name))

    def _turn(self, action: int | None) -> None:
        self._step(action)
        self._forget_rewards()

    def _forget_rewards(self) -> None:
        """Set to nothing what was won before, on which the future does not depend."""
        for name in _REWARDS:
            if isinstance(getattr(self.core, name, None), dict):
                setattr(self.core, name, dict.fromkeys(getattr(self.core, name), 0))


class ParallelView(View):
    """The view of an agent who acts at the same time as the others."""

    def _begin(self, seed: int) -> None:
        seen, infos = self.core.reset(seed=seed)
        self.seen = {self.whole.read(): copy.deepcopy((seen, infos))}

    def _seen(self, name: Any) -> tuple[Any, Any]:
        seen, infos = self.seen[self.whole.present]
        return seen.get(name), infos.get(name)

    def _meetings(self, whole: int) -> Iterator[tuple[float, Node]]:
        self.whole.restore(whole)
        yield 1.0, self._node(ended=False)

    def _acted(self, whole: int, action: int) -> Iterator[tuple[float, Node]]:
        others = [name for name in self.core.agents if name != self.agent]
        choices = [self._choices(name) for name in others]
        if math.prod(map(len, choices)) > _MOST_JOINT_ACTIONS:
            raise ValueError(
                f"the others have more than {_MOST_JOINT_ACTIONS:,} joint actions, expected fewer; give them "
                "policies of fewer actions in others="
            )
        for joint in product(*choices):
            self.whole.restore(whole)
            own = {name: number for name, (_, number) in zip(others, joint, strict=True)}
            seen, _, terminated, truncated, infos = self._step({self.agent: action, **own})
            out = self.agent not in self.core.agents
            ended = out or bool(terminated.get(self.agent) or truncated.get(self.agent))
            self.seen.setdefault(self.whole.read(), copy.deepcopy((seen, infos)))
            yield math.prod(chance for chance, _ in joint), self._node(ended)


def _numbers(core: Any, name: Any) -> list[int]:
    space = core.action_space(name)
    if not (hasattr(space, "n") and hasattr(space, "start")):
        raise ValueError(f"agent {name!r} has the action space {space}, expected a Discrete one")
    return list(range(int(space.start), int(space.start) + int(space.n)))
