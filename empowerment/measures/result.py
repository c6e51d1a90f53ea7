"""What is known of the empowerment of states: numbers, the intervals that prove them, and how they were made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from empowerment.core.layout import GraphLayout, GridLayout, Layout
from empowerment.core.status import KINDS
from empowerment.measures.sequences import Sequences, TracedSequences
from empowerment.results.certified import Labelled, counted

if TYPE_CHECKING:
    from empowerment.measures.averages import AverageEmpowerment


@dataclass(frozen=True, eq=False, repr=False)
class EmpowermentResult(Labelled):
    """Empowerment of states, with certified intervals.

    Sized, iterable over the labels of the states, and indexed by them.

    Attributes
    ----------
    value, lower, upper : ndarray of shape (n_states,)
        Empowerment of each state, and the ends it is proved to lie between.
    status : ndarray of int of shape (n_states,)
        A :class:`Status` for each state.
    states : tuple
        Labels of the states that were asked for.
    state_numbers : ndarray of int of shape (n_states,)
        Their numbers in the model.
    actions : tuple
        Labels of the model's actions.
    horizon : int
    sensor, output : str
        What is read ("state", "function" or "matrix"), and whether the last reading or all of them count.
    method : ndarray of str of shape (n_states,)
        How each state was answered; `kind` says what that is worth.
    backend : str
        "numba", "reference" or "jax".
    stopping : bool
        Whether sequences of fewer actions count as well.
    base, tol, rtol : float
    optimal : Sequences, TracedSequences or None
        What :meth:`sequences` makes its answer of; None of policies with feedback, and of counted trajectories.
    layout : GridLayout or None
        The model's layout, for pictures.
    beliefs : ndarray of shape (n_beliefs, n_states of the model) or None
        Where beliefs were asked for; `states` are then their numbers.
    known_to : str
        Who knows the first state, where beliefs were asked for.
    feedback : bool
        Whether actions react to what is observed.

    See Also
    --------
    empowerment : Compute the empowerment of states.
    horizon_sweep : Compute it at several horizons.

    Examples
    --------
    >>> import empowerment as emp
    >>> result = emp.empowerment(emp.worlds.grid_world(["..."]), 2)
    >>> result.states, result.value.round(4).tolist(), result.methods
    (((0, 0), (0, 1), (0, 2)), [1.585, 1.585, 1.585], 'counting')
    >>> result.sequences((0, 0))[0]
    (('north', 'north'), 0.3333333333333333)
    """

    host_fields: ClassVar[tuple[str, ...]] = ("state_numbers", "optimal", "beliefs")
    _each = ("value", "lower", "upper", "status", "method", "states", "state_numbers", "beliefs")
    _parts = (GridLayout, GraphLayout, Sequences, TracedSequences)

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    status: np.ndarray
    states: tuple[Any, ...]
    state_numbers: np.ndarray
    actions: tuple[Any, ...]
    horizon: int
    sensor: str
    output: str
    stopping: bool
    method: np.ndarray
    backend: str
    base: float
    tol: float
    rtol: float
    optimal: Sequences | TracedSequences | None = None
    layout: GridLayout | None = None
    beliefs: np.ndarray | None = None
    known_to: str = "nobody"
    feedback: bool = False

    @property
    def kind(self) -> np.ndarray:
        """What each state's method proves: "exact", "interval", or "lower bound" where sequences were sampled."""
        return np.array([KINDS[method] for method in self.method.tolist()])

    @property
    def _axes(self) -> Mapping[str, Sequence[Any]]:
        return {"state": self.states}

    @property
    def _subject(self) -> str:
        return f"{counted(len(self), 'state')}, horizon {self.horizon}"

    @property
    def _details(self) -> Sequence[str]:
        return (self.methods,)

    def _part(self, part: slice) -> dict[str, Any]:
        optimal = None if self.optimal is None else self.optimal.only(part.start)
        return super()._part(part) | {"optimal": optimal}

    def _check(self) -> None:
        from empowerment.export.result_checks import check_result

        layout: Any = self.layout
        if layout is not None and not isinstance(layout, Layout):
            kind = type(layout).__name__
            raise TypeError(f"a layout of type {kind} cannot be saved, expected a GridLayout or a GraphLayout")
        check_result(self)

    @property
    def methods(self) -> str:
        """The methods that were used, by name, with the number of states of each if there are several."""
        names, counts = np.unique(self.method, return_counts=True)
        if names.size == 1:
            return str(names[0])
        return ", ".join(f"{count} by {name}" for name, count in zip(names, counts, strict=True))

    def sequences(self, state: Any) -> list[tuple[tuple[Any, ...], float]]:
        """Return the action sequences of the optimal input distribution in a state, the most probable first.

        Parameters
        ----------
        state : hashable
            Label of a state of this result.

        Returns
        -------
        list of (tuple of action labels, float)
            Each sequence with its probability under the input distribution that proves the lower end, one of many if
            the optimum is not unique. Sequences of less than 1e-4 of the largest probability are left out, and of
            several with the same effect there is one. In a deterministic world they are traced when asked for.

        Raises
        ------
        KeyError
            If there is no such state.
        ValueError
            If there are no sequences: policies with feedback are none, and where the trajectories of a deterministic
            world are counted each is as probable as any other. Also if the horizon is too long to be traced.
        MemoryError
            If the sequences would take more than the option ``memory`` of the computation.
        """
        i = self._position(state)
        if self.optimal is None:
            raise ValueError(
                "the result has no action sequences: policies with feedback are none, averages have none, and where "
                "trajectories of a deterministic world are counted each is as probable as any other"
            )
        actions, weights = self.optimal.of_state(i)
        order = np.argsort(-weights, kind="stable")
        return [(tuple(self.actions[a] for a in actions[k] if a >= 0), float(weights[k])) for k in order]

    def average(self, weights: Any = None) -> AverageEmpowerment:
        """Compute the average over the states or beliefs.

        Parameters
        ----------
        weights : array_like of shape (n_states,), optional
            Probability of each state; uniform by default.

        Returns
        -------
        AverageEmpowerment
            The average value between the averages of the ends.
        """
        from empowerment.measures.averages import average

        return average(self, weights)

    def plot(
        self,
        ax: Any = None,
        title: str | None = None,
        vmin: float | None = None,
        vmax: float | None = None,
        **options: Any,
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
        **options
            Arguments of the function that draws.

        Returns
        -------
        matplotlib.axes.Axes
            The axes.
        """
        from empowerment.plotting import plot_empowerment

        return plot_empowerment(self, ax=ax, title=title, vmin=vmin, vmax=vmax, **options)

    def to_xarray(self) -> Any:
        """Convert the result into an xarray Dataset over the dimension "state".

        Returns
        -------
        xarray.Dataset
            The values by the labels of the states, with the options as attributes.
        """
        from empowerment.export.tables import to_xarray

        return to_xarray(self)
