"""What the documentation shows is run: docstrings, pages and the README; what it lists is complete."""

import contextlib
import doctest
import importlib
import io
import re
from pathlib import Path

import pytest
from sybil.document import Document
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.myst import CodeBlockParser

import empowerment

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PACKAGE = Path(empowerment.__file__).parent
WITH_EXAMPLES = [path for path in sorted(PACKAGE.rglob("*.py")) if ">>> " in path.read_text(encoding="utf-8")]
MODULES = [
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in WITH_EXAMPLES
]
PAGES = sorted(
    page.relative_to(DOCS).as_posix()
    for page in DOCS.rglob("*.md")
    if "_build" not in page.parts and "{code-cell}" in page.read_text(encoding="utf-8")
)
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
README_EXAMPLE = re.compile(
    r"^```python\n(.*?)^```$\s*(?:[^`\n][^\n]*\n\s*)*^```text\n(.*?)^```$", re.DOTALL | re.MULTILINE
)


@pytest.fixture(autouse=True)
def _pictures_without_a_screen(monkeypatch, tmp_path):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    monkeypatch.chdir(tmp_path)  # an example that writes a file writes it here
    yield
    pyplot.close("all")


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name):
    if name.startswith("empowerment.adapters.storm"):
        pytest.importorskip("stormpy")  # which not every system has
    found = doctest.testmod(importlib.import_module(name), optionflags=OPTIONS)
    assert found.attempted
    assert not found.failed, f"{found.failed} of {found.attempted} examples failed, see the output"


def test_there_are_pages_with_code():
    assert "tutorials/first-steps.md" in PAGES


@pytest.mark.slow  # the documentation runs them too, whenever it is built
@pytest.mark.parametrize("page", PAGES)
def test_code_of_a_page(page):
    cells = CodeBlockParser("ipython3", PythonEvaluator())
    examples = list(Document.parse(str(DOCS / page), cells).examples())
    assert examples, f"{page} has no cells that the parser finds"
    for example in examples:  # they share one namespace, as in a notebook
        example.evaluate()


def test_every_cell_of_a_page_is_found():
    for page in PAGES:
        cells = CodeBlockParser("ipython3", PythonEvaluator())
        found = len(list(Document.parse(str(DOCS / page), cells).examples()))
        written = len(re.findall(r"^```\{code-cell\}", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE))
        assert found == written, f"{page}: {written} cells, of which {found} are run"


def test_readme_shows_what_its_example_prints():
    examples = README_EXAMPLE.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert examples, "README.md has no ```python block that is followed by a ```text block with its output"
    namespace = {"__name__": "readme"}
    for code, shown in examples:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "README.md", "exec"), namespace)
        assert printed.getvalue().rstrip().splitlines() == shown.rstrip().splitlines()


def test_reference_names_every_public_name():
    pages = [page.read_text(encoding="utf-8") for page in (DOCS / "reference").glob("*.md")]
    listed = {name for page in pages for name in re.findall(r"^   ~?([\w.]+)$", page, re.MULTILINE)}
    wanted = set(empowerment.__all__) - {"desire", "plotting", "proxies", "testing", "text", "worlds"}
    wanted |= {f"desire.{name}" for name in empowerment.desire.__all__}
    wanted -= {"desire.EMOTIONS", "desire.RIDER_AGENTS", "desire.WEALTH"}
    wanted |= {f"proxies.{name}" for name in empowerment.proxies.__all__}
    wanted |= {f"text.{name}" for name in empowerment.text.__all__}
    wanted |= {f"worlds.{name}" for name in empowerment.worlds.__all__} - {"worlds.WORLDS"}
    assert wanted <= listed, f"docs/reference lacks {sorted(wanted - listed)}"


def test_architecture_shows_the_tree_there_is():
    page = (DOCS / "explanation" / "architecture.md").read_text(encoding="utf-8")
    drawing = re.search(r"^empowerment/\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert drawing, "docs/explanation/architecture.md has no drawing that begins with empowerment/"
    shown, folders = set(), []
    for line in drawing[1].splitlines():
        name = line.split()[0]
        folders = folders[: (len(line) - len(line.lstrip())) // 2 - 1]
        if name.endswith("/"):
            folders.append(name)
        else:
            shown.add("".join(folders) + name)
    assert shown == {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py")}
