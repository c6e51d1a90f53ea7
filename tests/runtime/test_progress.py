"""When a progress bar is shown."""

import importlib.util
import multiprocessing
import time

import pytest

from empowerment.core import validate
from empowerment.runtime import progress
from empowerment.runtime.progress import progress_bar

pytest.importorskip("tqdm")


@pytest.fixture
def shown(capsys, monkeypatch):
    """Return what a bar over three pieces of work writes to stderr."""

    def shown(wanted, pause=0.0, terminal=False):
        monkeypatch.setattr("sys.stderr.isatty", lambda: terminal, raising=False)
        with progress_bar(3, "working", "piece", wanted) as advance:
            for _ in range(3):
                time.sleep(pause)
                advance(1)
        return capsys.readouterr().err

    return shown


def test_a_bar_that_is_asked_for_is_shown_anywhere_and_stays(shown):
    assert "working: 100%" in shown(True)
    assert shown(True).endswith("\n")
    assert shown(False) == ""


def test_auto_shows_nothing_where_nobody_watches(shown, monkeypatch):
    monkeypatch.setattr(progress, "_DELAY", 1e-9)
    assert shown("auto", pause=0.15) == ""


def test_auto_shows_a_bar_on_a_terminal_only_for_work_that_takes_long(shown, monkeypatch):
    assert shown("auto", pause=0.15, terminal=True) == ""
    assert shown(False, pause=0.15, terminal=True) == ""
    monkeypatch.setattr(progress, "_DELAY", 1e-9)
    text = shown("auto", pause=0.15, terminal=True)
    assert "working:  67%" in text
    assert not text.endswith("\n")  # taken away, not left behind


def test_auto_needs_no_tqdm(shown, monkeypatch):
    monkeypatch.setattr(progress, "_DELAY", 1e-9)
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "tqdm" else find(name))
    assert shown("auto", pause=0.15, terminal=True) == ""


def test_workers_leave_the_bar_to_their_parent(shown, monkeypatch):
    monkeypatch.setattr(progress, "_DELAY", 1e-9)
    monkeypatch.setattr(multiprocessing.current_process(), "name", "LokyProcess-1")
    assert shown("auto", pause=0.15, terminal=True) == ""
    assert "working: 100%" in shown(True)


def test_anything_else_is_refused():
    for wrong in ("yes", 1, None, "AUTO"):
        with pytest.raises(TypeError, match=r"progress is .*, expected True, False or 'auto'"):
            validate.progress(wrong)


def test_a_misspelt_name_is_answered_with_the_nearest():
    known = ("counting", "enumeration", "Sampled")
    for wrong, right in (("countng", "counting"), ("ENUMERATION", "enumeration"), ("sampeld", "Sampled")):
        with pytest.raises(ValueError, match=f"unknown method '{wrong}'; .*; did you mean '{right}'\\?$"):
            validate.one_of(wrong, known, "method")
    for wrong in ("magic", "", 3, None):
        with pytest.raises(ValueError, match=r"'Sampled'$"):
            validate.one_of(wrong, known, "method")


def test_a_misspelt_label_is_answered_with_the_nearest():
    numbers = {"left": 0, "right": 1, (0, 0): 2, 7: 3}
    with pytest.raises(ValueError, match=r"unknown action 'rigth'; the 4 actions are .*; did you mean 'right'\?$"):
        validate.index_of("rigth", numbers, "action")
    with pytest.raises(ValueError, match=r"the 4 actions are 'left', 'right', \(0, 0\), 7$"):
        validate.index_of((0, 1), numbers, "action")
