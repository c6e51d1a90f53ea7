"""The extensions of Sphinx that these pages bring: notebooks to download, and where a name is used."""

import importlib.util
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGE = """---
kernelspec:
  display_name: Python 3
  name: python3
---

(a-place)=
# A page with {math}`x^2`

See {doc}`/how-to/acting`, {class}`~empowerment.text.Position`, {func}`all of it <empowerment.empowerment>`,
{ref}`this one <a-place>` and {cite:t}`someone2005`.

```{math}
:label: one

y = x
```

```{code-cell} ipython3
:tags: [remove-cell]

x = 1
```

```{toctree}
elsewhere
```
"""


def extension(name):
    spec = importlib.util.spec_from_file_location(name, DOCS / "_extensions" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def notebooks():
    pytest.importorskip("jupytext")
    return extension("notebook_downloads")


def test_a_notebook_is_plain_markdown_and_code(notebooks):
    notebook = notebooks.notebook_of(PAGE)
    text, code = notebook.cells
    assert code.cell_type == "code"
    assert code.source == "x = 1"
    assert code.metadata.tags == ["remove-cell"]
    assert text.source == (
        "# A page with $x^2$\n\n"
        "See *how-to/acting*, `Position`, `all of it`,\n*this one* and [someone2005].\n\n"
        "$$\ny = x\n$$"
    )
    assert notebook.metadata.kernelspec.name == "python3"


def test_the_notebook_of_every_page_has_all_its_cells(notebooks):
    for page in DOCS.rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        if "_build" in page.parts or not notebooks.has_code(text):
            continue
        notebook = notebooks.notebook_of(text)
        cells = [cell.cell_type for cell in notebook.cells]
        assert cells.count("code") == text.count("```{code-cell}"), page
        prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
        assert re.findall(r"\{[\w:-]+\}`|^```\{.*", prose, re.MULTILINE) == [], page


def test_pages_are_listed_once_each_under_every_name_of_a_thing():
    pytest.importorskip("docutils")
    used_in = extension("used_in")
    address = {"empowerment.MDP": "here", "empowerment.models.mdp.MDP": "here", "empowerment.POMDP": "there"}
    uses = [
        ("reference/models", "own", "empowerment.MDP"),
        ("explanation/c", "idea", "empowerment.MDP"),
        ("tutorials/a", "first", "empowerment.models.mdp.MDP"),
        ("tutorials/a", "second", "empowerment.MDP"),
        ("tutorials/b", "", "empowerment.MDP"),
        ("tutorials/b", "", "numpy.array"),
    ]
    ((place, pages),) = used_in.pages_that_use(uses, address).items()
    assert place == "here"
    assert list(pages.items()) == [("tutorials/a", "first"), ("tutorials/b", ""), ("explanation/c", "idea")]
