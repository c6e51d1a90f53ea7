"""Results of proxies, their pictures, and how they are compared with exact values."""

import numpy as np
import pytest

import empowerment as emp
from empowerment import proxies

pyplot = pytest.importorskip("matplotlib.pyplot")
MAZE = emp.worlds.klyubin_maze()


@pytest.fixture(autouse=True)
def _no_screen():
    pyplot.switch_backend("Agg")
    yield
    pyplot.close("all")


def test_a_proxy_has_no_ends_and_says_so():
    found = proxies.log_visited(MAZE, 1, rng=0)
    assert found.kind == "proxy"
    assert not any(hasattr(found, name) for name in ("lower", "upper", "converged", "gap"))
    assert "nothing is proved" in repr(found)


def test_the_same_seed_gives_the_same_values():
    for proxy in (proxies.log_visited, proxies.visit_entropy, proxies.log_variance, proxies.plug_in_information):
        first, again, other = (proxy(MAZE, 3, rng=seed).value for seed in (0, 0, 1))
        assert (first == again).all()
        assert (first != other).any()


def test_states_are_answered_in_the_order_asked():
    some = [(5, 5), (0, 0), (9, 9)]
    whole, found = proxies.log_reachable(MAZE, 3), proxies.log_reachable(MAZE, 3, states=some)
    assert list(found) == some
    assert [float(found[state]) for state in some] == [float(whole[state]) for state in some]
    with pytest.raises(KeyError, match="nowhere"):
        found["nowhere"]
    with pytest.raises(TypeError, match="3 states"):
        float(found)


def test_pictures_name_the_proxy():
    ax = proxies.log_reachable(MAZE, 2).plot()
    assert ax.get_title() == "klyubin_maze: 2-step log reachable"
    ax = proxies.log_visited(emp.worlds.tower_of_hanoi(), 2, rng=0).plot(title="own")
    assert ax.get_title() == "own"
    ax = proxies.first_action_information(emp.MDP(np.full((2, 2, 2), 0.5))).plot()
    assert ax.get_ylabel() == "first action information [bits]"
    half = emp.worlds.grid_world(["..#."])  # the last cell stands still
    assert proxies.log_variance(half, 1, rng=0).plot().get_title().endswith("log variance")


def test_agreement_of_what_is_right_of_what_is_reversed_and_of_what_is_tied():
    exact = emp.empowerment(MAZE, 3)
    right = proxies.agreement(proxies.log_reachable(MAZE, 3), exact)
    assert right[:2] == pytest.approx((1, 1))
    assert right.rmse == pytest.approx(0, abs=1e-9)
    assert right.spread == pytest.approx(exact.value.std())
    same = proxies.log_reachable(MAZE, 3)
    reverse = proxies.ProxyResult(3 - same.value, same.states, same.state_numbers, "other", 3, 0, "bits")
    found = proxies.agreement(reverse, exact)
    assert found[:2] == pytest.approx((-1, -1))
    assert found.bias == pytest.approx(float((3 - 2 * same.value).mean()))
    tied = proxies.ProxyResult(0 * same.value, same.states, same.state_numbers, "other", 3, 0, "share")
    assert proxies.agreement(tied, exact)[:4] == (None, None, None, None)


def test_what_cannot_be_compared():
    some = proxies.log_reachable(MAZE, 3, states=[(0, 0), (1, 1)])
    with pytest.raises(ValueError, match="different states"):
        proxies.agreement(some, emp.empowerment(MAZE, 3))
    with pytest.raises(ValueError, match="base=2"):
        proxies.agreement(proxies.log_reachable(MAZE, 3), emp.empowerment(MAZE, 3, base="e"))
    with pytest.raises(TypeError, match="ProxyResult"):
        proxies.agreement(emp.empowerment(MAZE, 3), emp.empowerment(MAZE, 3))
