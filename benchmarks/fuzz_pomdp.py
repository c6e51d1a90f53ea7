"""Random and damaged .POMDP files: ``python -m benchmarks.fuzz_pomdp [COUNT [SEED]]`` (20,000 by default).

Each is read and compared with what a plain interpreter of the grammar makes of it, or refused in a sentence that
names the file and a line of it. Prints every file of which neither is true, how many were tried and how many were
unclear.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from pomdp_fuzzing import damaged, random_file, verdict


def main(count: int = 20_000, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    found: Counter[str] = Counter()
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(count):
            normalize = bool(rng.integers(2))
            data = damaged(rng, random_file(rng, normalize))
            said = verdict(Path(folder) / "model.POMDP", data, normalize)
            found[said if said in ("read", "refused") else "unclear"] += 1
            if said not in ("read", "refused"):
                print(f"{said}\n    {data!r}, {normalize=}")
    seconds = time.process_time() - began
    print(f"{count} files in {seconds:.0f} CPU-seconds: {dict(found)}; unclear: {found['unclear']}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
