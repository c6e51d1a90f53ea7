"""The table of all speed figures: what it shows, and that no part stops the others."""

import subprocess
import sys

import pytest

from benchmarks import speed
from benchmarks.speed import FIGURES, PARTS, Figure, measured, table


def test_every_figure_belongs_to_a_part_and_every_part_has_one():
    assert {figure.part for figure in FIGURES.values()} == set(PARTS)
    for name, figure in FIGURES.items():
        assert figure.before is None or figure.before > 0, name
        assert figure.goal is None or figure.goal > 0, name


def test_goals_and_gains_have_a_direction():
    less, more, open_end = Figure("batch", 10.0, 2.0), Figure("batch", 10.0, 30.0, True), Figure("batch", None, None)
    assert (less.is_met(2.0), less.is_met(2.1), more.is_met(30.0), more.is_met(29.0)) == (True, False, True, False)
    assert open_end.is_met(1.0) is None
    assert open_end.gain(1.0) is None
    assert less.gain(2.5) == 4.0
    assert more.gain(25.0) == 2.5
    assert less.gain(0.0) is None


def test_the_table_has_a_line_for_each_figure_expected_or_found():
    found = {"9856 channels, s": 0.5, "9856 channels, CPU of two threads to one": 1.2, "kettles, a second": 3.0}
    head, _, *lines = table(found, ["batch"])
    assert head == "| figure | 2026-11-30 | now | goal | times better |"
    assert lines == [
        "| 9856 channels, s |  | 0.5 | at most 1, met |  |",
        "| 9856 channels, CPU of two threads to one | 1.57 | 1.2 | at most 1.1, missed | 1.31 |",
        "| kettles, a second |  | 3 |  |  |",
    ]
    assert table({}, ["small channels"])[3] == "| 2 x 2, us a call | 42 | not measured |  | |"


@pytest.fixture
def part_of(tmp_path, monkeypatch):
    """Return a function that makes a part from the source of its module."""

    def make(source):
        (tmp_path / "some_part.py").write_text(source, encoding="utf-8")
        monkeypatch.setitem(PARTS, "batch", "some_part")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{speed.__file__.rpartition('/benchmarks/')[0]}")

    return make


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def figures():\n    print('at work')\n    return {'a, s': 1.5}", {"a, s": 1.5}),
        ("def figures():\n    raise ValueError('no device')", "exit code 1: ValueError: no device"),
        ("", "exit code 1: AttributeError: module 'some_part' has no attribute 'figures'"),
        ("def figures():\n    import time\n    time.sleep(60)", "it took more than 3 s"),
    ],
    ids=["measured", "raises", "no-figures", "overruns"],
)
def test_a_part_gives_its_figures_or_why_not(part_of, source, expected):
    part_of(source)
    assert measured("batch", 30.0 if "sleep" not in source else 3.0) == expected


def test_a_missing_part_is_reported(monkeypatch):
    monkeypatch.setitem(PARTS, "batch", "benchmarks.no_such_part")
    assert measured("batch", 5.0) == "there is no benchmarks.no_such_part"


def test_a_wrong_part_is_refused_with_the_known_ones():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.speed", "kettles"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "there is no part 'kettles'; the parts are small channels, maps" in done.stderr
