"""Processes that are forked after, or during, a computation."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")

BATCHES = """
import multiprocessing, sys, threading, time, warnings
import numpy as np
import empowerment as emp
from empowerment.runtime.threads import thread_count

warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of every fork of a process with threads
rng = np.random.default_rng(0)
batch = [rng.dirichlet(np.ones(12), size=12) for _ in range(300)]
maze = emp.worlds.klyubin_maze()
expected = emp.channel_capacity(batch).value.tolist()
counted = emp.empowerment(maze, 4).value.tolist()

def child(_):
    alone = thread_count()
    return alone, emp.channel_capacity(batch).value.tolist(), emp.empowerment(maze, 4).value.tolist()

def check():
    with multiprocessing.get_context("fork").Pool(2) as pool:
        found = pool.map_async(child, range(4)).get(timeout=120)
    assert found == [(1, expected, counted)] * 4, found

if __name__ == "__main__":
    {body}
    print("fine")
"""


def run(body):
    code = BATCHES.replace("{body}", body)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "fine\n", "")


def test_a_child_forked_after_a_batch_solves_in_one_thread():
    run("check()")


def test_a_child_forked_while_another_thread_solves():
    run(
        """stop = threading.Event()
    def work():
        while not stop.is_set():
            emp.channel_capacity(batch)
    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(0.1)
    for _ in range(3):
        check()
    stop.set()
    thread.join()"""
    )


def test_a_child_forked_while_another_thread_compiles(tmp_path, monkeypatch):
    """It has no compiler that is in the middle of something: the fork waits."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    code = """
import os, sys, threading, time
import numpy as np
from empowerment.capacity.kernels import cpu
from empowerment.runtime import jit

thread = threading.Thread(target=cpu.equal_rows, args=(np.eye(3),))
thread.start()
while jit._compiling.acquire(blocking=False):
    jit._compiling.release()
    time.sleep(0.001)
child = os.fork()
if child == 0:
    os._exit(int(cpu.components(np.eye(2))[0].tolist() != [0, 1]))
assert os.waitpid(child, 0)[1] == 0
thread.join()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")
