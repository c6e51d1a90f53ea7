"""What runs will take: rows, bytes and seconds told beforehand, warnings, and limits that whole processes keep."""

import math
import os
import re
import subprocess
import sys
import tracemalloc
import warnings
from dataclasses import replace

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp
from empowerment.actuation import forecast
from empowerment.actuation.forecast import Forecast, Memory, allowed, duration, extrapolated, rate, together
from empowerment.actuation.open_loop import exact
from empowerment.actuation.open_loop.channel import open_loop
from empowerment.actuation.sensor import make_sensor
from empowerment.capacity.backends import capacity_kernels
from empowerment.measures.dispatch import dispatch
from empowerment.measures.request import EmpowermentRequest
from empowerment.measures.resources import Resources

SLIP, CENTRE = emp.worlds.slip_grid(), (4, 4)


def solver_of(world, horizon, **changes):
    """Return the solver of a question."""
    given = dict.fromkeys(("states", "beliefs", "sensor", "options", "rng"))
    given |= {"output": "final", "known_to": "nobody", "feedback": False, "stopping": False, "method": "auto"}
    return dispatch(EmpowermentRequest.checked(world, horizon, **given | changes))


def forecast_of(world, horizon, **changes):
    solver = solver_of(world, horizon, **changes)
    return solver.forecast(solver.request.problem.numbers)


def three_states():
    """Return a world of few dimensions."""
    first = [[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.25, 0.25, 0.5]]
    second = [[0.1, 0.3, 0.6], [0.5, 0.3, 0.2], [0.2, 0.1, 0.7]]
    return emp.MDP(np.stack([first, second], axis=1))


def test_text():
    assert [duration(x) for x in (0.2, 4, 90, 130, 9_000, 1e6, 1e9, math.inf)] == [
        "less than a second",
        "4 s",
        "90 s",
        "2.2 minutes",
        "2.5 hours",
        "12 days",
        "more than a year",
        "more than a year",
    ]
    assert str(Forecast(1234, 2.5e9, 1.0, "jax")) == "about 1,234 rows and 2.5 GB"
    assert str(Forecast(1234, 2.5e9, 1.0)).startswith("about 1,234 rows, 2.5 GB and less than a second at this")
    assert allowed(4e9) == "allowed are 4 GB"
    assert allowed(Memory.left_of(4e9, 3e9)) == "allowed are 4 GB, 3 GB of it for rows"


def test_growth_goes_on():
    assert [extrapolated([1, 3, 9], step) for step in (0, 2, 4)] == [1, 9, 81]
    assert extrapolated([1], 7) == 1
    assert extrapolated([1, 0], 7) == 0
    assert together([Forecast(3, 5, 10.0), Forecast(4, 2, 20.0)], 6) == Forecast(4, 5, 90.0)


def test_the_rate_is_measured_once_in_a_process(monkeypatch):
    assert rate("numba") > 1e6
    monkeypatch.setattr(forecast, "capacity_kernels", None)
    assert rate("numba") > 1e6


CHANNELS = {
    "final": (SLIP, CENTRE, 7, "final"),
    "trajectory": (SLIP, CENTRE, 4, "trajectory"),
    "long sequences": (three_states(), 0, 14, "final"),
}


@for_each("name", CHANNELS)
def test_rows_and_bytes_of_a_channel_are_those_of_its_arrays(name):
    world, state, horizon, output = CHANNELS[name]
    solver = solver_of(world, horizon, states=[state], output=output, method="enumeration")
    expected = solver.forecast(solver.request.problem.numbers)
    arguments = world, world.state_index(state), horizon, make_sensor(None, world), output, math.inf
    kernel = capacity_kernels(None)
    open_loop(*arguments, kernel)
    tracemalloc.start()
    channel = open_loop(*arguments, kernel)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    before = open_loop(*arguments[:2], horizon - 1, *arguments[3:], kernel)
    if output == "trajectory":  # of the last reading rows are merged further once it alone is left
        assert expected.rows == world.n_actions * len(before.rows)
    assert len(channel.rows) <= expected.rows <= world.n_actions**horizon
    # The capacity that follows is in the forecast as well, and may take more than the rows.
    assert peak <= 1.2 * expected.memory
    assert expected.memory <= 1.5 * max(peak, forecast.bytes_of_capacity(*channel.rows.shape))


@for_each("horizon", [7, 8, 9])
def test_rows_of_column_generation_are_those_that_it_prices(horizon, monkeypatch):

    sizes = []
    oracle = exact.SequenceOracle

    def noted(*arguments):
        made = oracle(*arguments)
        sizes.append(made.offsets.size)
        return made

    monkeypatch.setattr(exact, "SequenceOracle", noted)
    emp.empowerment(SLIP, horizon, states=CENTRE)
    assert sizes == [forecast_of(SLIP, horizon, states=[CENTRE]).rows]


def test_what_does_not_fit_is_forecast_as_bounds():
    small = {"options": {"max_sequences": 10_000}}
    assert forecast_of(SLIP, 9, states=[CENTRE], **small).rows == 100
    assert forecast_of(SLIP, 9, states=[CENTRE], output="trajectory", **small).rows == 100
    named = forecast_of(SLIP, 9, states=[CENTRE], output="trajectory", method="enumeration", **small)
    assert named.rows > 1e6
    assert forecast_of(SLIP, 9, states=[CENTRE], method="interval").rows == 500_000
    assert forecast_of(SLIP, 9, states=[CENTRE], method="sampled").rows == 1000


def test_many_states_take_the_sum_of_their_operations():
    one, all_of_them = (forecast_of(SLIP, 6, states=states) for states in ([CENTRE], None))
    assert 20 < all_of_them.operations / one.operations < 88 * 1.5
    assert all_of_them.rows >= 5**4


def test_other_questions_have_forecasts_too():
    maze, tiger = emp.worlds.klyubin_maze(), emp.worlds.tiger()
    assert forecast_of(maze, 5).seconds < 1
    assert forecast_of(SLIP, 5, feedback=True, output="trajectory").rows == 5
    assert forecast_of(tiger, 3, feedback=True, output="trajectory").rows == (3 * 2) ** 3
    assert forecast_of(SLIP, 3, feedback=True) is None


@pytest.fixture
def slow_machine(monkeypatch):
    """Let this machine seem a thousand times slower."""
    actual = rate("numba")
    monkeypatch.setattr(forecast, "rate", lambda backend: actual / 1000)


def test_long_trajectories_warn_before_they_begin(slow_machine):
    with pytest.warns(
        emp.LongRunWarning, match=r"^trajectories of 4 actions from 1 states? need about 625 rows, .*GB"
    ):
        emp.empowerment(SLIP, 4, states=CENTRE, output="trajectory")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", emp.LongRunWarning)
        emp.empowerment(SLIP, 4, states=CENTRE, output="trajectory")
    emp.empowerment(SLIP, 7, states=CENTRE)  # of last readings nothing is said
    emp.empowerment(SLIP, 2, states=CENTRE, output="trajectory")


def test_short_trajectories_do_not_warn():
    emp.empowerment(SLIP, 4, states=CENTRE, output="trajectory")


def test_refusals_tell_what_it_would_take():
    needs = r"need about \S+ rows, \S+ GB and .* at this machine's rate; .*shorten the horizon"
    for options, method in (({"max_sequences": 1000}, "column-generation"), ({"memory": 1e6}, "enumeration")):
        with pytest.raises(MemoryError, match=needs):
            emp.empowerment(SLIP, 8, states=CENTRE, method=method, options=options)
    options = {"output": "trajectory", "method": "column-generation", "options": {"memory": 1e5}}
    with pytest.raises(
        MemoryError, match=r"which need about 2.18e\+09 rows, 87.1 GB and .*; allowed are 0.0001 GB, "
    ):
        emp.empowerment(emp.worlds.tiger(), 12, feedback=True, **options)
    with pytest.raises(MemoryError, match=r"allowed are 0.001 GB, 0.000125 GB of it for rows"):
        emp.empowerment(SLIP, 8, states=CENTRE, method="enumeration", options={"memory": 1e6})


def test_a_bar_tells_what_the_states_take(capsys, monkeypatch):
    pytest.importorskip("tqdm")
    monkeypatch.setenv("COLUMNS", "200")

    def bar():
        return capsys.readouterr().err

    emp.empowerment(SLIP, 6, states=CENTRE, progress=True)
    assert re.search(
        r"empowerment, horizon 6: .*, expected less than a second, 0.0\d+ GB, 9,375 rows a state\]", bar()
    )
    emp.empowerment(SLIP, 1, states=CENTRE, feedback=True, progress=True)
    assert "rows" not in bar()


def test_nobody_watches_and_nothing_is_forecast(monkeypatch):
    monkeypatch.setattr(forecast, "rate", None)
    emp.empowerment(SLIP, 3, states=CENTRE, progress=False)


def test_libraries_model_and_processes_have_their_share_of_the_memory():
    large = Resources(memory=4e9)
    alone = large.for_rows(0)
    assert 3.7e9 < alone < 3.8e9
    assert alone.limit == 4e9
    assert large.for_rows(1e8) == alone - 4e8
    two = replace(large, processes=2).for_rows(0)
    assert 2 * two + 3 * (4e9 - alone) == pytest.approx(4e9)
    assert Resources(memory=1e6).for_rows(0) == 1.25e5  # an eighth is left of any
    assert replace(large, processes=100).for_rows(0) == 5e6


# A fresh process prints the peak of its memory, and that of its largest child.
AT_WORK = """
import resource, sys
import numpy as np
import empowerment as emp
from benchmarks.memory import peak
first = [[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.25, 0.25, 0.5]]
second = [[0.1, 0.3, 0.6], [0.5, 0.3, 0.2], [0.2, 0.1, 0.7]]
three = emp.MDP(np.stack([first, second], axis=1))
slip = emp.worlds.slip_grid()
quiet = dict(on_failure="ignore", progress=False, options={{"memory": {memory}}})
try:
    found = emp.empowerment({call}, **quiet)
    print(found.method[0])
except MemoryError:
    print("refused")
print(peak(), 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""

CALLS = {
    "enumeration": ("three, 18, states=0, method='enumeration'", "enumeration"),
    "refused": ("three, 21, states=0, method='enumeration'", "refused"),
    "column generation": ("slip, 9, states=(4, 4)", "column-generation"),
    "trajectory": ("slip, 4, states=(4, 4), output='trajectory'", "enumeration"),
    "long trajectory": ("slip, 9, states=(4, 4), output='trajectory'", "interval"),
    "interval": ("slip, 16, states=(4, 4), method='interval'", "interval"),
}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count resident memory differently")
@pytest.mark.slow
@for_each("name", CALLS)
def test_a_whole_process_keeps_to_its_memory(name):
    call, method = CALLS[name]
    found, peak, _ = run_at_work(call, 4e8)
    assert found == method
    assert peak <= 4e8


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count resident memory differently")
@pytest.mark.slow
def test_processes_share_the_memory():
    call = "three, 18, states=[0, 1, 2], method='enumeration', n_jobs=2"
    found, peak, child = run_at_work(call, 1e9)
    assert found == "enumeration"
    assert peak + 2 * child <= 1e9


def run_at_work(call, memory):
    """Return the method, the peak of the process, and that of its largest child, in bytes."""
    environment = os.environ | {"EMPOWERMENT_QUIET": "1"}
    compiled = [sys.executable, "-m", "empowerment", "compile"]  # the compiler would have its share of the peak
    subprocess.run(compiled, capture_output=True, check=True, env=environment)
    source = AT_WORK.format(call=call, memory=memory)
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True, env=environment)
    method, sizes = done.stdout.splitlines()[-2:]
    return method, *map(int, sizes.split())
