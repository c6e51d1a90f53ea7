"""Damaged files are refused by name or do no harm, never believed; ``python -m benchmarks.fuzz_files`` tries more."""

from collections import Counter

import numpy as np
import pytest
from file_fuzzing import (
    OTHER,
    PERSON,
    Runs,
    input_files,
    input_verdict,
    recorded,
    recording_verdict,
    result_verdict,
    results,
)


def test_saved_results(tmp_path):
    rng, found, saved = np.random.default_rng(0), Counter(), results()
    for _ in range(400):
        one, other = (saved[i] for i in rng.integers(len(saved), size=2))
        found[result_verdict(rng, one, other, tmp_path / "result.npz")] += 1
    assert found.keys() <= {"refused", "harmless", "read"}, found
    assert found["refused"] > 200


def test_checkpoints(tmp_path):
    rng, runs = np.random.default_rng(0), Runs(tmp_path)
    found = Counter(runs.verdict(rng) for _ in range(150))
    assert found.keys() <= {"refused", "harmless"}, found
    assert found["refused"] > 80


def test_recordings(tmp_path):
    lines, others = recorded(tmp_path / "a.jsonl", PERSON), recorded(tmp_path / "b.jsonl", OTHER)
    rng = np.random.default_rng(0)
    found = Counter(recording_verdict(rng, lines, others, tmp_path / "c.jsonl") for _ in range(400))
    assert found.keys() <= {"refused", "harmless", "read"}, found
    assert found["refused"] > 200


@pytest.mark.filterwarnings("ignore::UserWarning")  # of rescaled distributions
def test_inputs_of_the_command_line(tmp_path):
    rng, files = np.random.default_rng(0), input_files(tmp_path)
    found = Counter(input_verdict(rng, *files[i % len(files)]) for i in range(600))
    assert found.keys() <= {"refused", "read"}, found
    assert found["refused"] > 300
