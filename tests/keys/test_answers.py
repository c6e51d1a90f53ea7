"""What recomputed publications are answered with, and how it is printed."""

import sys
from types import SimpleNamespace

import pytest

from benchmarks.keys import __main__ as keys
from benchmarks.keys.answer import Answer, Figure, Score, draws, interval, number

RIGHT = [
    number("a number", 1.0, 1.0004, 1e-3),
    interval("an interval", 0.9999, 1.0001, 1.0, 1e-3),
    Figure("a range", (0.0, 2.0), (0.0, 2.0), 1e-3),
    draws("a mean", 1.2, 0.1, 1.0),
    draws("a mean beside some runs", 1.5, 0.01, (1.0, 2.0)),
]
WRONG = [
    number("a number", 1.0, 1.01, 1e-3),
    interval("an interval that is too wide", 0.9, 1.1, 1.0, 1e-3),
    Figure("one plan for a range of plans", (1.0, 1.0), (0.0, 2.0), 1e-3),
    draws("a mean", 1.2, 0.01, 1.0),
]


def test_a_figure_holds_if_both_ends_do():
    assert [figure.holds for figure in RIGHT] == [True] * len(RIGHT)
    assert [figure.holds for figure in WRONG] == [False] * len(WRONG)


def test_the_error_of_a_score_is_its_distance_from_the_interval_and_has_a_sign():
    def error(value, unit="bits"):
        return Score("a world", "a formula", (1.0, 1.5), value, unit=unit).error

    assert (error(0.75), error(1.25), error(2.0), error(2.0, "cells")) == (-0.25, 0.0, 0.5, None)


@pytest.fixture
def answering(monkeypatch):
    """Let one key have an answer of these figures."""

    def answer(*figures):
        score = Score("a world", "a formula", (1.0, 1.0), 0.5, rank=0.9, published=0.49)
        found = Answer("A title", "A source", [score], list(figures), "A verdict.")
        monkeypatch.setitem(sys.modules, "benchmarks.keys.one", SimpleNamespace(answer=lambda quick: found))
        monkeypatch.setattr(keys, "KEYS", ("one",))

    return answer


def test_misses_are_counted_and_those_with_a_reason_apart(answering, capsys, tmp_path):
    answering(*RIGHT, *WRONG[:2], WRONG[3]._replace(why="another generator"))
    assert keys.main(["--page", str(tmp_path / "page.md")]) == 2
    out = capsys.readouterr().out
    assert out.count("MISSED") == 2
    assert "differs: another generator" in out
    assert out.endswith("2 figures are missed, 1 differ for a reason that is given, all others hold\n")
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "| a world | a formula | 0.49 | 0.5 | 1 | -0.5000 | 0.900 |" in page
    assert page.endswith("A verdict.\n")


def test_an_unknown_key_is_refused(answering, capsys):
    answering(*RIGHT)
    with pytest.raises(SystemExit):
        keys.main(["two"])
    assert "unknown key 'two', expected some of one" in capsys.readouterr().err
