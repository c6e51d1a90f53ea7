"""Empowerment of agents that react, by the public call."""

import numpy as np
import pytest
from helpers import for_each, on_every_backend
from known_pomdps import CLOSED_LOOP
from pomdp_oracles import tree_rows

import empowerment as emp

TIGER = emp.worlds.tiger()
MINI2 = np.array([[[0.9, 0.1], [0.4, 0.6]], [[0.2, 0.8], [0.7, 0.3]]])
MINI3 = np.array(
    [
        [[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]],
        [[0.1, 0.6, 0.3], [0.5, 0.3, 0.2]],
        [[0.25, 0.25, 0.5], [0.2, 0.1, 0.7]],
    ]
)
SENSED = ({}, {"sensor": "state"}, {"output": "trajectory"})


def value(model, horizon, **options):
    result = emp.empowerment(model, horizon, feedback=True, **options)
    assert result.converged.all()
    assert result.feedback
    return result.value


@for_each(("model", "belief", "horizon", "known"), CLOSED_LOOP)
@on_every_backend
def test_known_values_from_a_belief(model, belief, horizon, known, backend):
    start = model.belief(belief)
    found = [float(value(model, horizon, beliefs=start, backend=backend, **options)[0]) for options in SENSED]
    assert found == pytest.approx(known, abs=1e-7)


@for_each(
    ("transition", "known"),
    [
        (MINI2, {1: 0.215055750, 2: 0.422230205, 3: 0.627666292, 5: 1.037683141, 10: 2.062397280}),
        (MINI3, {1: 0.332886673, 2: 0.520812391, 3: 0.686110383, 5: 1.006968555, 10: 1.805312265}),
    ],
)
@on_every_backend
def test_trajectories_of_states(transition, known, backend):
    for horizon, bits in known.items():
        result = emp.empowerment(transition, horizon, output="trajectory", feedback=True, backend=backend)
        assert result.value[0] == pytest.approx(bits, abs=2e-9)
        assert result.converged.all()
        assert result.methods == "dynamic-programming"


@for_each(
    ("transition", "known"),
    [(MINI2, (0.215055750, 0.289557801, 0.307090969)), (MINI3, (0.332886673, 0.230509867, 0.197576765))],
)
@on_every_backend
def test_final_states(transition, known, backend):
    for horizon, bits in enumerate(known, start=1):
        result = emp.empowerment(transition, horizon, feedback=True, backend=backend)
        assert result.value[0] == pytest.approx(bits, abs=2e-9)
        assert result.methods == "policy-trees"


def test_closed_forms():
    ring, golden, post = emp.worlds.ring(), emp.worlds.golden_mean(), emp.worlds.post()
    for horizon, paths in ((1, 2), (2, 3), (3, 5), (8, 55)):
        runs = value(golden, horizon, output="trajectory")
        assert runs[0] == pytest.approx(np.log2(paths), abs=1e-9)
        assert value(ring, horizon, output="trajectory") == pytest.approx(horizon * 1.259227060685, abs=1e-8)
        assert value(post, horizon, output="trajectory")[0] == pytest.approx(horizon * np.log2(1.25), abs=1e-9)
    assert value(ring, 2)[0] == pytest.approx(1.981393, abs=1e-6)


def test_a_world_without_noise_is_counted_by_either_way():
    """Nothing is learnt on the way, so reacting gains nothing; the runs are as many as there are paths."""
    maze = emp.worlds.grid_world(["...", ".#.", "..."])
    assert value(maze, 3) == pytest.approx(emp.empowerment(maze, 3).value, abs=1e-9)
    runs = emp.empowerment(maze, 3, output="trajectory").value
    assert value(maze, 3, output="trajectory") == pytest.approx(runs, abs=1e-8)


def test_the_trapdoor():
    """Feedback capacity of a channel with memory: its increments tend to the logarithm of the golden ratio."""
    found = [float(value(emp.worlds.trapdoor(), n, output="trajectory", beliefs=TRAP)[0]) for n in (1, 2, 3, 4)]
    assert found == pytest.approx([0.321928095, 1.082725741, 1.788830470, 2.492832455], abs=2e-9)


TRAP = emp.worlds.trapdoor().belief()


@for_each("seed", range(200), first=50)
def test_to_react_never_loses_and_the_whole_run_never_tells_less(seed):
    rng = np.random.default_rng(seed)
    world = emp.MDP(rng.dirichlet(np.full(3, 0.5), size=(3, 2)))
    plain, final = emp.empowerment(world, 2).value, value(world, 2)
    runs, reacting = emp.empowerment(world, 2, output="trajectory").value, value(world, 2, output="trajectory")
    assert (plain <= final + 2e-9).all()
    assert (final <= reacting + 2e-9).all()
    assert (plain <= runs + 2e-9).all()
    assert (runs <= reacting + 2e-9).all()


def test_convexity_in_the_belief():
    rng = np.random.default_rng(0)
    for seed in range(40):
        model = emp.POMDP(rng.dirichlet(np.ones(2), size=(2, 2)), rng.dirichlet(np.ones(2), size=(2, 2)))
        one, other = np.random.default_rng(seed).dirichlet(np.ones(2), size=2)
        rows = np.stack([one, other, (one + other) / 2])
        for options in SENSED:
            ends = value(model, 2, beliefs=rows, **options)
            assert ends[2] <= (ends[0] + ends[1]) / 2 + 2e-9


def test_intervals_hold_against_every_policy_tree():
    rng = np.random.default_rng(1)
    for _ in range(10):
        model = emp.POMDP(rng.dirichlet(np.ones(2), size=(2, 2)), rng.dirichlet(np.ones(2), size=(2, 2)))
        belief = rng.dirichlet(np.ones(2))
        for options, reading in zip(SENSED, ("observation", "state", "trajectory"), strict=True):
            rows = np.array(tree_rows(model.mdp.to_dense(), model.observation, belief, 2, reading))
            exact = emp.channel_capacity(rows, tol=1e-11)
            for method in ("auto", "interval"):
                result = emp.empowerment(
                    model, 2, beliefs=belief, feedback=True, method=method, on_failure="ignore", **options
                )
                assert result.lower[0] <= exact.upper
                assert exact.lower <= result.upper[0]


def test_the_methods_agree():
    options = {"output": "trajectory", "feedback": True, "beliefs": [0.85, 0.15]}
    exact = emp.empowerment(TIGER, 3, **options)
    soft = emp.empowerment(TIGER, 3, method="soft-dynamic-programming", tol=1e-5, **options)
    assert exact.methods == "column-generation"
    assert soft.methods == "soft-dynamic-programming"
    assert soft.lower[0] <= exact.upper[0]
    assert exact.lower[0] <= soft.upper[0]
    pytest.importorskip("cvxpy")
    convex = emp.empowerment(TIGER, 3, method="sequence-form", tol=1e-6, **options)
    assert float(convex) == pytest.approx(float(exact), abs=2e-6)


def test_what_is_too_much_becomes_an_interval_or_is_refused():
    corridor = emp.worlds.aliased_corridor()
    with pytest.warns(emp.ConvergenceWarning, match="intervals are wider"):
        result = emp.empowerment(corridor, 6, feedback=True, sensor="state", options={"max_sequences": 500})
    assert result.methods == "interval"
    assert result.lower[0] < result.upper[0]
    assert result.lower[0] >= emp.empowerment(corridor, 6, sensor="state").lower[0] - 1e-9
    with pytest.raises(MemoryError, match="belief 0: "):
        emp.empowerment(
            corridor, 6, feedback=True, sensor="state", options={"max_sequences": 500}, method="policy-trees"
        )
    with pytest.raises(MemoryError, match="belief 0: "):
        emp.empowerment(
            TIGER, 12, feedback=True, output="trajectory", options={"memory": 1e6}, method="column-generation"
        )


def test_a_receiver_of_states_and_an_agent_of_observations():
    """Policy trees while they are few; with more than these there is an interval."""
    options = {"feedback": True, "sensor": "state", "output": "trajectory", "beliefs": [0.85, 0.15]}
    exact = emp.empowerment(TIGER, 2, **options)
    bounds = emp.empowerment(TIGER, 2, **options, method="interval", on_failure="ignore")
    plain = emp.empowerment(TIGER, 2, sensor="state", output="trajectory", beliefs=[0.85, 0.15])
    assert exact.methods == "policy-trees"
    assert exact.converged
    assert plain.lower[0] <= bounds.lower[0] + 1e-9
    assert bounds.lower[0] <= exact.upper[0]
    assert plain.lower[0] <= exact.upper[0]
    assert exact.lower[0] <= bounds.upper[0]
    large = emp.empowerment(emp.worlds.aliased_corridor(), 5, **options | {"beliefs": None}, on_failure="ignore")
    assert large.methods == "interval"


def test_the_agents_memory_with_reactions():
    """It sees its own beliefs, so this is a world whose states are seen."""
    plain = float(emp.empowerment(TIGER, 2, sensor="belief"))
    assert float(value(TIGER, 2, sensor="belief")[0]) >= plain - 1e-9
    assert float(value(TIGER, 2, sensor="belief", output="trajectory")[0]) >= plain - 1e-9


def test_who_knows_the_start():
    both = value(TIGER, 2, sensor="state", known_to="both")
    assert both[0] == pytest.approx(value(TIGER, 2, sensor="state", states=list(TIGER.states)).mean(), abs=1e-9)
    with pytest.raises(ValueError, match="known_to='receiver' is for actions that do not react"):
        emp.empowerment(TIGER, 2, feedback=True, known_to="receiver")


def test_to_stop_early():
    """Whoever may stop can do what fewer steps do."""
    world = emp.MDP(MINI3)
    stopping = value(world, 2, stopping=True)
    assert (stopping >= value(world, 2) - 2e-9).all()
    assert (stopping >= value(world, 1) - 2e-9).all()
    with pytest.raises(ValueError, match="go together where the agent sees the state"):
        emp.empowerment(TIGER, 2, feedback=True, sensor="state", stopping=True)
    with pytest.raises(ValueError, match="expected output='final'"):
        emp.empowerment(world, 2, feedback=True, stopping=True, output="trajectory")


def test_beliefs_over_seen_states():
    """The first action is chosen without seeing, those after it are not."""
    rows = np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])
    found = value(emp.MDP(MINI3), 3, output="trajectory", beliefs=rows)
    assert found[1] == pytest.approx(0.686110383, abs=2e-9)
    assert found[0] < value(emp.MDP(MINI3), 3, output="trajectory")[:2].mean()


def test_results_say_so(tmp_path):
    result = emp.empowerment(MINI3, 2, feedback=True)
    with pytest.raises(ValueError, match="policies with feedback are none"):
        result.sequences(0)
    result.save(tmp_path / "result.npz")
    assert emp.EmpowermentResult.load(tmp_path / "result.npz").feedback
    sweep = emp.horizon_sweep(MINI3, [1, 2, 3], feedback=True, output="trajectory")
    assert sweep.value[:, 0] == pytest.approx([0.332886673, 0.520812391, 0.686110383], abs=2e-9)


def test_checkpoints_tell_reactions_apart(tmp_path):
    first = emp.empowerment(MINI3, 2, feedback=True, checkpoint=tmp_path / "run")
    again = emp.empowerment(MINI3, 2, feedback=True, checkpoint=tmp_path / "run")
    assert first.value.tolist() == again.value.tolist()
    with pytest.raises(ValueError, match="feedback"):
        emp.empowerment(MINI3, 2, checkpoint=tmp_path / "run")


def test_states_on_several_processes():
    world = emp.MDP(np.random.default_rng(0).dirichlet(np.ones(4), size=(4, 2)))
    assert value(world, 2, n_jobs=2).tolist() == value(world, 2).tolist()


@for_each(
    ("options", "sentence"),
    [
        ({"method": "enumeration"}, "'policy-trees', 'interval'"),
        ({"method": "policy-trees", "output": "trajectory"}, "'dynamic-programming'"),
    ],
)
def test_methods_that_do_not_exist_here(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        emp.empowerment(MINI3, 2, feedback=True, **options)
