"""Agents compared: known values, chunks that change nothing, runs that are killed, files."""

import os
import re
import subprocess
import sys
import tracemalloc

import joblib
import numpy as np
import pytest
from scipy import stats

from empowerment.desire import (
    AgentComparison,
    DesireAgent,
    DesireParameters,
    Riders,
    SeedEstimate,
    compare_agents,
    simulate_agents,
)
from empowerment.desire.comparison import chunks
from empowerment.desire.comparison.estimates import (
    bootstrap_estimate,
    ratio_difference,
    ratio_estimate,
    resampled_sums,
)
from empowerment.desire.comparison.result import estimate_text
from empowerment.worlds.delivery import state_parts

DESIRE, FIXED = DesireAgent(resolution=20), DesireAgent.fixed(resolution=20)
BOTH = {"desire": DESIRE, "fixed": FIXED}
SHORT = {"seeds": range(7), "n_steps": 36}

# Mean and half the width of a 95 % interval over 100 seeds, from another implementation.
MEASURED = {
    "desire": {
        "income": (57.89, 0.47),
        "health": (6.98, 0.05),
        "accepted": (0.820, 0.006),
        "accepted_possible": (0.831, 0.007),
        "accepted_far": (0.885, 0.007),
        "rests": (0.313, 0.003),
        "desire_income": (0.46, 0.01),
        "desire_health": (0.31, 0.01),
        "desire_standing": (0.23, 0.01),
        "richest_desire_income": (0.61, 0.02),
        "richest_desire_health": (0.26, 0.02),
        "richest_desire_standing": (0.13, 0.02),
        "poorest_desire_income": (0.28, 0.03),
        "poorest_desire_health": (0.38, 0.03),
        "poorest_desire_standing": (0.35, 0.03),
        "richest_income": (62.8, 0.5),
        "poorest_income": (51.9, 1.1),
        "spread": (10.9, 1.2),
        "gini": (0.034, 0.004),
        "events": (19.5, 0.8),
        "event_neutral": (0.39, 0.01),
        "event_surprise": (0.31, 0.01),
        "event_fear": (0.19, 0.01),
        "event_sadness": (0.08, 0.01),
    },
    "fixed": {
        "income": (63.40, 0.20),
        "health": (6.15, 0.03),
        "accepted": (0.881, 0.002),
        "accepted_possible": (0.898, 0.002),
        "accepted_far": (0.981, 0.002),
        "rests": (0.303, 0.002),
        "spread": (6.3, 0.3),
        "gini": (0.018, 0.001),
        "desire_income": (0.7, 1e-9),
    },
}


@pytest.fixture(scope="module")
def month():
    return compare_agents(BOTH)


def same(one, other):
    return (one.numerators == other.numerators).all() and (one.denominators == other.denominators).all()


# --- what is measured


def test_a_hundred_months_agree_with_the_values_of_another_implementation(month):
    for agent, measures in MEASURED.items():
        for measure, (value, reach) in measures.items():
            found = month[agent][measure]
            assert abs(found.value - value) <= reach, (agent, measure, found)
    income, health = month["desire"]["income"], month["desire"]["health"]
    assert income.value - income.lower == pytest.approx(0.47, abs=0.02)
    assert health.value - health.lower == pytest.approx(0.05, abs=0.005)


def test_differences_are_paired(month):
    for measure, value, reach in (("accepted", -0.059, 0.006), ("income", -5.42, 0.43), ("health", 0.81, 0.06)):
        found = month.difference("desire", "fixed", measure)
        assert abs(found.value - value) < reach / 2
        assert found.upper - found.value == pytest.approx(reach, rel=0.2)
        assert found.value == pytest.approx(month["desire"][measure].value - month["fixed"][measure].value)
    runs = [month[name].ratio("income") for name in month]
    by_seed = runs[0][0] / runs[0][1] - runs[1][0] / runs[1][1]
    interval = stats.ttest_1samp(by_seed, 0).confidence_interval(0.95)
    found = month.difference("desire", "fixed", "income")
    assert (found.lower, found.upper) == pytest.approx((interval.low, interval.high))
    nothing = month.difference("desire", "desire", "accepted")
    assert (nothing.lower, nothing.value, nothing.upper) == (0, 0, 0)


def test_measures_are_what_a_loop_over_slots_finds():
    seeds, n_steps = [3, 11], 48
    found = compare_agents({"a": DESIRE}, Riders(3), seeds=seeds, n_steps=n_steps)["a"]
    trace = simulate_agents(Riders(3), DESIRE, n_steps, seeds=seeds)
    sums = dict.fromkeys(("offers", "possible", "far", "accepted", "accepted_far", "rests", "health", "pay"), 0.0)
    incomes = np.zeros((2, 3))
    for run, step, rider in np.ndindex(2, n_steps, 3):
        health, _, offer = state_parts(trace.state_numbers[run, step, rider])
        action, pay = trace.action_numbers[run, step, rider], trace.records["pay"][run, step, rider]
        sums["health"] += health
        sums["pay"] += pay
        incomes[run, rider] += pay
        sums["rests"] += action == 2
        if offer:
            sums["offers"] += 1
            sums["possible"] += health > 0
            sums["accepted"] += action == 0
            if offer == 3:
                sums["far"] += 1
                sums["accepted_far"] += action == 0
    slots = 2 * n_steps * 3
    assert found["income"].value == pytest.approx(sums["pay"] / slots * 12)
    assert found["health"].value == pytest.approx(sums["health"] / slots)
    assert found["rests"].value == pytest.approx(sums["rests"] / slots)
    assert found["accepted"].value == pytest.approx(sums["accepted"] / sums["offers"])
    assert found["accepted_possible"].value == pytest.approx(sums["accepted"] / sums["possible"])
    assert found["accepted_far"].value == pytest.approx(sums["accepted_far"] / sums["far"])
    assert found["events"].value == pytest.approx(trace.event.sum() / 6)
    assert found["value_income"].value == pytest.approx(sums["pay"] / 10 / slots)
    order = np.sort(incomes, axis=1)
    assert found["spread"].value == pytest.approx((order[:, -1] - order[:, 0]).mean() / 4)
    gini = [(2 * np.arange(1, 4) - 4) @ own / (3 * own.sum()) for own in order]
    assert found["gini"].value == pytest.approx(np.mean(gini))
    poorest = [trace.desire[run, :-1, incomes[run].argmin()].mean(axis=0) for run in range(2)]
    assert found["poorest_desire_health"].value == pytest.approx(np.mean(poorest, axis=0)[1])


class Resting:
    """An agent without desires, that always rests."""

    name, will, moved = "resting", None, False

    def begin(self, world, parameters):
        return self

    def choose(self, states, desires, uniforms):
        return np.full(states.shape, 2)

    def observe(self, outcome):
        pass


class Renamed:
    """The world of riders, as if it were another one."""

    def __init__(self):
        self._riders = Riders(2)

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._riders, name)


def test_what_cannot_be_counted_is_none():
    found = compare_agents({"resting": Resting(), "fixed": FIXED}, **SHORT)
    own = found["resting"]
    assert own["desire_income"] is None
    assert own["richest_desire_income"] is None
    assert own["gini"].value == own["income"].value == own["accepted"].value == 0
    assert own["rests"] == SeedEstimate(1.0, 1.0, 1.0, 7)
    assert found.difference("resting", "fixed", "desire_income") is None
    assert "–" in found._repr_html_() or "desire" not in found._repr_html_()
    calm = compare_agents({"a": DESIRE}, **SHORT, parameters=DesireParameters(threshold=float("inf")))["a"]
    assert calm["events"].value == 0
    assert calm["event_fear"] is None


def test_of_another_world_what_all_worlds_have_is_measured():
    found = compare_agents({"a": DESIRE}, Renamed(), **SHORT)
    assert "income" not in found.measures
    alike = compare_agents({"a": DESIRE}, Riders(2), **SHORT)
    assert set(found.measures) < set(alike.measures)
    for measure in found.measures:
        assert found["a"][measure] == alike["a"][measure]
    assert "value_income" in repr(found)


# --- chunks


def test_neither_chunks_nor_threads_change_anything(monkeypatch):
    whole = compare_agents(BOTH, **SHORT)
    monkeypatch.setattr(chunks, "_STEPS_IN_A_CHUNK", 2 * 36 * 6)
    assert chunks.seeds_in_a_chunk(36 * 6) == 2
    parted = compare_agents(BOTH, **SHORT)
    with joblib.parallel_config("threading", n_jobs=3):
        threaded = compare_agents({"desire": DesireAgent(resolution=20), "fixed": FIXED}, **SHORT)
    assert same(whole, parted)
    assert same(whole, threaded)


def test_two_processes_find_the_same():
    found = compare_agents(BOTH, **SHORT, n_jobs=2)
    assert same(found, compare_agents(BOTH, **SHORT))


def test_memory_does_not_grow_with_the_seeds(monkeypatch):
    monkeypatch.setattr(chunks, "_STEPS_IN_A_CHUNK", 2 * 36 * 6)
    peaks = []
    for count in (8, 8, 64):  # the first run compiles and plans
        tracemalloc.start()
        compare_agents({"a": FIXED}, seeds=range(count), n_steps=36)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < 1.3 * peaks[1]


KILLED = """
import os, signal, sys
from empowerment.runtime.checkpoint import Checkpoint
from empowerment.desire import DesireAgent, compare_agents
from empowerment.desire.comparison import chunks

store, chunks._STEPS_IN_A_CHUNK = Checkpoint.store, 2 * 36 * 6

def stored(self, index, arrays):
    store(self, index, arrays)
    if index == 4:
        os.kill(os.getpid(), signal.SIGKILL)

Checkpoint.store = stored
agents = {"desire": DesireAgent(resolution=20), "fixed": DesireAgent.fixed(resolution=20)}
compare_agents(agents, seeds=range(7), n_steps=36, checkpoint=sys.argv[1])
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_killed_run_goes_on_to_the_same_end(tmp_path, monkeypatch):
    monkeypatch.setattr(chunks, "_STEPS_IN_A_CHUNK", 2 * 36 * 6)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "kept")], check=False)
    assert killed.returncode == -9
    assert len(list((tmp_path / "kept").glob("chunk-*"))) == 5
    done = []
    monkeypatch.setattr("empowerment.desire.comparison.compare.simulate_agents", counting(done))
    found = compare_agents(BOTH, **SHORT, checkpoint=tmp_path / "kept")
    assert sum(done) == 3 * 2 - 1  # of eight chunks, and seven seeds of each kind
    assert same(found, compare_agents(BOTH, **SHORT))


def counting(done):
    def simulate(*arguments, **options):
        done.append(len(options["seeds"]))
        return simulate_agents(*arguments, **options)

    return simulate


def test_a_checkpoint_belongs_to_one_question(tmp_path):
    kept = tmp_path / "kept"
    compare_agents(BOTH, **SHORT, checkpoint=kept)
    gain = DesireParameters(gain=3.0)
    for agents, changes, what in (
        (BOTH, {"parameters": gain}, "parameters"),
        (BOTH, {"n_steps": 24}, "n_steps"),
        (BOTH, {"seeds": range(1, 8)}, "seeds"),
        (BOTH, {"world": Riders(5)}, "n_agents"),
        (BOTH, {"world": Riders(wanted=(4, 8, 0.25))}, "wanted"),
        ({"desire": DESIRE}, {}, "agents"),
        ({"desire": DesireAgent(resolution=10), "fixed": FIXED}, {}, "agents"),
        ({"desire": DESIRE, "fixed": DesireAgent.fixed((0.6, 0.2, 0.2), resolution=20)}, {}, "agents"),
    ):
        with pytest.raises(ValueError, match=f"belongs to another question.*{what}"):
            compare_agents(agents, **(SHORT | changes), checkpoint=kept)


def test_agents_that_tell_nothing_are_known_by_what_they_do(tmp_path):
    def deciding(action):
        return DesireAgent(decide=lambda state, desire: np.eye(3)[action])

    short = {"seeds": [0], "n_steps": 12, "checkpoint": tmp_path / "kept"}
    compare_agents({"a": deciding(1)}, **short)
    compare_agents({"a": deciding(1)}, **short)
    with pytest.raises(ValueError, match="differs in the first actions of the agents"):
        compare_agents({"a": deciding(2)}, **short)


# --- the result


def test_the_result_is_labelled(month):
    assert (len(month), list(month), "fixed" in month, "x" in month) == (2, ["desire", "fixed"], True, False)
    own = month["desire"]
    assert list(own) == list(month.measures)
    assert len(own) == len(month.measures)
    assert "income" in own
    assert "AgentComparison(2 kinds of agents, 100 seeds, 360 steps)" in repr(month)
    assert "income 57.89 ± 0.4" in repr(month)
    assert month._repr_html_().count("<tr>") == 3
    for ask, sentence in (
        (lambda: month["x"], "unknown agent 'x'; the 2 agents are 'desire', 'fixed'"),
        (lambda: own["x"], "unknown measure 'x'"),
        (lambda: month.difference("desire", "x", "income"), "unknown agent 'x'"),
    ):
        with pytest.raises(ValueError, match=re.escape(sentence)):
            ask()


def test_names_are_escaped_in_html():
    found = compare_agents({"<b>": FIXED}, seeds=[0], n_steps=12)
    assert "<b>" not in found._repr_html_()
    assert "&lt;b&gt;" in found._repr_html_()


def test_one_seed_says_nothing_of_others():
    found = compare_agents({"a": FIXED}, seeds=[5], n_steps=12)
    own = found["a"]["income"]
    assert (own.lower, own.upper, own.n_seeds) == (-np.inf, np.inf, 1)
    assert "±" not in repr(found)


def test_a_saved_comparison_is_the_same(month, tmp_path):
    calm = compare_agents({"a": FIXED}, **SHORT, parameters=DesireParameters(threshold=float("inf")))
    for found in (month, calm):
        found.save(tmp_path / "found.npz")
        back = AgentComparison.load(tmp_path / "found.npz")
        assert same(back, found)
        for name in ("agents", "seeds", "measures", "world", "n_agents", "n_steps", "parameters"):
            assert getattr(back, name) == getattr(found, name)
        assert repr(back) == repr(found)
    whole = (tmp_path / "found.npz").read_bytes()
    (tmp_path / "found.npz").write_bytes(whole[:200] + b"x" + whole[201:])
    with pytest.raises(ValueError, match="is not a saved AgentComparison, or is damaged"):
        AgentComparison.load(tmp_path / "found.npz")
    month.save(tmp_path / "big.npz")
    with pytest.raises(MemoryError, match="raise memory="):
        AgentComparison.load(tmp_path / "big.npz", memory=100)


def test_a_table_has_a_row_for_each_agent_and_measure(month):
    frame = month.to_dataframe()
    assert len(frame) == 2 * len(month.measures)
    row = frame[(frame.agent == "fixed") & (frame.measure == "income")].iloc[0]
    found = month["fixed"]["income"]
    assert (row.value, row.lower, row.upper) == (found.value, found.lower, found.upper)
    few = compare_agents({"a": Resting()}, **SHORT)
    assert len(few.to_dataframe()) < len(few.measures)


def test_wrong_arguments_are_named():
    for arguments, kind, sentence in (
        (([DESIRE],), TypeError, "agents is .*expected a mapping from names to agents"),
        (({},), ValueError, "agents is empty, expected at least one"),
        (({1: DESIRE},), TypeError, "the name of an agent in agents is 1, expected a text"),
        (({"a": 1},), TypeError, r"agents\['a'\]"),
        ((BOTH, 5), TypeError, "world"),
    ):
        with pytest.raises(kind, match=sentence):
            compare_agents(*arguments)
    for options, kind, sentence in (
        ({"seeds": 100}, TypeError, "seeds is 100, expected a list of seeds"),
        ({"seeds": []}, ValueError, "seeds is empty"),
        ({"seeds": [1, 2, 1]}, ValueError, "seeds has 1 twice"),
        ({"n_steps": 0}, ValueError, "n_steps is 0"),
        ({"parameters": {}}, TypeError, "parameters"),
        ({"n_jobs": 0}, ValueError, "n_jobs is 0"),
        ({"parameters": DesireParameters(least_desire=0.2)}, ValueError, "least_desire = 0.2"),
    ):
        with pytest.raises(kind, match=sentence):
            compare_agents(BOTH, **options)


# --- estimates


def test_the_mean_has_the_interval_of_student():
    values = np.random.default_rng(1).normal(3, 2, 12)
    found = ratio_estimate(values, np.ones(12))
    interval = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (found.value, found.lower, found.upper) == pytest.approx((values.mean(), interval.low, interval.high))
    assert found.n_seeds == 12
    assert float(found) == found.value
    scaled = ratio_estimate(5 * values, np.full(12, 5.0))
    assert (scaled.value, scaled.lower) == pytest.approx((found.value, found.lower))


def test_intervals_of_ratios_cover_nineteen_times_of_twenty():
    rng, inside, drawn_inside = np.random.default_rng(2), 0, 0
    for trial in range(400):
        offers = rng.integers(20, 60, 50)
        accepted = rng.binomial(offers, np.clip(0.7 + rng.normal(0, 0.1, 50), 0, 1))
        found = ratio_estimate(accepted, offers)
        inside += found.lower <= 0.7 <= found.upper
        if trial < 100:
            sums = resampled_sums(np.stack([accepted, offers]), 500)
            own = bootstrap_estimate(found.value, sums[:, 0] / sums[:, 1], 50)
            drawn_inside += own.lower <= 0.7 <= own.upper
            assert own.upper - own.lower == pytest.approx(found.upper - found.lower, rel=0.35)
    assert 0.92 <= inside / 400 <= 0.98
    assert drawn_inside >= 88


def test_a_paired_difference_is_more_certain_than_two_numbers():
    rng = np.random.default_rng(3)
    common = rng.normal(0, 5, 80)
    one, other = common + rng.normal(1, 0.1, 80), common + rng.normal(0, 0.1, 80)
    ones = np.ones(80)
    found = ratio_difference((one, other), (ones, ones))
    assert found.lower < 1 < found.upper
    assert found.upper - found.lower < 0.1 < (lone := ratio_estimate(one, ones)).upper - lone.lower
    assert ratio_difference((one, other), (ones, 0 * ones)) is None


def test_resamples_repeat_and_nothing_counted_is_none():
    sums = np.random.default_rng(4).random((3, 2, 9))
    assert (resampled_sums(sums) == resampled_sums(sums)).all()
    assert resampled_sums(sums).shape == (2000, 3, 2)
    assert np.allclose(resampled_sums(np.ones((1, 9))), 9)
    assert bootstrap_estimate(np.nan, np.ones(5), 3) is None
    assert ratio_estimate(np.zeros(3), np.zeros(3)) is None


def test_estimates_are_told_with_what_is_known():
    assert estimate_text(None) == "–"
    assert estimate_text(SeedEstimate(0.5, -np.inf, np.inf, 1)) == "0.5"
    assert estimate_text(SeedEstimate(0.5, 0.4, 0.6, 9)) == "0.5 ± 0.1"
    assert estimate_text(SeedEstimate(0.5, 0.45, 0.6, 9)) == "0.5 [0.45, 0.6]"
    assert estimate_text(SeedEstimate(0.7, 0.7, 0.7 + 1e-16, 9)) == "0.7 ± 0"
    assert repr(SeedEstimate(0.5, 0.4, 0.6, 1)) == "SeedEstimate(0.5 in [0.4, 0.6], 1 seed)"
