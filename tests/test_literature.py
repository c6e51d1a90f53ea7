"""Published and independently computed numbers; the source is in the test's name or id."""

import math

import numpy as np
import pytest
from helpers import MINI2, MINI3, for_each, of_matrices, with_jax, without_jax

import empowerment as emp

# n: fewest and most reachable cells, mean bits over the 100 cells
MAZE = {
    1: (2, 5, 2.029651052),
    2: (3, 13, 3.157003975),
    3: (6, 23, 3.881488431),
    4: (9, 34, 4.392433041),
    5: (11, 46, 4.783411164),
    6: (13, 58, 5.098096439),
    7: (15, 70, 5.364250283),
    8: (18, 77, 5.590649314),
    9: (21, 81, 5.778032674),
    10: (22, 85, 5.931623412),
}


@for_each("n", MAZE)
def test_klyubin_2005_maze(n):
    result = emp.empowerment(emp.worlds.klyubin_maze(), n)
    fewest, most, mean = MAZE[n]
    assert result.value.min() == pytest.approx(math.log2(fewest), abs=1e-14)
    assert result.value.max() == pytest.approx(math.log2(most), abs=1e-14)
    assert result.value.mean() == pytest.approx(mean, abs=5e-10)
    assert np.rint(2**result.value) == pytest.approx(2**result.value, abs=1e-10)


@for_each(
    ("n", "low", "high", "mean"),
    [(1, 0.481307, 1.2, 1.035897), (2, 0.743719, 1.757143, 1.503080), (3, 1.118784, 2.056100, 1.781281)],
)
def test_noisy_maze_intended_move_with_four_fifths(n, low, high, mean):
    result = emp.empowerment(emp.worlds.klyubin_maze(slip=0.2), n)
    assert result.converged.all()
    assert (result.value.min(), result.value.max(), result.value.mean()) == pytest.approx((low, high, mean), abs=6e-7)


@for_each("n", range(1, 6))
def test_open_grid_closed_form(n):
    result = emp.empowerment(emp.worlds.open_grid(11), n)
    assert float(result[(5, 5)]) == pytest.approx(math.log2(2 * n * n + 2 * n + 1), abs=1e-14)
    assert float(result[(0, 0)]) == pytest.approx(math.log2((n + 1) * (n + 2) / 2), abs=1e-14)


def test_klyubin_2005_box_pushing():
    centre = (6, 6)
    around = [(r, c) for r in range(1, 12) for c in range(1, 12)]
    fixed = emp.worlds.box_pushing(13, pushable=False)
    near = [s for s in around if s != centre]
    still = emp.empowerment(fixed, 5, states=[(centre, box) for box in near])
    assert {round(2**v) for v in still.value} == {58, 59, 60, 61}
    pushed = emp.worlds.box_pushing(13)
    options = {"states": [(centre, box) for box in around]}
    agent_only = emp.empowerment(pushed, 5, sensor=lambda state: state[0], **options)
    assert {round(2**v) for v in agent_only.value} == {61}
    both = emp.empowerment(pushed, 5, **options)
    assert round(2 ** float(both[(centre, (6, 7))])) == 179
    assert round(2 ** float(both[(centre, centre)])) == 221
    assert both.value.max() == float(both[(centre, centre)])


@for_each(
    ("n", "fewest", "most"), [(1, 3, 4), (2, 5, 8), (3, 9, 14), (4, 11, 19), (5, 15, 23), (6, 19, 27), (7, 27, 27)]
)
def test_tower_of_hanoi_three_disks(n, fewest, most):
    counts = 2 ** emp.empowerment(emp.worlds.tower_of_hanoi(3), n).value
    assert (round(counts.min()), round(counts.max())) == (fewest, most)


FROZEN_LAKE = {
    0: (0.333333333, 0.505920946, 0.668259827, 0.796822774),
    1: (0.415037499, 0.594205486, 0.731248634, 0.832462178),
    2: (0.415037499, 0.593977031, 0.791180185, 0.939795532),
    3: (0.333333333, 0.531987554, 0.671640118, 0.792992561),
    4: (0.415037499, 0.594205486, 0.715128845, 0.783971722),
    6: (0.415037499, 0.618272197, 0.703703704, 0.802469136),
    8: (0.415037499, 0.578095648, 0.722566737, 0.809666346),
    9: (0.415037499, 0.569711804, 0.666666667, 0.740740741),
    10: (0.415037499, 0.569711804, 0.709171212, 0.802469136),
    13: (0.415037499, 0.578095648, 0.672592765, 0.731608914),
    14: (0.415037499, 0.578095648, 0.710603220, 0.803049445),
}


@for_each("n", [1, 2, 3, 4])
def test_frozen_lake_4x4(n):
    pytest.importorskip("gymnasium")
    result = emp.empowerment(emp.from_gymnasium("FrozenLake-v1"), n)
    assert result.converged.all()
    for state in range(16):
        expected = FROZEN_LAKE.get(state, (0.0,) * 4)[n - 1]
        assert float(result[state]) == pytest.approx(expected, abs=1e-8 if expected else 0)


@for_each(
    ("state", "bits"),
    [
        (0, {6: 0.9860250445, 8: 1.1131486721, 10: 1.2007877592}),
        (6, {6: 0.9122085048, 8: 0.9676112707, 10: 1.0048580054}),
        (14, {6: 0.9122085048, 8: 0.9609815577, 10: 0.9826584701}),
    ],
)
def test_frozen_lake_4x4_over_all_of_up_to_a_million_sequences(state, bits):
    pytest.importorskip("gymnasium")
    lake = emp.from_gymnasium("FrozenLake-v1")
    for n, value in bits.items():
        result = emp.empowerment(lake, n, states=state)
        assert result.converged.all()
        assert result.kind.tolist() == ["exact"]
        assert float(result) == pytest.approx(value, abs=1e-9)


def test_frozen_lake_one_step_inside_is_log2_of_four_thirds():
    pytest.importorskip("gymnasium")
    result = emp.empowerment(emp.from_gymnasium("FrozenLake-v1"), 1)
    assert float(result[6]) == pytest.approx(math.log2(4 / 3), abs=1e-9)


def test_frozen_lake_8x8_largest():
    gymnasium = pytest.importorskip("gymnasium")
    lake = emp.from_gymnasium(gymnasium.make("FrozenLake-v1", map_name="8x8"))
    largest = [emp.empowerment(lake, n).value.max() for n in (1, 2, 3, 4)]
    assert largest == pytest.approx([0.415037, 0.618272, 0.766971, 0.892117], abs=6e-7)


@for_each(("name", "as_given"), [("CliffWalking-v1", [math.log2(3)]), ("Taxi-v4", [2, 2, math.log2(3), 2])])
def test_gymnasium_terminal_states_have_no_empowerment_unless_read_as_given(name, as_given):
    pytest.importorskip("gymnasium")
    model = emp.from_gymnasium(name)
    terminal = [model.states[i] for i in np.flatnonzero(model.is_terminal)]
    assert emp.empowerment(model, 1, states=terminal).value.tolist() == [0.0] * len(as_given)
    given = emp.empowerment(emp.from_gymnasium(name, terminal="as-given"), 1, states=terminal)
    assert given.value == pytest.approx(as_given, abs=1e-12)


SLIP_GRID = {5: 3.516782, 6: 3.736450256, 7: 3.900150306, 8: 4.024416462, 9: 4.129801154, 10: 4.209027252}


@for_each("n", SLIP_GRID)
def test_slip_grid_from_its_centre(n):
    result = emp.empowerment(emp.worlds.slip_grid(), n, states=(4, 4))
    assert result.converged.all()
    assert result.kind.tolist() == ["exact"]
    assert float(result) == pytest.approx(SLIP_GRID[n], abs=6e-7 if n == 5 else 1e-9)


MINI = {"mini2": MINI2, "mini3": MINI3}
MINI_VALUES = [
    *[("mini2", 0, "final", n, v) for n, v in {1: 0.215055750, 2: 0.129133710, 3: 0.085190026}.items()],
    *[("mini2", 0, "final", n, v) for n, v in {5: 0.046301976, 10: 0.024272286}.items()],
    *[("mini2", 0, "trajectory", n, v) for n, v in {1: 0.215055750, 2: 0.422230205}.items()],
    *[("mini2", 0, "trajectory", n, v) for n, v in {3: 0.627666292, 5: 1.037683141}.items()],
    *[("mini3", 0, "final", n, v) for n, v in {1: 0.332886673, 2: 0.126728294, 3: 0.096392366}.items()],
    *[("mini3", 0, "final", n, v) for n, v in {5: 0.074596898, 10: 0.068504117}.items()],
    *[("mini3", 0, "trajectory", n, v) for n, v in {1: 0.332886673, 2: 0.520633936}.items()],
    *[("mini3", 0, "trajectory", n, v) for n, v in {3: 0.685101866, 5: 1.002877235}.items()],
    *[("mini3", 2, "final", n, v) for n, v in {1: 0.038097403, 2: 0.058901656, 3: 0.065528738}.items()],
    *[("mini3", 2, "final", n, v) for n, v in {5: 0.068532898, 10: 0.068358061}.items()],
]


@for_each(("world", "state", "output", "n", "bits"), MINI_VALUES)
@without_jax
def test_two_and_three_state_worlds(world, state, output, n, bits, backend):
    has_bits(world, state, output, n, bits, backend)


@for_each(("world", "state", "output", "n", "bits"), sorted(MINI_VALUES, key=lambda case: (case[3], case)), first=6)
@with_jax
def test_two_and_three_state_worlds_by_jax(world, state, output, n, bits, backend):
    pytest.importorskip("jax")
    has_bits(world, state, output, n, bits, backend)


def has_bits(world, state, output, n, bits, backend):
    result = emp.empowerment(MINI[world], n, states=state, output=output, backend=backend)
    assert result.converged.all()
    assert float(result) == pytest.approx(bits, abs=2e-9)


def test_growth_of_runs_through_the_maze_is_its_spectral_radius():
    maze = emp.worlds.klyubin_maze()
    options = {"states": (5, 5), "output": "trajectory"}
    growth = float(emp.empowerment(maze, 1000, **options)) - float(emp.empowerment(maze, 999, **options))
    assert growth == pytest.approx(2.201918614, abs=1e-8)


def test_final_and_trajectory_agree_where_the_last_state_tells_the_way():
    """Seven states: a fair first step, then each side offers one sure and one fair action."""
    rows = np.zeros((7, 2, 7))
    rows[0, :, [1, 2]] = 0.5
    rows[1, 0, 3], rows[1, 1, [3, 4]] = 1, 0.5
    rows[2, 1, 5], rows[2, 0, [5, 6]] = 1, 0.5
    rows[np.arange(3, 7), :, np.arange(3, 7)] = 1
    expected = -0.25 * math.log2(0.25) - 0.75 * math.log2(0.75) - 0.5
    for output in ("final", "trajectory"):
        result = emp.empowerment(emp.MDP(rows), 2, states=0, output=output)
        assert float(result) == pytest.approx(expected, abs=1e-9)


def test_post_channel_of_permuter_2014_with_and_without_memory_of_the_way():
    """Stay surely when input equals state, else move with probability 1/2."""
    post = of_matrices([[1, 0], [0.5, 0.5]], [[0.5, 0.5], [0, 1]])
    final = [float(emp.empowerment(post, n, states=0)) for n in range(1, 6)]
    assert final == pytest.approx([0.321928, 0.558239, 0.722573, 0.831298, 0.900166], abs=6e-7)
    for n in (1, 2, 3):
        run = emp.empowerment(post, n, states=0, output="trajectory")
        assert float(run) == pytest.approx(n * math.log2(1.25), abs=1e-9)
