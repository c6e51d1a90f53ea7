"""Influence of messages on desires and choices, by the kind of step."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from empowerment.capacity.solve import channel_capacity
from empowerment.core import validate
from empowerment.core.intervals import unit_name
from empowerment.desire.comparison.pictures import influence_picture
from empowerment.desire.influence.context import CALM, MEASURES, TIMED, UNTIMED, ContextInfluence
from empowerment.desire.parameters import DesireParameters
from empowerment.export.tables import data_frame
from empowerment.results.result import Result, Table
from empowerment.text.influence.amounts import Amount
from empowerment.text.influence.audit import influence_audit
from empowerment.text.influence.table import information

LEVEL = 0.95
N_DRAWS = 1000

_BY_CONSTRUCTION = (
    "Desires change at events only, whatever is said: the 0 of calm steps follows from that, and is no finding."
)


@dataclass(frozen=True, eq=False, repr=False)
class DesireInfluence(Result):
    """Influence of messages on desires and choices, indexed by the kinds of steps.

    Desires change at events alone, so in calm steps messages have no effect by construction, unless `receptivity` is
    above 0.

    Attributes
    ----------
    contexts : tuple of str
        Kinds of steps that occurred for every will: "timed" has an event, "calm" has none, "untimed" are all, and the
        name of an emotion stands for events that are nearest to it.
    messages, wills, choices : tuple
        Labels.
    silence : str or None
        The message that adds nothing.
    prior : ndarray of shape (n_wills,)
        Probability of each will. A will is the initial desire of agents, not the current one.
    seeds : tuple of int
        Seeds of the runs.
    n_steps : int
        Number of steps of a run.
    strength, receptivity : float
        Factor of the messages, and their effect in steps without an event.
    resolution : int or None
        Number of steps to which desires were rounded for decisions; None if they were not.
    parameters : DesireParameters
        The parameters of the simulation.
    chances : ndarray of shape (n_contexts, n_seeds, n_messages, n_wills, n_choices)
        Probabilities of choices, summed over the steps of each seed.
    apart : ndarray of shape (n_contexts, n_seeds, 3, n_wills)
        Capacities of single steps, summed in the same way: values, lower and upper ends.
    counts : ndarray of int of shape (n_contexts, n_seeds, n_wills)
        Number of steps.
    base, tol : float
        Base of the logarithm, and the width that was asked for of the interval of each capacity.

    See Also
    --------
    desire_influence : Make this measurement.
    ContextInfluence : The influence in steps of one kind.

    Examples
    --------
    >>> from empowerment.desire import Riders, desire_influence
    >>> influence = desire_influence(Riders(), seeds=[0], n_steps=24)
    >>> "untimed" in influence, influence.unit
    (True, 'bits')
    """

    _parts = (DesireParameters,)

    contexts: tuple[str, ...]
    messages: tuple[Any, ...]
    wills: tuple[Any, ...]
    choices: tuple[Any, ...]
    silence: Any
    prior: np.ndarray
    seeds: tuple[int, ...]
    n_steps: int
    strength: float
    receptivity: float
    resolution: int | None
    parameters: DesireParameters
    chances: np.ndarray
    apart: np.ndarray
    counts: np.ndarray
    base: float
    tol: float

    @property
    def unit(self) -> str:
        """Name of the unit of information."""
        return unit_name(self.base)

    @property
    def event_known(self) -> Amount:
        """Targeted control over all steps if it is known of each step whether it has an event.

        At least that of "untimed", which averages over both kinds.
        """
        kinds = [self[name] for name in (TIMED, CALM) if name in self.contexts]
        ends = {
            end: sum(kind.share * getattr(kind.audit.targeted_by_will, end) for kind in kinds)
            for end in ("value", "lower", "upper")
        }
        return Amount(**ends, base=self.base, tol=self.tol).mean(self.prior)

    def __len__(self) -> int:
        return len(self.contexts)

    def __iter__(self) -> Iterator[str]:
        return iter(self.contexts)

    def __contains__(self, context: object) -> bool:
        return context in self.contexts

    def __getitem__(self, context: str) -> ContextInfluence:
        """Return the influence in steps of one kind."""
        number = validate.index_of(context, {name: i for i, name in enumerate(self.contexts)}, "context")
        return self._found[number]

    @cached_property
    def _found(self) -> tuple[ContextInfluence, ...]:
        return tuple(map(self._in_context, range(len(self.contexts))))

    def _in_context(self, number: int) -> ContextInfluence:
        counts = self.counts[number].sum(axis=0)
        responses = _mean(self.chances[number].sum(axis=0), counts)
        labels: dict[str, Any] = {"messages": self.messages, "wills": self.wills, "choices": self.choices}
        value, lower, upper = self.apart[number].sum(axis=0) / counts
        return ContextInfluence(
            context=self.contexts[number],
            responses=responses,
            audit=influence_audit(
                responses, prior=self.prior, silence=self.silence, base=self.base, tol=self.tol, labels=labels
            ),
            apart=Amount(value, lower, upper, self.base, self.tol).mean(self.prior),
            intervals=self._intervals(number) if len(self.seeds) > 1 else None,
            counts=counts,
            share=counts / (len(self.seeds) * self._steps_of_a_seed),
        )

    @property
    def _steps_of_a_seed(self) -> int:
        return int(self.counts[self.contexts.index(UNTIMED), 0, 0])

    def _intervals(self, number: int) -> dict[str, tuple[float, float]]:
        times = _resamples(self.counts[number])
        counts = times @ self.counts[number]
        tables = _mean(np.einsum("ds,smtx->dmtx", times, self.chances[number]), counts[:, None, :])
        left = information(tables, self.prior) / np.log(self.base)
        drawn = {
            "targeted": self._capacities(tables.swapaxes(1, 2)) @ self.prior,
            "untargeted": self._capacities(np.einsum("t,dmtx->dmx", self.prior, tables)),
            "least_left": left.min(axis=1),
            "mean_left": left.mean(axis=1),
            "apart": (times @ self.apart[number, :, 0] / counts) @ self.prior,
        }
        if self.silence is not None:
            drawn["silent"] = left[:, self.messages.index(self.silence)]
        ends = {name: np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) for name, values in drawn.items()}
        return {name: (float(ends[name][0]), float(ends[name][1])) for name in MEASURES if name in ends}

    def _capacities(self, channels: np.ndarray) -> np.ndarray:
        rows = np.ascontiguousarray(channels.reshape(-1, *channels.shape[-2:]))
        found = channel_capacity(rows, base=self.base, tol=self.tol)
        return np.asarray(found.value).reshape(channels.shape[:-2])

    def plot(
        self,
        ax: Any = None,
        title: str | None = None,
        vmin: float | None = None,
        vmax: float | None = None,
        *,
        contexts: Iterable[str] | None = None,
    ) -> Any:
        """Draw influence by the kind of step; see :func:`empowerment.plotting.plot_timing`.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; a new figure by default.
        title : str, optional
            Title.
        vmin, vmax : float, optional
            Ends of the axis of values.
        contexts : iterable of str, optional
            Kinds of steps; by default all.

        Returns
        -------
        matplotlib.axes.Axes
            The axes.
        """
        return influence_picture(self, contexts, ax, title, vmin, vmax)

    def _table(self) -> Table:
        """Convert the result into a table.

        With the number of steps, every measure, its certified ends ("_lower", "_upper"), and what resamples of the
        seeds lie between ("_from", "_to"; missing for a single seed).
        """
        rows = []
        for each in self._found:
            row: dict[str, Any] = {"context": each.context, "steps": int(each.counts.sum())}
            for measure in MEASURES:
                amount, between = each.amount(measure), (each.intervals or {}).get(measure, (None, None))
                for end in ("value", "lower", "upper"):
                    name = measure if end == "value" else f"{measure}_{end}"
                    row[name] = None if amount is None else float(getattr(amount, end))
                row[f"{measure}_from"], row[f"{measure}_to"] = between
            rows.append(row)
        return Table("row", None, {name: [row[name] for row in rows] for name in rows[0]})

    def responses_dataframe(self) -> Any:
        """Convert the responses into a table.

        Returns
        -------
        pandas.DataFrame
            One row for each kind of steps, will and message, with the probabilities of the choices.
        """
        rows = [
            {"context": each.context, "will": will, "message": message}
            | {str(choice): float(each.responses[m, t, x]) for x, choice in enumerate(self.choices)}
            for each in self._found
            for t, will in enumerate(self.wills)
            for m, message in enumerate(self.messages)
        ]
        return data_frame({name: [row[name] for row in rows] for name in rows[0]}, "row")

    @property
    def _setting(self) -> str:
        runs = "1 run" if len(self.seeds) == 1 else f"{len(self.seeds)} runs"
        heard = f", receptivity {self.receptivity:g}" if self.receptivity else ""
        rounded = "exact desires" if self.resolution is None else f"desires in steps of 1/{self.resolution}"
        return f"{runs} of {self.n_steps} steps, strength {self.strength:g}{heard}, {rounded}"

    @property
    def _lines(self) -> list[tuple[str, ...]]:
        head = ("", "steps", *(measure.replace("_", " ") for measure in MEASURES))
        rows = [
            (each.context, str(int(each.counts.sum())), *(_digits(each.amount(measure)) for measure in MEASURES))
            for each in self._found
        ]
        return [head, *rows]

    @property
    def _notes(self) -> list[str]:
        known = f"untimed, but known whether there is an event: targeted {_digits(self.event_known)}"
        return [known] if self.receptivity else [known, _BY_CONSTRUCTION]

    def __repr__(self) -> str:
        table = self._lines
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = ["  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)) for row in table]
        return "\n  ".join([f"DesireInfluence({self._setting}; {self.unit})", *lines, *self._notes])

    def _repr_html_(self) -> str:
        def line(tag: str, cells: tuple[str, ...]) -> str:
            return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

        head, *rows = self._lines
        caption = html.escape(f"Influence on desires: {self._setting}; {self.unit}")
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self._notes)
        body = "".join(line("td", row) for row in rows)
        return f"<table><caption>{caption}</caption>{line('th', head)}{body}</table>{notes}"


def _mean(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return mean rows of probabilities from their sums, normalized."""
    rows = sums / counts[..., :, None]
    return np.asarray(rows / rows.sum(axis=-1, keepdims=True))


def _resamples(counts: np.ndarray) -> np.ndarray:
    """Draw numbers of each seed, of shape (N_DRAWS, n_seeds), such that every will has a step."""
    rng, n_seeds = np.random.default_rng(0), len(counts)
    even = np.full(n_seeds, 1 / n_seeds)
    times = rng.multinomial(n_seeds, even, size=N_DRAWS)
    while (lacking := ~(times @ counts).all(axis=-1)).any():
        times[lacking] = rng.multinomial(n_seeds, even, size=int(lacking.sum()))
    return times


def _digits(amount: Amount | None) -> str:
    return "" if amount is None else f"{amount.value:.4f}"
