import math
from dataclasses import replace

import numpy as np
import pytest
from helpers import MINI3, for_each, on_every_backend

import empowerment as emp


def test_states_are_chosen_by_label():
    maze = emp.worlds.klyubin_maze()
    everywhere = emp.empowerment(maze, 2)
    chosen = emp.empowerment(maze, 2, states=[(5, 5), (0, 0)])
    assert chosen.states == ((5, 5), (0, 0))
    assert chosen.value.tolist() == [float(everywhere[(5, 5)]), float(everywhere[(0, 0)])]
    assert float(emp.empowerment(maze, 2, states=(5, 5))) == chosen.value[0]
    with pytest.raises(TypeError, match="the result holds 2 states; name one first"):
        float(chosen)
    with pytest.raises(KeyError, match=r"no result for state \(1, 1\)"):
        chosen[(1, 1)]
    with pytest.raises(ValueError, match=r"unknown state \(99, 0\)"):
        emp.empowerment(maze, 2, states=[(99, 0)])
    with pytest.raises(ValueError, match="a tuple is one label, several states go into a list"):
        emp.empowerment(maze, 2, states=((0, 0), (5, 5)))
    with pytest.raises(ValueError, match="states is empty"):
        emp.empowerment(maze, 2, states=[])


@on_every_backend
def test_intervals_hold_on_every_backend(backend):
    result = emp.empowerment(MINI3, 3, backend=backend)
    assert result.converged.all()
    assert (result.lower <= result.value).all()
    assert (result.value <= result.upper).all()
    for state, lower, upper in zip(result.states, result.lower, result.upper, strict=True):
        every_row = emp.channel_capacity(emp.actuation_channel(MINI3, 3, state, merge=False), tol=1e-11)
        assert lower <= every_row.lower
        assert every_row.upper - 1e-11 <= upper
    assert result.backend == backend
    assert set(result.kind) == {"exact"}
    assert result.value[0] == pytest.approx(0.096392366, abs=1e-8)


def test_units():
    nats = emp.empowerment(emp.worlds.open_grid(3), 1, base=math.e)
    assert nats.unit == "nats"
    assert float(nats[(1, 1)]) == pytest.approx(math.log(5), abs=1e-15)
    assert nats[(1, 1)].lower[0] <= math.log(5) <= nats[(1, 1)].upper[0]


def test_counting_is_exact_and_its_interval_a_rounding_error():
    result = emp.empowerment(emp.worlds.open_grid(9), 2, states=(4, 4))
    assert result.methods == "counting"
    assert result.lower[0] < math.log2(13) < result.upper[0]
    assert result.gap[0] < 1e-14
    assert emp.empowerment(emp.worlds.open_grid(9), 0).upper.max() == 0.0


def test_counting_is_refused_where_there_is_noise():
    with pytest.raises(ValueError, match="method='counting' needs a deterministic world and sensor"):
        emp.empowerment(MINI3, 1, method="counting")
    with pytest.raises(ValueError, match="needs a deterministic world and sensor"):
        emp.empowerment(emp.worlds.open_grid(2), 1, method="counting", sensor=np.full((4, 2), 0.5))


def test_a_noisy_sensor_on_a_deterministic_world_is_enumerated():
    """Two cells read through a binary symmetric channel: its capacity."""
    corridor = emp.worlds.grid_world([".."])
    result = emp.empowerment(corridor, 1, states=(0, 0), sensor=[[0.9, 0.1], [0.1, 0.9]])
    assert result.methods == "enumeration"
    assert float(result) == pytest.approx(0.531004406411, abs=1e-9)


def test_the_sequences_that_carry_the_optimum():
    corridor = emp.worlds.grid_world(["..."], stay=False)
    result = emp.empowerment(corridor, 2, states=[(0, 0)])
    assert {sequence for sequence, _ in result.sequences((0, 0))} == {
        ("north", "north"),
        ("north", "east"),
        ("east", "east"),
    }
    assert [weight for _, weight in result.sequences((0, 0))] == pytest.approx([1 / 3] * 3)
    noisy = emp.empowerment(MINI3, 2)
    for state in (0, 1, 2):
        carried = noisy.sequences(state)
        weights = [weight for _, weight in carried]
        assert weights == sorted(weights, reverse=True)
        assert sum(weights) == pytest.approx(1, abs=1e-4)
        channel = emp.actuation_channel(MINI3, 2, state, merge=False)
        p = np.zeros(channel.n_inputs)
        for sequence, weight in carried:
            p[channel.inputs.index(sequence)] = weight / sum(weights)
        assert emp.mutual_information(channel, p) == pytest.approx(float(noisy[state]), abs=1e-6)
    assert noisy[1].sequences(1) == noisy.sequences(1)


def test_where_there_are_no_sequences_a_sentence_says_why():
    for result in (
        emp.empowerment(MINI3, 2, feedback=True),
        emp.empowerment(MINI3, 2, beliefs=[[0.2, 0.3, 0.5]], known_to="both"),
        emp.empowerment(emp.worlds.open_grid(3), 2, output="trajectory", states=[(0, 0)]),
    ):
        with pytest.raises(ValueError, match="has no action sequences"):
            result.sequences(result.states[0])


def test_no_sequence_of_a_trajectory_is_found_by_enumeration():
    rows = np.zeros((2, 1, 2))
    rows[0, 0] = [0.5, 0.5]
    result = emp.empowerment(emp.MDP(rows, available=[[True], [False]]), 2, output="trajectory")
    assert result.status.tolist() == [emp.Status.NO_SEQUENCE] * 2
    assert result.methods == "enumeration"


def test_no_sequence_is_an_empowerment_of_zero_with_its_own_status():
    rows = np.zeros((2, 1, 2))
    rows[0, 0] = [0.5, 0.5]
    model = emp.MDP(rows, available=[[True], [False]])
    result = emp.empowerment(model, 2)
    assert result.value.tolist() == result.lower.tolist() == result.upper.tolist() == [0, 0]
    assert result.status.tolist() == [emp.Status.NO_SEQUENCE] * 2
    assert result.sequences(0) == []


def test_sequences_that_do_not_fit_are_refused_with_the_way_out():
    grid = emp.worlds.open_grid(5)
    result = emp.empowerment(grid, 3, options={"memory": 100})
    assert result.converged.all()
    with pytest.raises(MemoryError, match="raise the option memory of the computation"):
        result.sequences((2, 2))
    assert len(emp.empowerment(grid, 3, options={"memory": 1e4}).sequences((2, 2))) == 21


def test_what_limits_resources_is_checked_by_name():
    for options, message in (
        (
            {"max_sequence": 5},
            r"unknown option 'max_sequence'; the known ones are .*; did you mean 'max_sequences'\?",
        ),
        ({1: 5}, "unknown option 1; the known ones are 'max_sequences', .*'max_iter', 'max_nodes', 'max_seconds'$"),
        ({"max_iter": 0}, "max_iter is 0"),
        ({"max_nodes": 0}, "max_nodes is 0"),
        ({"max_seconds": -1}, "max_seconds is -1"),
        ({"samples": 0}, "samples is 0"),
    ):
        for ask in (emp.empowerment, lambda model, n, **rest: emp.horizon_sweep(model, [n], **rest)):
            with pytest.raises(ValueError, match=message):
                ask(MINI3, 2, options=options)
    with pytest.raises(TypeError, match="options is 5, expected a mapping"):
        emp.empowerment(MINI3, 2, options=5)


def test_the_limit_on_iterations_reaches_every_solver():
    sensor = [[0.8, 0.1, 0.1], [0.1, 0.7, 0.2], [0.3, 0.3, 0.4]]  # with two readings a formula takes no iteration
    for question in (
        {"method": "column-generation"},
        {"method": "enumeration"},
        {"output": "trajectory"},
        {"feedback": True, "output": "trajectory"},
        {"feedback": True, "sensor": sensor, "method": "policy-trees"},
    ):
        few = emp.empowerment(MINI3, 2, **question, options={"max_iter": 1}, on_failure="ignore")
        many = emp.empowerment(MINI3, 2, **question)
        assert many.converged.all(), question
        assert not few.converged.all(), question
        assert (few.lower <= many.upper).all(), question
        assert (many.lower <= few.upper).all(), question


def test_the_ends_allow_for_the_rounding_of_the_rows():
    """At 1e-12 the rounding of a long product is wider than the tolerance, and the status says so."""
    with pytest.warns(emp.ConvergenceWarning, match="rounding errors came first"):
        result = emp.empowerment(MINI3, 8, tol=1e-12)
    assert result.status.tolist() == [emp.Status.PRECISION] * 3


def test_a_missed_tolerance_warns_once_for_all_states():
    with pytest.warns(emp.ConvergenceWarning, match="3 of 3 intervals are wider than wanted") as caught:
        result = emp.empowerment(MINI3, 2, method="enumeration", options={"max_iter": 1})
    assert len(caught) == 1
    assert not result.converged.any()
    assert "3 NOT converged" in repr(result)


def test_progress_is_shown_only_when_asked(capsys):
    emp.empowerment(MINI3, 1)
    assert capsys.readouterr() == ("", "")
    emp.empowerment(MINI3, 1, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "3/3" in err


@for_each(
    ("options", "sentence"),
    [
        ({"horizon": -1}, "horizon is -1, expected a number of steps of at least 0"),
        ({"method": "magic"}, "unknown method 'magic'; the known ones are 'auto', 'counting', 'enumeration'"),
        ({"backend": "gpu"}, "unknown backend 'gpu'; the known ones are"),
        ({"output": "all"}, "unknown output 'all'; the known ones are"),
        ({"options": {"memory": math.nan}}, "memory is nan, expected a number of bytes above 0"),
        ({"tol": 0}, "tol is 0, expected a finite width"),
    ],
)
def test_unknown_options_are_refused_in_every_world(options, sentence):
    for model in (MINI3, emp.worlds.open_grid(2)):
        with pytest.raises(ValueError, match=sentence):
            emp.empowerment(model, **{"horizon": 1} | options)


def test_a_matrix_is_no_model():
    with pytest.raises(TypeError, match="model is a ndarray, expected an MDP"):
        emp.empowerment(np.eye(2), 1)


def test_an_average_is_as_good_as_its_weakest_part():
    result = emp.empowerment(MINI3, 2)
    mixed = replace(result, method=np.array(["enumeration", "interval", "counting"]))
    assert (result.average().kind, mixed.average().kind, mixed.average([1, 0, 0]).kind) == (
        "exact",
        "interval",
        "exact",
    )
