"""Results of several kinds of agents in the same world."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from empowerment.core import validate
from empowerment.desire.comparison.estimates import SeedEstimate, ratio_difference, ratio_estimate
from empowerment.desire.parameters import DesireParameters
from empowerment.results.result import Result, Table

_SHOWN = ("income", "health", "accepted", "accepted_possible", "accepted_far", "rests", "events")


@dataclass(frozen=True, eq=False, repr=False)
class AgentSummary(Result):
    """Measures of one kind of agent: sized, iterable over the measures, and indexed by them.

    Attributes
    ----------
    agent : str
        Name of the agent.
    seeds : tuple of int
        Seeds of the runs.
    measures : tuple of str
        Names of the measures.
    numerators, denominators : ndarray of shape (n_measures, n_seeds)
        A measure is the ratio of their sums.

    See Also
    --------
    AgentComparison : The summaries of several kinds.

    Examples
    --------
    >>> from empowerment.desire import compare_agents, greedy_rider
    >>> summary = compare_agents({"greedy": greedy_rider()}, seeds=range(2), n_steps=12)["greedy"]
    >>> "income" in summary, summary["income"].n_seeds
    (True, 2)
    """

    agent: str
    seeds: tuple[int, ...]
    measures: tuple[str, ...]
    numerators: np.ndarray
    denominators: np.ndarray

    def __len__(self) -> int:
        return len(self.measures)

    def __iter__(self) -> Iterator[str]:
        return iter(self.measures)

    def __contains__(self, measure: object) -> bool:
        return measure in self.measures

    def __getitem__(self, measure: str) -> SeedEstimate | None:
        """Return a measure; None if its denominator is 0, such as the number of orders."""
        return ratio_estimate(*self.ratio(measure))

    def ratio(self, measure: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the numerators and the denominators of a measure.

        Parameters
        ----------
        measure : str
            Name of the measure.

        Returns
        -------
        numerators : ndarray of shape (n_seeds,)
            One for each seed.
        denominators : ndarray of shape (n_seeds,)
            One for each seed.
        """
        i = validate.index_of(measure, {name: i for i, name in enumerate(self.measures)}, "measure")
        return self.numerators[i], self.denominators[i]

    def _table(self) -> Table:
        """Return a row for each measure that has something to count."""
        counted = {name: found for name in self if (found := self[name]) is not None}
        ends = {end: [getattr(found, end) for found in counted.values()] for end in ("value", "lower", "upper")}
        return Table("measure", tuple(counted), ends)

    def __repr__(self) -> str:
        measures_text = ", ".join(f"{name} {estimate_text(self[name])}" for name in shown_measures(self.measures))
        return f"AgentSummary({self.agent!r}: {measures_text})"


@dataclass(frozen=True, eq=False, repr=False)
class AgentComparison(Result):
    """Comparison of kinds of agents: sized, iterable over their names, and indexed by them.

    Attributes
    ----------
    agents : tuple of str
        Names of the agents.
    seeds : tuple of int
        Seeds of the runs.
    measures : tuple of str
        For all worlds: ``value_…``, the mean reward of a step for a desire; "events", the number of events of an
        agent in a run; ``event_…``, the share of events with an emotion of this name; ``desire_…``, the mean weight
        of a desire. For riders: "income" (a day), "health" (at the choice); "accepted", the share of the orders
        offered, "accepted_possible", of those offered at a health above 0, and "accepted_far", of the far ones;
        "rests", the share of slots; "gini" of the incomes of a run; ``richest_…`` and ``poorest_…``, those of the
        rider with the largest and the smallest income at the end; "spread", the difference of their incomes, a day.
    world : str
        Description of the world.
    n_agents, n_steps : int
        Numbers of agents and of steps of a run.
    parameters : DesireParameters
        The parameters of the simulation.
    numerators, denominators : ndarray of shape (n_kinds, n_measures, n_seeds)
        A measure is the ratio of their sums.

    See Also
    --------
    compare_agents : Make a comparison.

    Examples
    --------
    >>> from empowerment.desire import cautious_rider, compare_agents, greedy_rider
    >>> agents = {"greedy": greedy_rider(), "cautious": cautious_rider()}
    >>> comparison = compare_agents(agents, seeds=range(2), n_steps=12)
    >>> list(comparison), comparison.difference("greedy", "cautious", "income").value > 0
    (['greedy', 'cautious'], True)
    """

    _parts = (DesireParameters,)

    agents: tuple[str, ...]
    seeds: tuple[int, ...]
    measures: tuple[str, ...]
    world: str
    n_agents: int
    n_steps: int
    parameters: DesireParameters
    numerators: np.ndarray
    denominators: np.ndarray

    def __len__(self) -> int:
        return len(self.agents)

    def __iter__(self) -> Iterator[str]:
        return iter(self.agents)

    def __contains__(self, agent: object) -> bool:
        return agent in self.agents

    def __getitem__(self, agent: str) -> AgentSummary:
        """Return the summary of one kind."""
        i = validate.index_of(agent, {name: i for i, name in enumerate(self.agents)}, "agent")
        return AgentSummary(agent, self.seeds, self.measures, self.numerators[i], self.denominators[i])

    def difference(self, agent: str, other: str, measure: str) -> SeedEstimate | None:
        """Estimate the difference of a measure between two kinds of agents.

        Parameters
        ----------
        agent, other : str
            Names of the agents; the measure of `other` is subtracted.
        measure : str
            Name of the measure.

        Returns
        -------
        SeedEstimate or None
            The difference with the interval of paired differences; None if a measure has no estimate.
        """
        (above, below), (others_above, others_below) = self[agent].ratio(measure), self[other].ratio(measure)
        return ratio_difference((above, others_above), (below, others_below))

    def _table(self) -> Table:
        """Return a row for each agent and measure that has something to count."""
        rows = [(agent, name, self[agent][name]) for agent in self for name in self.measures]
        counted = [(agent, name, found) for agent, name, found in rows if found is not None]
        columns = {"agent": [row[0] for row in counted], "measure": [row[1] for row in counted]}
        numbers = {end: [getattr(row[2], end) for row in counted] for end in ("value", "lower", "upper")}
        return Table("row", None, columns | numbers)

    def __repr__(self) -> str:
        runs = "1 seed" if len(self.seeds) == 1 else f"{len(self.seeds)} seeds"
        kinds = "1 kind" if len(self) == 1 else f"{len(self)} kinds"
        lines = "".join(f"\n  {self[agent]!r}" for agent in self)
        return f"AgentComparison({kinds} of agents, {runs}, {self.n_steps} steps){lines}"

    def _repr_html_(self) -> str:
        names = shown_measures(self.measures)
        head = "".join(f"<th>{html.escape(name)}</th>" for name in ("agent", *names))
        rows = "".join(
            f"<tr><th>{html.escape(agent)}</th>"
            + "".join(f"<td>{estimate_text(self[agent][name])}</td>" for name in names)
            + "</tr>"
            for agent in self
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def shown_measures(measures: tuple[str, ...]) -> tuple[str, ...]:
    """Return the measures that a summary shows."""
    chosen = _SHOWN if set(_SHOWN) <= set(measures) else [name for name in measures if name.startswith("value_")]
    return (*chosen, *(("events",) if "events" not in chosen else ()))


def estimate_text(found: SeedEstimate | None, digits: int = 4) -> str:
    """Return an estimate as text: a value and how far the interval reaches to either side, or both ends."""
    if found is None:
        return "–"
    if found.n_seeds == 1:
        return f"{found.value:.{digits}g}"
    below, above = found.value - found.lower, found.upper - found.value
    rounding = 1e-12 * abs(found.value)
    if abs(below - above) <= max(1e-9 * above, rounding):
        return f"{found.value:.{digits}g} ± {above if above > rounding else 0:.2g}"
    return f"{found.value:.{digits}g} [{found.lower:.{digits}g}, {found.upper:.{digits}g}]"
