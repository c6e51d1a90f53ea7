"""What is said where an optional library is missing."""

import importlib
import re
import sys
import tomllib
from pathlib import Path

import pytest

from empowerment.runtime.optional import REQUIREMENTS, missing, required

ROOT = Path(__file__).parents[2]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]


def test_a_missing_library_is_named_with_a_command_for_any_kind_of_installation(monkeypatch):
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    with pytest.raises(ImportError, match=r'^this needs gymnasium; install it with pip install "gymnasium>=1\.0"$'):
        required("gymnasium")
    with pytest.raises(ImportError, match="making 'CartPole-v1' needs gymnasium; "):
        required("gymnasium", "making 'CartPole-v1'")


def test_several_missing_libraries_are_installed_by_one_command():
    message = str(missing("a convex bound", "cvxpy", "clarabel"))
    assert message == (
        'a convex bound needs cvxpy and clarabel; install them with pip install "cvxpy>=1.5" "clarabel>=0.9"'
    )


def test_what_is_installed_is_returned():
    assert required("numpy") is importlib.import_module("numpy")


def test_hints_ask_for_what_the_extras_install():
    listed = {requirement for requirements in EXTRAS.values() for requirement in requirements}
    assert set(REQUIREMENTS.values()) <= listed


def test_no_message_names_an_extra_of_this_package():
    """An extra can be named only where pip finds the package, which a library on the path need not be."""
    texts = {path: path.read_text(encoding="utf-8") for path in (ROOT / "empowerment").rglob("*.py")}
    assert [str(path) for path, text in texts.items() if re.search(r"empowerment\[", text)] == []
