"""Gymnasium environments that carry a table of their transitions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from empowerment.adapters import gym_tables
from empowerment.adapters.environment import (
    action_names,
    made,
    name_of,
    refuse_mistaken,
    refuse_options,
    unwrapped,
    warn,
)
from empowerment.adapters.gym_episodes import Episodes, read_starts
from empowerment.adapters.gym_tables import Entry, Table
from empowerment.adapters.outcomes import SUM_TOLERANCE, End, Node, checked_sum, model_of
from empowerment.core import validate
from empowerment.core.layout import GridLayout
from empowerment.models.mdp import MDP


def from_gymnasium(
    env: Any,
    *,
    terminal: str = "absorbing",
    initial: Any = None,
    actions: Sequence[Any] | None = None,
    normalize: bool = False,
    **make: Any,
) -> MDP:
    """Make an MDP of the transition table of a Gymnasium environment.

    The table is ``env.unwrapped.P``, where ``P[state][action]`` lists entries ``(probability, next_state, reward,
    done)``. Dicts and sequences are read alike. A dict ``{next_state: probability}`` may replace the list, and an
    array of axes (state, action, next_state) the whole table. Probabilities of a next state that is listed twice are
    added. An action that a state lacks, or has with None or an empty list, is not available there. Environments of
    gym-classics have no table; their method ``model(state, action)`` is called.

    Parameters
    ----------
    env : gymnasium.Env or str
        An environment, or the id of one, which is then made and closed again.
    terminal : {"absorbing", "as-given"}
        Meaning of an entry with ``done``. By default it leads to the end of the episode, which is absorbing and has
        empowerment 0. A state that is only reached with an end is terminal. For a state that is also reached without
        an end the model has two states, the end under the label ``("ended", state)``. ``"as-given"`` ignores every
        ``done`` and keeps the table of all states, parts of which no episode may ever reach: Gymnasium's tables of
        CliffWalking-v1 and Taxi-v4 continue from their terminal states, so that one step there would have 1.585 bits
        in the former, and 2, 2, 1.585 and 2 bits in the latter.
    initial : state, or list of states, optional
        Initial states of episodes; a tuple is one label. By default those of `initial_state_distrib` of the
        environment.
    actions : sequence of hashable, optional
        Labels of the actions, in the order of their numbers. By default the names that the environment tells, or the
        documentation of Gymnasium and gym-classics, else the numbers or keys of the table.
    normalize : bool
        Rescale probabilities that do not sum to 1 instead of refusing them.
    **make
        Arguments of ``gymnasium.make``, where `env` is an id, such as ``is_slippery=False``.

    Returns
    -------
    MDP
        States are those of the table, numbers sorted and others in its order; additional ends come last. Its
        `rewards` are the expected ones of state and action, its `initial` is `initial_state_distrib`, or the one
        state given. A grid (a `desc` with a letter for each state, or a `shape` with a cell for each) becomes the
        layout.

    Raises
    ------
    ImportError
        If `env` is an id and gymnasium is not installed.
    TypeError
        If `env` is no environment but a class, a method or a vector of environments, or does not take an argument.
    ValueError
        If gymnasium cannot make an environment of this id and these arguments, or its table is absent or cannot be
        read.

    Warns
    -----
    UserWarning
        Of what is not read though it matters: wrappers other than those that check, limit, record or draw; the
        `fickle_passenger` of Taxi; the `step` of a class that was made of one of Gymnasium's and changes it;
        observations that are fewer than the states; rewards that are no numbers.

    See Also
    --------
    from_step_function : Explore an environment without a table.
    MDP : The model.

    Notes
    -----
    A state is reached without an end if an episode that begins in an initial state can continue there. If the initial
    states are unknown, the environment is reset: the state after the reset is one, and so is every state in which no
    entry ends; if there is none, all states are. Pass `initial` if an episode may also begin in another state that is
    otherwise reached with an end only.

    An array in place of the table has no ends and no rewards. Time limits are not read: a truncation is no end.

    Examples
    --------
    >>> import empowerment as emp
    >>> lake = emp.from_gymnasium("FrozenLake-v1")
    >>> lake
    MDP(16 states, 4 actions, stochastic)
    >>> lake.actions
    ('left', 'down', 'right', 'up')
    >>> lake.is_terminal.nonzero()[0].tolist()
    [5, 7, 11, 12, 15]
    >>> emp.from_gymnasium("FrozenLake-v1", map_name="8x8", is_slippery=False)
    MDP(64 states, 4 actions, deterministic)
    """
    validate.one_of(terminal, ("absorbing", "as-given"), "terminal")
    if not isinstance(env, str):
        refuse_options(make, env)
        return _read(env, terminal, initial, actions, normalize)
    own = made(env, make)
    try:
        return _read(own, terminal, initial, actions, normalize)
    finally:
        own.close()


def _read(env: Any, terminal: str, initial: Any, actions: Any, normalize: bool) -> MDP:
    refuse_mistaken(env, "env")
    if callable(env) and not gym_tables.has_table(env):
        raise TypeError(f"env is {env!r}, expected an environment; from_step_function explores a step function")
    core = unwrapped(env, "from_gymnasium", rewards=True)
    _warn_of_steps(core)
    array = gym_tables.transition_array(core)
    if array is not None:
        return _read_array(array, core, initial, actions, normalize)
    table = gym_tables.read_table(core)
    starts = read_starts(core, list(table.entries), initial, normalize)
    nodes: list[Node] = list(table.entries)
    node_of: Callable[[Entry], Node] = attrgetter("successor")
    if terminal == "absorbing":
        episodes = Episodes(table, core, starts.states)
        nodes, node_of = episodes.nodes, episodes.node
    _warn_of_observations(core, sum(not isinstance(node, End) for node in nodes))
    return model_of(
        nodes,
        [_taken(table, node, node_of, normalize) for node in nodes],
        table.actions,
        names=_labels(core, table.actions, actions),
        initial=starts.distribution,
        rewards=_rewards(table, nodes, core),
        layout=_layout(core, [node.state if isinstance(node, End) else node for node in nodes]),
    )


def _read_array(array: Any, core: Any, initial: Any, actions: Any, normalize: bool) -> MDP:
    """Return the model of an environment whose P is an array of axes (state, action, next_state)."""
    try:
        bare = MDP(array, normalize=normalize)
    except (TypeError, ValueError) as reason:
        raise type(reason)(f"the array P of {name_of(core)}, as MDP(env.unwrapped.P) takes it: {reason}") from None
    _warn_of_observations(core, bare.n_states)
    first = read_starts(core, bare.states, initial, normalize).distribution
    return MDP(
        bare.rows,
        actions=_labels(core, bare.actions, actions),
        available=bare.available,
        initial=None if first is None else [first.get(state, 0.0) for state in bare.states],
        layout=_layout(core, bare.states),
    )


def _taken(
    table: Table, node: Node, node_of: Callable[[Entry], Node], normalize: bool
) -> dict[Any, dict[Node, float]]:
    """Return what each action of a node leads to; an end has no actions."""
    found: dict[Any, dict[Node, float]] = {}
    for action, entries in table.entries.get(node, {}).items():
        where = f"the probabilities in {table.where(node, action)}"
        total = math.fsum(entry.probability for entry in entries)
        scale = 1 / total if normalize and total > 0 and abs(total - 1) > SUM_TOLERANCE else 1.0
        outcome: dict[Node, float] = {}
        for entry in entries:
            successor = node_of(entry)
            outcome[successor] = outcome.get(successor, 0.0) + entry.probability * scale
        hint = "pass normalize=True to rescale" if entries else "None or an empty list says that an action is missing"
        found[action] = checked_sum(outcome, where, f"; {hint}")
    return found


def _labels(core: Any, actions: Sequence[Any], given: Any) -> Sequence[Any]:
    """Return the labels of the actions: those given, or the names that the environment is known to give them."""
    if given is not None:
        return validate.labels(given, len(actions), "actions") or ()
    return action_names(core, actions)


def _rewards(table: Table, nodes: Sequence[Node], core: Any) -> np.ndarray | None:
    """Return the expected reward of each node and action; None where the table has none, or none that are numbers."""
    distinct = {entry.reward for state in table.entries for entry in table.outcomes(state)}
    if distinct == {None}:
        return None
    if not all(reward is not None and math.isfinite(reward) for reward in distinct):
        warn(f"the table of {name_of(core)} has rewards that are no finite numbers: the model has no rewards")
        return None
    expected = np.zeros((len(nodes), len(table.actions)))
    for row, node in enumerate(nodes):
        choices = table.entries.get(node, {})
        for column, action in enumerate(table.actions):
            if choices.get(action):
                probabilities, _, gains, _ = zip(*choices[action], strict=True)
                expected[row, column] = np.dot(probabilities, gains) / math.fsum(probabilities)
    return expected


def _warn_of_steps(core: Any) -> None:
    """Warn of an environment of Gymnasium whose steps do what its table does not say."""
    if getattr(core, "fickle_passenger", False):
        warn(
            f"the table of {name_of(core)} does not hold fickle_passenger=True, by which a passenger changes the "
            "destination: the model is that of a steadfast one"
        )
    owner = next((kind for kind in type(core).__mro__ if "step" in vars(kind)), object)
    known = [kind for kind in type(core).__mro__ if kind.__module__.startswith("gymnasium.envs.toy_text.")]
    if known and owner not in known:
        warn(
            f"{owner.__name__} has a step of its own, and the table of {name_of(core)} is that of "
            f"{known[0].__name__}: what the step does otherwise is not in the model"
        )


def _warn_of_observations(core: Any, n_states: int) -> None:
    """Warn of an environment that shows less than its state."""
    shown = getattr(getattr(core, "observation_space", None), "n", n_states)
    if shown < n_states:
        warn(
            f"{name_of(core)} has {shown} observations of {n_states} states, and its table does not say which is "
            "seen where: the model is one of states; pass sensor= to what is computed of it, or make a POMDP"
        )


def _layout(core: Any, cells: Sequence[Any]) -> GridLayout | None:
    """Return the grid the states count through row by row, if the environment shows one.

    Parameters
    ----------
    core : gymnasium.Env
    cells : sequence
        The state of the table that each state of the model stands for.
    """
    letters = np.asarray(getattr(core, "desc", ())).astype(str)
    for shape in (letters.shape, getattr(core, "shape", None)):
        if isinstance(shape, tuple) and len(shape) == 2 and set(cells) == set(range(shape[0] * shape[1])):
            places = tuple(np.ndindex(shape))
            drawn = places if letters.shape == shape else ()
            marks = {place: str(letters[place]) for place in drawn if letters[place] in ("S", "G", "H")}
            return GridLayout(shape, tuple(places[cell] for cell in cells), marks=marks, name=name_of(core))
    return None
