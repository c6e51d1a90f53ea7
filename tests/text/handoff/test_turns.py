"""Turns of a text, and how they are shown: nothing is lost, each turn is what the rule selects."""

import html
import json
import re

import numpy as np
import pytest
from helpers import for_each

from empowerment import cli
from empowerment.text import Costs, Position, TableModel, Threshold, select_all, take_turns
from empowerment.text.handoff.rendering import terminal_text

TABLE = {
    "": {"def": 0.5, "if": 0.5},
    "def": {" f": 0.6, " g": 0.4},
    " f": {"(": 0.95, "x": 0.05},
    "x": {"(": 1.0},
    "(": {"):": 0.9, "x": 0.1},
    "):": {"\n": 1.0},
    "\n": {"    ": 0.9, "if": 0.1},
    "    ": {"return": 0.9, "<b>&é": 0.1},
    "return": {" x": 0.4, " f": 0.6},
    " x": {"\n": 1.0},
    "<b>&é": {"\n": 1.0},
}
TEXT = "def f():\n    return x\n    <b>&é\n"


@pytest.fixture
def positions():
    return TableModel(TABLE).score("", TEXT)


def written(turns):
    return [(turn.writer, turn.text) for turn in turns]


def test_turns_cover_the_text_and_follow_the_rule(positions):
    for rule in (Threshold.probability(0.8), Threshold.bits(3), Costs()):
        for by in ("token", "word", "line"):
            turns = take_turns(positions, rule, by=by)
            selections = select_all(positions, rule)
            assert "".join(turn.text for turn in turns) == TEXT
            assert [turn.tokens[0] for turn in turns][1:] == [turn.tokens[1] for turn in turns][:-1]
            for turn in turns:
                handed_over = turn.selection.start + turn.selection.value
                assert turn.selection.value == selections.value[turn.selection.start]
                assert turn.tokens[turn.writer == "assistant"] == handed_over
                assert TEXT.encode()[slice(*turn.span)].decode() == turn.text
            assert turns.n_hand_overs == sum(turn.writer == "person" for turn in turns)
            assert 0 < turns.completed < 1


def test_by_hand(positions):
    """After " f" come "(" and "):" with .95 * .9 = .855 and a certain line break; .855 * .9 is less than .8."""
    tokens = take_turns(positions, Threshold.probability(0.8), by="token")
    assert written(tokens) == [
        ("person", "def"),
        ("person", " f"),
        ("assistant", "():\n"),
        ("person", "    "),
        ("assistant", "return"),
        ("person", " x"),
        ("assistant", "\n    "),
        ("person", "<b>&é"),
        ("assistant", "\n"),
    ]
    assert tokens.completed == pytest.approx((5 - 1 + 6 + 5 + 1) / len(TEXT.encode()))
    lines = take_turns(positions, Threshold.probability(0.8), by="line")
    assert written(lines) == [
        ("person", "def f():\n"),
        ("assistant", "    return"),
        ("person", " x\n"),
        ("assistant", "    "),
        ("person", "<b>&é\n"),
    ]


def test_turns_end_at_whole_characters():
    e = "é".encode()
    places = [
        Position.complete_list([token, b"?"], np.log([p, 1 - p]), chosen=0, start=i)
        for i, (token, p) in enumerate([(e[:1], 0.1), (e[1:], 0.9), (b"x", 0.9), (e[:1], 0.9), (e[1:], 0.1)])
    ]
    assert written(take_turns(places, Threshold.bits(1), by="token")) == [
        ("person", "é"),
        ("assistant", "x"),
        ("person", "é"),
    ]
    with pytest.raises(ValueError, match="expected UTF-8"):
        take_turns(places[:1], Threshold.bits(1))


def test_an_empty_text_has_no_turns():
    turns = take_turns([], Threshold.bits(1))
    assert (len(turns), turns.completed, turns.n_hand_overs) == (0, 0.0, 0)


def test_the_terminal_shows_every_character_and_no_foreign_escape(positions):
    turns = take_turns(positions, Threshold.probability(0.8))
    plain = terminal_text(turns, color=False)
    assert plain.replace("«", "").replace("»", "") == TEXT
    colored = terminal_text(turns, color=True)
    assert re.sub("\x1b\\[\\d*m", "", colored) == TEXT
    assert "\x1b[32m():\n\x1b[0m" in colored
    attack = TableModel({"": {"\x1b[2J": 0.5, "a": 0.5}}).score("", "\x1b[2J")
    assert terminal_text(take_turns(attack, Threshold.bits(0)), color=True) == "\\x1b[2J"


def test_the_page_is_the_text_with_nothing_unescaped(positions):
    page = take_turns(positions, Threshold.probability(0.8)).to_html()
    shown = page[page.index("<pre") : page.index("</pre>")]
    assert html.unescape(re.sub("<[^>]*>", "", shown)) == TEXT
    assert "<b>&" not in page


def test_the_strip_has_a_bar_for_each_token(positions):
    pytest.importorskip("matplotlib")
    turns = take_turns(positions, Threshold.probability(0.8), by="token")
    ax = turns.plot()
    assert len(ax.patches) == len(positions) - 1
    assert [bar.get_height() for bar in ax.patches] == pytest.approx(
        [place.surprisal().lower for place in positions[:-1]]
    )
    assert "hand-overs" in ax.get_title()
    assert turns.plot(title="mine").get_title() == "mine"


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.json").write_text(json.dumps(TABLE), encoding="utf-8")
    (tmp_path / "f.py").write_text(TEXT, encoding="utf-8")
    return tmp_path


def test_show_prints_the_file_and_writes_page_and_picture(files, capsys):
    pytest.importorskip("matplotlib")
    options = ["--model", "table.json", "--probability", "0.8", "--by", "token"]
    assert cli.main(["handoff", "show", "f.py", *options, "--html", "page.html", "--save", "strip.png"]) == 0
    out, err = capsys.readouterr()
    assert out == "def f«():\n»    «return» x«\n    »<b>&é«\n»"
    assert "5 hand-overs" in err
    assert (files / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (files / "strip.png").read_bytes().startswith(b"\x89PNG")
    assert cli.main(["handoff", "show", "f.py", *options, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert [turn["text"] for turn in record["turns"]][2] == "():\n"


def test_build_writes_a_data_set_and_names_what_was_skipped(files, capsys):
    (files / "b.py").write_bytes(b"\xff\xfe")
    arguments = [
        "handoff",
        "build",
        "f.py",
        "--model",
        "table.json",
        "--eta",
        "0.33",
        "--states",
        "all",
        "--out",
        "d.jsonl",
    ]
    assert cli.main(arguments) == 0
    assert "wrote d.jsonl: 11 examples" in capsys.readouterr().out
    assert len((files / "d.jsonl").read_text().splitlines()) == 11
    assert cli.main([*arguments[:2], ".", *arguments[3:], "--suffix", ".py", "--json"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["n_examples"] == 11
    assert "skipped b.py: it is no text: byte 0 is 0xff" in err


@for_each(
    ("arguments", "message"),
    [
        (["show", "f.py", "--model", "table.json"], "one of the arguments --eta --probability --costs is required"),
        (["show", "f.py", "--model", "table.json", "--eta", "1", "--costs", "1", "2"], "not allowed with"),
        (["show", "no.py", "--model", "table.json", "--eta", "1"], "no file or folder 'no.py'"),
        (["show", "f.py", "--model", "gpt", "--eta", "1"], "unknown model 'gpt'"),
        (["show", "f.py", "--model", "no.json", "--eta", "1"], "no file 'no.json'"),
        (["show", "f.py", "--model", "f.json", "--eta", "1"], "no file 'f.json'"),
        (["show", "f.py", "--model", "table.json", "--eta", "1", "--reports", "echo"], "--reports does not apply"),
        (["show", "f.py", "--model", "openai:gpt", "--eta", "1"], "expected openai:MODEL@URL"),
        (["show", "f.py", "--model", "table.json", "--eta", "1", "--save", "x.gif"], "unknown ending"),
        (["show", "f.py", "--model", "table.json", "--eta", "1", "--color", "pink"], "unknown --color"),
        (["show", "f.py", "--model", "table.json", "--eta", "-1"], "amount is -1"),
        (["show", "f.py", "--model", "table.json", "--costs", "-1", "2"], "is -1"),
        (
            ["build", "f.py", "--model", "table.json", "--eta", "1", "--out", "d", "--states", "few"],
            "states is 'few'",
        ),
    ],
)
def test_wrong_arguments_get_a_sentence(files, capsys, arguments, message):
    assert cli.main(["handoff", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_damaged_table_is_named(files, capsys):
    for content in ("{", "[1]", '{"a": 1}', '{"a": {"b": "x"}}', "[" * 100_000):
        (files / "bad.json").write_text(content)
        assert cli.main(["handoff", "show", "f.py", "--model", "bad.json", "--eta", "1"]) == 2
        assert "'bad.json'" in capsys.readouterr().err
