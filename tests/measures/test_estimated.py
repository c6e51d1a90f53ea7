from dataclasses import replace

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp


def counted(rows, n, rng, **options):
    """Samples of a model: n of each row."""
    n_states, n_actions, _ = rows.shape
    counts = rng.multinomial(n, rows.reshape(-1, n_states)).reshape(n_states, n_actions, n_states)
    return emp.SampledModel(counts, **options)


def test_a_posterior_that_was_computed_by_quadrature():
    """Two rows of a channel under uniform priors: the mean and the quantiles to four digits."""
    for counts, mean, ends, at_mean in (
        ([[9, 1], [1, 9]], 0.3902, [0.0890, 0.7203], 0.349978),
        ([[45, 5], [5, 45]], 0.4950, [0.3181, 0.6687], None),
        ([[3, 3], [3, 3]], 0.0434, [4.6e-5, 0.2083], 0.0),
    ):
        model = emp.SampledModel([counts, [[1, 0], [1, 0]]], prior=2.0)
        found = emp.estimated_empowerment(model, states=0, n_draws=8000, n_bias=0, n_null=0, rng=0)
        assert abs(found.value[0] - mean) < 0.01
        np.testing.assert_allclose([found.lower[0], found.upper[0]], ends, rtol=0, atol=0.015)
        if at_mean is not None:
            assert abs(found.plug_in.value[0] - at_mean) < 1e-5


def test_draws_are_those_of_models_drawn_one_by_one():
    """The copies side by side have the empowerment of the models that they are copies of, whatever is read."""
    rng = np.random.default_rng(4)
    model = counted(rng.dirichlet(np.ones(4), (4, 2)), 6, rng, states="abcd", terminal=["d"])
    sensor = rng.dirichlet(np.ones(3), 4)
    for options in ({}, {"sensor": sensor}, {"sensor": lambda state: state in "ab"}):
        found = emp.estimated_empowerment(
            model, 2, states=["b", "d", "a"], n_draws=40, level=0.5, n_bias=0, n_null=0, rng=3, **options
        )
        source = np.random.default_rng(3)
        alone = [
            emp.empowerment(model.draw(source), 2, states=["b", "d", "a"], tol=1e-6, **options).value
            for _ in range(40)
        ]
        np.testing.assert_allclose(found.draws, alone, rtol=0, atol=2e-6)
        assert found.states == ("b", "d", "a")
        assert found.draws[:, 1].max() == 0


def test_the_interval_shrinks_as_samples_come_in():
    rng = np.random.default_rng(0)
    truth = emp.MDP(rng.dirichlet(np.ones(3), (3, 2)))
    model, widths = emp.SampledModel(np.zeros((3, 2, 3), dtype=int)), []
    exact = emp.empowerment(truth, 2).value
    for n in (5, 50, 500):
        for state, action in np.ndindex(3, 2):
            targets = rng.choice(3, n, p=truth.to_dense()[state, action]).tolist()
            model.update([(state, action, target) for target in targets])
        found = emp.estimated_empowerment(model, 2, n_draws=200, n_bias=0, n_null=0, rng=1)
        widths.append(found.upper - found.lower)
    assert (widths[0] > 1.5 * widths[1]).all()
    assert (widths[1] > 1.5 * widths[2]).all()
    assert ((found.lower <= exact) & (exact <= found.upper)).all()


def test_the_plug_in_is_too_large_and_the_bias_says_by_how_much():
    rng = np.random.default_rng(0)
    rows = np.repeat(rng.dirichlet(np.ones(3), (3, 1)), 2, axis=1)  # actions do not matter
    excess, biases = [], []
    for seed in range(12):
        model = counted(rows, 40, rng, prior=1e-6)
        found = emp.estimated_empowerment(model, n_draws=40, level=0.5, n_bias=100, n_null=0, rng=seed)
        excess.append(found.plug_in.value.mean())
        biases.append(found.bias.mean())
        np.testing.assert_allclose(found.corrected, found.plug_in.value - found.bias)
    assert np.mean(excess) > 0.005
    # The mean models are not without effect, so that their bias is less than that from a capacity of 0.
    assert 0.3 * np.mean(excess) < np.mean(biases) < 1.3 * np.mean(excess)


def test_what_is_undersampled_is_told():
    counts = np.zeros((4, 1, 4), dtype=int)
    counts[0, 0, 1], counts[1, 0, 2], counts[2, 0, 2], counts[3, 0, 3] = 50, 3, 50, 50
    model = emp.SampledModel(counts)
    one = emp.estimated_empowerment(model, 1, n_draws=40, level=0.5, n_bias=0, n_null=0, rng=0)
    assert one.n_samples.tolist() == [50, 3, 50, 50]
    assert one.undersampled.tolist() == [False, True, False, False]
    two = emp.estimated_empowerment(model, 2, n_draws=40, level=0.5, n_bias=0, n_null=0, rng=0)
    assert two.n_samples.tolist() == [3, 3, 50, 50]
    assert two.undersampled.tolist() == [True, True, False, False]


def test_the_result_is_an_estimate_and_goes_into_files_and_tables(tmp_path):
    pytest.importorskip("matplotlib")
    model = emp.SampledModel([[[9, 1], [2, 8]], [[0, 10], [7, 3]]], states=["off", "on"])
    found = emp.estimated_empowerment(model, n_draws=40, level=0.5, n_null=40, rng=0)
    assert (found.kind, len(found), list(found)) == ("estimate", 2, ["off", "on"])
    assert "2 states, horizon 1" in repr(found)
    assert "actions matter in" in repr(found)
    assert found.to_dataframe().loc["on", "n_samples"] == 10
    assert found["on"].value.tolist() == found.value[1:].tolist()
    assert found["on"].draws.shape == (40, 1)
    with pytest.raises(KeyError, match="no result for state 'dim'; the 2 states are 'off', 'on'"):
        found["dim"]
    again = emp.EstimatedEmpowerment.load(found.save(tmp_path / "found.npz") or tmp_path / "found.npz")
    assert np.array_equal(again.draws, found.draws)
    assert again.plug_in.states == found.plug_in.states
    assert "credible interval" in found.plot().get_ylabel()
    bare = emp.estimated_empowerment(model, n_draws=40, level=0.5, n_bias=0, n_null=0, rng=0)
    assert "actions matter" not in repr(bare)
    assert not {"bias", "p_value"} & set(bare.to_dataframe().columns)
    for changes, sentence in (
        ({"upper": found.upper[:1]}, r"upper has shape \(1,\), expected an entry for each of 2 states"),
        ({"upper": found.lower - 1}, "lower is above upper, expected the ends of an interval"),
    ):
        with pytest.raises(ValueError, match=sentence):
            replace(found, **changes).save(tmp_path / "wrong.npz")


@for_each(
    ("options", "error", "sentence"),
    [
        ({"model": 5}, TypeError, "model is 5, expected a SampledModel; empowerment takes a model that is known"),
        ({"states": "z"}, ValueError, "unknown state 'z'"),
        ({"n_draws": 5}, ValueError, "n_draws is 5, expected"),
        ({"level": 2}, ValueError, "level is 2, expected"),
        ({"n_null": 3}, ValueError, "n_null is 3, expected"),
        ({"n_bias": -1}, ValueError, "n_bias is -1, expected"),
        ({"sensor": "belief"}, ValueError, "unknown sensor"),
    ],
)
def test_what_is_no_question_is_refused_with_a_sentence(options, error, sentence):
    model = emp.SampledModel([[[9, 1], [2, 8]], [[0, 10], [7, 3]]])
    with pytest.raises(error, match=sentence):
        emp.estimated_empowerment(**{"model": model, **options})


@pytest.mark.slow
def test_credible_intervals_hold_worlds_drawn_from_the_prior():
    """500 worlds of three states and two actions, at 1 to 3 steps: 93 to 97 % at a level of 95 %."""
    rng, held = np.random.default_rng(7), np.zeros((3, 500))
    empty = emp.SampledModel(np.zeros((3, 2, 3), dtype=int), prior=3.0)
    for k in range(500):
        truth = empty.draw(rng)
        model = counted(truth.to_dense(), 12, rng, prior=3.0)
        for horizon in (1, 2, 3):
            found = emp.estimated_empowerment(model, horizon, states=0, n_draws=400, n_bias=0, n_null=0, rng=rng)
            exact = float(emp.empowerment(truth, horizon, states=0))
            held[horizon - 1, k] = found.lower[0] <= exact <= found.upper[0]
    share = held.mean(axis=1)
    assert ((share >= 0.93) & (share <= 0.97)).all(), share


@pytest.mark.slow
def test_a_useless_channel_is_called_useless():
    """1,000 samples of worlds in which actions do not matter: not detected in at least 93 % at a level of 95 %."""
    rng, called = np.random.default_rng(8), 0
    for _ in range(1000):
        rows = np.repeat(rng.dirichlet(np.ones(3), (3, 1)), 2, axis=1)
        found = emp.estimated_empowerment(
            counted(rows, 20, rng), states=0, n_draws=40, level=0.95, n_bias=0, n_null=99, rng=rng
        )
        called += not found.detected[0]
    assert called >= 930, called


@pytest.mark.slow
def test_an_environment_sampled_for_a_hundred_thousand_steps_agrees_with_its_table():
    pytest.importorskip("gymnasium")
    model = emp.from_samples(
        "FrozenLake-v1",
        n=100_000 // 44,
        seed=3,
        get_state=lambda env: int(env.s),
        set_state=lambda env, state: setattr(env, "s", state),
    )
    table = emp.from_gymnasium("FrozenLake-v1")
    for horizon in (1, 2):
        found = emp.estimated_empowerment(model, horizon, n_draws=400, n_bias=0, n_null=0, rng=0, level=0.99)
        exact = emp.empowerment(table, horizon, states=list(found.states)).value
        inside = (found.lower <= exact + 1e-9) & (exact <= found.upper + 1e-9)
        assert inside.all(), (found.lower - exact, found.upper - exact)
