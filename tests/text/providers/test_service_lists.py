"""Services that tell less than they seem to: what comes of it is refused, or an interval that holds the truth.

Each answer has the form of one that a public service gave. What is right follows from the distribution behind it,
which each test states.
"""

import math

import numpy as np
import pytest
from helpers import for_each
from openai_stand_in import StandIn

import empowerment as emp
from empowerment.testing import check_token_model
from empowerment.text import (
    OpenAICompatible,
    Recorded,
    TokenModelError,
    answer_channel,
    ask_each,
    cluster_channel,
    next_token_channel,
)


def entry(token, p, raw=...):
    """Return a token as the newer form tells it; `p` is a probability, or a log-probability below 0."""
    log = math.log(p) if p > 0 else p
    return {"token": token, "logprob": log, "bytes": list(token.encode()) if raw is ... else raw}


def chat(*rows, content, finish="length", **message):
    """Return a choice of a chat; of each row the first entry was drawn."""
    told = [{**row[0], "top_logprobs": list(row)} for row in rows]
    said = {"role": "assistant", "content": content, **message}
    return {"index": 0, "finish_reason": finish, "message": said, "logprobs": {"content": told}}


def completion(own, p, listed, *, text=None, finish="length"):
    """Return a choice in the older form, whose list is keyed by the texts of tokens."""
    told = {token: math.log(q) for token, q in listed.items()}
    logs = {"tokens": [own], "token_logprobs": [math.log(p)], "top_logprobs": [told]}
    return {"index": 0, "finish_reason": finish, "text": own if text is None else text, "logprobs": logs}


def service(server, **options):
    return OpenAICompatible(server.url, "fox", requests={"tries": 1, "timeout": 20}, **{"rounding": 0} | options)


def serving(choices):
    """Return a server that gives each prompt its choice, or one to all."""

    def respond(path, body):
        prompt = body["messages"][-1]["content"] if "messages" in body else body["prompt"]
        return {"choices": [choices[prompt] if "message" not in choices and prompt in choices else choices]}

    return StandIn(respond)


def first(choice, **options):
    """Return the first position that a service tells with a choice."""
    with serving(choice) as server:
        return next(iter(service(server, chat="message" in choice, **options).step("x")))


def refusal(choice, **options):
    """Return why a choice is refused."""
    with serving(choice) as server, pytest.raises(TokenModelError, match=r"fox at 127\.0\.0\.1:\d+ ") as raised:
        list(service(server, chat="message" in choice, **options).step("x"))
    return str(raised.value)


def holds(place, p):
    h = -math.fsum(x * math.log2(x) for x in p if x > 0)
    return place.entropy().lower <= h <= place.entropy().upper


# --- lists that are keyed by the texts of tokens


TWINS = [0.792, 0.2066, 0.00023, 0.00021, *[0.00096 / 1000] * 1000]  # the first and the fourth are written alike


def test_a_list_keyed_by_text_keeps_the_own_token_beside_its_namesake():
    choice = completion("false", TWINS[0], {"true": TWINS[1], "null": TWINS[2], "false": TWINS[3]})
    place = first(choice, listed=4, vocabulary_size=len(TWINS))
    assert place.token == b"false"
    assert place.surprisal() == pytest.approx((-math.log2(TWINS[0]),) * 2)
    assert holds(place, TWINS)
    assert place.entropy().width < 0.05
    assert set(place.outcomes) == {None, b"true", b"null"}


@for_each(
    ("p", "own", "listed"),
    [
        # Of two tokens "a" the more probable one is lost, and any other was drawn.
        ([0.4, 0.3, 0.2, 0.05, 0.05], "b", {"b": 0.3, "a": 0.2, "c": 0.05}),
        # The own token is beside the most probable, in the place of one that is lost.
        ([0.5, 0.2, 0.15, 0.1, 0.05], "d", {"b": 0.2, "a": 0.15, "c": 0.1, "d": 0.05}),
        # Nothing but the own token is told.
        ([0.6, 0.4], "b", {"b": 0.4}),
    ],
)
def test_what_a_list_keyed_by_text_has_lost_is_bounded_by_nothing(p, own, listed):
    place = first(completion(own, listed[own], listed), listed=4, vocabulary_size=50)
    assert holds(place, p)
    assert place.cap >= p[0]


def test_namesakes_do_not_meet_in_a_column():
    """Of two tokens "a" one follows x and the other y: 1 bit. By their texts there would be none."""
    choices = {
        "x": completion("a", 0.999, {"a": 0.0005, "b": 0.0003}),
        "y": completion("a", 0.999, {"a": 0.0005, "b": 0.0003}),
    }
    rows = [[0.999, 0.0005, 0.0003, 0.0002], [0.0005, 0.999, 0.0003, 0.0002]]
    with serving(choices) as server:
        model = service(server, listed=3, vocabulary_size=4)
        found = next_token_channel(model, ["x", "y"], union=False).capacity(tol=1e-6)
    assert found.lower <= emp.channel_capacity(rows).lower
    assert emp.channel_capacity(rows).upper <= found.upper


def test_fewer_than_were_asked_for_bound_no_other():
    """A service lists two where four were asked for; the others may hold anything that is left."""
    row = [entry("a", 0.5), entry("b", 0.05)]
    place = first(chat(row, content="a"), listed=4, vocabulary_size=100)
    assert holds(place, [0.5, 0.4, 0.05, 0.05])
    assert first(chat(row, content="a"), listed=2, vocabulary_size=100).cap == pytest.approx(0.05)


def test_the_own_token_may_stand_in_the_place_of_the_last_of_a_list():
    row = [entry("z", 0.001), entry("a", 0.5), entry("b", 0.2), entry("c", 0.1)]
    place = first(chat(row, content="z"), listed=4, vocabulary_size=100)
    assert place.cap == pytest.approx(0.1)
    assert holds(place, [0.5, 0.2, 0.1, 0.1, 0.001, 0.099])


# --- tokens that are shown as something else


@for_each(("shown", "raw"), [("\ufffd", list(b"\xef\xbf\xbd")), ("\ufffd", None), ("", []), (chr(0xD83D), None)])
def test_several_tokens_may_be_shown_alike(shown, raw):
    """Two tokens of 0.9 each, shown alike after x and after y: the capacity is 0.9 bits if they differ, else 0."""
    row = [entry(shown, 0.9, raw), entry("Yes", 0.06), entry("No", 0.04)]
    with serving(chat(row, content=shown)) as server:
        model = service(server, chat=True, listed=3, vocabulary_size=1000)
        found = next_token_channel(model, ["x", "y"], union=False)
        (place,) = model.step("x")
    assert found.outputs == ("Yes", "No")
    capacity = found.capacity(tol=1e-6)
    assert capacity.lower == 0
    assert capacity.upper == pytest.approx(0.9, abs=1e-5)
    assert place.surprisal().lower == pytest.approx(-math.log2(0.9))
    assert holds(place, [0.9, 0.06, 0.04])


def test_a_model_that_does_not_tell_what_it_writes_breaks_the_contract():
    choice = chat([entry("\ufffd", 0.9, None), entry("a", 0.05)], content="\ufffd")
    with serving(choice) as server, pytest.raises(AssertionError, match="step 0: there is no token, expected"):
        check_token_model(service(server, chat=True, listed=2), "x")


def test_what_follows_a_token_of_unknown_bytes_is_not_placed():
    rows = [[entry("\ufffd", 0.9, None), entry("a", 0.05)], [entry("b", 0.9), entry("c", 0.05)]]
    with serving(chat(*rows, content="\ufffdb")) as server:
        steps = service(server, chat=True, listed=2).step("x", 2)
        assert next(steps).token is None
        with pytest.raises(TokenModelError, match="does not report the bytes of a token"):
            next(steps)


def test_an_unknown_token_is_recorded(tmp_path):
    row = [entry("\ufffd", 0.9, None), entry("a", 0.05)]
    with (
        serving(chat(row, content="\ufffd")) as server,
        Recorded(tmp_path / "x.jsonl", service(server, chat=True)) as m,
    ):
        (told,) = m.step("x")
    (found,) = Recorded(tmp_path / "x.jsonl").step("x")
    assert (
        (found.tokens, found.token, found.chosen) == (told.tokens, told.token, told.chosen) == ((None, b"a"), None, 0)
    )


@for_each(("sign", "text"), [("\u0120", " "), ("\u2581", " "), ("\u010a", "\n")])
def test_signs_of_a_vocabulary_are_no_bytes(sign, text):
    row = [entry(f"{sign}Yes", 0.7), entry(f"{sign}No", 0.2)]
    message = refusal(chat(row, content=f"{text}Yes"))
    assert f"'{sign}' is a sign of its vocabulary" in message
    assert first(chat(row, content=f"{sign}Yes")).token == f"{sign}Yes".encode()  # a model may write such a letter


def test_bytes_are_believed_before_texts():
    place = first(chat([entry("\\xe2\\x82", 0.7, [0xE2, 0x82]), entry("a", 0.2)], content=""), listed=2)
    assert place.tokens == (b"\xe2\x82", b"a")


# --- lists of a sampler


OWN = [0.5, 0.3, 0.15, 0.05]


@for_each("untold", [-9999.0, -math.inf, None, ...])
@for_each("reports", ["chat", "completion"])
def test_a_list_that_a_sampler_cut_and_scaled_is_refused(untold, reports):
    told = [("A", 0.625), ("B", 0.375)]
    others = [] if untold is ... else [("C", untold), ("D", untold)]
    if reports == "chat":
        rest = [{"token": token, "logprob": log, "bytes": None} for token, log in others]
        choice = chat([entry(*each) for each in told] + rest, content="A")
    else:
        choice = completion("A", 0.625, dict(told))
        choice["logprobs"]["top_logprobs"][0] |= dict(others)
    assert "a sampler truncated the others" in refusal(choice, listed=4, vocabulary_size=4)


def test_a_certain_token_and_a_small_vocabulary_are_no_marks_of_a_cut():
    certain = [entry("a", 1 - 1e-9), *(entry(token, 1e-10) for token in "bcd")]
    assert holds(first(chat(certain, content="a"), listed=20, vocabulary_size=1000), [1 - 1e-9, *[1e-10] * 10])
    two = first(chat([entry("a", 0.625), entry("b", 0.375)], content="a"), listed=20, vocabulary_size=2)
    assert two.complete


@for_each("logs", [[-0.301, -0.523, -0.824, -1.301], [0.5, 0.3, 0.15, 0.05], [50.0, 30.0, 15.0, 5.0]])
def test_logarithms_of_another_base_and_probabilities_are_refused(logs):
    """What is told of [.5, .3, .15, .05] as decimal logarithms, as probabilities and as percentages."""
    row = [{"token": token, "logprob": log, "bytes": None} for token, log in zip("abcd", logs, strict=True)]
    message = refusal(chat(row, content="a"), listed=4)
    assert "no probabilities" in message or "not of at most 0" in message


# --- reasoning


SWITCH = "enable_thinking"


def thinking(content="Yes", **message):
    rows = [
        [entry("<think>", 0.999), entry("Yes", 0.0005)],
        [entry("hm", 0.5), entry("ok", 0.4)],
        [entry("</think>", 0.9), entry(".", 0.05)],
        [entry("Yes", 0.98), entry("No", 0.01)],
    ]
    return chat(*rows, content=content, finish="stop", **message)


def test_reasoning_in_the_probabilities_is_not_taken_for_the_answer():
    assert "reports on the tokens '<think>hm</think>Yes' where it wrote 'Yes'" in refusal(thinking())
    for field in ("reasoning_content", "reasoning"):
        assert SWITCH in refusal(thinking(**{field: "hm"}))
        after = chat([entry("Yes", 0.98), entry("No", 0.01)], content="Yes", **{field: "hm"})
        assert "depend on reasoning" in refusal(after)
    told = first(thinking(content="<think>hm</think>Yes"))  # it is what the model wrote
    assert told.token == b"<think>"


SPENT = [
    {"message": {"content": ""}, "finish_reason": "length"},
    {"message": {"content": None, "reasoning_content": "Okay, the user"}, "finish_reason": "length"},
    {"message": {"content": "", "reasoning_content": "Okay, the user"}, "finish_reason": "length"},
    {"message": {"content": "\n", "reasoning": "Okay, the user"}, "finish_reason": "length"},
    {"message": {"content": "<think>\nOkay, the user"}, "finish_reason": "length"},
]


def test_an_answer_that_never_came_is_no_answer():
    for choice in SPENT:
        with serving(choice) as server:
            model = service(server, chat=True, reports="nothing")
            with pytest.raises(TokenModelError, match=r"2 of 2 prompts have no answer: .*answers nothing"):
                cluster_channel(model, ["x", "y"], 3, rng=0)
            with pytest.raises(TokenModelError, match="answers nothing"):
                check_token_model(model, "x")
    for text, choice in (
        ("", {"message": {"content": ""}, "finish_reason": "stop"}),
        ("<think>a</think>b", {"message": {"content": "<think>a</think>b"}, "finish_reason": "length"}),
    ):
        with serving(choice) as server:
            assert service(server, chat=True, reports="nothing").sample("x", 1) == [text]


def test_what_a_filter_withholds_is_no_answer():
    with serving({"message": {"content": "I"}, "finish_reason": "content_filter"}) as server:
        model = service(server, chat=True, reports="nothing")
        found = ask_each(lambda prompt: model.sample(prompt, 1), ["x"])
    assert "withholds its answer" in str(found.failures["x"])


def test_half_of_a_surrogate_pair_is_replaced_in_a_text():
    with serving({"message": {"content": "a\ud83d"}, "finish_reason": "length"}) as server:
        assert service(server, chat=True, reports="nothing").sample("x", 1) == ["a\ufffd"]


# --- tokens and texts


def test_an_answer_without_tokens_is_a_failure_of_its_prompt():
    empty = {"tokens": [], "token_logprobs": [], "top_logprobs": []}
    with serving({"text": "", "finish_reason": "stop", "logprobs": empty}) as server:
        found = ask_each(lambda prompt: list(service(server).step(prompt)), ["x", "y"], workers=2)
        assert len(found.failures) == 2
        assert "no token, not even one that ends the text" in str(found.failures["x"])
        with pytest.raises(TokenModelError, match="2 of 2 prompts have no answer"):
            next_token_channel(service(server), ["x", "y"], union=False)


@for_each(
    ("tokens", "text", "finish", "fits"),
    [
        ([" Yes", "."], "Yes.", "length", True),  # space around a text is lost
        ([" Yes", "<|im_end|>"], " Yes", "stop", True),
        (["Yes", "<|im_end|>"], "Yes", "length", False),
        ([" Yes", " or"], " or no", "length", False),  # shifted by a token
        ([" Yes", "."], " No.", "length", False),
        (["12", "7"], " Yes.", "length", False),  # numbers in the place of texts
        ([" Yes", "\ufffd", "x"], " Yes\u4e2dx", "length", True),  # known as far as the first of unknown bytes
        ([" No", "\ufffd", "x"], " Yes\u4e2dx", "length", False),
    ],
)
def test_tokens_have_to_make_up_the_text(tokens, text, finish, fits):
    rows = [[entry(token, 0.9, None), entry("x" * 9, 0.01)] for token in tokens]
    if fits:
        assert first(chat(*rows, content=text, finish=finish)).token == tokens[0].encode()
    else:
        assert ": on another text" in refusal(chat(*rows, content=text, finish=finish))


def test_what_stops_a_text_may_be_left_out_of_it():
    rows = [[entry(token, 0.9), entry("x" * 9, 0.01)] for token in ("Yes", "\n\n", "User", ":")]
    choice = chat(*rows, content="Yes", finish="stop")
    assert "another text" in refusal(choice)
    assert first(choice, options={"stop": ["\n\nUser:"]}).token == b"Yes"


def test_no_more_tokens_are_told_than_were_asked_for():
    rows = [[entry(token, 0.9), entry("x" * 9, 0.01)] for token in "abc"]
    with serving(chat(*rows, content="abc")) as server:
        assert [place.token for place in service(server, chat=True).step("x", 2)] == [b"a", b"b"]


def test_a_start_token_is_not_read_twice():
    """Once from the text, which begins with it, and once put there by the tokenizer."""
    row = {"<s>": -0.1, "a": -3.0}
    logs = {"tokens": ["<s>", "<s>", "a"], "token_logprobs": [None, -9.0, -1.0], "top_logprobs": [None, row, row]}
    with serving({"text": "", "logprobs": logs}) as server, pytest.raises(TokenModelError, match="b'<s>' twice"):
        service(server, reports="echo").score("", "<s>a")

    def numbered(path, body):
        if path == "/detokenize":
            return {"prompt": {1: "<s>", 2: "a"}[body["tokens"][0]]}
        return {"choices": [{"text": "", "prompt_token_ids": [1, 1, 2]}]}

    with StandIn(numbered) as server:
        for text in ("<s>a", "a"):
            with pytest.raises(TokenModelError, match=r"b'<s>' twice|reads 'a' as other tokens"):
                service(server, reports="prompt").score("", text)


# --- numbers of tokens and of choices


@for_each("number", [10**30, -(10**30), 1.5, "x", True, [1], 2**31])
def test_impossible_numbers_of_tokens_are_refused(number):
    row = [entry("a", 0.5) | {"id": number}, entry("b", 0.3) | {"id": 1}]
    message = refusal(chat(row, content="a"))
    assert "no number of a token" in message or "invalid literal" in message


def test_numbers_beyond_the_vocabulary_show_that_it_is_larger():
    row = [entry("a", 0.5) | {"id": 70}, entry("b", 0.3) | {"id": 1}]
    assert "the token 70, but vocabulary_size is 70" in refusal(chat(row, content="a"), vocabulary_size=70)
    assert first(chat(row, content="a"), vocabulary_size=71).outcomes == [70, 1]


def test_a_numbered_token_has_one_probability():
    row = [entry("a", 0.5) | {"id": 1}, entry("a", 0.3) | {"id": 1}]
    assert "reports two probabilities of the token 1" in refusal(chat(row, content="a"))


def test_choices_are_matched_to_their_prompts_by_number():
    def respond(path, body):
        prompts = body["prompt"] if isinstance(body["prompt"], list) else [body["prompt"]]
        several = [completion("a", 0.5, {"a": 0.5}, text=prompt) for prompt in prompts for _ in range(2)]
        return {"choices": [each | {"index": i} for i, each in enumerate(several)]}

    with StandIn(respond) as server, pytest.raises(TokenModelError, match="answers 4 of 2 prompts"):
        service(server)._service.completions(["x", "y"])
    for places in ([0, 0], [1, 2], ["0", "1"], [None, 1]):
        told = {"choices": [{"text": "a", "index": place} for place in places]}
        with StandIn(lambda path, body, told=told: told) as server:
            model = service(server, reports="nothing")
            reason = ask_each(lambda prompt, model=model: model.sample(prompt, 1), ["x"]).failures["x"]
        assert "numbers its 2 choices" in str(reason) or "unknown format" in str(reason)


def test_a_prompt_that_is_no_text_is_a_failure_of_its_own():
    with serving({"text": "a"}) as server:
        for reports, ask in (("nothing", lambda m, p: m.sample(p, 1)), ("echo", lambda m, p: m.score("", p))):
            model = service(server, reports=reports)
            found = ask_each(lambda prompt, ask=ask, model=model: ask(model, prompt), ["half \ud83d"])
            assert "half of a surrogate pair at character 5" in str(found.failures["half \ud83d"])
        assert not server.asked


def test_answers_scored_by_a_service_ask_for_their_end_alone():
    """Of a text of two tokens nothing is asked for by name but what may come after it."""
    asked = []

    def respond(path, body):
        asked.append(body)
        prompts = body["prompt"] if isinstance(body["prompt"], list) else [body["prompt"]]
        return {"choices": [echoed(prompt) | {"index": i} for i, prompt in enumerate(prompts)]}

    def echoed(prompt):
        tokens = ["x", *(" b" for _ in range(prompt.count(" b"))), *(["."] if prompt.endswith(".") else []), "c"]
        logs = [None, *[-1.0] * (len(tokens) - 2), -2.5]
        tops = [None, *({" b": -1.0, "c": -2.5} for _ in tokens[1:])]
        return {"text": prompt, "logprobs": {"tokens": tokens, "token_logprobs": logs, "top_logprobs": tops}}

    with StandIn(respond) as server:
        model = service(server, reports="echo", listed=2)
        model.ends = (b".",)
        found = answer_channel(model, ["x"], [" b b"])
    assert found.observed[0, 0] == pytest.approx(math.exp(-3.0))
    assert [body["prompt"] for body in asked] == ["x b b", "x b b."]
    assert np.isfinite(found.residual).all()
