"""Services in the manner of OpenAI: what they tell is read as what it is, and no more."""

import contextlib
import io
import json
import logging
import math
from pathlib import Path

import numpy as np
import pytest
from helpers import for_each
from openai_stand_in import Completions, StandIn

from empowerment.testing import check_token_model
from empowerment.text import (
    OpenAICompatible,
    Recorded,
    TableModel,
    Tier,
    TierError,
    TokenModelError,
    answer_channel,
    ask_each,
    next_token_channel,
)

KEY = "sk-very-secret-0123456789"
FOX = TableModel.from_texts(
    ["a quick brown fox jumps over the lazy dog while a quick brown dog naps", "a rose is a rose"] * 2, order=2
)
PREFIX, TEXT = "a quick brown fox", " jumps over the lazy dog"


@pytest.fixture(params=[True, False], ids=["start", "no start"])
def fox(request):
    with StandIn(Completions(FOX, start=request.param)) as server:
        yield server


def asking(server, **options):
    requests = {"tries": 2, "timeout": 20} | options.pop("requests", {})
    return OpenAICompatible(f"{server.url}/v1", "fox", requests=requests, **options)


def replying(choice):
    """Return a server that gives one answer to everything."""
    return StandIn(lambda path, body: {"choices": [choice]})


def logs(places):
    return [place.log_probabilities[place.chosen] for place in places if place.token is not None]


@for_each("reports", ["echo", "prompt"])
def test_the_contract_holds_where_texts_are_scored(fox, reports):
    model = asking(fox, reports=reports, vocabulary_size=FOX.vocabulary_size)
    assert model.tier is Tier.SCORE
    check_token_model(model, PREFIX, TEXT)


@for_each("chat", [True, False])
def test_the_contract_holds_where_only_what_is_written_is_told(fox, chat):
    model = asking(fox, chat=chat)
    assert model.tier is Tier.STEP
    check_token_model(model, PREFIX)


@for_each("chat", [True, False])
def test_the_contract_holds_where_nothing_is_told(fox, chat):
    model = asking(fox, chat=chat, reports="nothing")
    check_token_model(model, PREFIX)
    with pytest.raises(TierError, match="is of the tier SAMPLE"):
        list(model.step("x"))


@for_each("reports", ["echo", "prompt"])
def test_scores_are_those_of_the_model_behind_it(fox, reports):
    found = asking(fox, reports=reports).score(PREFIX, TEXT)
    wanted = FOX.score(PREFIX, TEXT)
    assert [place.token for place in found] == [place.token for place in wanted]
    assert [place.span for place in found] == [place.span for place in wanted]
    assert logs(found) == pytest.approx(logs(wanted))
    for place, whole in zip(found, wanted, strict=True):
        told = dict(zip(whole.tokens, whole.log_probabilities, strict=True))
        assert list(place.log_probabilities) == pytest.approx([told[token] for token in place.tokens])
        unlisted = [log for token, log in told.items() if token not in place.tokens]
        assert place.cap >= math.exp(max(unlisted)) - 1e-12


@for_each("reports", ["echo", "prompt"])
def test_unions_are_asked_for_by_name(fox, reports):
    prompts = ["a quick brown", "a rose is", "a quick brown dog"]
    exact = next_token_channel(FOX, prompts, top=None).capacity()
    model = asking(fox, reports=reports, listed=2, vocabulary_size=FOX.vocabulary_size, rounding=0)
    union = next_token_channel(model, prompts, top=2)
    assert union.listed.all()
    found = union.capacity()
    assert found.lower <= exact.lower + 1e-9
    assert exact.upper <= found.upper + 1e-9
    lists = next_token_channel(model, prompts, top=2, union=False).capacity()
    assert found.gap < lists.gap


def test_answers_are_scored_whole(fox):
    found = answer_channel(
        asking(fox, reports="echo", rounding=0), ["a quick", "a rose is a"], [" brown fox", " rose"], end=""
    )
    wanted = answer_channel(FOX, ["a quick", "a rose is a"], [" brown fox", " rose"], end="")
    np.testing.assert_allclose(found.observed, wanted.observed)


def test_what_is_written_has_the_distributions_it_was_drawn_from(fox):
    for chat in (True, False):
        places = list(asking(fox, chat=chat).step(PREFIX, 3, temperature=0.7, seed=1))
        assert len(places) == 3
        text = b"".join(place.token for place in places).decode()
        assert logs(places) == pytest.approx(logs(FOX.score(PREFIX, text)))


def test_recorded_answers_shifted_by_a_token_are_caught():
    """What llama-cpp-python answers with echo, where a model reads nothing before a text."""
    exchanges = json.loads((Path(__file__).parents[2] / "data" / "echo_llama_cpp.json").read_text())
    known = {(e["request"]["prompt"], e["request"]["echo"]): e["response"] for e in exchanges}
    with StandIn(lambda path, body: known[body["prompt"], body["echo"]]) as server:
        shifted = asking(server, reports="echo")
        with pytest.raises(
            AssertionError, match=r"cut before token \d, .*: in the text, and at the end of what is befo"
        ):
            check_token_model(shifted, "def add", "(a, b):\n    return a + b", tolerance=0.1)
        step = asking(server)
        assert step.tier is Tier.STEP


def test_the_place_of_an_untold_probability_is_no_probability():
    top = [{"token": " no", "logprob": -0.2}, {"token": " yes", "logprob": -2.0}, {"token": " x", "logprob": -9999.0}]
    row = {"token": " maybe", "logprob": -9999.0, "bytes": None, "top_logprobs": top}
    with replying({"logprobs": {"content": [row]}}) as server:
        (place,) = asking(server, chat=True, vocabulary_size=100, rounding=0).step("x")
    assert (place.tokens, place.token, place.chosen) == ((b" no", b" yes"), b" maybe", None)
    assert place.surprisal().upper == math.inf
    assert place.surprisal().lower == pytest.approx(-math.log2(1 - math.exp(-0.2) - math.exp(-2)))


@for_each(
    ("choice", "message"),
    [
        ({"logprobs": None}, r"reports no probabilities \(logprobs is missing\); with reports='nothing'"),
        ({}, "reports no probabilities"),
        ({"logprobs": {"tokens": ["a", "b"], "token_logprobs": [0.0, 0.0]}}, "the log-probability 0 for each"),
        (
            {"logprobs": {"tokens": ["a"], "token_logprobs": [0.0], "top_logprobs": [{"a": 0.0, "b": -9999}]}},
            "0 for each",
        ),
        ({"logprobs": {"tokens": ["a"]}}, "reports probabilities in an unknown format: KeyError"),
        ({"logprobs": {"tokens": ["a"], "token_logprobs": [[1]]}}, "in an unknown format"),
        (
            {"logprobs": {"tokens": ["a"], "token_logprobs": [-0.1], "top_logprobs": [{"a": -0.1, "b": -0.1}]}},
            "sum to 1.8",
        ),
        (
            {"logprobs": {"tokens": ["a\ufffd", "b"], "token_logprobs": [-1.0, -1.0]}},
            "does not report the bytes of a token",
        ),
    ],
)
def test_what_cannot_be_read_is_said(choice, message):
    with replying(choice) as server, pytest.raises(TokenModelError, match=f"fox at 127.*{message}"):
        list(asking(server).step("x", 2))


def test_a_certain_token_is_believed_where_others_are_told():
    row = {"tokens": ["a"], "token_logprobs": [0.0], "top_logprobs": [{"a": 0.0, "b": -21.5}]}
    with replying({"logprobs": row}) as server:
        (place,) = asking(server).step("x")
    assert place.surprisal().lower == 0


@for_each("message", [{}, {"message": None}, {"message": {}}, {"message": {"content": None}}])
def test_a_chat_without_a_text_is_said(message):
    with replying(message) as server, pytest.raises(TokenModelError, match="answers without a text"):
        asking(server, chat=True).sample("x", 1)


@for_each("answer", [{}, {"choices": []}, [], {"choices": [7]}])
def test_answers_without_choices_are_said(answer):
    with StandIn(lambda path, body: answer) as server:
        with pytest.raises(TokenModelError, match=r"answers without choices|reports no probab"):
            list(asking(server).step("x"))
        with pytest.raises(TokenModelError, match="answers without"):
            asking(server).sample("x", 1)


@for_each(
    ("answer", "message"),
    [
        (
            {"error": f"the key {KEY} is not allowed to do that" + " at all" * 1000},
            r"answers with an error: .*\*\*\*",
        ),
        ({"choices": [{"text": 3, "said": f"Bearer {KEY}"}]}, "repeats the key in FOX_KEY in its answer"),
    ],
)
def test_a_key_that_is_repeated_in_a_good_answer_is_not_shown(answer, message, monkeypatch):
    monkeypatch.setenv("FOX_KEY", KEY)
    with (
        StandIn(lambda path, body: answer) as server,
        pytest.raises(TokenModelError, match=message) as raised,
    ):
        asking(server, key_from="FOX_KEY").sample("x", 1)
    assert KEY not in str(raised.value)
    assert len(str(raised.value)) < 500


def test_the_own_token_beside_a_short_list_bounds_no_other():
    """It is among the listed three, and is no bound of the rest; where five were asked for, none is known."""
    top = {"a": math.log(0.5), "b": math.log(0.2), "c": math.log(0.1), "z": math.log(0.001)}
    row = {"tokens": ["z"], "token_logprobs": [top["z"]], "top_logprobs": [top]}
    with replying({"logprobs": row}) as server:
        (place,) = asking(server).step("x", top=5)
        assert place.cap == 1
        (place,) = asking(server, listed=3).step("x", top=5)
        assert place.cap == pytest.approx(0.1)
        assert math.exp(place.log_probabilities[place.chosen]) == pytest.approx(0.001)


def test_tokens_that_cannot_be_told_apart_are_no_outcomes():
    top = [("a", -1.0, [97]), ("\ufffd", -1.5, None), ("b", -2.0, [98]), ("a", -2.5, [97])]
    told = [{"token": token, "logprob": log, "bytes": raw} for token, log, raw in top]
    with replying({"logprobs": {"content": [told[0] | {"top_logprobs": told}]}}) as server:
        (place,) = asking(server, chat=True).step("x")
    assert list(zip(place.outcomes, place.log_probabilities, strict=True)) == [
        (None, -1.0),
        (None, -1.5),
        (b"b", -2.0),
        (None, -2.5),
    ]
    assert place.surprisal().lower <= 1 / math.log(2) <= place.surprisal().upper
    known = place.identified()
    assert (known.tokens, known.chosen) == ((b"b",), None)
    assert known.cap == 1


def test_the_own_token_is_not_taken_for_another_that_is_written_alike():
    """Of two tokens written "a" the less probable one was drawn: its surprisal is not that of the other."""
    top = [{"token": "a", "logprob": -1.0, "bytes": [97]}, {"token": "b", "logprob": -2.0, "bytes": [98]}]
    own = {"token": "a", "logprob": -4.0, "bytes": [97], "top_logprobs": top}
    with replying({"logprobs": {"content": [own]}}) as server:
        (place,) = asking(server, chat=True, rounding=0).step("x")
    assert (place.token, place.tokens, place.chosen) == (b"a", (None, b"b", None), 2)
    assert place.surprisal() == pytest.approx((4.0 / math.log(2),) * 2)


def test_tokens_with_numbers_may_be_written_alike():
    told = [{"token": "", "id": i, "logprob": -1.0 - i, "bytes": []} for i in range(3)]
    with replying({"logprobs": {"content": [told[1] | {"top_logprobs": told}]}}) as server:
        (place,) = asking(server).step("x")
    assert (place.outcomes, place.chosen) == ([0, 1, 2], 1)


def test_bytes_in_the_older_form_are_read():
    row = {"tokens": ["bytes:\\xe2\\x82"], "token_logprobs": [-0.5], "top_logprobs": [{"bytes:\\xe2\\x82": -0.5}]}
    with replying({"logprobs": row}) as server:
        (place,) = asking(server).step("x")
    assert place.token == b"\xe2\x82"


@for_each("reports", ["echo", "prompt"])
def test_a_text_has_to_begin_where_a_token_does(fox, reports):
    with pytest.raises(TokenModelError, match="reads a token across the end of the prefix 'a quick bro'"):
        asking(fox, reports=reports).score("a quick bro", "wn fox")


def test_a_token_that_is_read_otherwise_is_not_told(fox):
    with pytest.raises(TokenModelError, match="does not read b' quick brown' as a single token after 'a'"):
        asking(fox, reports="echo").score("a", also=[b" quick brown"])
    with pytest.raises(TokenModelError, match="names some by numbers"):
        asking(fox, reports="echo").score("a", also=[3])
    with pytest.raises(TokenModelError, match="names some otherwise"):
        asking(fox, reports="prompt").score("a", also=[b" quick"])


@for_each("reports", ["echo", "prompt"])
def test_what_nothing_stands_before_has_no_named_tokens(reports):
    with StandIn(Completions(FOX, start=False)) as server:
        first, *others = asking(server, reports=reports).score("", "a quick", top=1, also=asked_by(reports))
    assert first.outcomes == []
    assert len(others) == 2
    assert set(asked_by(reports)) <= set(others[-1].outcomes)


@for_each("reports", ["echo", "prompt"])
def test_an_empty_text_has_a_distribution_at_a_start_alone_and_no_token(fox, reports):
    (place,) = asking(fox, reports=reports).score("")
    assert place.token is None
    assert bool(place.tokens) == fox.respond.start
    if reports == "echo":
        assert len(fox.asked) == 1


def asked_by(reports):
    """Return a token as the outcomes of a service name it."""
    return [FOX.score("a")[-1].tokens.index(b" rose")] if reports == "prompt" else [b" rose"]


def test_answers_in_another_form_are_said():
    def respond(path, body):
        if path == "/detokenize":
            return {"prompt": "x" if body["tokens"] == [7] else "a"}
        return {"choices": [{"prompt_logprobs": [None, {"1": {}}, {"1": {}}], "prompt_token_ids": [7, 1]}]}

    with (
        StandIn(respond) as server,
        pytest.raises(TokenModelError, match=r"answers in an unknown format: Key"),
    ):
        asking(server, reports="prompt").score("", "a")


def test_servers_that_do_not_score_are_found_out():
    with replying({"text": "", "logprobs": {"tokens": ["?"], "token_logprobs": [-1.0]}}) as server:
        with pytest.raises(TokenModelError, match=r"repeats .* by the token b'\?' where the text has b'a b'"):
            asking(server, reports="echo").score("", "a b")
        with pytest.raises(TokenModelError, match=r"does not report the tokens of a prompt \(return_token_ids\)"):
            asking(server, reports="prompt").score("", "a b")


def test_texts_are_drawn_one_by_one_or_as_many_as_a_service_gives_at_once():
    asked = []

    def respond(path, body):
        asked.append(body)
        return {"choices": [{"text": f" {body.get('seed')}"}]}  # one, however many are asked for

    with StandIn(respond) as server:
        texts = asking(server, reports="nothing").sample("x", 3, seed=5)
        assert len(set(texts)) == 3
        assert texts == asking(server, reports="nothing").sample("x", 3, seed=5)
        asking(server, reports="nothing", requests={"at_once": 2}).sample("x", 3)
    assert ["n" in each for each in asked[:6]] == [False] * 6
    assert [each.get("n") for each in asked[6:]] == [2, 2, None]
    assert "seed" not in asked[-1]


def test_options_and_the_systems_message_are_sent_and_named():
    with StandIn(Completions(FOX)) as server:
        model = asking(server, chat=True, system="Be brief.", options={"top_k": 0})
        list(model.step("a quick"))
        body = server.asked[-1][1]
        assert body["messages"] == [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "a quick"},
        ]
        assert (body["top_k"], body["top_logprobs"], body["model"]) == (0, 20, "fox")
        list(asking(server, options={"top_p": None}, limit="max_completion_tokens").step("a quick", 2))
        sent = server.asked[-1][1]
        assert "top_p" not in sent
        assert (sent["max_completion_tokens"], "max_tokens" in sent) == (2, False)
        names = {asking(server, chat=True, **each).name for each in ({}, {"system": "x"}, {"options": {"top_k": 0}})}
        assert len(names) == 3


@for_each(
    ("options", "message"),
    [
        ({"reports": "all"}, "unknown reports 'all'; the known ones are 'echo', 'prompt', 'written', 'nothing'"),
        ({"reports": "echo", "chat": True}, "reports='echo' contradicts chat=True"),
        ({"system": "x"}, "system is a message of a chat"),
        ({"listed": 0}, "listed is 0"),
        ({"options": 5}, "options is 5, expected a mapping of names to values"),
        ({"options": {1: 2}}, r"options is \{1: 2\}, expected texts as the names of options"),
        ({"requests": {"retries": 3}}, "unknown setting of requests 'retries'.*did you mean 'tries'"),
        ({"requests": {"at_once": 0}}, "at_once is 0"),
        ({"rounding": -1}, "rounding is -1"),
        ({"vocabulary_size": 1.5}, "vocabulary_size is 1.5"),
        ({"key_from": "NO_SUCH_KEY_HERE"}, "the environment has no NO_SUCH_KEY_HERE"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        OpenAICompatible("http://127.0.0.1:1/v1", "fox", **options)


FAULTS = ("500", "429", "truncated", "broken_off", "reset", "slow")


def test_faults_are_overcome_or_reported_by_prompt_and_nothing_is_lost(tmp_path, monkeypatch, caplog):
    """Each fault meets one prompt once and another for ever; the second run asks for what is missing alone."""
    monkeypatch.setenv("FOX_KEY", KEY)
    prompts = [f"a quick brown{' dog' * i}" for i in range(2 * len(FAULTS) + 3)]
    passing = dict(zip(prompts, FAULTS, strict=False))
    lasting = dict(zip(prompts[len(FAULTS) :], FAULTS, strict=False))
    met = set()

    def fault(body):
        prompt = body["prompt"]
        if prompt in lasting:
            return lasting[prompt]
        if prompt in passing and prompt not in met:
            met.add(prompt)
            return passing[prompt]
        return None

    def ask(model):
        return ask_each(lambda prompt: list(model.step(prompt)), prompts, workers=3)

    path, shown = tmp_path / "fox.jsonl", io.StringIO()
    with (
        StandIn(Completions(FOX), fault) as server,
        contextlib.redirect_stderr(shown),
        caplog.at_level(logging.DEBUG),
    ):
        model = asking(server, key_from="FOX_KEY", requests={"timeout": 1.5})
        with Recorded(path, model) as recorded:
            first = ask(recorded)
        assert set(first.failures) == set(lasting)
        assert set(first.found) == set(prompts) - set(lasting)
        messages = [str(error) for error in first.failures.values()]
        assert all("asked 2 times" in each for each in messages)
        with pytest.raises(TokenModelError) as raised:
            first.all()
        n_asked = len(server.asked)
        lasting.clear()
        with Recorded(path, model) as recorded:
            second = ask(recorded)
        again = [body["prompt"] for _, body in server.asked[n_asked:]]
    assert sorted(again) == sorted(set(first.failures))
    for prompt, (place,) in zip(prompts, second.all(), strict=True):
        assert place.token == FOX.score(prompt)[-1].tokens[int(np.argmax(FOX.score(prompt)[-1].log_probabilities))]
    kept = [path.read_text(), shown.getvalue(), caplog.text, repr(model), repr(first), str(raised.value), *messages]
    assert all(KEY not in each for each in kept)
    assert all(each["Authorization"] == f"Bearer {KEY}" for each in server.headers)
