"""Vectors of Gymnasium environments, played at random and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from typing import Any

import numpy as np

from empowerment.adapters.environment import action_names, made, name_of, refuse_options
from empowerment.adapters.outcomes import End, Node, in_order, labels_of_nodes, state_label
from empowerment.adapters.samples import count_table
from empowerment.core import validate
from empowerment.models.sampled import SampledModel
from empowerment.runtime.optional import required
from empowerment.runtime.progress import progress_bar

_ROWS_AT_ONCE = 1 << 20


def from_rollouts(
    envs: Any,
    steps: int = 100_000,
    *,
    num_envs: int = 16,
    state: Callable[[Any], Any] | None = None,
    actions: Sequence[Any] | None = None,
    prior: Any = 1.0,
    progress: bool | str = "auto",
    layout: Any = None,
    seed: int = 0,
    **make: Any,
) -> SampledModel:
    """Play several environments at once with random actions, and count their transitions.

    Parameters
    ----------
    envs : gymnasium.vector.VectorEnv or str
        A vector of environments in any of Gymnasium's autoreset modes, or the id of an environment, of which
        `num_envs` are then made and closed again.
    steps : int
        Number of transitions to count. Up to ``num_envs - 1`` more are counted, as all environments step together.
    num_envs : int
        Number of environments that are made of an id.
    state : callable, optional
        Function from the observation of one environment to the label of its state. By default a number stays one,
        and an array becomes a tuple of its numbers. What is observed has to be the state: of less than that, the
        counts are those of no MDP.
    actions : sequence of hashable, optional
        Labels of the actions, in the order of their numbers. By default as for :func:`from_gymnasium`.
    prior : float or array_like of shape (n_states * n_actions, n_states)
        Pseudo-counts, as for :class:`SampledModel`.
    progress : bool or "auto"
        Show a progress bar over the steps. ``"auto"`` shows it on a terminal, once a second has passed.
    layout : object, optional
        Positions of the states for pictures; a function takes the tuple of states and returns the layout.
    seed : int
        Seed of the first reset and of the actions.
    **make
        Arguments of ``gymnasium.make_vec``, where `envs` is an id.

    Returns
    -------
    SampledModel
        States are those that were visited, numbers sorted and others in the order of their first visit. A state that
        is only entered with an end (`terminated`) is terminal.

    Raises
    ------
    TypeError
        If `envs` is no vector of environments, or a label is not hashable.
    ValueError
        If its actions are not Discrete, or it does not say how it resets.
    ImportError
        If gymnasium is not installed, or is older than 1.1.

    See Also
    --------
    from_samples : Sample every action in every state the same number of times.
    from_transitions : Count the transitions of a log.
    estimated_empowerment : Compute what the samples say of the empowerment of states.

    Notes
    -----
    What leads from the end of an episode to the beginning of the next is no transition and is not counted, in
    whichever step the environments reset. A truncation is no end: the step before it counts like any other.

    Examples
    --------
    >>> import empowerment as emp
    >>> lake = emp.from_rollouts("FrozenLake-v1", 2000, num_envs=8)
    >>> lake.actions
    ('left', 'down', 'right', 'up')
    >>> 2000 <= int(lake.counts.sum()) < 2000 + 8
    True
    """
    steps = validate.positive_int(steps, "steps", most=validate.MOST_DRAWS)
    seed, state = validate.seed(seed), validate.function(state, "state", "an observation")
    if isinstance(envs, str):
        num_envs = validate.positive_int(num_envs, "num_envs")
        vector: Any = closing(made(envs, make, num_envs))
    else:
        refuse_options(make, envs)
        vector = nullcontext(envs)
    with vector as played:
        rollout = _Rollout(played, state)
        names = rollout.named(actions)
        with progress_bar(steps, "playing", "step", progress) as advance:
            rollout.play(steps, seed, advance)
    return rollout.model(names, prior, layout)


class _Rollout:
    """Counts of what a vector of environments does with random actions.

    Attributes
    ----------
    counts : Counter
        How often each ``(state, action, next state, end)`` occurred, in numbers.
    number : dict of label to int
        The states: all numbers that may be observed, or other labels in the order of their first visit.
    """

    def __init__(self, envs: Any, state: Callable[[Any], Any] | None) -> None:
        space = getattr(envs, "single_action_space", None)
        if space is None:
            raise TypeError(
                f"envs is {validate.shown(envs)}, expected a vector of environments, as gymnasium.make_vec gives, or "
                "an id; from_samples samples a single environment"
            )
        if not (hasattr(space, "n") and hasattr(space, "start")):
            raise ValueError(f"{name_of(envs)} has the action space {space}, expected a Discrete one")
        self.envs, self.state = envs, state
        self.first, self.n_actions = int(space.start), int(space.n)
        self.mode = _mode_of(envs)
        self.number = self._counted_states()
        self._are_counted = bool(self.number)
        self.counts: Counter[tuple[int, ...]] = Counter()
        self._rows: list[np.ndarray] = []
        self._waiting = 0

    def _counted_states(self) -> dict[Any, int]:
        """Return the states where they are the numbers that are observed; else nothing, as they are still to come."""
        space = self.envs.single_observation_space
        if self.state is not None or not (hasattr(space, "n") and hasattr(space, "start")):
            return {}
        return {int(space.start) + place: place for place in range(int(space.n))}

    def named(self, actions: Any) -> tuple[Any, ...]:
        """Return the labels of the actions."""
        numbers = range(self.first, self.first + self.n_actions)
        single = next(iter(getattr(self.envs.unwrapped, "envs", ())), None)
        given = actions if single is None or actions is not None else action_names(single.unwrapped, numbers)
        return validate.labels(numbers if given is None else given, self.n_actions, "actions") or ()

    def play(self, steps: int, seed: int, advance: Callable[[int], object]) -> None:
        """Count this many transitions."""
        rng = np.random.default_rng(seed)
        present = self._numbers(self.envs.reset(seed=seed)[0])
        starting = np.zeros(len(present), dtype=bool)  # which of them reset in the next step, whatever is done
        counted = 0
        while counted < steps:
            action = rng.integers(self.n_actions, size=len(present))
            seen, _, terminated, truncated, infos = self.envs.step(action + self.first)
            done = np.asarray(terminated) | np.asarray(truncated)
            after = self._numbers(seen)
            target = self._last(after, done, infos)
            rows = np.stack([present, action, target, np.asarray(terminated)], axis=1)[~starting]
            self._count(rows)
            counted += len(rows)
            advance(len(rows))
            present, starting = self._next(after, done)
        self._gather()

    def _last(self, after: np.ndarray, done: np.ndarray, infos: Mapping[str, Any]) -> np.ndarray:
        """Return the states that the steps led to, also where the next episode has begun already."""
        if self.mode != "SAME_STEP" or not done.any():
            return after
        target = after.copy()
        for place in np.flatnonzero(done):
            target[place] = self._number_of(infos["final_obs"][place])
        return target

    def _next(self, after: np.ndarray, done: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where the next step begins, and which environments it resets."""
        if self.mode == "NEXT_STEP":
            return after, done
        if self.mode == "DISABLED" and done.any():
            begun = self._numbers(self.envs.reset(options={"reset_mask": done.astype(np.bool_)})[0])
            after = np.where(done, begun, after)
        return after, np.zeros(len(done), dtype=bool)

    def _numbers(self, seen: Any) -> np.ndarray:
        """Return the number of the state of each environment."""
        if self._are_counted:
            return np.asarray(seen, dtype=np.int64) - int(self.envs.single_observation_space.start)
        each: Iterator[Any] = required("gymnasium").vector.utils.iterate(self.envs.observation_space, seen)
        return np.array([self._number_of(one) for one in each], dtype=np.int64)

    def _number_of(self, observation: Any) -> int:
        label = _label(observation) if self.state is None else self.state(observation)
        return self.number.setdefault(state_label(label, "what state returns"), len(self.number))

    def _count(self, rows: np.ndarray) -> None:
        self._rows.append(rows)
        self._waiting += len(rows)
        if self._waiting >= _ROWS_AT_ONCE:
            self._gather()

    def _gather(self) -> None:
        rows, times = np.unique(np.concatenate(self._rows), axis=0, return_counts=True)
        self.counts.update(dict(zip(map(tuple, rows.tolist()), times.tolist(), strict=True)))
        self._rows, self._waiting = [], 0

    def model(self, actions: Sequence[Any], prior: Any, layout: Any) -> SampledModel:
        """Return the model of what was counted."""
        label = list(self.number)
        alive = {place for row in self.counts for place in (row[0], *([] if row[3] else [row[2]]))}
        nodes: list[Node] = in_order(name for place, name in enumerate(label) if place in alive)
        nodes += [End(name) for name in in_order(label[row] for row in {row[2] for row in self.counts if row[3]})]
        number = {node: place for place, node in enumerate(nodes)}
        counts: Counter[tuple[int, int]] = Counter()
        for (state, action, target, ended), times in self.counts.items():
            node = End(label[target]) if ended else label[target]
            counts[number[label[state]] * len(actions) + action, number[node]] += times
        states = labels_of_nodes(nodes)
        return SampledModel(
            count_table(counts, len(nodes), len(actions)),
            states=states,
            actions=actions,
            prior=prior,
            terminal=[name for name, node in zip(states, nodes, strict=True) if isinstance(node, End)],
            layout=layout(states) if callable(layout) else layout,
        )


def _mode_of(envs: Any) -> str:
    """Return the name of the autoreset mode of a vector."""
    mode = getattr(envs, "metadata", {}).get("autoreset_mode")
    modes = getattr(required("gymnasium", "from_rollouts").vector, "AutoresetMode", None)
    if modes is None:
        raise ImportError('from_rollouts needs a newer gymnasium; install it with pip install "gymnasium>=1.1"')
    try:
        return str(modes(mode).name)
    except ValueError:
        raise ValueError(
            f"the metadata of {name_of(envs)} has the autoreset_mode {mode!r}, expected one of "
            f"gymnasium.vector.AutoresetMode, which says when it resets: {', '.join(each.name for each in modes)}"
        ) from None


def _label(observation: Any) -> Any:
    """Return an observation as a label: a number, or a tuple of numbers."""
    if isinstance(observation, np.generic) or (isinstance(observation, np.ndarray) and observation.ndim == 0):
        return observation.item()
    if isinstance(observation, np.ndarray):
        return tuple(observation.ravel().tolist())
    if isinstance(observation, tuple):
        return tuple(map(_label, observation))
    if isinstance(observation, Mapping):
        raise TypeError("an observation is a dict, expected a number or an array; pass state= to make a label of it")
    return observation
