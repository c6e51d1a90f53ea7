"""The assistance loop: who writes and reads how much, played by hand, at random, and on recorded continuations."""

import importlib.util
import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from helpers import for_each

from empowerment.text import (
    AssistanceComparison,
    Continuations,
    Costs,
    Decision,
    Effort,
    Estimate,
    FixedLength,
    FunctionAssistant,
    HandOver,
    NoAssistant,
    Position,
    Provider,
    Recorded,
    Replay,
    TableModel,
    Threshold,
    Tier,
    TierError,
    TokenModelError,
    TokenModelPerson,
    WritingTask,
    compare_assistants,
)

DATA = Path(__file__).parents[2] / "data"
# Made by data/record_assistance.py. HumanEval is copyright OpenAI, under the MIT licence.
PROBLEMS = [json.loads(line) for line in (DATA / "assistance_tasks.jsonl").read_text().splitlines()]
RECORDED = DATA / "assistance_continuations.jsonl"


def letters(text, *, name="letters", prompt=""):
    """Return a task whose tokens are single characters."""
    return WritingTask(name, prompt, text, tokens=[c.encode() for c in text])


def suggesting(*texts):
    """Return an assistant that suggests these texts, one a round, and then nothing."""
    left = list(texts)
    return FunctionAssistant(lambda text: left.pop(0) if left else "", lambda text, suggestion: len(suggestion))


def played(assistant, task, person=None, **options):
    """Return what happens in one task."""
    found = compare_assistants({"it": assistant}, person or Replay(), [task], **options)
    return found["it"][task.name]


def test_a_small_case_by_hand():
    """The solution is abcdefgh, two letters a round: 'ab' is taken and cd written, 'xx' is not and ef written."""
    episode = played(suggesting("ab", "xx", "", "hi"), letters("abcdefgh"), tokens_per_round=2)
    told = [(each.suggestion, each.decision.value, each.written) for each in episode.rounds]
    assert told == [("ab", "accept", "cd"), ("xx", "reject", "ef"), ("", "reject", "gh")]
    assert (episode.tokens_read, episode.tokens_written) == (4, 6)
    assert (episode.n_suggestions, episode.n_accepted) == (2, 1)
    assert (episode.text, episode.finished, episode.correct, episode.rest) == ("abcdefgh", True, True, "")
    assert Effort().rate(episode, 4, 6) == pytest.approx(0.999 ** (0.1 * 4 + 0.5 * 6), rel=1e-15)


def test_a_suggestion_beyond_the_end_of_the_solution_is_wrong():
    assert played(suggesting("abc"), letters("ab")).rounds[0].decision is Decision.REJECT
    whole = played(suggesting("ab"), letters("ab"))
    assert (whole.rounds[0].decision, whole.tokens_written, whole.finished) == (Decision.ACCEPT, 0, True)


def test_nothing_to_write_takes_no_round():
    episode = played(suggesting("a"), letters("", prompt="done"))
    assert (episode.rounds, episode.finished, episode.correct, episode.text) == ((), True, True, "done")


def test_what_is_left_after_the_last_round_is_written_alone_and_counted():
    episode = played(suggesting(*"xxxxxx"), letters("abcdefgh"), tokens_per_round=2, max_rounds=3)
    assert (len(episode.rounds), episode.finished, episode.rest, episode.rest_tokens) == (3, False, "gh", 2)
    assert (episode.tokens_written, episode.text, episode.correct) == (8, "abcdefgh", True)
    run = compare_assistants({"it": NoAssistant()}, Replay(), [letters("abc")], tokens_per_round=1, max_rounds=2)[
        "it"
    ]
    assert run.n_unfinished == 1
    assert "1 unfinished" in repr(run)


def test_a_token_that_was_begun_counts_as_one():
    """The tokens are abc, de and €f; after 'a' the person writes 'bc' and 'de'."""
    task = WritingTask("parts", "", "abcde€f", tokens=[b"abc", b"de", "€".encode()[:1], "€f".encode()[1:]])
    assert task.token_ends.tolist() == [3, 5, 6, 7]
    assert task.piece(1, 2) == ("bcde", 2)
    assert task.piece(5, 1) == ("€", 1)
    assert task.piece(5, 9) == ("€f", 2)
    assert task.piece(7, 1) == ("", 0)
    # A part of a character that adds no new one comes with the part before it.
    assert WritingTask("euro", "", "€", tokens=["€".encode()[:1], "€".encode()[1:]]).piece(0, 1) == ("€", 2)


def random_case(rng):
    """Return a random table over few tokens, and a task that it may have written."""
    words = ["a", "b", " a", "ab", "é", ""]
    table = {context: dict(zip(words, rng.dirichlet([0.3] * 6), strict=True)) for context in ("", "a", "b", "é")}
    model = TableModel(table)
    solution = "".join(rng.choice(words[:5], size=int(rng.integers(1, 30))))
    return model, WritingTask("random", "start ", solution).tokenized(model)


def by_hand(model, task, choose, tokens_per_round, max_rounds):
    """Play a task with an exact replay by a loop of its own; `choose` says how many tokens are offered."""
    at, read, written, offers, taken, rounds = 0, 0, 0, 0, 0, 0
    ends = np.cumsum([len(token.decode()) for token in task.tokens])
    while at < len(task.solution) and rounds < max_rounds:
        rounds += 1
        places = []
        for place in model.step(task.prompt + task.solution[:at], 10, top=5):
            if not place.token:
                break
            places.append(place)
        count = choose(places)
        if count:
            offer = b"".join(place.token for place in places[:count]).decode()
            offers, read = offers + 1, read + count
            if task.solution[at:].startswith(offer):
                at, taken = at + len(offer), taken + 1
        for _ in range(tokens_per_round):
            if at < len(task.solution):
                at, written = min(end for end in ends if end > at), written + 1
    written += sum(end > at for end in ends)
    return offers, taken, read, written


def cumulative(bits):
    """Return how many tokens a cumulative surprisal of that many bits allows, for exact lists."""

    def choose(places):
        totals = np.cumsum([-place.log_probabilities[place.chosen] / math.log(2) for place in places])
        return int(np.sum(totals <= bits + 1e-9))

    return choose


def cost_optimal(places):
    """Return the length that saves the most, for exact lists."""
    p = np.exp(np.cumsum([0, *(place.log_probabilities[place.chosen] for place in places)]))
    savings = [n * (0.5 * each - 0.1) for n, each in enumerate(p)]
    return int(np.argmax(np.array(savings) >= max(savings) - 1e-12))


CHOICES = {
    "none": lambda places: 0,
    "base-5": lambda places: min(5, len(places)),
    "eta-1": cumulative(1),
    "eta-4": cumulative(4),
    "cost-optimal": cost_optimal,
}


def assistants(texts):
    return {
        "none": NoAssistant(),
        "base-5": FixedLength(texts, 5),
        "eta-1": HandOver(texts, Threshold.bits(1)),
        "eta-4": HandOver(texts, Threshold.bits(4)),
        "cost-optimal": HandOver(texts, Costs()),
    }


def test_random_tasks_equal_a_loop_written_by_hand():
    rng, n_taken = np.random.default_rng(0), 0
    for _ in range(40):
        model, task = random_case(rng)
        length, limit = int(rng.integers(1, 5)), int(rng.integers(1, 20))
        texts = Continuations(model, max_tokens=10, top=6)
        found = compare_assistants(assistants(texts), Replay(), [task], tokens_per_round=length, max_rounds=limit)
        for name, choose in CHOICES.items():
            episode = found[name]["random"]
            counted = (episode.n_suggestions, episode.n_accepted, episode.tokens_read, episode.tokens_written)
            assert counted == by_hand(model, task, choose, length, limit), name
            assert episode.text == task.prompt + task.solution
            assert episode.correct
            n_taken += episode.n_accepted
    assert n_taken > 40


def recorded_comparison(path=RECORDED, tokens_per_round=3):
    model = Recorded(path)
    tasks = [WritingTask(**each).tokenized(model) for each in PROBLEMS]
    texts = Continuations(model, max_tokens=10, top=5)
    options = {"base-5": FixedLength(texts, 5), "entropy-1": HandOver(texts, Threshold.bits(1), gate="entropy")}
    return compare_assistants(assistants(texts) | options, Replay(), tasks, tokens_per_round=tokens_per_round)


def test_recorded_problems_equal_a_loop_written_by_hand():
    """Its surprisals are those told, without their rounding, which decides in none of these states."""
    model, found = Recorded(RECORDED), recorded_comparison()
    for each in PROBLEMS:
        task = WritingTask(**each).tokenized(model)
        for name, choose in CHOICES.items():
            episode = found[name][task.name]
            counted = (episode.n_suggestions, episode.n_accepted, episode.tokens_read, episode.tokens_written)
            assert counted == by_hand(model, task, choose, 3, 50), (name, task.name)


def test_a_recorded_problem_step_by_step():
    """The greatest common divisor, three tokens a round, as read off the recording by eye."""
    rounds = recorded_comparison()["eta-1"]["HumanEval/13"].rounds
    told = [(each.suggestion, each.suggestion_tokens, each.decision.value, each.written) for each in rounds]
    assert told == [
        ("```\n\n", 3, "reject", "    while b"),
        ("", 0, "reject", ":\n        a"),
        (" =", 1, "reject", ", b ="),
        (" b, a % b\n   ", 6, "accept", " return a\n"),
    ]


def test_who_errs_errs_as_often_as_said():
    """Of suggestions that are all right, a share is rejected; of wrong ones, a share stays in the text."""
    rng = np.random.default_rng(1)
    right = FunctionAssistant(lambda text: "a", lambda text, suggestion: 1)
    wrong = FunctionAssistant(lambda text: "b", lambda text, suggestion: 1)
    tasks = [letters("a" * 40, name=str(i)) for i in range(100)]
    person = Replay(wrong_accept=0.1, false_reject=0.3)
    found = compare_assistants({"right": right, "wrong": wrong}, person, tasks, tokens_per_round=1, rng=rng)
    for name, share in (("right", 0.7), ("wrong", 0.1)):
        ratio = found[name].accept_ratio
        offers = sum(episode.n_suggestions for episode in found[name].episodes)
        assert abs(ratio.value - share) < 4 * math.sqrt(share * (1 - share) / offers)
    assert all(episode.correct for episode in found["right"].episodes)
    for episode in found["wrong"].episodes:
        assert episode.correct == (episode.n_accepted == 0)
        assert episode.text.replace("b", "") == "a" * 40
    assert found["wrong"].mean("dpr").value == pytest.approx(
        np.mean([0.999 ** (0.1 * 40 + 0.5 * 40) * episode.correct for episode in found["wrong"].episodes])
    )


def test_chances_are_the_same_for_all_assistants_and_come_from_the_seed():
    def log(rng, names):
        assistant = FunctionAssistant(lambda text: "a", lambda text, suggestion: 1)
        tasks = [letters("aa" * 20, name=str(i)) for i in range(5)]
        found = compare_assistants(dict.fromkeys(names, assistant), Replay(0.2, 0.5), tasks, rng=rng)
        return [[[each.decision for each in e.rounds] for e in found[name].episodes] for name in names]

    one, two = log(7, ["one", "two"])
    assert one == two == log(np.random.default_rng(7), ["only"])[0]
    assert one != log(8, ["one"])[0]
    assert len({str(each) for each in one}) > 1  # and tasks differ


WORDS = {Decision.ACCEPT: "accept", Decision.REJECT: "reject", Decision.FINISH: "finish"}


def model_person(table, **options):
    return TokenModelPerson(TableModel({"": {"": 1.0}} | table), lambda text, offer: f"{text}|{offer}?", **options)


@for_each(
    ("row", "decision"),
    [
        ({"accept": 0.4, "Reject": 0.25, " reject": 0.25, "x": 0.1}, Decision.REJECT),  # a sum of two
        ({" Acc": 0.4, "reject": 0.35, "x": 0.25}, Decision.ACCEPT),  # how the word begins
        ({"finished": 0.4, "accept": 0.3, "x": 0.3}, Decision.FINISH),  # how it goes on
        ({"accept": 0.3, "reject": 0.3, "x": 0.4}, Decision.REJECT),  # equal
        ({" ": 0.9, "accept": 0.06, "reject": 0.04}, Decision.ACCEPT),  # a space says nothing
    ],
)
def test_a_token_model_decides_by_the_sum_of_its_words(row, decision):
    person = model_person({"?": row})
    writer = person.begin(WritingTask("it", "Dear"), np.random.default_rng(0))
    assert writer.decide("Dear", " all") is decision


def test_a_token_of_two_words_counts_for_neither():
    words = WORDS | {Decision.ACCEPT: "yes", Decision.REJECT: "yep"}
    writer = model_person({"?": {"ye": 0.9, "yep": 0.1}}, words=words).begin(WritingTask("it", ""), None)
    assert writer.decide("", "a") is Decision.REJECT


def test_a_model_that_does_not_say_the_words_is_named_with_what_it_says():
    row = {"Sure": 0.6, "Well": 0.37, "accept": 0.02, "reject": 0.01}
    writer = model_person({"?": row}).begin(WritingTask("it", ""), None)
    with pytest.raises(TokenModelError, match=r"0\.03 together of the 20 tokens.*at least 0\.05.*b'Sure' \(0\.6\)"):
        writer.decide("", "a")
    easy = model_person({"?": row}, least_mass=0).begin(WritingTask("it", ""), None)
    assert easy.decide("", "a") is Decision.ACCEPT
    silent = model_person({"?": {"Sure": 1.0}}, least_mass=0).begin(WritingTask("it", ""), None)
    assert silent.decide("", "a") is Decision.REJECT  # as in the simulations of the paper


def test_a_token_model_plays_a_task_to_its_end():
    """It takes what begins with a space, writes two tokens a round after its own prompt, and finishes at the dot."""
    table = {
        "?": {"reject": 1.0},
        " b?": {"accept": 1.0},
        ".|x?": {"finish": 1.0},
        "write: a b": {" c": 1.0},
        " c": {" d": 1.0},
        " d": {".": 1.0},
        "write: a b c d": {".": 1.0},
    }
    person = model_person(table, writing_prompt=lambda text: f"write: {text}")
    task = WritingTask("letter", "a")
    assert played(suggesting(" b", "y", "x"), task, person, tokens_per_round=2).text == "a b c d."
    options = {"tokens_per_round": 2, "judge": lambda task, text: text.endswith(".")}
    judged = played(suggesting(" b", "y", "x"), task, person, **options)
    assert [each.decision.value for each in judged.rounds] == ["accept", "reject", "finish"]
    assert [each.written for each in judged.rounds] == [" c d", ".", ""]
    assert (judged.tokens_written, judged.finished, judged.correct) == (3, True, True)
    ended = played(NoAssistant(), WritingTask("letter", "z"), person)
    assert (len(ended.rounds), ended.finished, ended.text, ended.correct) == (1, True, "z", None)


class Euros(Provider):
    """Writes the bytes of one euro sign after the other."""

    tier, name = Tier.STEP, "euros"

    def step(self, prefix, max_tokens=1, *, top=20, temperature=0.0, seed=None):
        for i in range(max_tokens):
            token = "€".encode()[i % 3 : i % 3 + 1]
            logs = np.log([0.9, 0.1])
            yield Position.complete_list([token, b"x"], logs, chosen=0, start=i)


def test_nothing_ends_inside_a_character():
    person = TokenModelPerson(Euros(), lambda text, offer: "")
    assert person.begin(WritingTask("it", ""), None).write("", 1) == ("€", 3)
    assert person.begin(WritingTask("it", ""), None).write("", 4) == ("€€", 6)
    texts = Continuations(Euros(), max_tokens=8)
    assert (FixedLength(texts, 5).suggest("").text, FixedLength(texts, 2).suggest("").n_tokens) == ("€", 0)
    offer = HandOver(texts, Threshold.bits(0.7)).suggest("")  # 0.152 bits each, so four tokens
    assert (offer.text, offer.n_tokens, offer.decided) == ("€", 3, True)


def test_a_length_that_the_lists_do_not_tell_is_counted():
    class Short(Provider):
        tier, name = Tier.STEP, "short"

        def step(self, prefix, max_tokens=1, *, top=20, temperature=0.0, seed=None):
            yield Position((b"a",), np.log([0.6]), vocabulary_size=100, token=b"a", chosen=0, span=(0, 1))

    texts = Continuations(Short())
    careful, bold = (HandOver(texts, Threshold.bits(2), gate="entropy", undecided=u) for u in ("stop", "continue"))
    found = compare_assistants({"careful": careful, "bold": bold}, Replay(), [letters("aaa")], tokens_per_round=1)
    assert found["careful"].mean("undecided").value == 3
    assert found["careful"].mean("suggestions").value == 0
    assert (found["bold"].mean("undecided").value, found["bold"].accept_ratio.value) == (2, 1)


def test_each_text_is_continued_once_for_all_assistants():
    asked = []

    class Counted(Provider):
        tier, name = Tier.STEP, "counted"

        def step(self, prefix, max_tokens=1, **options):
            asked.append(prefix)
            yield from TableModel({"": {"a": 0.9, "b": 0.1}}).step(prefix, max_tokens, **options)

    compare_assistants(assistants(Continuations(Counted())), Replay(), [letters("abaabbab" * 3)], tokens_per_round=2)
    assert len(asked) == len(set(asked))
    assert sorted(asked, key=len) == asked  # a model reads on, and is not sent back


def test_means_and_standard_errors():
    """Against the textbook's formulae, in another form; the ratio of equal shares has no error."""
    rng = np.random.default_rng(2)
    values, weights = rng.normal(size=50), rng.integers(1, 9, size=50)
    found = Estimate.mean(values)
    assert found.value == pytest.approx(values.mean(), rel=1e-12)
    assert found.standard_error == pytest.approx(values.std(ddof=1) / math.sqrt(50), rel=1e-12)
    assert Estimate.ratio(3 * weights, weights) == Estimate(3.0, 0.0, 50)
    # Against the jackknife, which agrees to first order.
    parts = rng.binomial(weights, 0.4)
    left_out = (parts.sum() - parts) / (weights.sum() - weights)
    jackknife = math.sqrt(49 / 50 * ((left_out - left_out.mean()) ** 2).sum())
    assert Estimate.ratio(parts, weights).standard_error == pytest.approx(jackknife, rel=0.1)
    assert Estimate.mean([1.5]).standard_error == math.inf
    with pytest.raises(ValueError, match="all 0"):
        Estimate.ratio([0.0], [0.0])
    with pytest.raises(ValueError, match="denominators has 1 entries, expected 2, one for each numerator"):
        Estimate.ratio([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match=r"numerators holds 1e\+300, expected numbers of at most 1e\+100"):
        Estimate.ratio([1e300, 2.0], [1.0, 1.0])


def test_differences_are_paired():
    found = recorded_comparison()
    gains = [
        Effort().rate(a, a.tokens_read, a.tokens_written) - Effort().rate(b, b.tokens_read, b.tokens_written)
        for a, b in zip(found["eta-1"].episodes, found["none"].episodes, strict=True)
    ]
    difference = found.difference("eta-1", "none")
    assert difference.value == pytest.approx(np.mean(gains), rel=1e-12)
    assert difference.standard_error == pytest.approx(np.std(gains, ddof=1) / math.sqrt(3), rel=1e-12)
    assert found.difference("none", "none", "tokens_read") == Estimate(0.0, 0.0, 3)


def test_effort_is_counted_in_tokens_and_in_characters():
    run = recorded_comparison()["base-5"]
    for episode in run.episodes:
        read = sum(len(each.suggestion) for each in episode.rounds)
        taken = sum(len(each.suggestion) for each in episode.rounds if each.accepted)
        assert episode.characters_read == read
        assert episode.characters_written == len(episode.text) - len(episode.prompt) - taken
    rates = [0.999 ** (0.1 * e.characters_read + 0.5 * e.characters_written) for e in run.episodes]
    assert run.mean("dpr_characters").value == pytest.approx(np.mean(rates), rel=1e-12)


def test_a_log_tells_the_same_as_what_it_was_written_of(tmp_path):
    effort = Effort(Costs(0.2, 0.7), 0.99)
    person = Replay(wrong_accept=0.5, false_reject=0.5)
    tasks = [letters("é\u2028a\r" * 4, name=str(i), prompt="p\n") for i in range(4)]
    some = {"a": FunctionAssistant(lambda text: "é", lambda text, offer: 1), "none": NoAssistant()}
    options = {"tokens_per_round": 2, "max_rounds": 3, "rng": 3, "effort": effort}
    for found in (recorded_comparison(), compare_assistants(some, person, tasks, **options)):
        found.save(tmp_path / "log.jsonl")
        again = AssistanceComparison.load(tmp_path / "log.jsonl")
        assert again.effort == found.effort
        assert [run.episodes for run in again.runs] == [run.episodes for run in found.runs]
        assert repr(again) == repr(found)


def test_the_documented_log_is_read(tmp_path):
    from empowerment.text.assistance import log

    shown = log.__doc__.replace(",\n     ", ", ").splitlines()
    lines = [line.strip() for line in shown if line.strip().startswith("{")]
    (tmp_path / "log.jsonl").write_text("\n".join(lines) + "\n")
    (episode,) = AssistanceComparison.load(tmp_path / "log.jsonl").runs[0].episodes
    assert episode.text == "def f(x):\n    return x + 1"


BEGIN = {
    "event": "begin", "assistant": "a", "person": "p", "task": "t", "prompt": "", "tokens_per_round": 3,
    "max_rounds": 5,
}  # fmt: skip
ROUND = {
    "event": "round", "suggestion": "a", "suggestion_tokens": 1, "decided": True, "decision": "accept",
    "written": "b", "written_tokens": 1,
}  # fmt: skip
END = {"event": "end", "finished": True, "rest": "", "rest_tokens": 0, "correct": None}
HEADER = {"format": "empowerment-assistance-1", "read": 0.1, "write": 0.5, "discount": 0.999}


@for_each(
    ("lines", "message"),
    [
        ([], "no log of assistance"),
        ([{"format": "other"}, BEGIN], "no log of assistance"),
        ([HEADER], "no episodes"),
        ([HEADER | {"discount": 2}], "discount is 2"),
        ([HEADER | {"read": "much"}], "line 1 of .* has read = 'much', expected a number"),
        ([HEADER, BEGIN, ROUND], r"begins in line 2 of .* has no end; the log is cut off"),
        ([HEADER, ROUND], "line 2 of .* has the event 'round', expected 'begin'"),
        ([HEADER, BEGIN, BEGIN], "line 3 of .* has the event 'begin', expected 'round' or 'end'"),
        ([HEADER, BEGIN, ROUND | {"decision": "perhaps"}, END], "the decision 'perhaps', expected one of 'accept'"),
        ([HEADER, BEGIN, ROUND | {"written_tokens": -1}, END], "written_tokens = -1, expected a count"),
        ([HEADER, BEGIN, ROUND | {"written_tokens": True}, END], "written_tokens = True, expected a count"),
        ([HEADER, BEGIN, ROUND | {"time": 3}, END], "has the unknown 'time'"),
        ([HEADER, BEGIN, {"event": "round"}, END], "lacks 'suggestion', 'decision'"),
        ([HEADER, BEGIN, END | {"correct": "yes"}], "correct = 'yes', expected true, false or null"),
        ([HEADER, BEGIN, END, BEGIN, END], "a task twice"),
        ([HEADER, BEGIN, END, BEGIN | {"assistant": "b", "task": "u"}, END], "'b' has other tasks"),
        ([HEADER, BEGIN, "nonsense"], "line 3 of .*expected a JSON object"),
    ],
)
def test_a_log_that_is_none_is_told_with_its_line(lines, message, tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(ValueError, match=message):
        AssistanceComparison.load(path)


def test_without_a_judge_nothing_is_said_of_rates():
    pandas = pytest.importorskip("pandas")
    person = model_person({"?": {"reject": 1.0}})
    found = compare_assistants({"none": NoAssistant()}, person, [WritingTask("letter", "a")])
    with pytest.raises(ValueError, match=r"it is not known whether the text of task 'letter' is correct.*judge="):
        found["none"].mean("dpr")
    assert "dpr" not in found.to_dataframe()
    assert "dpr" not in found["none"].to_dataframe()
    assert "DPR" not in repr(found)
    judged = recorded_comparison()
    frame = judged.to_dataframe().set_index("assistant")
    assert frame.loc["eta-1", "dpr"] == judged["eta-1"].mean("dpr").value
    assert pandas.isna(frame.loc["none", "accept_ratio"])
    assert judged["eta-1"].to_dataframe()["tokens_read"].tolist() == [e.tokens_read for e in judged["eta-1"].episodes]


def test_results_are_sized_iterable_and_indexed_by_name():
    found = recorded_comparison()
    assert (len(found), next(iter(found)), "eta-1" in found, "eta-9" in found) == (6, "none", True, False)
    run = found["eta-1"]
    assert (len(run), list(run), "HumanEval/7" in run) == (3, [each["name"] for each in PROBLEMS], True)
    assert "3 tasks" in repr(found)
    with pytest.raises(ValueError, match="unknown assistant 'eta-9'; the 6 assistants are 'none'"):
        found["eta-9"]
    with pytest.raises(ValueError, match=r"unknown measure 'speed'.*'dpr'"):
        run.mean("speed")


class Sampler(Provider):
    tier, name = Tier.SAMPLE, "sampler"


class Silent(Provider):
    tier, name = Tier.STEP, "silent"

    def step(self, prefix, max_tokens=1, *, top=20, temperature=0.0, seed=None):
        return iter(())


def test_a_model_that_writes_nothing_decides_nothing():
    person = TokenModelPerson(Silent(), lambda text, offer: f"{text}|{offer}?")
    with pytest.raises(TokenModelError, match=r"silent reports no token after 'a\|b\?'"):
        person.begin(letters("a"), np.random.default_rng(0)).decide("a", "b")


TEXTS = Continuations(TableModel({"": {"a": 1.0}}), max_tokens=5)


@for_each(
    ("call", "message"),
    [
        (lambda: Continuations(Sampler()), "sampler is of the tier SAMPLE, .*FunctionAssistant"),
        (lambda: TokenModelPerson(Sampler(), lambda *a: ""), "sampler is of the tier SAMPLE"),
        (lambda: letters("a").tokenized(Sampler()), r"tokenized\(\) needs the tier SCORE.*or pass WritingTask"),
        (lambda: WritingTask("it", "").tokenized(TEXTS.model), "no solution"),
        (lambda: Replay(wrong_accept=1.5), "wrong_accept is 1.5"),
        (lambda: Replay(false_reject=math.nan), "false_reject is nan"),
        (lambda: FixedLength(TEXTS, 6), r"n_tokens is 6.*Continuations\(model, max_tokens=6\)"),
        (lambda: FixedLength(TEXTS, 0), "n_tokens is 0"),
        (lambda: Continuations(TEXTS.model, max_tokens=0), "max_tokens is 0"),
        (lambda: HandOver(TEXTS, 0.32), "expected a Threshold or Costs"),
        (lambda: HandOver(TEXTS, Threshold.bits(1), gate="mean"), "unknown gate 'mean'"),
        (lambda: HandOver(TEXTS, Threshold.bits(1), undecided="maybe"), "unknown undecided 'maybe'"),
        (lambda: WritingTask("it", "", "ab", tokens=[b"a", b"c"]), "differ from the solution at byte 1, b'c' inst"),
        (lambda: WritingTask("it", "", "ab", tokens=[b"a"]), "at byte 1, b'' instead of b'b'"),
        (lambda: WritingTask("it", "", tokens=[b"a"]), "has tokens, but no solution"),
        (lambda: WritingTask("it", "", "a", tokens=["a", "b"]), "at byte 1, b'b' instead of b''"),
        (lambda: WritingTask("it", "", "a", tokens="a"), "tokens is 'a', expected a list of bytes or texts"),
        (lambda: WritingTask("it", "", "a", tokens=[1]), "tokens holds 1, expected bytes or texts"),
        (lambda: WritingTask("it", None), "prompt of a task is None"),
        (lambda: WritingTask("it", "", b"x"), "solution of the task 'it' is b'x'"),
        (lambda: played(NoAssistant(), WritingTask("it", "", "a")), "the task 'it' has no tokens.*tokenized"),
        (lambda: played(NoAssistant(), WritingTask("it", "")), "the task 'it' has no solution"),
        (lambda: played(NoAssistant(), letters("a"), tokens_per_round=0), "tokens_per_round is 0"),
        (lambda: played(NoAssistant(), letters("a"), max_rounds=0), "max_rounds is 0"),
        (lambda: played(suggesting(None), letters("a")), "the function of an assistant returned None"),
        (
            lambda: played(FunctionAssistant(lambda t: "a", lambda t, s: 0), letters("a")),
            "tokens is 0, expected a whole number of at least 1",
        ),
        (lambda: compare_assistants({}, Replay(), [letters("a")]), "0 assistants and 1 tasks"),
        (lambda: compare_assistants({"a": NoAssistant()}, Replay(), [letters("a")] * 2), "two tasks are called"),
        (lambda: compare_assistants([NoAssistant()], Replay(), [letters("a")]), "expected a mapping from names"),
        (lambda: compare_assistants({"a": NoAssistant()}, Replay(), letters("a")), "expected a list of WritingTask"),
        (lambda: compare_assistants({"a": NoAssistant()}, Replay(), ["a"]), "expected a list of WritingTask"),
        (lambda: Effort(discount=0), "discount is 0"),
        (lambda: Effort(discount=1.1), "discount is 1.1"),
        (lambda: model_person({}, words={Decision.ACCEPT: "yes"}), "expected a word for each"),
        (lambda: model_person({}, least_mass=2), "least_mass is 2"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises((ValueError, TypeError, TierError), match=message):
        call()


def benchmark():
    """Return the module that evaluates; it is no part of the package."""
    path = Path(__file__).parents[3] / "benchmarks" / "assistance.py"
    spec = importlib.util.spec_from_file_location("assistance_evaluation", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_evaluation_that_was_stopped_goes_on_where_it_was(tmp_path):
    module, asked = benchmark(), []

    class Failing(Provider):
        tier, name, vocabulary_size = Tier.SCORE, "table", 2
        inner, patience = TableModel({"": {"a": 0.9, "b": 0.1}}), 12

        def score(self, prefix, text="", *, top=None, also=()):
            return self.inner.score(prefix, text, top=top, also=also)

        def step(self, prefix, max_tokens=1, **options):
            if len(asked) == self.patience:
                raise TokenModelError("no more today")
            asked.append(prefix)
            yield from self.inner.step(prefix, max_tokens, **options)

    rng = np.random.default_rng(4)
    tasks = [WritingTask(str(i), f"{i}", "".join(rng.choice(["a", "b"], p=[0.8, 0.2], size=12))) for i in range(4)]
    policies = ("none", "base-5", "eta-1", "cost-optimal")

    def run(patience):
        model = Failing()
        model.patience = patience
        with Recorded(tmp_path / "answers.jsonl", model) as recorded:
            episodes = []
            try:
                for each in module.evaluate(tasks, Continuations(recorded, max_tokens=20, top=2), policies, (2, 5)):
                    episodes += each
            except TokenModelError:
                assert patience is not None
            return episodes

    begun = run(12)
    whole = run(None)
    assert len(begun) < len(whole) == 4 * 4 * 2
    assert whole[: len(begun)] == begun
    assert len(asked) == len(set(asked))  # nothing twice, though it was begun twice
    three = AssistanceComparison.of([each for each in whole if each.tokens_per_round == 2])
    assert "| eta-1 |" in module.table(three)
    (line,) = module.order(three)  # of the three steps, the one between assistants that were played
    gain = three.difference("eta-1", "none").value
    assert line.startswith(f"DPR eta-1 > none {'holds' if gain > 0 else 'FAILS'}: {gain:+.5f}")


def test_the_evaluation_replays_its_recording():
    module = benchmark()
    tasks = [WritingTask(**each) for each in PROBLEMS]
    texts = Continuations(Recorded(RECORDED), max_tokens=10, top=5)
    played = module.evaluate(tasks, texts, ("none", "eta-1", "cost-optimal"), (3,))
    found, own = AssistanceComparison.of(itertools.chain(*played)), recorded_comparison()
    for name in ("none", "eta-1", "cost-optimal"):
        assert found[name].episodes == own[name].episodes
