"""Random and damaged answers of services: ``python -m benchmarks.fuzz_services [COUNT [SEED]]`` (2,000 of a kind).

Answers that lose a part of the truth have to be refused, or read as intervals that hold it; damaged ones have to be
refused in a sentence that names the service, or read as something that keeps its promises. Prints every answer of
which neither is true, how many were tried and how many were unclear. Everything stays on loopback.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from service_fuzzing import VERDICTS, Service


def main(count: int = 2_000, seed: int = 0) -> None:
    """Print what came of answers of each kind."""
    for kind, verdict in VERDICTS.items():
        found: Counter[str] = Counter()
        began = time.process_time()
        with Service() as service:
            for i in range(count):
                said = verdict(np.random.default_rng([seed, i]), service)
                found[said if said in ("right", "read", "refused") else "unclear"] += 1
                if said not in ("right", "read", "refused"):
                    print(f"seed {i}: {said[:2000]}")
        seconds = time.process_time() - began
        print(f"{kind}: {count} in {seconds:.0f} CPU-seconds, {dict(found)}; unclear: {found['unclear']}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
