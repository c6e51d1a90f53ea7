"""Ctrl-C at random moments: ``python -m benchmarks.interrupts [--number 200] [--seed 0] [--kinds 'batch;map']``.

Processes that compute without end are sent SIGINT. Each must answer with KeyboardInterrupt (the command line: with
exit code 130 and one line), go on as if nothing had been, and leave a checkpoint that is whole. Prints a table, and
fails if anything else happens.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import queue
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

PATIENCE = 60.0  # seconds for an answer, on a machine with much else to do; the table shows how long they took

_LOOP = """
import signal, sys, tempfile
import numpy as np
import empowerment as emp
from empowerment.capacity.kernels.cpu import equal_rows

def out_of_time(*_):
    raise TimeoutError

signal.signal(signal.SIGALRM, out_of_time)
rng = np.random.default_rng(0)
square, wide = rng.dirichlet(np.ones(400), size=400), rng.dirichlet(np.ones(1200), size=2400)
small = rng.dirichlet(np.ones(60), size=60)
batch = [rng.dirichlet(np.ones(40), size=40) for _ in range(2000)]
maze, ring = emp.worlds.klyubin_maze(slip=0.2), emp.worlds.ring(1000, slip=0.0)
quietly = {{"on_failure": "ignore"}}
folder = []

def kept(**options):
    '''Make a map with a checkpoint: go on with one that was interrupted, and compare what came of it.'''
    if not folder:
        folder.append(tempfile.mkdtemp())
    found = emp.empowerment(maze, 3, checkpoint=folder[0], **options, **quietly)
    folder.clear()
    if not np.array_equal(found.value, whole):
        print("another result", flush=True)
        sys.exit(3)

{setup}
for _ in range({number}):
    try:
        print("computing", flush=True)
        while True:
            {call}
    except (KeyboardInterrupt, TimeoutError) as reason:
        print(type(reason).__name__, flush=True)
"""

_FINISH = """
if folder:
    kept()
print("whole", flush=True)
"""


class Loop(NamedTuple):
    """A call that is made again and again in one process, and what has to be ready for it."""

    call: str
    setup: str = ""
    signal: int = signal.SIGINT
    answer: str = "KeyboardInterrupt"
    environment: tuple[tuple[str, str], ...] = ()


_WHOLE = "whole = emp.empowerment(maze, 3, **quietly).value"
_LONG = "tol=1e-12, max_iter=10**6, **quietly"
LOOPS = {
    "working-set": Loop("emp.channel_capacity(wide, **quietly)"),
    "blahut-arimoto": Loop(f"emp.channel_capacity(square, method='blahut-arimoto', {_LONG})"),
    "squarem": Loop(f"emp.channel_capacity(square, method='squarem', {_LONG})"),
    "small solves": Loop("emp.channel_capacity(small, **quietly)"),
    "alarm": Loop("emp.channel_capacity(wide, **quietly)", "", signal.SIGALRM, "TimeoutError"),
    "batch": Loop("emp.channel_capacity(batch, **quietly)"),
    "counting": Loop("emp.empowerment(ring, 10**6)"),
    "value iteration": Loop(
        "optimal_action_values(maze, rewards, discount=1 - 1e-9, max_iter=10**12, tol=1e-9)",
        "from empowerment.control.value_iteration import optimal_action_values; rewards = rng.random((100, 5))",
    ),
    "map": Loop("emp.empowerment(maze, 6, **quietly)"),
    "map, checkpoint": Loop("kept()", _WHOLE),
    "map, 2 processes, checkpoint": Loop("kept(n_jobs=2)", _WHOLE),
    "compiling": Loop("equal_rows(np.eye(3)); emp.channel_capacity(small)", environment=(("NUMBA_CACHE_DIR", ""),)),
    "jax solve": Loop(f"emp.channel_capacity(square, backend='jax', method='blahut-arimoto', {_LONG})"),
    "jax map": Loop("emp.empowerment(maze, 4, backend='jax', **quietly)"),
    "jax map, 2 processes": Loop("emp.empowerment(maze, 3, backend='jax', n_jobs=2, **quietly)"),
}


class WrongAnswerError(Exception):
    """What happened instead."""


def in_a_loop(name: str, number: int, rng: random.Random) -> Iterator[float]:
    """Yield the seconds that each answer took."""
    loop = LOOPS[name]
    code = _LOOP.format(setup=loop.setup, call=loop.call, number=number) + _FINISH
    with tempfile.TemporaryDirectory() as scratch:
        own = {key: value or scratch for key, value in loop.environment}
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": scratch, **own},
            start_new_session=True,
        )
        try:
            lines = Lines(process)
            for _ in range(number):
                lines.expect("computing", 10 * PATIENCE)
                time.sleep(rng.expovariate(2.0))
                start = time.perf_counter()
                os.killpg(process.pid, loop.signal)  # as a terminal does: to all processes of the command
                lines.expect(loop.answer, PATIENCE)
                yield time.perf_counter() - start
            lines.expect("whole", 10 * PATIENCE)
        finally:
            _end(process)


class Lines:
    """The lines that a process prints, each waited for."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process, self.lines, self.errors = process, queue.Queue(), []
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=lambda: self.errors.extend(process.stderr), daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.put(line.strip())
        self.lines.put(None)

    def expect(self, wanted: str, seconds: float) -> None:
        """Read one line, which must be this one."""
        try:
            line = self.lines.get(timeout=seconds)
        except queue.Empty:
            said = "".join(self.errors)[-2000:]
            raise WrongAnswerError(f"no {wanted!r} within {seconds:.0f} s; on stderr: {said}") from None
        if line is None:
            code = self.process.wait()
            raise WrongAnswerError(f"ended with code {code} instead of {wanted!r}: {''.join(self.errors)[-2000:]}")
        if line != wanted:
            raise WrongAnswerError(f"{line!r} instead of {wanted!r}")


_PROGRAM = """
import runpy, sys
import empowerment  # before it is there Python itself answers
print("begun", flush=True)
sys.argv = ["empowerment", *sys.argv[1:]]
runpy.run_module("empowerment", run_name="__main__", alter_sys=True)
"""


def on_the_command_line(_: str, number: int, rng: random.Random) -> Iterator[float]:
    """Interrupt the command, from its first import on."""
    for i in range(number):
        with tempfile.TemporaryDirectory() as scratch:
            folder, file = os.path.join(scratch, "checkpoint"), os.path.join(scratch, "map.npz")
            arguments = ["map", "klyubin_maze", "--slip", "0.2", "--horizon", "9", "--checkpoint", folder]
            arguments += ["--save", file, *(["--jobs", "2"] if i % 2 else [])]
            process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, *arguments],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            try:
                process.stdout.readline()
                time.sleep(rng.uniform(0.0, 5.0))
                start = time.perf_counter()
                os.killpg(process.pid, signal.SIGINT)
                _, said = process.communicate(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                raise WrongAnswerError(f"no exit within {PATIENCE:.0f} s") from None
            finally:
                _end(process)
            if (process.returncode, said.strip()) != (130, "empowerment: interrupted"):
                raise WrongAnswerError(f"exit code {process.returncode} and {said[-2000:]!r}")
            if os.path.exists(file) or any(name.startswith(".") for name in os.listdir(scratch)):
                raise WrongAnswerError("a file was left behind")
            yield time.perf_counter() - start


_CELL = """
import numpy as np, empowerment as emp
matrix = np.random.default_rng(0).dirichlet(np.ones(400), size=400)
while True:
    emp.channel_capacity(matrix, method="blahut-arimoto", tol=1e-12, max_iter=10**6, on_failure="ignore")
"""


def in_a_notebook(_: str, number: int, rng: random.Random) -> Iterator[float]:
    """Interrupt a cell of a notebook; the kernel goes on with the next one."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3")
    try:
        client.execute_interactive("import empowerment.capacity.solve", timeout=PATIENCE)
        for _ in range(number):
            client.execute(_CELL)
            while client.get_iopub_msg(timeout=PATIENCE)["msg_type"] != "execute_input":
                pass
            time.sleep(0.2 + rng.expovariate(2.0))
            start = time.perf_counter()
            manager.interrupt_kernel()
            answer = client.get_shell_msg(timeout=PATIENCE)["content"]
            if answer.get("ename") != "KeyboardInterrupt":
                raise WrongAnswerError(f"the cell ended with {answer}")
            yield time.perf_counter() - start
            after = _next_cell(client)
            if after["status"] != "ok":
                raise WrongAnswerError(f"the next cell ended with {after}")
    except queue.Empty:
        raise WrongAnswerError(f"no answer within {PATIENCE:.0f} s") from None
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _next_cell(client: Any) -> dict[str, Any]:
    """Return how another cell ends; after an error a kernel throws away what is in its queue already."""
    answer: dict[str, Any] = {"status": "aborted"}
    while answer["status"] == "aborted":
        message = client.execute_interactive("6 * 7", timeout=PATIENCE, output_hook=lambda message: None)
        answer = message["content"]
    return answer


def _end(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdout, process.stderr):
        pipe.close()


Kind = Callable[[str, int, random.Random], Iterator[float]]
KINDS: dict[str, Kind] = {
    **dict.fromkeys(LOOPS, in_a_loop),
    "command line": on_the_command_line,
    "notebook": in_a_notebook,
}
_NEEDS = {"jax": "jax", "notebook": "ipykernel"}


def known(name: str) -> bool:
    """Return whether what a kind needs is installed."""
    from importlib.util import find_spec

    return all(find_spec(module) for word, module in _NEEDS.items() if name.startswith(word))


def main(names: list[str], number: int, seed: int) -> int:
    """Print the table; return 1 if anything failed."""
    rng, failed = random.Random(seed), []
    print(f"{'kind':<30} tried    ok   slowest answer", flush=True)
    totals = [0, 0]
    for place, name in enumerate(names):
        wanted = number // len(names) + (place < number % len(names))
        took: list[float] = []
        tried = wanted
        try:
            if wanted:
                took.extend(KINDS[name](name, wanted, rng))
        except WrongAnswerError as reason:
            tried = len(took) + 1
            failed.append(f"{name}: {reason}")
        totals = [totals[0] + tried, totals[1] + len(took)]
        print(f"{name:<30} {tried:5d} {len(took):5d} {max(took, default=0.0):10.2f} s", flush=True)
    print(f"{'all':<30} {totals[0]:5d} {totals[1]:5d}")
    print(*failed, sep="\n")
    return 1 if failed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", default=";".join(filter(known, KINDS)), help="separated by semicolons")
    given = parser.parse_args()
    sys.exit(main(given.kinds.split(";"), given.number, given.seed))
