"""The delivery world against a second construction of it."""

import numpy as np
import pytest

import empowerment as emp
from empowerment.worlds.delivery import delivery_outcomes

OFFERS = ("none", "near", "mid", "far")


def busy(slot):
    return slot in (0, 1, 6, 7, 8)


def offers(slot):
    return dict(zip(OFFERS, (0.05, 0.3, 0.3, 0.35) if busy(slot) else (0.3, 0.35, 0.2, 0.15), strict=True))


def accepted(health, slot, offer):
    """Yield the probability, the change of health and the pay of each outcome of accepting."""
    crash = {"near": 0.005, "mid": 0.01, "far": 0.02}[offer] * (2 if busy(slot) else 1) * (2 if health <= 3 else 1)
    pay = {"near": 4, "mid": 8, "far": 16 if busy(slot) else 12}[offer]
    wear = {
        ("near", False): {0: 1 / 2, 1: 1 / 2},
        ("near", True): {0: 1 / 2, 1: 1 / 2},
        ("mid", False): {1: 1},
        ("mid", True): {1: 1 / 2, 2: 1 / 2},
        ("far", False): {1: 1 / 2, 2: 1 / 2},
        ("far", True): {1: 1 / 4, 2: 1 / 2, 3: 1 / 4},
    }[offer, busy(slot)]
    yield crash, -5, 0
    for points, share in wear.items():
        yield (1 - crash) * share, -points, pay


def described(health, slot, offer, action):
    """Return the row and the features of an action as the description of the world has them."""
    coming = offers((slot + 1) % 12)
    if action == "rest":
        coming = {o: 0.6 * chance + (0.4 if o == "none" else 0) for o, chance in coming.items()}
    outcomes = [(1.0, 0, 0)]
    if action == "rest":
        outcomes = [(0.5, 1, 0), (0.5, 2, 0)]
    if action == "accept":
        outcomes = list(accepted(health, slot, offer))
    row, features = {}, np.zeros(3)
    for chance, change, pay in outcomes:
        after = min(max(health + change, 0), 10)
        passed_up = offer != "none" and action != "accept"
        features += chance * np.array([pay / 10, 1 - (1 - after / 10) ** 2, (pay > 0) - passed_up / 4])
        morning = min(after + 4, 10) if slot == 11 else after
        for o, share in coming.items():
            state = morning, (slot + 1) % 12, o
            row[state] = row.get(state, 0.0) + chance * share
    return row, features


def test_it_is_the_world_that_is_described():
    world, features = emp.worlds.delivery(), emp.worlds.delivery_features()
    dense = world.to_dense()
    for number, (health, slot, offer) in enumerate(world.states):
        for column, action in enumerate(world.actions):
            if action == "accept" and (offer == "none" or health == 0):
                assert not world.available[number, column]
                assert (features[number, 0] == features[number, 1]).all()  # it is refusing
                continue
            row, worth = described(health, slot, offer, action)
            wanted = np.zeros(world.n_states)
            wanted[[world.state_index(state) for state in row]] = list(row.values())
            assert world.available[number, column]
            np.testing.assert_allclose(dense[number, column], wanted, atol=1e-15)
            np.testing.assert_allclose(features[number, column], worth, atol=1e-14)


def test_reference_values():
    world, features = emp.worlds.delivery(), emp.worlds.delivery_features()
    # 10,432 with refusals in the place of the 168 orders that cannot be accepted, each with four next offers.
    assert (world.n_states, world.n_actions, world.rows.nnz) == (528, 3, 10_432 - 168 * 4)
    assert (~world.available).sum() == 168
    far = world.state_index((8, 0, "far"))
    np.testing.assert_allclose(features[far], [[1.536, 0.822, 0.96], [0, 0.96, -0.25], [0, 0.995, -0.25]], atol=1e-12)
    row = world.to_dense()[far, 0]
    for state, chance in {(3, 1, "none"): 0.002, (5, 1, "far"): 0.084, (6, 1, "mid"): 0.144}.items():
        assert row[world.state_index(state)] == pytest.approx(chance, abs=1e-12)
    first = {world.states[i]: float(world.initial[i]) for i in np.flatnonzero(world.initial)}
    assert first == {(8, 0, offer): chance for offer, chance in offers(0).items()}
    assert world.states[(8 * 12 + 3) * 4 + 2] == (8, 3, "mid")


def test_outcomes_are_those_of_the_model_and_in_the_order_of_draws():
    world, outcomes = emp.worlds.delivery(), delivery_outcomes()
    far = world.state_index((8, 0, "far"))
    assert outcomes.health[far, 0].tolist() == [3, 7, 6, 5]  # the crash, then wear, the least first
    assert outcomes.health[far, 2, :2].tolist() == [9, 10]
    np.testing.assert_allclose(outcomes.probability.sum(axis=-1), 1.0, atol=1e-15)
    with pytest.raises(ValueError, match="read-only"):
        outcomes.pay[0] = 1.0
