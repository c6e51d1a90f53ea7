"""Recordings: what was paid for once is in the file, whenever the run is killed; and many prompts side by side."""

import json
import math
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from empowerment.testing import check_token_model
from empowerment.text import Position, Provider, Recorded, TableModel, Tier, TierError, TokenModelError, ask_each

PERSON = TableModel({"": {" tea": 0.25, " coffee": 0.5, "é": 0.25, "": 0.0}}, name="person")


class Counted(Provider):
    """Says how often it was asked for each prompt; fails for some."""

    tier, vocabulary_size = Tier.SCORE, PERSON.vocabulary_size
    name = "counted"

    def __init__(self, failing=()):
        self.asked = []
        self.failing = set(failing)

    def score(self, prefix, text="", *, top=None, also=()):
        self.asked.append(prefix)
        if prefix in self.failing:
            raise TokenModelError(f"no answer for {prefix}")
        return PERSON.score(prefix, text, top=top, also=also)


def test_a_recording_answers_as_its_model_did(tmp_path):
    path = tmp_path / "a.jsonl"
    with Recorded(path, PERSON) as first:
        asked = (
            first.score("x", " teaé", top=1, also=[0]),
            list(first.step("x", 3, seed=1)),
            first.sample("x", 4, seed=2),
        )
        assert len(first) == 3
    again = Recorded(path)
    replayed = (
        again.score("x", " teaé", top=1, also=[0]),
        list(again.step("x", 3, seed=1)),
        again.sample("x", 4, seed=2),
    )
    for one, other in zip([*asked[0], *asked[1]], [*replayed[0], *replayed[1]], strict=True):
        assert one.tokens == other.tokens
        np.testing.assert_array_equal(one.log_probabilities, other.log_probabilities)
        assert (one.token, one.chosen, one.span, one.cap, one.vocabulary_size) == (
            *(other.token, other.chosen, other.span),
            *(other.cap, other.vocabulary_size),
        )
    assert asked[2] == replayed[2]
    assert (again.name, again.tier, again.vocabulary_size, list(again.ends)) == ("person", Tier.SCORE, 4, [3])


def test_the_contract_holds_for_a_recording(tmp_path):
    model = TableModel.from_texts(["a rose is a rose is a rose"])
    with Recorded(tmp_path / "a.jsonl", model) as first:
        check_token_model(first, "a rose", " is a rose is")
    check_token_model(Recorded(tmp_path / "a.jsonl"), "a rose", " is a rose is")


def test_bytes_that_are_no_text_and_bounds_survive(tmp_path):
    class Odd(Provider):
        tier, name, ends = Tier.SCORE, "odd", (b"\xe2\x82",)

        def score(self, prefix, text="", *, top=None, also=()):
            logs = np.array([math.log(0.5), -math.inf])
            return [Position((b"\xe2\x82", b"b"), logs, cap=0.4, rounding=1e-4, token=b"\xff", span=(0, 1))]

    with Recorded(tmp_path / "a.jsonl", Odd()) as first:
        first.score("x", also=[b"\xe2\x82"])
    found = Recorded(tmp_path / "a.jsonl")
    place = found.score("x", also=[b"\xe2\x82"])[0]
    assert (place.tokens, place.token, place.chosen, place.cap) == ((b"\xe2\x82", b"b"), b"\xff", None, 0.4)
    assert place.log_probabilities[1] == -math.inf
    assert list(found.ends) == [b"\xe2\x82"]


def test_what_is_recorded_is_not_asked_again(tmp_path):
    model = Counted()
    for _ in range(2):
        with Recorded(tmp_path / "a.jsonl", model) as person:
            person.score("a")
            person.score("a")
            person.score("a", top=1)
    assert model.asked == ["a", "a"]  # with another option it is another question


def test_a_prompt_that_was_not_recorded_is_an_error(tmp_path):
    path = tmp_path / "a.jsonl"
    Recorded(path, PERSON).close()
    with pytest.raises(TokenModelError, match=r"has no answer of score\(\) for the prefix 'tea\?'"):
        Recorded(path).score("tea?")


def test_files_that_are_no_recordings_stay_as_they_are(tmp_path):
    path = tmp_path / "a.txt"
    for content in (b"important", b"important\n", b'{"format": "other"}\n', b'{"key": 1}\n[]\n'):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="is no recording"):
            Recorded(path, PERSON)
        assert path.read_bytes() == content
    with pytest.raises(FileNotFoundError, match="there is no recording"):
        Recorded(tmp_path / "none.jsonl")
    with pytest.raises(OSError, match="cannot record to"):
        Recorded(tmp_path / "no" / "folder.jsonl", PERSON)


def test_a_recording_belongs_to_one_model(tmp_path):
    Recorded(tmp_path / "a.jsonl", PERSON).close()
    with pytest.raises(ValueError, match="is a recording of 'person', but the model is 'counted'"):
        Recorded(tmp_path / "a.jsonl", Counted())


def test_a_recording_of_a_lower_tier_refuses_what_that_refuses(tmp_path):
    class Pen(Provider):
        name = "pen"

        def sample(self, prefix, n, *, max_tokens=16, temperature=1.0, seed=None):
            return ["ink"] * n

    with Recorded(tmp_path / "a.jsonl", Pen()) as pen:
        assert pen.sample("x", 2) == ["ink", "ink"]
        with pytest.raises(TierError, match="pen is of the tier SAMPLE"):
            pen.score("x")


@pytest.mark.parametrize("cut", [1, 7, 100])
def test_an_unfinished_line_is_taken_away(tmp_path, cut):
    path = tmp_path / "a.jsonl"
    with Recorded(path, PERSON) as person:
        person.score("a")
        whole = path.read_bytes()
        person.score("b")
    full = path.read_bytes()
    path.write_bytes(full[: len(whole) + cut])
    assert len(Recorded(path)) == 1
    with Recorded(path, PERSON) as person:
        person.score("b")
    assert path.read_bytes() == full


def test_an_unfinished_header_is_written_again(tmp_path):
    path = tmp_path / "a.jsonl"
    Recorded(path, PERSON).close()
    header = path.read_bytes()
    for kept in (0, 5, len(header) - 1):
        path.write_bytes(header[:kept])
        Recorded(path, PERSON).close()
        assert path.read_bytes() == header


def test_damage_is_named_with_its_place(tmp_path):
    path = tmp_path / "a.jsonl"
    with Recorded(path, PERSON) as person:
        person.score("a")
        person.score("b")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"garbage\n" + lines[2])
    with pytest.raises(ValueError, match=f"is damaged at byte {len(lines[0])}"):
        Recorded(path)
    path.write_bytes(lines[0] + lines[1][:90] + b"\n")
    with pytest.raises(ValueError, match="is no JSON"):
        Recorded(path).score("a")


def test_two_runs_do_not_write_to_one_file(tmp_path):
    pytest.importorskip("fcntl")
    with Recorded(tmp_path / "a.jsonl", PERSON), pytest.raises(OSError, match="is being written to by another run"):
        Recorded(tmp_path / "a.jsonl", PERSON)


RUN = """
import sys, time
from empowerment.text import Provider, Recorded, TableModel, Tier, ask_each, next_token_channel

class Slow(Provider):
    tier, name, vocabulary_size = Tier.SCORE, "slow", 2
    table = TableModel({"": {" yes": 0.75, " no": 0.25}})

    def score(self, prefix, text="", *, top=None, also=()):
        with open(sys.argv[2], "a") as log:
            log.write(prefix + "\\n")
        time.sleep(0.002)
        return self.table.score(prefix, text, top=top, also=also)

with Recorded(sys.argv[1], Slow()) as model:
    print(len(ask_each(model.score, [f"prompt {i}" for i in range(500)]).all()))
"""


def test_killed_and_resumed_500_prompts_are_paid_for_once(tmp_path):
    script = tmp_path / "run.py"
    script.write_text(RUN)

    def command(name):
        return [sys.executable, str(script), str(tmp_path / f"{name}.jsonl"), str(tmp_path / f"{name}.log")]

    whole = subprocess.run(command("whole"), capture_output=True, text=True, check=True)
    assert whole.stdout.strip() == "500"
    kills = 0
    for share in (0.2, 0.5, 0.8):
        with subprocess.Popen(command("killed"), stdout=subprocess.DEVNULL) as run:
            log = tmp_path / "killed.log"
            while run.poll() is None and (not log.exists() or log.read_text().count("\n") < 500 * share):
                time.sleep(0.002)
            run.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
            kills += run.wait() != 0
    subprocess.run(command("killed"), capture_output=True, text=True, check=True)
    assert kills == 3
    assert (tmp_path / "killed.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    asked = (tmp_path / "killed.log").read_text().split("\n")[:-1]
    # A kill between asking and writing costs that one prompt; everything that was answered is kept.
    assert len(asked) <= 500 + kills
    written = [json.loads(line)["ask"]["prefix"] for line in (tmp_path / "killed.jsonl").read_text().splitlines()[1:]]
    assert written == [f"prompt {i}" for i in range(500)]


def test_failures_are_reported_by_prompt_and_asked_again_alone(tmp_path):
    model = Counted(failing=["b", "d"])
    with Recorded(tmp_path / "a.jsonl", model) as person:
        first = ask_each(person.score, ["a", "b", "c", "d", "a"])
        assert (sorted(first.found), sorted(first.failures)) == (["a", "c"], ["b", "d"])
        with pytest.raises(
            TokenModelError, match=r"2 of 4 prompts have no answer: prompt 1 \('b'\): no answer for b;"
        ):
            first.all()
        model.failing.clear()
        model.asked.clear()
        assert len(ask_each(person.score, ["a", "b", "c", "d", "a"]).all()) == 5
    assert model.asked == ["b", "d"]


def test_workers_ask_side_by_side_and_in_the_order_of_the_prompts():
    together = threading.Barrier(3, timeout=10)

    def ask(prompt):
        together.wait()
        return prompt.upper()

    assert ask_each(ask, list("abcdef"), workers=3).all() == list("ABCDEF")


def test_threads_share_a_recording(tmp_path):
    model = Counted()
    prompts = [f"p{i}" for i in range(60)]
    with Recorded(tmp_path / "a.jsonl", model) as person:
        ask_each(person.score, prompts, workers=8).all()
        ask_each(person.score, prompts, workers=8).all()
    assert sorted(model.asked) == sorted(prompts)
    assert len(Recorded(tmp_path / "a.jsonl")) == 60


@pytest.mark.parametrize("workers", [1, 4])
def test_other_errors_end_the_run(workers):
    def ask(prompt):
        raise KeyboardInterrupt if prompt == "b" else TokenModelError("not now")

    with pytest.raises(KeyboardInterrupt):
        ask_each(ask, list("abcdefgh"), workers=workers)


def test_a_bar_is_shown_when_asked_for(capsys):
    ask_each(str.upper, ["a", "b"], progress=True)
    assert "2/2" in capsys.readouterr().err
    ask_each(str.upper, ["a", "b"])
    assert capsys.readouterr() == ("", "")


def test_the_answer_is_on_the_disk_before_it_is_handed_on(tmp_path):
    path = tmp_path / "a.jsonl"
    with Recorded(path, PERSON) as person:
        size = os.path.getsize(path)
        person.score("a")
        assert os.path.getsize(path) > size
