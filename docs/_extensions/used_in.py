"""Below each entry of the reference, the pages whose code uses the name.

Which names the code uses, `sphinx_codeautolink` finds out, which also links them; here its findings are turned round.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive

SECTIONS = ("tutorials", "how-to", "explanation", "gallery")
"""The sections whose pages are listed, in this order; the reference uses names in its own examples."""


class UsedIn(nodes.Element):
    """Stands for the list until all pages are read."""


class UsedInDirective(Directive):
    """Mark where the pages are listed that use the name in the argument."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the mark."""
        return [UsedIn(name=self.arguments[0])]


def pages_that_use(uses: Iterable[tuple[str, str, str]], address: Mapping[str, Any]) -> dict[Any, dict[str, str]]:
    """Return for each entry of the reference the pages that use it.

    Parameters
    ----------
    uses : iterable of (page, section, name)
        What the code of pages uses, in the order of each page. A section is the id of a heading.
    address : mapping of str to object
        For each name where its entry is. The names of one thing, under which it is known, share an address.

    Returns
    -------
    dict of address to dict of str to str
        For each address the pages, and in each the first section that uses it.
    """
    found: dict[Any, dict[str, str]] = {}
    for page, section, name in uses:
        if name in address and page.startswith(SECTIONS):
            found.setdefault(address[name], {}).setdefault(page, section)
    return {each: dict(sorted(pages.items(), key=_place)) for each, pages in found.items()}


def _place(item: tuple[str, str]) -> tuple[int, str]:
    page = item[0]
    return next(number for number, section in enumerate(SECTIONS) if page.startswith(section)), page


def _addresses(app: Any) -> dict[str, tuple[str, str]]:
    entries = app.env.domains["py"].objects
    return {name: (entry.docname, entry.node_id) for name, entry in entries.items()}


def _uses(app: Any) -> Iterable[tuple[str, str, str]]:
    transforms = app.env.sphinx_codeautolink_transforms
    for page in sorted(transforms):
        for block in transforms[page]:
            for name in block.names:
                yield page, block.example.ref_id or "", name.resolved_location


def _mark(app: Any, what: str, name: str, documented: Any, options: Any, lines: list[str]) -> None:
    lines += ["", f".. used-in:: {name}"]


def _turn_round(app: Any, env: Any) -> None:
    address = _addresses(app)
    app.used_in = {"address": address, "pages": pages_that_use(_uses(app), address)}


def _list_pages(app: Any, doctree: nodes.document, page: str) -> None:
    for mark in list(doctree.findall(UsedIn)):
        pages = app.used_in["pages"].get(app.used_in["address"].get(mark["name"]), {})
        mark.replace_self(_paragraph(app, page, pages) if pages else [])


def _paragraph(app: Any, page: str, pages: Mapping[str, str]) -> nodes.paragraph:
    paragraph = nodes.paragraph(classes=["used-in"])
    paragraph += nodes.strong(text="Used in")
    for number, (each, section) in enumerate(pages.items()):
        target = app.builder.get_relative_uri(page, each) + (f"#{section}" if section else "")
        paragraph += nodes.Text(", " if number else " ")
        paragraph += nodes.reference("", app.env.titles[each].astext(), internal=True, refuri=target)
    return paragraph


def setup(app: Any) -> dict[str, Any]:
    """Connect to a build of Sphinx, after `sphinx_codeautolink`."""
    app.setup_extension("sphinx_codeautolink")
    app.add_node(UsedIn)
    app.add_directive("used-in", UsedInDirective)
    app.connect("autodoc-process-docstring", _mark, priority=800)  # after numpydoc
    app.connect("env-updated", _turn_round, priority=800)
    app.connect("doctree-resolved", _list_pages)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
