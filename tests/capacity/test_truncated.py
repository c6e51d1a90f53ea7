import math

import numpy as np
import pytest
from helpers import for_each, on_every_backend
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

import empowerment as emp
from empowerment.capacity import convex
from empowerment.capacity.partial import bounds as partial_bounds
from empowerment.capacity.partial import minimum
from empowerment.capacity.partial.bounds import capacity_bounds
from empowerment.testing import FAMILIES, channels, hard_channel

FOUR_ROWS = np.array([[0.7, 0.1, 0.1], [0.1, 0.8, 0.05], [0.2, 0.2, 0.5], [0.3, 0.3, 0.35]])
TOP_TWO = np.array([[0.6, 0.25, 0, 0], [0, 0.55, 0.3, 0], [0.3, 0, 0, 0.6]])
CAPS = [0.25, 0.3, 0.3]

# observed, options, smallest capacity, the same with the residual outside, largest capacity
EXAMPLES = {
    "three symbols": (0.9 * np.eye(3), {}, 1.015966907132, 0.9 * math.log2(3), math.log2(3)),
    "four rows": (FOUR_ROWS, {}, 0.3568245577, 0.4709626131, 0.5935883673),
    "top two": (
        TOP_TWO,
        {"residual_in": "unlisted", "caps": CAPS},
        0.4771244923,
        0.9019888278,
        1.0969265523,
    ),
}


def check_minimum(observed, caps, minimum):
    """Prove both ends of a minimum from its W0, p and q by a linear program that is solved by filling up rows.

    `caps` holds, for each entry and one last column for other outputs, how much residual it may have.
    """
    p, q, completion = minimum.input_distribution, minimum.output_distribution, minimum.completion
    observed = np.column_stack([observed, np.zeros(len(observed))])
    residual = 1 - observed.sum(axis=1)
    assert abs(math.fsum(p) - 1) < 1e-12
    assert abs(math.fsum(q) - 1) < 1e-12
    assert (p >= 0).all()
    assert np.allclose(completion.sum(axis=1), 1, atol=1e-13)
    assert (completion >= observed - 1e-15).all()
    assert (completion <= observed + np.minimum(caps, residual[:, None]) + 1e-15).all()
    used = completion > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(used, completion / q, 0.0)
    score = np.where(used, np.log(np.where(used, ratio, 1)), -np.inf) - math.log((p @ ratio).max())
    least = []
    for x in range(len(observed)):
        value = math.fsum(w * s for w, s in zip(observed[x], score[x], strict=True) if w > 0)
        left = residual[x]
        for y in np.argsort(score[x]):
            amount = min(left, caps[x, y])
            if amount > 1e-14:
                value, left = value + amount * score[x, y], left - amount
        assert left < 1e-12
        least.append(value)
    lower = math.fsum(p * np.array(least)) / math.log(minimum.base)
    upper = max(
        math.fsum(w * math.log(r) for w, r in zip(*both, strict=True) if w > 0)
        for both in zip(completion, ratio, strict=True)
    )
    upper /= math.log(minimum.base)
    assert minimum.lower <= lower + 1e-13
    assert minimum.upper >= upper - 1e-13
    assert minimum.lower <= minimum.value <= minimum.upper


def caps_of(observed, options):
    """Return the caps of all entries as `check_minimum` wants them."""
    caps = np.full((len(observed), observed.shape[1] + 1), np.inf)
    if options.get("residual_in") == "unlisted":
        most = np.broadcast_to(options.get("caps", np.inf), len(observed))
        caps[:, :-1] = np.where(observed > 0, 0.0, most[:, None])
    else:
        caps[:, -1] = 0.0
    return caps


@for_each("name", EXAMPLES)
def test_reference_values(name):
    observed, options, smallest_value, outside, largest = EXAMPLES[name]
    bounds = capacity_bounds(observed, **options)
    assert bounds.extremes_converged
    assert bounds.status == emp.Status.CERTIFIED
    assert bounds.minimum.value == pytest.approx(smallest_value, abs=1e-9)
    assert bounds.maximum.value == pytest.approx(largest, abs=1e-9)
    assert bounds.minimum.attained
    assert bounds.maximum.attained
    assert bounds.minimum.gap <= 1e-9
    assert bounds.method == "interior-point"
    assert bounds.minimum.n_iter < 15
    check_minimum(observed, caps_of(observed, options), bounds.minimum)
    bracket = capacity_bounds(observed, residual_in="outside")
    assert bracket.method == "bracket"
    assert bracket.minimum.value == pytest.approx(outside, abs=1e-9)
    assert bracket.maximum.value == pytest.approx(largest, abs=1e-9)


@for_each("name", EXAMPLES)
def test_the_completions_that_prove_the_ends_have_their_capacity(name):
    observed, options, *_ = EXAMPLES[name]
    bounds = capacity_bounds(observed, **options)
    for extreme in (bounds.minimum, bounds.maximum, capacity_bounds(observed, residual_in="outside").minimum):
        assert emp.channel_capacity(extreme.completion).value == pytest.approx(extreme.value, abs=2e-9)
        assert (extreme.completion[:, : observed.shape[1]] >= observed).all()


def random_completions(observed, caps, rng, count):
    """Yield completions whose residual lies on columns, on two shared new outputs and on a private one for each row.

    `caps` holds the most residual of each entry in the columns and, last, of an output without one.
    """
    n_rows, n_columns = observed.shape
    wide = np.column_stack([observed, np.zeros((n_rows, 2)), np.zeros((n_rows, n_rows * 2))])
    room = np.column_stack([caps[:, :-1], np.repeat(caps[:, -1:], 2 + 2 * n_rows, axis=1)])
    for x in range(n_rows):
        room[x, n_columns + 2 :] = 0
        room[x, n_columns + 2 + 2 * x : n_columns + 4 + 2 * x] = caps[x, -1]
    residual = 1 - observed.sum(axis=1)
    for _ in range(count):
        extra = np.zeros_like(wide)
        for x in range(n_rows):
            slots = np.flatnonzero(room[x] > 0)
            slots = rng.permutation(slots)[: rng.integers(1, len(slots) + 1)]
            wish = rng.dirichlet(np.full(len(slots), 10 ** rng.uniform(-1, 1))) * residual[x]
            extra[x, slots] = np.minimum(wish, room[x, slots])
            for y in rng.permutation(np.flatnonzero(room[x] > 0)):  # what the caps did not allow goes elsewhere
                more = min(residual[x] - extra[x].sum(), room[x, y] - extra[x, y])
                extra[x, y] += max(more, 0.0)
        yield wide + extra


@for_each("where", ["inside", "outside"])
@for_each("name", EXAMPLES)
def test_random_completions_stay_inside(name, where):
    observed, options, *_ = EXAMPLES[name]
    caps = np.full((len(observed), observed.shape[1] + 1), np.inf)
    if where == "outside":
        options = {"residual_in": "outside"}
        caps[:, :-1] = 0
    elif options:
        caps = np.where(np.column_stack([observed, np.zeros(3)]) > 0, 0.0, np.array(CAPS)[:, None])
    bounds = capacity_bounds(observed, **options)
    rng = np.random.default_rng(11)
    found = [
        float(emp.channel_capacity(matrix, tol=1e-7).value)
        for matrix in random_completions(observed, caps, rng, 5_000 if where == "inside" else 500)
    ]
    assert bounds.lower - 1e-7 <= min(found)
    assert max(found) <= bounds.upper + 1e-7
    assert max(found) - min(found) > 0.5 * bounds.gap  # the completions do vary


@st.composite
def truncations(draw):
    """Draw a channel and how many entries of each row are seen."""
    matrix = draw(channels(8, 7))
    return matrix, draw(st.integers(1, matrix.shape[1]))


def top(matrix, k):
    """Return the k largest entries of each row (more where they tie) and the k-th."""
    smallest_listed = np.sort(matrix, axis=1)[:, -k]
    return np.where(matrix >= smallest_listed[:, None], matrix, 0.0), np.minimum(smallest_listed, 1.0)


@given(truncations())
@settings(max_examples=150)
def test_the_bracket_of_top_k_lists_holds_the_truth(case):
    matrix, k = case
    truth = emp.channel_capacity(matrix)
    observed, caps = top(matrix, k)
    seen = (observed > 0).any(axis=0)
    unseen = int((~seen).sum())
    capped = capacity_bounds(observed[:, seen], residual_in="unlisted", caps=caps, unseen=unseen, tol=1e-8)
    free = capacity_bounds(observed[:, seen], residual_in="unlisted", tol=1e-8)
    anywhere = capacity_bounds(observed[:, seen], tol=1e-8)
    for bounds in (capped, free, anywhere):
        assert bounds.lower <= truth.upper
        assert bounds.upper >= truth.lower
    assert anywhere.lower <= free.lower + 2e-8 <= capped.lower + 4e-8
    # Each row asked about every column that any of them lists:
    union = capacity_bounds(matrix[:, seen], residual_in="outside", unseen=unseen or math.inf, tol=1e-8)
    assert capped.lower - 2e-8 <= union.lower <= truth.upper
    assert capped.upper + 2e-8 >= union.upper >= truth.lower


@given(channels(8, 7), st.lists(st.floats(0, 1), min_size=2, max_size=2))
@settings(max_examples=100)
def test_the_more_is_seen_the_narrower_the_bracket(matrix, shares):
    first, second = min(shares), max(shares)
    for residual_in in ("anywhere", "outside"):
        less = capacity_bounds(first * matrix, residual_in=residual_in, tol=1e-8)
        more = capacity_bounds(second * matrix, residual_in=residual_in, tol=1e-8)
        assert less.lower <= more.upper
        assert less.upper >= more.upper - 2e-8
        if residual_in == "anywhere":
            assert less.lower <= more.lower + 2e-8


@given(truncations())
@settings(max_examples=60)
def test_longer_lists_give_narrower_brackets(case):
    matrix, k = case
    shorter, longer = (top(matrix, n) for n in (max(1, k - 1), k))
    for options in ({"residual_in": "unlisted"}, {}):
        wide = capacity_bounds(shorter[0], tol=1e-8, **options)
        narrow = capacity_bounds(longer[0], tol=1e-8, **options)
        assert wide.lower <= narrow.lower + 2e-8
        assert wide.upper >= narrow.upper - 2e-8


@given(truncations())
@settings(max_examples=60)
def test_certificates_of_random_truncations(case):
    matrix, k = case
    # Entries below the accuracy of the independent proof's own sums have no part in it.
    matrix = np.where(matrix > 1e-9, matrix, 0.0)
    observed, caps = top(matrix / matrix.sum(axis=1, keepdims=True), k)
    for options in ({}, {"residual_in": "unlisted", "caps": np.maximum(caps, 1e-6)}):
        bounds = capacity_bounds(observed, tol=1e-8, **options)
        if bounds.method == "interior-point":
            assert bounds.minimum.status == emp.Status.CERTIFIED
            check_minimum(observed, caps_of(observed, options), bounds.minimum)


@for_each("name", EXAMPLES)
def test_an_independent_convex_solver_agrees(name):
    pytest.importorskip("cvxpy")
    pytest.importorskip("clarabel")
    observed, options, smallest_value, *_ = EXAMPLES[name]
    bounds = capacity_bounds(observed, method="convex", **options)
    assert bounds.method == "convex"
    assert bounds.extremes_converged
    assert bounds.minimum.value == pytest.approx(smallest_value, abs=1e-9)
    check_minimum(observed, caps_of(observed, options), bounds.minimum)


def test_cvxpy_agrees_on_random_channels():
    pytest.importorskip("cvxpy")
    pytest.importorskip("clarabel")
    rng = np.random.default_rng(4)
    for _ in range(6):
        matrix = rng.dirichlet(np.ones(5), size=4)
        observed, caps = top(matrix, 2)
        options = {"residual_in": "unlisted", "caps": caps}
        own = capacity_bounds(observed, **options)
        other = capacity_bounds(observed, method="convex", on_failure="ignore", **options)
        assert own.minimum.lower <= other.minimum.upper
        assert other.minimum.lower <= own.minimum.upper
        assert other.minimum.gap < 1e-5


def test_auto_goes_on_with_cvxpy_where_it_is_installed_and_says_so():
    pytest.importorskip("cvxpy")
    pytest.importorskip("clarabel")
    bounds = capacity_bounds(FOUR_ROWS, max_iter=2)
    assert bounds.method == "convex"
    assert bounds.extremes_converged


def test_a_missed_tolerance_is_said_and_the_ends_hold(monkeypatch):
    for module in (partial_bounds, convex):
        monkeypatch.setattr(module, "has_convex", lambda: False)
    with pytest.warns(
        emp.ConvergenceWarning, match=r"known to .* bits, wanted 1.00e-09: the iteration limit came first"
    ):
        bounds = capacity_bounds(FOUR_ROWS, max_iter=2)
    assert not bounds.extremes_converged
    assert bounds.status == emp.Status.MAX_ITER
    assert bounds.lower < 0.3568245577 < bounds.minimum.upper
    check_minimum(FOUR_ROWS, caps_of(FOUR_ROWS, {}), bounds.minimum)
    with pytest.raises(RuntimeError, match="the iteration limit came first"):
        capacity_bounds(FOUR_ROWS, max_iter=2, on_failure="raise")
    assert capacity_bounds(FOUR_ROWS, max_iter=2, on_failure="ignore").lower == bounds.lower
    assert "NOT converged" in repr(bounds)
    with pytest.raises(ImportError, match=r'install them with pip install "cvxpy>=1\.5" "clarabel>='):
        capacity_bounds(FOUR_ROWS, method="convex")


def test_the_wider_bracket_is_taken_where_it_is_narrower():
    observed = np.array([[0.9999, 0.0, 0.0], [0.0, 0.6, 0.3999], [0.2, 0.2, 0.6]])
    exact = capacity_bounds(observed)
    bounds = capacity_bounds(observed, max_iter=1, method="interior-point", on_failure="ignore")
    assert bounds.method == "wider bracket"
    assert bounds.minimum.lower <= exact.minimum.value <= bounds.minimum.upper
    assert not bounds.extremes_converged
    # Without unseen outputs there is no common column to bound the minimum from above.
    none = capacity_bounds(observed, unseen=0, max_iter=1, method="interior-point", on_failure="ignore")
    assert none.method == "interior-point"
    assert none.minimum.lower <= exact.minimum.value <= none.minimum.upper


def test_steps_that_cannot_be_taken_end_the_search(monkeypatch):
    def singular(system, right):
        raise np.linalg.LinAlgError("singular")

    monkeypatch.setattr(minimum, "_solve", singular)
    bounds = capacity_bounds(FOUR_ROWS, method="interior-point")
    assert bounds.method == "projections"
    assert bounds.extremes_converged
    check_minimum(FOUR_ROWS, caps_of(FOUR_ROWS, {}), bounds.minimum)
    monkeypatch.setattr(partial_bounds, "_POLISH", 0)
    bounds = capacity_bounds(FOUR_ROWS, method="interior-point", on_failure="ignore")
    assert bounds.method == "interior-point"
    assert bounds.minimum.status == emp.Status.PRECISION
    assert bounds.lower < 0.3568245577 < bounds.minimum.upper


def test_equations_that_are_singular_are_solved_a_little_off():
    found = minimum._solve(np.diag([1.0, 0.0]), np.array([1.0, 0.0]))
    assert found == pytest.approx([1, 0], abs=1e-9)


def test_a_convex_solver_that_gives_up_leaves_what_the_start_proves(monkeypatch):
    cvxpy = pytest.importorskip("cvxpy")
    pytest.importorskip("clarabel")
    outcomes = iter([cvxpy.error.SolverError("failed"), None, None])

    def solve(problem, **options):
        outcome = next(outcomes)
        if outcome:
            raise outcome

    monkeypatch.setattr(cvxpy.Problem, "solve", solve)
    bounds = capacity_bounds(FOUR_ROWS, method="convex", on_failure="ignore")
    assert not bounds.extremes_converged
    assert bounds.method == "convex"
    assert bounds.lower < 0.3568245577 < bounds.minimum.upper


@for_each("family", FAMILIES)
def test_stress(family):
    """12 families, 40 truncated channels of each: none may miss 1e-8 bits."""
    rng = np.random.default_rng([21, *family.encode()])
    for _ in range(20):
        matrix = hard_channel(family, rng, *rng.integers(1, (15, 13)))
        observed, caps = top(matrix, rng.integers(1, matrix.shape[1] + 1))
        for options in ({"residual_in": "unlisted", "caps": caps}, {}):
            bounds = capacity_bounds(observed, method="interior-point", tol=1e-8, **options)
            assert bounds.extremes_converged
            assert bounds.lower <= bounds.upper


@on_every_backend
def test_nothing_missing_is_an_ordinary_capacity(backend):
    matrix = [[0.9, 0.1], [0.1, 0.9]]
    bounds = capacity_bounds(matrix, backend=backend)
    assert bounds.gap <= 1e-9
    assert bounds.lower <= 0.5310044064107188 <= bounds.upper
    assert bounds.minimum is bounds.maximum
    assert bounds.maximum.attained
    assert bounds.method == "bracket"


def test_rows_of_which_nothing_is_seen():
    nothing = capacity_bounds(np.zeros((3, 2)))
    assert nothing.lower == pytest.approx(0, abs=1e-12)
    assert nothing.upper == pytest.approx(math.log2(3), abs=1e-9)
    one = capacity_bounds([[0.9, 0.1, 0.0], [0.0, 0.0, 0.0]])
    assert one.lower == pytest.approx(0, abs=1e-12)
    assert one.upper == pytest.approx(1, abs=1e-9)
    outside = capacity_bounds([[0.5, 0.5], [0.0, 0.0]], residual_in="outside")
    assert outside.minimum.value == pytest.approx(1, abs=1e-9)


def test_one_row_equal_rows_and_columns_of_zeros():
    assert capacity_bounds([[0.3, 0.3]]).upper == pytest.approx(0, abs=1e-12)
    equal = capacity_bounds([[0.5, 0.2]] * 3)
    assert equal.lower == pytest.approx(0, abs=1e-12)
    assert equal.upper == pytest.approx(0.3 * math.log2(3), abs=1e-9)
    wide = np.insert(FOUR_ROWS, [0, 2], 0.0, axis=1)
    for residual_in in ("anywhere", "outside"):
        padded, plain = (capacity_bounds(x, residual_in=residual_in) for x in (wide, FOUR_ROWS))
        assert padded.minimum.value == pytest.approx(plain.minimum.value, abs=2e-9)
        assert padded.maximum.value == pytest.approx(plain.maximum.value, abs=2e-9)


def test_probabilities_near_the_smallest_there_is():
    tiny = np.array([[0.9, 5e-324, 0.0], [1e-310, 0.0, 0.8], [0.0, 1e-300, 0.7]])
    for residual_in in ("anywhere", "unlisted", "outside"):
        bounds = capacity_bounds(tiny, residual_in=residual_in)
        assert bounds.extremes_converged
        assert 0 <= bounds.minimum.value <= bounds.maximum.value <= math.log2(3) + 1e-9


def test_a_residual_that_is_given_and_sparse_rows():
    left = [0.1, 0.05, 0.1, 0.05]
    given_too = capacity_bounds(sparse.csr_array(FOUR_ROWS), left)
    assert given_too.lower == pytest.approx(capacity_bounds(FOUR_ROWS).lower, abs=1e-9)
    single = capacity_bounds(FOUR_ROWS.astype(np.float32))
    assert single.lower == pytest.approx(given_too.lower, abs=1e-6)
    rounded = capacity_bounds([[1.0 - 5e-10, 0.0], [0.0, 1.0]], [0.0, 0.0])
    assert rounded.minimum is rounded.maximum


def test_units():
    bits, nats = capacity_bounds(FOUR_ROWS), capacity_bounds(FOUR_ROWS, base=math.e)
    assert nats.lower == pytest.approx(bits.lower * math.log(2), abs=1e-9)
    assert (bits.unit, nats.unit) == ("bits", "nats")
    assert float(nats.maximum) == nats.maximum.value
    assert bits.n_iter == bits.minimum.n_iter + bits.maximum.n_iter
    check_minimum(FOUR_ROWS, caps_of(FOUR_ROWS, {}), nats.minimum)


def test_what_may_be_unseen_decides_which_ends_are_attained():
    assert capacity_bounds(FOUR_ROWS, unseen=4).maximum.attained
    assert not capacity_bounds(FOUR_ROWS, unseen=3).maximum.attained
    capped = {"residual_in": "unlisted", "caps": [0.05, 0.3, 0.3]}  # the first row needs three private outputs
    assert capacity_bounds(TOP_TWO, unseen=5, **capped).maximum.attained
    assert not capacity_bounds(TOP_TWO, unseen=4, **capped).maximum.attained
    # One unseen output: all inputs share it, and the truth is known.
    shared = capacity_bounds(FOUR_ROWS, residual_in="outside", unseen=1)
    assert shared.minimum is shared.maximum
    assert shared.maximum.attained


def test_caps_and_the_number_of_unseen_outputs_raise_the_minimum():
    options = {"residual_in": "unlisted"}
    loose = capacity_bounds(TOP_TWO, **options)
    capped = capacity_bounds(TOP_TWO, caps=0.08, **options)
    few = capacity_bounds(TOP_TWO, caps=0.08, unseen=1, **options)
    assert loose.lower < capped.lower - 1e-3
    assert capped.lower <= few.lower + 1e-9
    assert (few.minimum.completion[:, -1] <= 0.08).all()
    rng = np.random.default_rng(2)
    room = np.where(TOP_TWO > 0, 0.0, 0.08)
    for _ in range(100):  # what two columns and one unseen output may hold, each at most 0.08
        extra = np.zeros((3, 5))
        for x in range(3):
            for y in rng.permutation([*np.flatnonzero(room[x]), 4]):
                extra[x, y] = min(0.08, 1 - TOP_TWO[x].sum() - extra[x].sum())
        capacity = emp.channel_capacity(np.column_stack([TOP_TWO, np.zeros(3)]) + extra)
        assert few.lower <= capacity.upper
        assert capacity.lower <= few.upper


def test_listed_zeros_take_no_residual():
    listed = TOP_TWO > 0
    listed[2, 1] = True  # known to be 0
    known = capacity_bounds(TOP_TWO, residual_in="unlisted", listed=listed)
    assert known.lower >= capacity_bounds(TOP_TWO, residual_in="unlisted").lower - 1e-9
    assert known.minimum.completion[2, 1] == 0
    every = capacity_bounds(TOP_TWO, residual_in="unlisted", listed=np.ones_like(listed))
    assert every.method == "bracket"
    assert every.minimum.value == pytest.approx(0.9019888278, abs=1e-9)


@for_each(
    ("observed", "options", "sentence"),
    [
        ([[0.5, -0.1]], {}, r"observed\[0, 1\] is -0.1, expected a finite probability of at least 0"),
        ([[0.5, math.nan]], {}, r"observed\[0, 1\] is nan"),
        ([[0.5, 0.4], [0.7, 0.4]], {}, r"observed\[1\] sums to 1.1, expected at most 1"),
        ([[0.5, 0.4]], {"residual": [-0.1]}, r"residual\[0\] is -0.1, expected a mass in \[0, 1\]"),
        (
            [[0.5, 0.5], [0.5, 0.4]],
            {"residual": [0, 0.2]},
            r"residual\[1\] is 0.2, but observed\[1\] sums to 0.9, which",
        ),
        ([[0.5, 0.4]], {"residual": [0.1, 0.1]}, r"residual has shape \(2,\), expected \(1,\)"),
        ([0.5, 0.4], {}, r"observed has shape \(2,\), expected 2 axes"),
        (
            [[0.5]],
            {"residual_in": "tail"},
            "unknown residual_in 'tail'; the known ones are 'anywhere', 'unlisted', 'out",
        ),
        (
            [[0.5]],
            {"method": "newton"},
            "unknown method 'newton'; the known ones are 'auto', 'interior-point', 'convex'",
        ),
        ([[0.5]], {"on_failure": "cry"}, "unknown on_failure 'cry'; the known ones are"),
        ([[0.5]], {"backend": "torch"}, "unknown backend 'torch'"),
        ([[0.5]], {"max_iter": 0}, "max_iter is 0, expected a whole number of at least 1"),
        ([[0.5]], {"unseen": -1}, "unseen is -1, expected a whole number of outputs of at least 0, or math.inf"),
        ([[0.5]], {"unseen": 1.5}, "unseen is 1.5, expected"),
        ([[0.5]], {"unseen": True}, "unseen is True, expected"),
        ([[0.5]], {"caps": 0.1}, "caps belong to residual_in='unlisted', but residual_in is 'anywhere'"),
        ([[0.5]], {"listed": [[True]]}, "listed belongs to residual_in='unlisted', but residual_in is 'anywhere'"),
        ([[0.5]], {"residual_in": "unlisted", "caps": [0.1, 0.2]}, "caps has 2 entries, expected 1"),
        (
            [[0.5]],
            {"residual_in": "unlisted", "caps": [1.5]},
            r"caps\[0\] is 1.5, expected a probability in \[0, 1\]",
        ),
        (
            [[0.5]],
            {"residual_in": "unlisted", "listed": [[1]]},
            r"listed has dtype int64 and shape \(1, 1\), expected b",
        ),
        (
            [[0.5]],
            {"residual_in": "unlisted", "listed": [[False]]},
            r"observed\[0, 0\] is 0.5, expected 0 where listed",
        ),
        (
            [[0.5, 0.5], [0.9, 0.0]],
            {"residual_in": "outside", "unseen": 0},
            r"residual\[1\] is 0.1, but only 0 fits where residual_in='outside' and unseen=0 allow it",
        ),
        (
            [[0.5, 0.5, 0.0], [0.6, 0.0, 0.0]],
            {"residual_in": "unlisted", "unseen": 0, "caps": 0.1},
            r"residual\[1\] is 0.4, but only 0.2 fits .* allow it, with caps\[1\] = 0.1",
        ),
    ],
)
def test_what_cannot_be_is_refused(observed, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        capacity_bounds(observed, **options)


def test_the_result_prints_what_it_proves():
    text = repr(capacity_bounds(FOUR_ROWS, unseen=2))
    assert "CapacityBounds([0.35682455" in text
    assert "bits, gap 0.2368, extremes converged, interior-point, residual anywhere" in text
    assert "a bound only, private columns" in text
    assert "attained, interior-point" in text
    assert "certified: the interval is no wider" in text
