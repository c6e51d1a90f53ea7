"""What every agent can do to every other: the table is made of the single capacities."""

import math

import numpy as np
import pytest

import empowerment as emp


def three_agents(seed):
    rows = np.random.default_rng(seed).dirichlet(np.full(4, 0.4), size=(4, 2, 3, 2))
    sensors = {"a": lambda state: state // 2, "c": lambda state: state % 2}
    return emp.MultiAgentMDP(rows, {"a": 2, "b": 3, "c": 2}, sensors=sensors, normalize=True)


def test_each_entry_is_the_transfer_of_its_pair():
    world, chances = three_agents(0), {"a": [0.3, 0.7], "b": "uniform", "c": {0: 1}}
    found = emp.transfer_matrix(world, 2, 1, chances, base="e")
    assert len(found) == 9
    assert found.state == 1
    assert found.unit == "nats"
    for source, target in found:
        others = {name: policy for name, policy in chances.items() if name != source}
        alone = emp.transfer_empowerment(world, 2, source, target, others, states=1, base="e")
        entry = found[source, target]
        assert (entry.value, entry.lower, entry.upper) == (alone.value, alone.lower, alone.upper)
        assert entry.pairs == ((source, target),)


def test_agents_that_share_nothing_do_not_affect_each_other():
    """Two lamps with a switch each, and an observer of both: closed forms."""

    def step(lamps, chosen):
        return chosen["left"], chosen["right"]

    sensors = {"left": lambda lamps: lamps[0], "right": lambda lamps: lamps[1]}
    actions = {"left": range(2), "right": range(3), "observer": ["watch"]}
    for order in (None, ["observer", ("left", "right")]):
        follow = (lambda lamps, chosen: lamps if "observer" in chosen else step(lamps, chosen)) if order else step
        world = emp.from_joint_step(follow, (0, 0), actions, order=order, sensors=sensors)
        found = emp.transfer_matrix(world, 2, (0, 0))
        for source, bits in {"left": 1.0, "right": math.log2(3), "observer": 0.0}.items():
            for target in world.agents:
                expected = bits if target in (source, "observer") else 0.0
                assert float(found[source, target]) == pytest.approx(expected, abs=1e-8)


def test_what_is_no_question_is_refused():
    world = three_agents(1)
    for match, arguments in {
        "unknown state 9": (1, 9),
        "others has no policy of": (1, 0, {"a": "uniform"}),
        "horizon": (0.5, 0),
    }.items():
        with pytest.raises((TypeError, ValueError, KeyError), match=match):
            emp.transfer_matrix(world, *arguments)
    with pytest.raises(KeyError, match="no result for pair 'a'; the 9 pairs are"):
        emp.transfer_matrix(world, 1, 0)["a"]
