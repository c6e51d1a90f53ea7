"""Recordings: what was paid for once is in the file, whenever the run is killed; and many prompts side by side."""

import dataclasses
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
from helpers import for_each

from empowerment.runtime.digests import bytes_digest
from empowerment.testing import check_token_model
from empowerment.text import Position, Provider, Recorded, TableModel, Tier, TierError, TokenModelError, ask_each
from empowerment.text.recorded_lines import digest_of, sealed_line

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


@for_each("cut", [1, 7, 100])
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


@pytest.fixture
def recording(tmp_path):
    """A recording with two answers, and its lines."""
    path = tmp_path / "a.jsonl"
    with Recorded(path, PERSON) as person:
        person.score("a")
        person.score("b", "é")
        person.sample("a", 2, seed=1)
    return path, path.read_bytes().splitlines(keepends=True)


def resealed(lines, number, **changes):
    """The lines with one changed and its digest made to fit; of a header all others follow."""
    seal, found = "", []
    for i, line in enumerate(lines):
        content = {name: value for name, value in json.loads(line).items() if name != "digest"}
        found.append(sealed_line(content | (changes if i == number else {}), seal))
        seal = seal or digest_of(found[0], "")
    return b"".join(found)


def test_damage_is_named_with_its_place(recording):
    path, lines = recording
    starts = [sum(map(len, lines[:i])) for i in range(len(lines))]
    for i, line in enumerate(lines[:3]):
        for damaged in (
            b"garbage\n",
            b"\n",
            line[:90] + b"\n",
            line[:-1] + b" \n",
            line.replace(b"-1.386", b"-1.387").replace(b"person", b"parson"),
            line.replace(b'"rounding"', b'"roundinq"').replace(b'"tier"', b'"teir"'),
            line[:-20] + bytes([line[-20] ^ 1]) + line[-19:],
        ):
            assert damaged != line
            path.write_bytes(b"".join([*lines[:i], damaged, *lines[i + 1 :]]))
            for model in (None, PERSON):
                before = path.read_bytes()
                with pytest.raises(ValueError, match=r"a\.jsonl' is (damaged|no recording)") as refused:
                    Recorded(path, model)
                assert path.read_bytes() == before
                assert "no recording" in str(refused.value) or (
                    f"is damaged in line {i + 1}, which begins at byte {starts[i]}: " in str(refused.value)
                )


def test_a_line_that_changes_after_it_was_read_is_not_believed(recording):
    path, lines = recording
    person = Recorded(path)
    path.write_bytes(b"".join(lines).replace(b"-0.6931", b"-0.7931"))
    with pytest.raises(ValueError, match=r"is damaged in line 2, .*: it is not the line that was written"):
        person.score("a")


def test_lines_may_be_moved_taken_away_and_doubled(recording):
    path, lines = recording
    path.write_bytes(b"".join([lines[0], lines[3], lines[2], lines[2], lines[1]]))
    person = Recorded(path)
    assert len(person) == 3
    assert person.score("b", "é")[0].token == "é".encode()
    path.write_bytes(lines[0] + lines[2])
    assert len(Recorded(path)) == 1


def test_two_answers_to_one_question_are_refused(recording):
    path, lines = recording
    other = resealed(lines, 3, answer=["x", "y"]).splitlines(keepends=True)[3]
    path.write_bytes(b"".join([*lines, other]))
    with pytest.raises(ValueError, match=r"damaged in line 5, .*: it answers the question of line 4 in another way"):
        Recorded(path)


def test_a_line_of_another_recording_is_refused(recording, tmp_path):
    path, lines = recording
    with Recorded(tmp_path / "b.jsonl", TableModel({"": {"x": 1.0}}, name="other")) as other:
        other.score("a")
    foreign = (tmp_path / "b.jsonl").read_bytes().splitlines(keepends=True)[1]
    path.write_bytes(lines[0] + foreign)
    with pytest.raises(ValueError, match=r"in line 2, .* or belongs to another recording; delete the line, and"):
        Recorded(path)


def test_the_format_of_another_version_is_named(recording):
    path, lines = recording
    path.write_bytes(b"".join(lines).replace(b"recording-2", b"recording-1"))
    for model in (None, PERSON):
        with pytest.raises(ValueError, match=r"has the format 'empowerment-recording-1', expected '.*-2'"):
            Recorded(path, model)


DEEP = "[" * 100_000 + "]" * 100_000
PLACE = json.loads(
    '{"tokens": ["x"], "log_probabilities": [-1], "ids": null, "vocabulary_size": 9, "cap": 0.5, "rounding": 0, '
    '"token": null, "chosen": null, "span": [0, 0]}'
)


def test_what_no_model_can_have_answered_is_refused_although_its_digest_fits(recording):
    path, lines = recording
    headers = [
        {"tier": "X"},
        {"tier": None},
        {"model": 3},
        {"vocabulary_size": -1},
        {"vocabulary_size": 10**30},
        {"vocabulary_size": True},
        {"ends": [None]},
        {"ends": ["\ud800"]},
        {"ends": [{"hex": "xy"}]},
        {"ends": 3},
    ]
    for changes in headers:
        path.write_bytes(resealed(lines, 0, **changes))
        with pytest.raises(ValueError, match=r"a\.jsonl' is damaged in line 1, which begins at byte 0: it "):
            Recorded(path)
    answers = [
        None,
        3,
        {},
        [3],
        [PLACE | {"more": 1}],
        [{name: PLACE[name] for name in PLACE if name != "rounding"}],
        [PLACE | {"tokens": [3]}],
        [PLACE | {"tokens": ["\ud800"]}],
        [PLACE | {"tokens": [{"hex": "zz"}]}],
        [PLACE | {"log_probabilities": ["-1"]}],
        [PLACE | {"log_probabilities": [True]}],
        [PLACE | {"log_probabilities": [0.5]}],
        [PLACE | {"log_probabilities": [-1, -1]}],
        [PLACE | {"ids": [10**30]}],
        [PLACE | {"ids": [0.5]}],
        [PLACE | {"vocabulary_size": 10**400}],
        [PLACE | {"cap": 10**400}],
        [PLACE | {"cap": "0.5"}],
        [PLACE | {"rounding": 2}],
        [PLACE | {"chosen": 1}],
        [PLACE | {"span": [0]}],
        [PLACE | {"token": 3}],
    ]
    for answer in answers:
        path.write_bytes(resealed(lines, 1, answer=answer))
        with pytest.raises(ValueError, match=r"a\.jsonl' is damaged in line 2, which begins at byte \d+: .*; delete"):
            Recorded(path).score("a")
    for answer in (3, [3], {"a": "b"}):
        path.write_bytes(resealed(lines, 3, answer=answer))
        with pytest.raises(ValueError, match=r"is damaged in line 4, .*: its answer is no list of texts"):
            Recorded(path).sample("a", 2, seed=1)
    path.write_bytes(resealed(lines, 1, ask=json.loads(lines[2])["ask"]))
    with pytest.raises(ValueError, match=r"is damaged in line 2, .*: its key is that of another question"):
        Recorded(path).score("a")


@for_each("text", [DEEP, "NaN", "-Infinity", "9" * 5000, '{"a": 1, "a": 2}', "3 4", '"\0"', ""])
def test_json_that_is_hard_to_read(text, recording):
    path, lines = recording
    seal = digest_of(lines[0], "")
    body = lines[1][: lines[1].index(b'"answer"')] + b'"answer": ' + text.encode() + b"}"
    path.write_bytes(lines[0] + body[:-1] + f', "digest": "{bytes_digest(seal.encode() + body)}"}}\n'.encode())
    with pytest.raises(ValueError, match=r"a\.jsonl' is damaged in line 2, which begins at byte \d+: it "):
        Recorded(path).score("a")


def test_prompts_and_answers_that_are_hard_to_write_survive(tmp_path):
    class Pen(Provider):
        name = "pen \ud800"

        def sample(self, prefix, n, *, max_tokens=16, temperature=1.0, seed=None):
            return [prefix, "\0", "\u2028\n\r"]

    with Recorded(tmp_path / "a.jsonl", Pen()) as pen:
        asked = [pen.sample(prefix, 3) for prefix in ("\udcff", "\0\n")]
    again = Recorded(tmp_path / "a.jsonl")
    assert again.name == Pen.name
    assert [again.sample(prefix, 3) for prefix in ("\udcff", "\0\n")] == asked


def test_every_field_of_a_position_is_recorded(recording):
    _, lines = recording
    wanted = {field.name for field in dataclasses.fields(Position)}
    assert set(json.loads(lines[1])["answer"][0]) == wanted == set(PLACE)


def test_an_answer_with_no_number_is_not_recorded(tmp_path):
    class Odd(Provider):
        tier, name = Tier.SCORE, "odd"

        def score(self, prefix, text="", *, top=None, also=()):
            return [Position((b"a",), np.array([-1.0]), cap=math.nan)]

    with Recorded(tmp_path / "a.jsonl", Odd()) as odd:
        with pytest.raises(TokenModelError, match="odd has an answer that cannot be recorded"):
            odd.score("a")
        assert len(odd) == 0


@pytest.mark.skipif(os.name != "posix", reason="files of POSIX")
def test_what_is_no_file_is_not_recorded_to(tmp_path):
    os.mkfifo(tmp_path / "a.jsonl")
    for path, kind in ((tmp_path / "a.jsonl", "a FIFO"), ("/dev/null", "a device"), (tmp_path, "a directory")):
        with pytest.raises(OSError, match=f"cannot record to '.*': it is {kind}"):
            Recorded(path, PERSON)
        with pytest.raises(OSError, match=f"cannot read '.*': it is {kind}"):
            Recorded(path)


FULL = """
import resource, signal, sys
from empowerment.text import Recorded, TableModel

sys.dont_write_bytecode = True  # the limit below holds for every file
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Recorded(sys.argv[1], TableModel({"": {" tea": 0.25, " coffee": 0.75}}, name="person")) as person:
    person.score("a")
    resource.setrlimit(resource.RLIMIT_FSIZE, (800, resource.RLIM_INFINITY))
    try:
        person.score("b")
    except OSError as reason:
        print(reason)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10**6, resource.RLIM_INFINITY))
    person.score("c")
"""


@pytest.mark.skipif(os.name != "posix", reason="limits of POSIX")
def test_a_disk_that_fills_up_leaves_whole_lines(tmp_path):
    path = tmp_path / "a.jsonl"
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout == f"cannot record to {str(path)!r}: File too large\n"
    found = Recorded(path)
    assert len(found) == 2
    assert found.score("c")[0].complete
    with pytest.raises(TokenModelError, match="has no answer"):
        found.score("b")


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
def test_a_recording_behind_a_link(tmp_path):
    (tmp_path / "link.jsonl").symlink_to("a.jsonl")
    with Recorded(tmp_path / "link.jsonl", PERSON) as person:
        person.score("a")
    assert (tmp_path / "link.jsonl").is_symlink()
    assert len(Recorded(tmp_path / "a.jsonl")) == 1


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


@for_each("workers", [1, 4])
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
