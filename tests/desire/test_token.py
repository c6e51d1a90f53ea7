"""A language model that decides: what it is asked, what is made of its answers, and a day with a real one."""

import re
from string import ascii_uppercase
from types import SimpleNamespace

import numpy as np
import pytest

import empowerment as emp
from empowerment.desire import (
    DesireAgent,
    TokenModelDecision,
    describe_rider,
    describe_state,
    simulate_agents,
)
from empowerment.text import FunctionModel, Provider, TableModel, Tier, TokenModelError, XLlamaCpp, answer_channel

BALANCED = np.full(3, 1 / 3)
ANY = TableModel({"": {" A": 0.3, " B": 0.1, " C": 0.2, " D": 0.4}})


class Counting(Provider):
    """Answers as a table does, and notes what it was asked."""

    tier, name, vocabulary_size = Tier.SCORE, "counting", 4

    def __init__(self):
        self.prompts = []

    def score(self, prefix, text="", *, top=None, also=()):
        self.prompts.append((prefix, text))
        return ANY.score(prefix, text, top=top, also=also)


def test_the_chances_are_those_of_the_letters_relative_to_each_other(riders):
    decision = TokenModelDecision(ANY, riders)
    for state, label in enumerate(riders.model.states):
        there = riders.model.available[state]
        mass = np.array([0.3, 0.1, 0.2]) * there
        np.testing.assert_allclose(decision(state, BALANCED), mass / mass.sum(), atol=1e-12)
        assert there[0] == (label[2] != "none" and label[0] > 0)


def test_what_is_asked(riders):
    model = Counting()
    decision = TokenModelDecision(model, riders, describe_rider)
    far, none = (riders.model.state_index((8, 0, offer)) for offer in ("far", "none"))
    assert decision.prompt(far, (0.5, 0.45, 0.05)) == (
        "You are a courier. Your health is 8 of 10. It is hour 1 of 12, a rush hour.\n"
        "You are offered a far order that pays 16.\n"
        "What matters to you: income a lot, health a lot, standing hardly.\n"
        "You may:\nA accept\nB refuse\nC rest\nYour choice:"
    )
    decision(none, BALANCED)
    # An action keeps its letter where others are missing, and those are not offered.
    assert [answer for _, answer in model.prompts] == [" B", " C"]
    assert model.prompts[0][0].endswith("There is no order.\nWhat matters to you: income quite, health quite, "
                                        "standing quite.\nYou may:\nB refuse\nC rest\nYour choice:")  # fmt: skip


def test_equal_prompts_are_asked_once(riders):
    model = Counting()
    decision = TokenModelDecision(model, riders)
    first = decision(0, (0.5, 0.3, 0.2))
    asked = len(model.prompts)
    again = decision(0, (0.52, 0.29, 0.19))  # the same words
    assert len(model.prompts) == asked
    np.testing.assert_array_equal(first, again)
    again[:] = 0  # the caller's own
    np.testing.assert_array_equal(decision(0, (0.5, 0.3, 0.2)), first)
    decision(0, (0.2, 0.3, 0.5))
    decision(1, (0.5, 0.3, 0.2))
    assert len(decision.answers) == 3
    assert repr(decision) == "TokenModelDecision(counting, 3 prompts asked)"
    with pytest.raises(TypeError):
        decision.answers["x"] = first


def test_it_answers_as_a_menu_of_answers_does(riders):
    """The same numbers as the channel of answers that is reused, prompt by prompt."""
    moods = {"above all": 0.9, "a lot": 0.6, "quite": 0.4, "a little": 0.2, "hardly": 0.1}

    def courier(text):
        health = moods[re.search(r"health ([a-z ]+?),", text)[1]]
        return {" A": 0.8 * (1 - health), " B": 0.1, " C": 0.8 * health, " hm": 0.1}

    model, rng = FunctionModel(courier), np.random.default_rng(0)
    decision = TokenModelDecision(model, riders, describe_rider)
    for _ in range(40):
        state, desire = int(rng.integers(528)), rng.dirichlet([1, 1, 1])
        there = np.flatnonzero(riders.model.available[state])
        prompt = decision.prompt(state, desire)
        expected = answer_channel(model, [prompt], [f" {'ABC'[a]}" for a in there], mode="menu", end="").observed[0]
        np.testing.assert_array_equal(decision(state, desire)[there], expected)


def test_riders_who_are_told_to_rest_rest(riders):
    """Desires reach the decision through words alone, and emotions through desires."""

    def courier(text):
        cautious = "health a lot" in text or "health above all" in text
        return {" A": 0.0, " B": 0.01, " C": 0.99} if cautious else {" A": 0.99, " B": 0.01, " C": 0.0}

    def day(will):
        decision = TokenModelDecision(FunctionModel(courier), riders, describe_rider)
        return simulate_agents(riders, DesireAgent(will, decide=decision, moved=False), 12, seeds=range(3))

    earning, resting = day((0.7, 0.15, 0.15)), day((0.15, 0.7, 0.15))
    assert resting.records["pay"].sum() == 0 < earning.records["pay"].sum()
    assert (resting.action_numbers == 2).mean() > 0.9
    assert (earning.action_numbers == 2).sum() == 0


def test_one_action_is_not_asked_about():
    moves = np.zeros((2, 2, 2))
    moves[0, 0, 1] = moves[1, :, 0] = 1
    model = emp.MDP(moves, actions=["go", "stay"], available=[[True, False], [True, True]])
    world, asked = SimpleNamespace(model=model, desires=("rest", "fame")), Counting()
    decision = TokenModelDecision(asked, world)
    assert decision(0, (0.5, 0.5)).tolist() == [1, 0]
    assert not asked.prompts
    np.testing.assert_allclose(decision(1, (0.5, 0.5)), [0.75, 0.25])
    assert "Your state is 1.\nWhat matters to you: rest a lot, fame a lot." in asked.prompts[0][0]


def test_words_of_states_and_desires(riders):
    words = [describe_state("s", {"d": weight}).split("d ", 1)[1] for weight in (0, 0.1, 0.25, 0.45, 0.65, 1)]
    assert words == ["hardly.", "a little.", "quite.", "a lot.", "above all.", "above all."]
    texts = {describe_rider(state, {"income": 1.0}) for state in riders.model.states}
    assert len(texts) == 528
    assert "It is hour 3 of 12.\nYou are offered a far order that pays 12." in describe_rider((1, 2, "far"), {})
    assert "too unwell to take it" in describe_rider((0, 2, "near"), {})
    with pytest.raises(TypeError, match="expected a mapping"):
        describe_state("s", [0.5, 0.5])
    for odd in ("tired", (1, 2), (11, 0, "far"), (1, 12, "far"), (1, 2, "there"), None, ("a", 1, "far")):
        with pytest.raises(ValueError, match="expected \\(health, slot, offer\\)"):
            describe_rider(odd, {})


def test_what_does_not_fit_is_said(riders):
    for arguments, error, words in (
        ({"model": "gpt"}, TypeError, "model"),
        ({"world": None}, TypeError, "expected a world of desires"),
        ({"describe": "words"}, TypeError, "expected a function of a state and a desire"),
        ({"ask": "{menu}"}, ValueError, "with {situation} and {menu} in it"),
        ({"before_letter": 1}, TypeError, "before_letter"),
    ):
        with pytest.raises(error, match=re.escape(words)):
            TokenModelDecision(**({"model": ANY, "world": riders} | arguments))
    decision = TokenModelDecision(ANY, riders)
    for state, desire, words in ((528, BALANCED, "the number of one of 528 states"), (0, [1, 1, 1], "desire")):
        with pytest.raises(ValueError, match=words):
            decision(state, desire)
    many = emp.MDP(np.ones((1, 27, 1)))
    with pytest.raises(ValueError, match="27 actions, expected at most 26"):
        TokenModelDecision(ANY, SimpleNamespace(model=many, desires=("d",)))
    assert len(ascii_uppercase) == 26
    speechless = TokenModelDecision(TableModel({"nothing": {" A": 1.0}}), riders)
    with pytest.raises(TokenModelError):
        speechless(0, BALANCED)
    with pytest.raises(TypeError, match="describe"):
        TokenModelDecision(ANY, riders, lambda state, desire: 3)(0, BALANCED)


def test_a_day_with_a_real_model(riders, weights):
    """That it works, and that it is a distribution over what there is; no claim about what it chooses."""
    pytest.importorskip("xllamacpp")
    with XLlamaCpp(weights, n_ubatch=64) as model:
        decision = TokenModelDecision(model, riders, describe_rider, accept_rounding=True)
        trace = simulate_agents(riders, DesireAgent(decide=decision), 1, seeds=[0])
    assert 1 <= len(decision.answers) <= 6
    for prompt, chances in decision.answers.items():
        assert chances.sum() == pytest.approx(1)
        assert (chances > 0).sum() == prompt.count("\n", prompt.index("You may:")) - 1
    assert trace.agent == "desire"
