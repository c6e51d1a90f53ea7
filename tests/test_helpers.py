"""Properties over many cases: every case is run, each that fails is named, and none shares what a test remembers."""

import subprocess
import sys
from pathlib import Path

TESTS = """
import pytest
from helpers import for_each

@for_each("a", [1, 2, 3])
@for_each(("b", "c"), [("x", 1), pytest.param("y", 2, id="why")])
def test_stacked(a, b, c, tmp_path, monkeypatch, capsys):
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").touch()
    print(a, b)
    assert (a, c) != (2, 2)
    assert capsys.readouterr().out == f"{a} {b}\\n"

@for_each("a", range(10), first=4)
def test_parted(a):
    assert a < 8
"""


def outcome(folder, *options):
    (folder / "test_cases.py").write_text(TESTS)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = slow\nverbosity_subtests = 0\n")
    command = [sys.executable, "-m", "pytest", "-q", "-o", f"pythonpath={Path(__file__).parent}", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


def test_each_case_that_fails_is_named_and_the_others_are_run(tmp_path):
    said = outcome(tmp_path)
    assert "SUBFAILED[1: a=2, why] test_cases.py::test_stacked" in said
    assert "SUBFAILED[8: a=8] test_cases.py::test_parted[rest]" in said
    assert "5 failed, 1 passed" in said  # three cases, and the two tests that these belong to


def test_the_cases_after_the_first_are_slow(tmp_path):
    said = outcome(tmp_path, "-m", "not slow", "-k", "parted")
    assert "1 passed, 2 deselected" in said
    assert "3 failed, 2 deselected" in outcome(tmp_path, "-m", "slow")
