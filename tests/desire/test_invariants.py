"""What holds of desires for all parameters, in many random settings."""

import math
from dataclasses import replace

import numpy as np
import pytest

from empowerment.desire import DesireAgent, DesireParameters, Riders, simulate_agents

RIDERS = Riders(4)
SLOTS = 120


def random_parameters(rng):
    """Draw every parameter that is about emotions and desires; those about decisions stay, as policies are kept."""
    return DesireParameters(
        appraisal=rng.normal(0, 0.6, (3, 2)),
        change_scale=rng.uniform(0.5, 4, 2),
        persistence=rng.random(),
        rank_dominance=rng.uniform(-1, 1, 3),
        threshold=rng.uniform(0, 2.5),
        gain=rng.choice([0.0, 0.5, 2.0, 10.0, 200.0]),
        decay=rng.choice([0.0, 0.05, 0.5, 1.0]),
        intensity=bool(rng.integers(2)),
        most_intensity=rng.uniform(0, 3),
        least_desire=rng.uniform(1e-6, 0.1),
    )


def random_will(rng):
    """Draw a will whose weights are above every least desire that is drawn."""
    return 0.1 + 0.7 * rng.dirichlet(np.ones(3))


@pytest.fixture(scope="module")
def lives():
    """Return many lives, each with the will and the parameters that it was lived with."""
    rng, found = np.random.default_rng(0), []
    for case in range(60):
        will, parameters = random_will(rng), random_parameters(rng)
        agent = DesireAgent(will, resolution=6)
        trace = simulate_agents(RIDERS, agent, SLOTS, seeds=[case, 1000], parameters=parameters)
        found.append((will, parameters, trace))
    return found


def test_desires_change_at_events_and_only_there(lives):
    changed_somewhere = events = 0
    for _, parameters, trace in lives:
        changed = (np.diff(trace.desire, axis=1) != 0).any(axis=-1)
        assert not (changed & ~trace.event).any()
        changed_somewhere += int(changed.sum())
        events += int(trace.event.sum())
        distance = np.linalg.norm(trace.emotion[:, 1:] - reference(trace), axis=-1)
        assert (trace.event == (distance > parameters.threshold)).all()
    assert changed_somewhere > 1000
    # With the default gain every event changes the desire, if anything is lacking or has been forgotten.
    trace = simulate_agents(RIDERS, DesireAgent(resolution=20), 360, seeds=range(40))
    changed = (np.diff(trace.desire, axis=1) != 0).any(axis=-1)
    assert (changed == trace.event).all()
    assert trace.event.sum() > 2000


def reference(trace):
    """Return the emotion at the last event before each step, as a loop finds it."""
    found = np.zeros_like(trace.emotion[:, 1:])
    now = np.zeros_like(trace.emotion[:, 0])
    for step in range(trace.n_steps):
        found[:, step] = now
        now = np.where(trace.event[:, step, :, None], trace.emotion[:, step + 1], now)
    return found


def test_desires_are_weights_and_none_vanishes(lives):
    for _, parameters, trace in lives:
        assert np.abs(trace.desire.sum(axis=-1) - 1).max() < 1e-14
        # The floor comes before the last division, by at most 1 plus the floors of the others.
        assert trace.desire.min() >= parameters.least_desire / (1 + 2 * parameters.least_desire) - 1e-15
        assert np.isfinite(trace.emotion).all()
        assert np.abs(trace.emotion).max() <= 1
    extreme = DesireParameters(gain=1e6, threshold=0.0)
    trace = simulate_agents(RIDERS, DesireAgent(resolution=6), SLOTS, parameters=extreme)
    assert trace.desire.min() == pytest.approx(0.02 / 1.02, rel=0.03)


def test_without_a_gain_desires_stay():
    rng = np.random.default_rng(1)
    for case in range(20):
        parameters = replace(random_parameters(rng), gain=0.0)
        will = random_will(rng)
        trace = simulate_agents(RIDERS, DesireAgent(will, resolution=6), SLOTS, seeds=[case], parameters=parameters)
        assert np.abs(trace.desire - will).max() <= 1e-15 * max(1, trace.event.sum(axis=1).max())
    trace = simulate_agents(
        Riders(), DesireAgent(resolution=20), 360, seeds=range(20), parameters=DesireParameters(gain=0.0)
    )
    assert trace.event.any()
    assert np.abs(trace.desire - trace.desire[:, :1]).max() <= 1e-15


def test_without_a_threshold_that_can_be_reached_all_is_as_with_fixed_desires():
    rng = np.random.default_rng(2)
    for case in range(10):
        parameters = replace(random_parameters(rng), threshold=math.inf)
        will = random_will(rng)
        kinds = [DesireAgent(will, resolution=6), DesireAgent.fixed(will, resolution=6)]
        moved, fixed = (simulate_agents(RIDERS, kind, SLOTS, seeds=[case], parameters=parameters) for kind in kinds)
        for name in ("state_numbers", "action_numbers", "levels", "changes", "rank", "features", "emotion", "desire"):
            assert (getattr(moved, name) == getattr(fixed, name)).all(), name
        assert not moved.event.any()
        assert not fixed.event.any()
        assert all((moved.records[name] == fixed.records[name]).all() for name in moved.records)


def test_who_appraises_nothing_feels_nothing():
    for threshold in (0.0, 0.5, 1.2):
        numb = DesireParameters(appraisal=np.zeros((3, 2)), rank_dominance=(0, 0, 0), threshold=threshold)
        trace = simulate_agents(RIDERS, DesireAgent(resolution=6), SLOTS, seeds=range(3), parameters=numb)
        assert (trace.emotion == 0).all()
        assert (trace.emotion_names == "neutral").all()
        assert not trace.event.any()


def test_runs_side_by_side_are_the_runs_by_themselves(lives):
    for case, (will, parameters, trace) in enumerate(lives[:15]):
        alone = simulate_agents(RIDERS, DesireAgent(will, resolution=6), SLOTS, seeds=[case], parameters=parameters)
        for name in ("state_numbers", "action_numbers", "emotion", "desire", "event"):
            assert (getattr(alone, name)[0] == getattr(trace, name)[0]).all(), name


def test_turning_arousal_changes_names_and_nothing_that_is_done():
    rng, renamed = np.random.default_rng(3), 0
    cases = [DesireParameters(), *(random_parameters(rng) for _ in range(12))]
    for case, parameters in enumerate(cases):
        pleasure, arousal, dominance = parameters.appraisal
        turned = replace(parameters, appraisal=(pleasure, tuple(-x for x in arousal), dominance))
        one, other = (
            simulate_agents(RIDERS, DesireAgent(resolution=6), SLOTS, seeds=[case, 500], parameters=each)
            for each in (parameters, turned)
        )
        for name in ("state_numbers", "action_numbers", "event", "desire", "levels", "rank"):
            assert (getattr(one, name) == getattr(other, name)).all(), name
        assert (one.emotion[..., 1] == -other.emotion[..., 1]).all()
        assert (one.emotion[..., [0, 2]] == other.emotion[..., [0, 2]]).all()
        renamed += int((one.emotion_names != other.emotion_names).sum())
    assert renamed > 100


def test_fear_becomes_sadness_where_arousal_is_turned():
    turned = DesireParameters(appraisal=((0.5, 0.25), (0.0, 0.5), (0.0, 0.25)))
    one, other = (
        simulate_agents(Riders(), DesireAgent(resolution=20), seeds=range(10), parameters=each)
        for each in (DesireParameters(), turned)
    )
    crashes = one.changes[..., 1] <= -4
    names, after = one.emotion_names[crashes], other.emotion_names[crashes]
    assert len(names) > 150
    assert (names == "fear").mean() > 0.98
    assert (after[names == "fear"] == "sadness").all()
    assert (one.action_numbers == other.action_numbers).all()
