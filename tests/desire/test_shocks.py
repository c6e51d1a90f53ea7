"""Shocks and frozen twins: known values, twins alone and among others, windows, files."""

import re

import numpy as np
import pytest

from empowerment.desire import (
    DesireAgent,
    DesireParameters,
    Mind,
    Riders,
    ShockEffects,
    shock_effects,
)
from empowerment.desire.comparison import chunks
from empowerment.desire.shocks.effects import _Life, first_shocks
from empowerment.desire.simulation import follow, follow_from_start, random_numbers

DESIRE, FIXED = DesireAgent(resolution=20), DesireAgent.fixed(resolution=20)

# The window of two days, from another implementation: before, after with a frozen desire, after, and the difference.
# The second number of a pair is how far apart two samples of this size may be.
MEASURED = {
    "far_declined": ((0.053, 0.01), (0.074, 0.013), (0.232, 0.02), (0.158, 0.019)),
    "income": ((62.1, 1.0), (57.20, 0.9), (47.02, 1.0), (-10.14, 0.78)),
    "rests": ((0.293, 0.005), (0.365, 0.004), (0.405, 0.006), (0.039, 0.004)),
    "health": ((6.73, 0.10), (5.97, 0.08), (7.14, 0.07), (1.17, 0.09)),
}


@pytest.fixture(scope="module")
def effects():
    return shock_effects(DESIRE, seeds=range(200))


@pytest.fixture(scope="module")
def fixed():
    return shock_effects(FIXED, seeds=range(200), windows=[24])


def test_the_example_happens_as_in_another_implementation(effects):
    window = effects[24]
    assert (int(effects.falls.sum()), window.total) == (4132, 1149)
    for measure, expected in MEASURED.items():
        for (value, reach), found in zip(expected, window[measure], strict=True):
            assert abs(found.value - value) <= reach, (measure, found)
    assert abs(effects.with_event.value - 0.86) < 0.01
    assert abs(effects.named["fear"].value - 0.998) < 0.001
    before, after = window.desire_before, window.desire_after
    for name, (low, high) in {"health": (0.22, 0.45), "income": (0.56, 0.40)}.items():
        assert abs(before[name].value - low) < 0.03
        assert abs(after[name].value - high) < 0.03
    assert abs(window.relative_difference("income").value + 0.18) < 0.01
    assert abs(effects.events_each.value - 19.3) < 0.1


@pytest.mark.slow  # what the test above checks, once more with exact desires
def test_the_exact_desires_give_the_same_to_the_third_digit():
    window = shock_effects(DesireAgent(), seeds=range(12), windows=[24])[24]
    rounded = shock_effects(DESIRE, seeds=range(12), windows=[24])[24]
    for measure in window:
        for one, other in zip(window[measure], rounded[measure], strict=True):
            assert one.lower <= other.value <= one.upper, (measure, one, other)


def test_the_desire_fades(effects):
    declines = [effects[window]["far_declined"].difference for window in (12, 24, 48)]
    assert [round(found.value, 2) for found in declines] == [0.20, 0.16, 0.13]
    assert declines[0].lower > declines[2].value
    for found in declines:
        assert 0 < found.lower < found.value < found.upper


def test_low_health_alone_makes_an_eighth_of_it(effects, fixed):
    row = fixed[24]["far_declined"]
    assert abs(row.before.value - 0.014) < 0.003
    assert abs(row.updated.value - 0.037) < 0.005
    assert (row.difference.lower, row.difference.value, row.difference.upper) == (0, 0, 0)
    own = effects[24]["far_declined"]
    share = (row.updated.value - row.before.value) / (own.updated.value - own.before.value)
    assert 0.09 < share < 0.17
    assert fixed[24].desire_after["income"].value == pytest.approx(0.7)


# --- what counts as a shock


def test_shocks_are_found_as_a_loop_finds_them():
    rng = np.random.default_rng(0)
    for case in range(200):
        n_slots, window = int(rng.integers(60, 90)), int(rng.integers(1, 35))
        changes = np.where(rng.random((n_slots, 3, 2)) < rng.choice([0.01, 0.05, 0.3]), -4.0 - rng.integers(2), -3.0)
        found = first_shocks(changes, window)
        expected = []
        for run, rider in np.ndindex(3, 2):
            falls = changes[:, run, rider] <= -4
            for k in range(24, n_slots - window):
                if falls[k] and not falls[k - 24 : k].any():
                    expected.append((k, run, rider))
                    break
        assert list(zip(found.slots, found.runs, found.riders, strict=True)) == expected, case


def life(agent, n_seeds=6, parameters=None):
    world, parameters = Riders(), parameters or DesireParameters()
    uniforms = random_numbers(world, 360, range(n_seeds))
    chain = follow_from_start(world, agent, uniforms, parameters=parameters)
    return _Life(world, agent, parameters, uniforms, chain)


def test_a_twin_does_the_same_alone_and_among_the_others():
    own, length = life(DESIRE), 48
    found = first_shocks(own.chain.outcomes.changes[..., 1], length)
    states, actions, pay = own.twins(found, length)
    assert states.shape == (length, len(found.runs))
    for i, (slot, run, rider) in enumerate(zip(found.slots, found.runs, found.riders, strict=True)):
        frozen = np.arange(6) == rider
        chain = follow(
            own.world,
            own.agent,
            type(own.chain.positions)(*(array[slot, run] for array in own.chain.positions)),
            Mind(*(array[slot, run] for array in own.chain.minds)),
            own.uniforms[slot + 1 : slot + length + 2, run],
            parameters=own.parameters,
            will=np.array(own.agent.will),
            frozen=frozen,
        )
        assert (chain.positions.state[1:-1, rider] == states[:, i]).all()
        assert (chain.actions[1:, rider] == actions[:, i]).all()
        assert (chain.outcomes.records["pay"][1:, rider] == pay[:, i]).all()
        # The update in the slot of the shock is missing, too, and what happens until then is the same.
        assert (chain.minds.desire[:, rider] == own.chain.minds.desire[slot, run, rider]).all()
        assert chain.positions.state[1, rider] == own.chain.positions.state[slot + 1, run, rider]


def test_without_events_twins_are_riders():
    calm = DesireParameters(threshold=float("inf"))
    found = shock_effects(DESIRE, seeds=range(10), windows=[24], parameters=calm)
    assert found.events.sum() == found.falls_with_event.sum() == 0
    assert (found.sums[:, 1] == found.sums[:, 2]).all()
    assert found[24]["income"].difference.value == 0


# --- the result and its arguments


def test_neither_chunks_nor_a_checkpoint_change_anything(monkeypatch, tmp_path):
    options = {"seeds": range(5), "windows": [12, 24]}
    whole = shock_effects(DESIRE, **options)
    monkeypatch.setattr(chunks, "_STEPS_IN_A_CHUNK", 2 * 360 * 6)
    kept = tmp_path / "kept"
    for found in (
        shock_effects(DESIRE, **options, checkpoint=kept),
        shock_effects(DESIRE, **options, checkpoint=kept),
    ):
        for name in ("events", "falls", "falls_with_event", "falls_named", "n_shocks", "desire", "sums"):
            assert (getattr(found, name) == getattr(whole, name)).all()
    with pytest.raises(ValueError, match="differs in windows"):
        shock_effects(DESIRE, seeds=range(5), windows=[12], checkpoint=kept)


def test_the_result_is_labelled(effects):
    assert (len(effects), list(effects), 12 in effects, 13 in effects) == (3, [12, 24, 48], True, False)
    window = effects[24]
    assert list(window) == ["far_declined", "income", "rests", "health"]
    assert (len(window), "rests" in window) == (4, True)
    assert "24 slots after 1149 shocks" in repr(effects)
    assert effects._repr_html_().count("<tr>") == 13
    frame = effects.to_dataframe()
    assert len(frame) == 3 * 4 * 4
    assert frame[(frame.window == 24) & (frame.measure == "rests") & (frame.phase == "frozen")].value.item() == (
        window["rests"].frozen.value
    )
    for ask, sentence in (
        (lambda: effects[13], "unknown window 13; the 3 windows are 12, 24, 48"),
        (lambda: window["pay"], "unknown measure 'pay'"),
    ):
        with pytest.raises(ValueError, match=re.escape(sentence)):
            ask()


def test_saved_effects_are_the_same(effects, tmp_path):
    effects.save(tmp_path / "found.npz")
    back = ShockEffects.load(tmp_path / "found.npz")
    assert repr(back) == repr(effects)
    assert back.parameters == effects.parameters
    assert back.windows == effects.windows
    (tmp_path / "found.npz").write_bytes(b"PK")
    with pytest.raises(ValueError, match="is not a saved ShockEffects, or is damaged"):
        ShockEffects.load(tmp_path / "found.npz")


def test_without_a_shock_there_is_nothing_to_count():
    found = shock_effects(DESIRE, seeds=[0], windows=[1], n_steps=26)
    assert found[1].total == 0
    assert found[1]["income"] == (None, None, None, None)
    assert found[1].relative_difference("income") is None
    assert found[1].desire_before["health"] is None
    assert "–" in repr(found)
    assert not len(found.to_dataframe())


def test_wrong_arguments_are_named():
    for options, kind, sentence in (
        ({"agent": 1}, TypeError, "agent"),
        ({"world": 1}, TypeError, "world"),
        ({"windows": 24}, TypeError, "windows is 24, expected a list"),
        ({"windows": []}, ValueError, "windows is"),
        ({"windows": [12, 12]}, ValueError, "windows is"),
        ({"windows": [0]}, ValueError, "windows is 0"),
        ({"windows": [336]}, ValueError, "expected more than 24 slots before a shock and 336 after it"),
        ({"parameters": 1}, TypeError, "parameters"),
    ):
        with pytest.raises(kind, match=sentence):
            shock_effects(**({"agent": FIXED, "seeds": [0]} | options))
