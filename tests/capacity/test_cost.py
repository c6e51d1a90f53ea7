"""Capacity under a budget, per unit of cost, and with rewards."""

import math

import numpy as np
import pytest
from helpers import for_each, h, on_every_backend
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import empowerment as emp
from empowerment.capacity.constrained.cost import capacity_cost
from empowerment.capacity.constrained.per_unit_cost import capacity_per_unit_cost
from empowerment.testing import FAMILIES, channels, hard_channel

SWITCH = [[0.9, 0.1], [0.1, 0.9]]


def switch_capacity(budget):
    budget = min(budget, 0.5)
    return h(0.1 * (1 - budget) + 0.9 * budget) - h(0.1)


def exact_divergence(row, q):
    """Of measures, which bounds capacities even where rows miss the sum 1 by rounding."""
    terms = [w * (math.log(w) - math.log(q[y])) if q[y] > 0 else math.inf for y, w in enumerate(row) if w > 0]
    return math.fsum([*terms, *(-row), *q])


def check_certificate(matrix, costs, result):
    """Recompute what the distributions and the price of one budget prove, with exact sums."""
    matrix, costs, unit = np.asarray(matrix, dtype=float), np.asarray(costs, dtype=float), math.log(result.base)
    p, q, price = result.input_distribution, result.output_distribution, float(result.price)
    assert (p >= 0).all()
    assert abs(math.fsum(p) - 1) <= 1e-12
    assert math.fsum(p * (costs - result.budget)) <= 0, "the budget is exceeded"
    assert result.cost <= result.budget
    own_q = [max(math.fsum(p * column), math.ulp(0.0)) for column in matrix.T]
    information = math.fsum(p[x] * exact_divergence(matrix[x], own_q) for x in np.flatnonzero(p)) / unit
    # Nothing is worth less than nothing, whatever rounding says of the sum.
    assert result.lower <= max(information, 0.0), f"lower is {result.lower!r}, but p proves only {information!r}"
    if math.isinf(price):
        assert result.budget == costs.min()
        bounds = [exact_divergence(row, q) / unit for row in matrix[costs == costs.min()]]
    else:
        assert price >= 0
        left = result.budget - costs
        bounds = [exact_divergence(row, q) / unit + price * x for row, x in zip(matrix, left, strict=True)]
    assert max(bounds) <= result.upper, f"upper is {result.upper!r}, but q and the price prove only {max(bounds)!r}"
    assert result.lower <= result.value <= result.upper or result.value == 0


def one(result, i):
    """The result of one budget of a curve."""
    fields = ("value", "lower", "upper", "budget", "price", "input_distribution", "output_distribution", "cost")
    return type(result)(
        **{name: getattr(result, name)[i] for name in fields},
        n_solves=result.n_solves,
        status=emp.Status(int(result.status[i])),
        **{name: getattr(result, name) for name in ("base", "tol", "rtol", "backend")},
    )


# matrix, costs, budget, capacity in bits: by a closed form, or published (to 12 digits)
CLOSED_FORMS = {
    "switch, .05": (SWITCH, [0, 1], 0.05, switch_capacity(0.05), 0.115243218054),
    "switch, .2": (SWITCH, [0, 1], 0.2, switch_capacity(0.2), 0.357750778903),
    "switch, .5": (SWITCH, [0, 1], 0.5, 1 - h(0.1), 0.531004406411),
    "switch, .7": (SWITCH, [0, 1], 0.7, 1 - h(0.1), 0.531004406411),
    "switch, nothing to spend": (SWITCH, [0, 1], 0, 0.0, 0.0),
    "switch, hardly anything": (SWITCH, [0, 1], 1e-6, switch_capacity(1e-6), 2.535935e-6),
    "4 actions, .25": (np.eye(4), range(4), 0.25, None, 0.899997581123),
    "4 actions, .5": (np.eye(4), range(4), 0.5, None, 1.356343561746),
    "4 actions, 1": (np.eye(4), range(4), 1, None, 1.852285994075),
    "4 actions, 1.5": (np.eye(4), range(4), 1.5, 2.0, 2.0),
    "cell, .4": (np.eye(5), [0, 1, 1, 1, 1], 0.4, h(0.4) + 0.8, 1.770950594455),
    "cell, costs from -1": (np.eye(5), [-1, 1, 1, 1, 1], -0.2, h(0.4) + 0.8, 1.770950594455),
    "only the two cheapest": (np.eye(4), [1, 1, 2, 3], 1, 1.0, 1.0),
    "equal costs": (SWITCH, [3, 3], 3, 1 - h(0.1), 0.531004406411),
    # Equal rows, of which the dearer are never needed.
    "twins": (np.eye(2)[[0, 0, 1, 1]], [5, 0, 9, 1], 0.1, h(0.1), 0.468995593589),
    "one input": ([[0.2, 0.8]], [7], 8, 0.0, 0.0),
}


@for_each("form", [np.asarray, sparse.csr_array])
@for_each("name", CLOSED_FORMS)
@on_every_backend
def test_closed_forms(name, form, backend):
    matrix, costs, budget, capacity, published = CLOSED_FORMS[name]
    if capacity is not None:
        assert capacity == pytest.approx(published, rel=1e-6, abs=1e-11)
    result = capacity_cost(form(np.asarray(matrix, dtype=float)), list(costs), budget, backend=backend)
    assert result.converged
    assert result.status == emp.Status.CERTIFIED
    assert result.backend == backend
    if capacity is not None:
        assert result.lower <= capacity <= result.upper
        assert result.value == pytest.approx(capacity, abs=1e-9)
    assert result.value == pytest.approx(published, abs=1e-8)
    check_certificate(matrix, costs, result)


@on_every_backend
def test_the_price_is_the_slope_and_0_where_the_budget_does_not_bind(backend):
    result = capacity_cost(np.eye(5), [0, 1, 1, 1, 1], [0.0, 0.4, 0.8, 0.9], backend=backend)
    assert math.isinf(result.price[0])
    assert result.price[1] == pytest.approx(math.log2(6), abs=1e-4)
    assert (result.price[2:] == 0).all()
    assert result.value[2:] == pytest.approx(math.log2(5), abs=1e-9)
    assert capacity_cost(SWITCH, [2, 2], 2).price == 0
    assert capacity_cost(np.eye(2)[[0, 1, 1]], [2, 2, 3], 2).price == 0


@on_every_backend
def test_a_straight_curve_takes_few_solves(backend):
    """A free input that says nothing, and a pair of inputs that says one bit for each unit of cost."""
    matrix = [[0.25, 0.25, 0.25, 0.25], [0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]]
    result = capacity_cost(matrix, [0, 1, 1], [0.1, 0.3, 0.9], backend=backend)
    assert result.value == pytest.approx([0.1, 0.3, 0.9], abs=1e-9)
    assert result.price == pytest.approx(1, abs=1e-6)
    assert result.n_solves <= 6


@on_every_backend
def test_a_curve_is_what_its_budgets_are_one_by_one(backend):
    rng = np.random.default_rng(4)
    matrix, costs = hard_channel("dirichlet", rng, 12, 9), rng.random(12)
    budgets = costs.min() + np.linspace(0, 0.5, 6).reshape(2, 3) * np.ptp(costs)
    curve = capacity_cost(matrix, costs, budgets, backend=backend)
    assert curve.value.shape == curve.price.shape == curve.status.shape == curve.cost.shape == (2, 3)
    assert curve.input_distribution.shape == (2, 3, 12)
    assert curve.output_distribution.shape == (2, 3, 9)
    assert curve.converged.all()
    for at in np.ndindex(2, 3):
        single = capacity_cost(matrix, costs, float(budgets[at]), backend=backend)
        assert max(single.lower, curve.lower[at]) <= min(single.upper, curve.upper[at])
        check_certificate(matrix, costs, one(curve, at))


@on_every_backend
def test_the_default_budgets_reach_from_the_smallest_cost_to_the_end_of_the_rise(backend):
    curve = capacity_cost(np.eye(4), [1, 2, 3, 4], backend=backend)
    assert curve.budget.shape == (33,)
    assert curve.budget[0] == 1
    assert curve.budget[-1] == pytest.approx(2.5, abs=1e-4)
    assert curve.value[0] == pytest.approx(0, abs=1e-9)
    assert curve.value[-1] == pytest.approx(2, abs=2e-9)
    assert np.diff(curve.budget) == pytest.approx(np.diff(curve.budget)[0])
    assert curve.converged.all()
    # Of optimal input distributions the cheapest one counts.
    twins = capacity_cost(np.eye(2)[[0, 0, 1, 1]], [5, 0, 9, 1], backend=backend)
    assert twins.budget[-1] == pytest.approx(0.5, abs=1e-4)
    assert capacity_cost(SWITCH, [4, 4]).budget == pytest.approx([4])
    assert capacity_cost(np.eye(2)[[0, 1, 1]], [0, 0, 1]).budget == pytest.approx([0])


@for_each("family", FAMILIES)
def test_budgets_share_their_solves(family):
    """About two solves for each budget of a curve, hardly ever more than a dozen for one alone."""
    rng = np.random.default_rng([6, *family.encode()])
    for _ in range(4):
        matrix = hard_channel(family, rng, *rng.integers(2, (30, 20)))
        costs = rng.random(len(matrix))
        curve = capacity_cost(matrix, costs)
        assert curve.converged.all()
        assert curve.n_solves <= 4 * curve.value.size
        alone = capacity_cost(matrix, costs, costs.min() + 0.1 * np.ptp(costs))
        assert alone.converged
        assert alone.n_solves <= 25


@for_each("family", FAMILIES, first=4)
@on_every_backend
def test_stress(family, backend):
    """Costs of all kinds, budgets from next to nothing to more than enough."""
    rng = np.random.default_rng([8, *family.encode()])
    for i in range(20 if backend == "numba" else 3):
        matrix = hard_channel(family, rng, *rng.integers(1, (40, 25)))
        n = len(matrix)
        costs = [rng.random(n), rng.integers(0, 3, n) * 1.0, rng.exponential(size=n) ** 4, -rng.random(n)][i % 4]
        costs = costs * 10.0 ** rng.choice([-9, 0, 9]) + rng.choice([0.0, 10.0])
        budget = costs.min() + (costs.mean() - costs.min()) * 10 ** rng.uniform(-8, 0.3)
        result = capacity_cost(matrix, costs, budget, tol=rng.choice([1e-6, 1e-9]), backend=backend)
        assert result.converged, (family, matrix.shape, result)
        check_certificate(matrix, costs, result)


@for_each("part", range(30))
@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
def test_an_independent_convex_solver_agrees(part):
    cvxpy = pytest.importorskip("cvxpy")
    rng = np.random.default_rng(part)
    matrix = hard_channel(("dirichlet", "inside-hull", "block-diagonal")[part % 3], rng, *rng.integers(2, (13, 11)))
    matrix = np.where(matrix > 1e-11, matrix, 0.0)  # below the convex solver's precision
    matrix = matrix[:, matrix.max(axis=0) > 0] / matrix.sum(axis=1, keepdims=True)
    costs = rng.random(len(matrix))
    budget = costs.min() + rng.uniform(0.02, 0.6) * np.ptp(costs)
    p = cvxpy.Variable(len(matrix), nonneg=True)
    entropies = np.array([emp.entropy(row, base=math.e) for row in matrix])
    information = cvxpy.sum(cvxpy.entr(matrix.T @ p)) - entropies @ p
    problem = cvxpy.Problem(cvxpy.Maximize(information), [cvxpy.sum(p) == 1, costs @ p <= budget])
    problem.solve(solver=cvxpy.CLARABEL)
    accuracy = 1e-7 if problem.status == "optimal" else 1e-5
    result = capacity_cost(matrix, costs, budget)
    assert problem.value / math.log(2) == pytest.approx(result.value, abs=accuracy)


@st.composite
def priced(draw):
    matrix = draw(channels())
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    costs = rng.integers(0, 4, len(matrix)) * 1.0 if draw(st.booleans()) else rng.random(len(matrix))
    return matrix, costs


@given(priced())
def test_the_curve_rises_is_concave_and_ends_at_the_capacity(channel):
    matrix, costs = channel
    budgets = np.linspace(costs.min(), costs.max() + 1, 7)
    curve = capacity_cost(matrix, costs, budgets)
    capacity = emp.channel_capacity(matrix)
    assert curve.converged.all()
    assert (curve.lower <= capacity.upper + 1e-11).all()
    assert (curve.upper >= -1e-11).all()
    assert (curve.lower[:-1] <= curve.upper[1:] + 1e-11).all()
    assert ((curve.lower[:-2] + curve.lower[2:]) / 2 <= curve.upper[1:-1] + 1e-11).all()
    assert curve.upper[-1] >= capacity.lower - 1e-11
    assert curve.price[-1] == 0
    for i in range(7):
        check_certificate(matrix, costs, one(curve, i))


@given(priced(), st.floats(0, 1), st.sampled_from([0.5, 3.0, 1e-4, 1e6]), st.sampled_from([0.0, -7.0, 10.0]))
def test_another_unit_or_origin_of_cost_changes_nothing(channel, share, scale, shift):
    matrix, costs = channel
    budget = costs.min() + share * np.ptp(costs)
    here = capacity_cost(matrix, costs, budget)
    moved = costs + shift
    there = capacity_cost(matrix, moved * scale, max(budget + shift, moved.min()) * scale)
    # The sums round, which moves the budget by a few units in its last place.
    slack = 1e-11 if math.isinf(here.price) else 1e-11 + 1e-14 * here.price
    assert here.lower <= there.upper + slack
    assert there.lower <= here.upper + slack


@given(priced())
def test_the_best_ratio_bounds_the_curve_from_above_and_a_point_of_it_attains_it(channel):
    matrix, costs = channel
    costs = costs + 0.25
    best = capacity_per_unit_cost(matrix, costs)
    assert best.converged
    curve = capacity_cost(matrix, costs, np.linspace(costs.min(), costs.max(), 5))
    assert (curve.lower / curve.budget <= best.upper + 1e-11).all()
    p, q = best.input_distribution, best.output_distribution
    assert best.lower <= emp.mutual_information(matrix, p) / math.fsum(p * costs) + 1e-13
    ratios = [exact_divergence(row, q) / math.log(2) / cost for row, cost in zip(matrix, costs, strict=True)]
    assert max(ratios) <= best.upper
    assert best.best_input == int(np.argmax(ratios)) or max(ratios) - ratios[best.best_input] < 1e-12


@on_every_backend
def test_per_unit_cost_with_a_free_input(backend):
    result = capacity_per_unit_cost(SWITCH, [0, 1], backend=backend)
    assert result.value == pytest.approx(0.8 * math.log2(9), abs=1e-9)
    assert result.value == pytest.approx(2.535940001154, abs=1e-9)
    assert result.lower <= 0.8 * math.log2(9) <= result.upper
    assert (result.free_input, result.best_input, result.input_distribution) == (0, 1, None)
    assert result.n_solves == 0
    assert result.converged
    # It is the slope at which the curve leaves the free input.
    little = capacity_cost(SWITCH, [0, 1], 1e-5, backend=backend)
    assert little.price == pytest.approx(result.value, abs=1e-3)
    named = emp.Channel([[0.5, 0.5], [0.9, 0.1], [0.5, 0.5]], inputs=["wait", "push", "idle"])
    push = capacity_per_unit_cost(named, [0, 2, 0])
    assert (push.free_input, push.best_input) == ("wait", "push")
    assert push.value == pytest.approx((1 - h(0.1)) / 2, abs=1e-9)
    assert capacity_per_unit_cost(sparse.csr_array(named.matrix), [0, 2, 0]).value == push.value


@for_each(
    ("matrix", "costs", "best"),
    [
        (np.eye(3), [0, 1, 2], 1),  # rows that reach what the free row does not
        (SWITCH, [0, 0], 1),  # two free inputs that can be told apart
        ([[0.5, 0.5], [0.5, 0.5], [0.4, 0.6], [0.1, 0.9]], [0, 0, 0, 1], 2),
    ],
)
@on_every_backend
def test_per_unit_cost_may_be_infinite(matrix, costs, best, backend):
    result = capacity_per_unit_cost(matrix, costs, backend=backend)
    assert result.lower == result.value == result.upper == math.inf
    assert result.gap == 0
    assert result.converged
    assert result.best_input == best


@on_every_backend
def test_per_unit_cost_without_a_free_input(backend):
    costs = [1, 2, 3, 4]
    result = capacity_per_unit_cost(np.eye(4), costs, backend=backend)
    assert result.converged
    # Without noise the ratio s solves sum 2^(-s cost) = 1 (Shannon 1948).
    assert sum(2 ** (-result.value * cost) for cost in costs) == pytest.approx(1, abs=1e-8)
    assert result.cost == pytest.approx(math.fsum(result.input_distribution * costs))
    assert result.n_solves <= 8
    assert capacity_per_unit_cost(SWITCH, [2, 2], backend=backend).value == pytest.approx((1 - h(0.1)) / 2, abs=1e-9)
    assert capacity_per_unit_cost([[0.2, 0.8]], [3], backend=backend).value == pytest.approx(0, abs=1e-9)


@for_each("costs", [[0], [0, 0], [0, 3]])
def test_inputs_that_cannot_be_told_apart_are_worth_nothing(costs):
    assert capacity_per_unit_cost([[0.5, 0.5]] * len(costs), costs).value == pytest.approx(0, abs=1e-12)


def test_a_tiny_cost_needs_a_relative_tolerance():
    costs = [1e-7, 2e-7]
    result = capacity_per_unit_cost(SWITCH, costs, rtol=1e-6)
    assert result.converged
    assert result.value == pytest.approx(1e7 * capacity_per_unit_cost(SWITCH, [1, 2]).value, rel=1e-5)
    with pytest.warns(emp.ConvergenceWarning, match="rounding errors came first"):
        assert capacity_per_unit_cost(SWITCH, costs).status == emp.Status.PRECISION


@on_every_backend
def test_other_units(backend):
    bits, nats = (capacity_cost(SWITCH, [0, 1], 0.2, base=base, backend=backend) for base in (2, math.e))
    assert nats.value == pytest.approx(bits.value * math.log(2), abs=1e-9)
    assert nats.price == pytest.approx(bits.price * math.log(2), abs=1e-4)
    assert (bits.unit, nats.unit) == ("bits", "nats")
    check_certificate(SWITCH, [0, 1], nats)
    ratio = capacity_per_unit_cost(SWITCH, [1, 2], base=math.e, backend=backend)
    assert ratio.value == pytest.approx(capacity_per_unit_cost(SWITCH, [1, 2]).value * math.log(2), abs=1e-9)


def test_a_missed_tolerance_is_said_and_the_interval_holds(monkeypatch):
    from empowerment.capacity.constrained import cost_curve, per_unit_cost

    for module in (cost_curve, per_unit_cost):
        monkeypatch.setattr(module, "MAX_SOLVES", 1)
    with pytest.warns(emp.ConvergenceWarning, match=r"bits wide, wanted 1.00e-09: rounding errors came first"):
        result = capacity_cost(SWITCH, [0, 1], [0.2, 0.7])
    assert result.converged.tolist() == [False, True]
    assert result.status.tolist() == [emp.Status.PRECISION, emp.Status.CERTIFIED]
    assert result.lower[0] < switch_capacity(0.2) < result.upper[0]
    check_certificate(SWITCH, [0, 1], one(result, 0))
    assert "1 NOT converged" in repr(result)
    with pytest.raises(RuntimeError, match="bits wide"):
        capacity_cost(SWITCH, [0, 1], 0.2, on_failure="raise")
    assert not capacity_cost(SWITCH, [0, 1], 0.2, on_failure="ignore").converged
    with pytest.raises(RuntimeError, match="bits wide"):
        capacity_per_unit_cost(SWITCH, [1, 2], on_failure="raise")


@for_each("function", [capacity_cost, capacity_per_unit_cost])
@for_each(
    ("costs", "sentence"),
    [
        ([1.0], "costs has 1 entries, expected 2, one for each input of the channel"),
        ([1.0, math.inf], r"costs\[1\] is inf, expected a finite cost; leave out forbidden inputs"),
        ([math.nan, 1.0], r"costs\[0\] is nan, expected a finite cost"),
        ([[1.0, 2.0]], r"costs has shape \(1, 2\), expected 1 axes: \(input,\)"),
    ],
)
def test_unusable_costs_are_refused(function, costs, sentence):
    with pytest.raises(ValueError, match=sentence):
        function(SWITCH, costs)


@for_each(
    ("budget", "sentence"),
    [
        (0.5, r"budget is 0.5, expected a finite number of at least 1, the cost of the cheapest input \(number 1\)"),
        ([2, 0.5], r"budget\[1\] is 0.5, expected a finite number of at least 1"),
        ([[2, math.nan]], r"budget\[0, 1\] is nan, expected a finite number"),
        (math.inf, "budget is inf, expected a finite number"),
        ([], r"budget has shape \(0,\), expected at least one entry"),
    ],
)
def test_unusable_budgets_are_refused(budget, sentence):
    with pytest.raises(ValueError, match=sentence):
        capacity_cost(SWITCH, [2, 1], budget)


def test_negative_costs_per_unit_of_cost_are_refused():
    with pytest.raises(ValueError, match=r"costs\[1\] is -1, expected costs of at least 0 to divide by"):
        capacity_per_unit_cost(SWITCH, [0, -1])
    with pytest.raises(ValueError, match=r"costs\[1\] is 1e-300, expected 0 or at least 1e-100 to divide by"):
        capacity_per_unit_cost(SWITCH, [0, 1e-300])


@for_each("function", [capacity_cost, capacity_per_unit_cost])
@for_each(
    ("options", "sentence"),
    [
        ({"backend": "torch"}, "unknown backend 'torch'; the known ones are"),
        ({"on_failure": "shrug"}, "unknown on_failure 'shrug'; the known ones are 'warn', 'raise', 'ignore'"),
        ({"tol": 1e-13}, "tol is 1e-13, expected a finite width"),
        ({"rtol": 1.0}, r"rtol is 1.0, expected a number in \[0, 1\)"),
        ({"base": 1}, "base is 1, expected a number above 1"),
    ],
)
def test_unknown_options_are_refused(function, options, sentence):
    for costs in ([1, 2], [0, 1]):
        with pytest.raises(ValueError, match=sentence):
            function(SWITCH, costs, **options)


def test_results_print_what_they_prove():
    text = repr(capacity_cost(SWITCH, [0, 1], 0.2))
    assert "0.3577507789 bits in [0.35775077" in text
    assert "at budget 0.2, price 1.207" in text
    assert "certified: the interval is no wider" in text
    text = repr(capacity_cost(SWITCH, [0, 1], [0.1, 0.2]))
    assert "2 budgets from 0.1 to 0.2: 0.211081 to 0.357751 bits" in text
    text = repr(capacity_per_unit_cost(SWITCH, [0, 1]))
    assert "2.535940001 bits per unit of cost" in text
    assert "best input 1, by the formula for a free input" in text
    assert float(capacity_per_unit_cost(SWITCH, [0, 1])) == pytest.approx(2.535940001)
    assert float(capacity_cost(SWITCH, [0, 1], [0.2])) == pytest.approx(0.3577507789)
    with pytest.raises(TypeError, match="the result holds 2 budgets; name one"):
        float(capacity_cost(SWITCH, [0, 1], [0.1, 0.2]))


# Rewards: channel_capacity(channel, rewards=...)


def check_rewards(matrix, rewards, result):
    """Recompute both ends from p and q, with exact sums."""
    matrix, p, q = np.asarray(matrix, dtype=float), result.input_distribution, result.output_distribution
    own_q = [max(math.fsum(p * column), math.ulp(0.0)) for column in matrix.T]
    worth = [exact_divergence(row, q) / math.log(2) + r for row, r in zip(matrix, rewards, strict=True)]
    used = np.flatnonzero(p)
    lower = math.fsum(p[x] * (exact_divergence(matrix[x], own_q) / math.log(2) + rewards[x]) for x in used)
    assert result.lower <= lower
    assert result.upper >= max(worth)
    assert result.converged


@for_each("rewards", [[0.0, 0.0, 0.0], [1.0, -2.0, 0.5], [-5.0, -6.0, -7.0], [300.0, 0.0, -300.0]])
@on_every_backend
def test_rewards_without_noise(rewards, backend):
    result = emp.channel_capacity(np.eye(3), rewards=rewards, backend=backend)
    most = max(rewards)
    assert result.value == pytest.approx(most + math.log2(sum(2 ** (r - most) for r in rewards)), abs=1e-9)
    check_rewards(np.eye(3), rewards, result)


@for_each("more", [0.01, -0.01])
@on_every_backend
def test_rewards_end_all_choice_from_a_divergence_on(more, backend):
    """Only one input is used if and only if its advantage is at least the others' divergence from its row."""
    advantage = emp.divergence(SWITCH[1], SWITCH[0]) + more
    result = emp.channel_capacity(SWITCH, rewards=[advantage, 0.0], backend=backend)
    check_rewards(SWITCH, [advantage, 0.0], result)
    if more > 0:
        assert result.value == pytest.approx(advantage, abs=1e-9)
        assert result.input_distribution[0] == pytest.approx(1, abs=1e-6)
    else:
        assert result.value > advantage + 1e-7
        assert result.input_distribution[1] > 1e-4


@on_every_backend
def test_of_equal_rows_the_larger_reward_counts(backend):
    twice = [*SWITCH, *SWITCH]
    single = emp.channel_capacity(SWITCH, rewards=[0.4, 0.3], backend=backend)
    double = emp.channel_capacity(twice, rewards=[0.1, 0.3, 0.4, -1.0], backend=backend)
    assert double.value == pytest.approx(single.value, abs=1e-9)
    assert double.input_distribution[[0, 3]] == pytest.approx(0, abs=1e-6)
    check_rewards(twice, [0.1, 0.3, 0.4, -1.0], double)


@for_each("seed", range(5))
@on_every_backend
def test_rewards_of_parts_with_outputs_of_their_own_add_up_as_powers(seed, backend):
    rng = np.random.default_rng(seed)
    parts = [hard_channel("dirichlet", rng, n, m) for n, m in ((4, 3), (2, 5), (1, 1))]
    rewards = [rng.normal(size=len(part)) for part in parts]
    matrix, joined = sparse.block_diag(parts).toarray(), np.concatenate(rewards)
    values = [emp.channel_capacity(w, rewards=r, backend=backend).value for w, r in zip(parts, rewards, strict=True)]
    result = emp.channel_capacity(matrix, rewards=joined, backend=backend)
    assert result.value == pytest.approx(math.log2(sum(2**v for v in values)), abs=1e-8)
    check_rewards(matrix, joined, result)
