"""States of an environment as a caller's function tells them, checked to hold all that the future depends on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from empowerment.adapters import minigrid
from empowerment.adapters.environment import name_of, warn
from empowerment.adapters.exploration import Search, shown
from empowerment.adapters.outcomes import state_label
from empowerment.adapters.snapshot import Snapshots
from empowerment.core.layout import GridLayout
from empowerment.runtime.progress import progress_bar


class Projection:
    """Memory of an environment whose states have the labels that a function gives them.

    The environment is put into whole states, of which one stands for all with the same label.

    Parameters
    ----------
    core : gymnasium.Env
    get_state : callable
        Function from the environment to the label of its state.
    whole : GridMemory or Snapshots
        The memory of whole states.
    """

    def __init__(self, core: Any, get_state: Callable[[Any], Any], whole: minigrid.GridMemory | Snapshots) -> None:
        self.core, self.get_state, self.whole = core, get_state, whole
        self.label_of: dict[Any, Any] = {}
        self.standing: dict[Any, Any] = {}
        self.recent: list[Any] = []

    @property
    def generators(self) -> Sequence[Any] | None:
        """The random generators of the environment."""
        return self.whole.generators

    def read(self) -> Any:
        """Return the label of the state."""
        whole = self.whole.read()
        label = state_label(self.get_state(self.core), "what get_state returns")
        known = self.label_of.setdefault(whole, label)
        if known != label:
            raise ValueError(
                f"get_state first gives {known!r} and then {label!r} in the same state of {name_of(self.core)}; "
                "expected a function of what the environment holds, its step counter and random generators excepted"
            )
        self.standing.setdefault(label, whole)
        self.recent.append(whole)
        return label

    def restore(self, state: Any) -> None:
        """Restore the whole state that stands for this label."""
        self.whole.restore(self.standing[state])
        self.recent.clear()

    def layout(self, states: Sequence[Any], name: str) -> GridLayout | None:
        """Return where the agent of a MiniGrid stands in each state; None if a label leaves that open."""
        if not isinstance(self.whole, minigrid.GridMemory):
            return None
        if len({(label, whole[0]) for whole, label in self.label_of.items()}) > len(self.standing):
            return None
        # A state in which an episode ends may be labelled ("ended", state).
        labels = [state if state in self.standing else state[1] for state in states]
        return self.whole.layout([self.standing[label] for label in labels], name)

    def compare(self, search: Search, advance: Callable[[int], object]) -> None:
        """Take every action in every whole state within reach, and refuse different outcomes under one label.

        No more whole states are compared than the search may find labels; that there are others is warned of.
        """
        first = dict(self.standing)
        queue = [whole for label, whole in first.items() if label in search.number]
        found = set(queue)
        for whole in queue:  # which grows on the way
            label = self.label_of[whole]
            self.standing[label] = whole
            for action, expected in search.taken(search.number[label]).items():
                outcome = search.world.outcome(label, action)
                if outcome != expected:
                    raise ValueError(self._refusal(label, action, (first[label], expected), (whole, outcome)))
                new = [each for each in self.recent if self.label_of[each] in (outcome or ()) and each not in found]
                found.update(new)
                queue += new[: max(search.max_states - len(queue), 0)]
            advance(1)
        if len(found) > len(queue):
            warn(
                f"get_state was compared in {len(queue):,} whole states of {name_of(self.core)}, and there are more: "
                "there, states of one label may do different things; raise max_states= to compare more of them"
            )

    def _refusal(self, label: Any, action: Any, one: tuple[Any, Any], other: tuple[Any, Any]) -> str:
        return (
            f"get_state gives the same label {label!r} to states {one[0]!r} and {other[0]!r} of "
            f"{name_of(self.core)}, in which action {action!r} leads to {shown(one[1])} and {shown(other[1])}; the "
            "label does not hold everything that the next state depends on: put what is missing into it, or leave "
            "out the actions that bring it about"
        )


def check_again(search: Search, memory: Any, progress: bool | str) -> None:
    """Take every transition again, and in all states of a label where one label may have several."""
    if isinstance(memory, Projection):
        with progress_bar(None, "comparing", "state", progress) as advance:
            memory.compare(search, advance)
    else:
        with progress_bar(len(search.nodes), "exploring again", "state", progress) as advance:
            search.repeat(advance)
