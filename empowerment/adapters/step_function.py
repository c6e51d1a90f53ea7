"""Worlds explored step by step: from a function that takes one step to a model of every state in reach."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from itertools import islice
from typing import Any

from empowerment.adapters.environment import refuse_mistaken, refuse_options
from empowerment.adapters.exploration import Search, World, explored_model
from empowerment.adapters.outcomes import initial_states, labels_of, state_label
from empowerment.adapters.projection import check_again
from empowerment.adapters.simulator import simulated
from empowerment.core import validate
from empowerment.models.mdp import MDP
from empowerment.runtime.progress import progress_bar

_MOST_ACTIONS = 100_000


def from_step_function(
    step: Any,
    initial: Any = None,
    actions: Any = None,
    *,
    max_states: int = 100_000,
    depth: int | None = None,
    terminal: str = "absorbing",
    check: bool = True,
    progress: bool | str = "auto",
    layout: Any = None,
    seed: int = 0,
    get_state: Callable[[Any], Any] | None = None,
    set_state: Callable[[Any, Any], Any] | None = None,
    **make: Any,
) -> MDP:
    """Make an MDP by exploring a step function or simulator from its initial states.

    Parameters
    ----------
    step : callable, gymnasium.Env or str
        ``step(state, action)`` returns one of four things: the next state, any hashable label, where a tuple is
        always one label; ``emp.End(state)`` if the episode ends there; None if the action is missing in this state;
        or a distribution, which is a dict ``{next state or End: probability}`` or a list of pairs ``(probability,
        next state or End)``. Instead of a function, a Gymnasium environment or the id of one; see the notes.
    initial : state, or list of states
        Initial states of the exploration. A tuple is one label; several go into a list. For an environment the state
        after a reset.
    actions : sequence of labels, or callable
        The actions, or a function from a state to the labels of the actions it has. For an environment all
        actions by default, and a dict ``{action: label}`` gives the actions to take labels of one's own.
    max_states : int
        Limit on the number of states, beyond which there is an error. It also limits how many states of an
        environment are compared by `check` where `get_state` gives one label to several.
    depth : int, optional
        Number of actions after which the exploration stops. The states there are marked as unexplored; a horizon of
        `depth` actions from the initial states can be answered, and one that leads farther is refused. By default
        all states in reach are explored.
    terminal : {"absorbing", "as-given"}
        A state that is entered with an end is absorbing, and it is not explored further. If the same state is also
        entered without an end, the model has both, the ended one under the label ``("ended", state)``. ``"as-given"``
        ignores the ends.
    check : bool
        Repeat every transition in the reverse order, and refuse a simulator whose outcomes differ. With `get_state`
        alone take every action in all states of a label, and refuse a label whose states do different things.
    progress : bool or "auto"
        Show a progress bar. ``"auto"`` shows it on a terminal, once a second has passed.
    layout : GridLayout or callable, optional
        Positions of the states for pictures. A function takes the tuple of states and returns the layout. By default
        the states of MiniGrid environments lie where the agent stands, and others have none.
    seed : int
        Seed of the reset of an environment.
    get_state, set_state : callable, optional
        For an environment. ``get_state(env)`` returns the state as a label, and ``set_state(env, state)`` restores
        it; `env` is the environment without wrappers. `get_state` alone may leave out what the future does not depend
        on: the environment is put back as a whole, into the first state with that label.

    **make
        Arguments of ``gymnasium.make``, where an id is given.

    Returns
    -------
    MDP
        States in the order of their discovery, breadth first. Its `initial` is the initial state where
        there is only one.

    Raises
    ------
    ValueError
        If there are more than `max_states` states, a transition is not the same the second time, an
        environment draws random numbers or has a state that cannot be read, or an answer of `step` is
        not one of the four.
    TypeError
        If a state is not hashable, or an argument is of a wrong type or missing, such as a class or the method
        ``step`` in place of an environment.
    ImportError
        If an environment is named and its package is not installed.

    Warns
    -----
    UserWarning
        Of wrappers of an environment that change actions, observations or steps, which are not read; of more than
        `max_states` states that have labels by `get_state` alone, the rest of which is not compared.

    See Also
    --------
    from_gymnasium : Read the transition table of an environment.
    End : The end of an episode.
    MDP : The model.

    Notes
    -----
    The check cannot find everything: hidden state that was equal both times, or that changes rarely, is missed.

    An environment is reset once, put into each state directly, and stepped without its wrappers. Time limits
    therefore have no effect: an episode ends with `terminated`, while `truncated` is not read. Rewards and
    observations are not read either. An environment that is passed in remains in the last state of the exploration.

    States of MiniGrid environments are ``(position, direction, carried, changes)``: column and row of the agent, its
    direction, the object it carries, and the cells whose content differs from that after the reset, with their
    content. The step counter is not part of it, and actions have MiniGrid's names.

    The state of any other environment with a Discrete action space is the content of all its attributes, except for
    random generators, spaces and objects for drawing. States are numbered in the order of discovery.

    Actions have the names that the environment tells (an enumeration `actions` as in MiniGrid, or a method
    `get_action_meanings` as in Atari), or those in the documentation of Gymnasium and gym-classics, else Gymnasium's
    numbers; `actions` may choose them by either.

    An environment that draws random numbers in a step is refused, unless `get_state` and `set_state` define the
    state: then only `check` can find that the numbers matter.

    Examples
    --------
    Two jugs hold 3 and 5 litres. Three actions lead to six different contents:

    >>> import empowerment as emp
    >>> def pour(jugs, action):
    ...     small, large = jugs
    ...     if action == "small into large":
    ...         moved = min(small, 5 - large)
    ...         return small - moved, large + moved
    ...     return {"fill small": (3, large), "fill large": (small, 5), "empty large": (small, 0)}[action]
    >>> jugs = emp.from_step_function(
    ...     pour, (0, 0), actions=["fill small", "fill large", "empty large", "small into large"]
    ... )
    >>> jugs
    MDP(16 states, 4 actions, deterministic)
    >>> round(2 ** float(emp.empowerment(jugs, 3, states=(0, 0))), 4)
    6.0

    The world of a walker has no end, but three steps of it suffice for a horizon of three:

    >>> line = emp.from_step_function(lambda cell, move: cell + move, 0, actions=[-1, 0, 1], depth=3)
    >>> round(2 ** float(emp.empowerment(line, 3, states=0)), 4)
    7.0
    """
    most_steps = math.inf if depth is None else validate.limit(depth, "depth")
    validate.one_of(terminal, ("absorbing", "as-given"), "terminal")
    max_states, check = validate.limit(max_states, "max_states"), validate.flag(check, "check")
    seed = None if seed is None else validate.seed(seed)
    memory = None
    with ExitStack() as stack:
        if callable(step) and not isinstance(step, type):
            refuse_mistaken(step, "step")
            _refuse(seed=seed or None, get_state=get_state, set_state=set_state)
            refuse_options(make, step)
            starts = initial_states(initial)
        else:
            simulator = stack.enter_context(simulated(step, seed, get_state, set_state, make=make))
            if initial is not None:
                raise TypeError(f"initial is {initial!r}, but an environment begins where its reset leaves it")
            step, starts = simulator.answer, [state_label(simulator.initial, "the initial state")]
            memory = simulator.memory
            actions = simulator.named(actions)
            layout = simulator.layout if layout is None else layout
        world = World(step, _actions(actions), keep_ends=terminal == "absorbing")
        search = Search(world, max_states, most_steps)
        with progress_bar(None, "exploring", "state", progress) as advance:
            search.explore(starts, advance)
        if check:
            check_again(search, memory, progress)
    return explored_model(search, {starts[0]: 1.0} if len(starts) == 1 else None, layout)


def _refuse(**options: Any) -> None:
    """Complain about the first option that would have no effect."""
    for name, value in options.items():
        if value is not None:
            raise TypeError(f"{name}= is for environments; a step function holds no state that it could set")


def _actions(actions: Any) -> Any:
    """Return labels as a checked tuple; a function stays one."""
    if callable(actions):
        return actions
    if actions is None or isinstance(actions, str | Mapping) or not validate.is_several(actions):
        found = validate.shown(actions)
        raise TypeError(
            f"actions is {found}, expected a sequence of labels, or a function from a state to those it has"
        )
    labels = list(islice(actions, _MOST_ACTIONS + 1))  # it may be an endless iterator
    if len(labels) > _MOST_ACTIONS:
        raise ValueError(f"actions has more than {_MOST_ACTIONS:,} labels, expected fewer")
    return labels_of(labels, "actions")
