import contextlib
import itertools
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import warnings
from contextlib import closing
from dataclasses import fields

import joblib
import numpy as np
import pytest
from helpers import for_each
from joblib.externals.loky import get_reusable_executor

import empowerment as emp
from empowerment.runtime.parallel import _Parcel, run_chunks

# What is defined in a test module cannot be imported by a worker; functions inside of functions are sent by value.


@contextlib.contextmanager
def engine(name, request):
    """The options of run_chunks for an engine, while joblib is set to it."""
    if name == "dask":
        request.getfixturevalue("cluster")
    backend = {"threading": "threading", "lists": ListsOnly(), "dask": "dask"}.get(name)
    with joblib.parallel_config(backend=backend, n_jobs=2) if backend else contextlib.nullcontext():
        yield {"one": {}, "loky": {"n_jobs": 2}, "threads": {"n_jobs": 2, "threads": True}}.get(name, {})


class ListsOnly(joblib.parallel.ThreadingBackend):
    """A backend that hands over lists only, as those of multiprocessing and of Ray do."""

    supports_return_generator = False


ENGINES = ("one", "loky", "threads", "threading", "lists", "dask")
every_engine = for_each("name", ENGINES)


@pytest.fixture(scope="module", autouse=True)
def _processes_end_with_the_module():
    yield
    get_reusable_executor().shutdown(wait=True)


def matrices():
    return list(np.random.default_rng(0).dirichlet(np.ones(7), size=(12, 5, 6)))


# --- results


@every_engine
def test_results_are_those_of_a_loop_bit_for_bit(name, request):
    chunks = matrices()
    with engine(name, request) as options:
        found = dict(run_chunks(emp.channel_capacity, chunks, **options))
    assert sorted(found) == list(range(len(chunks)))
    for number, chunk in enumerate(chunks):
        wanted = emp.channel_capacity(chunk)
        for field in fields(wanted):
            assert np.array_equal(getattr(found[number], field.name), getattr(wanted, field.name)), field.name


@every_engine
def test_sums_are_those_of_a_loop_bit_for_bit(name, request):
    held = np.random.default_rng(0).random((3, 100_001))
    chunks = list(np.random.default_rng(1).random((4, 100_001)))

    def sums(chunk):
        return held.sum(axis=1), chunk.sum(), (held * chunk).sum()

    with engine(name, request) as options:
        found = dict(run_chunks(sums, chunks, **options))
    for number, chunk in enumerate(chunks):
        assert all(map(np.array_equal, found[number], sums(chunk)))


@every_engine
def test_there_may_be_no_chunk(name, request):
    with engine(name, request) as options:
        assert list(run_chunks(abs, [], **options)) == []


@for_each("n_jobs", [-1, 1, 2, np.int64(2)])
def test_numbers_of_jobs(n_jobs):
    assert sorted(run_chunks(abs, [-3, 2, -1], n_jobs=n_jobs)) == [(0, 3), (1, 2), (2, 1)]


@for_each("n_jobs", [0, True, 1.0, "2", [2]])
def test_other_numbers_of_jobs_are_refused_at_once(n_jobs):
    with pytest.raises(ValueError, match=r"n_jobs is .*, expected a whole number of processes"):
        run_chunks(abs, [1], n_jobs=n_jobs)


# --- who does the work


@for_each("n_jobs", [None, 1])
def test_one_job_is_a_loop_in_this_process(n_jobs):
    done, lock = [], threading.Lock()  # a lock cannot be pickled

    def work(chunk):
        with lock:
            done.append((chunk, os.getpid(), threading.get_ident()))

    threads = threading.active_count()
    found = run_chunks(work, itertools.count(), n_jobs=n_jobs)
    assert done == []
    for number in range(3):
        assert next(found) == (number, None)
        assert done == [(chunk, os.getpid(), threading.get_ident()) for chunk in range(number + 1)]
    found.close()
    assert threading.active_count() == threads


def whereabouts(**options):
    """Return the processes and the threads that chunks are done in."""

    def work(chunk):
        time.sleep(0.05)
        return os.getpid(), threading.get_ident()

    found = [place for _, place in run_chunks(work, range(8), **options)]
    return {process for process, _ in found}, {thread for _, thread in found}


def test_two_jobs_are_processes():
    processes, _ = whereabouts(n_jobs=2)
    assert os.getpid() not in processes


def test_two_jobs_are_threads_where_those_are_preferred():
    processes, threads = whereabouts(n_jobs=2, threads=True)
    assert processes == {os.getpid()}
    assert len(threads - {threading.get_ident()}) == 2


def test_the_backend_of_joblib_counts_for_more_than_the_preference():
    with joblib.parallel_config(backend="loky", n_jobs=2):
        assert os.getpid() not in whereabouts(threads=True)[0]
    with joblib.parallel_config(backend="threading", n_jobs=2):
        assert whereabouts()[0] == {os.getpid()}


def test_the_number_of_jobs_of_joblib_counts_for_threads_too():
    with joblib.parallel_config(n_jobs=2):
        processes, threads = whereabouts(threads=True)
    assert processes == {os.getpid()}
    assert len(threads - {threading.get_ident()}) == 2


def test_one_job_counts_for_more_than_the_backend_of_joblib():
    with joblib.parallel_config(backend="loky", n_jobs=2):
        assert whereabouts(n_jobs=1)[0] == {os.getpid()}


def test_the_workers_of_a_cluster_do_the_work(cluster):
    with joblib.parallel_config(backend="dask"):
        processes, _ = whereabouts()
    assert processes <= {worker.pid for worker in cluster.workers.values()}


# --- stopping


@every_engine
def test_an_error_of_the_work_comes_through(name, request):
    def work(chunk):
        if chunk == 3:
            raise ZeroDivisionError(f"chunk {chunk} cannot be done")
        return chunk

    with engine(name, request) as options:
        with pytest.raises(ZeroDivisionError, match=r"^chunk 3 cannot be done$"):
            list(run_chunks(work, itertools.count(), **options))
        assert sorted(run_chunks(abs, range(4), **options)) == [(i, i) for i in range(4)]


def comes_to_rest(folder):
    """Return whether a directory stops being filled."""
    counts = [-1]
    while len(counts) < 20:
        counts.append(len(list(folder.iterdir())))
        if counts[-1] == counts[-2]:
            return True
        time.sleep(0.2)
    return False


@every_engine
@for_each("by_error", [False, True])
def test_who_stops_early_gets_no_more_work_done(by_error, name, request, tmp_path):
    def work(chunk):
        time.sleep(0.02)
        (tmp_path / str(chunk)).touch()

    with engine(name, request) as options:
        with contextlib.suppress(KeyError), closing(run_chunks(work, itertools.count(), **options)) as found:
            next(found)
            next(found)
            if by_error:
                raise KeyError
        assert comes_to_rest(tmp_path)  # what was sent to threads or to a cluster is still done
        assert sorted(run_chunks(abs, range(4), **options)) == [(i, i) for i in range(4)]


CHUNKS_WITHOUT_END = """
import itertools, time
from contextlib import closing
from empowerment.runtime.parallel import run_chunks

with closing(run_chunks(lambda chunk: time.sleep(0.05), itertools.count(), n_jobs={n_jobs})) as found:
    for number, _ in found:
        if number == 4:
            print("started", flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@for_each("n_jobs", [1, 2])
def test_ctrl_c_ends_everything_with_one_traceback(n_jobs):
    code = CHUNKS_WITHOUT_END.format(n_jobs=n_jobs)
    child = subprocess.Popen(
        [sys.executable, "-Walways", "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert child.stdout.readline() == "started\n"
    os.killpg(child.pid, signal.SIGINT)  # a terminal sends it to all processes
    _, said = child.communicate(timeout=60)
    assert child.returncode == -signal.SIGINT
    assert said.startswith("Traceback (most recent call last):\n")
    assert said.endswith("\nKeyboardInterrupt\n")
    assert said.count("Traceback") == 1
    assert "Warning" not in said


# --- what is sent


@for_each("name", ["loky", "dask"])
def test_the_work_is_pickled_once_and_its_arrays_are_shared_and_read_only(name, request):
    pickled = []

    class Holder:
        def __init__(self, array):
            self.array = array

        def __getstate__(self):
            pickled.append(None)
            return self.__dict__

        def __call__(self, chunk):
            return self.array[chunk], self.array.flags.writeable, _kind_of(self.array)

        def __hash__(self):
            raise AssertionError("no hash is needed")

    def _kind_of(array):
        while array.base is not None and not isinstance(array, np.memmap):
            array = array.base if isinstance(array.base, np.ndarray) else np.empty(0)
        return type(array).__name__

    with engine(name, request) as options:
        found = dict(run_chunks(Holder(np.arange(1e6)), range(30), **options))
    assert len(pickled) == 1
    assert found == {i: (i, False, "memmap" if name == "loky" else "ndarray") for i in range(30)}


def test_memory_mapped_files_are_removed(tmp_path):
    held = np.arange(1e6)
    get_reusable_executor().shutdown(wait=True)  # one that is there keeps to its own folder
    for stop in (4, 30, 4):
        with (
            joblib.parallel_config(temp_folder=str(tmp_path)),
            closing(run_chunks(lambda chunk: held[chunk], range(30), n_jobs=2)) as found,
        ):
            next(found)
            assert list(tmp_path.iterdir())
            assert all(number == value for number, value in itertools.islice(found, stop))
    for _ in range(100):
        if not list(tmp_path.iterdir()):
            return
        time.sleep(0.05)
    assert list(tmp_path.iterdir()) == []


def test_a_large_work_is_not_sent_to_a_cluster_with_every_chunk(cluster):
    held = np.random.default_rng(0).random(2_000_000)

    def work(chunk):
        return float(held[chunk])

    with joblib.parallel_config(backend="dask"), warnings.catch_warnings():
        warnings.simplefilter("error")  # Dask warns of large tasks
        found = dict(run_chunks(work, range(20)))
    assert found == {i: held[i] for i in range(20)}


@for_each("shift", range(9))
def test_a_parcel_that_arrives_at_an_odd_address(shift):
    def shifted(buffer):
        memory = memoryview(bytearray(buffer.raw().nbytes + shift))[shift:]
        memory[:] = buffer.raw()
        return memory

    content = {"a": np.random.default_rng(0).random((5, 7)), "b": np.arange(3).T, "c": np.empty((0, 2)), "d": "text"}
    content["e"] = np.asfortranarray(content["a"])
    buffers = []
    sent = pickle.dumps(_Parcel(content), protocol=5, buffer_callback=buffers.append)
    parcel = pickle.loads(sent, buffers=[shifted(buffer) for buffer in buffers])
    forwarded = pickle.loads(pickle.dumps(parcel))  # as from one worker of a cluster to another
    for found in (parcel.content, forwarded.content):
        assert found.keys() == content.keys()
        assert found["d"] == "text"
        for name in "abce":
            assert np.array_equal(found[name], content[name])
            assert found[name].flags.aligned
            assert not found[name].flags.writeable
    assert parcel.__sizeof__() >= 2 * content["a"].nbytes
    assert content["a"].flags.writeable
