"""The orders between the quantities of several agents, on random worlds of two and three agents."""

import math

import numpy as np
import pytest

import empowerment as emp

SLACK = 1e-7
TOL = 1e-4  # of the best and the worst case
NAMES = ("a", "b", "c")


def random_world(seed):
    """Two or three agents, sometimes without noise, sometimes with a sensor that merges states."""
    rng = np.random.default_rng(seed)
    counts = tuple(rng.integers(2, 4, size=2 + seed % 2).tolist())
    n_states = int(rng.integers(2, 5))
    shape = (n_states, *counts)
    if seed % 5 == 0:
        rows = np.eye(n_states)[rng.integers(n_states, size=shape)]
    else:
        rows = rng.dirichlet(np.full(n_states, 0.4), size=shape)
    sensor = (lambda state: state // 2) if seed % 3 == 0 else None
    actions = dict(zip(NAMES, counts, strict=False))
    return emp.MultiAgentMDP(rows, actions, sensors={"a": sensor}, normalize=True), rng


def check_orders(seed):
    world, rng = random_world(seed)
    horizon, state, sensor = 1 + seed % 2, 0, world.sensors["a"]
    others = {name: rng.dirichlet(np.ones(len(world.actions[name]))) for name in world.agents[1:]}
    plain = {"states": state, "sensor": sensor}
    own = emp.transfer_empowerment(world, horizon, "a", "a", others, states=state)
    joint = emp.empowerment(world.joint, horizon, **plain)
    group = emp.empowerment(world.for_agent(["a", "b"], {n: others[n] for n in world.agents[2:]}), horizon, **plain)
    seen = emp.informed_empowerment(world, horizon, "a", others, states=state)
    one = {"b": others["b"]}
    rest = {name: others[name] for name in world.agents[2:]}
    partly = emp.informed_empowerment(world, horizon, "a", one, rest, states=state)
    rate = emp.independent_sum_rate(world, horizon, state, sensor=sensor, starts=2, rng=0, max_iter=20)
    fixed = emp.assisted_empowerment(world, horizon, state, "a", "b", rest)
    # Who knows the others' actions knows no less; the more actions are seen, the more is known.
    assert own.lower[0] <= partly.upper[0] + SLACK
    assert partly.lower[0] <= seen.upper[0] + SLACK
    # More agents choose no less together, and independent choices no more than joint ones.
    assert own.lower[0] <= group.upper[0] + SLACK
    assert group.lower[0] <= joint.upper[0] + SLACK
    assert rate.lower <= rate.upper
    assert rate.upper == pytest.approx(joint.value[0], abs=1e-6)
    # What is seen of one agent is an average over its sequences, for which the agent has one distribution.
    chances = one["b"]
    for _ in range(horizon - 1):
        chances = np.outer(chances, one["b"]).reshape(-1)
    assert partly.lower[0] <= chances @ fixed.upper + SLACK
    return world, state, horizon, rest, own, fixed


def test_orders_on_random_worlds():
    for seed in range(24):
        check_orders(seed)


@pytest.mark.slow
def test_orders_on_three_hundred_worlds():
    for seed in range(300):
        world, state, horizon, rest, own, fixed = check_orders(seed)
        for feedback in (False, True):
            if not feedback and horizon > 1 and seed % 30 != 1:
                continue  # the worst case of sequences takes a second
            options = {"states": state, "feedback": feedback, "tol": TOL}
            best = emp.best_case_empowerment(world, horizon, "a", "b", rest or "uniform", **options)
            worst = emp.worst_case_empowerment(world, horizon, "a", "b", rest or "uniform", **options)
            assert worst.lower[0] <= best.upper[0] + SLACK
            if not feedback:
                assert worst.lower[0] <= own.upper[0] + SLACK
                assert own.lower[0] <= best.upper[0] + SLACK
                assert fixed.lower.max() <= best.upper[0] + SLACK
                assert worst.upper[0] <= fixed.upper.min() + TOL + SLACK  # the interval may be that wide


def test_the_recursion_is_the_best_and_the_worst_of_all_policies():
    """Against brute force: every deterministic policy for the best, a grid of mixtures for the worst."""
    rows = np.random.default_rng(7).dirichlet(np.full(3, 0.5), size=(3, 2, 2))
    world = emp.MultiAgentMDP(rows, {"a": 2, "b": 2}, normalize=True)
    grid = [np.array([1 - share, share]) for share in np.linspace(0, 1, 41)]
    best, least = np.zeros(3), np.zeros(3)
    for horizon in (1, 2):
        each = np.array(
            [
                [
                    [float(emp.channel_capacity(mixed, rewards=mixed @ ahead)) for ahead in (best, least)]
                    for mixed in (np.einsum("r,art->at", mixture, rows[state]) for mixture in grid)
                ]
                for state in range(3)
            ]
        )
        best, least = each[:, :, 0].max(axis=1), each[:, :, 1].min(axis=1)
        found = emp.best_case_empowerment(world, horizon, "a", "b", feedback=True)
        assert found.value == pytest.approx(best, abs=1e-6)
        worst = emp.worst_case_empowerment(world, horizon, "a", "b", feedback=True)
        assert (worst.lower <= least + 1e-9).all()
        assert worst.value == pytest.approx(least, abs=2e-3)
        attained = np.zeros(3)
        for step in reversed(range(horizon)):
            mixed = np.einsum("sr,sart->sat", worst.policies[step], rows)
            attained = np.array([float(emp.channel_capacity(own, rewards=own @ attained)) for own in mixed])
        assert attained == pytest.approx(worst.upper, abs=2e-6)


def test_sequences_of_actions_beside_a_reacting_agent_have_an_interval():
    corridor = emp.worlds.shared_corridor()
    for case in (emp.best_case_empowerment, emp.worst_case_empowerment):
        found = case(corridor, 2, "person", "assistant", states=[(0, 1), (0, 2)])
        assert found.method == "interval"
        assert (found.lower <= found.upper).all()
    fixed = emp.assisted_empowerment(corridor, 2, (0, 2), "person", "assistant")
    assert emp.best_case_empowerment(corridor, 2, "person", "assistant", states=(0, 2)).lower[0] >= fixed.lower.max()


def test_ends_hold_for_rows_without_rounding(monkeypatch):
    """Entries of rows are sums of rounded products: every end lies beyond that of these rows by their error."""
    rows = np.random.default_rng(4).dirichlet(np.ones(4), size=(4, 2, 1))
    world = emp.MultiAgentMDP(rows, {"a": 2, "b": 1}, normalize=True)
    after = np.array([world.joint.to_dense()[0, i] @ world.joint.to_dense()[:, j] for i in (0, 1) for j in (0, 1)])
    rounded = emp.channel_capacity(after, base="e", on_failure="ignore")
    error = 8 * np.finfo(float).eps  # two steps from four states
    assert rounded.gap < 1e-9
    monkeypatch.setattr("empowerment.multi_agent.strategies._LARGEST_TREE", 0)  # policies alone, not strategies
    found = [
        case(world, 2, "a", "b", states=0, base="e", tol=1e-9)
        for case in (emp.best_case_empowerment, emp.worst_case_empowerment)
    ]
    assert found[0].lower[0] <= rounded.lower - error
    assert found[1].upper[0] >= rounded.upper + error
    rate = emp.independent_sum_rate(world, 2, 0, base="e", rng=0, starts=1)
    assert rate.upper >= rounded.upper + error
    lamp = emp.worlds.two_way_lamp()
    seen = emp.informed_empowerment(lamp, 1, "person", {"assistant": [0.3, 0.7]}, states="off", base="e")
    alone = emp.channel_capacity([[0.3, 0.0, 0.0, 0.7], [0.0, 0.3, 0.7, 0.0]], base="e")
    assert seen.lower[0] <= alone.lower - error / 4


def test_fixed_sequences_have_their_published_values():
    grid = emp.from_joint_step(**emp.worlds.disempower_grid(), depth=3, check=False)
    start = grid.states[0]
    user, bystander = (
        emp.assisted_empowerment(grid, 3, start, who, "assistant", tol=1e-8) for who in ("user", "bystander")
    )
    assert len(user) == 2197
    ends = [user.value.max(), user.value.min(), user.value.mean()]
    assert ends == pytest.approx([2, 0, 0.3684], abs=5e-5)
    ends = [bystander.value.max(), bystander.value.min(), bystander.value.mean()]
    assert ends == pytest.approx([2.468581, math.log2(3), 2.0441], abs=5e-5)
    assert len(user.best) == 13
    assert [float(bystander[each]) for each in user.best] == pytest.approx([2] * 13, abs=1e-7)
    idle = dict(zip(("bystander", "assistant"), ("uniform", {"idle": 1}), strict=True))
    named = emp.transfer_empowerment(grid, 3, "user", "user", idle, states=start)
    assert float(named) == pytest.approx(float(user[("idle",) * 3]), abs=1e-8)


def test_coupled_sums():
    corridor = emp.worlds.shared_corridor()
    weights = {("person", "person"): 1.0, ("assistant", "person"): -0.5}
    found = emp.coupled_empowerment(corridor, 2, weights)
    own = emp.transfer_empowerment(corridor, 2, "person", "person")
    other = emp.transfer_empowerment(corridor, 2, "assistant", "person")
    assert found.converged.all()
    assert found.value == pytest.approx(own.value - 0.5 * other.value, abs=1e-9)
    assert (found.lower <= own.upper - 0.5 * other.lower).all()
    assert (found.upper >= own.lower - 0.5 * other.upper).all()
    policy = emp.assistant_policy(corridor, "assistant", "uniform", found)
    table = emp.assistant_policy(corridor, "assistant", "uniform", found.value)
    assert (policy.probabilities == table.probabilities).all()
    for match, given in {
        "weights is 1,": 1,
        "has the key 'person'": {"person": 1},
        "not all 0": {("a", "b"): 0},
    }.items():
        with pytest.raises((TypeError, ValueError), match=match):
            emp.coupled_empowerment(corridor, 1, given)


def test_what_the_recursion_cannot_take_is_refused():
    actions = {name: [0, 1] for name in ("user", "assistant", "other")}
    turns = emp.from_joint_step(
        lambda state, chosen: (state + sum(chosen.values())) % 4, 0, actions, order=["other", "assistant", "user"]
    )
    with pytest.raises(
        ValueError, match=r"agent 'assistant' acts in a later turn.* world.beginning_with\('assistant'\)"
    ):
        emp.best_case_empowerment(turns, 1, "user", "assistant", states=0)
    with pytest.raises(ValueError, match="agent 'assistant' acts in a later turn"):
        emp.best_case_empowerment(turns, 1, "other", ["assistant", "user"], states=0)
    available = np.ones((2, 4), dtype=bool)
    available[0, 3] = False
    world = emp.MultiAgentMDP(np.full((2, 2, 2, 2), 0.5), {"a": 2, "b": 2}, available=available)
    for case in (emp.best_case_empowerment, emp.worst_case_empowerment):
        with pytest.raises(ValueError, match="a joint action is missing in state 0, expected all"):
            case(world, 1, "a", "b", states=0)
        with pytest.raises(ValueError, match="sensor= is given with feedback=True"):
            case(world, 2, "a", "b", states=1, feedback=True, sensor=lambda state: 0)
    with pytest.raises(ValueError, match="agent 'a' is named twice"):
        emp.assisted_empowerment(world, 1, 0, "a", "a")
