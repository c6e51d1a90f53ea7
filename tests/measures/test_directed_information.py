"""Directed information of a fixed policy, and from one interval of a joint distribution to another."""

import math

import numpy as np
import pytest
from helpers import MINI3, for_each, h

import empowerment as emp

UNIFORM3 = np.full((3, 2), 0.5)


def noise(x):
    return np.array([[1 - x, x], [x, 1 - x]])


def copy_loop(n_steps, observing=0.1, acting=0.2):
    """A first action at random, observations that copy actions, actions that copy observations, both with noise."""
    world = np.broadcast_to(noise(observing), (2, 2, 2))
    answer = noise(acting)

    def policy(history):
        return [0.5, 0.5] if not history else answer[history[-1][1]]

    return emp.joint_distribution(world, n_steps, policy, initial=0)


def random_joint(seed, n_steps=3):
    rng = np.random.default_rng(seed)
    shape = (2, 3) * n_steps
    joint = rng.dirichlet(np.full(math.prod(shape), 0.3)).reshape(shape)
    return joint / joint.sum()


def both_ways(joint):
    return emp.interval_information(joint), emp.interval_information(joint, direction="observation->action")


def mutual(joint):
    """Information between all actions and all observations, by the channel between them."""
    n_steps = joint.ndim // 2
    table = joint.transpose(*range(0, 2 * n_steps, 2), *range(1, 2 * n_steps, 2))
    table = table.reshape(math.prod(joint.shape[::2]), -1)
    p = table.sum(axis=1)
    used = p > 0
    return emp.mutual_information(emp.Channel(table[used] / p[used, None], normalize=True), p[used] / p[used].sum())


# --- intervals


def test_values_of_the_copy_loop_are_its_closed_forms():
    joint = copy_loop(4)
    forward, backward = both_ways(joint)
    assert forward == pytest.approx((1 - h(0.1)) + 3 * (h(0.26) - h(0.1)), abs=1e-12)
    assert forward == pytest.approx(1.6042567431, abs=1e-9)
    assert backward == pytest.approx(3 * (h(0.26) - h(0.2)), abs=1e-12)
    assert backward == pytest.approx(0.3144548328, abs=1e-9)
    assert mutual(joint) == pytest.approx(1.9187115759, abs=1e-9)


def test_values_of_intervals_of_the_copy_loop():
    joint = copy_loop(4)
    assert emp.interval_information(joint, source=(2, 3), target=(2, 4)) == pytest.approx(0.7155015578, abs=1e-9)
    assert emp.interval_information(joint, source=(1, 2), target=(3, 4)) == pytest.approx(0.0, abs=1e-12)


@for_each("joint", [copy_loop(3), *map(random_joint, range(4))])
def test_both_directions_add_up_to_the_mutual_information(joint):
    forward, backward = both_ways(joint)
    assert forward + backward == pytest.approx(mutual(joint), abs=1e-10)
    n_steps = joint.ndim // 2
    assert forward + backward <= n_steps * math.log2(min(joint.shape[:2])) + 1e-12


@for_each("seed", range(3))
def test_plasticity_is_empowerment_with_the_roles_exchanged(seed):
    """Of the environment the observations are actions; one more, always the same, comes before the agent's first."""
    joint = random_joint(seed)
    mirrored = np.zeros((3, *joint.shape[:-1]))  # what the environment does last meets no action any more
    mirrored[0] = joint.sum(axis=-1)
    told = emp.interval_information(joint, source=(1, 2), target=(1, 3), direction="observation->action")
    assert told == pytest.approx(emp.interval_information(mirrored, source=(2, 3), target=(1, 3)), abs=1e-10)


def test_a_deterministic_world_leaves_no_plasticity():
    joint = emp.joint_distribution(emp.worlds.open_grid(2), 2, np.full((4, 5), 0.2), initial=(0, 0))
    forward, backward = both_ways(joint)
    assert backward == pytest.approx(0.0, abs=1e-12)
    assert forward == pytest.approx(mutual(joint), abs=1e-12)


def test_the_unit_is_that_of_the_base():
    joint = copy_loop(2)
    bits, nats = emp.interval_information(joint), emp.interval_information(joint, base=math.e)
    assert nats == pytest.approx(bits * math.log(2))


@for_each(
    ("options", "message"),
    [
        ({"source": (0, 2)}, "a step of source is 0, expected a whole number of at least 1"),
        ({"target": (2, 5)}, r"target is \(2, 5\), expected a first and a last step within 1 to 2"),
        ({"source": (2, 1)}, r"source is \(2, 1\), expected a first"),
        ({"direction": "sideways"}, "unknown direction 'sideways'; the known ones are 'action->observation'"),
    ],
)
def test_intervals_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        emp.interval_information(copy_loop(2), **options)


def test_a_joint_is_checked():
    with pytest.raises(ValueError, match="joint has 3 axes, expected an even number"):
        emp.interval_information(np.full((2, 2, 2), 0.125))
    with pytest.raises(ValueError, match="joint sums to 2, expected 1"):
        emp.interval_information(np.full((2, 2), 0.5))


# --- joint distributions


def test_a_joint_is_the_product_of_its_steps():
    policy = np.array([[0.2, 0.8], [0.5, 0.5], [0.9, 0.1]])
    joint, steps = emp.joint_distribution(MINI3, 2, policy, initial=1), MINI3.to_dense()
    for a, s, b, t in np.ndindex(joint.shape):
        assert joint[a, s, b, t] == pytest.approx(policy[1, a] * steps[1, a, s] * policy[s, b] * steps[s, b, t])


def test_a_joint_of_a_hidden_world_sums_over_its_paths():
    tiger = emp.worlds.tiger()

    def policy(history):
        return [0.6, 0.2, 0.2] if not history else ([0.5, 0.25, 0.25] if history[-1][1] == 0 else [0.1, 0.9, 0.0])

    joint, steps = emp.joint_distribution(tiger, 2, policy), tiger.mdp.to_dense()
    expected = np.zeros(joint.shape)
    for a, o, b, x in np.ndindex(joint.shape):
        for s, t, u in np.ndindex(2, 2, 2):
            chance = 0.5 * policy(())[a] * steps[s, a, t] * tiger.observation[a, t, o]
            again = policy(((a, tiger.observations[o]),))[b]
            expected[a, o, b, x] += chance * again * steps[t, b, u] * tiger.observation[b, u, x]
    assert np.allclose(joint, expected, atol=1e-15)


def test_a_joint_too_large_is_refused_before_memory_is_taken():
    with pytest.raises(MemoryError, match=r"of 12 steps takes 5.2e\+10 bytes, expected at most memory=1e\+09"):
        emp.joint_distribution(MINI3, 12, UNIFORM3, initial=0)


def test_policies_of_a_joint_are_checked():
    with pytest.raises(TypeError, match="policy is a list, expected a function of the history"):
        emp.joint_distribution(emp.worlds.tiger(), 1, [[0.5, 0.5]])
    with pytest.raises(ValueError, match=r"policy\(\(\)\) has 1 entries, expected 3"):
        emp.joint_distribution(emp.worlds.tiger(), 1, lambda history: [1.0])
    river = emp.MDP(MINI3.rows, available=[[True, False], [True, True], [True, True]])
    with pytest.raises(ValueError, match=r"policy\(\(\)\) gives action 1 a probability of 0.5, expected 0"):
        emp.joint_distribution(river, 1, lambda history: [0.5, 0.5], initial=0)
    dead_end = emp.MDP(np.eye(2)[:, None][[1, 1]], available=[[True], [False]])
    with pytest.raises(ValueError, match="state 1 has no available action and can be reached after 1 steps"):
        emp.joint_distribution(dead_end, 2, [[1.0], [0.0]], initial=0)


# --- a fixed policy


@for_each("horizon", [1, 2, 3])
def test_directed_information_is_that_of_the_joint_distribution(horizon):
    policy = np.array([[0.2, 0.8], [0.5, 0.5], [0.9, 0.1]])
    found = emp.directed_information(MINI3, horizon, policy)
    for state in range(3):
        joint = emp.joint_distribution(MINI3, horizon, policy, initial=state)
        assert found[state] == pytest.approx(emp.interval_information(joint), abs=1e-12)


def test_information_of_one_step_is_that_of_the_channel():
    found = emp.directed_information(MINI3, 1, UNIFORM3, states=[2, 0])
    for value, state in zip(found, [2, 0], strict=True):
        channel = emp.actuation_channel(MINI3, 1, state)
        assert value == pytest.approx(emp.mutual_information(channel, [0.5, 0.5]), abs=1e-13)


def test_a_discounted_sum_is_the_limit_of_finite_ones():
    all_steps = emp.directed_information(MINI3, None, UNIFORM3, discount=0.8)
    assert np.allclose(all_steps, emp.directed_information(MINI3, 200, UNIFORM3, discount=0.8), atol=1e-12)
    in_nats = emp.directed_information(MINI3, None, UNIFORM3, discount=0.8, base=math.e)
    assert np.allclose(all_steps * math.log(2), in_nats)


def test_the_best_policy_has_the_discounted_feedback_empowerment():
    best = emp.unified_bellman(MINI3, discount=0.9)
    assert np.allclose(emp.directed_information(MINI3, None, best.policy, discount=0.9), best.value, atol=1e-9)
    assert (emp.directed_information(MINI3, None, UNIFORM3, discount=0.9) <= best.upper).all()


def test_terminal_states_have_none_and_dead_ends_are_refused():
    world = emp.MDP(np.full((3, 2, 3), 1 / 3), terminal=[1], available=[[True, True], [True, True], [False, False]])
    policy = [[0.5, 0.5], [0.5, 0.5], [0, 0]]
    assert emp.directed_information(world, 3, policy, states=1).tolist() == [0.0]
    assert emp.directed_information(world, 0, policy).tolist() == [0.0, 0.0, 0.0]
    with pytest.raises(ValueError, match="from state 0 the policy may come to state 2, which has no action, after 1"):
        emp.directed_information(world, 3, policy, states=0)


@for_each(
    ("policy", "options", "message"),
    [
        ([[0.5, 0.5]] * 2, {"horizon": 1}, r"policy has shape \(2, 2\), expected \(n_states, n_actions\) = \(3, 2\)"),
        ([[0.5, 0.6]] * 3, {"horizon": 1}, r"policy\[0\] \(state 0\) sums to 1.1, expected 1"),
        (UNIFORM3, {}, "horizon is None and discount is 1, expected a number of steps or a discount below 1"),
        (UNIFORM3, {"discount": 1.5}, r"discount is 1.5, expected a number in \[0, 1\]"),
        (UNIFORM3, {"horizon": 1, "states": 7}, "unknown state 7"),
    ],
)
def test_what_is_asked_is_checked(policy, options, message):
    with pytest.raises(ValueError, match=message):
        emp.directed_information(MINI3, policy=policy, **{"horizon": None, **options})


def test_a_joint_distribution_has_a_step_at_least():
    with pytest.raises(ValueError, match="horizon is 0, expected a whole number of at least 1"):
        emp.joint_distribution(emp.worlds.tiger(), 0, lambda history: [1, 0, 0])


def test_a_missing_action_has_no_chance():
    world = emp.MDP(MINI3.rows, available=[[True, False], [True, True], [True, True]], actions=["stay", "go"])
    with pytest.raises(ValueError, match=r"policy\[0, 1\] is 0.5, expected 0: action 'go' is not available"):
        emp.directed_information(world, 1, UNIFORM3)
