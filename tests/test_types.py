"""What type checkers find: misspelt names, precise results, and nothing amiss in the code of the tutorials."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy")

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
TUTORIALS = [page for page in PAGES if "{code-cell}" in page.read_text(encoding="utf-8")]
REUSED_NAMES = "# mypy: allow-redefinition\n"  # from cell to cell, as in any notebook


@pytest.fixture
def check(tmp_path):
    """Check pieces of code as strictly as the package; return what mypy says of them."""

    def check(**pieces):
        files = [tmp_path / f"{name}.py" for name in pieces]
        for file, code in zip(files, pieces.values(), strict=True):
            file.write_text(code, encoding="utf-8")
        command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), *map(str, files)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.stderr == ""
        return done.stdout.replace(f"{tmp_path}/", "")

    return check


def code_of(page):
    """Return the code of a page, each line where it stands there."""
    inside, lines = False, []
    for line in page.read_text(encoding="utf-8").splitlines():
        fence = line.startswith("```")
        inside = line.startswith("```{code-cell}") if fence else inside
        is_code = inside and not fence and not re.match(r":[\w-]+:", line)
        lines.append(line if is_code else "")
    return "\n".join(lines) + "\n"


def test_a_misspelt_public_name_is_found(check):
    found = check(
        typo="import empowerment as emp\n\n"
        "emp.channel_capacityy([[1.0]])\n"
        "emp.text.Treshold\n"
        "emp.desire.Rider()\n"
        "emp.worlds.klubin_maze()\n"
    )
    for line, name, nearest in (
        (3, "channel_capacityy", 'maybe "channel_capacity"?'),
        (4, "Treshold", 'maybe "Threshold"?'),
        (5, "Rider", 'maybe "Riders"?'),
        (6, "klubin_maze", 'maybe "klyubin_maze"?'),
    ):
        assert re.search(
            rf'typo.py:{line}: error: Module has no attribute "{name}"; {re.escape(nearest)}.*\[attr-defined\]', found
        )
    assert "Found 4 errors" in found


def test_public_functions_return_what_they_say(check):
    found = check(
        valid="from typing import assert_type\n\n"
        "import numpy as np\n\n"
        "import empowerment as emp\n\n"
        "maze = emp.worlds.klyubin_maze()\n"
        "assert_type(maze, emp.MDP)\n"
        "assert_type(emp.channel_capacity([[0.9, 0.1], [0.1, 0.9]]), emp.CapacityResult)\n"
        "assert_type(emp.empowerment(maze, 5), emp.EmpowermentResult)\n"
        "assert_type(float(emp.empowerment(maze, 5, states=(0, 0))), float)\n"
        "assert_type(emp.horizon_sweep(maze, [1, 2]), emp.HorizonSweep)\n"
        "assert_type(emp.verify([[1.0]], emp.channel_capacity([[1.0]]))[0], float)\n"
        "assert_type(emp.entropy([0.5, 0.5]), float)\n"
        "assert_type(emp.text.Threshold.bits(1), emp.text.Threshold)\n"
        "assert_type(emp.desire.Riders().model, emp.MDP)\n"
        "assert_type(emp.__version__, str)\n"
    )
    assert found.startswith("Success"), found


def test_a_wrong_argument_is_found(check):
    found = check(
        wrong='import empowerment as emp\n\nemp.empowerment(emp.worlds.tiger(), "5")\nemp.empowerment(1, horizn=5)\n'
    )
    assert 'wrong.py:3: error: Argument 2 to "empowerment" has incompatible type "str"' in found
    assert 'wrong.py:4: error: Unexpected keyword argument "horizn" for "empowerment"' in found


def test_the_code_of_the_tutorials(check):
    assert len(TUTORIALS) > 5
    pieces = {page.stem.replace("-", "_"): code_of(page) for page in TUTORIALS}
    assert all("import" in code for code in pieces.values())
    found = check(**{name: REUSED_NAMES + code.split("\n", 1)[1] for name, code in pieces.items()})
    assert found.startswith("Success"), found
