"""Empowerment over skills: policies as inputs, the state at a geometric time as output.

Known values come from an independent computation in nats, to the digits given here.
"""

import math
from itertools import pairwise, product

import numpy as np
import pytest
from helpers import for_each, of_matrices, random_model

import empowerment as emp
from empowerment.actuation.kernels import actuation_kernels
from empowerment.actuation.occupancy.closed_form import lasting_steps, later_distances
from empowerment.actuation.occupancy.lassos import Graph, LassoOracle


def rooms(size=8, door=4, stay=True):
    """A square grid, actions right, down, left, up and stay, with a wall between its halves but for one row."""
    moves = [(0, 1), (1, 0), (0, -1), (-1, 0), (0, 0)][: 5 if stay else 4]
    rows = np.zeros((size * size, len(moves), size * size))
    for state in range(size * size):
        row, column = divmod(state, size)
        for action, (down, right) in enumerate(moves):
            there = min(max(row + down, 0), size - 1), min(max(column + right, 0), size - 1)
            wall = door is not None and {column, there[1]} == {size // 2 - 1, size // 2} and row != door
            rows[state, action, state if wall else there[0] * size + there[1]] = 1.0
    return emp.MDP(rows)


def grid(size, stay=True):
    return rooms(size, None, stay)


def bound(model, discount, states=None, **options):
    return emp.skill_empowerment_bound(model, discount, states=states, base="e", **options)


SWITCH = of_matrices(np.eye(2), np.eye(2)[::-1])
RING = of_matrices(np.eye(3)[[2, 0, 1]], np.eye(3)[[1, 2, 0]])


# Lassos have no kernel of their own in JAX.
on_both_kernels = for_each("backend", ["numba", "reference"])


# --- the closed form


def test_the_bound_is_the_value_where_the_agent_can_stay_and_the_discount_is_near_one():
    assert bound(SWITCH, 0.5, 0) == pytest.approx(0.223143551314, abs=1e-11)
    assert bound(SWITCH, 0.9, 0) == pytest.approx(0.528766115076, abs=1e-11)
    centre, corner, *others = bound(grid(5), 0.95, [12, 0, 2, 6, 7])
    assert [centre, corner] == pytest.approx([2.742194258, 2.469541403], abs=1e-9)
    assert others == pytest.approx([2.605867830, 2.678149127, 2.710171692], abs=1e-9)
    assert bound(grid(5), 0.5, 0) == pytest.approx(0.573410066, abs=1e-9)


def test_the_bound_lies_above_the_value_elsewhere():
    for model, discount, start, value in [
        (grid(5), 0.5, 12, 0.940685814),
        (grid(5, stay=False), 0.95, 12, 2.588385602),
        (rooms(), 0.95, 35, 3.384644802),
        (rooms(), 0.5, 28, 0.840266691),
        (RING, 0.5, 0, 0.231049060187),
        (emp.from_gymnasium("FrozenLake-v1", is_slippery=True), 0.5, 0, 0.168942842),
        (emp.from_gymnasium("FrozenLake-v1", is_slippery=True), 0.99, 0, 1.410066756),
    ]:
        assert bound(model, discount, start)[0] >= value - 1e-9


def test_the_bound_of_an_open_grid_is_that_of_its_row_plus_that_of_its_column():
    corridor = bound(emp.worlds.open_grid(1, 5), 0.7)
    assert bound(grid(5), 0.7) == pytest.approx(np.add.outer(corridor, corridor).ravel(), abs=1e-12)


def test_the_bound_tends_to_nothing_for_small_discounts_and_to_what_is_within_reach_for_large_ones():
    world = grid(4)
    assert (bound(world, 0.0) == 0).all()
    assert (bound(world, 1e-12) < 1e-11).all()
    assert bound(world, 1 - 1e-12) == pytest.approx(np.full(16, math.log(16)), abs=1e-9)
    for discount in (0.0, 0.3, 0.9, 1 - 1e-12):
        later = bound(world, discount, include_start=False)
        assert (later <= math.log(16) + 1e-12).all()
        assert (later >= bound(world, discount)).all()
    assert bound(world, 0.0, 0, include_start=False) == pytest.approx([math.log(3)], abs=1e-12)


def test_targets_that_keep_the_agent_bound_it_by_their_number():
    fan = emp.MDP(np.eye(6)[np.arange(1, 6)][None].repeat(6, 0), terminal=range(1, 6))
    assert bound(fan, 0.9, 0)[0] >= 1.4484941212
    assert bound(fan, 0.9, 0, include_start=False) == pytest.approx([math.log(5)], abs=1e-12)
    assert (bound(fan, 0.9, [1, 2]) == 0).all()


def test_ways_into_dead_ends_do_not_count():
    rows = np.zeros((3, 2, 3))
    rows[0, 0, 0] = rows[0, 1, 1] = rows[1, 0, 2] = 1
    stuck = emp.MDP(rows, available=rows.sum(axis=2) > 0)
    assert (bound(stuck, 0.9) == 0).all()


@for_each("seed", range(40))
def test_the_bound_is_the_sum_over_breadth_first_search(seed):
    model = random_model(seed, range(2, 8), range(1, 4), deterministic=seed % 2 == 0)
    discount = float(np.random.default_rng(seed).uniform(0.01, 0.99))
    theta = discount * (1 - discount) ** ((1 - discount) / discount)
    follows = model.to_dense().max(axis=1) > 0
    for start in range(model.n_states):
        front, seen, total, steps = {start}, set(), 0.0, 0
        while front:
            total += len(front) * theta**steps
            seen |= front
            front, steps = {int(t) for s in front for t in np.flatnonzero(follows[s])} - seen, steps + 1
        found = float(bound(model, discount, start)[0])
        assert found == pytest.approx(math.log(total), abs=1e-12)
        assert found >= math.log(total) * (1 - 1e-15)


def test_a_discount_outside_of_its_range_is_refused():
    with pytest.raises(ValueError, match=r"discount is 1\.5, expected a number in"):
        emp.skill_empowerment_bound(SWITCH, 1.5)


# --- effective empowerment


def effective(model, policy, **options):
    return emp.effective_empowerment(model, policy, base="e", **options)


def uniform(model):
    return model.available / np.maximum(model.available.sum(axis=1, keepdims=True), 1)


def next_action_rows(model, policy, horizon, discount):
    """Rows of the next action, by powers of a dense matrix or its inverse."""
    dense = model.to_dense()
    steps = np.einsum("sa,sat->st", policy, dense)
    if horizon is None:
        return dense @ ((1 - discount) * np.linalg.inv(np.eye(model.n_states) - discount * steps))
    return dense @ np.linalg.matrix_power(steps, horizon - 1)


def information(rows, weights):
    q = weights @ rows
    part = rows > 0
    return float((weights[:, None] * rows * np.log(np.where(part, rows, 1) / np.where(q > 0, q, 1)))[part].sum())


def test_effective_empowerment_of_a_random_walk_on_a_grid():
    world = grid(5)
    for discount, value in [(0.95, 0.071738996), (0.5, 0.824007500)]:
        result = effective(world, uniform(world), discount=discount, states=12)
        assert float(result) == pytest.approx(value, abs=1e-9)
        assert result.lower[0] <= value + 1e-9
        assert result.gap[0] < 1e-10


def test_a_state_is_the_only_reading_of_an_agent_that_stays_where_it_goes():
    fan = emp.MDP(np.eye(6)[np.arange(1, 6)][None].repeat(6, 0), terminal=range(1, 6))
    for future in ({"horizon": 1}, {"horizon": 50}, {"discount": 0.9}, {"discount": 0.0}):
        result = effective(fan, np.full((6, 5), 0.2), **future)
        assert result.value == pytest.approx([math.log(5)] + [0] * 5, abs=1e-12)
        assert (result.lower <= [math.log(5)] + [0] * 5).all()
        assert (result.upper >= [math.log(5)] + [0] * 5).all()


def test_a_switch_that_is_turned_at_random_forgets_after_one_step():
    noise = np.full((2, 2), 0.5)
    assert effective(SWITCH, noise, horizon=1).value == pytest.approx([math.log(2)] * 2, abs=1e-12)
    assert effective(SWITCH, noise, horizon=2).value == pytest.approx([0, 0], abs=1e-12)
    # Read after one step or, with the chance g, after more, where all is one: a channel that forgets.
    stays = (2 - 0.7) / 2
    entropy = -stays * math.log(stays) - (1 - stays) * math.log(1 - stays)
    assert effective(SWITCH, noise, discount=0.7).value == pytest.approx([math.log(2) - entropy] * 2, abs=1e-12)


def test_a_deterministic_policy_tells_nothing():
    world = grid(3)
    result = effective(world, np.eye(5)[np.arange(9) % 5], discount=0.9)
    assert (result.value == 0).all()
    assert (result.upper < 1e-10).all()


@for_each("seed", range(60))
def test_effective_empowerment_is_the_information_of_its_rows_and_below_their_capacity(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, range(2, 7), range(1, 5), deterministic=seed % 3 == 0)
    policy = rng.dirichlet(np.full(model.n_actions, 0.7), size=model.n_states)
    sensor = None if seed % 2 else rng.dirichlet(np.ones(3), size=model.n_states)
    horizon, discount = (int(rng.integers(1, 6)), None) if seed % 4 < 2 else (None, float(rng.uniform(0, 0.99)))
    result = effective(model, policy, horizon=horizon, discount=discount, sensor=sensor)
    assert result.converged.all()
    rows = next_action_rows(model, policy, horizon, discount) @ (np.eye(model.n_states) if sensor is None else sensor)
    for start in range(model.n_states):
        value = information(rows[start], policy[start])
        assert result.lower[start] - 1e-11 <= value <= result.upper[start] + 1e-11
        capacity = emp.channel_capacity(rows[start] / rows[start].sum(axis=1, keepdims=True), base="e")
        assert result.lower[start] <= capacity.upper + 1e-11


def test_effective_empowerment_is_below_the_bound_on_potential_empowerment():
    for model in (grid(4), RING, emp.from_gymnasium("FrozenLake-v1")):
        for discount in (0.3, 0.9):
            found = effective(model, uniform(model), discount=discount)
            assert (found.lower <= bound(model, discount, include_start=False)).all()


def test_an_interval_that_rounding_made_wide_is_told():
    world = grid(4)
    with pytest.warns(emp.ConvergenceWarning, match="1 of 1 intervals are wider than wanted"):
        near = effective(world, uniform(world), discount=1 - 2.0**-30, states=5)
    # To the first order the information is 0: it falls with the square of 1 - discount.
    assert near.lower[0] <= 0 < near.upper[0]
    assert emp.Status(int(near.status[0])) is emp.Status.PRECISION


def test_what_is_asked_of_effective_empowerment_is_said_once_and_must_be_possible():
    for future, message in [
        ({}, "neither horizon nor discount is given"),
        ({"horizon": 2, "discount": 0.5}, "both horizon and discount are given"),
        ({"horizon": 0}, "horizon is 0"),
        ({"discount": 1.0}, "discount is 1"),
    ]:
        with pytest.raises(ValueError, match=message):
            emp.effective_empowerment(SWITCH, np.full((2, 2), 0.5), **future)
    rows = np.zeros((2, 1, 2))
    rows[0, 0, 1] = 1
    stuck = emp.MDP(rows, available=[[True], [False]])
    assert emp.effective_empowerment(stuck, [[1], [0]], horizon=1, states=0).value == pytest.approx([0])
    with pytest.raises(ValueError, match="which has no action, after 1 steps"):
        emp.effective_empowerment(stuck, [[1], [0]], discount=0.5, states=0)


# --- empowerment over skills, deterministic worlds


def skills(model, discount, states=None, **options):
    return emp.skill_empowerment(model, discount, states=states, base="e", **options)


def holds(result, values, digits=1e-9):
    """Whether the intervals hold these values, known to so many digits, and are as narrow as was asked for."""
    values = np.asarray(values)
    return result.converged.all() and ((result.lower - digits <= values) & (values <= result.upper + digits)).all()


def frozen_lake():
    return emp.from_gymnasium("FrozenLake-v1", is_slippery=False)


def deterministic_world(seed):
    return random_model(seed, range(2, 8), range(1, 4), deterministic=True, missing=[0.0, 0.2])


def policy_occupancies(model, discount, start):
    """Occupancies of all deterministic policies that never reach a dead end, one linear system each."""
    steps = lasting_steps(model).toarray() > 0
    reached = np.flatnonzero(np.isfinite(later_distances(lasting_steps(model), np.array([start]), again=True)[0]))
    reached = np.union1d(reached, [start])
    rows = []
    for choice in product(*(np.flatnonzero(steps[state]) for state in reached)):
        follows = np.zeros((model.n_states, model.n_states))
        follows[reached, choice] = 1.0
        system = np.eye(model.n_states) - discount * follows.T
        rows.append((1 - discount) * np.linalg.solve(system, np.eye(model.n_states)[start]))
    return np.maximum(np.unique(np.round(rows, 14), axis=0), 0.0)


def oracle_of(model, discount, start, backend):
    steps = lasting_steps(model)
    later = later_distances(steps, np.array([start]), again=False)[0]
    graph = Graph.around(steps, start, later, apart=False)
    return LassoOracle(graph, discount, actuation_kernels(backend)), graph


@on_both_kernels
def test_values_of_small_worlds(backend):
    for model, discount, start, value, digits in [
        (SWITCH, 0.5, 0, 0.223143551314, 1e-11),
        (SWITCH, 0.9, 0, 0.528766115076, 1e-11),
        (RING, 0.5, 0, math.log(2) / 3, 1e-11),
        (RING, 0.9, 0, 0.333240316328, 1e-11),
        (grid(3), 0.9, 4, 1.7456593736, 1e-9),
        (grid(3), 0.5, 0, 0.5438674310, 1e-9),
        (grid(5), 0.95, 12, 2.742194258, 1e-9),
        (grid(5), 0.5, 12, 0.940685814, 1e-9),
        (grid(5, stay=False), 0.95, 12, 2.588385602, 1e-9),
        (grid(5, stay=False), 0.5, 12, 0.922219864, 1e-9),
        (frozen_lake(), 0.95, 0, 2.127719476, 1e-9),
        (frozen_lake(), 0.5, 0, 0.565428771, 1e-9),
    ]:
        assert holds(skills(model, discount, start, backend=backend), [value], digits)


def test_values_of_grids():
    starts = [12, 0, 2, 6, 7]
    known = [2.742194258, 2.469541403, 2.605867830, 2.678149127, 2.710171692]
    assert holds(skills(grid(5), 0.95, starts), known)
    known = [0.940685814, 0.573410066, 0.769314889, 0.892695790, 0.916915342]
    assert holds(skills(grid(5), 0.5, starts), known)


def test_values_of_two_rooms_from_all_starts():
    for discount, known, mean in [
        (0.95, [3.384644802, 3.297734829, 2.773137339], 3.096710504),
        (0.5, [0.974020673, 0.840266691, 0.571453904], 0.806387109),
    ]:
        result = skills(rooms(), discount)
        assert result.converged.all()
        assert result.value[[35, 28, 0]] == pytest.approx(known, abs=2e-9)
        assert result.value.mean() == pytest.approx(mean, abs=2e-9)
        assert int(result.value.argmax()) in (35, 36)


def test_targets_that_keep_the_agent_are_told_apart_by_the_share_of_later_times():
    fan = emp.MDP(np.eye(6)[np.arange(1, 6)][None].repeat(6, 0), terminal=range(1, 6))
    for discount in (0.01, 0.5, 0.9, 0.999):
        assert holds(skills(fan, discount), [discount * math.log(5)] + [0] * 5, 1e-12)
        assert holds(skills(fan, discount, include_start=False), [math.log(5)] + [0] * 5, 1e-12)


@on_both_kernels
@for_each("seed", range(350), first=60)
def test_the_oracle_finds_the_best_of_all_deterministic_policies(seed, backend):
    rng = np.random.default_rng(seed)
    model, discount = deterministic_world(seed), float(rng.uniform(0.05, 0.98))
    if not (lasting_steps(model)[[0]].sum() > 0):
        return
    oracle, graph = oracle_of(model, discount, 0, backend)
    q = rng.dirichlet(np.ones(graph.states.size)) + 1e-6
    q *= rng.uniform(0.5, 2.0)
    rows = policy_occupancies(model, discount, 0)[:, graph.states]
    best = max(float((row[row > 0] * np.log(row[row > 0] / q[row > 0])).sum()) for row in rows) + math.log(q.sum())
    upper, columns = oracle.price(q, -math.inf)
    assert best <= upper + 1e-13 <= best + 1e-11
    for row in columns.rows:  # each is the occupancy of a policy
        assert np.abs(rows - row).max(axis=1).min() < 1e-12


@for_each("seed", range(100), first=40)
def test_the_interval_is_that_of_all_deterministic_policies(seed):
    model, discount = deterministic_world(seed), float(np.random.default_rng(seed).uniform(0.05, 0.98))
    result = skills(model, discount)
    for start in range(model.n_states):
        if result.status[start] == emp.Status.NO_SEQUENCE:
            assert result.upper[start] == 0
            continue
        rows = policy_occupancies(model, discount, start)
        known = emp.channel_capacity(emp.Channel(rows, normalize=True), base="e", tol=1e-11)
        assert result.lower[start] <= known.upper + 1e-12
        assert known.lower <= result.upper[start] + 1e-12
        assert result.gap[start] <= 1e-9


@for_each("seed", range(500), first=60)
def test_what_must_hold_in_every_world(seed):
    rng = np.random.default_rng(seed)
    model, discount = deterministic_world(seed), float(rng.uniform(0.05, 0.98))
    found, later = skills(model, discount), skills(model, discount, include_start=False)
    within = np.isfinite(later_distances(lasting_steps(model), np.arange(model.n_states), again=True))
    count = (within | np.eye(model.n_states, dtype=bool)).sum(axis=1)
    assert (found.lower <= np.log(count)).all()
    assert (found.lower <= bound(model, discount)).all()
    assert (later.lower <= bound(model, discount, include_start=False)).all()
    assert (found.lower <= discount * later.upper + 1e-12).all()
    never_again = ~within.diagonal()
    assert found.value[never_again] == pytest.approx(discount * later.value[never_again], abs=2e-9)
    if model.available.any(axis=1).all():
        flow = effective(model, uniform(model), discount=discount)
        assert (flow.lower <= later.upper).all()
    order = rng.permutation(model.n_states)
    moved = model.to_dense()[order][:, :, order]
    again = skills(emp.MDP(moved, available=model.available[order]), discount)
    assert again.value == pytest.approx(found.value[order], abs=2e-9)
    more = model.to_dense().copy()
    more[~model.available] = np.eye(model.n_states)[np.nonzero(~model.available)[0]]
    assert (found.lower <= skills(emp.MDP(more), discount).upper).all()


def test_the_value_tends_to_nothing_and_to_what_is_within_reach():
    world = grid(3)
    assert (skills(world, 1e-9).upper < 2e-8).all()
    for discount in (5e-324, 1e-300, 1e-12, 1e-4):
        moves = skills(world, discount, 4, include_start=False, on_failure="ignore")
        assert moves.lower[0] <= math.log(5) + 4 * discount
        assert math.log(5) <= moves.upper[0] <= math.log(9) + 1e-12
    near = skills(world, 1 - 1e-6)
    assert near.value == pytest.approx(np.full(9, math.log(9)), abs=1e-4)


@on_both_kernels
def test_values_of_long_run_averages(backend):
    for model, value in [
        (grid(5), math.log(25)),
        (grid(5, stay=False), 3.019064740),
        (frozen_lake(), 2.668214773),
        (SWITCH, math.log(2)),
    ]:
        assert holds(skills(model, 1.0, 0, backend=backend), [value])
        assert holds(skills(model, 1.0, 0, include_start=False, backend=backend), [value])
        assert bound(model, 1.0, 0)[0] >= value - 1e-9
    near = skills(grid(4, stay=False), 1 - 1e-9)
    assert skills(grid(4, stay=False), 1.0, backend=backend).value == pytest.approx(near.value, abs=1e-6)


def test_long_run_averages_depend_on_where_the_start_leads():
    fan = emp.MDP(np.eye(6)[np.arange(1, 6)][None].repeat(6, 0), terminal=range(1, 6))
    assert holds(skills(fan, 1.0), [math.log(5)] + [0] * 5, 1e-12)
    # Rings of three and of one state behind a start that is left for ever: only the cycles can be told apart.
    rows = np.zeros((5, 2, 5))
    rows[0, 0, 1] = rows[0, 1, 4] = rows[4, :, 4] = rows[1, :, 2] = rows[2, :, 3] = rows[3, :, 1] = 1
    result = skills(emp.MDP(rows), 1.0)
    assert holds(result, [math.log(2), 0, 0, 0, 0], 1e-12)
    assert {skill.states for skill in result.skills(0)} == {(0, 1, 2, 3), (0, 4)}


@for_each("seed", range(60))
def test_long_run_averages_are_those_of_all_cycles(seed):
    model = deterministic_world(seed)
    result = skills(model, 1.0)
    for start in range(model.n_states):
        if result.status[start] != emp.Status.NO_SEQUENCE:
            rows = policy_occupancies(model, 1 - 1e-7, start)
            known = emp.channel_capacity(emp.Channel(rows, normalize=True), base="e")
            assert float(known.value) == pytest.approx(result.value[start], abs=1e-5)


def test_skills_are_policies_whose_information_is_the_lower_end():
    for model, include_start in [(grid(4), True), (grid(4), False), (frozen_lake(), True), (RING, False)]:
        result = skills(model, 0.8, include_start=include_start)
        for start in result:
            found = result.skills(start)
            chances = np.array([skill.probability for skill in found])
            assert (np.diff(chances) <= 0).all()
            assert chances.sum() == pytest.approx(1.0, abs=1e-3)
            rows = np.zeros((len(found), model.n_states))
            for row, skill in zip(rows, found, strict=True):
                assert skill.states[0] == start
                assert len(set(skill.states)) >= len(skill.states) - (not include_start)
                walk = list(range(len(skill.states)))
                walk += walk[skill.repeats :] * (400 // len(walk[skill.repeats :]) + 1)
                for t, (here, after) in enumerate(pairwise(walk)):
                    state, action = (model.state_index(skill.states[here]), model.actions.index(skill.actions[here]))
                    assert model.successors[state, action] == model.state_index(skill.states[after])
                    row[state] += 0.2 * 0.8**t if include_start else 0.25 * 0.8**t * (t > 0)
            rows /= rows.sum(axis=1, keepdims=True)
            value = information(rows, chances / chances.sum())
            assert value == pytest.approx(result[start].lower[0], abs=1e-3)


@for_each("include_start", [True, False])
@for_each("discount", [0.3, 0.95, 1.0])
def test_both_ends_follow_from_the_skills_and_the_output_distribution(include_start, discount):
    for model in (grid(4), frozen_lake(), RING, rooms(6, 2)):
        result = skills(model, discount, include_start=include_start)
        lower, upper = result.verify(model)
        assert lower == pytest.approx(result.lower, abs=1e-11)
        assert upper == pytest.approx(result.upper, abs=1e-11)
        part = result[model.states[1]].verify(model)
        assert (part[0][0], part[1][0]) == (lower[1], upper[1])
    with pytest.raises(ValueError, match="model has other states or actions than the result"):
        result.verify(RING)
    with pytest.raises(ValueError, match="model does not lead where the skills of the result go"):
        result.verify(rooms(6, 3))


def test_chunks_and_processes_change_nothing():
    world = grid(5)
    whole, few = skills(world, 0.7), skills(world, 0.7, [24, 3])
    assert few.value == pytest.approx(whole.value[[24, 3]], abs=0)
    assert whole[24].skills(24) == few.skills(24)
    shared = skills(world, 0.7, n_jobs=2)
    assert (shared.value == whole.value).all()


def test_ways_into_dead_ends_are_no_skills():
    rows = np.zeros((4, 2, 4))
    rows[0, 0, 1] = rows[0, 1, 3] = rows[1, 0, 1] = rows[1, 1, 0] = rows[2, 0, 3] = 1
    model = emp.MDP(rows, available=rows.sum(axis=2) > 0)
    result = skills(model, 0.5)
    assert result.status.tolist() == [emp.Status.CERTIFIED] * 2 + [emp.Status.NO_SEQUENCE] * 2
    assert result.value[2:] == pytest.approx([0, 0])
    assert result.skills(2) == []
    assert len(result.skills(0)) == 2
    assert all(3 not in skill.states for skill in result.skills(0))


def test_discounts_without_a_future_are_refused():
    for discount in (0.0, 1.5, -0.1):
        with pytest.raises(ValueError, match="discount is"):
            emp.skill_empowerment(SWITCH, discount)


def test_a_tolerance_below_rounding_is_reported():
    with pytest.warns(emp.ConvergenceWarning, match="are wider than wanted"):
        result = skills(rooms(), 0.95, 35, tol=1e-12)
    assert emp.Status(int(result.status[0])) is emp.Status.PRECISION
    assert result.lower[0] <= 3.384644802 + 1e-9
    assert result.gap[0] < 1e-11


def test_a_map_says_what_it_shows():
    pytest.importorskip("matplotlib")
    result = emp.skill_empowerment(emp.worlds.open_grid(3), 0.5)
    assert result.plot().get_title().replace("\n", " ") == "open_grid: empowerment over skills, discount 0.5"
