"""The result of empowerment over skills, in deterministic worlds and in stochastic ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from empowerment.actuation.occupancy.closed_form import lasting_steps, later_distances
from empowerment.core.layout import GraphLayout, GridLayout
from empowerment.measures.skill_policies import PolicyTable, Question, recomputed_ends
from empowerment.measures.skill_walks import Start, Walks, walk_ends
from empowerment.models.mdp import MDP, as_mdp
from empowerment.results.certified import Labelled


class Skill(NamedTuple):
    """A deterministic policy, as the walk that it takes from the start.

    Attributes
    ----------
    states : tuple
        The labels of the states in the order in which they are visited; in a stochastic world of those in which the
        policy may be. Only if T begins with 1 the start may be among them twice: first with the first action, then
        with that of later visits.
    actions : tuple
        The label of the action in each of them.
    repeats : int or None
        The place in `states` to which the last action leads back: from there on the walk repeats itself. None in a
        stochastic world.
    probability : float
        Of the skill under the input distribution that proves the lower end.
    """

    states: tuple[Any, ...]
    actions: tuple[Any, ...]
    repeats: int | None
    probability: float


@dataclass(frozen=True, eq=False, repr=False)
class SkillEmpowerment(Labelled):
    """Empowerment over skills, for several initial states, with certified intervals.

    Sized, iterable over the labels of the states, and indexed by them.

    Attributes
    ----------
    value, lower, upper : ndarray of shape (n_states,)
        The empowerment of each state, and the ends it is proved to lie between, for all policies there are.
    status : ndarray of int of shape (n_states,)
        A :class:`Status` for each state: ``NO_SEQUENCE`` where every policy may come to a dead end, ``NODE_LIMIT`` or
        ``TIME_LIMIT`` where the search was ended.
    method : str
        "lassos": deterministic policies, priced by dynamic programming. "branch-and-bound": a search of all policies.
    kind : ndarray of str of shape (n_states,)
        "exact" within the tolerance, or an "interval" that the search left open.
    states : tuple
        Labels of the states that were asked for.
    state_numbers : ndarray of int of shape (n_states,)
        Their numbers in the model.
    all_states, actions : tuple
        Labels of the model.
    discount : float
    include_start : bool
        Whether the random time T begins with 0, or with 1.
    backend : str
    base, tol, rtol : float
    output_distribution : ndarray of shape (n_states, n_states of the model), or (n_states, n_readings)
        The distributions of the state, or of the reading, at time T that prove `upper`.
    walks : Walks or None
        What :meth:`skills` makes its answer of in deterministic worlds; they prove `lower`.
    table : PolicyTable or None
        The same of a search.
    initial : ndarray of shape (n_states, n_states of the model) or None
        Distributions of the initial state, which are numbered instead of labelled.
    sensor : ndarray of shape (n_states of the model, n_readings) or None
        Distribution of the reading in each state; None if the state itself is read.
    readings : tuple or None
        Labels of the readings.
    layout : GridLayout, GraphLayout or None
        The model's layout, for pictures.

    See Also
    --------
    skill_empowerment : Compute it.
    skill_empowerment_bound : Bound it by distances alone.

    Examples
    --------
    >>> import empowerment as emp
    >>> result = emp.skill_empowerment(emp.worlds.grid_world(["..."]), 0.5)
    >>> result.value.round(6).tolist(), bool(result.converged.all())
    ([0.392317, 0.584963, 0.392317], True)
    >>> result.skills((0, 0))[0].states
    ((0, 0),)
    """

    _each = ("value", "lower", "upper", "status", "states", "state_numbers", "output_distribution")
    _parts = (GridLayout, GraphLayout, Walks, PolicyTable)
    beliefs = None  # which pictures of states ask for
    quantity = "empowerment over skills"

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    status: np.ndarray
    states: tuple[Any, ...]
    state_numbers: np.ndarray
    all_states: tuple[Any, ...]
    actions: tuple[Any, ...]
    discount: float
    include_start: bool
    backend: str
    base: float
    tol: float
    rtol: float
    output_distribution: np.ndarray
    walks: Walks | None = None
    table: PolicyTable | None = None
    initial: np.ndarray | None = None
    sensor: np.ndarray | None = None
    readings: tuple[Any, ...] | None = None
    layout: Any = None

    @property
    def method(self) -> str:
        """How the values were found."""
        return "lassos" if self.table is None else "branch-and-bound"

    @property
    def kind(self) -> np.ndarray:
        """What each value is worth: "exact" within the tolerance, or an "interval" that the search left open."""
        return np.where(self.converged, "exact", "interval")

    @property
    def _axes(self) -> Mapping[str, Sequence[Any]]:
        return {"state" if self.initial is None else "start": self.states}

    @property
    def _subject(self) -> str:
        return f"{super()._subject}, discount {self.discount:g}"

    def _part(self, part: slice) -> dict[str, Any]:
        walks = self.walks and self.walks.only(part.start)
        table = self.table and self.table.only(part.start)
        initial = None if self.initial is None else self.initial[part]
        return super()._part(part) | {"walks": walks, "table": table, "initial": initial}

    def _check(self) -> None:
        super()._check()
        if (self.walks is None) == (self.table is None):
            raise ValueError("walks and table are both given or both missing, expected one of them")

    @property
    def _from_start(self) -> bool:
        """Whether the start is a state like others: the long-run average does not know when T begins."""
        return self.include_start or self.discount == 1.0

    def skills(self, state: Any) -> list[Skill]:
        """Return the skills of the optimal input distribution in a state, the most probable first.

        Parameters
        ----------
        state : hashable
            Label of a state of this result.

        Returns
        -------
        list of Skill
            Those of less than 1e-4 of the largest probability are left out. With ``include_start=True`` the policy of
            a skill is ``dict(zip(skill.states, skill.actions))``; no other state is visited.

        Raises
        ------
        KeyError
            If there is no such state.
        """
        own = self._own(state)
        return [
            Skill(
                tuple(self.all_states[s] for s in states),
                tuple(self.actions[a] for a in actions),
                repeats,
                float(weight),
            )
            for (states, actions, repeats), weight in zip(own.visits(), own.weights, strict=True)
        ]

    def _own(self, state: Any) -> Walks | PolicyTable:
        """Return the stored skills of a state that are no traces, the most probable first."""
        stored = self.walks if self.table is None else self.table
        assert stored is not None
        return stored.only(self._position(state)).most_probable()

    def policies(self, state: Any) -> np.ndarray:
        """Return the actions of the skills of a state, in the order of :meth:`skills`.

        Parameters
        ----------
        state : hashable
            Label of a state of this result.

        Returns
        -------
        ndarray of int of shape (n_skills, n_states of the model)
            Numbers of actions; -1 where a skill never is. A skill that comes back to the start with
            ``include_start=False`` has the action of its later visits there. An optimal skill has the same action in
            the first one, ``skills(state)[k].actions[0]``; one that is not quite optimal need not.

        Raises
        ------
        KeyError
            If there is no such state.

        Examples
        --------
        >>> import empowerment as emp
        >>> result = emp.skill_empowerment(emp.worlds.grid_world(["..."]), 0.5)
        >>> result.policies((0, 0))
        array([[ 0, -1, -1],
               [ 2,  0, -1],
               [ 2,  2,  0]])
        """
        return self._own(state).policies(len(self.all_states))

    def occupancies(self, state: Any) -> np.ndarray:
        """Return the occupancies of the skills of a state, in the order of :meth:`skills`.

        Parameters
        ----------
        state : hashable
            Label of a state of this result.

        Returns
        -------
        ndarray of shape (n_skills, n_states of the model)
            The distribution of the state at time T under each skill, exact but for rounding.

        Raises
        ------
        KeyError
            If there is no such state.

        Examples
        --------
        >>> import empowerment as emp
        >>> result = emp.skill_empowerment(emp.worlds.grid_world(["..."]), 0.5)
        >>> result.occupancies((0, 0))
        array([[1.  , 0.  , 0.  ],
               [0.5 , 0.5 , 0.  ],
               [0.5 , 0.25, 0.25]])
        """
        return self._own(state).occupancies(len(self.all_states), self.discount, self._from_start)

    def verify(self, model: Any) -> tuple[np.ndarray, np.ndarray]:
        """Recompute both ends of every interval from the skills and the output distributions alone.

        Parameters
        ----------
        model : MDP, or array of shape (n_states, n_actions, n_states)
            The world that was solved.

        Returns
        -------
        lower : ndarray of shape (n_states,)
            The information that the skills carry, in the result's unit, less a bound on the rounding errors.
        upper : ndarray of shape (n_states,)
            The largest divergence of any policy from the output distribution, by the kernel in plain NumPy, plus
            such a bound; the closed form if that is smaller. A search is repeated until it confirms the stored end,
            which may take some fifty times as long as the first one.

        Raises
        ------
        ValueError
            If the result belongs to another model.
        """
        model = as_mdp(model)
        if tuple(model.states) != self.all_states or tuple(model.actions) != self.actions:
            raise ValueError("model has other states or actions than the result, expected the model that was solved")
        if self.table is not None:
            ends = [self._search_ends(model, self.table, i) for i in range(len(self))]
            lower, upper = np.array(ends).T / math.log(self.base)
            return lower, upper
        assert self.walks is not None
        walks, taken = self.walks, self.walks.states >= 0
        if not (model.successors[walks.states, walks.actions] == walks.after())[taken].all():
            raise ValueError(
                "model does not lead where the skills of the result go, expected the model that was solved"
            )
        steps = lasting_steps(model)
        later = later_distances(steps, self.state_numbers, again=not self._from_start)
        ends = []
        for i, (number, q) in enumerate(zip(self.state_numbers.tolist(), self.output_distribution, strict=True)):
            start = Start(number, steps, later[i])
            ends.append(walk_ends(walks.only(i), start, q, self.discount, self._from_start))
        lower, upper = np.array(ends).T / math.log(self.base)
        return lower, upper

    def _search_ends(self, model: MDP, table: PolicyTable, i: int) -> tuple[float, float]:
        start = np.zeros(model.n_states)
        if self.initial is None:
            start[self.state_numbers[i]] = 1.0
        else:
            start = self.initial[i]
        sensor = None if self.sensor is None else sparse.csr_array(self.sensor)
        question = Question(model, start, self.discount, self.include_start, sensor)
        upper = float(self.upper[i]) * math.log(self.base)
        return recomputed_ends(question, table.only(i), self.output_distribution[i], upper)

    def plot(
        self, ax: Any = None, title: str | None = None, vmin: float | None = None, vmax: float | None = None
    ) -> Any:
        """Draw the result in the way that suits its world; see :func:`empowerment.plotting.plot_empowerment`.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; a new figure by default.
        title : str, optional
            Title; by default the name of the world and the quantity.
        vmin, vmax : float, optional
            Ends of the colours or of the axis of values.

        Returns
        -------
        matplotlib.axes.Axes
            The axes.
        """
        from empowerment.plotting import plot_empowerment

        return plot_empowerment(self, ax=ax, title=title, vmin=vmin, vmax=vmax)
