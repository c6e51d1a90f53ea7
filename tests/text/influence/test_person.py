"""A token model in the place of a person: its table is the one that an audit of probabilities gets."""

from dataclasses import replace

import numpy as np
import pytest
from helpers import for_each

from empowerment.text import Provider, TableModel, Tier, ask_person, influence_audit

MESSAGES, WILLS, CHOICES = ["", "Have tea!", "Have coffee!"], ["tea", "coffee"], [" tea", " coffee"]


def prompt(message, will):
    return f"I like {will}. {message} I take"


def guest(seed=0, hesitates=0.0):
    """A guest with a random table, who answers something else now and then."""
    rng = np.random.default_rng(seed)
    rows = {"": {"": 1.0}}
    for message in MESSAGES:
        for will in WILLS:
            tea = float(rng.uniform())
            said = {" tea": tea * (1 - hesitates), " coffee": (1 - tea) * (1 - hesitates), " hm": hesitates}
            rows[prompt(message, will)] = said
    return TableModel(rows, name=f"guest-{seed}")


def probabilities(model):
    return np.array(
        [
            [[np.exp(model.score(prompt(m, w), c)[0].surprisal(np.e).lower * -1) for c in CHOICES] for w in WILLS]
            for m in MESSAGES
        ]
    )


def test_the_table_is_that_of_the_probabilities():
    model = guest(1)
    table = ask_person(model, prompt, MESSAGES, WILLS, CHOICES)
    np.testing.assert_allclose(table.responses, probabilities(model), atol=1e-12)
    assert table.responses.shape == (3, 2, 2)
    found = table.audit(prior=[0.3, 0.7], silence="")
    expected = influence_audit(probabilities(model), prior=[0.3, 0.7], silence=0, normalize=True)
    assert float(found.targeted) == pytest.approx(float(expected.targeted), abs=1e-8)
    assert float(found.silent) == pytest.approx(float(expected.silent), abs=1e-8)
    assert (found.messages, found.wills, found.choices) == (tuple(MESSAGES), tuple(WILLS), tuple(CHOICES))


@for_each("seed", range(5))
def test_an_open_table_gives_intervals_that_hold_the_guest_who_hesitates(seed):
    model = guest(seed, hesitates=0.1)
    table = ask_person(model, prompt, MESSAGES, WILLS, CHOICES, mode="open")
    np.testing.assert_allclose(table.residual, 0.1, atol=1e-12)
    found = table.audit()
    whole = np.concatenate(
        [0.9 * ask_person(model, prompt, MESSAGES, WILLS, CHOICES).responses, np.full((3, 2, 1), 0.1)], 2
    )
    exact = influence_audit(whole)
    for name in ("targeted", "untargeted"):
        assert getattr(found, name).lower <= getattr(exact, name).upper
        assert getattr(exact, name).lower <= getattr(found, name).upper
    assert found.targeted.gap > 0.01


def test_a_provider_that_rounds_has_to_be_accepted():
    model = guest(2)

    class Rounds(Provider):
        tier, name, ends, vocabulary_size = Tier.SCORE, "rounds", model.ends, model.vocabulary_size

        def score(self, prefix, text="", *, top=None, also=()):
            return [
                replace(place, rounding=0.0 if place.complete else 1e-3)
                for place in model.score(prefix, text, top=top, also=also)
            ]

    with pytest.raises(ValueError, match=r"rounds rounds: entries may be off by 0.002.*accept_rounding=True"):
        ask_person(Rounds(), prompt, MESSAGES, WILLS, CHOICES)
    table = ask_person(Rounds(), prompt, MESSAGES, WILLS, CHOICES, accept_rounding=True)
    assert table.rounding == pytest.approx(2e-3, rel=1e-2)
    assert "entries off by up to 0.002" in repr(table)


def test_prompts_that_are_alike_are_refused():
    with pytest.raises(ValueError, match="twice"):
        ask_person(guest(), lambda message, will: message, MESSAGES, WILLS, CHOICES)
