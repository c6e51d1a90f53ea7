"""Compiled functions: what Python may call of them, when they are compiled, and what is said of it."""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest
from helpers import for_each
from numba.core.dispatcher import Dispatcher

import empowerment
from empowerment.runtime import jit as _jit

PACKAGE = Path(empowerment.__file__).parent


def compiled():
    """Yield what the modules that compile something have at their top."""
    for path in PACKAGE.rglob("*.py"):
        place = path.relative_to(PACKAGE.parent)
        if re.search(
            r"^(from|import) (numba|empowerment\.runtime\.jit)\b", path.read_text(encoding="utf-8"), re.MULTILINE
        ):
            yield from vars(importlib.import_module(".".join(place.with_suffix("").parts))).values()


def test_python_can_call_entry_points_only_and_these_return_no_object():
    """Numba makes objects of what is returned; a signal that is handled meanwhile ends the process (SIGSEGV)."""
    found = list(compiled())
    helpers = [one for one in found if isinstance(one, Dispatcher)]
    entry_points = [one for one in found if isinstance(one, _jit.EntryPoint)]
    assert len(helpers) > 20
    assert len(entry_points) > 8
    for helper in helpers:
        with pytest.raises(TypeError, match="is compiled for compiled callers"):
            helper()
    for one in entry_points:
        assert isinstance(one.signature.return_type, numba.types.NoneType | numba.types.Number | numba.types.Boolean)


@for_each("returned", [numba.float64[::1], numba.types.UniTuple(numba.float64, 2), numba.types.Optional(numba.int64)])
def test_an_entry_point_that_returns_an_object_is_refused_where_it_is_written(returned):
    with pytest.raises(TypeError, match=r"^f returns .*, expected void or a number: an entry point writes into"):

        @_jit.entry_point(returned(numba.float64))
        def f(x):
            return x


def test_an_entry_point_writes_what_its_helpers_return(monkeypatch):
    @_jit.jit()
    def both(x):
        return x + 1, x + 2

    @_jit.entry_point(numba.void(numba.float64, _jit.OUT_VECTOR))
    def fill(x, found):
        found[0], found[1] = both(x)

    found = np.zeros(2)
    assert fill(3.0, found) is None
    assert found.tolist() == [4.0, 5.0]


def test_a_helper_is_compiled_once_whatever_numbers_stand_in_its_calls():
    @_jit.jit()
    def add(x, y):
        return x + y

    @_jit.entry_point(numba.int64(numba.int64))
    def f(x):
        return add(x, 1) + add(2, x) + add(x, x)

    assert f(5) == 23
    assert len(add.overloads) == 1


def run(code, folder, **variables):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder), "EMPOWERMENT_QUIET": "", **variables}
    done = subprocess.run(
        [sys.executable, "-Werror", "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout, done.stderr


COUNT = """
import numba.core.event as event
compiled = []

class Heard(event.Listener):
    def on_start(self, event):
        compiled.append(event.data["dispatcher"].py_func)

    def on_end(self, event):
        pass

event.register("numba:compile", Heard())
import empowerment as emp
assert emp.empowerment(emp.worlds.klyubin_maze(), 5, states=[(5, 5)]).value[0] == __import__("math").log2(46)
print(*sorted({f.__module__ for f in compiled if f.__module__.startswith("empowerment")}))
"""


def test_counting_compiles_counting_alone_and_says_so_the_first_time(tmp_path):
    out, said = run(COUNT, tmp_path)
    assert out == "empowerment.actuation.kernels.cpu.counting\n"
    assert said == "empowerment: compiling kernels for some seconds, once: their code is kept on disk\n"
    assert run(COUNT, tmp_path) == ("\n", "")


def test_code_on_disk_is_read_again_unless_a_helper_has_changed(tmp_path):
    helper, caller = tmp_path / "helper.py", tmp_path / "caller.py"
    helper.write_text("from empowerment.runtime.jit import jit\n@jit()\ndef f(x):\n    return x + 1\n")
    caller.write_text(
        "import numba\nfrom helper import f\nfrom empowerment.runtime.jit import entry_point\n"
        "@entry_point(numba.float64(numba.float64))\ndef g(x):\n    return f(x)\n"
    )
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from caller import g; print(g(1.0), g.was_compiled)"
    assert run(code, tmp_path / "cache")[0] == "2.0 True\n"
    assert run(code, tmp_path / "cache")[0] == "2.0 False\n"
    helper.write_text(helper.read_text().replace("x + 1", "x + 2"))
    os.utime(helper, (1, 1))
    assert run(code, tmp_path / "cache")[0] == "3.0 True\n"


@pytest.mark.slow
def test_a_first_capacity_compiles_few_functions_and_the_rest_waits_until_it_is_needed(tmp_path):
    """A gate on what makes the first minute long: 80 functions as measured, each of them translated once."""
    code = (
        COUNT.partition("import empowerment as emp")[0]
        + """
import numpy as np, empowerment as emp
emp.channel_capacity(np.full((3, 3), 0.1) + 0.7 * np.eye(3), backend="numba")
print(len(compiled), len({f.__code__ for f in compiled if f.__module__.startswith("empowerment")}))
emp.channel_capacity([np.eye(2)] * 3)
emp.channel_capacity(emp.Channel(np.eye(3)), rewards=[0, 1, 2])
print(len(compiled), "squarem" in {f.__name__ for f in compiled})
emp.channel_capacity(np.full((3, 3), 0.1) + 0.7 * np.eye(3), method="squarem")
print("squarem" in {f.__name__ for f in compiled})
"""
    )
    first, later, last = run(code, tmp_path)[0].splitlines()
    total, ours = map(int, first.split())
    assert total <= 84
    assert ours <= 64
    assert later == f"{total} False"
    assert last == "True"


def test_where_nothing_can_be_written_kernels_work_and_it_is_said_once():
    code = """
import numba, numpy as np
njit = numba.njit

def refuses_to_cache(*arguments, cache=False, **options):
    if cache:
        raise RuntimeError("cannot cache function: no locator available")
    return njit(*arguments, **options)

numba.njit = refuses_to_cache
from empowerment.capacity.kernels.cpu import components, proportional_columns
print(proportional_columns(np.eye(2)), components(np.eye(2)))
"""
    out, said = run(code, "")
    assert out == "[0 1] (array([0, 1]), array([0, 1]))\n"
    assert said.count("\n") == 1
    assert "for this process alone: no directory to keep them is writable" in said
    assert "NUMBA_CACHE_DIR" in said


def test_the_command_is_silent_about_it_if_quiet(tmp_path):
    arguments = [sys.executable, "-m", "empowerment", "map", "ring", "--slip", "0", "--horizon", "2", "--json"]
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "EMPOWERMENT_QUIET": ""}
    done = subprocess.run([*arguments, "--quiet"], capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, "")
