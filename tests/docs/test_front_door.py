"""What a newcomer meets first: the README, the sections of the pages, the gallery."""

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = (ROOT / "README.md").read_text(encoding="utf-8")
PICTURES = sorted((DOCS / "pictures").glob("*.py"))


def pages():
    """Return the names of all written pages, as toctrees name them; tables are parts of other pages."""
    names = {page.relative_to(DOCS).with_suffix("").as_posix() for page in DOCS.rglob("*.md")}
    return {name for name in names if not name.startswith("_build/") and not name.endswith("-table")}


def entries_of_toctrees():
    """Return for each page the pages below it."""
    entries = {}
    for name in pages():
        text = (DOCS / f"{name}.md").read_text(encoding="utf-8")
        for block in re.findall(r"^```\{toctree\}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
            for line in block.splitlines():
                if line and not line.startswith(":"):
                    folder = "" if line.startswith("/") else f"{name.rpartition('/')[0]}/"
                    entries.setdefault(name, []).append(f"{folder}{line}".strip("/"))
    return entries


def test_links_of_the_readme_lead_to_files():
    targets = re.findall(r"\]\(([^)\s]+)\)", README)
    assert len(targets) > 12
    assert [target for target in targets if not (ROOT / target).is_file()] == []


def test_the_readme_links_pages_and_does_not_spell_their_paths():
    assert re.findall(r"(?<!`)`(?:docs/)?(?:how-to|tutorials|explanation|reference)[^`]*\.md`(?!`)", README) == []


def test_the_readme_is_short_and_has_what_a_front_door_has():
    assert len(README.split()) < 600
    assert README.count("```sh\n") == 2
    assert README.count("```bibtex\n") == 1
    assert (ROOT / re.search(r"!\[[^\]]+\]\(([^)]+)\)", README)[1]).is_file()


def test_the_first_command_installs_what_the_pages_use():
    first, second = re.findall(r"^```sh\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    assert 'pip install ".[all]"' in first
    assert "--save maze.png" in first
    assert 'pip install -e ".[test]"' in second
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    (everything,) = extras["all"]
    named = set(re.search(r"\[(.*)\]", everything)[1].split(","))
    others = set(extras) - {"all", "test", "bench", "docs", "dev"}
    assert others - named == {
        *("cuda", "hf", "llamacpp", "xllamacpp"),  # gigabytes, or a compiler
        *("gymnax", "storm", "textgames"),  # other versions of Gymnasium, one system, Java
    }


def test_every_page_is_in_one_toctree():
    listed = [entry for entries in entries_of_toctrees().values() for entry in entries if entry != "gallery/index"]
    assert sorted(listed) == sorted(pages() - {"index"})


def test_the_top_bar_has_few_entries_and_each_a_sidebar():
    entries = entries_of_toctrees()
    assert len(entries["index"]) <= 6
    assert all(entries[section] for section in entries["index"] if section != "gallery/index")


def test_the_gallery_has_a_dozen_pictures_with_titles_and_links_that_hold():
    assert len(PICTURES) >= 12
    for picture in PICTURES:
        text = ast.get_docstring(ast.parse(picture.read_text(encoding="utf-8")))
        title, line, *rest = text.splitlines()
        assert line == "=" * len(title), picture
        assert any(rest), picture
        assert set(re.findall(r":doc:`/([^`]+)`", text)) <= pages(), picture
