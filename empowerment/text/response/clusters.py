"""Channels from prompts to clusters of sampled answers, known by counts."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from empowerment.capacity.estimation.from_counts import capacity_from_counts
from empowerment.capacity.estimation.result import EstimatedCapacity
from empowerment.core import validate
from empowerment.results.result import Result, Table
from empowerment.text.response.prompts import Prompts
from empowerment.text.token_model import TokenModel, check_model


@dataclass(frozen=True, eq=False, repr=False)
class SampledCapacity(Result):
    """Estimate of the capacity of a channel from sampled answers.

    Attributes
    ----------
    mode : str
        "clusters".
    estimate : EstimatedCapacity
        The estimate with its confidence interval, its bias, and a test against independence of prompt and answer. It
        is no certificate: the interval misses the capacity about as often as its level says.
    inputs : tuple of str
        Labels of the prompts.
    model : str
        Name of the token model.

    See Also
    --------
    SampledChannel.capacity : Compute this estimate.
    empowerment.capacity_from_counts : The estimator.

    Examples
    --------
    >>> from empowerment.text import TableModel, cluster_channel
    >>> person = TableModel({"Tea?": {" yes": 0.9, " no": 0.1}, "No tea?": {" no": 0.9, " yes": 0.1}, "": {"": 1.0}})
    >>> channel = cluster_channel(person, ["Tea?", "No tea?"], 50, rng=0)
    >>> result = channel.capacity(rng=0, n_draws=100, n_null=100)
    >>> result.estimate.detected, result.inputs
    (True, ('Tea?', 'No tea?'))
    """

    _parts = (EstimatedCapacity,)

    mode: str
    estimate: EstimatedCapacity
    inputs: tuple[str, ...]
    model: str

    def _table(self) -> Table:
        """Return a row for each number with its interval."""
        return self.estimate._table()

    def __repr__(self) -> str:
        return f"SampledCapacity(mode {self.mode}, {len(self.inputs)} inputs, {self.model}, {self.estimate!r})"


@dataclass(frozen=True, eq=False, repr=False)
class SampledChannel(Result):
    """Counts of sampled answers, by prompt and cluster.

    Attributes
    ----------
    mode : str
        "clusters".
    inputs : tuple of str
        Label of each prompt.
    outputs : tuple
        Label of each cluster.
    counts : ndarray of int of shape (n_inputs, n_outputs)
        Number of answers of each cluster to each prompt.
    texts : tuple of tuples of str
        The sampled answers to each prompt.
    temperature : float
        Temperature of the sampler. Another temperature is another channel.
    max_tokens : int
        Length at which answers were cut.
    model : str
        Name of the token model.

    See Also
    --------
    cluster_channel : Sample such a channel.
    ResponseChannel : A channel known by its probabilities.

    Examples
    --------
    >>> from empowerment.text import TableModel, cluster_channel
    >>> person = TableModel({"Tea?": {" yes": 0.9, " no": 0.1}, "": {"": 1.0}})
    >>> channel = cluster_channel(person, ["Tea?"], 50, rng=0)
    >>> sorted(channel.outputs), int(channel.counts.sum())
    (['no', 'yes'], 50)
    """

    mode: str
    inputs: tuple[str, ...]
    outputs: tuple[Hashable, ...]
    counts: np.ndarray
    texts: tuple[tuple[str, ...], ...]
    temperature: float
    max_tokens: int
    model: str

    def capacity(self, **options: Any) -> SampledCapacity:
        """Estimate the capacity.

        Parameters
        ----------
        **options
            Arguments of :func:`empowerment.capacity_from_counts`.

        Returns
        -------
        SampledCapacity
            The estimate with its statistical interval.
        """
        return SampledCapacity(self.mode, capacity_from_counts(self.counts, **options), self.inputs, self.model)

    def _table(self) -> Table:
        """Return a row for each prompt, with how often each kind of answer came."""
        return Table("input", self.inputs, {str(name): self.counts[:, y] for y, name in enumerate(self.outputs)})

    def __repr__(self) -> str:
        return (
            f"SampledChannel(mode {self.mode}, {len(self.inputs)} inputs, {len(self.outputs)} clusters of "
            f"{self.counts.sum()} texts, temperature {self.temperature:g}, {self.model})"
        )


def cluster_channel(
    model: TokenModel,
    prompts: Sequence[str],
    n: int,
    *,
    cluster: Callable[[list[str]], Sequence[Hashable]] | None = None,
    max_tokens: int = 16,
    temperature: float = 1.0,
    rng: np.random.Generator | int | None = None,
    labels: Sequence[Any] | None = None,
    workers: int = 1,
    progress: bool | str = "auto",
) -> SampledChannel:
    """Sample answers to each prompt and count their clusters.

    Parameters
    ----------
    model : TokenModel
        A model of any tier.
    prompts : sequence of str
        The inputs.
    n : int
        Number of answers to draw for each prompt.
    cluster : callable, optional
        Given all answers, those to the first prompt first, returns a label for each; answers with equal labels are
        one output. By default two answers are one output if they are equal up to surrounding white space. The
        function must not know which answer belongs to which prompt: clusters that depend on the prompt show
        differences where there are none.
    max_tokens : int
        Length at which answers are cut.
    temperature : float
        Temperature of the sampler, which is part of the channel: at 0 every prompt has one answer.
    rng : numpy.random.Generator, int or None
        Random source. With one the draws can be repeated, if the model supports seeds; each prompt has draws of its
        own.
    labels : sequence, optional
        Labels of the prompts; by default the prompts.
    workers : int
        Number of concurrent requests.
    progress : bool or "auto"
        Show a progress bar. ``"auto"`` shows it on a terminal, once a second has passed.

    Returns
    -------
    SampledChannel
        The counts, the labels of the clusters and the answers.

    Raises
    ------
    ValueError
        If `cluster` does not return one label for each text.
    TokenModelError
        If a prompt got no answer.

    See Also
    --------
    SampledChannel.capacity : Estimate the capacity.
    answer_channel : Make the channel to answers whose probabilities are reported.
    empowerment.capacity_from_counts : Estimate a capacity from counts.

    Examples
    --------
    >>> from empowerment.text import TableModel, cluster_channel
    >>> person = TableModel({"Tea?": {" yes": 0.9, " no": 0.1}, "No tea?": {" no": 0.9, " yes": 0.1}, "": {"": 1.0}})
    >>> channel = cluster_channel(person, ["Tea?", "No tea?"], 20, rng=0)
    >>> channel
    SampledChannel(mode clusters, 2 inputs, 2 clusters of 40 texts, temperature 1, table-...)
    >>> channel.counts.sum(axis=1).tolist()
    [20, 20]
    """
    inputs = Prompts.checked(prompts, labels, workers, progress)
    names = inputs.labels
    check_model(model)
    n, max_tokens = (
        validate.positive_int(n, "n", most=validate.MOST_DRAWS),
        validate.horizon(max_tokens, "max_tokens"),
    )
    temperature = validate.finite(temperature, "temperature", least=0.0)
    if cluster is not None and not callable(cluster):
        raise TypeError(f"cluster is {validate.shown(cluster)}, expected a function of a list of texts, or None")
    seeds: dict[str, int | None] = dict.fromkeys(inputs.texts)
    if rng is not None:
        seeds = dict(zip(inputs.texts, _seeds(rng, len(inputs.texts)), strict=True))
    texts = inputs.ask(
        lambda prompt: model.sample(prompt, n, max_tokens=max_tokens, temperature=temperature, seed=seeds[prompt])
    )
    flat = [text for each in texts for text in each]
    kinds = list((cluster or _equal_texts)(flat))
    if len(kinds) != len(flat):
        raise ValueError(f"cluster returned {len(kinds)} labels for {len(flat)} texts, expected one for each")
    outputs = {kind: y for y, kind in enumerate(dict.fromkeys(kinds))}
    counts = np.zeros((len(names), len(outputs)), dtype=np.int64)
    rows = np.repeat(np.arange(len(names)), [len(each) for each in texts])
    np.add.at(counts, (rows, np.array([outputs[kind] for kind in kinds])), 1)
    return SampledChannel(
        mode="clusters",
        inputs=names,
        outputs=tuple(outputs),
        counts=counts,
        texts=tuple(map(tuple, texts)),
        temperature=temperature,
        max_tokens=max_tokens,
        model=model.name,
    )


def _equal_texts(texts: list[str]) -> list[str]:
    return [text.strip() for text in texts]


def _seeds(rng: np.random.Generator | int, count: int) -> list[int]:
    """Draw seeds for a language model."""
    if isinstance(rng, np.random.Generator):
        return [int(each) for each in rng.integers(2**32, size=count)]
    return [int(each) for each in np.random.SeedSequence(validate.seed(rng, "rng")).generate_state(count)]
