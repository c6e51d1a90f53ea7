"""Warping distances: by a definition that is slow and plain, known values of riders, scalings, files."""

import builtins
import re
import sys

import numpy as np
import pytest

pytest.importorskip("dtaidistance")

from empowerment.desire import (
    DesireAgent,
    Riders,
    Students,
    rider_series,
    simulate_agents,
    warped,
    warping_distances,
)
from empowerment.desire.comparison import warping

BEHAVIOUR = [("state", "behaviour")]


def slowly(first, second):
    """Fill the table of costs, and go back along the best path, diagonally where that is as good."""
    table = np.full((len(first) + 1, len(second) + 1), np.inf)
    table[0, 0] = 0
    for i, x in enumerate(first):
        for j, y in enumerate(second):
            table[i + 1, j + 1] = abs(x - y) + min(table[i, j], table[i, j + 1], table[i + 1, j])
    i, j, length = len(first), len(second), 1
    while (i, j) != (1, 1):
        steps = [(i - 1, j - 1), (i - 1, j), (i, j - 1)]
        i, j = min(steps, key=lambda step: table[step])
        length += 1
    return table[-1, -1], length


def test_known_series():
    assert warped([0, 1, 2], [0, 2]) == (1.0, 3)
    assert warped([1, 2, 3], [1, 2, 3]) == (0.0, 3)
    assert warped([0, 0, 0], [1]) == (3.0, 3)
    assert warped([2], [5]) == (3.0, 1)


def test_distance_and_path_are_those_of_the_definition():
    rng = np.random.default_rng(0)
    for case in range(300):
        lengths = rng.integers(1, 30, 2)
        if case % 2:  # with many ties
            one, other = (rng.integers(0, 3, n) / 4 for n in lengths)
        else:
            one, other = (rng.random(n) for n in lengths)
        distance, length = warped(one, other)
        expected = slowly(one, other)
        assert distance == pytest.approx(expected[0], abs=1e-12)
        assert length == expected[1]
        assert max(lengths) <= length <= sum(lengths) - 1


# From another implementation: mean over 100 seeds, and half the width of its interval.
MEASURED = {
    "desire": {"raw": (14.29, 0.31), "minmax": (20.04, 0.35), "z": (65.97, 0.73)},
    "fixed": {"raw": (16.31, 0.13), "minmax": (28.52, 0.23), "z": (66.09, 0.19)},
}
BY_LENGTH = {"desire": {"raw": 0.340, "z": 1.678}, "fixed": {"raw": 0.462, "z": 2.122}}
OF_BEHAVIOUR = {"desire": (0.546, 0.007), "fixed": (0.475, 0.005)}
OF_PLEASURE = {"desire": (20.09, 0.19), "fixed": (19.16, 0.15)}
OF_SLOTS = {"desire": (262.2, 841.7), "fixed": (273.7, 789.0)}


@pytest.mark.slow  # two hundred runs; the next tests have few
def test_riders_have_the_distances_of_another_implementation():
    for agent in (DesireAgent(resolution=20), DesireAgent.fixed(resolution=20)):
        trace = simulate_agents(Riders(), agent, seeds=range(100))
        found = warping_distances(trace)
        for scaling, (value, reach) in MEASURED[agent.name].items():
            own = found.total(scaling)
            assert own.value == pytest.approx(value, abs=0.02)
            assert own.upper - own.value == pytest.approx(reach, rel=0.1)
        for scaling, value in BY_LENGTH[agent.name].items():
            assert found.total(scaling, by_length=True).value == pytest.approx(value, abs=0.001)
        own = found.total("z", pairs=BEHAVIOUR, by_length=True)
        assert (own.value, own.upper - own.value) == pytest.approx(OF_BEHAVIOUR[agent.name], abs=0.0006)
        own = warping_distances(trace, pairs=[("income", "pleasure")], scalings=["z"]).total("z")
        assert (own.value, own.upper - own.value) == pytest.approx(OF_PLEASURE[agent.name], abs=0.01)
        slots = warping_distances(simulate_agents(Riders(), agent, seeds=range(10)), by="slot", scalings=["raw", "z"])
        assert [slots.total(each).value for each in slots.scalings] == pytest.approx(OF_SLOTS[agent.name], abs=0.1)


def test_series_are_what_a_loop_over_slots_finds():
    trace = simulate_agents(Riders(2), DesireAgent(resolution=20), 24, seeds=[3, 4])
    by_day, by_slot = rider_series(trace), rider_series(trace, by="slot")
    assert {name: series.shape for name, series in by_day.items()} == dict.fromkeys(warping.SERIES, (2, 2, 2))
    for run, rider, day in np.ndindex(2, 2, 2):
        health, declined, offers, desire, pay, pleasure = [], 0, 0, [], [], []
        for slot in range(12 * day, 12 * day + 12):
            h, _, offer = trace.states[trace.state_numbers[run, slot, rider]]
            refused = offer != "none" and trace.actions[trace.action_numbers[run, slot, rider]] != "accept"
            health.append(h)
            offers += offer != "none"
            declined += refused
            desire.append(trace.desire[run, slot, rider, 1])
            pay.append(trace.records["pay"][run, slot, rider])
            pleasure.append(trace.emotion[run, slot + 1, rider, 0])
            assert by_slot["behaviour"][run, rider, slot] == refused
            assert by_slot["state"][run, rider, slot] == 1 - h / 10
        at = run, rider, day
        assert by_day["state"][at] == pytest.approx(1 - np.mean(health) / 10)
        assert by_day["behaviour"][at] == pytest.approx(declined / offers)
        assert by_day["desire"][at] == pytest.approx(np.mean(desire))
        assert by_day["income"][at] == pytest.approx(np.mean(pay))
        assert by_day["pleasure"][at] == pytest.approx(np.mean(pleasure))


def test_scaled_series():
    series = np.random.default_rng(1).normal(5, 3, (4, 2, 50))
    series[0, 0] = 7.1
    assert (warping.scaled(series, "raw") == series).all()
    unit, standard = warping.scaled(series, "minmax"), warping.scaled(series, "z")
    assert (unit[0, 0] == 0).all()
    assert (standard[0, 0] == 0).all()
    assert np.allclose(unit[1:].min(axis=-1), 0)
    assert np.allclose(unit[1:].max(axis=-1), 1)
    assert np.allclose(standard.mean(axis=-1), 0)
    assert np.allclose(standard[1:].std(axis=-1), 1)


def test_the_result_is_labelled():
    trace = simulate_agents(Riders(2), DesireAgent(resolution=20), 24, seeds=[3, 4])
    found = warping_distances(trace, scalings=["z", "raw"])
    assert (len(found), list(found)) == (3, list(warping.PAIRS))
    assert ("state", "desire") in found
    assert ("desire", "state") not in found
    own = found["state", "desire"]
    assert set(own) == {"z", "raw"}
    assert own["raw"].value == pytest.approx(found.distance[0, 1].mean())
    assert found.total("raw").value == pytest.approx(sum(found[pair]["raw"].value for pair in found))
    assert len(found.to_dataframe()) == 3 * 2 * 2 * 2
    assert "state–desire" in repr(found)
    assert (found.series["state"] == rider_series(trace)["state"]).all()
    for ask, sentence in (
        (lambda: found.total("minmax"), "unknown scaling 'minmax'"),
        (lambda: found["desire", "state"], "unknown pair"),
    ):
        with pytest.raises(ValueError, match=re.escape(sentence)):
            ask()


def test_wrong_arguments_are_named():
    trace = simulate_agents(Riders(2), DesireAgent.fixed(resolution=20), 30, seeds=[3])
    for options, kind, sentence in (
        ({}, ValueError, "trace has 30 slots, expected whole days"),
        ({"by": "week"}, ValueError, "unknown by 'week'"),
        ({"by": "slot", "pairs": []}, ValueError, "pairs is empty"),
        ({"by": "slot", "pairs": "ab"}, TypeError, "pairs is 'ab'"),
        ({"by": "slot", "pairs": [("state",)]}, ValueError, "expected the names of two series"),
        ({"by": "slot", "pairs": [("state", "will")]}, ValueError, "unknown series 'will'"),
        ({"by": "slot", "scalings": ["log"]}, ValueError, "unknown scaling 'log'"),
        ({"by": "slot", "scalings": "raw"}, TypeError, "scalings is one text"),
    ):
        with pytest.raises(kind, match=sentence):
            warping_distances(trace, **options)
    for series, sentence in (([], "first has shape"), ([np.nan], "first is"), ([[1.0]], "first has shape")):
        with pytest.raises(ValueError, match=sentence):
            warped(series, [1.0])
    with pytest.raises(TypeError, match="trace"):
        rider_series(1)
    of_students = simulate_agents(Students(), DesireAgent(), 3, seeds=[1])
    with pytest.raises(ValueError, match="of another world, expected one of Riders"):
        rider_series(of_students)


def test_without_the_library_it_is_named(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("dtaidistance")]:
        monkeypatch.delitem(sys.modules, name)
    imported = builtins.__import__

    def refusing(name, *rest, **options):
        if name.startswith("dtaidistance"):
            raise ImportError(name)
        return imported(name, *rest, **options)

    monkeypatch.setattr("empowerment.desire.comparison.warping.load", lambda name: refusing(name))
    with pytest.raises(ImportError, match='pip install "dtaidistance>='):
        warped([1.0], [2.0])
