"""What all tests share."""

import os

import pytest
from hypothesis import settings

from empowerment.capacity import backends
from empowerment.text import smollm2_path

# Tests that read stderr are not to depend on what was compiled before.
os.environ["EMPOWERMENT_QUIET"] = "1"

# Compilation and a shared machine make single examples slow; what an example computes is not timed.
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci")


@pytest.fixture(scope="session", autouse=True)
def _compiled_kernels():
    """Load the compiled kernels, so that in whatever order tests run the same kernels solve small channels."""
    backends.capacity_kernels("numba")


@pytest.fixture
def first_calls(monkeypatch):
    """As if the process had solved no channel yet and had loaded no compiled kernels."""
    monkeypatch.setattr(backends, "_first_calls", iter(range(3)))
    monkeypatch.setattr(backends, "_COMPILED", "a module that nobody loads")


@pytest.fixture
def double():
    """JAX in double precision."""
    with pytest.importorskip("jax").enable_x64(True):
        yield


@pytest.fixture(scope="module")
def cluster():
    """A Dask cluster of one worker process with two threads; its pages go to whatever port is free."""
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 1, "threads_per_worker": 2, "processes": True, "dashboard_address": ":0"}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster):
        yield cluster


@pytest.fixture(scope="session")
def weights():
    """The file of SmolLM2, where it is installed."""
    try:
        return smollm2_path()
    except ImportError as reason:
        pytest.skip(str(reason))
