"""Empowerment in a world that is known from samples: an estimate for each state, its interval, a test of chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from empowerment.actuation.sensor import Sensor, make_sensor
from empowerment.core import validate
from empowerment.core.status import ON_FAILURE, report_failure
from empowerment.measures.estimated_result import EstimatedEmpowerment
from empowerment.measures.state_empowerment import empowerment
from empowerment.models.mdp import MDP
from empowerment.models.sampled import SampledModel, dirichlet_draw, normalised
from empowerment.runtime.progress import progress_bar

# Fewer samples of a row for each next state that was seen make its estimate, and the interval, unreliable.
_ENOUGH = 5
# Entries of transitions to draw and solve at a time, between which progress is shown and interrupts are handled.
_CHUNK = 1 << 18


def estimated_empowerment(
    model: SampledModel,
    horizon: int = 1,
    *,
    states: Any = None,
    sensor: Any = None,
    level: float = 0.95,
    n_draws: int = 1000,
    n_bias: int = 200,
    n_null: int = 200,
    rng: np.random.Generator | int | None = None,
    tol: float = 1e-6,
    base: float | str = 2,
    backend: str | None = None,
    on_failure: str = "warn",
    progress: bool | str = "auto",
) -> EstimatedEmpowerment:
    """Estimate the n-step empowerment of states from samples of the world, with credible intervals and a test.

    Parameters
    ----------
    model : SampledModel
        Counts of transitions and a prior.
    horizon : int
        Number of actions, fixed before the first of them.
    states : state label or list of state labels, optional
        States to start from; by default every state.
    sensor : None, "state", callable or array_like of shape (n_states, n_readings)
        What is read, as for :func:`empowerment`. It is known; what is estimated are transitions.
    level : float
        Level of the intervals and of the test, between 0 and 1.
    n_draws : int
        Number of models drawn from the posterior.
    n_bias : int
        Number of samples of the same size, drawn from the mean model, for the bias of the plug-in; 0 leaves it out.
    n_null : int
        Number of permutations for the test of whether actions matter at all; 0 skips the test.
    rng : numpy.random.Generator, int or None
        Random source; the same seed gives the same result.
    tol : float
        Width wanted of the certified interval of each single value, in the result's unit. Keep it far below the
        widths of the intervals.
    base : float or "e"
        2 for bits, ``math.e`` or ``"e"`` for nats.
    backend : {"numba", "reference", "jax"}, optional
        See :func:`empowerment`.
    on_failure : {"warn", "raise", "ignore"}
        What to do when the certified interval of a drawn value stays wider than the tolerance.
    progress : bool or "auto"
        Show a progress bar over the draws. ``"auto"`` shows it on a terminal, once a second has passed.

    Returns
    -------
    EstimatedEmpowerment
        For each state the posterior mean and the credible interval, the plug-in with its bias, the p-value, and the
        number of samples of the rows within reach. Its `kind` is "estimate".

    Raises
    ------
    TypeError
        If `model` is no SampledModel.
    ValueError
        If there are too few draws for the level, or an argument or a state is not known.
    RuntimeError
        If a tolerance is missed and ``on_failure="raise"``.

    Warns
    -----
    ConvergenceWarning
        If a tolerance is missed and ``on_failure="warn"``.

    See Also
    --------
    SampledModel : The counts.
    empowerment : Compute the empowerment of a world that is known.
    capacity_from_counts : Estimate the capacity of one channel.

    Notes
    -----
    *Interval.* Every row is drawn from its Dirichlet posterior and the empowerment of the model drawn is computed
    exactly; the ends are quantiles of these values. If the true world was drawn from the prior, they hold it as often
    as the level says. A posterior never contains a value of 0, so the interval is no test of one.

    *Plug-in.* The empowerment of the mean model. A capacity is convex in its rows, so that the estimate errs upward;
    `bias` is by how much it does on average for samples of the same size from the mean model.

    *Test.* If actions do not matter, then in each state every way to deal out the next states that were seen to the
    actions is as likely. The p-value is the share of such permutations, the true one among them, with a plug-in at
    least as large.

    All draws of a chunk are one model, in which the copies of the world lie side by side, so that they are solved as
    one batch.

    References
    ----------
    Gelman, Carlin, Stern, Dunson, Vehtari and Rubin (2013), "Bayesian data analysis", section 3.4.

    Examples
    --------
    A switch that works, and one that does not:

    >>> import empowerment as emp
    >>> works = emp.SampledModel([[[28, 2], [3, 27]], [[27, 3], [1, 29]]])
    >>> broken = emp.SampledModel([[[14, 16], [15, 15]], [[16, 14], [15, 15]]])
    >>> for lamp in (works, broken):
    ...     found = emp.estimated_empowerment(lamp, states=0, rng=0)
    ...     print(found.value.round(1), found.detected)
    [0.6] [ True]
    [0.] [False]
    """
    if not isinstance(model, SampledModel):
        raise TypeError(
            f"model is {validate.shown(model)}, expected a SampledModel; empowerment takes a model that is known"
        )
    validate.one_of(on_failure, ON_FAILURE, "on_failure")
    horizon, level = validate.short_horizon(horizon), validate.level(level)
    n_draws = validate.enough_draws(n_draws, 0.5 * (1.0 - level), "n_draws")
    n_bias = 0 if validate.whole(n_bias) == 0 else validate.positive_int(n_bias, "n_bias", most=validate.MOST_DRAWS)
    n_null = 0 if validate.whole(n_null) == 0 else validate.enough_draws(n_null, 1.0 - level, "n_null")
    rng = validate.generator(rng)
    mean = model.mean()
    numbers = mean.state_indices(states)
    options: dict[str, Any] = {"tol": tol, "base": base, "backend": backend}
    question = _Question(mean, make_sensor(sensor, mean), numbers, horizon, options)
    labels = [mean.states[number] for number in numbers.tolist()]
    plug_in = empowerment(mean, horizon, states=labels, sensor=sensor, on_failure="ignore", progress=False, **options)
    with progress_bar(n_draws + n_bias + n_null, "estimated empowerment", "draw", progress) as advance:
        drawn = _Drawn(question, advance)
        posterior = drawn.values(_posterior(model, rng), n_draws)
        again = drawn.values(_resampled(model, rng), n_bias) if n_bias else None
        null = drawn.values(_shuffled(model, rng), n_null) if n_null else None
    missed = drawn.missed + int((~plug_in.converged).sum())
    if missed:
        report_failure(f"{missed} of the drawn values are known less closely than tol={tol:g}", on_failure)
    reach = _samples_within_reach(model, numbers, horizon)
    lower, upper = np.quantile(posterior, (0.5 * (1.0 - level), 0.5 * (1.0 + level)), axis=0)
    return EstimatedEmpowerment(
        value=posterior.mean(axis=0),
        lower=lower,
        upper=upper,
        plug_in=plug_in,
        bias=None if again is None else again.mean(axis=0) - plug_in.value,
        p_value=None if null is None else _p_values(null, plug_in.value, tol),
        null_quantile=None if null is None else np.quantile(null, level, axis=0, method="higher"),
        n_samples=np.array([least for least, _ in reach]),
        undersampled=np.array([not enough for _, enough in reach]),
        draws=posterior,
        level=level,
        states=plug_in.states,
        horizon=horizon,
        sensor=plug_in.sensor,
        layout=plug_in.layout,
        base=plug_in.base,
    )


class _Question(NamedTuple):
    """What is asked of every drawn model.

    Attributes
    ----------
    mean : MDP
    sensor : Sensor
    numbers : ndarray of int of shape (n_asked,)
        Numbers of the states.
    horizon : int
    options : mapping
        Options of the solver.
    """

    mean: MDP
    sensor: Sensor
    numbers: np.ndarray
    horizon: int
    options: Mapping[str, Any]


class _Source(NamedTuple):
    """A source of random rows: their pattern, and a function that draws entries up to a factor for each row."""

    pattern: sparse.csr_array
    entries: Callable[[], np.ndarray]


class _Drawn:
    """Values of drawn models, and how many of them missed the tolerance."""

    def __init__(self, question: _Question, advance: Callable[[int], object]) -> None:
        self.question, self.advance, self.missed = question, advance, 0

    def values(self, source: _Source, count: int) -> np.ndarray:
        """Return the empowerment of the states asked in `count` drawn models: shape (count, n_asked)."""
        question, pattern = self.question, source.pattern
        step = max(1, _CHUNK // max(pattern.nnz, 1))
        parts = []
        for first in range(0, count, step):
            size = min(step, count - first)
            model = _side_by_side(question.mean, pattern, [source.entries() for _ in range(size)])
            starts = (np.arange(size)[:, None] * question.mean.n_states + question.numbers).reshape(-1)
            found = empowerment(
                model,
                question.horizon,
                states=starts,
                sensor=sparse.csr_array(sparse.vstack([question.sensor.matrix] * size)),
                on_failure="ignore",
                progress=False,
                **question.options,
            )
            self.missed += int((~found.converged).sum())
            parts.append(found.value.reshape(size, -1))
            self.advance(size)
        return np.concatenate(parts)


def _side_by_side(mean: MDP, pattern: sparse.csr_array, entries: list[np.ndarray]) -> MDP:
    """Return one model that consists of a copy of the world for each draw of its rows."""
    size, n_states = len(entries), mean.n_states
    counts = np.diff(pattern.indptr)
    indptr = np.concatenate([[0], np.cumsum(np.tile(counts, size))])
    indices = (np.arange(size)[:, None] * n_states + pattern.indices).reshape(-1)
    rows = sparse.csr_array(
        (np.concatenate(entries), indices, indptr), shape=(size * pattern.shape[0], size * n_states)
    )
    return MDP(
        normalised(rows),
        terminal=np.tile(mean.is_terminal, size).tolist(),
        available=np.tile(mean.available, (size, 1)),
    )


def _posterior(model: SampledModel, rng: np.random.Generator) -> _Source:
    return _Source(model.weights, lambda: dirichlet_draw(model.weights, rng))


def _resampled(model: SampledModel, rng: np.random.Generator) -> _Source:
    """Draw samples of the same size from the mean model, and add the pseudo-counts."""
    weights = model.weights
    lengths = np.diff(weights.indptr)
    rows = np.repeat(np.arange(lengths.size), lengths)
    columns = np.arange(weights.nnz) - np.repeat(weights.indptr[:-1], lengths)
    chances = np.zeros((lengths.size, int(lengths.max(initial=1))))
    chances[rows, columns] = normalised(weights).data
    chances[lengths == 0, 0] = 1.0
    n = np.where(lengths > 0, model.n_samples.reshape(-1), 0)
    prior = np.asarray(model.prior[rows, weights.indices]).reshape(-1)
    return _Source(weights, lambda: rng.multinomial(n, chances)[rows, columns] + prior)


def _shuffled(model: SampledModel, rng: np.random.Generator) -> _Source:
    """Deal out the next states of each state to its actions at random, and add the pseudo-counts.

    The rows of all actions of a state have the same pattern: what any of them has led to or may lead to.
    """
    n_states, n_actions = model.n_states, model.n_actions
    counts, n_samples = model.counts.toarray().reshape(n_states, n_actions, n_states), model.n_samples
    kept = (np.diff(model.weights.indptr) > 0).reshape(n_states, n_actions)
    prior = model.prior.toarray().reshape(counts.shape) * kept[:, :, None]
    possible = ((counts + prior).any(axis=1)[:, None, :] & kept[:, :, None]).reshape(-1, n_states)
    pattern = sparse.csr_array(possible.astype(np.float64))
    pooled = (counts * kept[:, :, None]).sum(axis=1).astype(np.int64)

    def entries() -> np.ndarray:
        dealt = np.zeros(counts.shape)
        for state in np.flatnonzero(pooled.any(axis=1)):
            rest = pooled[state].copy()
            for action in np.flatnonzero(kept[state] & (n_samples[state] > 0)):
                part = rng.multivariate_hypergeometric(rest, n_samples[state, action], method="marginals")
                dealt[state, action] = part
                rest -= part
        return (dealt + prior).reshape(possible.shape)[possible]

    return _Source(pattern, entries)


def _p_values(null: np.ndarray, plug_in: np.ndarray, tol: float) -> np.ndarray:
    """Return the share of permutations, the true one among them, with a plug-in at least as large."""
    return (1 + (null >= plug_in - tol).sum(axis=0)) / (len(null) + 1.0)


def _samples_within_reach(model: SampledModel, starts: np.ndarray, horizon: int) -> list[tuple[int, bool]]:
    """Return for each start the least number of samples of a row within reach, and whether all rows have enough."""
    n_actions, counts = model.n_actions, model.counts
    kept, n_samples = (np.diff(model.weights.indptr) > 0).tolist(), model.n_samples.reshape(-1).tolist()

    def of_start(start: int) -> tuple[int, bool]:
        reached, front, least, enough = {start}, [start], None, True
        for _ in range(horizon):
            pairs = [state * n_actions + action for state in front for action in range(n_actions)]
            following: set[int] = set()
            for pair in (pair for pair in pairs if kept[pair]):
                seen = counts.indices[counts.indptr[pair] : counts.indptr[pair + 1]].tolist()
                least = n_samples[pair] if least is None else min(least, n_samples[pair])
                enough &= n_samples[pair] >= _ENOUGH * max(len(seen), 1)
                following.update(seen)
            front = [state for state in following if state not in reached]
            reached |= following
        return least or 0, enough

    return [of_start(start) for start in starts.tolist()]
