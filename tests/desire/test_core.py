"""Agents with desires: reference values, properties of the pure functions, the simulation and its trace."""

import dataclasses
import pickle
import subprocess
import sys
import tracemalloc
import zipfile
from itertools import pairwise

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp
from empowerment import desire
from empowerment.desire import (
    EMOTIONS,
    WEALTH,
    DesireAgent,
    DesireParameters,
    DesireTrace,
    Mind,
    Plans,
    Riders,
    appraise,
    deficits,
    feel,
    fluctuates,
    name_emotions,
    objective,
    percentile,
    planning,
    simulate_agents,
    update_desire,
)
from empowerment.desire.planning import on_lattice, softmax
from empowerment.desire.simulation import random_numbers
from empowerment.desire.world import certain_from, drawn
from empowerment.export.npz import save_fields

SHOCK = DesireParameters.shock()
D0 = np.array(WEALTH)
MONTH = 360


@pytest.fixture(scope="module")
def agent():
    return DesireAgent()


@pytest.fixture(scope="module")
def month(riders, agent):
    """A month of six riders, exact."""
    return simulate_agents(riders, agent, MONTH, seeds=[0])


def close(found, wanted):
    np.testing.assert_allclose(found, wanted, rtol=0, atol=6e-7)


# --- reference values


def test_reference_transitions_and_features():
    world, features = emp.worlds.delivery(), emp.worlds.delivery_features()
    assert (world.n_states, world.n_actions, world.n_available if hasattr(world, "n_available") else 3) == (528, 3, 3)
    here = world.state_index((8, 0, "far"))
    close(features[here], [[1.536, 0.822, 0.96], [0, 0.96, -0.25], [0, 0.995, -0.25]])
    row = world.to_dense()[here, 0]
    for after, chance in (((3, 1, "none"), 0.002), ((5, 1, "far"), 0.084), ((6, 1, "mid"), 0.144)):
        close(row[world.state_index(after)], chance)
    offers = world.initial[[world.state_index((8, 0, offer)) for offer in ("none", "near", "mid", "far")]]
    close(offers, [0.05, 0.30, 0.30, 0.35])
    assert world.available[:, 1:].all()
    allowed = [state for state, there in zip(world.states, world.available[:, 0], strict=True) if there]
    assert allowed == [state for state in world.states if state[0] > 0 and state[2] != "none"]


def test_the_table_of_the_world_follows_from_its_outcomes():
    """10,432 outcomes: rows made here by hand, one outcome after the other."""
    world = emp.worlds.delivery()
    dense = world.to_dense()
    np.testing.assert_allclose(dense[world.available].sum(axis=1), 1, atol=1e-12)
    far_at_peak = world.state_index((2, 6, "far"))
    row = {world.states[t]: dense[far_at_peak, 0, t] for t in np.flatnonzero(dense[far_at_peak, 0])}
    offers = dict(zip(("none", "near", "mid", "far"), (0.05, 0.30, 0.30, 0.35), strict=True))
    # A crash (twice .04, as health is 2) and wear of 2 or 3 end at 0, wear of 1 at 1.
    for offer, chance in offers.items():
        close(row[(0, 7, offer)], (0.08 + 0.92 * 0.75) * chance)
        close(row[(1, 7, offer)], 0.92 * 0.25 * chance)
    assert len(row) == 8
    rest = world.state_index((7, 11, "near"))
    row = {world.states[t]: dense[rest, 2, t] for t in np.flatnonzero(dense[rest, 2])}
    close(row[(10, 0, "none")], 0.4 + 0.6 * 0.05)  # 8 or 9 and the night's 4, cut
    close(row[(10, 0, "far")], 0.6 * 0.35)
    assert len(row) == 4


def test_reference_appraisals():
    mood, emotion = appraise(np.zeros(3), [-1.0, -5.0], 0.1, SHOCK)
    close(mood, [-0.875, 1, -0.625])
    close(emotion, [-0.875, 1, -1])
    assert name_emotions(emotion) == "fear"
    mood, emotion = appraise(np.zeros(3), [2.2, -2.0], 0.8, SHOCK)
    close(emotion, [0.3, 0.5, 0.15])
    assert name_emotions(emotion) == "surprise"
    close(mood, [0.3, 0.5, -0.25])


def test_reference_update():
    found = update_desire(D0, D0, [0.1, 0.6, 0.0], 1.5, 10, SHOCK)
    np.testing.assert_allclose(found, [0.471896510, 0.453191450, 0.074912040], rtol=0, atol=1e-8)


def test_reference_draws(riders):
    draws = random_numbers(riders, MONTH, [0])[:, 0]
    close(draws[0, :, 0], [0.636962, 0.016528, 0.606636, 0.935072, 0.857404, 0.175656])
    close(draws[1, 0], [0.299712, 0.422687, 0.028320])
    assert draws.shape == (361, 6, 3)


def test_reference_first_day(riders, month):
    fixed = simulate_agents(riders, DesireAgent.fixed(), 12)
    for trace in (month, fixed):
        numbers = trace.state_numbers[0, :13]
        states = [trace.states[number] for number in numbers[:12, 0]]
        offers = [("none", "near", "mid", "far").index(offer) for _, _, offer in states]
        assert offers == [2, 0, 3, 1, 1, 0, 2, 1, 0, 1, 0, 0]
        assert [health for health, _, _ in states] == [8, 7, 9, 8, 7, 9, 9, 8, 7, 9, 9, 10]
        assert [slot for _, slot, _ in states] == list(range(12))
        assert trace.action_numbers[0, :12, 0].tolist() == [0, 2, 0, 0, 2, 1, 0, 0, 2, 0, 2, 1]
        assert trace.records["pay"][0, :12, 0].tolist() == [8, 0, 12, 4, 0, 0, 8, 4, 0, 4, 0, 0]
        assert trace.records["pay"][0, :12].sum(axis=0).tolist() == [40, 64, 76, 76, 88, 64]
        assert [trace.states[number][0] for number in numbers[12]] == [10, 10, 10, 9, 6, 8]
        close(trace.emotion[0, 12, 0], [-0.171338, -0.166870, -0.316565])
        assert not trace.event[0, :12, 0].any()


def test_reference_first_event(month):
    step = int(month.event[0, :, 0].argmax())
    assert step == 25
    assert month.states[month.state_numbers[0, step, 0]] == (7, 1, "far")
    assert month.actions[month.action_numbers[0, step, 0]] == "accept"
    assert month.changes[0, step, 0, 1] == -3
    assert month.records["pay"][0, step, 0] == 16
    close(month.levels[0, step, 0], [8.170654, 4, 0.1])
    close(month.emotion[0, step + 1, 0], [0.195966, 1, -0.964173])
    assert month.emotion_names[0, step, 0] == "surprise"
    close(month.desire[0, step + 1, 0], [0.348806, 0.248769, 0.402425])
    close(month.desire[0, step, 0], D0)


def test_reference_month(riders, month):
    assert month.records["pay"][0].sum(axis=0).tolist() == [1708, 1748, 1788, 1976, 1704, 1756]
    assert month.event[0].sum(axis=0).tolist() == [17, 26, 23, 0, 27, 23]


# --- pure functions


def test_names_are_the_nearest_points():
    points = np.array(list(EMOTIONS.values()))
    assert name_emotions(points).tolist() == list(EMOTIONS)
    rng = np.random.default_rng(0)
    found = rng.uniform(-1, 1, (5, 7, 3))
    named = name_emotions(found)
    for place in np.ndindex(5, 7):
        distances = np.linalg.norm(points - found[place], axis=1)
        assert named[place] == list(EMOTIONS)[int(distances.argmin())]
    assert name_emotions([0.0, 0.0, 0.0]) == "neutral"
    assert name_emotions([-0.3, 0.0, 0.0]) == "neutral"


def test_nothing_in_the_loop_reads_names():
    code = (
        "from empowerment.desire import *; from empowerment.desire import appraisal;"
        "appraisal.EMOTIONS = appraisal._POINTS = appraisal._NAMES = None;"
        "print(simulate_agents(Riders(), DesireAgent(resolution=4), 48).event.sum())"
    )
    found = int(subprocess.check_output([sys.executable, "-c", code], text=True))
    assert found == simulate_agents(Riders(), DesireAgent(resolution=4), 48).event.sum() > 0


def test_tiers_of_dominance_have_their_ends_in_the_middle():
    ranks = np.array([0, 0.2, 1 / 3 - 1e-13, 1 / 3, 0.5, 2 / 3, 2 / 3 + 1e-13, 0.7, 1])
    _, emotion = appraise(np.zeros(3), np.zeros((9, 2)), ranks, SHOCK)
    close(emotion[:, 2], [-0.4, -0.4, 0, 0, 0, 0, 0, 0.4, 0.4])
    assert (emotion[:, :2] == 0).all()


def test_appraisals_are_linear_until_they_are_cut():
    rng = np.random.default_rng(0)
    source = DesireParameters.source(0.25, 0.5)
    mood, changes = rng.uniform(-0.2, 0.2, (50, 3)), rng.uniform(-0.3, 0.3, (50, 2))
    half, _ = appraise(mood, changes, np.full(50, 0.5), SHOCK)
    twice, _ = appraise(2 * mood, 2 * changes, np.full(50, 0.5), SHOCK)
    np.testing.assert_allclose(twice, 2 * half, atol=1e-15)
    found, emotion = appraise(mood, changes, np.full(50, 0.5), source)
    np.testing.assert_allclose(found, np.c_[0.125 * changes[:, 0], 0.25 * changes[:, 1], np.zeros(50)], atol=1e-15)
    np.testing.assert_array_equal(found, emotion)
    huge, _ = appraise(mood, 1e300 * changes, np.full(50, 0.5), SHOCK)
    assert np.abs(huge).max() == 1


def test_the_threshold_is_strict():
    reference = np.zeros(3)
    assert not fluctuates([0.0, 0.75, 1.0], reference, DesireParameters(threshold=1.25))  # exactly 1.25 away
    assert fluctuates([0.0, 0.75, 1.0], reference, DesireParameters(threshold=1.2499999))
    assert not fluctuates([[0.0, 0.0, 0.0]], reference, DesireParameters(threshold=0.0)).any()
    assert not fluctuates([[1.0, 1.0, 1.0]], -np.ones(3), DesireParameters(threshold=np.inf)).any()


def test_deficits_are_shares():
    found = deficits([[2.0, 7.0, 0.5], [-4.0, 0.0, 0.0]], [4.0, 7.0, 0.25])
    close(found, [[0.5, 0, 0], [2, 1, 1]])


def test_updates_stay_on_the_simplex_and_go_where_most_is_lacking():
    rng = np.random.default_rng(0)
    desires = rng.dirichlet(np.ones(4), 300) * 0.9 + 0.025
    will = rng.dirichlet(np.ones(4), 300) * 0.9 + 0.025
    unmet, size, steps = rng.random((300, 4)), rng.uniform(0, 3.5, 300), rng.integers(1, 400, 300)
    found = update_desire(desires, will, unmet, size, steps, SHOCK)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=5e-16)
    assert found.min() >= 0.02 / 1.08
    # Alone or among others, with axes in front or not.
    for i in range(0, 300, 50):
        alone = update_desire(desires[i], will[i], unmet[i], size[i], steps[i], SHOCK)
        np.testing.assert_array_equal(alone, found[i])
    shaped = update_desire(*(a.reshape(10, 30, *a.shape[1:]) for a in (desires, will, unmet, size, steps)), SHOCK)
    np.testing.assert_array_equal(shaped.reshape(300, 4), found)
    # A constant added to what is lacking changes nothing; more of one thing raises the desire for it.
    np.testing.assert_allclose(update_desire(desires, will, unmet + 3, size, steps, SHOCK), found, atol=1e-12)
    more = update_desire(desires, will, unmet + np.array([0, 0.5, 0, 0]), size, steps, SHOCK)
    assert (more[:, 1] >= found[:, 1]).all()
    assert (more[size > 0.1, 1] > found[size > 0.1, 1] - 1e-15).all()
    # Intensity is cut at 2, or does not matter.
    np.testing.assert_array_equal(
        update_desire(desires, will, unmet, 2 + size, steps, SHOCK),
        update_desire(desires, will, unmet, 9 + size, steps, SHOCK),
    )
    plain = DesireParameters(intensity=False)
    np.testing.assert_allclose(
        update_desire(desires, will, unmet, size, steps, plain),
        update_desire(desires, will, unmet, np.ones(300), steps, SHOCK),
        atol=1e-15,
    )


def test_without_gain_desires_only_fall_back():
    rng = np.random.default_rng(0)
    still = DesireParameters(gain=0.0)
    for _ in range(50):
        will = rng.dirichlet(np.ones(3)) * 0.94 + 0.02
        np.testing.assert_allclose(update_desire(will, will, [1, 1, 0], 2.0, 5, still), will, rtol=0, atol=5e-16)
        other = rng.dirichlet(np.ones(3)) * 0.94 + 0.02
        ages = [update_desire(other, will, [0, 0, 0], 2.0, age, still) for age in (0, 1, 10, 100, 1000)]
        np.testing.assert_allclose(ages[0], other, atol=1e-15)
        np.testing.assert_allclose(ages[-1], will, atol=1e-15)
        away = [np.abs(np.log(found / will)).max() for found in ages]
        assert all(one >= two - 1e-12 for one, two in pairwise(away))


def test_the_floor_is_a_cut_and_not_a_mixture():
    found = update_desire([0.9, 0.08, 0.02], [0.9, 0.08, 0.02], [3.0, 0, 0], 2.0, 1, SHOCK)
    close(found, np.array([1, 0.02, 0.02]) / 1.04)  # softmax gives the others less than .02


def test_objective_is_a_weighted_sum():
    rng = np.random.default_rng(0)
    features, desires = rng.normal(size=(5, 3, 2)), rng.dirichlet(np.ones(2), (4, 6))
    found = objective(desires, features)
    assert found.shape == (4, 6, 5, 3)
    np.testing.assert_allclose(found[2, 3], features @ desires[2, 3], atol=1e-15)


def test_percentiles_in_closed_form():
    close(percentile(np.arange(6.0)), np.arange(6) / 5)
    close(percentile(np.zeros((2, 7))), np.full((2, 7), 0.5))
    close(percentile([[3.0]]), [[0.5]])
    close(percentile([1.0, 1.0, 2.0]), [0.25, 0.25, 1])
    rng = np.random.default_rng(0)
    for n in (2, 3, 10):
        amounts = rng.integers(0, 5, (40, n)).astype(float)
        found = percentile(amounts)
        np.testing.assert_allclose(found.mean(axis=1), 0.5, atol=1e-15)
        np.testing.assert_array_equal(found, percentile(3 * amounts + 1))
        slow = [
            [(sum(b < a for b in row) + 0.5 * (sum(b == a for b in row) - 1)) / (n - 1) for a in row]
            for row in amounts
        ]
        close(found, slow)


# --- draws, lattices, policies


def test_draws_are_never_impossible_and_have_the_right_chances():
    rng = np.random.default_rng(0)
    for _ in range(200):
        chances = rng.dirichlet(np.full(5, 0.3))
        chances[rng.random(5) < 0.4] = 0
        if chances.sum() == 0:
            continue
        chances /= chances.sum()
        cumulated = certain_from(chances.cumsum())
        for uniform in (0.0, np.nextafter(1, 0), *rng.random(20), *np.minimum(chances.cumsum(), np.nextafter(1, 0))):
            assert chances[drawn(cumulated, np.array(uniform))] > 0
        # Those that come before have together at most what was drawn: the inverse of the cumulated chances.
        uniforms = rng.random(50)
        places = drawn(cumulated, uniforms)
        before = np.r_[0, chances.cumsum()][places]
        assert (before <= uniforms).all()
        assert (uniforms < np.where(np.isinf(cumulated[places]), 1, cumulated[places])).all()
    thousand = (np.arange(1000) + 0.5) / 1000
    counts = np.bincount(drawn(certain_from(np.cumsum([0.25, 0, 0.5, 0.25])), thousand))
    assert counts.tolist() == [250, 0, 500, 250]
    short = certain_from(np.array([0.3, 0.7, 0.9999999, 0.9999999]))  # rounding: the last possible one takes the rest
    assert drawn(short, np.array([0.99999999])).tolist() == [2]


def test_the_lattice_of_three_desires():
    rng = np.random.default_rng(0)
    weights = rng.dirichlet(np.ones(3), 20_000)
    found = on_lattice(weights, 20)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-15)
    assert np.abs(found - weights).max() <= 1 / 20 + 1e-12
    points = np.unique(np.rint(20 * found).astype(int), axis=0)
    assert len(points) == 231
    assert points.min() == 0
    np.testing.assert_array_equal(on_lattice(found, 20), found)
    np.testing.assert_array_equal(on_lattice(weights.reshape(100, 200, 3), 20), found.reshape(100, 200, 3))
    close(on_lattice(np.array([1 / 3, 1 / 3, 1 / 3]), 20), [0.35, 0.35, 0.3])  # the first of several
    close(on_lattice(np.array([0.7, 0.15, 0.15]), 20), [0.7, 0.15, 0.15])


def test_softmax():
    values = np.array([[1.0, 2.0, -np.inf], [5.0, 5.0, 5.0]])
    close(softmax(values, 0.5)[0, :2], [1 / (1 + np.exp(2)), 1 / (1 + np.exp(-2))])
    close(softmax(values, 0.5)[1], np.full(3, 1 / 3))
    assert softmax(values, 0.0).tolist() == [[0, 1, 0], [1, 0, 0]]
    for temperature in (1e-300, 5e-324, 1e300):
        found = softmax(values, temperature)
        np.testing.assert_allclose(found.sum(axis=-1), 1)
        assert found[0, 2] == 0


def test_policies_are_solved_once_and_kept(riders, monkeypatch):
    plans = Plans(riders, 0.9, 0.1)
    rng = np.random.default_rng(0)
    desires = rng.dirichlet(np.ones(3), (2, 5))
    numbers = plans.numbers(desires)
    assert numbers.shape == (2, 5)
    assert plans.n_solved == 10
    np.testing.assert_array_equal(plans.numbers(desires[::-1]), numbers[::-1])
    assert plans.n_solved == 10
    cumulated = plans.policies(desires).cumsum(axis=-1)
    np.testing.assert_array_equal(plans.cumulated[numbers], certain_from(cumulated))
    # Little room: earlier ones are forgotten, those in use are right all the same.
    monkeypatch.setattr(planning, "_MOST_KEPT", 4 * 8 * 528 * 3)
    small = Plans(riders, 0.9, 0.1)
    for i in range(10):
        used = desires.reshape(-1, 3)[[i, (i + 1) % 10]]
        numbers = small.numbers(used)
        wanted = certain_from(plans.policies(used).cumsum(axis=-1))
        np.testing.assert_array_equal(small.cumulated[numbers], wanted)
        assert len(small.cumulated) <= 4
    assert small.edition > 1
    assert small.n_solved > 10
    coarse = Plans(riders, 0.9, 0.1, resolution=2)
    assert len(np.unique(coarse.numbers(desires))) == coarse.n_solved <= 6


def test_little_room_changes_nothing(riders, monkeypatch):
    plenty = simulate_agents(riders, DesireAgent(resolution=10), 120, seeds=[3, 4])
    monkeypatch.setattr(planning, "_MOST_KEPT", 1.0)
    little = simulate_agents(riders, DesireAgent(resolution=10), 120, seeds=[3, 4])
    assert plenty.event.sum() > 10
    np.testing.assert_array_equal(plenty.state_numbers, little.state_numbers)


def test_two_at_work_share_what_one_agent_has_planned(riders, monkeypatch):
    """One of them has policies forgotten that the other one is about to use."""
    monkeypatch.setattr(planning, "_MOST_KEPT", 1.0)
    agent, rng = DesireAgent(), np.random.default_rng(0)
    first, second = agent.begin(riders, SHOCK), agent.begin(riders, SHOCK)
    one, two = rng.dirichlet(np.ones(3), (1, 6)) * 0.9 + 1 / 30, np.full((1, 6, 3), 1 / 3)
    states, uniforms = np.arange(200, 206)[None], rng.random((50, 1, 6))
    alone = DesireAgent().begin(riders, SHOCK)
    for uniform in uniforms:
        found = first.choose(states, one, uniform)
        second.choose(states, two, uniform)
        np.testing.assert_array_equal(found, alone.choose(states, one, uniform))


def test_plans_are_forgotten_with_their_world():
    agent = DesireAgent(resolution=2)
    for n in (1, 2, 3):
        agent.plans(Riders(n), SHOCK)
    world = Riders(1)
    kept = agent.plans(world, SHOCK)
    assert agent.plans(world, DesireParameters(gain=3.0)) is kept
    assert agent.plans(world, DesireParameters(discount=0.5)) is not kept
    assert len(agent._plans) == 2
    copy = pickle.loads(pickle.dumps(agent))
    assert copy.will == agent.will
    assert copy._plans == []
    assert repr(copy) == "DesireAgent('desire', will=(0.7, 0.15, 0.15))"


# --- the simulation


def test_runs_do_not_depend_on_their_neighbours(riders, agent):
    together = simulate_agents(riders, agent, 60, seeds=[5, 0, 2**100])
    longer = simulate_agents(riders, agent, 90, seeds=[0])
    for name in ("state_numbers", "action_numbers", "emotion", "desire", "event", "levels", "features"):
        n = getattr(together, name).shape[1]
        np.testing.assert_array_equal(getattr(together[0], name)[0], getattr(longer, name)[0, :n])
    np.testing.assert_array_equal(
        together.records["pay"][2], simulate_agents(riders, agent, 60, seeds=[2**100]).records["pay"][0]
    )


def test_desires_change_at_events_and_only_there(riders, agent):
    trace = simulate_agents(riders, agent, 240, seeds=range(5))
    changed = (trace.desire[:, 1:] != trace.desire[:, :-1]).any(axis=-1)
    np.testing.assert_array_equal(changed, trace.event)
    assert trace.event.sum() > 50
    np.testing.assert_allclose(trace.desire.sum(axis=-1), 1, atol=3e-16)
    fixed = simulate_agents(riders, DesireAgent.fixed(), 240, seeds=range(5))
    assert (fixed.desire == D0).all()
    assert fixed.event.any()
    assert np.abs(trace.emotion).max() <= 1
    # The emotion at an event is further than the threshold from that at the last one.
    for run, rider in np.ndindex(5, 6):
        reference = np.zeros(3)
        for step in range(240):
            emotion = trace.emotion[run, step + 1, rider]
            assert (np.linalg.norm(emotion - reference) > 1.2) == trace.event[run, step, rider]
            reference = emotion if trace.event[run, step, rider] else reference


def test_what_a_trace_says_belongs_together(riders, month):
    dense = riders.model.to_dense()
    before, after = month.state_numbers[:, :-1], month.state_numbers[:, 1:]
    assert (dense[before, month.action_numbers, after] > 0).all()
    delivered, pay = month.records["delivered"], month.records["pay"]
    np.testing.assert_array_equal(pay > 0, delivered)
    np.testing.assert_allclose(month.features[..., 0], pay / 10)
    np.testing.assert_array_equal(month.levels[..., 1], month.records["health"])
    pace = 5.0
    for step in range(MONTH):
        pace = pace + 0.2 * (pay[0, step, 2] - pace)
        np.testing.assert_allclose(month.levels[0, step, 2, 0], pace)
    np.testing.assert_array_equal(month.rank, percentile(pay.cumsum(axis=1)))
    np.testing.assert_array_equal(month.rank, month.levels[..., 2])
    health = riders.health[before]
    np.testing.assert_array_equal(month.changes[..., 1], month.records["health"] - health)


def test_frequencies_are_those_of_the_model():
    """A rider who always rests: health and offers against the stationary distribution of the table."""
    world = Riders(40)
    rest = DesireAgent.fixed(decide=lambda state, desire: [0.0, 0.0, 1.0])
    trace = simulate_agents(world, rest, 240, seeds=[0])
    offers = np.bincount((trace.state_numbers[0, 24:] % 4).ravel(), minlength=4) / trace.state_numbers[0, 24:].size
    peak = np.isin(np.arange(12), [0, 1, 6, 7, 8])
    chances = np.where(peak[:, None], [0.05, 0.30, 0.30, 0.35], [0.30, 0.35, 0.20, 0.15])
    rested = 0.6 * chances + [0.4, 0, 0, 0]
    np.testing.assert_allclose(offers, rested.mean(axis=0), atol=0.015)
    assert (trace.records["health"][0, 24:] == 10).all()


def test_many_seeds_in_parts_take_the_memory_of_one_part(riders, monkeypatch):
    monkeypatch.setattr(planning, "_MOST_KEPT", 20 * 8 * 528 * 3)
    agent = DesireAgent(resolution=20)

    def peak(n_parts):
        tracemalloc.start()
        incomes = [
            simulate_agents(riders, agent, 48, seeds=range(4 * part, 4 * part + 4)).records["pay"].sum(axis=(1, 2))
            for part in range(n_parts)
        ]
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used, np.concatenate(incomes)

    peak(1)
    (few, _), (many, incomes) = peak(2), peak(12)
    assert many < 1.3 * few
    whole = simulate_agents(riders, agent, 48, seeds=range(48))
    np.testing.assert_array_equal(whole.records["pay"].sum(axis=(1, 2)), incomes)


def test_messages_are_heard_at_events_alone(riders, agent):
    silence = simulate_agents(riders, agent, 120, seeds=[0, 1])
    zero = simulate_agents(riders, agent, 120, seeds=[0, 1], messages=[0.0, 0.0, 0.0])
    np.testing.assert_array_equal(silence.state_numbers, zero.state_numbers)
    told = simulate_agents(riders, agent, 120, seeds=[0, 1], messages=[0.0, 1.0, 0.0])
    first = silence.event.argmax(axis=1)
    for run, rider in zip(*np.nonzero(silence.event.any(axis=1)), strict=True):
        step = first[run, rider]
        if told.event[run, : step + 1].sum() != silence.event[run, : step + 1].sum():
            continue  # another rider's change has come first
        np.testing.assert_array_equal(told.desire[run, : step + 1, rider], silence.desire[run, : step + 1, rider])
        assert told.desire[run, step + 1, rider, 1] > silence.desire[run, step + 1, rider, 1]
    each = np.broadcast_to([0.0, 1.0, 0.0], (2, 120, 6, 3))
    np.testing.assert_array_equal(
        told.desire, simulate_agents(riders, agent, 120, seeds=[0, 1], messages=each).desire
    )
    # In steps without an event nobody listens.
    calm = np.where(silence.event[..., None], 0.0, 5.0) * np.ones(3)
    quiet = simulate_agents(riders, agent, 120, seeds=[0, 1], messages=calm)
    np.testing.assert_array_equal(silence.desire, quiet.desire)


def test_a_function_decides(riders):
    asked = []

    def decide(state, wants):
        asked.append((state, tuple(wants)))
        return [0.0, 1.0, 0.0]

    trace = simulate_agents(Riders(2), DesireAgent(decide=decide), 5, seeds=[0, 1])
    assert (trace.action_numbers == 1).all()
    assert len(asked) == 20
    assert [state for state, _ in asked[:4]] == trace.state_numbers[:, 0].ravel().tolist()
    plans = DesireAgent().plans(riders, SHOCK)
    policies = plans.policies(D0)
    same = DesireAgent.fixed(decide=lambda state, wants: policies[state])
    exact = simulate_agents(riders, DesireAgent.fixed(), 48)
    np.testing.assert_array_equal(simulate_agents(riders, same, 48).action_numbers, exact.action_numbers)


def test_temperature_zero_takes_the_best(riders):
    cold = DesireParameters(temperature=0.0)
    trace = simulate_agents(riders, DesireAgent.fixed(), 48, parameters=cold)
    values = Plans(riders, 0.97, 0.0).action_values(D0)
    np.testing.assert_array_equal(trace.action_numbers, values.argmax(axis=-1)[trace.state_numbers[:, :-1]])


def test_frozen_minds_record_their_events():
    mind = Mind.at_rest(D0, (2,))
    step = {"changes": np.full((2, 2), -5.0), "rank": np.zeros(2), "levels": np.zeros((2, 3))}
    rest = {"wanted": np.array([4, 7, 0.25]), "will": D0, "parameters": SHOCK}
    after = feel(mind, **step, **rest, frozen=np.array([True, False]))
    assert after.event.tolist() == [True, True]
    assert after.steps.tolist() == [0, 0]
    np.testing.assert_array_equal(after.desire[0], D0)
    assert (after.desire[1] != D0).any()
    np.testing.assert_array_equal(after.reference, after.emotion)
    calm = feel(after, np.zeros((2, 2)), np.zeros(2), np.zeros((2, 3)), **rest)
    assert calm.desire is after.desire
    assert calm.steps.tolist() == [1, 1]


# --- the trace


def test_a_trace_is_a_sequence_of_runs(month, riders, agent):
    trace = simulate_agents(riders, agent, 12, seeds=[7, 3])
    assert (len(trace), list(trace), 3 in trace, 4 in trace) == (2, [7, 3], True, False)
    assert trace[3].seeds == (3,)
    np.testing.assert_array_equal(trace[3].emotion[0], trace.emotion[1])
    np.testing.assert_array_equal(trace[3].records["pay"][0], trace.records["pay"][1])
    with pytest.raises(ValueError, match="unknown seed 4; the 2 seeds are 7, 3"):
        trace[4]
    assert (month.n_steps, month.n_agents) == (MONTH, 6)
    assert repr(month) == "DesireTrace(1 run of 360 steps, 6 agents 'desire', 116 events)"
    assert repr(simulate_agents(Riders(1), DesireAgent.fixed(), 2, seeds=[1, 2])) == (
        "DesireTrace(2 runs of 2 steps, 1 agent 'fixed', desires fixed)"
    )


def test_a_saved_trace_is_read_as_it_was(riders, agent, tmp_path):
    trace = simulate_agents(riders, agent, 30, seeds=[7, 2**70], parameters=DesireParameters(threshold=np.inf))
    trace.save(tmp_path / "trace.npz")
    found = DesireTrace.load(tmp_path / "trace.npz")
    for name in ("agent", "seeds", "desires", "appraised", "states", "actions", "parameters", "moved"):
        assert getattr(found, name) == getattr(trace, name)
    for name in (
        "state_numbers",
        "action_numbers",
        "levels",
        "changes",
        "rank",
        "features",
        "emotion",
        "desire",
        "event",
    ):
        np.testing.assert_array_equal(getattr(found, name), getattr(trace, name))
        assert getattr(found, name).dtype == getattr(trace, name).dtype
    assert found.records.keys() == trace.records.keys()
    for name, array in trace.records.items():
        np.testing.assert_array_equal(found.records[name], array)
    with pytest.raises(MemoryError, match="raise memory="):
        DesireTrace.load(tmp_path / "trace.npz", memory=1000)


def test_a_damaged_file_is_refused(riders, agent, tmp_path):
    path = tmp_path / "trace.npz"
    trace = simulate_agents(riders, agent, 12)
    trace.save(path)
    whole, refused = path.read_bytes(), 0
    for place in np.random.default_rng(0).integers(0, len(whole), 60):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        path.write_bytes(bytes(damaged))
        try:
            found = DesireTrace.load(path)
        except ValueError:
            refused += 1
        else:  # a byte that nobody reads
            np.testing.assert_array_equal(found.emotion, trace.emotion)
    assert refused > 50
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="is not a saved DesireTrace, or is damaged"):
        DesireTrace.load(path)
    emp.empowerment(emp.worlds.ring(), 1).save(path)
    with pytest.raises(ValueError, match=r"it has the format 'empowerment\.EmpowermentResult"):
        DesireTrace.load(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "b")
    with pytest.raises(ValueError, match="is not a saved DesireTrace"):
        DesireTrace.load(path)


@for_each(
    ("field", "change", "words"),
    [
        ("state_numbers", lambda a: a + 528, "state_numbers ranges from"),
        ("state_numbers", lambda a: a[:, 1:], "state_numbers has shape"),
        ("action_numbers", lambda a: a - 1, "action_numbers ranges from"),
        ("action_numbers", lambda a: a[:, :, 0], "action_numbers has shape"),
        ("event", lambda a: a.astype(float), "event has shape .* and dtype float64"),
        ("emotion", lambda a: a * np.nan, "emotion ranges from nan"),
        ("desire", lambda a: a[..., :2], "desire has shape"),
        ("rank", lambda a: a + 1, "rank ranges from"),
        ("seeds", lambda a: (1, 2), "seeds has 2 seeds, expected 1"),
        ("appraised", lambda a: ("pace",), "parameters appraise 2 changes, expected 1"),
        ("moved", lambda a: "yes", "moved is 'yes'"),
        ("records", lambda a: {"pay": a["pay"][:, 1:]}, r"records\['pay'\] has shape"),
    ],
)
def test_a_whole_file_with_fields_that_do_not_fit_is_refused(month, tmp_path, field, change, words):
    wrong = dataclasses.replace(month, **{field: change(getattr(month, field))})
    with pytest.raises((TypeError, ValueError), match=words):
        wrong.save(tmp_path / "wrong.npz")
    save_fields(wrong, tmp_path / "wrong.npz")
    with pytest.raises(ValueError, match=f"is not a saved DesireTrace, or is damaged: .*{words}"):
        DesireTrace.load(tmp_path / "wrong.npz")


def test_labels_that_json_does_not_have_are_refused(month, tmp_path):
    wrong = dataclasses.replace(month, states=tuple(map(complex, range(528))))
    with pytest.raises(TypeError, match=r"states\.0 holds 0j, which cannot be saved"):
        wrong.save(tmp_path / "wrong.npz")
    assert not list(tmp_path.iterdir())


def test_a_trace_as_html(month):
    page = dataclasses.replace(month, agent="<b>", desires=("income", "health & rest", "standing"))._repr_html_()
    assert page.count("<tr>") == 7
    assert "&lt;b&gt;" in page
    assert "desire for health &amp; rest" in page
    assert "<b>" not in page
    assert f"<td>{month.desire[0, :, 0, 0].mean():.4g}</td>" in page
    many = simulate_agents(Riders(30), DesireAgent.fixed(resolution=1), 2)._repr_html_()
    assert "and 10 more" in many


def test_a_table_of_a_trace(month):
    pytest.importorskip("pandas")
    table = month.to_dataframe()
    assert len(table) == MONTH * 6
    row = table[(table.step == 25) & (table.agent == 0)].iloc[0]
    assert (row.seed, row.state, row.action, row.pay) == (0, "(7, 1, 'far')", "accept", 16)
    assert (row.emotion, bool(row.event)) == ("surprise", True)
    close(row[["desire_income", "desire_health", "desire_standing"]].to_numpy(float), D0)
    close(row[["level_income", "change_health", "rank", "arousal"]].to_numpy(float), [8.170654, -3, 0.1, 1])
    assert table.pay.sum() == month.records["pay"].sum()


# --- what is refused


@for_each(
    ("changes", "kind", "words"),
    [
        ({"appraisal": ((0.5, 0.25), (0, 0))}, ValueError, "appraisal has shape"),
        ({"appraisal": ((0.5, np.nan), (0, 0), (0, 0))}, ValueError, "appraisal"),
        ({"appraisal": "abc"}, TypeError, "appraisal"),
        (
            {"appraisal": ((1e308, 0), (0, 0), (0, 0)), "change_scale": (1e-300, 1)},
            ValueError,
            "appraisal.*change_scale",
        ),
        ({"change_scale": (1.0,)}, ValueError, "change_scale has shape"),
        ({"change_scale": (1.0, 0.0)}, ValueError, "change_scale is .* expected numbers above 0"),
        ({"persistence": 1.5}, ValueError, "persistence is 1.5"),
        ({"rank_dominance": (0, 1)}, ValueError, "rank_dominance has shape"),
        ({"threshold": -1}, ValueError, "threshold is -1, expected a distance"),
        ({"threshold": np.nan}, ValueError, "threshold is nan"),
        ({"threshold": "high"}, ValueError, "threshold is 'high'"),
        ({"gain": -1}, ValueError, "gain is -1"),
        ({"gain": np.inf}, ValueError, "gain is inf"),
        ({"decay": -0.1}, ValueError, "decay is -0.1"),
        ({"intensity": 1}, TypeError, "intensity is 1"),
        ({"most_intensity": -2}, ValueError, "most_intensity is -2"),
        ({"least_desire": 0}, ValueError, "least_desire is 0, expected a number above 0"),
        ({"least_desire": 2}, ValueError, "least_desire is 2"),
        ({"temperature": -1}, ValueError, "temperature is -1"),
        ({"discount": 1}, ValueError, "discount is 1"),
        ({"discount": -0.5}, ValueError, "discount is -0.5"),
    ],
)
def test_wrong_parameters(changes, kind, words):
    with pytest.raises(kind, match=words):
        DesireParameters(**changes)
    with pytest.raises(kind, match=words):
        DesireParameters.shock(**changes)


def test_presets():
    assert DesireParameters.preset("shock") == DesireParameters() == SHOCK
    source = DesireParameters.preset("source", threshold=0.9)
    assert (source.persistence, source.threshold) == (0.0, 0.9)
    assert source.appraisal == ((0.25, 0.0), (0.0, 0.5), (0.0, 0.0))
    assert DesireParameters.source(1, 0.5).appraisal[0] == (1.0, 0.0)
    with pytest.raises(ValueError, match="unknown preset 'fear'; the known ones are 'shock', 'source'"):
        DesireParameters.preset("fear")
    with pytest.raises(ValueError, match="unknown parameter 'theta'; the known ones are 'appraisal'"):
        DesireParameters.shock(theta=1)
    with pytest.raises(ValueError, match="arousal is nan"):
        DesireParameters.source(1, np.nan)
    with pytest.raises(ValueError, match="read-only"):
        SHOCK.weights[0, 0] = 1
    wide = DesireParameters(appraisal=np.ones((3, 4)), change_scale=np.full(4, 2.0))
    assert wide.n_changes == 4
    np.testing.assert_array_equal(wide.weights, np.full((3, 4), 0.5))


@for_each(
    ("call", "kind", "words"),
    [
        (lambda: appraise(np.zeros(2), np.zeros(2), 0.5, SHOCK), ValueError, r"mood has shape \(2,\)"),
        (lambda: appraise(np.zeros(3), np.zeros(3), 0.5, SHOCK), ValueError, r"changes has shape \(3,\), expected"),
        (lambda: appraise(np.zeros(3), [np.nan, 0], 0.5, SHOCK), ValueError, "changes holds nan"),
        (lambda: appraise(np.zeros(3), [0, 0], 1.5, SHOCK), ValueError, "rank ranges from 1.5"),
        (lambda: appraise(np.zeros((2, 3)), np.zeros((5, 2)), 0.5, SHOCK), ValueError, "leading axes .* mood"),
        (lambda: appraise(np.zeros(3), np.zeros(2), 0.5, "shock"), TypeError, "parameters is a str"),
        (lambda: name_emotions([0.0, 1.0]), ValueError, "emotion has shape"),
        (lambda: fluctuates(np.zeros(3), np.zeros(4), SHOCK), ValueError, "reference has shape"),
        (lambda: deficits(np.ones(3), [4, 0, 1]), ValueError, "wanted is .* expected numbers above 0"),
        (lambda: deficits(np.ones(2), [4, 1, 1]), ValueError, "levels has shape"),
        (lambda: update_desire([1, 0, 0], D0, D0, 1, 1, SHOCK), ValueError, "desire holds 0"),
        (lambda: update_desire(D0, D0[:2], D0, 1, 1, SHOCK), ValueError, "will has shape .* as many as desire has"),
        (lambda: update_desire(D0, D0, D0, -1, 1, SHOCK), ValueError, "size holds -1"),
        (lambda: update_desire(D0, D0, [1e300, 0, 0], 2, 1, DesireParameters(gain=1e10)), ValueError, "gain is 1e"),
        (lambda: objective(D0, np.ones((2, 2, 2))), ValueError, "features has shape"),
        (lambda: percentile(3.0), ValueError, "amounts has shape"),
    ],
)
def test_wrong_arrays(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


def worse(**changes):
    """Return a world of one rider with other attributes."""
    world = Riders(1)
    for name, value in changes.items():
        setattr(world, name, value)
    return world


@for_each(
    ("call", "kind", "words"),
    [
        (lambda: DesireAgent([0.5, 0.6]), ValueError, "will sums to 1.1"),
        (lambda: DesireAgent([1.5, -0.5]), ValueError, "will"),
        (lambda: DesireAgent([np.nan, 1.0]), ValueError, "will"),
        (lambda: DesireAgent(moved=1), TypeError, "moved is 1"),
        (lambda: DesireAgent(name=3), TypeError, "name is 3"),
        (lambda: DesireAgent(decide="accept"), TypeError, "decide is 'accept'"),
        (lambda: DesireAgent(resolution=0), ValueError, "resolution is 0"),
        (lambda: Riders(0), ValueError, "n_riders is 0"),
        (lambda: Riders(wanted=(4, 0, 0.25)), ValueError, "wanted is .* above 0"),
        (lambda: Riders(wanted=(4, 7)), ValueError, "wanted has shape"),
        (lambda: Plans(Riders(1), 1.0, 0.1), ValueError, "discount is 1"),
        (lambda: Plans(Riders(1), 0.9, -1), ValueError, "temperature is -1"),
        (lambda: Plans("riders", 0.9, 0.1), TypeError, "world is a str"),
        (lambda: Plans(worse(features=np.ones((2, 3, 3))), 0.9, 0.1), ValueError, "world.features has shape"),
        (lambda: Plans(worse(model="delivery"), 0.9, 0.1), TypeError, "world.model is a str"),
        (lambda: Plans(worse(wanted=[1, 2, -3]), 0.9, 0.1), ValueError, "wanted is"),
        (lambda: Plans(worse(n_agents=0), 0.9, 0.1), ValueError, "world.n_agents is 0"),
        (lambda: Plans(worse(order=[0]), 0.9, 0.1), ValueError, "order has 1"),
        (lambda: Plans(Riders(1), 0.9, 0.1).policies([1.0]), ValueError, "desires has shape"),
    ],
)
def test_wrong_agents_and_worlds(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


@for_each(
    ("changes", "kind", "words"),
    [
        ({"world": Riders}, TypeError, "world is the class Riders"),
        ({"agent": DesireAgent}, TypeError, "agent is the class DesireAgent"),
        ({"n_steps": 0}, ValueError, "n_steps is 0"),
        ({"n_steps": 10**6}, ValueError, "n_steps is 1000000"),
        ({"seeds": 3}, TypeError, "seeds is 3, expected a list"),
        ({"seeds": "12"}, TypeError, "seeds is '12'"),
        ({"seeds": []}, ValueError, "seeds is empty"),
        ({"seeds": [1, 2, 1]}, ValueError, "seeds has 1 twice"),
        ({"seeds": [-1]}, ValueError, r"seeds\[0\] is -1"),
        ({"parameters": "shock"}, TypeError, "parameters is a str, expected a DesireParameters"),
        (
            {"parameters": DesireParameters(appraisal=np.ones((3, 1)), change_scale=[1.0])},
            ValueError,
            "appraisal has 1 changes, expected 2: the world appraises pace, health",
        ),
        ({"agent": DesireAgent([0.5, 0.5])}, ValueError, "will has 2 entries, expected 3"),
        (
            {"agent": DesireAgent([1.0, 0.0, 0.0])},
            ValueError,
            r"will\[1\] is 0, expected at least least_desire = 0.02",
        ),
        ({"messages": [1.0, 0.0]}, ValueError, r"messages has shape \(2,\), expected \(n_desires,\) = \(3,\)"),
        ({"messages": np.ones((1, 2, 2, 3))}, ValueError, r"= \(1, 2, 6, 3\)"),
        ({"messages": [np.nan, 0, 0]}, ValueError, "messages has entries that are not finite"),
        ({"messages": "earn"}, TypeError, "messages has dtype"),
        ({"memory": 1e3}, MemoryError, "take about .* raise memory="),
        ({"progress": "yes"}, TypeError, "progress is 'yes'"),
    ],
)
def test_wrong_simulations(riders, changes, kind, words):
    arguments = {"world": riders, "agent": DesireAgent.fixed(), "n_steps": 2, **changes}
    with pytest.raises(kind, match=words):
        simulate_agents(**arguments)


class Stubborn:
    """An agent that always answers the same."""

    name, will, moved = "stubborn", None, False

    def __init__(self, answer):
        self.answer = answer

    def begin(self, world, parameters):
        return self

    def choose(self, states, desires, uniforms):
        return self.answer(states)

    def observe(self, outcome):
        pass


def test_an_agent_without_a_desire_has_equal_weights(riders):
    trace = simulate_agents(riders, Stubborn(lambda states: np.full(states.shape, 2)), 3)
    np.testing.assert_allclose(trace.desire, 1 / 3)
    assert trace.agent == "stubborn"


@for_each(
    ("answer", "kind", "words"),
    [
        (
            lambda states: np.full(states.shape, 3),
            ValueError,
            r"choose\(\) returns actions from 3 to 3, expected 0 to 2",
        ),
        (lambda states: np.full(states.shape, -1), ValueError, "actions from -1 to -1"),
        (lambda states: np.zeros(3, dtype=int), TypeError, "an array of shape"),
        (lambda states: np.zeros(states.shape), TypeError, "dtype float64"),
        (lambda states: [0], TypeError, r"choose\(\) returns \[0\]"),
        (
            lambda states: np.zeros(states.shape, dtype=int),
            ValueError,
            "'accept' in the state .*'none'.* does not have it",
        ),
    ],
)
def test_wrong_choices(riders, answer, kind, words):
    with pytest.raises(kind, match=words):
        simulate_agents(riders, Stubborn(answer), 5)


@for_each(
    ("probabilities", "words"),
    [
        ([0.5, 0.6, 0.0], r"decide\(state, desire\) sums to 1.1"),
        ([0.5, 0.5], r"decide\(state, desire\) has 2 entries, expected 3"),
        ([1.0, 0.0, 0.0], r"gives the action 'accept' a probability of 1 in the state .*, which does not have it"),
        ([np.nan, 0.5, 0.5], r"decide\(state, desire\)"),
    ],
)
def test_wrong_decisions(probabilities, words):
    with pytest.raises((TypeError, ValueError), match=words):
        simulate_agents(Riders(6), DesireAgent(decide=lambda state, wants: probabilities), 5)


def test_every_public_name_resolves_and_is_documented():
    assert dir(desire) == desire.__all__
    for name in desire.__all__:
        assert getattr(desire, name).__doc__
        assert name in dir(desire)
    with pytest.raises(AttributeError, match=r"No empowerment\.desire attribute Desires"):
        desire.Desires  # noqa: B018


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys; from empowerment import desire; [getattr(desire, name) for name in desire.__all__];"
        "print([m for m in ('numba', 'jax', 'matplotlib', 'gymnasium', 'pandas') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
