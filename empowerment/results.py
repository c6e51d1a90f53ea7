"""What the solvers return: numbers, the intervals that prove them, and how they were made."""

from __future__ import annotations

import enum
import math
import os
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from empowerment import validate

if TYPE_CHECKING:
    from empowerment.averages import AverageEmpowerment
    from empowerment.layout import GridLayout


class Status(enum.IntEnum):
    """How a capacity was reached, as an integer that fits into arrays; ``sentence`` says what to do."""

    CERTIFIED = 0
    RESTARTED = 1
    SQUAREM = 2
    BLAHUT_ARIMOTO = 3
    MAX_ITER = 4
    PRECISION = 5
    NO_SEQUENCE = 6
    BOUNDED = 7
    HANDED_OVER = 8

    @property
    def sentence(self) -> str:
        """What the status means and, where something can be done, what."""
        return _SENTENCES[self]


_SENTENCES = {
    Status.CERTIFIED: "certified: the interval is no wider than the tolerance",
    Status.RESTARTED: "certified, but the interior-point method had to start again from the uniform distribution",
    Status.SQUAREM: "certified, but only after SQUAREM went on where the working set stopped short",
    Status.BLAHUT_ARIMOTO: "certified, but only after plain Blahut-Arimoto went on where the others stopped short",
    Status.MAX_ITER: "the iteration limit came first: the interval holds but is wider than the tolerance; "
    "raise max_iter or tol",
    Status.PRECISION: "rounding errors came first: the interval holds but is wider than the tolerance; raise tol",
    Status.NO_SEQUENCE: "no action sequence of this length is available (with feedback: whatever is done may lead to "
    "where no action is), so there is nothing to choose from",
    Status.BOUNDED: "not every action sequence was looked at: the interval holds but is wider than the tolerance; "
    "raise max_sequences and memory, or shorten the horizon, for an exact value",
    Status.HANDED_OVER: "certified, but on the CPU: on the device the iteration stopped short",
}


class ConvergenceWarning(UserWarning):
    """The interval holds but is wider than the tolerance that was asked for."""


KINDS = {
    "counting": "exact",
    "enumeration": "exact",
    "column-generation": "exact",
    "dynamic-programming": "exact",
    "policy-trees": "exact",
    "soft-dynamic-programming": "exact",
    "sequence-form": "exact",
    "interval": "interval",
    "sampled": "lower bound",
}
"""What a method of `empowerment` is worth: of an exact one the interval is as wide as rounding makes it."""

OPTIONS = (
    *("horizon", "sensor", "output", "known_to", "feedback", "stopping"),
    *("backend", "base", "tol", "rtol"),
)
"""What an `EmpowermentResult` tells of the question, as plain values: files, tables and trees carry all of it."""

ON_FAILURE = ("warn", "raise", "ignore")


def tell_failure(sentence: str, on_failure: str, stacklevel: int = 3) -> None:
    """Say that a tolerance was missed, in the way the caller of a public function chose among `ON_FAILURE`."""
    if on_failure == "raise":
        raise RuntimeError(sentence)
    if on_failure == "warn":
        warnings.warn(sentence, ConvergenceWarning, stacklevel=stacklevel)


def unit_name(base: float) -> str:
    """Return the name of the unit of information that belongs to a base of the logarithm."""
    return {2.0: "bits", math.e: "nats", 10.0: "hartleys"}.get(float(base), f"base-{base:g} units")


def _exact(values: Any) -> Any:
    """Return what can be computed with in double precision: JAX does so with its own arrays only where told to.

    Inside a transformation there are no numbers yet, and it has been told.
    """
    try:
        return np.asarray(values)[()]
    except TypeError:
        return values


class Interval:
    """What every certified result offers: its gap, whether that met the tolerance, and its unit."""

    value: Any
    lower: Any
    upper: Any
    tol: float
    rtol: float
    base: float

    @property
    def gap(self) -> np.ndarray:
        """Width of the certified interval."""
        return _exact(self.upper) - _exact(self.lower)

    @property
    def converged(self) -> np.ndarray:
        """Whether ``upper - lower <= max(tol, rtol * lower)``, and nothing else."""
        return (self.gap <= self.tol) | (self.gap <= self.rtol * _exact(self.lower))

    @property
    def unit(self) -> str:
        """Name of the unit of information."""
        return unit_name(self.base)

    def stated(self) -> str:
        """State one number as a repr does: with its interval, which stands alone where the tolerance was missed."""
        lower, upper = _exact(self.lower), _exact(self.upper)
        interval = f"[{lower:.10g}, {upper:.10g}]"
        if not self.converged:
            return f"{interval} {self.unit}"
        return f"{_exact(self.value):.10g} {self.unit} in {interval}"

    def stated_range(self) -> str:
        """State what several numbers lie between: values, or intervals where one of them missed the tolerance."""
        value, lower, upper = (np.asarray(end) for end in (self.value, self.lower, self.upper))
        digits = 10 if value.size == 1 else 6
        if not np.all(self.converged):
            return f"[{lower.min():.{digits}g}, {upper.max():.{digits}g}] {self.unit}"
        least, most = f"{value.min():.{digits}g}", f"{value.max():.{digits}g}"
        return f"{least if value.size == 1 else f'{least} to {most}'} {self.unit}"


@dataclass(frozen=True, eq=False, repr=False)
class CapacityResult(Interval):
    """A channel capacity with the interval that is proved to hold it.

    The fields are shaped like what they answer: scalars of NumPy for one channel, arrays with a first axis over
    channels for a batch.

    Attributes
    ----------
    value : float
        Best estimate, between `lower` and `upper`; without rewards never below 0.
    lower, upper : float
        The capacity lies between them; `lower` is the information at `input_distribution` plus its expected
        reward, `upper` the largest divergence of a row from `output_distribution` plus its reward, both on the
        caller's matrix, rounded outward.
    input_distribution : ndarray of shape (n_inputs,), or (n_channels, largest n_inputs) padded with zeros
        Proves `lower`. Where several inputs do the same it is one optimum of many.
    output_distribution : ndarray of shape (n_outputs,), or (n_channels, largest n_outputs) padded with zeros
        Proves `upper`; as close to the (unique) optimal one as the gap says, not always that of
        `input_distribution`.
    n_iter : int
        Steps of the method: interior-point steps and Blahut-Arimoto passes.
    n_passes : int
        How often the whole (reduced) matrix was read.
    status : Status, or ndarray of int
    method, backend : str
    base : float
        Base of the logarithm, 2 for bits.
    tol, rtol : float
        The width that was asked for.
    shapes : ndarray of int of shape (n_channels, 2), or None
        Number of inputs and outputs of each channel of a batch; None for one channel.
    """

    value: np.ndarray | np.float64
    lower: np.ndarray | np.float64
    upper: np.ndarray | np.float64
    input_distribution: np.ndarray
    output_distribution: np.ndarray
    n_iter: np.ndarray | np.integer
    n_passes: np.ndarray | np.integer
    status: Any
    method: str
    backend: str
    base: float
    tol: float
    rtol: float
    shapes: np.ndarray | None = None

    def __float__(self) -> float:
        if self.shapes is not None:
            raise TypeError(f"the result holds {len(self.shapes)} channels; name one first: float(result[0])")
        return float(self.value)

    def __len__(self) -> int:
        if self.shapes is None:
            raise TypeError("the result of one channel has no length")
        return len(self.shapes)

    def __getitem__(self, channel: int) -> CapacityResult:
        """Return the result of one channel of a batch."""
        if self.shapes is None:
            raise TypeError("this is the result of one channel already")
        n_inputs, n_outputs = self.shapes[channel]
        one = {name: getattr(self, name)[channel] for name in ("value", "lower", "upper", "n_iter", "n_passes")}
        return replace(
            self,
            **one,
            input_distribution=self.input_distribution[channel, :n_inputs],
            output_distribution=self.output_distribution[channel, :n_outputs],
            status=Status(int(np.asarray(self.status)[channel])),
            shapes=None,
        )

    def __repr__(self) -> str:
        if self.shapes is not None:
            good = int(np.sum(self.converged))
            missed = f", {len(self) - good} NOT converged" if good < len(self) else ""
            return (
                f"CapacityResult({len(self)} channels: {self.stated_range()}, widest interval {self.gap.max():.1e}, "
                f"{good} of {len(self)} converged{missed}, {self.method} on {self.backend})"
            )
        return (
            f"CapacityResult({self.stated()}, gap {self.gap:.1e}, "
            f"{'converged' if self.converged else 'NOT converged'}, {self.method} on {self.backend}, "
            f"{self.n_iter} steps)\n  {Status(int(self.status)).sentence}"
        )


@dataclass(frozen=True, eq=False)
class Sequences:
    """For each state the action sequences that carry the optimum, one after the other.

    Attributes
    ----------
    actions : ndarray of int of shape (n_sequences, horizon)
        Sequences that stop before the horizon end in -1.
    weights : ndarray of shape (n_sequences,)
        Probability of each sequence under the optimal input distribution.
    offsets : ndarray of int of shape (n_states + 1,)
        Those of state i are the ones from ``offsets[i]`` up to ``offsets[i + 1]``.
    """

    actions: np.ndarray
    weights: np.ndarray
    offsets: np.ndarray


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
    optimal : Sequences or None
        None if they were not kept.
    layout : GridLayout or None
        The model's layout, for pictures.
    beliefs : ndarray of shape (n_beliefs, n_states of the model) or None
        Where beliefs were asked for; `states` are then their numbers.
    known_to : str
        Who knows the first state, where beliefs were asked for.
    feedback : bool
        Whether actions react to what is observed.
    """

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
    optimal: Sequences | None = None
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
        optimal = None
        if self.optimal is not None:
            own = slice(*self.optimal.offsets[i : i + 2])
            actions = self.optimal.actions[own]
            optimal = Sequences(actions, self.optimal.weights[own], np.array([0, len(actions)]))
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
            optimal=optimal,
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
            Each sequence with its probability under the optimal input distribution that was found, one of
            many where the optimum is not unique. Sequences of a probability below 1e-6 are not kept, and of
            several with the same effect there is one.

        Raises
        ------
        ValueError
            If the sequences were not kept.
        """
        i = self._position(state)
        if self.optimal is None:
            raise ValueError(
                "the action sequences were not kept: that takes keep_sequences=True. Actions that react have none, "
                "and where trajectories of a deterministic world are counted each is as probable as any other"
            )
        first, last = self.optimal.offsets[i : i + 2]
        order = first + np.argsort(-self.optimal.weights[first:last], kind="stable")
        return [
            (tuple(self.actions[a] for a in self.optimal.actions[k] if a >= 0), float(self.optimal.weights[k]))
            for k in order
        ]

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
        from empowerment.averages import average

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
        from empowerment.storage import save

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
        from empowerment.storage import load

        return load(validate.path(path, "path"), memory)

    def to_dataframe(self) -> Any:
        """Return a pandas DataFrame with one row for each state."""
        from empowerment.export import to_dataframe

        return to_dataframe(self)

    def to_xarray(self) -> Any:
        """Return an xarray Dataset over the dimension "state", with the options as attributes."""
        from empowerment.export import to_xarray

        return to_xarray(self)
