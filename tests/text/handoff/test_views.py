"""Results of handing over as notebooks show them: whole tables, nothing of a text taken for HTML; pictures."""

import html.parser
import math

import numpy as np
import pytest
from helpers import for_each

from empowerment import plotting
from empowerment.export.html import interval, table
from empowerment.text import (
    Continuations,
    FixedLength,
    HandOver,
    NoAssistant,
    Offer,
    Position,
    Replay,
    TableModel,
    Threshold,
    TokenModelPerson,
    WritingTask,
    build_dataset,
    calibrate,
    compare_assistants,
    effective_empowerment,
    select,
    select_all,
    take_turns,
)

TEXT = "for <b> in x & y"
MODEL = TableModel.from_texts([TEXT, "for <i> in x & z"], order=1, smoothing=0.01)
BIT = Threshold.bits(1)


class Parsed(html.parser.HTMLParser):
    """The cells of a table, and whether every element is closed in its turn."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.cells, self.text = [], set(), [], ""
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.add(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data
        if self.open and self.open[-1] in ("td", "th"):
            self.cells[-1] += data


def compared(tasks=2, **options):
    texts = Continuations(MODEL, max_tokens=4)
    assistants = {"none": NoAssistant(), "<two>": FixedLength(texts, 2), "1 bit": HandOver(texts, BIT)}
    written = [WritingTask(f"task {i}", "for", " <b> in x & y" * (i + 1)).tokenized(MODEL) for i in range(tasks)]
    return compare_assistants(assistants, Replay(), written, tokens_per_round=1, **options)


def results(tmp_path):
    positions = MODEL.score("", TEXT)
    offers = [Offer(str(i), "ab", (("a", 0.1, 0.1), ("b", 0.9, 0.9)), (3.0, 3.0), "accepted", 2) for i in range(3)]
    comparison = compared()
    yield select(positions, BIT)
    yield select_all(positions, BIT)
    yield take_turns(positions, BIT)
    yield build_dataset([TEXT, ""], MODEL, BIT, tmp_path / "data<b>.jsonl")
    yield effective_empowerment(MODEL, "for", 1)
    yield calibrate(offers)
    yield comparison
    yield comparison["<two>"]


def test_results_are_whole_html_in_which_texts_stay_texts(tmp_path):
    for result in results(tmp_path):
        parsed = Parsed(result._repr_html_())
        assert parsed.tags <= {"table", "caption", "thead", "tbody", "tr", "th", "td", "div", "p", "pre", "span"}
        assert not {"inf", "nan", "None"} & {cell.strip("()") for cell in parsed.cells}, parsed.cells


def test_numbers_are_those_of_the_result():
    comparison = compared()
    cells = Parsed(comparison._repr_html_()).cells
    read = comparison["<two>"].mean("tokens_read")
    assert (read.value, read.standard_error) == (12.5, pytest.approx(3.5))
    assert "12.5 (3.5)" in cells
    assert cells[0] == "assistant"
    assert "<two>" in cells
    assert Parsed(take_turns(MODEL.score("", TEXT), BIT)._repr_html_()).text.count(TEXT) == 1
    found = select_all(MODEL.score("", TEXT), BIT)
    tokens = [repr(place.token.decode()) for place in found.positions[: len(found) - 1]]
    assert Parsed(found._repr_html_()).cells[4::4] == tokens


def test_an_open_length_is_shown_as_its_interval():
    known = Position((b"a",), np.log([0.9]), vocabulary_size=9, token=b"a", chosen=0)
    unlisted = Position((b"a",), np.log([0.6]), vocabulary_size=10, token=b"x")
    cells = Parsed(select([known, unlisted, known], Threshold.bits(1.7))._repr_html_()).cells
    assert "1 in [1, 3]" in cells
    assert "at least 1.32" in cells
    assert interval((-math.inf, math.inf)) == "not known"
    assert interval((0.25, 0.25 + 1e-9)) == "0.25"


def test_a_long_table_says_how_much_is_left_out():
    cells = Parsed(table({"a": range(100), "b": range(100)})).cells
    assert len(cells) == 2 + 2 * 30 + 1
    assert cells[-1] == "… and 70 more"


def test_a_comparison_is_drawn_with_its_errors():
    pytest.importorskip("matplotlib")
    comparison = compared(tasks=3)
    ax = comparison.plot()
    assert [text.get_text() for text in ax.get_yticklabels()] == ["none", "<two>", "1 bit"]
    assert ax.get_xlabel() == "DPR, with standard errors"
    drawn = {float(y): float(x) for x, y in ax.lines[0].get_xydata()}
    assert drawn == {i: pytest.approx(comparison[name].mean("dpr").value) for i, name in enumerate(comparison)}
    assert "3 tasks" in ax.get_title()
    both = comparison.plot(ax, "mine", measures=["tokens_read", "tokens_written"])
    assert both is ax
    assert [text.get_text() for text in ax.get_legend().get_texts()][-2:] == ["tokens read", "tokens written"]
    one = compared(tasks=1).plot()  # whose errors are not known
    assert one.get_xlabel() == "DPR"


def test_without_a_judgement_the_effort_is_drawn():
    pytest.importorskip("matplotlib")
    person = TokenModelPerson(TableModel({"": {" accept": 0.5, " reject": 0.4, " finish": 0.1}}), lambda *texts: "")
    found = compare_assistants({"none": NoAssistant()}, person, [WritingTask("a", "for")], max_rounds=2, rng=0)
    assert found["none"].episodes[0].correct is None
    ax = found.plot()
    assert ax.get_xlabel() == "mean over tasks"
    assert "DPR" not in Parsed(found._repr_html_()).text


@for_each(
    ("options", "message"),
    [
        ({"means": {}}, "means is empty"),
        ({"means": {"m": [1.0]}}, "means\\['m'\\] has shape"),
        ({"errors": {"n": [1.0, 2.0]}}, "errors has 'n'"),
        ({"errors": {"m": [-1.0, 2.0]}}, "expected standard errors"),
        ({"errors": {"m": [math.nan, 2.0]}}, "expected standard errors"),
    ],
)
def test_what_cannot_be_drawn_is_named(options, message):
    pytest.importorskip("matplotlib")
    with pytest.raises(ValueError, match=message):
        plotting.plot_assistants(**{"names": ["a", "b"], "means": {"m": [1.0, 2.0]}} | options)
