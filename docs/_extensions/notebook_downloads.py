"""A notebook to download beside every page that has code.

The notebook holds what the page holds, in Markdown that any notebook shows, and no outputs: it is there to be run.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jupytext
import nbformat

FOLDER = "_notebooks"
"""Where the notebooks lie among the built pages."""

_FRONT_MATTER = re.compile(r"\A---\n.*?^---\n", re.DOTALL | re.MULTILINE)
_FORMULA = re.compile(r"^```\{math\}\n(?::\w+:[^\n]*\n)*\n*(.*?)^```$", re.DOTALL | re.MULTILINE)
_DIRECTIVE = re.compile(r"^(```+|:::+)\{(?!code-cell)[\w-]+\}.*?^\1$\n?", re.DOTALL | re.MULTILINE)
_TARGET = re.compile(r"^\([\w-]+\)=\n", re.MULTILINE)
_ROLE = re.compile(r"\{([\w:]+)\}`([^`]+)`")
_TITLED = re.compile(r"^(.*?)\s*<[^<>]*>$", re.DOTALL)
_CODE = {"class", "func", "meth", "attr", "mod", "data"}


def has_code(text: str) -> bool:
    """Return whether a page has cells that are run."""
    return "```{code-cell}" in text


def notebook_of(text: str) -> nbformat.NotebookNode:
    """Make a notebook of a page.

    Parameters
    ----------
    text : str
        The page in MyST Markdown.

    Returns
    -------
    nbformat.NotebookNode
        Its cells in order, without outputs. Cells that the page hides are kept, since later ones may need them.
    """
    front = _FRONT_MATTER.match(text)
    body = text[front.end() :] if front else text
    notebook = jupytext.reads((front[0] if front else "") + plain_markdown(body), fmt="md:myst")
    notebook.metadata.pop("jupytext", None)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"  # the same at every build
    return notebook


def plain_markdown(text: str) -> str:
    """Write in plain Markdown what only Sphinx reads: formulas, roles, targets, directives."""
    text = _FORMULA.sub(lambda match: f"$$\n{match[1].strip()}\n$$", text)
    text = _DIRECTIVE.sub("", text)
    return _ROLE.sub(_written_out, _TARGET.sub("", text))


def _written_out(match: re.Match[str]) -> str:
    role, content = match[1], match[2]
    titled = _TITLED.match(content)
    if role == "math":
        return f"${content}$"
    if role.startswith("cite"):
        return f"[{content}]"
    if role in _CODE:
        name = content.rpartition(".")[2] if content.startswith("~") else content
        return f"`{titled[1] if titled else name}`"
    return f"*{titled[1] if titled else content.lstrip('/')}*"


def _write_all(app: Any, exception: Exception | None) -> None:
    if exception is not None or app.builder.format != "html":
        return
    for name in app.env.found_docs:
        if name in app.config.notebook_pages:
            target = Path(app.outdir, FOLDER, f"{name}.ipynb")
            target.parent.mkdir(parents=True, exist_ok=True)
            nbformat.write(notebook_of(Path(app.env.doc2path(name)).read_text(encoding="utf-8")), target)


def _find_pages(app: Any) -> None:
    """Note which pages have code, before any is written."""
    pages = Path(app.srcdir).rglob("*.md")
    texts = {page.relative_to(app.srcdir): page.read_text(encoding="utf-8") for page in pages}
    app.config.notebook_pages = {page.with_suffix("").as_posix() for page, text in texts.items() if has_code(text)}


def _offer(app: Any, name: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    if name in app.config.notebook_pages:
        context["notebook"] = f"{FOLDER}/{name}.ipynb"


def setup(app: Any) -> dict[str, Any]:
    """Connect to a build of Sphinx."""
    app.add_config_value("notebook_pages", set(), "")
    app.connect("builder-inited", _find_pages)
    app.connect("html-page-context", _offer)
    app.connect("build-finished", _write_all)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
