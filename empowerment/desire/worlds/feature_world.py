"""Worlds of agents with desires from any MDP, given the rewards of its states and actions for each desire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from empowerment.core import validate
from empowerment.desire.desires import checked_wanted
from empowerment.desire.world import Outcome, certain_from, drawn, ranks
from empowerment.models.dead_ends import refuse_dead_ends
from empowerment.models.mdp import MDP, as_mdp


class FeaturePosition(NamedTuple):
    """Positions of agents.

    Attributes
    ----------
    state : ndarray of int of shape (..., n_agents)
        Numbers of the states.
    """

    state: np.ndarray


class FeatureWorld:
    """World of agents with desires from an MDP whose states have variables.

    Parameters
    ----------
    model : MDP
        A model with an initial distribution.
    features : array_like of shape (n_states, n_actions, n_desires)
        Expected reward of each action for each desire. Those of missing actions and of terminal states are not read.
    variables : array_like of shape (n_states, n_desires)
        Variable of each desire in each state.
    wanted : sequence of float
        Targets of the variables, above 0.
    desires : sequence of str, optional
        Names of the desires; by default "desire 0", "desire 1", ….
    appraised : sequence of str, optional
        Desires whose variables are appraised when they change, in the order of the columns of
        :attr:`DesireParameters.appraisal`. By default all.
    rank_by : str, optional
        Desire by whose variable agents are ranked. By default there are no comparisons, and each rank is 1/2.
    n_agents : int
        Number of agents.

    Raises
    ------
    ValueError
        If an array has another shape or entries that are not finite, a name is unknown or occurs twice, the model has
        no initial distribution, or a non-terminal state has no action.

    See Also
    --------
    DesireWorld : The protocol.
    Riders, Students : Worlds of this library.
    simulate_agents : Run agents in a world.

    Notes
    -----
    A step uses two random numbers of each agent. One is for the choice. The other draws the next state: the first
    one, in the order of numbers, whose cumulated probability is above the random number. In a terminal state an agent
    stays forever, nothing changes, and all rewards are 0.

    Examples
    --------
    A plant that is watered or not, and an agent that wants its health and idleness:

    >>> import numpy as np, empowerment as emp
    >>> from empowerment.desire import DesireAgent, FeatureWorld, simulate_agents
    >>> fades, thrives = [[1, 0], [0.3, 0.7]], [[0.2, 0.8], [0, 1]]
    >>> plant = emp.MDP.from_arrays([fades, thrives], axes="ass", actions=["idle", "water"], initial=[0, 1])
    >>> variables = [[1, 1], [9, 1]]
    >>> features = [[[0, 1], [0.8, 0]], [[0.7, 1], [1, 0]]]
    >>> names = {"desires": ["health", "idleness"], "appraised": ["idleness", "health"]}
    >>> world = FeatureWorld(plant, features, variables, wanted=[9, 1], **names)
    >>> trace = simulate_agents(world, DesireAgent([0.4, 0.6]), 30, seeds=range(3))
    >>> trace
    DesireTrace(3 runs of 30 steps, 1 agent 'desire', 12 events)
    """

    n_draws = 1

    def __init__(
        self,
        model: Any,
        features: Any,
        variables: Any,
        *,
        wanted: Any,
        desires: Sequence[str] | None = None,
        appraised: Sequence[str] | None = None,
        rank_by: str | None = None,
        n_agents: int = 1,
    ) -> None:
        self.model = as_mdp(model)
        refuse_dead_ends(self.model)
        if self.model.initial is None:
            raise ValueError("model has no initial distribution, expected one: MDP(..., initial=...)")
        found = validate.number_array(variables, "variables", 2, "(state, desire)")
        n_desires = found.shape[1]
        self.variables = _finite_table(found, (self.model.n_states, n_desires), "variables", "(n_states, n_desires)")
        self.features = _read_features(self.model, features, n_desires)
        self.wanted = checked_wanted(wanted, n_desires)
        self.desires = _names(desires, n_desires)
        number = {name: place for place, name in enumerate(self.desires)}
        self.appraised = self.desires if appraised is None else _distinct(appraised, "appraised")
        self._appraised = [validate.index_of(name, number, "desire") for name in self.appraised]
        self._rank_by = None if rank_by is None else validate.index_of(rank_by, number, "desire")
        self.n_agents = validate.positive_int(n_agents, "n_agents", most=1000)
        self.order = np.arange(self.model.n_states - 1, -1, -1)
        self._rows = _SparseDraws(self.model)
        self._first = certain_from(self.model.initial.cumsum())

    def __repr__(self) -> str:
        agents = "1 agent" if self.n_agents == 1 else f"{self.n_agents} agents"
        return f"{type(self).__name__}({self.model!r}, {agents}, desires {', '.join(self.desires)})"

    def begin(self, uniforms: np.ndarray) -> FeaturePosition:
        """Draw initial states by the first random number; see :meth:`DesireWorld.begin`."""
        return FeaturePosition(drawn(self._first, uniforms[..., 0]))

    def step(
        self, position: FeaturePosition, actions: np.ndarray, uniforms: np.ndarray
    ) -> tuple[FeaturePosition, Outcome]:
        """Return the next states and the outcome; see :meth:`DesireWorld.step`."""
        before = position.state
        after = self._rows.draw(before * self.model.n_actions + actions, uniforms[..., 0])
        levels = self.variables[after]
        changes = levels - self.variables[before]
        outcome = Outcome(
            levels=levels,
            changes=changes[..., self._appraised],
            rank=np.full(after.shape, 0.5) if self._rank_by is None else ranks(levels[..., self._rank_by]),
            features=self.features[before, actions],
            records={},
        )
        return FeaturePosition(after), outcome


class _SparseDraws:
    """Rows of a model as cumulated probabilities, in sparse form."""

    def __init__(self, model: MDP) -> None:
        rows = model.rows if model.rows.has_sorted_indices else model.rows.sorted_indices()
        self._start, self._end = rows.indptr[:-1].astype(np.int64), rows.indptr[1:].astype(np.int64)
        self._next, self._cumulated = rows.indices, rows.data.copy()
        length = self._end - self._start
        possible = np.flatnonzero(rows.data > 0)
        last = np.zeros(len(length), dtype=np.int64)
        last[np.searchsorted(self._end, possible, side="right")] = possible  # the last assignment stays
        # Entry by entry of all rows at once: a sum along all rows together would be rounded far more.
        for place in range(1, int(length.max())):
            entry = self._start[length > place] + place
            self._cumulated[entry] += self._cumulated[entry - 1]
        self._cumulated[last[length > 0]] = np.inf
        self._end = last

    def draw(self, rows: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        """Return the first next state whose cumulated probability is above the random number, by bisection."""
        low, high = self._start[rows], self._end[rows]
        while (low < high).any():
            middle = (low + high) // 2
            is_past = self._cumulated[middle] <= uniform
            low, high = np.where(is_past, middle + 1, low), np.where(is_past, high, middle)
        return self._next[low].astype(np.int64)


def _read_features(model: MDP, features: Any, n_desires: int) -> np.ndarray:
    shape = model.n_states, model.n_actions, n_desires
    found = np.array(validate.number_array(features, "features", 3, "(state, action, desire)"), dtype=np.float64)
    if found.shape == shape:
        found[~model.available] = 0.0
        found[model.is_terminal] = 0.0
    return _finite_table(found, shape, "features", "(n_states, n_actions, n_desires)")


def _finite_table(values: np.ndarray, shape: tuple[int, ...], name: str, axes: str) -> np.ndarray:
    found = validate.number_table(values, shape, name, axes)
    if np.abs(found).max() > 1e150:
        raise ValueError(f"{name} holds {np.abs(found).max():g}, expected numbers of at most 1e150")
    found.setflags(write=False)
    return found


def _names(desires: Any, count: int) -> tuple[str, ...]:
    if desires is None:
        return tuple(f"desire {number}" for number in range(count))
    found = _distinct(desires, "desires")
    if len(found) != count:
        raise ValueError(f"desires has {len(found)} names, expected {count}, one for each column of variables")
    return found


def _distinct(names: Any, what: str) -> tuple[str, ...]:
    found = validate.texts(names, what)
    again = next((name for place, name in enumerate(found) if name in found[:place]), None)
    if again is not None:
        raise ValueError(f"{what} has {again!r} twice, expected names that differ")
    return found
