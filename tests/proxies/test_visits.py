"""Proxies that look where random roll-outs end: closed forms, and what they take for freedom."""

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp
from empowerment import proxies
from empowerment.proxies.rollouts import RowSampler, Walkers

MAZE = emp.worlds.klyubin_maze()


def beside_a_television(n_channels):
    """Return two states of a lamp, beside which a television shows one of so many pictures at random or stays dark.

    The agent toggles the lamp where the television is dark, and can do nothing where it runs.
    """
    pictures = [("on", picture) for picture in range(n_channels)]

    def step(state, action):
        where, what = state
        if where == "on":
            return dict.fromkeys(pictures, 1 / n_channels)
        return (where, what ^ action)

    return emp.from_step_function(step, [("dark", 0), *pictures], actions=[0, 1])


def test_reachable_readings_of_deterministic_worlds_are_the_empowerment():
    for world in (MAZE, emp.worlds.tower_of_hanoi(), emp.worlds.open_grid(4, stay=False)):
        for horizon in (1, 2, 5):
            for sensor in (None, lambda state: str(state)[:2]):
                exact = emp.empowerment(world, horizon, sensor=sensor).value
                found = proxies.log_reachable(world, horizon, sensor=sensor)
                assert found.value == pytest.approx(exact, abs=1e-9)
                assert found.n_samples == 0


def test_visited_readings_are_those_within_reach_once_every_sequence_was_drawn():
    found = proxies.log_visited(MAZE, 2, n_rollouts=2000, rng=0)  # one sequence in 25
    assert found.value == pytest.approx(emp.empowerment(MAZE, 2).value, abs=1e-9)
    few = proxies.log_visited(MAZE, 4, n_rollouts=10, rng=0)
    assert (few.value <= np.log2(10)).all()
    assert few.value.max() < emp.empowerment(MAZE, 4).value.max() - 1


def test_the_entropy_of_visits_to_equally_likely_cells_is_known():
    hall = emp.worlds.open_grid(5)
    found = proxies.visit_entropy(hall, 1, states=(2, 2), n_rollouts=100_000, rng=0)
    assert float(found) == pytest.approx(np.log2(5), abs=1e-3)


def test_the_variance_of_one_step_is_known():
    row = emp.worlds.grid_world(["....."], stay=False)  # north and south stay, east and west move by 1
    found = proxies.log_variance(row, 1, states=(0, 2), n_rollouts=200_000, rng=0)
    assert float(found) == pytest.approx(np.log2(0.5), abs=0.02)
    assert found.unit == "log2 of a variance"
    scaled = proxies.log_variance(
        row, 1, states=(0, 2), n_rollouts=200_000, rng=0, coordinates=lambda cell: 8.0 * cell[1]
    )
    assert float(scaled) == pytest.approx(float(found) + 6, abs=1e-9)
    table = 8.0 * np.arange(5)[:, None]
    same = proxies.log_variance(row, 1, states=(0, 2), n_rollouts=200_000, rng=0, coordinates=table)
    assert float(same) == float(scaled)


def test_where_nothing_moves_the_logarithm_of_the_variance_is_infinite_and_can_be_saved(tmp_path):
    still = emp.MDP(np.eye(2)[:, None, :])
    found = proxies.log_variance(still, 3, rng=0)
    assert (found.value == -np.inf).all()
    found.save(tmp_path / "still.npz")
    assert (proxies.ProxyResult.load(tmp_path / "still.npz").value == found.value).all()
    with pytest.raises(ValueError, match="no value is finite"):
        found.plot()


def test_a_television_looks_like_freedom():
    """Exact empowerment is 1 bit at the lamp and 0 beside the television; these have it the other way round."""
    world = beside_a_television(16)
    exact = emp.empowerment(world, 1)
    assert exact.value == pytest.approx([1.0, *[0.0] * 16, 1.0], abs=1e-9)
    lamp, television = ("dark", 0), ("on", 0)
    place = {state: i for i, state in enumerate(world.states)}
    coordinates = np.arange(world.n_states)[:, None]
    for proxy, options in (
        (proxies.log_visited, {"n_rollouts": 1000, "rng": 0}),
        (proxies.visit_entropy, {"rng": 0}),
        (proxies.log_variance, {"rng": 0, "coordinates": coordinates[:, ::-1] % 17}),
        (proxies.log_reachable, {}),
        (proxies.token_surprisal, {"rng": 0}),
        (proxies.plug_in_information, {"rng": 0}),
    ):
        found = proxy(world, 1, **options)
        if proxy is proxies.plug_in_information:
            assert found.value[place[television]] > 0.3  # of 0 bits
        else:
            assert found.value[place[television]] > found.value[place[lamp]], proxy.__name__
    for proxy in (proxies.first_action_information, proxies.uniform_information, proxies.contrastive_optimum):
        found = proxy(world, 1)
        assert found.value[place[television]] == pytest.approx(0, abs=1e-9)
        assert found.value[place[lamp]] > 0.9


def test_rows_are_drawn_as_often_as_they_say():
    rng = np.random.default_rng(0)
    rows = emp.MDP(rng.dirichlet(np.ones(6), (6, 2))).rows
    drawn = RowSampler(rows)(np.repeat(np.arange(12), 50_000), np.random.default_rng(1)).reshape(12, -1)
    shares = np.array([np.bincount(each, minlength=6) for each in drawn]) / 50_000
    assert shares == pytest.approx(rows.toarray(), abs=0.01)


def test_walkers_take_available_actions_and_stay_where_there_are_none():
    rows = np.zeros((3, 2, 3))
    rows[0, 0, 1] = rows[0, 1, 2] = rows[1, 1, 2] = 1
    model = emp.MDP(rows, available=[[True, True], [False, True], [False, False]])
    ends = Walkers(model, np.random.default_rng(0)).ends(np.repeat([0, 1, 2], 100), 2).reshape(3, 100)
    assert (ends == 2).all()
    assert proxies.log_visited(model, 1, rng=0).value.tolist() == [1, 0, 0]
    assert proxies.first_action_information(model, 1).value.tolist() == [1, 0, 0]


@for_each(
    "call, message",
    [
        (lambda: proxies.log_visited(emp.worlds.tiger(), 1), "expected an MDP"),
        (lambda: proxies.log_visited(MAZE, 0), "horizon"),
        (lambda: proxies.log_visited(MAZE, 1, n_rollouts=0), "n_rollouts"),
        (lambda: proxies.log_visited(MAZE, 1, states="nowhere"), "nowhere"),
        (lambda: proxies.log_variance(emp.from_table({"a": {"go": "a"}})), "coordinates="),
        (lambda: proxies.log_variance(MAZE, coordinates=np.ones((3, 2))), "coordinates"),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call()
