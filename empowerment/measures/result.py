"""What is known of the empowerment of states: numbers, the intervals that prove them, and how they were made."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from empowerment.core import validate
from empowerment.core.intervals import Interval
from empowerment.core.status import KINDS
from empowerment.measures.sequences import Sequences, TracedSequences

if TYPE_CHECKING:
    from empowerment.core.layout import GridLayout
    from empowerment.measures.averages import AverageEmpowerment


@dataclass(frozen=True, eq=False, repr=False)
class EmpowermentResult(Interval):
    """The empowerment of states, each with the interval that is proved to hold it.

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
    """

    host_fields: ClassVar[tuple[str, ...]] = ("state_numbers", "optimal", "beliefs")

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
        """What each state's method is worth: "exact", "interval", or "lower bound" where sequences were drawn."""
        return np.array([KINDS[method] for method in self.method.tolist()])

    def __len__(self) -> int:
        return len(self.states)

    def __float__(self) -> float:
        if len(self) != 1:
            raise TypeError(f"the result holds {len(self)} states; name one first: float(result[state])")
        return float(self.value[0])

    def __getitem__(self, state: Any) -> EmpowermentResult:
        """Return the result of one state."""
        i = self._position(state)
        part = slice(i, i + 1)
        return replace(
            self,
            value=self.value[part],
            lower=self.lower[part],
            upper=self.upper[part],
            status=self.status[part],
            method=self.method[part],
            states=self.states[part],
            state_numbers=self.state_numbers[part],
            beliefs=self.beliefs if self.beliefs is None else self.beliefs[part],
            optimal=None if self.optimal is None else self.optimal.only(i),
        )

    def __repr__(self) -> str:
        missed = len(self) - int(self.converged.sum())
        note = f", {missed} NOT converged" if missed else ""
        count = "1 state" if len(self) == 1 else f"{len(self)} states"
        return (
            f"EmpowermentResult({count}, horizon {self.horizon}: {self.stated_range()}, "
            f"widest interval {self.gap.max():.1e}{note}, {self.methods})"
        )

    @property
    def methods(self) -> str:
        """The methods that were used, with the number of states of each where there are several."""
        names, counts = np.unique(self.method, return_counts=True)
        if names.size == 1:
            return str(names[0])
        return ", ".join(f"{count} by {name}" for name, count in zip(names, counts, strict=True))

    def _position(self, state: Any) -> int:
        try:
            return {label: place for place, label in enumerate(self.states)}[state]
        except (KeyError, TypeError):
            listed = ", ".join(map(repr, self.states[:6])) + (", …" if len(self) > 6 else "")
            found = validate.shown(state)
            raise KeyError(f"no result for state {found}; the {len(self)} states are {listed}") from None

    def sequences(self, state: Any) -> list[tuple[tuple[Any, ...], float]]:
        """Return the action sequences that carry the optimum in a state, the most probable first.

        Parameters
        ----------
        state : hashable
            Label of a state of this result.

        Returns
        -------
        list of (tuple of action labels, float)
            Each sequence with its probability under the optimal input distribution, one of many where the optimum
            is not unique. Of several sequences with the same effect there is one, and a probability below 1e-6
            counts as 0. In a deterministic world the sequences are traced when asked for.

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
        """Return the average over the states or beliefs.

        Parameters
        ----------
        weights : array_like of shape (n_states,), optional
            How much each counts, a distribution; by default all alike.

        Returns
        -------
        AverageEmpowerment
            With the averages of the ends, which hold for it.
        """
        from empowerment.measures.averages import average

        return average(self, weights)

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the result, as a map if the model has a layout; see :func:`empowerment.plotting.plot_empowerment`."""
        from empowerment.plotting import plot_empowerment

        return plot_empowerment(self, ax=ax, **options)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything into an ``.npz`` file (no pickle), whole or not at all; see :meth:`load`.

        Raises
        ------
        TypeError
            If a label or the layout is of a kind that JSON cannot hold.
        OSError
            If nothing can be written there. What is replaced must be a regular file, and hands its mode on; of a
            symbolic link the target is replaced.
        """
        from empowerment.export.npz import save

        save(self, validate.path(path, "path"))

    @staticmethod
    def load(path: str | os.PathLike[str], memory: float = 4e9) -> EmpowermentResult:
        """Read what :meth:`save` wrote, if nothing in the file has changed since.

        Parameters
        ----------
        path : path
        memory : float
            The most bytes that the arrays in the file may take; a larger file is refused before it is unpacked.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is not a saved result, is damaged, or was written by another version of the library; the message
            names the file and what in it is wrong.
        MemoryError
            If it would unpack to more than `memory`.
        """
        from empowerment.export.npz import load

        return load(validate.path(path, "path"), memory, EmpowermentResult._from_fields)

    @classmethod
    def _from_fields(cls, fields: dict[str, Any]) -> EmpowermentResult:
        """Return the result of its fields, sequences by the names of their arrays."""
        optimal = fields.pop("optimal")
        if optimal is None:
            return cls(**fields, optimal=None)
        if "offsets" in optimal:
            return cls(**fields, optimal=Sequences(**optimal))
        question = {name: fields[name] for name in ("horizon", "stopping")}
        return cls(**fields, optimal=TracedSequences(**optimal, **question, starts=fields["state_numbers"]))

    def to_dataframe(self) -> Any:
        """Return a pandas DataFrame with one row for each state."""
        from empowerment.export.tables import to_dataframe

        return to_dataframe(self)

    def to_xarray(self) -> Any:
        """Return an xarray Dataset over the dimension "state", with the options as attributes."""
        from empowerment.export.tables import to_xarray

        return to_xarray(self)
