"""Response channels: from prompts to the answers of a person or a model, as far as a token model reports them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from empowerment.capacity.partial.result import CapacityBounds
from empowerment.capacity.result import CapacityResult
from empowerment.core import validate
from empowerment.core.channel import Channel
from empowerment.core.status import ON_FAILURE, Status
from empowerment.results.certified import Certified
from empowerment.results.result import Result, Table


@dataclass(frozen=True, eq=False, repr=False)
class ResponseCapacity(Certified):
    """Capacity of a response channel, with a certified interval.

    Attributes
    ----------
    lower, upper : float
        Bounds on the capacity of every channel that agrees with what the model reported.
    mode : str
        "open" or "menu".
    outputs : str
        "next token" or "answers".
    length : str
        "total", or "per token" where log-probabilities were divided by lengths.
    slack : float
        Amount by which both ends were moved outward because the provider rounds its probabilities.
    solution : CapacityResult or CapacityBounds
        Result of the solver, before that.
    inputs : tuple of str
        Labels of the prompts.
    model : str
        Name of the token model.
    base, tol, rtol : float
        Base of the logarithm, and the width that was asked for.

    See Also
    --------
    ResponseChannel.capacity : Compute this capacity.
    empowerment.capacity_bounds : The solver for channels that are known in part.

    Examples
    --------
    >>> from empowerment.text import TableModel, next_token_channel
    >>> person = TableModel({"Tea?": {" yes": 0.9, " no": 0.1}, "No tea?": {" yes": 0.1, " no": 0.9}})
    >>> capacity = next_token_channel(person, ["Tea?", "No tea?"]).capacity()
    >>> round(capacity.lower, 6), round(capacity.upper, 6), capacity.input_distribution.round(3).tolist()
    (0.531004, 0.531004, [0.5, 0.5])
    """

    _parts = (CapacityResult, CapacityBounds)

    lower: float
    upper: float
    mode: str
    outputs: str
    length: str
    slack: float
    solution: Any
    inputs: tuple[str, ...]
    model: str
    base: float
    tol: float
    rtol: float = 0.0

    @property
    def value(self) -> float:
        """Middle of the interval: no estimate, all of it is possible."""
        return 0.5 * (self.lower + self.upper)

    @property
    def method(self) -> str:
        """How the ends were found."""
        return str(self.solution.method)

    @property
    def input_distribution(self) -> np.ndarray:
        """Input distribution that attains `lower`."""
        chosen = self.solution if isinstance(self.solution, CapacityResult) else self.solution.minimum
        return chosen.input_distribution

    @property
    def status(self) -> Status:
        """How close the ends are to those of all channels that agree with what the model told."""
        return self.solution.status

    def __repr__(self) -> str:
        kind = f"mode {self.mode}, {self.outputs}" + (", per token" if self.length == "per token" else "")
        return (
            f"ResponseCapacity([{self.lower:.6g}, {self.upper:.6g}] {self.unit}, gap {self.gap:.2g}, {kind}, "
            f"{len(self.inputs)} inputs, {self.model})"
        )


@dataclass(frozen=True, eq=False, repr=False)
class ResponseChannel(Result):
    """Channel from prompts to answers, as far as a token model reports it.

    Attributes
    ----------
    mode : str
        "open": `observed` holds the probabilities of some answers, and the residual of each row belongs to others.
        "menu": only these answers are possible; each row was divided by its sum.
    outputs_are : str
        "next token" or "answers".
    inputs : tuple of str
        Label of each prompt.
    outputs : tuple of str
        Label of each column.
    observed : ndarray of shape (n_inputs, n_outputs)
        Reported probabilities.
    residual : ndarray of shape (n_inputs,)
        Remaining probability of each row.
    listed : ndarray of bool of shape (n_inputs, n_outputs)
        Whether the model reported this entry. Of other entries only the cap is known.
    caps : ndarray of shape (n_inputs,)
        Upper bound on every entry of the row that the model did not report.
    unseen : float
        Number of answers without a column.
    rounding : float
        Largest relative error of an entry, as providers that compute in single precision have.
    length : str
        "total", or "per token": log-probabilities were divided by the number of tokens and are no probabilities of a
        model; see :func:`answer_channel`.
    model : str
        Name of the token model.

    See Also
    --------
    next_token_channel : Make the channel to the next token.
    answer_channel : Make the channel to whole answers.
    empowerment.Channel : A channel that is known completely.

    Examples
    --------
    >>> from empowerment.text import TableModel, next_token_channel
    >>> person = TableModel({"Tea?": {" yes": 0.9, " no": 0.1}, "No tea?": {" yes": 0.1, " no": 0.9}})
    >>> channel = next_token_channel(person, ["Tea?", "No tea?"])
    >>> channel.outputs, channel.observed.round(3).tolist()
    ((' yes', ' no'), [[0.9, 0.1], [0.1, 0.9]])
    """

    mode: str
    outputs_are: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    observed: np.ndarray
    residual: np.ndarray
    listed: np.ndarray
    caps: np.ndarray
    unseen: float
    rounding: float
    length: str
    model: str

    def capacity(
        self,
        *,
        tol: float = 1e-9,
        base: float | str = 2,
        backend: str | None = None,
        on_failure: str = "warn",
    ) -> ResponseCapacity:
        """Bound the capacity of all channels that agree with what the model reported.

        Parameters
        ----------
        tol : float
            Width wanted of the certified interval of each end, in the result's unit.
        base : float or "e"
            2 for bits, ``math.e`` or ``"e"`` for nats.
        backend : {"numba", "reference", "jax"}, optional
            See :func:`empowerment.channel_capacity`.
        on_failure : {"warn", "raise", "ignore"}
            What to do when the interval of an end stays wider than that.

        Returns
        -------
        ResponseCapacity
            The capacity with its certified interval.

        Warns
        -----
        ConvergenceWarning
            If the tolerance is missed and ``on_failure="warn"``.

        Notes
        -----
        If every column is reported for every row, the residual lies outside all columns; otherwise it may also lie in
        columns that the row does not list, each with at most its cap: see :func:`empowerment.capacity_bounds`. If the
        relative error of the entries is at most d, the rows have an error of at most e = d / (1 - d) in total
        variation, and the capacity one of ``e log(K - 1) + h(e)`` with K the number of inputs; both ends are moved
        outward by that amount.
        """
        validate.one_of(on_failure, ON_FAILURE, "on_failure")
        base = validate.base(base)
        options: dict[str, Any] = {"tol": tol, "base": base, "backend": backend, "on_failure": on_failure}
        solution = self._solution(options)
        slack = self._slack() / math.log(base)
        return ResponseCapacity(
            lower=max(float(solution.lower) - slack, 0.0),
            upper=min(float(solution.upper) + slack, math.log(len(self.inputs), base) * (1 + 1e-14)),
            mode=self.mode,
            outputs=self.outputs_are,
            length=self.length,
            slack=slack,
            solution=solution,
            inputs=self.inputs,
            model=self.model,
            base=base,
            tol=tol,
        )

    def _solution(self, options: dict[str, Any]) -> Any:
        from empowerment.capacity.partial.bounds import capacity_bounds
        from empowerment.capacity.solve import channel_capacity

        if not self.residual.any():
            return channel_capacity(Channel.from_valid(np.ascontiguousarray(self.observed)), **options)
        if self.listed.all():
            return capacity_bounds(self.observed, self.residual, residual_in="outside", unseen=self.unseen, **options)
        return capacity_bounds(
            self.observed,
            self.residual,
            residual_in="unlisted",
            listed=self.listed,
            caps=self.caps,
            unseen=self.unseen,
            **options,
        )

    def renormalised(self) -> Channel:
        """Return the channel in which each listed row is divided by its sum, as if no other answer were possible.

        For comparison only: with a residual this is not the model's channel, and its capacity tends to be too large.

        Returns
        -------
        Channel
            The renormalized channel.
        """
        return Channel(self.observed, inputs=self.inputs, outputs=self.outputs, normalize=True)

    def _table(self) -> Table:
        """Return a row for each prompt: the probability of each answer, and what is left for others."""
        columns = {str(name): self.observed[:, y] for y, name in enumerate(self.outputs)}
        return Table("input", self.inputs, columns | {"residual": self.residual})

    def _slack(self) -> float:
        """Return the largest change of the capacity by rounding, in nats."""
        from empowerment.capacity.partial.continuity import largest_change

        return largest_change(min(self.rounding / (1 - self.rounding), 1.0), len(self.inputs))

    def __repr__(self) -> str:
        rest = f", up to {self.residual.max():.3g} not listed" if self.residual.any() else ""
        lengths = ", per token" if self.length == "per token" else ""
        return (
            f"ResponseChannel(mode {self.mode}, {len(self.inputs)} inputs, {len(self.outputs)} {self.outputs_are}"
            f"{' columns' if self.outputs_are == 'next token' else ''}{lengths}{rest}, {self.model})"
        )
