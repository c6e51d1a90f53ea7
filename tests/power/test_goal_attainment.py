"""The power to attain goals: by hand, by loops over everything, and where it is a number of states."""

import math
from itertools import product

import numpy as np
import pytest

import empowerment as emp
from tests.helpers import for_each

DOOR = emp.MultiAgentMDP(
    np.array([[[[1, 0], [1, 0]], [[0, 1], [1, 0]]], [[[0, 1], [0, 1]], [[0, 1], [0, 1]]]], dtype=float),
    {"person": ["stay", "go"], "robot": ["open", "block"]},
    terminal=[1],
)


def test_a_door_by_hand():
    """In the last step the robot opens half of the time; before, a little less, as the room has more power."""
    one = emp.goal_attainment_power(DOOR, 1, "robot")
    assert one.attainment.tolist() == [[1, 1 / 4], [0, 1]]  # it fears the robot blocks, and goes or not by chance
    assert one.power.ravel().tolist() == [5 / 4, 1]
    assert one.robot_reward == pytest.approx([-0.8, -1])
    two = emp.goal_attainment_power(DOOR, 2, "robot", person_discount=0.5, robot_discount=0.9, robot_sharpness=3.0)
    opened = 0.85**-3 / (0.85**-3 + 0.8**-3)  # from the room the person goes one time in four
    assert two.robot_policy[0] == pytest.approx([opened, 1 - opened])
    attained = opened / 2 + (1 - opened / 2) * 0.5 / 4
    assert two.attainment[0] == pytest.approx([1, attained])
    assert two.robot_value[0] == pytest.approx(-1 / (1 + attained) - 0.9 * (0.85 * opened + 0.8 * (1 - opened)))
    assert two.robot_value[1] == pytest.approx(-1.9)


def test_without_a_robot_that_matters_the_bits_are_those_of_the_states_within_reach():
    maze = emp.worlds.klyubin_maze()
    world = emp.MultiAgentMDP(maze.rows, {"person": maze.actions, "robot": ["wait"]}, states=maze.states)
    for horizon in (1, 2, 5, 30):
        found = emp.goal_attainment_power(world, horizon, "robot", reliability=1 + horizon / 7)
        assert found.bits[:, 0] == pytest.approx(emp.empowerment(maze, horizon, stopping=True).value, abs=1e-9)
    assert found.bits == pytest.approx(math.log2(100))
    hanoi = emp.worlds.tower_of_hanoi(2)
    world = emp.MultiAgentMDP(hanoi.rows, {"person": hanoi.actions, "robot": ["wait"]}, states=hanoi.states)
    endless = emp.goal_attainment_power(world, None, "robot", person_discount=1 - 1e-6)
    assert endless.bits == pytest.approx(math.log2(hanoi.n_states), abs=1e-4)


def by_loops(world, robot, horizon, s):
    """Return powers, rewards, values and the robot's policy, one number at a time."""
    turn, names = world.turns[0], list(world.agents)
    persons = [name for name in names if name != robot]
    states, sizes = range(world.n_states), [len(world.actions[name]) for name in names]
    joints = list(product(*map(range, sizes)))
    to = {(x, a): turn.rows[[x * len(joints) + j]].toarray()[0] for x in states for j, a in enumerate(joints)}
    goals = {name: sorted({world.sensors[name](x) for x in states}) for name in persons}
    holds = {(name, g, x): world.sensors[name](x) == g for name in persons for g in goals[name] for x in states}
    vm, ve, vr = dict.fromkeys(holds, 0.0), dict.fromkeys(holds, 0.0), np.zeros(world.n_states)

    def worth(values, name, g, x, joint):
        after = [1.0 if holds[name, g, y] else s["gamma_h"] * values[name, g, y] for y in states]
        return float(to[x, joint] @ after)

    def chance(rows, joint):
        return math.prod(float(row[joint[names.index(name)]]) for name, row in rows.items())

    for _ in range(horizon):
        policy = {}
        for name, g, x in holds:
            me, machine = names.index(name), names.index(robot)
            q = np.zeros(sizes[me])
            rest = [range(1) if i in (me, machine) else range(size) for i, size in enumerate(sizes)]
            for a, others in product(range(sizes[me]), product(*rest)):
                joint = [a if i == me else b for i, b in enumerate(others)]
                worst = min(worth(vm, name, g, x, _with(joint, machine, r)) for r in range(sizes[machine]))
                q[a] += worst / math.prod(map(len, rest))
            soft = np.exp(s["beta_h"] * q) / np.exp(s["beta_h"] * q).sum()
            policy[name, g, x] = s["nu"] / sizes[me] + (1 - s["nu"]) * soft, q
        vm = {key: float(row @ q) for key, (row, q) in policy.items()}
        mean = [{n: np.mean([policy[n, g, x][0] for g in goals[n]], axis=0) for n in persons} for x in states]
        q_r = np.zeros((world.n_states, sizes[names.index(robot)]))
        for x, joint in product(states, joints):
            q_r[x, joint[names.index(robot)]] += s["gamma_r"] * chance(mean[x], joint) * (to[x, joint] @ vr)
        pi_r = (-q_r) ** -s["beta_r"] if q_r.any() else np.ones(q_r.shape)
        pi_r /= pi_r.sum(axis=1, keepdims=True)
        after = {}
        for name, g, x in holds:
            rows = mean[x] | {name: policy[name, g, x][0], robot: pi_r[x]}
            after[name, g, x] = sum(chance(rows, joint) * worth(ve, name, g, x, joint) for joint in joints)
        ve = after
        power = np.array([[sum(ve[n, g, x] ** s["zeta"] for g in goals[n]) for n in persons] for x in states])
        reward = -((power ** -s["xi"]).sum(axis=1) ** s["eta"])
        vr = reward + (pi_r * q_r).sum(axis=1)
    return power, reward, vr, pi_r


def _with(joint, place, action):
    return tuple(action if i == place else each for i, each in enumerate(joint))


@for_each("seed", range(8))
def test_two_persons_and_a_robot_by_loops(seed):
    rng = np.random.default_rng(seed)
    rows = rng.dirichlet(np.full(3, 0.5), (3, 2, 2, 3))
    order = [["ann", "robot", "ben"], ["robot", "ben", "ann"]][seed % 2]
    world = emp.MultiAgentMDP(
        rows,
        dict(zip(order, (2, 2, 3), strict=True)),
        sensors={"ann": lambda state: state // 2, "ben": lambda state: state},
        normalize=True,
    )
    drawn = rng.uniform(0.3, 2.0, 5)
    s = dict(zip(("beta_h", "beta_r", "zeta", "xi", "eta"), drawn, strict=True))
    s |= {"gamma_h": rng.uniform(), "gamma_r": rng.uniform(), "nu": rng.uniform()}
    found = emp.goal_attainment_power(
        world,
        3,
        "robot",
        person_discount=s["gamma_h"],
        person_sharpness=s["beta_h"],
        habits="uniform",
        habit_weight=s["nu"],
        reliability=s["zeta"],
        aversion=s["xi"],
        intertemporal_aversion=s["eta"],
        robot_discount=s["gamma_r"],
        robot_sharpness=s["beta_r"],
    )
    power, reward, value, policy = by_loops(world, "robot", 3, s)
    columns = [[name for name in order if name != "robot"].index(name) for name in found.persons]
    assert found.power == pytest.approx(power[:, columns], rel=1e-10)
    assert found.robot_reward == pytest.approx(reward, rel=1e-10)
    assert found.robot_value == pytest.approx(value, rel=1e-10)
    assert found.robot_policy == pytest.approx(policy, rel=1e-10)


def test_parameters_in_the_limit():
    corridor = emp.worlds.shared_corridor()
    goals = {"person": {"left": lambda cells: cells[0] == 0, "elsewhere": lambda cells: cells[0] > 0}}
    habit = emp.goal_attainment_power(corridor, 3, "assistant", goals=goals, habits="uniform", habit_weight=1.0)
    careless = emp.goal_attainment_power(corridor, 3, "assistant", goals=goals, person_sharpness=0.0)
    assert habit.attainment == pytest.approx(careless.attainment)
    sharp = emp.goal_attainment_power(corridor, 3, "assistant", person_sharpness=1e7)
    assert sharp.power == pytest.approx(emp.goal_attainment_power(corridor, 3, "assistant").power, abs=1e-6)
    greedy = emp.goal_attainment_power(corridor, 3, "assistant", robot_sharpness=math.inf)
    softer = emp.goal_attainment_power(corridor, 3, "assistant", robot_sharpness=1e8)
    assert greedy.robot_policy == pytest.approx(softer.robot_policy, abs=1e-6)
    three = emp.MultiAgentMDP(np.full((2, 2, 2, 2, 2), 0.5), {"a": 2, "b": 2, "robot": 2}, sensors={"a": lambda x: 0})
    for xi in (200.0, 300.0):
        found = emp.goal_attainment_power(three, 1, "robot", aversion=xi, reliability=2.0)
        assert (-found.robot_reward) ** (-1 / xi) == pytest.approx(found.power.min(axis=1), rel=2e-2)
    twice = emp.goal_attainment_power(three, 1, "robot", intertemporal_aversion=2.0)
    assert twice.robot_reward == pytest.approx(-(emp.goal_attainment_power(three, 1, "robot").robot_reward ** 2))


def test_the_fixed_point_is_the_limit_of_long_horizons():
    corridor = emp.worlds.shared_corridor()
    how = {"person_discount": 0.8, "person_sharpness": 2.0, "robot_discount": 0.7}
    endless = emp.goal_attainment_power(corridor, None, "assistant", **how)
    long = emp.goal_attainment_power(corridor, 150, "assistant", **how)
    for field in ("power", "robot_reward", "robot_value", "robot_policy"):
        assert getattr(endless, field) == pytest.approx(getattr(long, field), rel=1e-7), field
    assert 0 < endless.residual <= 1e-10
    assert long.residual == 0


def test_a_robot_that_cares_leaves_persons_more_than_one_that_acts_at_random():
    corridor = emp.worlds.shared_corridor(5)
    caring, random = (emp.goal_attainment_power(corridor, 6, "assistant", robot_sharpness=b) for b in (50.0, 0.0))
    assert caring.power.mean() > 1.05 * random.power.mean()


def test_what_is_wrong_is_refused():
    corridor = emp.worlds.shared_corridor()
    far = {"person": {"left": [(0, 1), (0, 2), (0, 3)]}}
    grid = emp.from_joint_step(**emp.worlds.disempower_grid(), depth=1)
    for world, arguments, words in (
        (corridor, {"robot": "nobody"}, "nobody"),
        (grid, {}, "expected a robot and at least one person who all act at once"),
        (corridor, {"goals": far}, "attains no goal"),
        (corridor, {"goals": {"person": far["person"], "x": "readings"}}, "the goals of each person"),
        (corridor, {"habits": "uniform"}, "habit_weight 0"),
        (corridor, {"beliefs": {"person": {"stay": 1}}}, "one person"),
        (corridor, {"robot_discount": 1}, r"\[0, 1\)"),
        (corridor, {"person_discount": 1.5}, r"\[0, 1\]"),
        (corridor, {"reliability": 0}, "above 0"),
        (corridor, {"person_sharpness": -1}, "person_sharpness"),
        (corridor, {"options": {"tol": 1e-3}}, "nothing is iterated"),
        (corridor, {"horizon": None, "robot_sharpness": math.inf}, "expected a smaller one"),
        (corridor, {"aversion": 1e6}, "pass smaller values of aversion"),
    ):
        with pytest.raises(ValueError, match=words):
            emp.goal_attainment_power(world, **({"horizon": 3, "robot": "assistant"} | arguments))
    with pytest.raises(RuntimeError, match="pass a horizon"):
        emp.goal_attainment_power(corridor, None, "assistant", options={"max_iter": 3})
    noisy = emp.MultiAgentMDP(np.full((2, 2, 2, 2), 0.5), {"a": 2, "b": 2}, sensors={"a": np.full((2, 2), 0.5)})
    with pytest.raises(ValueError, match="noisy"):
        emp.goal_attainment_power(noisy, 1, "b")
    tied = emp.MultiAgentMDP(np.full((1, 2, 2, 1), 1.0), {"a": 2, "b": 2}, available=[[True, False, False, True]])
    with pytest.raises(ValueError, match="depends on those of others"):
        emp.goal_attainment_power(tied, 1, "b")
