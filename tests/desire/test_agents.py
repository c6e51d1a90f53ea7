"""The agents that riders with desires are compared with."""

import copy
import pickle

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp
from empowerment.desire import (
    RIDER_AGENTS,
    WEALTH,
    DesireAgent,
    DesireParameters,
    EmpoweredRider,
    PolicyAgent,
    QLearningRider,
    RuleAgent,
    UnifiedAgent,
    ValueTrackingRider,
    earning_courier,
    simulate_agents,
)
from empowerment.desire.agents.kernels import Settings, cpu, reference
from empowerment.desire.agents.learning import experience
from empowerment.worlds.delivery import ACCEPT, REFUSE, REST, delivery_outcomes, state_parts

FAR = 3


@pytest.fixture(scope="module")
def empowered():
    return EmpoweredRider(3)


def cells(trace):
    """Return income a day, health, the shares of orders accepted (all, possible, far) and of rests: means of runs."""
    health, _, offer = (part[:, :-1] for part in state_parts(trace.state_numbers))
    accepted = (trace.action_numbers == ACCEPT) & (offer > 0) & (health > 0)
    there = [offer > 0, (offer > 0) & (health > 0), offer == FAR]
    days = trace.n_steps / 12
    shares = [((accepted & each).sum(axis=(1, 2)) / each.sum(axis=(1, 2))).mean() for each in there]
    return [
        trace.records["pay"].sum(axis=1).mean() / days,
        health.mean(),
        *shares,
        (trace.action_numbers == REST).mean(),
    ]


# Measured by an independent prototype with the same random numbers, on seeds 0 to 99; the last digit may be rounded.
# What one learns or tracks depends on details that were not written down: a margin for each of the columns.
TABLE = {
    "desire": (57.89, 6.98, 0.820, 0.831, 0.885, 0.313),
    "fixed": (63.40, 6.15, 0.881, 0.898, 0.981, 0.303),
    "balanced": (58.73, 7.50, 0.852, 0.852, 0.868, 0.301),
    "income": (63.81, 4.60, 0.892, 0.948, 0.944, 0.284),
    "greedy": (29.98, 0.96, 0.377, 1.000, 0.402, 0.000),
    "rule": (43.95, 4.96, 0.704, 0.706, 0.332, 0.140),
    "d2a-like": (55.92, 7.42, 0.750, 0.752, 0.928, 0.309),
    "empowerment": (27.90, 4.42, 0.354, 0.355, 0.354, 0.002),
    "unified": (60.74, 6.16, 0.835, 0.851, 0.946, 0.283),
}
ON_LATTICE = ("desire", "fixed", "balanced", "income")
LEARNED = {
    400_000: (60.66, 4.05, 0.840, 0.908, 0.904, 0.252),
    4_000_000: (58.52, 7.94, 0.807, 0.807, 0.886, 0.307),
}
ROUNDED = np.array([0.006, 0.006, 0.0006, 0.0006, 0.0006, 0.0006])
TRACKED = np.array([0.2, 0.03, 0.002, 0.002, 0.003, 0.002])


@for_each("name", TABLE)
def test_agents_do_what_the_prototype_measured(name, riders, empowered):
    agent = RIDER_AGENTS[name](**({"resolution": 20} if name in ON_LATTICE else {}))
    found = cells(simulate_agents(riders, empowered if name == "empowerment" else agent, seeds=range(100)))
    np.testing.assert_array_less(np.abs(np.subtract(found, TABLE[name])), TRACKED if name == "d2a-like" else ROUNDED)


@for_each("steps", LEARNED)
def test_learners_do_what_the_prototype_measured(steps, riders):
    """A chaotic sum of millions of steps: rounding that differs may end in another policy."""
    found = cells(simulate_agents(riders, QLearningRider(steps), seeds=range(100)))
    np.testing.assert_array_less(np.abs(np.subtract(found, LEARNED[steps])), ROUNDED)


def test_each_is_named_by_its_key_and_made_anew():
    for name, make in RIDER_AGENTS.items():
        agent = make()
        assert agent.name == name
        assert agent is not make()
        assert agent.moved is (name == "desire")
        assert name in repr(agent)


LIGHT = {"q-learning": lambda: QLearningRider(20_000), "empowerment": lambda: EmpoweredRider(1)}


@for_each("name", RIDER_AGENTS)
def test_runs_do_not_depend_on_each_other_nor_on_their_length(name, riders):
    agent = LIGHT.get(name, RIDER_AGENTS[name])()
    together = simulate_agents(riders, agent, 60, seeds=[0, 1, 2])
    copied = agent if isinstance(agent, DesireAgent) else pickle.loads(pickle.dumps(copy.deepcopy(agent)))
    for seed in (2, 0):
        for other in (agent, copied):
            alone = simulate_agents(riders, other, 48, seeds=[seed])
            assert (alone.action_numbers == together[seed].action_numbers[:, :48]).all()
            assert (alone.state_numbers == together[seed].state_numbers[:, :49]).all()


def test_policies_are_computed_once_for_each_world(riders, monkeypatch):
    agent = RIDER_AGENTS["unified"]()
    found = agent.policy(riders)
    monkeypatch.setattr(agent, "_make_policy", None)
    assert agent.policy(riders) is found
    assert agent.policy(riders, DesireParameters.shock(threshold=2.0, temperature=1.0)) is found  # it reads neither
    assert pickle.loads(pickle.dumps((agent, riders)))[0].name == "unified"
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 0.0


# --- rules and policies


def test_a_rule_is_followed_everywhere(riders):
    def rule(state):
        health, slot, offer = state
        return "rest" if slot % 2 else ("accept" if offer == "near" and health > 0 else "refuse")

    trace = simulate_agents(riders, RuleAgent(rule, "odd"), seeds=range(5))
    model = riders.model
    for state, action in zip(trace.state_numbers[:, :-1].flat, trace.action_numbers.flat, strict=True):
        assert model.actions[action] == rule(model.states[state])


def test_a_rule_that_does_not_fit_says_where(riders):
    with pytest.raises(ValueError, match=r"rule\(\(0, 0, 'none'\)\) is 'accept', .* one of \['refuse', 'rest'\]"):
        RuleAgent(lambda state: "accept").policy(riders)
    with pytest.raises(ValueError, match=r"rule\(\(0, 0, 'none'\)\): unknown action 'sleep'"):
        RuleAgent(lambda state: "sleep").policy(riders)
    with pytest.raises(TypeError, match="rule is 'rest', expected a function"):
        RuleAgent("rest")


def test_a_policy_is_followed_with_the_number_that_chooses(riders):
    rng = np.random.default_rng(3)
    policy = rng.random((528, 3)) * riders.model.available
    policy /= policy.sum(axis=1, keepdims=True)
    trace = simulate_agents(riders, PolicyAgent(policy, "any"), seeds=range(4))
    for seed in trace:
        numbers = np.random.default_rng(seed).random((361, 6, 3))[1:, :, 0]
        states = trace[seed].state_numbers[0, :-1]
        upto = policy[states].cumsum(axis=-1)
        assert (trace[seed].action_numbers[0] == (upto <= numbers[..., None]).sum(axis=-1)).all()
    impossible = np.full((528, 3), 1 / 3)
    with pytest.raises(ValueError, match=r"policy\[0, 0\] .* not available"):
        simulate_agents(riders, PolicyAgent(impossible), 1)
    maze = emp.worlds.klyubin_maze()
    with pytest.raises(ValueError, match="policy is for other states"):
        PolicyAgent(emp.greedy_policy(maze, np.zeros(100))).policy(riders)


# --- rewards and empowerment in one


def test_unified_without_rewards_is_empowerment_and_with_large_ones_planning(riders):
    model = riders.model
    free = emp.unified_bellman(model, discount=0.97).policy.probabilities
    np.testing.assert_allclose(UnifiedAgent(0.0).policy(riders), free, atol=1e-6)
    values = DesireAgent.fixed().plans(riders, DesireParameters()).action_values(np.array(WEALTH))
    ranked = np.sort(values, axis=1)
    clear = ranked[:, 2] - ranked[:, 1] > 0.3
    chosen = UnifiedAgent(30.0).policy(riders)
    assert clear.sum() > 200
    assert (chosen.argmax(axis=1) == values.argmax(axis=1))[clear].all()
    assert (chosen.max(axis=1) > 0.99)[clear].all()


def test_unified_reads_its_will_and_the_discount(riders):
    one = UnifiedAgent(10.0, will=(0.15, 0.7, 0.15)).policy(riders)
    assert np.abs(one - UnifiedAgent(10.0).policy(riders)).max() > 0.5
    parameters = DesireParameters.shock(discount=0.5)
    wanted = emp.unified_bellman(
        riders.model, riders.features @ WEALTH, discount=0.5, reward_weight=10.0
    ).policy.probabilities
    np.testing.assert_allclose(UnifiedAgent().policy(riders, parameters), wanted, atol=1e-6)


# --- empowerment


def test_reference_values_of_empowerment(riders, empowered):
    values = empowered.values()
    index = riders.model.state_index
    assert values[index((8, 0, "far"))] == pytest.approx(2.039092, abs=1e-6)
    assert values[index((2, 7, "far"))] == pytest.approx(2.288939, abs=1e-6)
    by_health = values.reshape(11, 48).mean(axis=1)
    wanted = [1.62, 2.20, 2.16, 2.16, 2.11, 2.08, 1.90, 1.82, 1.60, 1.50, 1.00]
    np.testing.assert_allclose(by_health, wanted, atol=0.0055)


def test_one_step_of_empowerment_in_closed_form(riders):
    values = EmpoweredRider(1).values()
    for number, (health, slot, offer) in enumerate(riders.model.states):
        if offer == "none" and slot != 11:
            # Refusing against resting, of which a point more may be lost by the cut.
            ends = {0: 1.0, 9: 1.0, 10: 0.0}.get(health, 1.0)
            assert values[number] == pytest.approx(ends, abs=1e-8)
    # An order makes a third outcome, certainly another one than the others: log2 of 3.
    assert values[riders.model.state_index((8, 2, "far"))] == pytest.approx(np.log2(3), abs=1e-8)


def test_the_counter_counts_the_pay(riders):
    world, plain = earning_courier(5), riders.model
    assert (world.n_states, world.n_actions) == (528 * 6, 3)
    dense = world.rows.toarray().reshape(528, 6, 3, 528, 6)
    for count in range(6):
        np.testing.assert_allclose(dense[:, count].sum(axis=-1), plain.to_dense(), atol=1e-15)
    earned = (dense.sum(axis=-2) * np.arange(6)).sum(axis=-1)
    pay = riders.features[..., 0] * 10 / 4
    pay[~plain.available] = 0.0
    for count in range(2):  # far orders bring 4 at most
        np.testing.assert_allclose(earned[:, count], (pay + count) * plain.available, atol=1e-12)
    assert (dense[:, 5] * (np.arange(6) < 5)).sum() == 0  # it stays at its most
    assert earning_courier(12).n_states == 6864


def test_the_climber_takes_the_largest_expected_value(riders):
    agent = EmpoweredRider(1)
    worth = emp.expected_next(riders.model, agent.values())
    chosen = agent.policy(riders).argmax(axis=1)
    assert (worth[np.arange(528), chosen] >= worth.max(axis=1) - 1e-12).all()
    assert (agent.policy(riders).max(axis=1) == 1).all()


# --- learning


def test_the_compiled_learner_is_the_plain_one():
    found = experience(np.array(WEALTH))
    settings = Settings(0.2, 0.97, 0.1, 200.0, 0.005)
    numbers = np.random.default_rng(7).random((20_000, 4))
    ends = []
    for kernel in (cpu, reference):
        values, visits = np.zeros((528, 3)), np.zeros((528, 3), dtype=np.int64)
        state = kernel.learn(found, settings, numbers[:5000], 17, values, visits)
        state = kernel.learn(found, settings, numbers[5000:], state, values, visits)
        ends.append((state, values, visits))
    assert ends[0][0] == ends[1][0]
    assert (ends[0][2] == ends[1][2]).all()
    assert ends[0][2].sum() == 20_000
    np.testing.assert_allclose(ends[0][1], ends[1][1], rtol=1e-12, atol=1e-12)


def test_a_learner_follows_the_numbers_it_is_given():
    """Steps by hand, from health 8, in slot 0, without an order."""
    found = experience(np.array(WEALTH))
    settings = Settings(0.5, 0.9, 0.25, 1.0, 0.005)
    start, well, better = (8 * 12 * 4, 0.15 * (1 - 0.2**2), 0.15 * (1 - 0.1**2))
    for kernel in (cpu, reference):
        values, visits = np.ones((528, 3)), np.zeros((528, 3), dtype=np.int64)

        def step(*numbers, kernel=kernel, values=values, visits=visits):
            return kernel.learn(found, settings, np.array([numbers]), start, values, visits)

        # Exploring, the third action, the first outcome, the last offer.
        assert step(0.1, 0.7, 0.2, 0.999) == (9 * 12 + 1) * 4 + 3
        assert values[start, REST] == pytest.approx(1 + 0.125 * (better + 0.9 - 1), abs=1e-15)
        # Exploring, the first action, which is not there.
        assert step(0.1, 0.2, 0.0, 0.0) == (8 * 12 + 1) * 4
        assert values[start, REFUSE] == pytest.approx(1 + 0.125 * (well + 0.9 - 1), abs=1e-15)
        # Not exploring: resting is the better by now, and has a second visit.
        before = values[start, REST]
        assert before > values[start, REFUSE]
        assert step(0.5, 0.0, 0.7, 0.0) == (10 * 12 + 1) * 4
        assert values[start, REST] == pytest.approx(before + 0.25 / 3 * (0.15 + 0.9 - before), abs=1e-15)
        assert visits[start].tolist() == [0, 1, 2]
        assert visits.sum() == 3


def test_a_learner_without_a_future_learns_the_rewards(riders):
    agent = QLearningRider(2_000_000, will=(0.2, 0.5, 0.3))
    rewards = riders.features @ [0.2, 0.5, 0.3]
    values = agent.action_values(0.0)
    often = values != 0
    assert often.sum() > 1200
    assert (np.abs(values - rewards)[often] < 0.35).all()
    assert np.abs(values - rewards)[often].mean() < 0.02


def test_learning_is_repeatable_and_reads_seed_and_will(riders):
    one = QLearningRider(300_000).action_values()
    assert (one == QLearningRider(300_000).action_values()).all()
    assert (one != QLearningRider(300_000, seed=1).action_values()).any()
    assert (one != QLearningRider(300_000, will=(0.3, 0.4, 0.3)).action_values()).any()
    policy = QLearningRider(300_000).policy(riders)
    assert (policy[~riders.model.available] == 0).all()
    np.testing.assert_allclose(policy.sum(axis=1), 1.0, atol=1e-15)


def test_arguments_of_learning_are_checked():
    with pytest.raises(ValueError, match="steps is 0"):
        QLearningRider(0)
    with pytest.raises(ValueError, match=r"unknown backend 'jax'"):
        QLearningRider(backend="jax")
    with pytest.raises(ValueError, match="discount is 1"):
        QLearningRider(10).action_values(1.0)
    with pytest.raises(ValueError, match="will"):
        QLearningRider(10, will=(0.5, 0.4))


# --- value tracking


def test_a_value_tracking_rider_against_a_plain_account(riders):
    trace = simulate_agents(riders, ValueTrackingRider(), seeds=range(3))
    model, outcomes = riders.model, delivery_outcomes()
    for seed in trace:
        run, numbers = trace[seed], np.random.default_rng(seed).random((361, 6, 3))[1:]
        for rider in range(6):
            income = standing = 7.0
            for k in range(360):
                state = run.state_numbers[0, k, rider]
                lacking = []
                for action in range(3):
                    total = np.inf if not model.available[state, action] else 0.0
                    for i, chance in enumerate(outcomes.probability[state, action]):
                        after = (
                            income + outcomes.pay[state, action, i] / 4,
                            outcomes.health[state, action, i],
                            standing + outcomes.delivered[state, action, i],
                        )
                        short = [max(0.0, w - x) for w, x in zip((8.5, 8, 7.5), after, strict=True)]
                        total += chance * sum(short)
                    lacking.append(total)
                action = run.action_numbers[0, k, rider]
                assert lacking[action] <= min(lacking) + 1e-12
                more = numbers[k, rider, 0] < 0.5
                income = max(min(income + run.records["pay"][0, k, rider] / 4, 10.0) - 1 - more, 0.0)
                standing = max(min(standing + run.records["delivered"][0, k, rider], 10.0) - more, 0.0)


# --- worlds that riders do not know


class OtherWorld:
    """A world of desires without orders."""

    model = emp.worlds.golden_mean()
    features = np.zeros((2, 2, 3))
    desires = ("a", "b", "c")


@for_each("make", [ValueTrackingRider, EmpoweredRider, lambda: QLearningRider(10)])
def test_riders_live_among_riders_only(make):
    with pytest.raises(TypeError, match="world is a OtherWorld, expected a Riders"):
        make().begin(OtherWorld(), DesireParameters())


def test_agents_that_need_no_orders_live_anywhere():
    world = OtherWorld()
    world.features = np.arange(12.0).reshape(2, 2, 3)
    available = world.model.available
    for agent in (UnifiedAgent(), RuleAgent(lambda state: world.model.actions[0])):
        policy = agent.policy(world)
        np.testing.assert_allclose(policy.sum(axis=1), 1.0, atol=1e-12)
        assert (policy[~available] == 0).all()
