"""Skills as small maps, and the distribution that they make together."""

from dataclasses import replace

import numpy as np
import pytest

import empowerment as emp

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

from matplotlib import pyplot  # noqa: E402


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def grid():
    return emp.worlds.open_grid(3)


@pytest.fixture(scope="module")
def result(grid):
    return emp.skill_empowerment(grid, 0.9, states=[(1, 1), (0, 0)])


def drawn(ax, name):
    return [artist for artist in (*ax.collections, *ax.patches) if artist.get_gid() == name]


def cells(ax):
    return np.asarray(ax.collections[0].get_array()).reshape(3, 3)


def test_each_skill_has_a_map_of_its_occupancy_with_its_actions(grid, result):
    axes = emp.plotting.plot_skills(grid, result, (0, 0), most=5)
    skills, occupancies = result.skills((0, 0)), result.occupancies((0, 0))
    assert len(axes) == 5
    for ax, skill, occupancy in zip(axes, skills, occupancies, strict=False):
        assert ax.get_title() == f"{skill.probability:.2g}"
        assert cells(ax) == pytest.approx(occupancy.reshape(3, 3))
        assert ax.collections[0].get_clim() == (0, occupancies[:5].max())
        (arrows,), (rests,) = drawn(ax, "arrows"), drawn(ax, "rests")
        assert len(arrows.XY) + len(rests.get_offsets()) == len(skill.states)
        tails = {(int(np.floor(y + 0.5)), int(np.floor(x + 0.5))) for x, y in arrows.XY}
        assert tails <= set(skill.states)
        (start,) = drawn(ax, "start")
        assert (start.get_x(), start.get_y()) == pytest.approx((-0.44, -0.44))
    chances = sum(skill.probability for skill in skills[:5])
    assert axes[0].figure.get_suptitle() == (
        f"open_grid: skills of (0, 0), discount 0.9\nthe 5 most probable of {len(skills)}, together {chances:.2g}"
    )


def test_all_skills_are_drawn_where_they_are_few():
    lane = emp.worlds.grid_world(["..."])
    result = emp.skill_empowerment(lane, 0.5)
    axes = emp.plotting.plot_skills(lane, result, (0, 0))
    assert len(axes) == len(axes[0].figure.axes) - 1 == 3  # beside the colour bar
    assert axes[0].figure.get_suptitle() == "grid_world: skills of (0, 0), discount 0.5"


def test_skills_are_drawn_on_axes_that_are_handed_in(grid, result):
    figure, given = pyplot.subplots(1, 2)
    assert emp.plotting.plot_skills(grid, result, (1, 1), most=2, ax=given) == given.tolist()
    assert figure.get_suptitle() == ""
    emp.plotting.plot_skills(grid, result, (1, 1), most=2, ax=given, title="mine", vmin=0, vmax=1)
    assert figure.get_suptitle() == "mine"
    (*_, last) = (each for each in given[0].collections if each.get_array() is not None)
    assert last.get_clim() == (0, 1)
    with pytest.raises(ValueError, match="ax has 2 Axes, expected one for each of 3 skills"):
        emp.plotting.plot_skills(grid, result, (1, 1), most=3, ax=given)


def test_the_occupancies_of_all_states_of_a_cell_are_added():
    layout = replace(emp.worlds.grid_world([".."]).layout, cells=((0, 0), (0, 0), (0, 1)))
    rows = np.zeros((3, 2, 3))
    rows[0, 0, 1] = rows[0, 1, 2] = rows[1, :, 0] = rows[2, :, 2] = 1
    world = emp.MDP(rows, layout=layout)
    result = emp.skill_empowerment(world, 0.5, states=0)
    (ax, *_) = emp.plotting.plot_skills(world, result, 0)
    occupancy = result.occupancies(0)[0]
    assert np.asarray(ax.collections[0].get_array()).ravel() == pytest.approx([occupancy[:2].sum(), occupancy[2]])


def test_the_output_is_drawn_as_a_map(result):
    ax = emp.plotting.plot_output(result, (0, 0))
    assert cells(ax) == pytest.approx(result.output_distribution[1].reshape(3, 3))
    assert ax.get_title().replace("\n", " ") == "open_grid: output from (0, 0), discount 0.9"
    other = emp.plotting.plot_output(result, (0, 0), ax=pyplot.subplots()[1], title="mine", vmax=0.5)
    assert (other.get_title(), other.collections[0].get_clim()) == ("mine", (0, 0.5))


def test_what_cannot_be_drawn_is_refused(grid, result):
    ring = emp.MDP(np.eye(3)[:, None])
    of_ring = emp.skill_empowerment(ring, 0.5)
    with pytest.raises(ValueError, match="the model has no grid to draw on"):
        emp.plotting.plot_skills(ring, of_ring, 0)
    with pytest.raises(ValueError, match="the model has no grid to draw on"):
        emp.plotting.plot_output(of_ring, 0)
    with pytest.raises(ValueError, match="model has other states or actions than the result"):
        emp.plotting.plot_skills(emp.worlds.open_grid(4), result, (0, 0))
    with pytest.raises(KeyError, match="no result for state"):
        emp.plotting.plot_skills(grid, result, (2, 2))
    with pytest.raises(TypeError, match="result is"):
        emp.plotting.plot_skills(grid, emp.empowerment(grid), (0, 0))
    with pytest.raises(ValueError, match="most is 0"):
        emp.plotting.plot_skills(grid, result, (0, 0), most=0)
    no_action = np.zeros((9, 1), dtype=bool)
    stuck = emp.MDP(np.zeros((9, 1, 9)), available=no_action, states=grid.states, layout=grid.layout)
    with pytest.raises(ValueError, match="has no skills to draw"):
        emp.plotting.plot_skills(stuck, emp.skill_empowerment(stuck, 0.5), (0, 0))
