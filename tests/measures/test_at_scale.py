"""empowerment() where not every sequence is looked at, where some stop early, where work is shared or killed."""

import itertools
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import warnings

import joblib
import numpy as np
import pytest
from helpers import for_each, random_model
from joblib.externals.loky import get_reusable_executor

import empowerment as emp
from empowerment.measures.open_loop_solver import OpenLoopSolver

BAY = ["S..H", "..#.", "...G"]  # eleven free cells, two of them terminal


def bay(slip=0.2):
    return emp.worlds.grid_world(BAY, slip=slip)


FIELDS = ("value", "lower", "upper", "status", "method", "state_numbers")
CARRIED = ("actions", "weights", "offsets", "successors", "readings", "starts", "horizon", "stopping")


def differing(one, other):
    """Return the names of what is not the same in two results, to the last bit."""
    found = [name for name in FIELDS if not np.array_equal(getattr(one, name), getattr(other, name))]
    kept = [result.optimal for result in (one, other) if result.optimal is not None]
    assert len(kept) != 1
    return found + [name for name in CARRIED if kept and not np.array_equal(*(getattr(k, name, 0) for k in kept))]


def information_at(model, state, carried, sensor=None):
    """Return the mutual information in bits of sequences with weights, of whatever lengths they are."""
    rows = []
    for sequence, _ in carried:
        row = np.eye(model.n_states)[model.state_index(state)]
        for action in sequence:
            number = list(model.actions).index(action)
            assert not (row[~model.available[:, number]] > 0).any()
            row = row @ model.action_matrices[number]
        rows.append(row)
    p = np.array([weight for _, weight in carried])
    rows = np.array(rows) if sensor is None else np.array(rows) @ sensor
    return emp.mutual_information(rows, p / p.sum())


# --- which method answers


@pytest.fixture(scope="module")
def bounded():
    """Bounds where 500 sequences are too few, and the warnings that came with them."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        return emp.empowerment(bay(), 6, options={"max_sequences": 500}), caught


def test_states_with_too_many_sequences_get_bounds_and_the_others_exact_values(bounded):
    result, exact = bounded[0], emp.empowerment(bay(), 6)
    missed = result.method == "interval"
    assert sorted(set(result.method.tolist())) == ["column-generation", "interval"]
    assert result.methods == f"{(~missed).sum()} by column-generation, {missed.sum()} by interval"
    assert result.methods in repr(result)
    assert result.kind.tolist() == ["interval" if bounds else "exact" for bounds in missed]
    assert (result.status == np.where(missed, emp.Status.BOUNDED, emp.Status.CERTIFIED)).all()
    assert (result.converged == ~missed).all()
    assert not differing(result[(0, 3)], exact[(0, 3)])  # a terminal state
    assert (result.lower <= exact.upper).all()
    assert (exact.lower <= result.upper).all()


def test_bounds_that_were_not_asked_for_warn_once(bounded):
    (warning,) = bounded[1]
    assert warning.category is emp.ConvergenceWarning
    assert "8 of 11 intervals are wider than wanted" in str(warning.message)
    assert "not every action sequence or policy was looked at" in str(warning.message)


def test_one_state_keeps_its_method(bounded):
    assert bounded[0][(0, 0)].methods == "interval"
    assert bounded[0][(2, 3)].methods == "column-generation"
    assert bounded[0][(2, 3)].kind.tolist() == ["exact"]


def test_bounds_that_were_asked_for_do_not_warn(recwarn):
    for method in ("interval", "sampled"):
        result = emp.empowerment(bay(), 6, states=(0, 0), method=method, rng=0, on_failure="raise")
        assert result.status.tolist() == [emp.Status.BOUNDED]
        assert not result.converged.any()
    assert not recwarn.list


def test_bounds_that_were_not_asked_for_may_raise():
    with pytest.raises(RuntimeError, match="1 of 1 intervals are wider than wanted"):
        emp.empowerment(bay(), 6, states=(0, 0), options={"max_sequences": 500}, on_failure="raise")


@for_each("limit", [{"max_sequences": 500}, {"memory": 2e4}])
def test_an_exact_value_that_takes_too_much_is_refused_and_the_state_is_named(limit):
    with pytest.raises(MemoryError, match=r"^state \(0, 0\): .* of 6 steps .* method='interval'; these limits"):
        emp.empowerment(bay(), 6, method="column-generation", options=limit)


def test_an_enumeration_that_takes_too_much_is_refused_and_the_state_is_named():
    with pytest.raises(MemoryError, match=r"^state \(0, 0\): step \d of 6 takes .* GB of rows"):
        emp.empowerment(bay(), 6, method="enumeration", options={"memory": 2e4})


@for_each("n_jobs", [1, 2])
def test_a_refusal_comes_through_from_other_processes(n_jobs):
    with pytest.raises(MemoryError, match=r"^state \(\d, \d\): .* sequences of 6 steps"):
        emp.empowerment(bay(), 6, method="column-generation", options={"max_sequences": 500}, n_jobs=n_jobs)


@for_each("method", ["column-generation", "sampled"])
def test_methods_for_the_last_reading_refuse_trajectories(method):
    with pytest.raises(ValueError, match=f"method='{method}' is for the final reading"):
        emp.empowerment(bay(), 2, output="trajectory", method=method)


def test_trajectories_with_too_many_sequences_get_bounds():
    exact = emp.empowerment(bay(), 3, states=(0, 0), output="trajectory")
    assert exact.methods == "enumeration"
    with pytest.warns(emp.ConvergenceWarning, match="1 of 1 intervals"):
        result = emp.empowerment(bay(), 3, states=(0, 0), output="trajectory", options={"max_sequences": 50})
    assert (result.methods, result.kind[0]) == ("interval", "interval")
    assert result.lower[0] <= exact.value[0] <= result.upper[0]


def test_exact_methods_agree_in_every_state():
    for options in ({}, {"sensor": lambda cell: cell[0]}, {"stopping": True}):
        one = emp.empowerment(bay(), 3, method="enumeration", **options)
        other = emp.empowerment(bay(), 3, method="column-generation", **options)
        assert one.value == pytest.approx(other.value, abs=2e-9)
        assert one.kind.tolist() == other.kind.tolist() == ["exact"] * 11


# --- sequences drawn at random


def drawn(**options):
    return emp.empowerment(bay(), 4, method="sampled", **{"rng": 7, "options": {"samples": 30}} | options)


def test_drawn_sequences_are_a_lower_bound():
    exact, found = emp.empowerment(bay(), 4), drawn()
    assert found.kind.tolist() == ["lower bound"] * 11
    assert (found.lower <= exact.upper).all()
    assert (exact.lower <= found.upper).all()
    assert ((found.value > 0.3 * exact.value) | (exact.value < 1e-9)).all()
    for state in found.states:
        assert information_at(bay(), state, found.sequences(state)) >= found[state].lower[0] - 1e-4


def test_every_state_draws_numbers_of_its_own():
    found = drawn()
    assert not differing(found, drawn())
    assert not differing(found, drawn(rng=np.int64(7)))
    assert not differing(found, drawn(n_jobs=2))
    assert not differing(found[(2, 1)], drawn(states=(2, 1)))
    backwards = drawn(states=list(found.states[::-1]))
    assert backwards.lower.tolist() == found.lower[::-1].tolist()
    assert "lower" in differing(found, drawn(rng=8))


def test_no_two_states_draw_the_same_sequences():
    """On a torus all states are alike but for what is drawn."""
    cells = np.arange(16).reshape(4, 4)
    moves = [np.roll(cells, shift, axis).reshape(-1) for axis in (0, 1) for shift in (1, -1)]
    model = emp.MDP(np.stack([0.8 * np.eye(16)[move] + 0.2 * np.eye(16) for move in moves], axis=1))
    found = emp.empowerment(model, 3, method="sampled", options={"samples": 3}, rng=0)
    assert len(set(found.value.round(9))) > 3
    assert np.ptp(emp.empowerment(model, 3).value) < 2e-9


def test_a_generator_goes_on():
    rng, again = np.random.default_rng(3), np.random.default_rng(3)
    first, second = drawn(rng=rng), drawn(rng=rng)
    assert differing(first, second)
    assert not differing(first, drawn(rng=again))
    assert not differing(second, drawn(rng=again))


@for_each("rng", [-1, 1.0, True, "7", [7]])
def test_other_sources_of_random_numbers_are_refused(rng):
    with pytest.raises(ValueError, match=r"rng is .*, expected a numpy.random.Generator, a seed"):
        drawn(rng=rng)


def test_more_samples_find_more():
    few, many = (drawn(options={"samples": n}, states=(1, 0)) for n in (3, 5000))
    assert many.lower[0] > few.lower[0]
    assert many.value[0] == pytest.approx(float(emp.empowerment(bay(), 4, states=(1, 0))), abs=0.01)


# --- sequences that may stop


def reached(model, start, horizon):
    """Return the states that at most `horizon` steps lead to, one step after the other."""
    found = {start}
    for _ in range(horizon):
        found |= {int(s) for state in found for s in model.successors[state] if s >= 0}
    return found


@for_each("method", ["auto", "counting", "column-generation", "enumeration"])
def test_in_a_deterministic_world_stopping_counts_all_that_is_near(method):
    maze = emp.worlds.grid_world(["....", ".##.", "..#."], stay=False)
    rng = np.random.default_rng(0)
    rows = np.eye(5)[rng.integers(5, size=(5, 2))]
    chance = emp.MDP(rows, available=rng.random((5, 2)) > 0.3)
    for model, horizon in itertools.product((maze, chance), range(5)):
        result = emp.empowerment(model, horizon, stopping=True, method=method)
        counts = [len(reached(model, start, horizon)) for start in range(model.n_states)]
        assert 2**result.value == pytest.approx(counts, abs=1e-7)
        assert result.stopping
        for state, count in zip(result.states, counts, strict=True):
            assert len(result.sequences(state)) >= count
            assert information_at(model, state, result.sequences(state)) == pytest.approx(math.log2(count), abs=1e-4)


def up_to(model, start, horizon, sensor):
    """Return the capacity in bits of all available sequences of at most `horizon` actions, by brute force."""
    rows = []
    for length in range(horizon + 1):
        for word in itertools.product(range(model.n_actions), repeat=length):
            row = np.eye(model.n_states)[start]
            for action in word:
                if (row[~model.available[:, action]] > 0).any():
                    break
                row = row @ model.action_matrices[action]
            else:
                rows.append(row @ sensor)
    return emp.channel_capacity(np.array(rows), tol=1e-10)


@for_each("seed", range(12), first=3)
@for_each("method", ["auto", "enumeration", "interval", "sampled"])
def test_in_a_noisy_world_stopping_takes_all_shorter_sequences(seed, method):
    model = random_model(seed, n_actions=2, missing=0.3 * (seed % 2))
    matrix = np.random.default_rng(seed).dirichlet(np.ones(3), size=4)
    sensor, reading = ((None, np.eye(4)), (matrix, matrix))[seed % 3 == 2]
    before = np.zeros(4)
    for horizon in range(5):
        options = {"sensor": sensor, "method": method, "rng": seed, "options": {"samples": 20}}
        found = emp.empowerment(model, horizon, stopping=True, **options)
        for start in range(4):
            wanted = up_to(model, start, horizon, reading)
            assert found.lower[start] <= wanted.upper
            assert wanted.lower <= found.upper[start]
        if method in ("auto", "enumeration"):
            assert found.converged.all()
            assert (found.value >= before - 2e-9).all()
        assert (found.status != emp.Status.NO_SEQUENCE).all()  # the empty one is always there
        before = found.value


def test_sequences_that_stop_are_returned_shorter():
    """Four cells in a row: "go" mostly leads to the next one, and who wants to stay must stop."""
    rows = np.zeros((4, 1, 4))
    rows[np.arange(3), 0, np.arange(1, 4)], rows[np.arange(3), 0, np.arange(3)], rows[3, 0, 3] = 0.9, 0.1, 1.0
    world = emp.MDP(rows, actions=["go"], states=list("abcd"))
    result = emp.empowerment(world, 3, states="a", stopping=True)
    assert {sequence for sequence, _ in result.sequences("a")} == {("go",) * n for n in range(4)}
    assert sorted(result.optimal.actions.tolist()) == [[-1, -1, -1], [0, -1, -1], [0, 0, -1], [0, 0, 0]]
    assert information_at(world, "a", result.sequences("a")) == pytest.approx(float(result), abs=1e-6)


@for_each("seed", range(6))
def test_the_sequences_of_a_noisy_world_are_never_longer_than_the_horizon_and_carry_the_value(seed):
    model = random_model(seed, n_actions=2, missing=0.3 * (seed % 2))
    result = emp.empowerment(model, 4, stopping=True)
    lengths = set()
    for state in result.states:
        lengths |= {len(sequence) for sequence, _ in result.sequences(state)}
        assert information_at(model, state, result.sequences(state)) == pytest.approx(float(result[state]), abs=1e-4)
    assert len(lengths) > 1
    assert max(lengths) <= 4


@for_each("method", ["auto", "enumeration", "interval", "sampled"])
def test_doing_nothing_comes_after_all_actions(method):
    """Wherever in a sequence nothing is done, it stands for the same sequence that stops."""
    options = {"method": method, "rng": 0, "options": {"samples": 30}, "on_failure": "ignore"}
    result = emp.empowerment(bay(), 4, stopping=True, **options)
    stopped = result.optimal.actions < 0
    assert stopped.any()
    assert (np.diff(stopped.astype(int), axis=1) >= 0).all()


def test_stopping_is_about_the_last_reading():
    with pytest.raises(ValueError, match="stopping=True asks where the agent stopped, expected output='final'"):
        emp.empowerment(bay(), 2, stopping=True, output="trajectory")


# --- symmetries


def without_symmetries(model):
    rows, actions = model.rows, list(model.actions)
    plain = emp.MDP(rows, states=list(model.states), actions=actions, available=np.array(model.available))
    assert not plain.symmetries
    return plain


SYMMETRIC = {
    "square": lambda: emp.worlds.open_grid(5, slip=0.1),
    "rectangle": lambda: emp.worlds.open_grid(3, 4, slip=0.3, slip_mode="perpendicular", stay=False),
}


@for_each("options", [{}, {"stopping": True}, {"method": "enumeration"}, {"method": "interval"}], ids=str)
@for_each("name", SYMMETRIC)
def test_states_alike_have_the_values_and_sequences_that_they_have_by_themselves(name, options):
    model = SYMMETRIC[name]()
    together, apart = (emp.empowerment(m, 3, **options) for m in (model, without_symmetries(model)))
    if options.get("method") == "interval":
        assert (together.lower <= apart.upper).all()
        assert (apart.lower <= together.upper).all()
    else:
        assert together.value == pytest.approx(apart.value, abs=2e-9)
    for state in model.states:
        carried = information_at(model, state, together.sequences(state))
        assert carried == pytest.approx(float(together[state]), abs=1e-4)


def test_of_states_alike_one_is_computed(monkeypatch):
    numbers, solve = [], OpenLoopSolver.__call__

    def counted(self, asked):
        numbers.extend(asked.tolist())
        return solve(self, asked)

    monkeypatch.setattr(OpenLoopSolver, "__call__", counted)
    emp.empowerment(emp.worlds.open_grid(5, slip=0.1), 2)
    assert len(numbers) == 6  # of 25 cells those of one eighth
    numbers.clear()
    emp.empowerment(emp.worlds.open_grid(5, slip=0.1), 2, states=[(4, 4), (0, 0), (0, 4), (2, 2)])
    assert numbers == [12, 24]  # of a corner the first asked for


@for_each(
    "sensor",
    [lambda cell: cell[0] > 0, np.random.default_rng(0).dirichlet(np.ones(3), size=25)],
    ids=["row", "matrix"],
)
def test_a_sensor_that_is_not_symmetric_tells_states_apart(sensor):
    model = emp.worlds.open_grid(5, slip=0.1)
    result, apart = (emp.empowerment(m, 2, sensor=sensor) for m in (model, without_symmetries(model)))
    assert not differing(result, apart)
    assert abs(float(result[(0, 2)]) - float(result[(4, 2)])) > 1e-3


def test_symmetries_do_not_change_what_is_drawn():
    model = emp.worlds.open_grid(3, slip=0.1)
    one, other = (
        emp.empowerment(m, 3, method="sampled", options={"samples": 5}, rng=1)
        for m in (model, without_symmetries(model))
    )
    assert not differing(one, other)


# --- many processes


@pytest.fixture(scope="module", autouse=True)
def _processes_end_with_the_module():
    yield
    get_reusable_executor().shutdown(wait=True)


def side_effects():
    """Return a noisy world in which two states share the end of their ways but not the beginning.

    What is found for the one must not depend on whether the other was there before.
    """
    rows = np.zeros((40, 2, 40))
    rows[:6, :, :6] = np.random.default_rng(0).dirichlet(np.ones(6), size=(6, 2))
    rows[[6, 8], 0, :2], rows[[6, 8], 1, 0], rows[7, :, 8] = 0.5, 1.0, 1.0
    rows[np.arange(9, 40), :, np.arange(9, 40)] = 1.0
    return emp.MDP(rows)


QUESTIONS = {
    "exact": lambda: (emp.worlds.slip_grid(), {"horizon": 4}),
    "stopping": lambda: (bay(), {"horizon": 3, "stopping": True, "sensor": lambda cell: cell[0]}),
    "bounds": lambda: (bay(), {"horizon": 5, "options": {"max_sequences": 500}}),
    "shared": lambda: (
        side_effects(),
        {"horizon": 20, "states": [6, 7], "method": "interval", "options": {"max_sequences": 10**6}},
    ),
    "drawn": lambda: (bay(), {"horizon": 4, "method": "sampled", "rng": 0, "options": {"samples": 20}}),
    "trajectories": lambda: (bay(), {"horizon": 2, "output": "trajectory"}),
    "alike": lambda: (emp.worlds.open_grid(5, slip=0.1), {"horizon": 3}),
    "plain": lambda: (bay(), {"horizon": 4, "backend": "reference"}),
    "counted": lambda: (emp.worlds.klyubin_maze(), {"horizon": 5}),
}


ON_A_CLUSTER = ("exact", "bounds", "drawn", "counted")
ENGINES = [*((name, "loky") for name in QUESTIONS), *((name, "dask") for name in ON_A_CLUSTER)]


@for_each(("name", "engine"), ENGINES, first=len(QUESTIONS))  # that a cluster does the work, test_parallel.py checks
def test_many_processes_find_what_one_does_to_the_last_bit(name, engine, request):
    model, options = QUESTIONS[name]()
    options = {"on_failure": "ignore"} | options
    if engine == "dask":
        request.getfixturevalue("cluster")
    alone = emp.empowerment(model, **options, n_jobs=1)
    with joblib.parallel_config(backend=engine, n_jobs=2), warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not differing(alone, emp.empowerment(model, **options))


def test_two_jobs_are_two_processes(monkeypatch):
    """Else the comparison would say nothing."""
    monkeypatch.setattr(OpenLoopSolver, "__call__", None)  # in this process alone
    model = emp.worlds.slip_grid()
    assert emp.empowerment(model, 1, method="column-generation", n_jobs=2).converged.all()
    with pytest.raises(TypeError):
        emp.empowerment(model, 1, method="column-generation", n_jobs=1)


def test_an_answer_does_not_depend_on_what_else_is_asked():
    options = {"horizon": 20, "method": "interval", "options": {"max_sequences": 10**6}}
    together = emp.empowerment(side_effects(), states=[6, 7], **options)
    for state in (6, 7):
        assert not differing(together[state], emp.empowerment(side_effects(), states=state, **options))


# --- runs that are killed


RUN = """
import sys
import empowerment as emp

result = emp.empowerment(emp.worlds.slip_grid(), 6, checkpoint=sys.argv[1])
"""


def chunks(folder):
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("chunk-*.npz")}


def killed(folder, least, wait):
    """Run in a child process until there are so many chunks, wait, and kill it."""
    child = subprocess.Popen([sys.executable, "-c", RUN, str(folder)])
    try:
        while child.poll() is None and len(chunks(folder)) < least:
            time.sleep(0.002)
        time.sleep(wait)
        child.send_signal(signal.SIGKILL)
    finally:
        child.kill()
        child.wait()
    assert child.returncode == -signal.SIGKILL


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_run_that_is_killed_goes_on_and_ends_as_if_it_had_not_been(tmp_path):
    folder = tmp_path / "run"
    uninterrupted = emp.empowerment(emp.worlds.slip_grid(), 6)
    for least in (1, 20):
        killed(folder, least, random.uniform(0, 0.1))
    before = chunks(folder)
    assert 20 <= len(before) < 88
    result = emp.empowerment(emp.worlds.slip_grid(), 6, checkpoint=folder)
    after = chunks(folder)
    assert len(after) == 88
    assert before.items() <= after.items()  # none was made a second time
    assert not differing(uninterrupted, result)


@pytest.fixture
def finished(tmp_path, monkeypatch):
    """A checkpoint whose run came to its end, with one state in each chunk."""
    monkeypatch.setattr("empowerment.measures.open_loop_solver._CHUNK_SEQUENCES", 1)
    emp.empowerment(bay(), 2, checkpoint=tmp_path / "run")
    return tmp_path / "run"


def test_a_finished_run_is_only_read(finished, monkeypatch):
    before, wanted = chunks(finished), emp.empowerment(bay(), 2)
    monkeypatch.setattr(OpenLoopSolver, "__call__", None)
    assert not differing(wanted, emp.empowerment(bay(), 2, checkpoint=finished))
    assert chunks(finished) == before


def test_only_missing_chunks_are_made_again_by_one_process_or_two(finished):
    wanted, before = emp.empowerment(bay(), 2), chunks(finished)
    for n_jobs in (1, 2):
        for name in ("chunk-000003.npz", "chunk-000007.npz", "chunk-000010.npz"):
            (finished / name).unlink()
        assert not differing(wanted, emp.empowerment(bay(), 2, checkpoint=finished, n_jobs=n_jobs))
        after = chunks(finished)
        changed = {name for name in before if before[name] != after[name]}
        assert changed == {"chunk-000003.npz", "chunk-000007.npz", "chunk-000010.npz"}


def test_progress_begins_with_what_is_there(finished, capsys):
    emp.empowerment(bay(), 2, checkpoint=finished, progress=True)
    assert "11/11" in capsys.readouterr().err


def test_a_damaged_chunk_is_named(finished):
    (finished / "chunk-000004.npz").write_bytes(b"damaged")
    with pytest.raises(ValueError, match=r"chunk-000004.npz' is damaged, or is not the chunk .*; delete it"):
        emp.empowerment(bay(), 2, checkpoint=finished)


def test_the_order_of_the_states_does_not_matter(tmp_path):
    one = emp.empowerment(bay(), 2, states=[(0, 0), (1, 1)], checkpoint=tmp_path / "run")
    other = emp.empowerment(bay(), 2, states=[(1, 1), (0, 0), (1, 1)], checkpoint=tmp_path / "run")
    assert other.states == ((1, 1), (0, 0), (1, 1))
    assert other.value.tolist() == one.value[[1, 0, 1]].tolist()


@for_each(
    ("change", "sentence"),
    [
        ({"model": bay(0.3)}, "the model"),
        ({"model": emp.worlds.grid_world(["S..H", "..#.", "...."], slip=0.2)}, "the model"),
        ({"horizon": 3}, r"horizon \(2 there, 3 now\)"),
        ({"tol": 1e-8}, r"tol \(1e-09 there, 1e-08 now\)"),
        ({"rtol": 0.1}, r"rtol \(0\.0 there, 0\.1 now\)"),
        ({"base": math.e}, r"base \(2\.0 there, 2\.718\d+ now\)"),
        ({"method": "enumeration"}, r'method \("auto" there, "enumeration" now\)'),
        ({"backend": "reference"}, r'backend \("numba" there, "reference" now\)'),
        ({"options": {"max_sequences": 7000}}, r"max_sequences \(50000000 there, 7000 now\)"),
        ({"options": {"memory": 1e9}}, "memory"),
        ({"options": {"max_iter": 5000}}, r"max_iter \(100000 there, 5000 now\)"),
        ({"stopping": True}, r"stopping \(false there, true now\).* the model"),
        ({"output": "trajectory"}, r'output \("final" there, "trajectory" now\)'),
        ({"sensor": lambda cell: cell[0]}, "the sensor"),
        ({"states": [(0, 0)]}, "the states"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_another_question_is_refused(change, sentence, finished):
    options = {"model": bay(), "horizon": 2} | change
    before = chunks(finished)
    with pytest.raises(ValueError, match=f"belongs to another question, which differs in .*{sentence}"):
        emp.empowerment(**options, checkpoint=finished)
    assert chunks(finished) == before


def test_another_version_of_the_library_is_refused(finished, monkeypatch):
    monkeypatch.setattr("empowerment.runtime.checkpoint.__version__", "9.9.9")
    with pytest.raises(ValueError, match=rf"version of the library \({emp.__version__} there, 9\.9\.9 now\)"):
        emp.empowerment(bay(), 2, checkpoint=finished)


def test_labels_are_no_part_of_the_question(finished):
    other = emp.MDP(bay().rows, states=list("abcdefghijk"), actions=list("nsew0"))
    result = emp.empowerment(other, 2, checkpoint=finished)
    assert result.value.tolist() == emp.empowerment(bay(), 2).value.tolist()
    assert {action for sequence, _ in result.sequences("a") for action in sequence} <= set("nsew0")


def test_random_numbers_go_on_with_the_seed_of_the_first_run(tmp_path):
    folder, options = tmp_path / "run", {"horizon": 4, "method": "sampled", "options": {"samples": 5}}
    first = emp.empowerment(bay(), **options, checkpoint=folder)
    for path in sorted(folder.glob("chunk-*.npz"))[::2]:
        path.unlink()
    assert not differing(first, emp.empowerment(bay(), **options, checkpoint=folder))
    with pytest.raises(ValueError, match=r"seed \(chosen by the first run there, 1 now\)"):
        emp.empowerment(bay(), **options, checkpoint=folder, rng=1)
    shutil.rmtree(folder)
    emp.empowerment(bay(), **options, checkpoint=folder, rng=1)
    with pytest.raises(ValueError, match=r"seed \(1 there, 2 now\)"):
        emp.empowerment(bay(), **options, checkpoint=folder, rng=2)
    with pytest.raises(ValueError, match=r"samples \(5 there, 6 now\)"):
        emp.empowerment(bay(), **options | {"options": {"samples": 6}}, checkpoint=folder, rng=1)


def test_a_refused_state_leaves_the_finished_ones(tmp_path):
    options = {"states": [(0, 3), (2, 0)], "options": {"max_sequences": 500}, "checkpoint": tmp_path / "run"}
    with pytest.raises(MemoryError, match=r"^state \(2, 0\): "):
        emp.empowerment(bay(), 6, method="column-generation", **options)
    assert list(chunks(tmp_path / "run")) == ["chunk-000000.npz"]
