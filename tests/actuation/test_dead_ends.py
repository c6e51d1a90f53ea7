"""Dead ends: an input counts if it is never stuck while steps are left, whatever the model and whoever reacts."""

import numpy as np
import pytest
from dead_end_oracles import capacity, random_world, sequence_rows, tree_rows
from helpers import for_each

import empowerment as emp
from empowerment.actuation.open_loop.options import Option, option_channel
from empowerment.actuation.task import NoSequenceError

NOTHING = emp.Status.NO_SEQUENCE
ROOM = np.zeros((2, 2, 2))
ROOM[0, 0, 0] = ROOM[0, 1, 1] = ROOM[1, :, 1] = 1
AVAILABLE = [[True, True], [False, False]]  # the pit has no action
LABELS = {"states": ["room", "pit"], "actions": ["stay", "jump"]}
MODELS = {
    "MDP": emp.MDP(ROOM, available=AVAILABLE, **LABELS),
    "POMDP": emp.POMDP(ROOM, np.eye(2), available=AVAILABLE, **LABELS),
}
WAYS = [(output, feedback) for output in ("final", "trajectory") for feedback in (False, True)]


@for_each("model", MODELS.values(), ids=MODELS)
def test_to_stay_and_then_to_choose_is_all_there_is_to_a_room_with_a_pit(model):
    """Of four sequences of two actions the two that stay at first count, and they end in different states."""
    sensors = (None,) if isinstance(model, emp.MDP) else (None, "state", "belief")
    for (output, feedback), sensor in ((way, sensor) for way in WAYS for sensor in sensors):
        for horizon in (1, 2, 5):
            found = emp.empowerment(
                model, horizon, states=["room", "pit"], output=output, feedback=feedback, sensor=sensor
            )
            assert found.value == pytest.approx([1, 0], abs=1e-9)
            assert found.status.tolist() == [emp.Status.CERTIFIED, NOTHING]
            assert found.converged.all()


def questions(world, weights, horizon):
    """Each question about a world with the rows that answer it: how to ask, without and with feedback."""
    known, shown = world.seen(), world.observation
    if (weights == 1).any():
        model, start = world.mdp(), {"states": int(weights.argmax())}
        for output in ("final", "trajectory"):
            blind = sequence_rows(known, weights, horizon, known.observation, output)
            yield (
                model,
                start | {"output": output},
                blind,
                tree_rows(known, weights, horizon, known.observation, output),
            )
    model, start = world.pomdp(), {"beliefs": weights}
    for output in ("final", "trajectory"):
        blind = sequence_rows(world, weights, horizon, shown, output)
        yield model, start | {"output": output}, blind, tree_rows(world, weights, horizon, shown, output)
    blind = sequence_rows(known, weights, horizon, known.observation, "final")
    yield model, start | {"sensor": "state"}, blind, tree_rows(world, weights, horizon, known.observation, "final")


def check(model, horizon, asked, rows, feedback, bounds):
    """Compare with the rows of all inputs that count; return the interval, or None where there is none."""
    expected = capacity(rows)
    rough = found = emp.empowerment(model, horizon, feedback=feedback, **asked)
    if bounds and found.method[0] != "dynamic-programming":
        rough = emp.empowerment(model, horizon, feedback=feedback, method="interval", **asked)
    if expected is None:
        assert (found.value[0], found.lower[0], found.upper[0], found.status[0]) == (0, 0, 0, NOTHING)
        assert rough.lower[0] == 0
        return None
    assert found.status[0] != NOTHING != rough.status[0]
    assert found.converged.all()
    for each in (found, rough):
        assert each.lower[0] <= expected[1]
        assert expected[0] <= each.upper[0]
    return found


def agree_with_brute_force(seeds):
    """Compare random worlds with every sequence and tree of theirs; return how many kinds of answers there were."""
    counts = dict.fromkeys(("none", "only with feedback", "both", "gain"), 0)
    for seed in seeds:
        rng = np.random.default_rng(seed)
        world = random_world(rng, n_states=2 + seed % 2)
        horizon = 3 - seed % 2
        n_states = len(world.transition)
        weights = np.eye(n_states)[rng.integers(n_states)] if seed % 3 else rng.dirichlet(np.ones(n_states))
        for model, asked, blind, trees in questions(world, weights, horizon):
            without = check(model, horizon, asked, blind, False, bounds=seed % 5 == 0)
            reacting = check(model, horizon, asked, trees, True, bounds=seed % 5 == 0)
            if without is not None:
                assert without.lower[0] <= reacting.upper[0]
            kind = "none" if reacting is None else "only with feedback" if without is None else "both"
            counts[kind] += 1
            counts["gain"] += kind == "both" and reacting.lower[0] > without.upper[0]
    return counts


@pytest.mark.parametrize(
    ("seeds", "least"), [(range(60), 3), pytest.param(range(60, 300), 16, marks=pytest.mark.slow)]
)
def test_random_worlds_have_the_capacity_of_all_inputs_that_count(seeds, least):
    """As MDPs and as POMDPs, in every way; the oracle lists sequences and trees."""
    counts = agree_with_brute_force(seeds)
    assert min(counts.values()) > least, counts


def test_two_actions_into_two_dead_ends_are_one_step_and_no_more():
    rows = np.zeros((3, 2, 3))
    rows[0, [0, 1], [1, 2]] = rows[[1, 2], :, [1, 2]] = 1
    able = [[True, True], [False, False], [False, False]]
    for model in (emp.MDP(rows, available=able), emp.POMDP(rows, np.eye(3), available=able)):
        for output, feedback in WAYS:
            found = [
                emp.empowerment(model, horizon, states=0, output=output, feedback=feedback) for horizon in (1, 2, 3)
            ]
            assert [float(each) for each in found] == pytest.approx([1, 0, 0], abs=1e-9)
            assert [int(each.status[0]) for each in found] == [emp.Status.CERTIFIED, NOTHING, NOTHING]
        with pytest.raises(NoSequenceError, match="no sequence of 2 actions is available from state"):
            emp.actuation_channel(model, 2, 0)
    endless = emp.discounted_empowerment(emp.MDP(rows, available=able), 0.9)
    assert (endless.lower.tolist(), endless.upper.tolist(), endless.status.tolist()) == (
        [0] * 3,
        [0] * 3,
        [NOTHING] * 3,
    )
    rate = emp.empowerment_rate(emp.MDP(rows, available=able))
    assert (rate.lower, rate.upper, rate.status, rate.policy.any()) == (0, 0, NOTHING, False)
    # Where both ends are terminal the first step is a bit, and nothing follows.
    ended = emp.MDP(rows, terminal=[1, 2])
    assert [float(emp.empowerment(ended, n, states=0, feedback=True)) for n in (1, 2)] == pytest.approx([1, 1])
    assert emp.discounted_empowerment(ended, 0.9).value == pytest.approx([1, 0, 0])


def test_what_never_ends_never_comes_to_a_dead_end():
    """Who stays for ever tells nothing, though the first jump would have been worth a bit."""
    room = MODELS["MDP"]
    for found in (emp.discounted_empowerment(room, 0.5), emp.unified_bellman(room, discount=0.9)):
        assert found.lower == pytest.approx([0, 0], abs=1e-9)
        assert found.upper == pytest.approx([0, 0], abs=1e-9)
        assert found.status.tolist() == [emp.Status.CERTIFIED, NOTHING]
        assert found.policy.probabilities.tolist() == [[1, 0], [0, 0]]
    rate = emp.empowerment_rate(room)
    assert (float(rate), rate.status, rate.policy.tolist()) == (0, emp.Status.CERTIFIED, [[1, 0], [0, 0]])
    # A reward for jumping, however large, is never had; that for staying is, for ever.
    for weight in (0, 1):
        found = emp.unified_bellman(room, [[1, 1000], [0, 0]], discount=0.5, information_weight=weight)
        assert found.value == pytest.approx([2, 0], abs=1e-9)
        assert found.status.tolist() == [emp.Status.CERTIFIED, NOTHING]


def test_an_interval_that_is_too_wide_says_so_in_the_status():
    found = emp.unified_bellman(emp.worlds.golden_mean(), discount=0.9, max_iter=1, on_failure="ignore")
    assert found.status.tolist() == [emp.Status.MAX_ITER] * 2


@for_each("seed", range(12))
def test_endless_values_are_those_of_the_world_without_what_leads_to_dead_ends(seed):
    """Struck out by hand until nothing changes; what is left has no dead ends, and long horizons come close to it."""
    world = random_world(np.random.default_rng(seed), n_states=4)
    allowed = world.available.copy()
    while True:
        dead = ~allowed.any(axis=1)
        left = allowed & ~(world.transition[:, :, dead] > 0).any(axis=2)
        if (left == allowed).all():
            break
        allowed = left
    kept = np.flatnonzero(allowed.any(axis=1))
    found = emp.discounted_empowerment(world.mdp(), 0.7)
    assert (found.status == NOTHING).tolist() == (~allowed.any(axis=1)).tolist()
    assert (found.value[~allowed.any(axis=1)] == 0).all()
    long = emp.empowerment(world.mdp(), 4, output="trajectory", feedback=True)  # 4 states: by then all is decided
    assert (long.status == NOTHING).tolist() == (found.status == NOTHING).tolist()
    if kept.size:
        part = emp.MDP(
            np.where(allowed[kept, :, None], world.transition[kept][:, :, kept], 0), available=allowed[kept]
        )
        alone = emp.discounted_empowerment(part, 0.7)
        assert found.value[kept] == pytest.approx(alone.value, abs=3e-9)
        longer = emp.empowerment(part, 4, output="trajectory", feedback=True)
        assert (longer.lower <= long.upper[kept] + 1e-12).all()


def test_the_rate_is_that_of_the_part_without_dead_ends():
    """The golden mean shift, from whose second state there is also a pit, and a way into it that leads to the pit."""
    rows = np.zeros((4, 3, 4))
    rows[0, [0, 1], [0, 1]] = rows[1, [0, 2], [0, 2]] = rows[3, 0, 2] = 1
    able = np.array([[True, True, False], [True, False, True], [False] * 3, [True, False, False]])
    rate = emp.empowerment_rate(emp.MDP(rows, available=able))
    assert float(rate) == pytest.approx(np.log2((1 + np.sqrt(5)) / 2), abs=1e-9)
    assert (rate.policy[[1, 2, 3]] == [[1, 0, 0], [0, 0, 0], [0, 0, 0]]).all()


def test_policies_that_climb_keep_out_of_dead_ends():
    """The pit is made to look best; the only other state that leads there for certain goes there."""
    rows = np.zeros((3, 2, 3))
    rows[0, [0, 1], [0, 1]] = rows[2, 0, 1] = rows[2, 1, 1] = 1
    model = emp.MDP(rows, available=[[True, True], [False, False], [True, True]])
    for policy in (emp.greedy_policy(model, [0, 5, 0]), emp.softmax_policy(model, [0, 5, 0], 1e-3)):
        assert policy.probabilities[0].tolist() == [1, 0]
        assert policy.probabilities[1].tolist() == [0, 0]
        assert policy.probabilities[2].sum() == 1
    run = emp.simulate(model, emp.greedy_policy(model, [0, 5, 0]), initial=2, steps=9)
    assert (run.state_numbers.tolist(), run.ended) == ([2, 1], True)
    assert emp.simulate(model, emp.greedy_policy(model, [0, 5, 0]), initial=0, steps=9).n_steps == 9


def test_what_is_given_may_not_be_stuck_while_steps_are_left():
    """Options, policies with directed information, and policies with memory: told which state, or which history."""
    room = MODELS["MDP"]
    assert option_channel(room, [Option(["stay"]), Option(["jump"])], "room").matrix.tolist() == [[1, 0], [0, 1]]
    for late in (Option(["jump", "stay"]), Option({"room": "jump"}, steps=2)):
        with pytest.raises(
            ValueError, match="option 0 may come to state 'pit', which has no action, with steps left"
        ):
            option_channel(room, [late], "room")
    jump = Option({"room": "jump"}, termination=[0, 1])
    assert option_channel(room, [jump], "room").outputs == ("pit",)
    with pytest.raises(ValueError, match="option 0 may come to state 'pit', which has no action"):
        option_channel(room, [Option({"room": "jump"}, termination=[0, 0.5])], "room")
    half = [[0.5, 0.5], [0, 0]]
    assert emp.directed_information(room, 1, half, states="room") == pytest.approx([1])
    with pytest.raises(ValueError, match=r"from state 'room' the policy may come to state 'pit', .* after 1 steps"):
        emp.directed_information(room, 2, half, states="room")
    with pytest.raises(ValueError, match=r"from state 'pit' the policy may come to state 'pit', .* after 0 steps"):
        emp.directed_information(room, 1, half)
    with pytest.raises(ValueError, match=r"from state 'room' the policy may come to state 'pit'"):
        emp.directed_information(room, None, half, discount=0.5, states="room")
    stay = [[1, 0], [0, 0]]
    assert emp.directed_information(room, None, stay, discount=0.5, states="room") == pytest.approx([0])
    with pytest.raises(ValueError, match=r"after \(\('jump', 1\),\) no action is available in every state"):
        emp.joint_distribution(MODELS["POMDP"], 2, lambda _: [0.5, 0.5], initial="room")


def test_a_run_of_hidden_states_ends_where_no_action_is_common_to_all_that_are_possible():
    """One of two rooms, which look alike and have no action in common."""
    rows = np.zeros((3, 2, 3))
    rows[0, 0, [1, 2]] = 0.5
    rows[1, 0, 1] = rows[2, 1, 2] = 1
    able = [[True, False], [True, False], [False, True]]
    model = emp.POMDP(rows, [[1.0]] * 3, available=able)
    run = emp.simulate(model, lambda belief: [1, 0], initial=0, steps=5, rng=0)
    assert (run.n_steps, run.ended) == (1, True)
    apart = emp.POMDP(rows, np.eye(3), available=able)
    assert emp.simulate(apart, lambda belief: [belief[2] < 1, belief[2] == 1], initial=0, steps=5, rng=0).n_steps == 5
    for output, feedback in WAYS:
        blind = emp.empowerment(model, 2, states=0, output=output, feedback=feedback)
        assert (float(blind), blind.status[0]) == (0, NOTHING)
        seeing = emp.empowerment(apart, 2, states=0, output=output, feedback=feedback)
        assert (seeing.status[0] == NOTHING) == (not feedback)


def test_an_average_over_known_states_leaves_out_none():
    """Who knows that it begins in the pit has no input there: 0 in the average, which is certified."""
    found = emp.empowerment(MODELS["MDP"], 2, beliefs=[[0.5, 0.5], [0, 1]], known_to="both")
    assert found.value == pytest.approx([0.5, 0], abs=1e-9)
    assert found.status.tolist() == [emp.Status.CERTIFIED, NOTHING]
    for known_to in ("nobody", "receiver"):
        assert emp.empowerment(MODELS["MDP"], 2, beliefs=[0.5, 0.5], known_to=known_to).status[0] == NOTHING


def test_more_starts_than_states():
    """As many answers as starts, repeated ones too, with feedback as without."""
    rows = np.array([[[0.9, 0.1], [0.1, 0.9]], [[0.5, 0.5], [0, 1]]])
    model = emp.POMDP(rows, [[0.8, 0.2], [0.3, 0.7]], initial=[0.5, 0.5])
    certain = [[1, 0], [1, 0], [0, 1]]
    for sensor in ("state", "observation", "belief"):
        for output in ("final", "trajectory"):
            ask = {"sensor": sensor, "output": output}
            expected = emp.empowerment(model, 1, beliefs=certain, **ask)
            for starts in ({"beliefs": certain}, {"states": [0, 0, 1]}):
                found = emp.empowerment(model, 1, feedback=True, **starts, **ask)
                assert found.value == pytest.approx(
                    expected.value, abs=3e-9
                )  # at one step there is nothing to react to
                assert len(found) == 3
            assert found.states == (0, 0, 1)
            every = emp.empowerment(model, 2, beliefs=[*certain, [0.5, 0.5], [0.5, 0.5]], feedback=True, **ask)
            single = emp.empowerment(model, 2, beliefs=[0.5, 0.5], feedback=True, **ask)
            assert every.value[3:] == pytest.approx([float(single)] * 2, abs=3e-9)


def test_bounds_of_trajectories_find_the_sequences_that_go_on():
    """Of the room with a pit: what is read last is a part of what is read on the way."""
    found = emp.empowerment(MODELS["MDP"], 3, states="room", output="trajectory", method="interval")
    assert found.lower[0] == pytest.approx(1, abs=1e-9)
    assert found.upper[0] >= 1


def test_no_step_is_no_dead_end():
    for model in MODELS.values():
        for sensor in (None, "state") if isinstance(model, emp.MDP) else ("observation", "state", "belief"):
            for output, feedback in WAYS:
                found = emp.empowerment(
                    model, 0, states=["room", "pit"], sensor=sensor, output=output, feedback=feedback
                )
                assert found.value.tolist() == [0, 0]
                assert found.status.tolist() == [emp.Status.CERTIFIED] * 2
    # To stop counts as an end as well, wherever it is.
    for feedback in (False, True):
        found = emp.empowerment(MODELS["MDP"], 2, stopping=True, feedback=feedback)
        assert found.value == pytest.approx([1, 0], abs=1e-9)
        assert (found.status == emp.Status.CERTIFIED).all()


def test_a_channel_without_inputs_says_where_it_would_begin():
    with pytest.raises(NoSequenceError, match="no sequence of 1 actions is available from state 'pit': each action"):
        emp.actuation_channel(MODELS["MDP"], 1, "pit")
    with pytest.raises(NoSequenceError, match="no sequence of 2 actions is available from this belief: each action"):
        emp.actuation_channel(MODELS["POMDP"], horizon=2, belief=[0.5, 0.5])
