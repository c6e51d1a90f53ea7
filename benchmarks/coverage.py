"""How often intervals from samples hold the capacity: ``python -m benchmarks.coverage [REPEATS]`` (1000 by default).

Channels are sampled again and again. Printed are the mean and the standard deviation of the plug-in, how often the
test finds a dependence, and for each kind of 95 % interval the share that holds the capacity, with the mean width.
Two kinds that the library does not offer are there for comparison, both without a prior: the quantiles of the draws
as they are, and reflected at the plug-in.
"""

from __future__ import annotations

import sys

import numpy as np

import empowerment as emp

LEVEL, DRAWS, NULL = 0.95, 1000, 199
KINDS = ("bootstrap", "dirichlet", "guarantee", "quantiles", "reflected")


def cases() -> dict[str, tuple[np.ndarray, int]]:
    """Return channels, and how many samples of each input there are."""
    rng = np.random.default_rng(2003)
    six, twenty = rng.dirichlet(np.ones(4), 6), rng.dirichlet(np.ones(10), 20)
    sparse = rng.dirichlet(np.full(40, 0.2), 10)
    return {
        "switch .1, n=30": (switch(0.1), 30),
        "switch .1, n=100": (switch(0.1), 100),
        "switch .01, n=30": (switch(0.01), 30),
        "switch .4, n=100": (switch(0.4), 100),
        "6 x 4, n=30": (six, 30),
        "6 x 4, n=100": (six, 100),
        "20 x 10, n=50": (twenty, 50),
        "useless 2 x 2, n=30": (np.full((2, 2), 0.5), 30),
        "useless 6 x 4, n=100": (np.full((6, 4), 0.25), 100),
        "sparse 10 x 40, n=100": (sparse, 100),
    }


def switch(error: float) -> np.ndarray:
    """Return a binary channel that errs alike in both positions."""
    return np.array([[1 - error, error], [error, 1 - error]])


def ends(counts: np.ndarray, found: emp.EstimatedCapacity, rng: np.random.Generator) -> np.ndarray:
    """Return the ends of each kind of interval; that of the bootstrap has been `found`."""
    options = {"level": LEVEL, "n_draws": DRAWS, "n_null": 0, "rng": rng}
    posterior = emp.capacity_from_counts(counts, interval="dirichlet", **options)
    guarantee = emp.capacity_from_counts(counts, interval="concentration", **options)
    draws = emp.capacity_from_counts(counts, prior=0, **options).draws
    quantiles = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    reflected = np.clip(2 * float(found.plug_in) - quantiles[::-1], 0, np.log2(min(counts.shape)))
    return np.array([*((each.lower, each.upper) for each in (found, posterior, guarantee)), quantiles, reflected])


def measure(rows: np.ndarray, n: int, repeats: int, rng: np.random.Generator) -> str:
    """Return a line of the table."""
    capacity = emp.channel_capacity(rows)
    plug_ins, intervals, detected = [], [], []
    for _ in range(repeats):
        counts = rng.multinomial(n, rows)
        found = emp.capacity_from_counts(counts, level=LEVEL, n_draws=DRAWS, n_null=NULL, rng=rng)
        plug_ins.append(float(found.plug_in))
        detected.append(found.detected)
        intervals.append(ends(counts, found, rng))
    lower, upper = np.moveaxis(intervals, 2, 0)
    holds = ((lower <= capacity.upper) & (capacity.lower <= upper)).mean(axis=0)
    columns = "".join(f"{h:7.3f} {w:4.2f}" for h, w in zip(holds, (upper - lower).mean(axis=0), strict=True))
    return f"{capacity.value:9.3f}{np.mean(plug_ins):8.3f}{np.std(plug_ins):6.3f}{np.mean(detected):9.3f}{columns}"


def main(repeats: int = 1000) -> None:
    """Measure and print."""
    print(f"{'':22} capacity plug-in   sd detected" + "".join(f"{kind:>12}" for kind in KINDS))
    for name, (rows, n) in cases().items():
        print(f"{name:22}{measure(rows, n, repeats, np.random.default_rng(repeats))}", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
