"""Data sets: what trainers read, one pass a document, the same file after a kill, and unreadable documents."""

import json
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from helpers import for_each

from empowerment.text import (
    Costs,
    Document,
    Recorded,
    TableModel,
    Threshold,
    TierError,
    TokenModelError,
    build_dataset,
    read_documents,
    select,
)
from empowerment.text.handoff.dataset import ON_EMPTY

TEXTS = ["the cat sat on the mat", "the dog sat on the log", "the cat ran to the dog", "a dog sat on a cat"]
RULE = Threshold.probability(0.5)


@pytest.fixture
def model():
    return TableModel.from_texts(TEXTS, order=2, smoothing=0.01)


class Counted(TableModel):
    """A model that counts how often each text is scored."""

    def __init__(self, inner):
        self.__dict__.update(inner.__dict__)
        self.scored = []

    def score(self, prefix, text="", **options):
        self.scored.append(text)
        return super().score(prefix, text, **options)


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_each_line_is_a_prompt_and_what_the_rule_selects_of_its_continuation(model, tmp_path):
    path = tmp_path / "data.jsonl"
    summary = build_dataset(TEXTS, model, RULE, path, states="all")
    found = lines(path)
    assert summary.n_examples == len(found) == sum(len(model.score("", text)) - 2 for text in TEXTS)
    for line in found:
        text = TEXTS[int(line["document"].removeprefix("text "))]
        assert text.startswith(line["prompt"] + line["completion"])
        assert line["prompt"]
        rest = text[len(line["prompt"]) :]
        wanted = select(model.score(line["prompt"], rest), RULE)
        assert (line["completion"], line["n_tokens"]) == (wanted.text, wanted.value)
        assert line["surprisal_bits"] == pytest.approx(list(wanted.surprisal), abs=1e-9)
        assert (line["gate"], line["threshold_bits"], line["scorer"]) == ("cumulative", 1.0, model.name)
    assert {tuple(line) for line in found} == {tuple(found[0])}  # trainers want the same columns in every line
    assert not (tmp_path / "data.jsonl.part").exists()


def test_a_document_is_scored_once_whatever_is_drawn_from_it(model, tmp_path):
    for states in (1, 3, "all"):
        counted = Counted(model)
        build_dataset(TEXTS, counted, RULE, tmp_path / "data.jsonl", states=states)
        assert counted.scored == TEXTS


def test_one_recording_serves_many_rules(model, tmp_path):
    counted = Counted(model)
    with Recorded(tmp_path / "scores.jsonl", counted) as recorded:
        for rule in (RULE, Threshold.bits(4), Costs()):
            build_dataset(TEXTS, recorded, rule, tmp_path / "data.jsonl", states="all")
    assert counted.scored == TEXTS
    assert (tmp_path / "scores.jsonl").exists()


def test_states_are_drawn_uniformly_and_by_the_seed_alone(model, tmp_path):
    text, counts = TEXTS[0], np.zeros(6)
    n_states = len(model.score("", text)) - 2
    first = {}
    for seed in range(120):
        build_dataset([text], model, RULE, tmp_path / "data.jsonl", seed=seed)
        [line] = lines(tmp_path / "data.jsonl")
        counts[line["state"]] += 1
        first[seed] = line
    assert counts[0] == 0
    assert counts[1 : n_states + 1].sum() == 120
    # 120 draws among 5 states: 24 each, with a standard deviation of 4.4.
    assert (np.abs(counts[1 : n_states + 1] - 120 / n_states) < 5 * 4.4).all()
    build_dataset([text, *TEXTS[1:]], model, RULE, tmp_path / "more.jsonl", seed=7)
    assert lines(tmp_path / "more.jsonl")[0] == first[7]


def test_empty_completions_are_kept_dropped_or_drawn_again(model, tmp_path):
    texts, found = TEXTS * 20, {}
    for on_empty in ON_EMPTY:
        summary = build_dataset(texts, model, Threshold.probability(0.9), tmp_path / "d.jsonl", on_empty=on_empty)
        found[on_empty] = lines(tmp_path / "d.jsonl")
        assert summary.n_empty == sum(not line["completion"] for line in found[on_empty])
    assert len(found["keep"]) == len(texts)
    empty = [line for line in found["keep"] if not line["completion"]]
    assert 0 < len(empty) < len(texts)
    assert found["drop"] == [line for line in found["keep"] if line["completion"]]
    assert all(line["completion"] for line in found["resample"])
    # A document of which nothing is predictable anywhere has no line, and is named.
    coin = TableModel({"": {"a": 0.5, "b": 0.5}})
    summary = build_dataset(["abab"], coin, Threshold.probability(0.9), tmp_path / "d.jsonl", on_empty="resample")
    assert (summary.n_examples, list(summary.skipped)) == (0, ["text 0"])


def test_a_killed_run_goes_on_to_the_identical_file_and_scores_nothing_twice(tmp_path):
    script = textwrap.dedent("""
        import os, signal, sys
        from empowerment.text import TableModel, Threshold, build_dataset
        texts = [f"{'the cat sat ' * (i % 5 + 1)}on {i}" for i in range(40)]
        class Model(TableModel):
            def score(self, prefix, text="", **options):
                if texts.index(text) == int(sys.argv[2]):
                    os.kill(os.getpid(), signal.SIGKILL)
                with open(sys.argv[1] + ".log", "a") as log:
                    log.write(f"{texts.index(text)}\\n")
                return super().score(prefix, text, **options)
        model = Model({"": {t: 1 / 31 for t in " abcdefghijklmnopqrst0123456789"}}, name="letters")
        build_dataset(texts, model, Threshold.bits(20), sys.argv[1], states=3, seed=1)
    """)

    def run(path, kill_at):
        return subprocess.run([sys.executable, "-c", script, path, str(kill_at)], cwd=os.getcwd()).returncode

    assert run(str(tmp_path / "whole.jsonl"), -1) == 0
    for kill_at in (7, 23, 39):
        assert run(str(tmp_path / "killed.jsonl"), kill_at) == -9
        assert not (tmp_path / "killed.jsonl").exists()
    assert run(str(tmp_path / "killed.jsonl"), -1) == 0
    assert (tmp_path / "killed.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert (tmp_path / "killed.jsonl.log").read_text() == (tmp_path / "whole.jsonl.log").read_text()


def test_documents_are_read_from_files_folders_and_json_lines(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / ".git").mkdir()
    files = {
        "a.py": b"x = 1\n",
        "b/c.py": "\ufeffy = 'é'\r\n".encode(),
        "b/d.txt": b"no",
        ".git/e.py": b"hidden",
        "b/.f.py": b"hidden",
        "g.py": b"",
        "h.py": b"\x89PNG\r\n\0\0",
        "i.py": b"x\0y",
        "j.jsonl": b'{"text": "one"}\n\n{"content": "two"}\n[1]\nnot json\n{"text": "\\ud800"}\n'
        b'{"text": ""}\n{"text": 3}',
        "k.jsonl": b"[" * 100_000,
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    found = {d.name.removeprefix(str(tmp_path)): d for d in read_documents(tmp_path, suffixes=[".py", ".jsonl"])}
    assert found["/a.py"].text == "x = 1\n"
    assert found["/b/c.py"].text == "y = 'é'\r\n"
    assert found["/j.jsonl:1"].text == "one"
    problems = {name: document.problem for name, document in found.items() if document.problem}
    assert [name for name in found if name not in problems] == ["/a.py", "/b/c.py", "/j.jsonl:1"]
    assert problems["/g.py"] == "it is empty"
    assert problems["/h.py"] == "it is no text: byte 0 is 0x89, expected UTF-8"
    assert problems["/i.py"] == "it is no text: byte 1 is 0x00"
    assert problems["/j.jsonl:3"] == "it has no text under 'text'; its fields are 'content'"
    assert "it is no object" in problems["/j.jsonl:4"]
    assert "it is no JSON" in problems["/j.jsonl:5"]
    assert "surrogate" in problems["/j.jsonl:6"]
    assert problems["/j.jsonl:7"] == "it is empty"
    assert "no text under 'text'" in problems["/j.jsonl:8"]
    assert "it is no JSON" in problems["/k.jsonl:1"]
    assert [d.text for d in read_documents(tmp_path / "j.jsonl", field="content") if not d.problem] == ["two"]
    with pytest.raises(TypeError, match=r"suffixes is '.py', expected a list of endings, such as \['.py'\]"):
        list(read_documents(tmp_path, suffixes=".py"))
    with pytest.raises(FileNotFoundError, match="no-such"):
        list(read_documents([tmp_path / "a.py", tmp_path / "no-such"]))


def test_documents_that_cannot_be_scored_are_named_and_the_others_are_not_harmed(model, tmp_path):
    class Short(Counted):
        def score(self, prefix, text="", **options):
            if len(text) > 30:
                raise TokenModelError("the text has 31 tokens, but short reads 30 at most")
            return super().score(prefix, text, **options)

    texts = [
        TEXTS[0],
        "the cat " * 10,
        "",
        "the",
        Document("x.bin", problem="it is no text"),
        TEXTS[1],
        "unknown words",
    ]
    summary = build_dataset(texts, Short(model), RULE, tmp_path / "data.jsonl")
    assert summary.n_documents == 7
    assert [line["document"] for line in lines(tmp_path / "data.jsonl")] == ["text 0", "text 5"]
    assert list(summary.skipped) == ["text 1", "text 2", "text 3", "x.bin", "text 6"]
    assert "reads 30 at most" in summary.skipped["text 1"]
    assert "single token" in summary.skipped["text 3"]
    assert f"2 examples, {summary.n_empty} empty, from 7 documents, 5 skipped" in repr(summary)


def test_prompts_and_completions_are_whole_characters(tmp_path):
    """A model of bytes: each letter beyond ASCII has several tokens."""

    class Bytes(TableModel):
        def score(self, prefix, text="", *, top=None, also=()):
            from empowerment.text import Position

            listed = tuple(bytes([b]) for b in range(256))
            return [
                Position.complete_list(listed, np.where(np.arange(256) == b, 0.0, -8.0), chosen=b, start=i)
                for i, b in enumerate(text.encode())
            ]

    text = "naïve café, 数学 🎲 ok"
    build_dataset([text], Bytes({"": {"": 1.0}}), Threshold.bits(0.9), tmp_path / "data.jsonl", states="all")
    found = lines(tmp_path / "data.jsonl")
    assert [line["prompt"] for line in found] == [text[:i] for i in range(1, len(text))]
    assert all(text.startswith(line["prompt"] + line["completion"]) for line in found)


@for_each(
    ("options", "message"),
    [
        ({"states": 0}, "states is 0"),
        ({"states": "some"}, "states is 'some'"),
        ({"on_empty": "skip"}, "unknown on_empty 'skip'"),
        ({"gate": "mean"}, "unknown gate 'mean'"),
        ({"seed": -1}, "seed is -1"),
        ({"top": 0}, "top is 0"),
    ],
)
def test_wrong_options_are_refused_before_a_file_is_made(model, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        build_dataset(TEXTS, model, RULE, tmp_path / "data.jsonl", **options)
    assert not list(tmp_path.iterdir())


def test_documents_are_texts(model, tmp_path):
    for documents, message in (
        ("text", "documents is 'text'"),
        ([3], r"documents\[0\] is 3, expected a Document"),
    ):
        with pytest.raises(TypeError, match=message):
            build_dataset(documents, model, RULE, tmp_path / "data.jsonl")


def test_a_model_that_does_not_score_texts_is_refused(tmp_path):
    from empowerment.text import FunctionModel

    with pytest.raises(
        TierError, match="build_dataset needs the tier SCORE: a model that reports the probabilities of the tokens"
    ):
        build_dataset(TEXTS, FunctionModel(write=lambda p, r: "a", name="w"), RULE, tmp_path / "data.jsonl")
