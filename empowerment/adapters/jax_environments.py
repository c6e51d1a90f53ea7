"""Environments that are functions of JAX: all actions in all states of a layer of the search, in one call."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np

from empowerment.adapters.outcomes import End, Node, model_of
from empowerment.core import validate
from empowerment.models.mdp import MDP
from empowerment.runtime.optional import required
from empowerment.runtime.progress import progress_bar

_COUNTER = "time"
_SMALLEST_LAYER = 64
_MOST_SEEDS = 2**32


def from_jax(
    step: Callable[[Any, Any], tuple[Any, Any]],
    initial: Any,
    actions: Sequence[Any],
    *,
    names: Sequence[Any] | None = None,
    max_states: int = 1_000_000,
    terminal: str = "absorbing",
    progress: bool | str = "auto",
    layout: Any = None,
) -> MDP:
    """Make an MDP by exploring a step function that JAX can vectorise, without chance.

    Parameters
    ----------
    step : callable
        ``step(state, action)`` returns the next state and whether the episode ends there. A state is an array, or
        any nesting of dicts, tuples and dataclasses of arrays (a pytree) that is the same for all states.
    initial : pytree of arrays
        The initial state.
    actions : array_like of shape (n_actions, …)
        The actions as `step` takes them.
    names : sequence of hashable, optional
        Labels of the actions; by default the entries of `actions`, arrays as tuples.
    max_states : int
        Limit on the number of states, beyond which there is an error.
    terminal : {"absorbing", "as-given"}
        Meaning of an end, as for :func:`from_step_function`.
    progress : bool or "auto"
        Show a progress bar. ``"auto"`` shows it on a terminal, once a second has passed.
    layout : object, optional
        Positions of the states for pictures; a function takes the tuple of states and returns the layout.

    Returns
    -------
    MDP
        States in the order of their discovery, as :func:`from_step_function` finds them. Their labels are the numbers
        that they hold, a tuple of all of them where there are several.

    Raises
    ------
    ImportError
        If JAX is not installed.
    TypeError
        If `step` is no function of JAX, or does not return a state like `initial` and one truth value.
    ValueError
        If there are more than `max_states` states, or a state holds numbers that are not finite.

    See Also
    --------
    from_gymnax : Explore an environment of gymnax.
    from_step_function : Explore any step function, one step at a time.

    Notes
    -----
    The states that were found at one depth take all actions in one compiled call, on the device that JAX uses. A
    step function is traced, not run: what it does besides, such as to count its calls, has no effect.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> import empowerment as emp
    >>> def step(cell, move):
    ...     after = jnp.clip(cell + move, 0, 9)
    ...     return after, after == 9
    >>> emp.from_jax(step, 0, actions=[-1, 1])
    MDP(10 states, 2 actions, deterministic)
    """
    jax = required("jax", "from_jax")
    validate.one_of(terminal, ("absorbing", "as-given"), "terminal")
    max_states = validate.limit(max_states, "max_states")
    if validate.function(step, "step", "a state and an action") is None:
        raise TypeError("step is None, expected a function of a state and an action")
    given = list(actions) if isinstance(actions, range) else actions
    moves = np.asarray(_arrays(jax, given, "actions", jax.numpy.asarray))
    if moves.ndim == 0 or len(moves) == 0:
        raise TypeError(f"actions is {validate.shown(actions)}, expected an array of actions, one after the other")
    labels = _labels(moves.reshape(len(moves), -1)) if names is None else names
    checked = validate.labels(labels, len(moves), "actions" if names is None else "names") or ()
    search = _LayerSearch(jax, step, initial, moves, max_states, terminal == "absorbing")
    with progress_bar(None, "exploring", "state", progress) as advance:
        search.explore(advance)
    return search.model(checked, layout)


def from_gymnax(
    env: Any,
    params: Any = None,
    *,
    actions: Sequence[Any] | None = None,
    max_states: int = 1_000_000,
    terminal: str = "absorbing",
    progress: bool | str = "auto",
    layout: Any = None,
    seed: int = 0,
) -> MDP:
    """Make an MDP of a gymnax environment without chance, all states of a layer side by side.

    Parameters
    ----------
    env : gymnax.environments.environment.Environment
        The environment.
    params : object, optional
        Its parameters; by default ``env.default_params``.
    actions : sequence of hashable, optional
        Labels of the actions; by default their numbers.
    max_states : int
        Limit on the number of states, beyond which there is an error.
    terminal : {"absorbing", "as-given"}
        Meaning of an end, as for :func:`from_step_function`.
    progress : bool or "auto"
        Show a progress bar. ``"auto"`` shows it on a terminal, once a second has passed.
    layout : object, optional
        Positions of the states for pictures; a function takes the tuple of states and returns the layout.
    seed : int
        Seed of the reset.

    Returns
    -------
    MDP
        As :func:`from_jax` makes it. The step counter `time` of a state is left out if nothing else depends on it.

    Raises
    ------
    TypeError
        If `env` is no environment of gymnax.
    ValueError
        If a step depends on random numbers, or there are more than `max_states` states.
    ImportError
        If JAX is not installed.

    See Also
    --------
    from_jax : Explore a step function of JAX.

    Notes
    -----
    Whether the next state depends on the random key is read off the program that JAX makes of a step, for all states
    at once: if no operation leads from the key to it, there is no chance. An environment that uses the key without
    need is refused, too. Ends are what `step_env` says, before an episode is begun anew; time limits are not read.

    Examples
    --------
    Any object with these members will do:

    >>> import jax.numpy as jnp
    >>> import empowerment as emp
    >>> class Ring:
    ...     default_params, num_actions = None, 2
    ...     def reset_env(self, key, params):
    ...         return 0, {"cell": jnp.int32(0), "time": jnp.int32(0)}
    ...     def step_env(self, key, state, action, params):
    ...         cell = (state["cell"] + 2 * action - 1) % 6
    ...         return cell, {"cell": cell, "time": state["time"] + 1}, 0.0, cell == 3, {}
    >>> emp.from_gymnax(Ring(), actions=["back", "on"]).states
    (0, 5, 1, 4, 2, 3)
    """
    jax = required("jax", "from_gymnax")
    if isinstance(env, type) or not all(hasattr(env, name) for name in ("reset_env", "step_env", "num_actions")):
        raise TypeError(f"env is {validate.shown(env)}, expected an environment of gymnax, as gymnax.make gives")
    used = env.default_params if params is None else params
    if validate.seed(seed) >= _MOST_SEEDS:
        raise ValueError(f"seed is {validate.shown(seed)}, expected one below 2**32, as JAX takes it")
    key = jax.random.key(int(seed))
    start = jax.tree.map(jax.numpy.asarray, env.reset_env(key, used)[1])
    leaves, shape = jax.tree.flatten_with_path(start)
    values = [leaf for _, leaf in leaves]
    counters = [place for place, (path, _) in enumerate(leaves) if _last_name(path) == _COUNTER]

    def flat_step(key: Any, parts: list[Any], action: Any) -> tuple[list[Any], Any]:
        _, after, _, ended, *_ = env.step_env(key, jax.tree.unflatten(shape, parts), action, used)
        return jax.tree.leaves(after), ended

    kept = _kept(jax, flat_step, key, values, counters)
    if kept is None:
        raise ValueError(
            f"a step of {type(env).__name__} depends on random numbers, and one step does not show a distribution; "
            "pass parameters without chance, or write a step function that returns the distribution, for "
            "from_step_function"
        )

    def step(parts: list[Any], action: Any) -> tuple[list[Any], Any]:
        whole = list(values)
        for place, part in zip(kept, parts, strict=True):
            whole[place] = part
        after, ended = flat_step(key, whole, action)
        return [after[place] for place in kept], ended

    numbers = range(int(env.num_actions))
    return from_jax(
        step,
        [values[place] for place in kept],
        list(numbers),
        names=validate.labels(actions, len(numbers), "actions"),
        max_states=max_states,
        terminal=terminal,
        progress=progress,
        layout=layout,
    )


def _last_name(path: Sequence[Any]) -> str:
    """Return the name of a leaf in its dict or dataclass."""
    return str(getattr(path[-1], "name", getattr(path[-1], "key", ""))) if path else ""


def _kept(jax: Any, step: Callable[..., Any], key: Any, values: list[Any], counters: list[int]) -> list[int] | None:
    """Return the leaves of a state without counters that nothing else depends on; None where the key matters."""
    program = jax.make_jaxpr(step)(key, values, jax.numpy.int32(0))
    others = [place for place in range(len(values)) if place not in counters]
    for kept in (others, list(range(len(values)))):
        needed = _needed(program.jaxpr, [*kept, len(values)])
        if program.effects or needed[0]:
            continue
        if not any(needed[1 + place] for place in range(len(values)) if place not in kept):
            return kept
    return None


def _needed(jaxpr: Any, outputs: Iterable[int]) -> list[bool]:
    """Return on which inputs of a program some outputs may depend; an operation depends on all that it is given."""
    wanted = {id(jaxpr.outvars[place]) for place in outputs}
    for operation in reversed(jaxpr.eqns):
        if any(id(made) in wanted for made in operation.outvars):
            wanted.update(map(id, operation.invars))
    return [id(given) in wanted for given in jaxpr.invars]


class _LayerSearch:
    """Breadth-first search that takes all actions in all states of a layer in one call.

    Attributes
    ----------
    nodes : list of Node
        In the order of their discovery.
    taken : dict of int to list of int
        For each node that is no end, the node that each action leads to, in numbers.
    """

    def __init__(
        self, jax: Any, step: Callable[..., Any], initial: Any, actions: np.ndarray, max_states: int, keep_ends: bool
    ) -> None:
        start = _arrays(jax, initial, "initial", lambda tree: jax.tree.map(jax.numpy.asarray, tree))
        _check_step(jax, step, start, actions)
        leaves, self._shape = jax.tree.flatten(start)
        self._leaves = [np.asarray(leaf) for leaf in leaves]
        self._jax, self._actions, self._max_states, self._keep_ends = jax, actions, max_states, keep_ends
        self._step = jax.jit(jax.vmap(jax.vmap(step, (None, 0)), (0, None)))
        self.nodes: list[Node] = []
        self.taken: dict[int, list[int]] = {}
        self._number: dict[tuple[bytes, bool], int] = {}

    def explore(self, advance: Callable[[int], object]) -> None:
        """Find all reachable nodes."""
        rows = [leaf[None] for leaf in self._leaves]
        numbers, fresh = self._enter(rows, np.zeros(1, dtype=bool))
        while fresh:
            layer = [part[fresh] for part in rows]
            sources = [numbers[row] for row in fresh]
            rows, ended = self._after(layer, len(sources))
            numbers, fresh = self._enter(rows, ended)
            for place, source in enumerate(sources):
                self.taken[source] = numbers[place * len(self._actions) : (place + 1) * len(self._actions)]
            advance(len(sources))

    def _after(self, layer: list[np.ndarray], size: int) -> tuple[list[np.ndarray], np.ndarray]:
        """Return what all actions lead to, with one row for each state and action."""
        padded = max(_SMALLEST_LAYER, 1 << (size - 1).bit_length())  # so that few sizes are compiled
        wide = [np.concatenate([part, np.repeat(part[:1], padded - size, axis=0)]) for part in layer]
        after, ended = self._step(self._jax.tree.unflatten(self._shape, wide), self._actions)
        rows = size * len(self._actions)
        parts = [np.asarray(part)[:size].reshape(rows, *part.shape[2:]) for part in self._jax.tree.leaves(after)]
        return parts, np.asarray(ended)[:size].reshape(rows).astype(bool)

    def _enter(self, parts: list[np.ndarray], ended: np.ndarray) -> tuple[list[int], list[int]]:
        """Return the node of each row, entered where it is new, and the rows of new ones that are no ends."""
        rows = [np.ascontiguousarray(part.reshape(len(ended), -1) + part.dtype.type(0)) for part in parts]  # no -0.0
        if not all(np.isfinite(part).all() for part in rows):
            raise ValueError("a state holds numbers that are not finite, expected finite ones")
        joined = np.concatenate([part.view(np.uint8) for part in rows], axis=1)
        contents = np.ascontiguousarray(joined).view(np.dtype((np.void, joined.shape[1])))[:, 0].tolist()
        ends = (ended & self._keep_ends).tolist()
        found, fresh = [], []
        for row, place in enumerate(zip(contents, ends, strict=True)):
            number = self._number.setdefault(place, len(self.nodes))
            found.append(number)
            if number == len(self.nodes):
                label = _labels(*(part[row : row + 1] for part in rows))[0]
                self._add(End(label) if ends[row] else label)
                fresh += [] if ends[row] else [row]
        return found, fresh

    def _add(self, node: Node) -> None:
        if len(self.nodes) == self._max_states:
            raise ValueError(
                f"found {self._max_states + 1} states, at most max_states={self._max_states} are allowed; raise "
                "max_states=, allow fewer actions, or leave out of the state what the future does not depend on"
            )
        self.nodes.append(node)

    def model(self, actions: Sequence[Any], layout: Any) -> MDP:
        """Return the model of what was found."""
        reached = [[self.nodes[number] for number in self.taken.get(place, ())] for place in range(len(self.nodes))]
        taken = [{action: {node: 1.0} for action, node in zip(actions, each, strict=False)} for each in reached]
        return model_of(self.nodes, taken, actions, initial={self.nodes[0]: 1.0}, layout=layout)


def _labels(*rows: np.ndarray) -> list[Any]:
    """Return a label for each row: its numbers, which stand side by side in several arrays."""
    together = [tuple(chain(*parts)) for parts in zip(*(part.tolist() for part in rows), strict=True)]
    return [numbers[0] if len(numbers) == 1 else numbers for numbers in together]


def _arrays(jax: Any, given: Any, name: str, convert: Callable[[Any], Any]) -> Any:
    """Return what is given as arrays of finite numbers of JAX."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a number that would become infinite, or a text that names a type
            made = convert(given)
    except (TypeError, ValueError, OverflowError, Warning) as reason:
        raise TypeError(f"{name} is {validate.shown(given)}, expected numbers that JAX can hold: {reason}") from None
    leaves = jax.tree.leaves(made)
    if not leaves or any(np.dtype(leaf.dtype).kind not in "biuf" for leaf in leaves):
        raise TypeError(f"{name} is {validate.shown(given)}, expected arrays of numbers")
    if not all(np.isfinite(leaf).all() for leaf in leaves):
        raise ValueError(f"{name} is {validate.shown(given)}, expected finite numbers")
    return made


def _check_step(jax: Any, step: Callable[..., Any], start: Any, actions: np.ndarray) -> None:
    """Refuse a step that JAX cannot trace, or whose states are not all alike."""
    try:
        answer = jax.eval_shape(step, start, actions[0])
    except Exception as error:
        raise TypeError(
            f"step cannot be traced by JAX for the state initial={validate.shown(start)} and the first of actions: "
            f"{error}"
        ) from error
    if not isinstance(answer, tuple) or len(answer) != 2:
        raise TypeError(f"step returns {validate.shown(answer)}, expected the next state and whether it is the end")
    after, ended = answer
    if jax.tree.structure(after) != jax.tree.structure(start):
        raise TypeError(f"step returns a state like {validate.shown(after)}, expected one like that in initial")
    for one, other in zip(jax.tree.leaves(start), jax.tree.leaves(after), strict=True):
        if (one.shape, one.dtype) != (other.shape, other.dtype):
            raise TypeError(
                f"step returns a part of the state of shape {other.shape} and type {other.dtype} for the first of "
                f"actions, expected {one.shape} and {one.dtype}, as initial has it"
            )
    if getattr(ended, "shape", ()) != ():
        raise TypeError(f"step returns an end of shape {ended.shape} for the state initial, expected one truth value")
