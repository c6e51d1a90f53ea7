"""The command that compiles everything ahead."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import empowerment
from empowerment.cli import main
from empowerment.runtime import jit

ROOT = Path(empowerment.__file__).parent

COMPILED_AHEAD = """
import numpy as np, empowerment as emp
from empowerment.runtime import first_use
def refuse(is_kept): raise AssertionError("compiled again")
from empowerment.runtime import jit
jit.announce_compilation = refuse
emp.channel_capacity(np.array([[0.9, 0.1], [0.2, 0.8]]))
emp.channel_capacity([np.eye(2), np.ones((3, 1))])
emp.channel_capacity(np.eye(2), method="squarem")
emp.empowerment(emp.worlds.slip_grid(), 2, states=(4, 4))
emp.empowerment(emp.worlds.klyubin_maze(), 2)
"""


@pytest.mark.slow
def test_afterwards_nothing_is_compiled_any_more(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "EMPOWERMENT_QUIET": ""}

    def run(*arguments):
        return subprocess.run(
            [sys.executable, *arguments], capture_output=True, text=True, check=True, env=environment
        )

    first, second = (run("-m", "empowerment", "compile") for _ in range(2))
    *lines, last = first.stdout.splitlines()
    assert all(
        re.fullmatch(r"(actuation|capacity|control|desire): \w+ +compiled in \d+\.\d s", line) for line in lines
    )
    assert last == f"{len(lines)} kernels, kept below {tmp_path}"
    assert first.stderr.count("\n") == 1
    assert second.stdout.count("was compiled\n") == len(lines)
    assert second.stderr == ""
    assert run("-c", COMPILED_AHEAD).stderr == ""


def test_every_module_with_entry_points_is_among_the_compiled(capsys, monkeypatch):
    monkeypatch.setattr(jit.EntryPoint, "prepare", lambda self: None)
    assert main(["compile", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    written = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [one.func for one in getattr(node, "decorator_list", []) if isinstance(one, ast.Call)]
            if any(getattr(name, "id", "") == "entry_point" for name in names):
                written.add((".".join(path.relative_to(ROOT.parent).with_suffix("").parts), node.name))
    assert len(written) > 8
    assert written <= {(one.__module__, one.__name__) for one in jit.ENTRY_POINTS}


def test_a_directory_that_cannot_be_written_is_no_success(capsys, monkeypatch):
    monkeypatch.setattr(jit.EntryPoint, "prepare", lambda self: None)
    monkeypatch.setattr(jit.EntryPoint, "directory", None)
    assert main(["compile"]) == 2
    assert "NUMBA_CACHE_DIR may name one" in capsys.readouterr().err
