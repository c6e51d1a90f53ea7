import importlib
import math
from decimal import Decimal, localcontext
from pathlib import Path

import numpy as np
import pytest
from helpers import for_each, h, on_every_backend
from scipy import sparse

import empowerment as emp
from empowerment.capacity.kernels import NOT_REACHED
from empowerment.capacity.kernels.reference import blahut_arimoto
from empowerment.testing import FAMILIES, check_certificate, hard_channel

METHODS = ("working-set", "squarem", "blahut-arimoto")


def symmetric(m, error):
    return np.full((m, m), error / (m - 1)) + np.eye(m) * (1 - error - error / (m - 1))


def erasure(m, error):
    return np.hstack([np.eye(m) * (1 - error), np.full((m, 1), error)])


def asymmetric(a, b):
    return [[1 - a, a], [b, 1 - b]]


def asymmetric_capacity(a, b):
    z = 2 ** ((h(a) - h(b)) / (1 - a - b))
    return math.log2(1 + z) - (1 - b) / (1 - a - b) * h(a) + a / (1 - a - b) * h(b)


def direct_sum(*matrices):
    return sparse.block_diag([np.atleast_2d(m) for m in matrices]).toarray()


Z_CAPACITY = {e: math.log2(1 + (1 - e) * e ** (e / (1 - e))) for e in (0.1, 0.5, 0.9, 0.999)}
MUROGA = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.2, 0.1, 0.7]])

# matrix, capacity in bits by a closed form, the value published for it (a check of the form itself)
CLOSED_FORMS = {
    "bsc(.11)": (asymmetric(0.11, 0.11), 1 - h(0.11), 0.500084041835),
    "bsc(.4999)": (asymmetric(0.4999, 0.4999), 1 - h(0.4999), 2.885390e-8),
    "z(.1)": ([[1, 0], [0.1, 0.9]], Z_CAPACITY[0.1], 0.762848252011),
    "z(.5)": ([[1, 0], [0.5, 0.5]], math.log2(1.25), 0.321928094887),
    "z(.9)": ([[1, 0], [0.9, 0.1]], Z_CAPACITY[0.9], 0.054837433861),
    "z(.999)": ([[1, 0], [0.999, 0.001]], Z_CAPACITY[0.999], 5.309e-4),
    "bec(.3)": (erasure(2, 0.3), 0.7, 0.7),
    "5-ary erasure(.2)": (erasure(5, 0.2), 0.8 * math.log2(5), 1.857542475910),
    "3-ary symmetric(.1)": (symmetric(3, 0.1), math.log2(3) - h(0.1) - 0.1, 1.015966907132),
    "4-ary symmetric(.3)": (symmetric(4, 0.3), 2 - h(0.3) - 0.3 * math.log2(3), 0.643220350553),
    "typewriter(26)": ((np.eye(26) + np.roll(np.eye(26), 1, axis=1)) / 2, math.log2(13), 3.700439718141),
    "asymmetric(.1,.3)": (asymmetric(0.1, 0.3), asymmetric_capacity(0.1, 0.3), 0.296671802881),
    "asymmetric(.02,.4)": (asymmetric(0.02, 0.4), asymmetric_capacity(0.02, 0.4), 0.342478197766),
    "muroga": (
        MUROGA,
        math.log2(sum(2 ** -(np.linalg.inv(MUROGA) @ [emp.entropy(row) for row in MUROGA]))),
        0.505989130499,
    ),
    "sum of channels": (
        direct_sum(asymmetric(0.11, 0.11), [[1, 0], [0.5, 0.5]], [[1.0]]),
        math.log2(2 ** (1 - h(0.11)) + 1.25 + 1),
        1.873536027643,
    ),
    "noiseless": (np.eye(7), math.log2(7), 2.807354922058),
    "useless": ([[0.2, 0.3, 0.5]] * 4, 0.0, 0.0),
    "one input": ([[0.2, 0.8]], 0.0, 0.0),
    "one output": ([[1.0]] * 3, 0.0, 0.0),
    "zero columns": ([[0, 0.9, 0, 0.1], [0, 0.1, 0, 0.9]], 1 - h(0.1), 0.531004406411),
}


@for_each("form", [np.asarray, sparse.csr_array])
@for_each("method", METHODS)
@for_each("name", CLOSED_FORMS)
@on_every_backend
def test_closed_forms(name, method, form, backend):
    matrix, capacity, published = CLOSED_FORMS[name]
    assert capacity == pytest.approx(published, rel=1e-4, abs=1e-11)
    channel = form(np.asarray(matrix, dtype=float))
    result = emp.channel_capacity(channel, method=method, backend=backend)
    assert result.converged
    assert result.status == emp.Status.CERTIFIED
    assert result.lower <= capacity <= result.upper
    assert result.value == pytest.approx(capacity, abs=1e-9)
    check_certificate(channel, result)


@on_every_backend
def test_published_value_of_a_channel_without_closed_form(backend):
    matrix = [[0.6, 0.2, 0.1, 0.1], [0.05, 0.75, 0.1, 0.1], [0.25, 0.25, 0.25, 0.25]]
    result = emp.channel_capacity(matrix, backend=backend)
    assert result.value == pytest.approx(0.321772792899, abs=1e-9)
    assert result.output_distribution == pytest.approx(
        np.array([0.45092133, 0.52304750, 0.02603117]) @ matrix, abs=1e-5
    )


@on_every_backend
def test_units_change_the_number_and_not_the_channel(backend):
    bits = emp.channel_capacity(MUROGA, backend=backend)
    nats = emp.channel_capacity(MUROGA, backend=backend, base=math.e)
    assert nats.value == pytest.approx(bits.value * math.log(2), abs=1e-9)
    assert (bits.unit, nats.unit, emp.channel_capacity(MUROGA, base=10).unit) == ("bits", "nats", "hartleys")


SMALL = [(family, part) for family in FAMILIES for part in range(10)]


@for_each(("family", "part"), SMALL)
def test_stress_small(family, part):
    """12 families, 420 channels of each, up to 40 by 30: none may miss 1e-9 bits."""
    rng = np.random.default_rng([part, *family.encode()])
    for _ in range(42):
        matrix = hard_channel(family, rng, *rng.integers(1, (41, 31)))
        result = emp.channel_capacity(matrix, tol=1e-9)
        assert result.converged, (family, matrix.shape, result)
        assert result.status <= emp.Status.RESTARTED
        assert result.upper - result.lower <= 1e-9
        check_certificate(matrix, result)


@for_each("family", FAMILIES)
def test_stress_tall(family):
    """12 families, 17 channels of each with 300 to 700 inputs."""
    rng = np.random.default_rng([77, *family.encode()])
    for _ in range(17):
        matrix = hard_channel(family, rng, *rng.integers((300, 2), (700, 41)))
        result = emp.channel_capacity(matrix, tol=1e-9)
        assert result.converged, (family, matrix.shape, result)
        check_certificate(matrix, result)


@for_each("family", FAMILIES)
def test_stress_reference_agrees(family):
    rng = np.random.default_rng([5, *family.encode()])
    for _ in range(10):
        matrix = hard_channel(family, rng, *rng.integers(1, (25, 20)))
        compiled = emp.channel_capacity(matrix, backend="numba")
        plain = emp.channel_capacity(matrix, backend="reference")
        check_certificate(matrix, plain)
        assert plain.converged
        assert max(plain.lower, compiled.lower) <= min(plain.upper, compiled.upper)


@for_each("family", FAMILIES)
@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
def test_an_independent_convex_solver_agrees(family):
    """18 channels of each family against Clarabel, whose optimum is good to about 1e-8."""
    cvxpy = pytest.importorskip("cvxpy")
    rng = np.random.default_rng([9, *family.encode()])
    for _ in range(18):
        matrix = hard_channel(family, rng, *rng.integers(2, (13, 11)))
        # Entries below the convex solver's own precision only upset its scaling.
        seen = np.where(matrix > 1e-11, matrix, 0.0)
        seen = seen[:, seen.max(axis=0) > 0] / seen.sum(axis=1, keepdims=True)
        p = cvxpy.Variable(len(seen), nonneg=True)
        entropies = np.array([emp.entropy(row, base=math.e) for row in seen])
        information = cvxpy.sum(cvxpy.entr(seen.T @ p)) - entropies @ p
        problem = cvxpy.Problem(cvxpy.Maximize(information), [cvxpy.sum(p) == 1])
        problem.solve(solver=cvxpy.CLARABEL)
        accuracy = 5e-8 if problem.status == "optimal" else 1e-5
        assert problem.value / math.log(2) == pytest.approx(emp.channel_capacity(matrix).value, abs=accuracy)


def test_sparse_and_dense_channels_agree():
    rng = np.random.default_rng(3)
    for family in ("block-diagonal", "thresholded", "deterministic", "dirichlet"):
        matrix = hard_channel(family, rng, 40, 25)
        dense, csr = emp.channel_capacity(matrix), emp.channel_capacity(sparse.csr_array(matrix))
        assert csr.value == pytest.approx(dense.value, abs=1e-9)
        check_certificate(sparse.csr_array(matrix), csr)


def test_a_large_sparse_deterministic_channel_needs_no_dense_matrix():
    size = 100_000
    outputs = np.random.default_rng(0).integers(size, size=size)
    matrix = sparse.csr_array((np.ones(size), (np.arange(size), outputs)), shape=(size, size))
    assert emp.channel_capacity(matrix).value == pytest.approx(math.log2(np.unique(outputs).size), abs=1e-9)


def test_rows_that_miss_one_within_the_tolerance_are_certified_as_they_stand():
    matrix = np.array(MUROGA) * [[1 + 9e-10], [1 - 9e-10], [1 + 5e-10]]
    result = emp.channel_capacity(matrix, tol=1e-11)
    lower, upper = emp.verify(matrix, result)
    assert upper - lower <= 1.1e-11


@on_every_backend
def test_an_output_of_the_smallest_probability_there_is_keeps_the_interval_finite(backend):
    matrix = np.array([[1.0, 5e-324, 0.0, 0.0], [0.0, 0.0, 1.0, 5e-324], [0.0, 0.0, 0.5, 0.5]])
    for form in (np.asarray, sparse.csr_array):
        result = emp.channel_capacity(form(matrix), backend=backend)
        assert result.converged
        check_certificate(matrix, result)
        assert emp.verify(matrix, result)[1] < 2


@on_every_backend
def test_tiny_capacities_by_relative_tolerance(backend):
    matrix = asymmetric(0.4999, 0.4999)
    result = emp.channel_capacity(matrix, tol=1e-12, rtol=1e-4, backend=backend)
    assert result.converged
    assert result.value == pytest.approx(1 - h(0.4999), rel=1e-4)


@for_each("method", METHODS)
@on_every_backend
def test_a_missed_tolerance_is_said_and_the_interval_holds(method, backend):
    matrix = hard_channel("dirichlet", 8, 30, 20)
    options = {"method": method, "backend": backend, "max_iter": 3}
    capacity = emp.channel_capacity(matrix).value
    with pytest.warns(emp.ConvergenceWarning, match=r"bits wide, wanted 1.00e-09: the iteration limit came first"):
        result = emp.channel_capacity(matrix, **options)
    assert not result.converged
    assert result.status == emp.Status.MAX_ITER
    assert result.n_iter <= 3
    assert result.lower < capacity < result.upper
    check_certificate(matrix, result)
    with pytest.warns(emp.ConvergenceWarning) as caught:
        emp.channel_capacity(matrix, **options)
    assert caught[0].filename == __file__  # the warning points at the caller
    with pytest.raises(RuntimeError, match="the iteration limit came first"):
        emp.channel_capacity(matrix, on_failure="raise", **options)
    assert emp.channel_capacity(matrix, on_failure="ignore", **options).gap == result.gap


LADDER = ("interior point", "squarem", "blahut_arimoto")


@for_each(
    ("broken", "status", "words"),
    [
        (LADDER[:1], emp.Status.SQUAREM, "SQUAREM went on"),
        (LADDER[:2], emp.Status.BLAHUT_ARIMOTO, "Blahut-Arimoto went on"),
    ],
)
def test_the_status_names_the_rung_that_got_there(broken, status, words, monkeypatch):
    """Each method of the reference ladder is made to give up in turn; the numbers stay right."""
    from empowerment.capacity.kernels.reference import interior_point

    ladder = importlib.import_module("empowerment.capacity.kernels.reference.solve")

    def gives_up(matrix, offsets, p, tol, *limits):
        found = blahut_arimoto(matrix, offsets, p, tol, 0.0, 1)
        return found._replace(rung=NOT_REACHED)

    monkeypatch.setattr(interior_point, "_interior_point", lambda matrix, offsets, p, *limits: (p, 1, False))
    if "squarem" in broken:
        monkeypatch.setattr(ladder, "squarem", gives_up)
    result = emp.channel_capacity(MUROGA, backend="reference")
    assert result.status == status
    assert result.converged
    assert words in result.status.sentence
    assert result.value == pytest.approx(0.505989130499, abs=1e-9)


def test_a_restart_of_the_interior_point_is_said(monkeypatch):
    from empowerment.capacity.kernels.reference import interior_point

    genuine, calls = interior_point._interior_point, []

    def fails_once(matrix, offsets, p, *limits):
        calls.append(p)
        return (p, 1, False) if len(calls) == 1 else genuine(matrix, offsets, p, *limits)

    monkeypatch.setattr(interior_point, "_interior_point", fails_once)
    result = emp.channel_capacity(MUROGA, backend="reference")
    assert result.status == emp.Status.RESTARTED
    assert result.converged


def test_a_channel_on_which_a_warm_start_runs_in_circles_is_restarted():
    matrix = np.load(Path(__file__).parents[1] / "data" / "circling_channel.npy")
    result = emp.channel_capacity(matrix, tol=1e-11)
    assert result.status == emp.Status.RESTARTED
    assert result.converged
    check_certificate(matrix, result)


def test_rounding_that_is_wider_than_the_tolerance_is_said():
    with pytest.warns(emp.ConvergenceWarning, match="rounding errors came first"):
        result = emp.channel_capacity(np.eye(3000), tol=1e-12, base=1.0001)
    assert result.status == emp.Status.PRECISION
    assert not result.converged


def test_converged_is_the_inequality_and_nothing_else():
    result = emp.channel_capacity(MUROGA, tol=1e-6)
    assert result.converged == (result.upper - result.lower <= max(result.tol, result.rtol * result.lower))
    assert result.gap == result.upper - result.lower


@on_every_backend
def test_symmetric_channels_take_the_quick_exit(backend):
    for name in ("bsc(.11)", "4-ary symmetric(.3)", "typewriter(26)", "bec(.3)"):
        result = emp.channel_capacity(CLOSED_FORMS[name][0], backend=backend)
        assert (result.n_iter, result.n_passes) == (0, 1)
    assert emp.channel_capacity(np.eye(4)[[0, 1, 2, 3, 1]], backend=backend).n_passes == 0


def test_verify_recomputes_both_ends_and_notices_another_channel():
    result = emp.channel_capacity(MUROGA)
    lower, upper = emp.verify(MUROGA, result)
    assert lower <= result.value <= upper
    assert upper - lower == pytest.approx(result.gap, abs=1e-12)
    other = asymmetric(0.3, 0.3)
    swapped = emp.verify(other, emp.channel_capacity(asymmetric(0.0, 0.4)))
    assert swapped[1] - swapped[0] > 1e-3
    with pytest.raises(
        ValueError, match=r"channel has shape \(2, 2\), but the result belongs to one of shape \(3, 3\)"
    ):
        emp.verify(other, result)


def test_verify_and_the_check_of_certificates_know_rewards():
    rewards = [0.3, -1.0, 0.0]
    result = emp.channel_capacity(MUROGA, rewards=rewards)
    lower, upper = emp.verify(MUROGA, result, rewards)
    assert lower <= result.value <= upper
    assert upper - lower < 1.1e-9
    check_certificate(MUROGA, result, rewards)
    with pytest.raises(ValueError, match=r"rewards has shape \(2,\), expected \(3,\)"):
        emp.verify(MUROGA, result, [1.0, 2.0])


@for_each(
    ("options", "sentence"),
    [
        ({"rewards": [1.0]}, "rewards has 1 entries, expected 3, one for each input"),
        ({"rewards": [0.0, math.nan, 1.0]}, r"rewards\[1\] is nan, expected a finite reward"),
        (
            {"method": "newton"},
            "unknown method 'newton'; the known ones are 'auto', 'working-set', 'squarem', 'blahut-arimoto'",
        ),
        ({"backend": "torch"}, "unknown backend 'torch'; the known ones are 'numba', 'reference'"),
        ({"on_failure": "shrug"}, "unknown on_failure 'shrug'; the known ones are"),
        ({"tol": 1e-13}, "tol is 1e-13, expected a finite width of at least 1e-12: below that, rounding"),
        ({"tol": math.nan}, "tol is nan"),
        ({"rtol": 1.0}, r"rtol is 1.0, expected a number in \[0, 1\)"),
        ({"base": 1}, "base is 1, expected a number above 1"),
        ({"max_iter": 0}, "max_iter is 0, expected a whole number of at least 1"),
    ],
)
def test_unknown_options_are_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        emp.channel_capacity(MUROGA, **options)


def test_the_result_prints_what_it_proves():
    text = repr(emp.channel_capacity(asymmetric(0.1, 0.1)))
    assert "0.5310044064 bits in [0.5310044064, 0.5310044064]" in text
    assert "converged, working-set on numba" in text
    assert "certified: the interval is no wider" in text


def test_verified_ends_lie_beyond_those_of_exact_arithmetic():
    """At 50 digits: the rounding of the sums that `verify` takes is allowed for in both directions."""
    rng = np.random.default_rng(0)
    for n_inputs, n_outputs in ((3, 4), (6, 9), (2, 30)) * 8:
        matrix = rng.dirichlet(np.full(n_outputs, 0.5), size=n_inputs)
        result = emp.channel_capacity(matrix, base=math.e)
        lower, upper = emp.verify(matrix, result)
        with localcontext(prec=50):
            rows = [[Decimal(float(w)) for w in row] for row in matrix]
            p, q = (
                [Decimal(float(x)) for x in part] for part in (result.input_distribution, result.output_distribution)
            )
            mixed = [sum(p[x] * rows[x][y] for x in range(n_inputs)) for y in range(n_outputs)]
            assert Decimal(lower) <= sum(p[x] * exact_divergence(rows[x], mixed) for x in range(n_inputs))
            assert Decimal(upper) >= max(exact_divergence(row, q) for row in rows)


def exact_divergence(row, q):
    """Return the divergence of measures of Decimals, sum w log(w / q) - sum w + sum q."""
    return sum(w * (w / y).ln() - w for w, y in zip(row, q, strict=True) if w) + sum(q)
