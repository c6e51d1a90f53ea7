"""Clusters of sampled answers: counted by a rule that does not know the prompts, and compared with chance."""

import numpy as np
import pytest

import empowerment as emp
from empowerment.text import Provider, TableModel, cluster_channel

PROMPTS = ["Tea?", "No tea?", "What?"]
READER = TableModel(
    {
        "Tea?": {" yes": 0.9, " no": 0.1},
        "No tea?": {" yes": 0.1, " no": 0.9},
        "What?": {" yes": 0.5, " no": 0.5},
        "": {"": 1.0},
    },
    name="reader",
)


def test_counts_are_those_of_the_texts():
    channel = cluster_channel(READER, PROMPTS, 50, rng=3)
    assert channel.counts.sum(axis=1).tolist() == [50, 50, 50]
    for row, texts in zip(channel.counts, channel.texts, strict=True):
        for label, count in zip(channel.outputs, row, strict=True):
            assert sum(text.strip() == label for text in texts) == count


def test_a_seed_repeats_the_draws_and_prompts_have_draws_of_their_own():
    twins = TableModel({"": {" a": 0.5, " b": 0.5}}, name="twins")
    one, other = (cluster_channel(twins, ["x", "y"], 40, max_tokens=1, rng=7) for _ in range(2))
    assert one.texts == other.texts
    assert one.texts[0] != one.texts[1]
    drawn = [cluster_channel(twins, ["x", "y"], 40, max_tokens=1, rng=np.random.default_rng(7)) for _ in range(2)]
    assert drawn[0].texts == drawn[1].texts


def test_clusters_put_texts_together():
    channel = cluster_channel(READER, PROMPTS, 20, cluster=lambda texts: ["any"] * len(texts), rng=0)
    assert channel.outputs == ("any",)
    assert channel.counts.tolist() == [[20], [20], [20]]
    with pytest.raises(ValueError, match="cluster returned 1 labels for 60 texts"):
        cluster_channel(READER, PROMPTS, 20, cluster=lambda texts: ["any"])


def test_the_estimate_names_its_mode_and_is_near_the_capacity():
    exact = emp.channel_capacity([[0.9, 0.1], [0.1, 0.9], [0.5, 0.5]])
    found = cluster_channel(READER, PROMPTS, 400, rng=1).capacity(n_draws=200, n_null=200, rng=0)
    assert found.mode == "clusters"
    assert "mode clusters" in repr(found)
    assert found.estimate.lower <= float(exact.value) <= found.estimate.upper
    assert found.estimate.p_value < 0.05


def test_a_model_that_only_writes_will_do():
    class Pen(Provider):
        name = "pen"

        def sample(self, prefix, n, *, max_tokens=16, temperature=1.0, seed=None):
            return [f"{prefix}!"] * n

    channel = cluster_channel(Pen(), ["a", "b"], 5)
    np.testing.assert_array_equal(channel.counts, [[5, 0], [0, 5]])
