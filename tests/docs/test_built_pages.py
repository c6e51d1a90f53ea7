"""What the built pages show, where they have been built (``sphinx-build -b html docs docs/_build/html``)."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

BUILT = Path(__file__).parents[2] / "docs" / "_build" / "html"
PAGES = sorted(page for page in BUILT.rglob("*.html") if "_static" not in page.parts)

pytestmark = pytest.mark.skipif(not PAGES, reason="the pages are not built")


class Outline(HTMLParser):
    """Counts the links of the sidebar and notes which addresses the page loads."""

    def __init__(self):
        super().__init__()
        self.loaded, self.sidebar, self.depth = [], 0, 0

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "nav" and "bd-docs-nav" in attributes.get("class", ""):
            self.depth = 1
        if tag == "a" and self.depth:
            self.sidebar += 1
        if tag in ("script", "img"):
            self.loaded.append(attributes.get("src", ""))
        if tag == "link" and attributes.get("rel") in ("stylesheet", "preload"):
            self.loaded.append(attributes.get("href", ""))

    def handle_endtag(self, tag):
        if tag == "nav":
            self.depth = 0


def outline(page):
    found = Outline()
    found.feed(page.read_text(encoding="utf-8"))
    return found


def test_every_page_has_a_filled_sidebar_and_loads_nothing_from_elsewhere():
    for page in PAGES:
        found = outline(page)
        assert found.sidebar > 1, f"{page} has an empty sidebar"
        assert [address for address in found.loaded if re.match(r"(https?:)?//", address)] == [], page


def test_formulas_are_set_by_a_file_of_these_pages():
    assert (BUILT / "_static" / "tex-svg.js").is_file()
    assert 'src="../_static/tex-svg.js' in (BUILT / "explanation" / "capacity.html").read_text(encoding="utf-8")


def test_the_landing_page_shows_the_gallery():
    page = (BUILT / "index.html").read_text(encoding="utf-8")
    assert page.count('class="sphx-glr-thumbcontainer"') >= 12


def test_entries_of_the_reference_have_short_names_code_and_uses():
    page = (BUILT / "reference" / "generated" / "empowerment.channel_capacity.html").read_text(encoding="utf-8")
    assert re.search(r"<h1>channel_capacity<", page)
    assert "_modules/empowerment/" in page
    assert re.search(r'class="used-in".*tutorials/first-steps\.html', page)


def test_every_tutorial_has_a_notebook_to_download():
    for page in (BUILT / "tutorials").glob("*.html"):
        if page.stem != "index":
            assert (BUILT / "_notebooks" / "tutorials" / f"{page.stem}.ipynb").is_file()
            assert f"_notebooks/tutorials/{page.stem}.ipynb" in page.read_text(encoding="utf-8")
