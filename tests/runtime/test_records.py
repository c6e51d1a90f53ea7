"""Records as flat arrays."""

from dataclasses import dataclass

import numpy as np

from empowerment.runtime.records import packed, unpacked


@dataclass
class Entry:
    number: float
    pair: tuple
    row: np.ndarray
    table: np.ndarray


def test_records_come_back_as_they_were():
    entries = [
        Entry(0.1, (1, 2), np.arange(3), np.ones((2, 3))),
        Entry(-1e-300, (3, 4), np.zeros(0, dtype=int), np.zeros((0, 5))),
        Entry(np.pi, (5, 6), np.arange(1), np.full((1, 1), np.nextafter(1, 2))),
    ]
    found = unpacked(Entry, packed(entries))
    assert len(found) == 3
    for entry, other in zip(entries, found, strict=True):
        assert (other.number, tuple(other.pair)) == (entry.number, entry.pair)
        for name in ("row", "table"):
            mine, its = getattr(entry, name), getattr(other, name)
            assert (mine.shape, mine.tolist()) == (its.shape, its.tolist())
            assert its.dtype == mine.dtype
