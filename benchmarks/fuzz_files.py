"""Damaged files of every kind: ``python -m benchmarks.fuzz_files [COUNT [SEED]]`` (20,000 by default).

Saved results, checkpoints, recordings and inputs of the command line are damaged at random, among them some whose
digests were made to fit. Each must be refused in a sentence that names the file, or do no harm: what is read equals
what was written, or where digests cannot tell, is something that can be. Prints every file of which neither is true,
how many were tried and how many were unclear.
"""

from __future__ import annotations

import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

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

_CLEAR = {"refused", "harmless", "read"}


def subjects(folder: Path, rng: np.random.Generator) -> dict[str, Callable[[], str]]:
    """Return for each kind of file what damages one and returns the verdict."""
    saved, inputs = results(), input_files(folder)
    lines, others = recorded(folder / "a.jsonl", PERSON), recorded(folder / "b.jsonl", OTHER)
    (folder / "runs").mkdir()
    runs = Runs(folder / "runs")

    def of_results() -> str:
        one, other = (saved[i] for i in rng.integers(len(saved), size=2))
        return result_verdict(rng, one, other, folder / "result.npz")

    return {
        "saved results": of_results,
        "checkpoints": lambda: runs.verdict(rng),
        "recordings": lambda: recording_verdict(rng, lines, others, folder / "c.jsonl"),
        "inputs": lambda: input_verdict(rng, *inputs[rng.integers(len(inputs))]),
    }


def main(count: int = 20_000, seed: int = 0) -> None:
    """Damage, read and print."""
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of rescaled distributions
        for kind, verdict in subjects(Path(name), rng).items():
            found: Counter[str] = Counter()
            began = time.process_time()
            for i in range(count // 4):
                said = verdict()
                if said not in _CLEAR:
                    print(f"{kind}, number {i} of seed {seed}: {said}")
                found[said if said in _CLEAR else "unclear"] += 1
            parts = ", ".join(f"{found[each]} {each}" for each in (*sorted(_CLEAR), "unclear"))
            print(f"{kind}: {count // 4} tried, {parts}, {time.process_time() - began:.0f} CPU-s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
