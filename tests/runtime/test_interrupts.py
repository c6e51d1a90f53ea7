"""Ctrl-C, and any signal handler that raises: always the exception, soon, and work goes on afterwards."""

import os
import signal
import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp
from empowerment.runtime import interrupts

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


@for_each(
    ("number", "kinds"),
    [
        (2, "working-set;counting"),
        (1, "command line"),
        (7, "working-set;blahut-arimoto;squarem;batch;counting;alarm;value iteration"),
        (3, "map, 2 processes, checkpoint"),
        (2, "command line"),
        (1, "notebook"),
    ],
    first=2,
)
def test_signals_at_random_moments(number, kinds):
    """The short form of ``python -m benchmarks.interrupts``."""
    if kinds == "notebook" and not (find_spec("ipykernel") and find_spec("jupyter_client")):
        pytest.skip("needs ipykernel")
    arguments = ["--number", str(number), "--seed", "5", "--kinds", kinds]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.interrupts", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split("\nall ")[1].split() == [str(number), str(number)]


_DONE = """
import sys, threading, time
from empowerment.__main__ import main

threading.Thread(target=time.sleep, args=(60,)).start()
sys.argv = ["empowerment", "capacity", sys.argv[1], "--json"]
sys.exit(main())
"""


def test_a_command_that_is_done_answers_a_signal_with_its_own_exit_code(tmp_path):
    np.save(tmp_path / "channel.npy", np.eye(2))
    command = [sys.executable, "-c", _DONE, str(tmp_path / "channel.npy")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert '"value": 1.0' in process.stdout.readline()
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=30)[1] == ""
    assert process.returncode == 0


class Work:
    """Stands in for an entry point: it runs until the flag is set."""

    def __init__(self):
        self.begun, self.ended, self.thread = threading.Event(), threading.Event(), None

    def prepare(self):
        pass

    def __call__(self, stop):
        self.thread = threading.current_thread()
        self.begun.set()
        while not stop[0]:
            time.sleep(0.001)
        self.ended.set()


def test_a_signal_handler_that_raises_ends_the_work(monkeypatch):
    def out_of_time(*_):
        raise TimeoutError("too long")

    before = signal.signal(signal.SIGALRM, out_of_time)
    work = Work()
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(TimeoutError, match="too long"):
            interrupts.run(work, (), 1e12)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert work.ended.wait(10)
    assert work.thread is not threading.main_thread()


def test_little_work_is_done_where_it_is_asked_for():
    class Quick(Work):
        def __call__(self, stop):
            self.thread = threading.current_thread()

    work = Quick()
    interrupts.run(work, (), 1e6)
    assert work.thread is threading.main_thread()
    interrupts.run(work, (), 1e12)
    assert work.thread is not threading.main_thread()


def test_work_in_other_threads_is_ended_by_the_flag_they_share():
    flag, work, raised = interrupts.new_flag(), Work(), []

    def run():
        with interrupts.stopped_by(flag):
            try:
                interrupts.run(work, (), 1e12)
            except interrupts.StoppedError as reason:
                raised.append(reason)

    thread = threading.Thread(target=run)
    thread.start()
    assert work.begun.wait(10)
    flag[0] = 1
    thread.join(10)
    assert work.thread is thread
    assert len(raised) == 1


def test_an_error_in_the_thread_comes_through():
    class Failing(Work):
        def __call__(self, stop):
            raise MemoryError("no room")

    with pytest.raises(MemoryError, match="no room"):
        interrupts.run(Failing(), (), 1e12)


def test_what_runs_in_a_thread_is_what_runs_here(monkeypatch):
    rng = np.random.default_rng(0)
    matrix = rng.dirichlet(np.ones(30), size=30)
    world = emp.worlds.klyubin_maze(slip=0.1)
    results = []
    for soon in (1e30, -1.0):
        monkeypatch.setattr(interrupts, "_SOON", soon)
        results.append(
            [
                emp.channel_capacity(matrix).value,
                emp.channel_capacity(matrix, method="squarem", tol=1e-6).value,
                emp.empowerment(world, 3, states=[(0, 0)]).value[0],
                emp.empowerment(emp.worlds.klyubin_maze(), 3, states=[(0, 0)]).value[0],
            ]
        )
    assert results[0] == results[1]
