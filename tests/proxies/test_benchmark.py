"""The benchmark of proxies: its worlds are what they are called, and its tables whole."""

import numpy as np
import pytest

import empowerment as emp
from benchmarks import proxies as benchmark


def test_worlds_have_noise_where_they_say():
    pytest.importorskip("gymnasium")
    worlds = {name: make() for name, make in benchmark.CASES.items()}
    assert [name for name, case in worlds.items() if case.world.is_deterministic] == [
        "maze",
        "Hanoi",
        "random graph",
        "copied actions",
    ]
    maze, copied = (emp.empowerment(worlds[name].world, 2).value for name in ("maze", "copied actions"))
    assert copied == pytest.approx(maze, abs=1e-9)
    television = worlds["noisy television"].world
    certain = np.diff(television.rows.indptr) == 1
    before_it = np.repeat([cell[1] >= 3 for cell, _ in television.states], television.n_actions)
    assert (certain == ~before_it).all()


def test_tables_have_a_row_for_each_proxy():
    text = benchmark.tables(["random, noisy"], 1)
    for name in benchmark.PROXIES:
        assert text.count(f"| {name} |") == 3
    assert "nan" not in text
