"""What many test files need: properties over many cases, models, brute force."""

import inspect
import math
import reprlib
import sys
from contextlib import contextmanager
from functools import cache, update_wrapper
from importlib.util import find_spec
from itertools import product

import numpy as np
import pytest

import empowerment as emp
from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.feedback.bellman import feedback_values
from empowerment.actuation.kernels import actuation_kernels
from empowerment.actuation.sensor import make_sensor
from empowerment.capacity.backends import BACKENDS, capacity_kernels
from empowerment.capacity.options import SolverOptions
from empowerment.runtime.loading import load

LOG2 = math.log(2)


def hide_library(monkeypatch, library, module):
    """Make a library unavailable to modules of the package whose names begin with `module`, which forget it."""
    for name in [name for name in sys.modules if name.startswith(module)]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    for kept in (load, capacity_kernels, actuation_kernels):
        kept.cache_clear()


# --- properties over many cases


def for_each(names, cases, *, ids=None, first=None):
    """Run a test for every case, all in one test: each failing case is named, and those after it still run.

    Written and stacked like ``pytest.mark.parametrize``. Every case has a ``tmp_path``, a ``monkeypatch`` and
    captured output of its own; the other fixtures are made once. With `first`, in the outermost of a stack, only
    those with that many of its cases are run by default, and the rest in a test of its own that is marked slow.
    """
    names = names.replace(",", " ").split() if isinstance(names, str) else list(names)
    axis = [_labelled(names, case, ids, number) for number, case in enumerate(cases)]

    def decorate(test):
        axes = [axis, *getattr(test, "axes", [])]
        single = getattr(test, "single", test)
        marks = [mark for mark in getattr(test, "pytestmark", []) if mark.args[:1] != ("cases",)]
        repeated = _over(single, axes, marks, first and first * len(list(product(*axes[1:]))))
        repeated.single, repeated.axes = single, axes
        return repeated

    return decorate


def _labelled(names, case, ids, number):
    """Return what names a case in a report, and the arguments of the case by name."""
    values = case.values if hasattr(case, "marks") else case if len(names) > 1 else (case,)
    arguments = dict(zip(names, values, strict=True))
    label = ids(case) if callable(ids) else list(ids)[number] if ids else getattr(case, "id", None)
    return label or f"{number}: " + ", ".join(f"{k}={reprlib.repr(v)}" for k, v in arguments.items()), arguments


def _over(single, axes, marks, first):
    """Return a test that runs `single` for every combination of one case of each axis."""
    combinations = [
        (
            ", ".join(label for label, _ in chosen),
            {name: value for _, arguments in chosen for name, value in arguments.items()},
        )
        for chosen in product(*axes)
    ]

    def repeated(subtests, cases=slice(None), **fixtures):
        for number, (label, arguments) in enumerate(combinations[cases]):
            with subtests.test(label), _fresh(fixtures, number) as own:
                single(**own, **arguments)

    update_wrapper(repeated, single, updated=())
    repeated.pytestmark = marks
    wanted = {"subtests": None, **inspect.signature(single).parameters}
    given = {name for axis in axes for name in axis[0][1]}
    if first is not None and first < len(combinations):
        wanted["cases"] = None
        rest = pytest.param(slice(first, None), id="rest", marks=pytest.mark.slow)
        repeated = pytest.mark.parametrize("cases", [pytest.param(slice(first), id=f"first {first}"), rest])(repeated)
    names = [name for name in wanted if name not in given]
    repeated.__signature__ = inspect.Signature([inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY) for n in names])
    return repeated


@contextmanager
def _fresh(fixtures, number):
    """Give the fixtures that remember something a new state for one case."""
    own = dict(fixtures)
    with pytest.MonkeyPatch.context() as patch:
        if "monkeypatch" in own:
            own["monkeypatch"] = patch
        if "tmp_path" in own:
            own["tmp_path"] = own["tmp_path"] / str(number)
            own["tmp_path"].mkdir()
        for name in {"capsys", "capfd"} & own.keys():
            own[name].readouterr()
        yield own


# A test on every backend that is there, one after the other.
on_every_backend = for_each("backend", [name for name in sorted(BACKENDS) if name != "jax" or find_spec("jax")])

# On one of the two kinds, where the cases have many shapes: JAX compiles for seconds for each shape.
without_jax = for_each("backend", [name for name in sorted(BACKENDS) if name != "jax"])
with_jax = for_each("backend", ["jax"])


def compiled_when_called(signature):
    """Compile for a signature at the first call: nothing is compiled while tests are collected."""

    from numba import njit

    def decorate(function):
        compiled = cache(lambda: njit(signature)(function))
        return lambda *arguments: compiled()(*arguments)

    return decorate


# --- models


def of_matrices(*actions):
    """Return the model whose transition matrices, one for each action, are these."""
    return emp.MDP(np.stack(actions, axis=1))


MINI2 = of_matrices([[0.9, 0.1], [0.2, 0.8]], [[0.4, 0.6], [0.7, 0.3]])
MINI3 = of_matrices(
    [[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.25, 0.25, 0.5]],
    [[0.1, 0.3, 0.6], [0.5, 0.3, 0.2], [0.2, 0.1, 0.7]],
)


def seven_states():
    """After a fair coin, one action is certain and the other another coin; which is which depends on the first."""
    rows = np.zeros((7, 2, 7))
    rows[0, :, [1, 2]] = 0.5
    rows[1, 0, 3], rows[1, 1, 3], rows[1, 1, 4] = 1, 0.5, 0.5
    rows[2, 1, 5], rows[2, 0, 5], rows[2, 0, 6] = 1, 0.5, 0.5
    return emp.MDP(rows, terminal=[3, 4, 5, 6])


def slip_grid(side, slip):
    """A square grid, four moves and staying; with a chance the action is drawn from all five."""
    grid = emp.worlds.open_grid(side).to_dense()
    return emp.MDP((1 - slip) * grid + slip * grid.mean(axis=1, keepdims=True))


def random_model(
    seed, n_states=4, n_actions=3, *, concentration=0.4, least=0.05, missing=0.0, deterministic=False, terminal=None
):
    """Return a model drawn at random.

    Sizes may be ranges to draw from, `seed` a generator. Chances below `least` are 0, and an action is missing from a
    state with the chance `missing`, which is drawn too where there are several.
    """
    rng = np.random.default_rng(seed)
    n_states, n_actions = (int(rng.choice(n)) if isinstance(n, range) else n for n in (n_states, n_actions))
    if deterministic:
        rows = np.eye(n_states)[rng.integers(n_states, size=(n_states, n_actions))]
    else:
        rows = rng.dirichlet(np.full(n_states, concentration), size=(n_states, n_actions))
        rows = np.where(rows > least, rows, 0.0)
        rows /= rows.sum(axis=2, keepdims=True)
    available = rng.random((n_states, n_actions)) >= (missing if np.isscalar(missing) else rng.choice(missing))
    return emp.MDP(rows, available=available, terminal=terminal)


def small_model(seed, n_states=3, n_actions=2):
    """Return a random model without zeros; in every second actions are missing, and every third has an end."""
    missing, terminal = 0.2 * (seed % 2), [n_states - 1] if seed % 3 == 0 else None
    return random_model(seed, n_states, n_actions, concentration=0.5, least=0, missing=missing, terminal=terminal)


def reached(model, start, horizon):
    """Return the numbers of the states that some sequence of exactly `horizon` actions leads to."""
    ends = {model.state_index(start)}
    for _ in range(horizon):
        ends = {int(after) for state in ends for after in model.successors[state]}
    return ends


# --- what is known of them


def h(p):
    """Return the entropy in bits of a coin that falls on one side with probability `p`."""
    return -p * math.log2(p) - (1 - p) * math.log2(1 - p) if 0 < p < 1 else 0.0


def in_nats(tol=1e-9, backend="numba", rtol=0.0):
    """Return options of solvers with a tolerance in nats, which report nothing."""
    return SolverOptions(tol=tol, rtol=rtol, base=math.e, backend=backend, on_failure="ignore")


def dynamics_of(model, sensor=None):
    """Return what solvers work on."""
    return Dynamics.of(model, make_sensor(sensor, model))


def solved_feedback(model, horizon, backend="numba", tol=1e-9):
    """Return values of feedback in nats, after a look at their certificates."""
    solution = feedback_values(dynamics_of(model), horizon, in_nats(tol, backend))
    assert (solution.lower <= solution.value).all()
    assert (solution.value <= solution.upper).all()
    hopeless = np.isneginf(solution.upper)
    assert np.isneginf(solution.lower[hopeless]).all()
    assert (solution.upper[~hopeless] - solution.lower[~hopeless] <= tol + 1e-10).all()
    return solution
