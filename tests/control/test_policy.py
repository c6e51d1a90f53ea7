"""Acting on values: greedy, softmax, rewards and empowerment in one equation, simulated runs."""

import math

import gymnasium
import numpy as np
import pytest
from helpers import MINI2, MINI3, for_each, on_every_backend
from hypothesis import given
from hypothesis import strategies as st

import empowerment as emp

MAZE = emp.worlds.klyubin_maze()
REWARDS3 = [[1, 0], [0, 0.5], [0.2, 0]]
ROW = emp.worlds.open_grid(1, 3, stay=False)  # north, south, east, west


@pytest.fixture(scope="module")
def seen():
    return emp.empowerment(MAZE, 5)


def random_world(seed):
    """A world with missing actions, terminal states and dead ends that may be avoided, and rewards."""
    rng = np.random.default_rng(seed)
    n_states, n_actions = rng.integers(2, 7), rng.integers(1, 4)
    rows = rng.dirichlet(np.full(n_states, 0.4), size=(n_states, n_actions))
    rows[rows < 0.1] = 0
    available = rng.random((n_states, n_actions)) < 0.8
    world = emp.MDP(rows, available=available, terminal=[0] if rng.random() < 0.5 else None, normalize=True)
    return world, rng.normal(size=(n_states, n_actions))


# --- greedy


def test_a_greedy_climber_of_the_maze_ends_on_one_of_four_maxima(seen):
    policy = emp.greedy_policy(MAZE, seen, tie="stay")
    after = MAZE.successors[np.arange(100), policy.probabilities.argmax(axis=1)]
    ends = np.arange(100)
    for _ in range(30):
        ends = after[ends]
    rest, counts = np.unique(ends, return_counts=True)
    basins = {MAZE.states[i]: int(count) for i, count in zip(rest, counts, strict=True)}
    assert basins == {(5, 5): 60, (5, 2): 28, (1, 5): 7, (0, 4): 5}
    assert MAZE.states[ends[MAZE.state_index((0, 0))]] == (0, 4)
    moved = after != np.arange(100)
    assert (seen.value[after] > seen.value)[moved].all()


def test_the_tie_rule_decides_between_equal_actions():
    values = [0.0, 0.0, 1.0]
    assert emp.greedy_policy(ROW, values).probabilities.argmax(axis=1).tolist() == [0, 2, 0]
    uniform = emp.greedy_policy(ROW, values, tie="uniform").probabilities
    assert uniform.tolist() == [[0.25] * 4, [0, 0, 1, 0], [1 / 3, 1 / 3, 1 / 3, 0]]
    staying = emp.greedy_policy(emp.MDP(ROW.rows[[2, 0, 1, 3, 6, 4, 5, 7, 10, 8, 9, 11]]), values, tie="stay")
    assert staying.probabilities.argmax(axis=1).tolist() == [1, 0, 0]


def test_values_within_the_tolerance_are_equal():
    values = [1.0 + 1e-13, 0.0, 1.0]
    assert emp.greedy_policy(ROW, values).probabilities[1].tolist() == [0, 0, 1, 0]
    assert emp.greedy_policy(ROW, values, tol=0).probabilities[1].tolist() == [0, 0, 0, 1]


def test_rewards_of_actions_are_added():
    rewards = np.zeros((3, 4))
    rewards[1, 3] = 2.0
    assert emp.greedy_policy(ROW, [0.0, 0.0, 1.0], rewards=rewards).probabilities[1].tolist() == [0, 0, 0, 1]
    soft = emp.softmax_policy(ROW, [0.0, 0.0, 1.0], 1.0, rewards=rewards).probabilities[1]
    assert soft == pytest.approx(np.exp([0, 0, 1, 2]) / np.exp([0, 0, 1, 2]).sum())


def test_the_expected_value_is_over_next_states(seen):
    noisy = emp.worlds.klyubin_maze(slip=0.2)
    expected = noisy.to_dense() @ seen.value
    assert np.allclose(emp.expected_next(noisy, seen), expected, atol=1e-13)
    best = emp.greedy_policy(noisy, seen).probabilities.argmax(axis=1)
    assert (expected[np.arange(100), best] >= expected.max(axis=1) - 1e-11).all()


def test_missing_actions_are_never_taken():
    world = emp.MDP(np.eye(3)[[[1, 2], [0, 2], [0, 1]]], available=[[True, False], [True, True], [False, False]])
    values = [0.0, 1.0, 5.0]
    assert emp.expected_next(world, values).tolist() == [[1, -np.inf], [0, 5], [-np.inf, -np.inf]]
    for policy in (emp.greedy_policy(world, values), emp.softmax_policy(world, values, 0.1)):
        assert policy.probabilities[0].tolist() == [1, 0]
        assert policy.probabilities[2].tolist() == [0, 0]
        with pytest.raises(ValueError, match="state 2 has no available action"):
            policy.action(2)


# --- softmax


def test_a_softmax_lies_between_greedy_and_uniform(seen):
    cold, hot = emp.softmax_policy(MAZE, seen, 1e-4), emp.softmax_policy(MAZE, seen, 1e9)
    greedy = emp.greedy_policy(MAZE, seen, tie="uniform")
    assert np.allclose(cold.probabilities, greedy.probabilities, atol=1e-9)
    assert np.allclose(hot.probabilities, 0.2, atol=1e-8)


def test_log_odds_of_a_softmax_are_differences_of_values():
    row = emp.softmax_policy(MINI3, [0.0, 1.0, 3.0], 0.7).probabilities[0]
    worth = emp.expected_next(MINI3, [0.0, 1.0, 3.0])[0]
    assert math.log(row[0] / row[1]) == pytest.approx((worth[0] - worth[1]) / 0.7)


# --- what is handed in


@for_each("temperature", [0, -1.0, math.nan, math.inf, "hot", True])
def test_a_temperature_is_above_zero(temperature):
    with pytest.raises(ValueError, match=r"temperature is .*, expected a finite number above 0"):
        emp.softmax_policy(ROW, [0, 0, 1], temperature)


def test_options_and_values_are_checked(seen):
    with pytest.raises(ValueError, match="unknown tie 'last'; the known ones are 'first', 'uniform', 'stay'"):
        emp.greedy_policy(ROW, [0, 0, 1], tie="last")
    with pytest.raises(ValueError, match="tol is -1, expected a finite number of at least 0"):
        emp.greedy_policy(ROW, [0, 0, 1], tol=-1)
    with pytest.raises(ValueError, match=r"values has shape \(2,\), expected \(state,\) = \(3,\)"):
        emp.greedy_policy(ROW, [0, 1])
    with pytest.raises(ValueError, match=r"rewards has shape \(3, 2\), expected \(state, action\) = \(3, 4\)"):
        emp.greedy_policy(ROW, [0, 0, 1], rewards=np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"values lacks state \(0, 1\), expected all 100 states"):
        emp.greedy_policy(MAZE, seen[(0, 0)])
    with pytest.raises(ValueError, match="is of a larger model"):
        emp.greedy_policy(ROW, seen)


def test_values_of_a_result_are_put_in_the_order_of_the_model(seen):
    mixed = emp.empowerment(MAZE, 5, states=list(MAZE.states[::-1]))
    assert (emp.expected_next(MAZE, mixed) == emp.expected_next(MAZE, seen)).all()


def test_a_policy_checks_its_rows_and_labels():
    with pytest.raises(ValueError, match=r"probabilities\[0\] sums to 0.9, expected 1"):
        emp.Policy([[0.5, 0.4]], ["here"], ["stay", "go"])
    with pytest.raises(ValueError, match="actions has 1 labels, expected 2"):
        emp.Policy([[0.5, 0.5]], ["here"], ["stay"])
    rows = np.array([[0.5, 0.5]])
    policy = emp.Policy(rows, ["here"], ["stay", "go"])
    rows[:] = 7
    assert policy.probabilities.tolist() == [[0.5, 0.5]]
    with pytest.raises(ValueError, match="unknown state 'there'"):
        policy.action("there")


def test_a_policy_of_another_model_is_refused(seen):
    policy = emp.greedy_policy(MAZE, seen)
    turned = emp.MDP(MAZE.rows, states=MAZE.states, actions=MAZE.actions[::-1])
    with pytest.raises(ValueError, match="policy is for other actions: it has 'north' where the model has 'stay'"):
        emp.directed_information(turned, 1, policy)
    with pytest.raises(ValueError, match=r"policy is for other states: it has \(0, 0\) where the model has 0"):
        emp.simulate(emp.MDP(MAZE.rows), policy, initial=0, steps=1)
    with pytest.raises(ValueError, match="policy is for other states: it has 2 of them"):
        emp.simulate(ROW, emp.Policy(np.eye(4)[:2], ROW.states[:2], ROW.actions), initial=(0, 0), steps=1)


def test_actions_are_drawn_with_their_probabilities():
    policy, rng = emp.Policy([[0.2, 0.0, 0.8]], [0], ["a", "b", "c"]), np.random.default_rng(0)
    drawn = np.bincount([policy.action_number(0, rng) for _ in range(2000)], minlength=3)
    assert drawn[1] == 0
    assert abs(drawn[0] / 2000 - 0.2) < 0.03
    assert policy.action(0, 5) == policy.action(0, 5) == policy.actions[policy.action_number(0, 5)]
    assert repr(policy) == "Policy(1 states, 3 actions, stochastic)"


def test_a_policy_acts_in_gymnasium():
    env = gymnasium.make("FrozenLake-v1", is_slippery=False)
    lake = emp.from_gymnasium(env)
    policy = emp.greedy_policy(lake, emp.empowerment(lake, 2))
    observation, _ = env.reset(seed=1)
    for _ in range(5):
        action = policy.action_number(observation)
        assert type(action) is int
        after = env.step(action)[0]
        assert after == lake.successors[observation, action]
        observation = after


# --- the unified Bellman equation


@for_each(
    ("weight", "expected"),
    [
        (0.0, (7.61208611, 6.93429584, 6.31442898)),
        (0.5, (7.61208611, 6.93429584, 6.31442898)),  # an edge case: no information is worth its rewards anywhere
        (5.0, (10.29619196, 9.27658133, 8.37861572)),
    ],
)
def test_values_of_rewards_and_information(weight, expected):
    result = emp.unified_bellman(MINI3, REWARDS3, discount=0.9, information_weight=weight, base=math.e)
    assert result.value == pytest.approx(expected, abs=6e-9)
    assert result.converged.all()
    assert result.unit == "nats"


@for_each(
    ("world", "expected"),
    [
        (MINI2, (2.061972251, 2.032206386)),
        (MINI3, (1.795508614, 1.606533430, 1.427687039)),
        (emp.worlds.golden_mean(), (7.141377577540, 0.9 * 7.141377577540)),
    ],
)
@on_every_backend
def test_information_alone_is_the_empowerment_of_feedback(world, expected, backend):
    result = emp.unified_bellman(world, discount=0.9, backend=backend)
    assert result.value == pytest.approx(expected, abs=1e-9)
    assert result.backend == backend
    assert (result.gap <= 1e-9).all()


def test_values_in_nats_without_rewards():
    with pytest.raises(ValueError, match="rewards times reward_weight reach inf, expected at most"):
        emp.unified_bellman(MINI3, 1e300 * np.array(REWARDS3), reward_weight=1e300, discount=0.9)
    result = emp.unified_bellman(MINI3, REWARDS3, reward_weight=0.0, discount=0.9, base=math.e)
    assert result.value == pytest.approx((1.24455173, 1.11356412, 0.98959725), abs=6e-9)


def test_planning_for_the_empowerment_of_the_next_state(seen):
    result = emp.unified_bellman(MAZE, emp.expected_next(MAZE, seen), discount=0.95, information_weight=0.0)
    assert result.value[MAZE.state_index((0, 0))] == pytest.approx(99.077598, abs=1e-6)
    assert result.backend == "none"
    assert result.converged.all()


def test_without_discount_it_is_the_capacity_of_one_step():
    noisy = emp.worlds.klyubin_maze(slip=0.2)
    result = emp.unified_bellman(noisy, discount=0.0)
    assert np.allclose(result.value, emp.empowerment(noisy, 1).value, atol=2e-9)


def brute_force(world, rewards, discount, weight, sweeps=400):
    """Value iteration from 0, with the capacity of each state by itself."""
    dense, values = world.to_dense(), np.zeros(world.n_states)
    allowed = world.available
    for _ in range(world.n_states):  # each time one more step away from dead ends
        allowed = allowed & ~(dense[:, :, ~allowed.any(axis=1)] > 0).any(axis=2)
    for _ in range(sweeps):
        after = np.zeros_like(values)
        for state in np.flatnonzero(~world.is_terminal & allowed.any(axis=1)):
            able = allowed[state]
            worth = rewards[state, able] + discount * dense[state, able] @ values
            if weight:
                found = emp.channel_capacity(dense[state, able], rewards=worth / weight, base=math.e, tol=1e-11)
                after[state] = weight * float(found)
            else:
                after[state] = worth.max()
        values = after
    return values


@for_each("seed", range(4))
@for_each("weight", [0.0, 0.7])
def test_intervals_hold_the_value_of_slow_iteration(seed, weight):
    world, rewards = random_world(seed)
    result = emp.unified_bellman(world, rewards, discount=0.6, information_weight=weight, base=math.e)
    slow = brute_force(world, rewards, 0.6, weight, sweeps=60)
    assert result.converged.all()
    assert (result.lower - 1e-9 <= slow).all()
    assert (slow <= result.upper + 1e-9).all()


@for_each("weight", [0.0, 0.7])
@for_each("max_iter", [1, 2])
def test_intervals_of_few_sweeps_hold_the_value(weight, max_iter):
    for seed in range(20):
        world, rewards = random_world(seed)
        options = {"discount": 0.9, "information_weight": weight, "backend": "reference"}
        exact = emp.unified_bellman(world, rewards, **options)
        short = emp.unified_bellman(world, rewards, **options, max_iter=max_iter, on_failure="ignore")
        assert (short.lower <= exact.upper).all()
        assert (exact.lower <= short.upper).all()


def test_rewards_of_missing_actions_are_not_read():
    world = emp.MDP(np.eye(2)[[[0, 1], [1, 0]]], available=[[True, True], [True, False]])
    values = emp.expected_next(world, [1.0, 2.0])
    assert values[1, 1] == -np.inf
    result = emp.unified_bellman(world, values, discount=0.5, information_weight=0.0)
    assert result.value == pytest.approx([4.0, 4.0])


@given(st.integers(0, 10_000), st.floats(0.0, 0.95), st.sampled_from([0.0, 0.3, 4.0]))
def test_the_policy_is_worth_the_lower_end(seed, discount, weight):
    world, rewards = random_world(seed)
    result = emp.unified_bellman(world, rewards, discount=discount, information_weight=weight, backend="reference")
    policy = result.policy.probabilities
    counts = np.flatnonzero(result.status != emp.Status.NO_SEQUENCE)
    if not counts.size:
        return
    idle = world.is_terminal | (result.status == emp.Status.NO_SEQUENCE)
    rewards = np.where(world.available & ~world.is_terminal[:, None], rewards, 0.0)
    steps = np.einsum("sa,sat->st", np.where(idle[:, None], 0.0, policy), world.to_dense())
    worth = np.linalg.solve(np.eye(world.n_states) - discount * steps, (policy * rewards).sum(axis=1))[counts]
    worth = worth + weight * emp.directed_information(world, None, policy, discount=discount, states=counts)
    assert (worth >= result.lower[counts] - 1e-9).all()
    assert (worth <= result.upper[counts] + 1e-9).all()


def test_a_reward_at_the_end_of_a_long_row_is_waited_for():
    """The interval of the farthest cell stays as wide until the policy of the nearest ones has reached it."""
    row = emp.worlds.open_grid(1, 40)
    rewards = emp.expected_next(row, np.eye(40)[39])
    found = emp.unified_bellman(row, rewards, discount=0.99, information_weight=0)
    steps = np.maximum(38 - np.arange(40), 0)
    assert found.converged.all()
    assert found.value == pytest.approx(0.99**steps / 0.01, abs=1e-8)


def test_large_values_are_measured_by_their_size():
    rewards = 1e6 * np.array(REWARDS3)
    result = emp.unified_bellman(MINI3, rewards, discount=0.9, rtol=1e-10)
    assert result.converged.all()
    assert (result.gap > 1e-9).any()
    assert (result.value > 6e6).all()


def test_wide_intervals_are_told_of():
    noisy = emp.worlds.klyubin_maze(slip=0.2)
    with pytest.warns(emp.ConvergenceWarning, match="wanted 1.00e-09: raise max_iter"):
        result = emp.unified_bellman(noisy, discount=0.9, max_iter=1)
    exact = emp.unified_bellman(noisy, discount=0.9)
    assert (result.lower <= exact.upper).all()
    assert (result.upper >= exact.lower).all()
    assert "100 NOT converged" in repr(result)
    with pytest.raises(RuntimeError, match="rounding errors came first; raise tol"):
        emp.unified_bellman(noisy, discount=0.999, tol=1e-12, on_failure="raise")


@for_each(
    ("options", "message"),
    [
        ({"discount": 1}, r"discount is 1, expected a number in \[0, 1\)"),
        ({"discount": -0.1}, r"discount is -0.1, expected a number in \[0, 1\]"),
        ({"information_weight": -1}, "information_weight is -1, expected a finite number of at least 0"),
        ({"reward_weight": math.inf}, "reward_weight is inf, expected a finite number"),
        ({"rewards": [[math.nan, 0]] * 3}, r"rewards\[0, 0\] is nan, expected finite numbers"),
        ({"max_iter": 0}, "max_iter is 0"),
        ({"on_failure": "cry"}, "unknown on_failure 'cry'"),
        ({"backend": "abacus"}, "unknown backend 'abacus'"),
    ],
)
def test_options_of_the_equation_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        emp.unified_bellman(MINI3, **({"discount": 0.9} | options))


# --- simulated runs


def test_a_run_follows_the_world_and_can_be_repeated():
    policy = np.full((3, 2), 0.5)
    runs = [emp.simulate(MINI3, policy, initial=1, steps=50, rng=3, rewards=REWARDS3) for _ in range(2)]
    assert (runs[0].state_numbers == runs[1].state_numbers).all()
    assert (runs[0].action_numbers == runs[1].action_numbers).all()
    run = runs[0]
    assert (run.state_numbers.size, run.action_numbers.size, run.n_steps) == (51, 50, 50)
    assert run.state_numbers[0] == 1
    assert not run.ended
    assert (run.observations, run.observation_numbers, run.beliefs) == (None, None, None)
    assert (run.rewards == np.array(REWARDS3)[run.state_numbers[:-1], run.action_numbers]).all()


def test_frequencies_of_a_run_are_those_of_the_model():
    run = emp.simulate(MINI2, [[0.3, 0.7], [0.5, 0.5]], initial=0, steps=20_000, rng=0)
    counts = np.zeros((2, 2, 2))
    np.add.at(counts, (run.state_numbers[:-1], run.action_numbers, run.state_numbers[1:]), 1)
    assert np.allclose(counts / counts.sum(axis=2, keepdims=True), MINI2.to_dense(), atol=0.02)
    chosen = counts.sum(axis=2)
    assert np.allclose(chosen / chosen.sum(axis=1, keepdims=True), [[0.3, 0.7], [0.5, 0.5]], atol=0.02)


def test_a_run_stops_in_a_terminal_state():
    lane = emp.worlds.grid_world(["S..G"], stay=False)
    run = emp.simulate(lane, np.tile([0.0, 0.0, 1.0, 0.0], (4, 1)), steps=10, rng=0)
    assert run.state_numbers.tolist() == [0, 1, 2, 3]
    assert run.ended
    assert repr(run) == "Simulation(3 steps, ended)"
    assert emp.simulate(lane, np.full((4, 4), 0.25), initial=(0, 3), steps=5).n_steps == 0


def test_a_run_stops_where_no_action_is_left():
    world = emp.MDP(np.eye(2)[[[1], [1]]], available=[[True], [False]])
    run = emp.simulate(world, [[1.0], [0.0]], initial=0, steps=5)
    assert run.state_numbers.tolist() == [0, 1]
    assert run.ended


def test_beliefs_of_a_run_are_those_of_bayes():
    maze = emp.worlds.tmaze()

    def policy(belief):
        return np.full(4, 0.25)

    run = emp.simulate(maze, policy, steps=30, rng=8)
    belief = maze.belief()
    assert (run.beliefs[0] == belief).all()
    for k, (action, seen) in enumerate(zip(run.action_numbers, run.observation_numbers, strict=True)):
        belief = maze.update(belief, maze.actions[action], maze.observations[seen])
        assert np.allclose(run.beliefs[k + 1], belief, atol=1e-14)
        assert belief[run.state_numbers[k + 1]] > 0
        assert maze.observation[action, run.state_numbers[k + 1], seen] > 0
    assert run.ended == maze.is_terminal[run.state_numbers[-1]]


def test_rewards_of_a_hidden_world_are_collected():
    tiger = emp.worlds.tiger()
    rewards = np.zeros((2, 3))
    rewards[:, 0] = -1.0
    run = emp.simulate(tiger, lambda belief: [1, 0, 0], steps=5, rng=0, rewards=rewards)
    assert run.rewards.tolist() == [-1.0] * 5
    assert run.beliefs.shape == (6, 2)


def test_policies_of_runs_are_checked():
    tiger = emp.worlds.tiger()
    with pytest.raises(TypeError, match="policy is a list, expected a function from beliefs"):
        emp.simulate(tiger, [[1, 0, 0]] * 2, steps=1)
    with pytest.raises(TypeError, match="policy is a function, expected a Policy or an array"):
        emp.simulate(MINI2, lambda belief: [0.5, 0.5], initial=0, steps=1)
    with pytest.raises(ValueError, match="this model has no initial distribution, expected initial="):
        emp.simulate(MINI2, np.full((2, 2), 0.5), steps=1)
    with pytest.raises(ValueError, match=r"policy\(belief\) sums to 2, expected 1"):
        emp.simulate(tiger, lambda belief: [1, 1, 0], steps=1)
    partly = emp.POMDP(np.eye(2)[:, None].repeat(2, axis=1), np.eye(2), available=[[True, True], [True, False]])
    with pytest.raises(ValueError, match=r"policy\(belief\) gives action 1 a probability of 1 in the belief"):
        emp.simulate(partly, lambda belief: [0, 1], initial=[0.5, 0.5], steps=1)
    with pytest.raises(ValueError, match="steps is 0"):
        emp.simulate(MINI2, np.full((2, 2), 0.5), initial=0, steps=0)
