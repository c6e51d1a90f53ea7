"""Tables of who affects whom: cells, numbers, what is not known."""

from dataclasses import replace

import numpy as np
import pytest

import empowerment as emp

pyplot = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def table():
    return emp.transfer_matrix(emp.worlds.shared_corridor(), 2, (0, 2))


def written(ax):
    """Return the texts by row and column of their cells."""
    return {(int(text.get_position()[1]), int(text.get_position()[0])): text.get_text() for text in ax.texts}


def test_rows_act_and_columns_read(table):
    ax = table.plot()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["person", "assistant"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("reading of", "actions of")
    assert written(ax) == {(0, 0): "1.10", (0, 1): "0.20", (1, 0): "0.09", (1, 1): "1.33"}
    assert ax.yaxis_inverted()
    assert ax.collections[0].get_clim() == (0.0, table.value.max())
    assert ax.get_title() == "2-step transfer\nfrom (0, 2)"


def test_a_part_of_the_table_leaves_the_other_cells_empty(table):
    part = replace(table, **{name: getattr(table, name)[1:3] for name in table._each})
    ax = part.plot()
    assert [label.get_text() for label in ax.get_xticklabels()] == ["assistant", "person"]
    assert written(ax) == {(0, 0): "0.20", (1, 1): "0.09"}
    assert np.ma.getmaskarray(ax.collections[0].get_array()).reshape(2, 2).tolist() == [[False, True], [True, False]]


def test_what_missed_its_tolerance_is_an_interval(table):
    wide = replace(table, upper=table.upper + np.array([0, 0, 0.5, 0]))
    assert written(wide.plot())[1, 0] == "0.09 to\n0.59"


def test_a_table_of_zeros_has_a_scale():
    idle = emp.MultiAgentMDP(np.ones((1, 1, 1, 1)), {"a": 1, "b": 1})
    ax = emp.transfer_matrix(idle, 1, 0).plot()
    assert ax.collections[0].get_clim() == (0.0, 1.0)
    assert ax.get_title() == "1-step transfer\nfrom 0"
