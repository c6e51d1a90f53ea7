"""The delivery world as a Gymnasium environment: its table, its steps, its masks."""

import copy
import pickle

import numpy as np
import pytest
from helpers import for_each, hide_library

import empowerment as emp
from empowerment.desire import DesireAgent, DesireParameters, Riders

gymnasium = pytest.importorskip("gymnasium")

WEALTH = (0.7, 0.15, 0.15)


@for_each("masks", [True, False])
def test_gymnasium_finds_nothing_to_complain_about(masks):
    from gymnasium.envs.registration import EnvSpec
    from gymnasium.utils.env_checker import check_env

    check_env(emp.worlds.delivery_env(masks=masks), skip_render_check=True)
    spec = EnvSpec("Delivery-v0", entry_point="empowerment.worlds:delivery_env", kwargs={"masks": masks})
    made = gymnasium.make(spec)
    check_env(made.unwrapped)
    made.close()


@for_each("masks", [True, False])
def test_its_table_is_the_model_exactly(masks):
    world, env = emp.worlds.delivery(), emp.worlds.delivery_env(WEALTH, masks=masks)
    model = emp.from_gymnasium(env)
    wanted = world.to_dense()
    missing = ~world.available
    if masks:
        assert (model.available == world.available).all()
    else:
        assert model.available.all()
        assert model.rows.nnz == 10_432
        wanted[missing[:, 0], 0] = wanted[missing[:, 0], 1]
    assert np.abs(model.to_dense() - wanted).max() == 0.0
    assert (model.initial == world.initial).all()
    rewards = emp.worlds.delivery_features() @ WEALTH
    np.testing.assert_allclose(model.rewards[model.available], rewards[model.available], atol=1e-15)


def lived(env, seed, act, steps=360):
    """Return all that an environment says in a life."""
    found = [env.reset(seed=seed)]
    for step in range(steps):
        found.append(env.step(act(step, found[-1][0], found[-1][-1])))
    return found


@for_each("masks", [True, False])
def test_it_is_a_rider_with_the_same_random_numbers(masks):
    rng = np.random.default_rng(5)
    riders, parameters = Riders(1), DesireParameters()
    actor = DesireAgent.fixed(WEALTH).begin(riders, parameters)

    def act(step, state, info):
        if step % 3:
            return int(rng.integers(3))  # also what cannot be done
        return int(actor.choose(np.array([state]), np.array([WEALTH]), rng.random(1))[0])

    for seed in range(4):
        chosen = []

        def recorded(*given, chosen=chosen):
            chosen.append(act(*given))
            return chosen[-1]

        life = lived(emp.worlds.delivery_env(WEALTH, masks=masks), seed, recorded)
        numbers = np.random.default_rng(seed).random(1 + 2 * 360)
        position = riders.begin(np.array([[numbers[0], np.nan, np.nan]]))
        assert life[0][0] == position.state[0]
        for k, (state, reward, terminated, truncated, info) in enumerate(life[1:]):
            before = position
            uniforms = numbers[None, 1 + 2 * k : 3 + 2 * k]
            position, outcome = riders.step(position, np.array([chosen[k]]), uniforms)
            able = riders.model.available[position.state[0]]
            assert state == position.state[0]
            assert (info["features"] == outcome.features[0]).all()
            assert info["pay"] == outcome.records["pay"][0]
            assert info["change_of_health"] == outcome.records["health"][0] - riders.health[before.state[0]]
            assert info["action_mask"].dtype == np.int8
            assert info["action_mask"].tolist() == (able.tolist() if masks else [1, 1, 1])
            assert reward == pytest.approx(outcome.features[0] @ WEALTH, abs=1e-15)
            assert (terminated, truncated) == (False, k == 359)


def test_what_happens_is_on_average_what_the_table_says():
    riders = Riders(1)
    actor = DesireAgent.fixed(WEALTH).begin(riders, DesireParameters())
    env, rng = emp.worlds.delivery_env(), np.random.default_rng(0)
    state, _ = env.reset(seed=0)
    realised, expected = np.zeros((4800, 3)), np.zeros((4800, 3))
    for k in range(4800):
        action = int(actor.choose(np.array([state]), np.array([WEALTH]), rng.random(1))[0])
        expected[k] = riders.features[state, action]
        state, _, _, truncated, info = env.step(action)
        realised[k] = info["features"]
        if truncated:
            state, _ = env.reset()
    error = (realised - expected).std(axis=0) / np.sqrt(4800)
    assert (np.abs((realised - expected).mean(axis=0)) < 4 * error).all()
    np.testing.assert_allclose(realised.mean(axis=0), [0.5288, 0.7720, 0.5824], atol=0.02)


def test_a_seed_decides_and_resets_go_on_with_its_numbers():
    def act(step, state, info):
        return step % 3

    env = emp.worlds.delivery_env(n_steps=7)
    lives = [lived(env, 3, act, steps=7), lived(env, 3, act, steps=7)]
    assert [each[0] for each in lives[0]] == [each[0] for each in lives[1]]
    assert lives[0][-1][3]
    assert not any(each[3] for each in lives[0][1:-1])
    assert [each[0] for each in lived(env, None, act, steps=7)] != [each[0] for each in lives[0]]


@for_each(
    ("arguments", "error", "said"),
    [
        ({"desire": (0.5, 0.5)}, ValueError, "desire has 2 entries, expected 3"),
        ({"desire": (0.5, 0.5, 0.5)}, ValueError, "desire sums to 1.5"),
        ({"n_steps": 0}, ValueError, "n_steps is 0"),
        ({"masks": 1}, TypeError, "masks is 1"),
    ],
)
def test_arguments_of_the_environment_are_checked(arguments, error, said):
    with pytest.raises(error, match=said):
        emp.worlds.delivery_env(**arguments)


def test_steps_are_checked():
    env = emp.worlds.delivery_env()
    with pytest.raises(RuntimeError, match="never reset"):
        env.step(0)
    env.reset(seed=0)
    for action in (3, -1, 0.5, "rest"):
        with pytest.raises(ValueError, match=r"action is .*, expected 0 \(accept\), 1 \(refuse\) or 2 \(rest\)"):
            env.step(action)


def test_without_gymnasium_it_says_what_to_install(monkeypatch):
    hide_library(monkeypatch, "gymnasium", "empowerment.worlds.delivery_gym")
    with pytest.raises(ImportError, match='this needs gymnasium; install it with pip install "gymnasium>='):
        emp.worlds.delivery_env()


def test_it_can_be_copied_and_played_with_masks():
    env = emp.worlds.delivery_env()
    state, info = env.reset(seed=1)
    twin = pickle.loads(pickle.dumps(copy.deepcopy(env)))
    env.action_space.seed(0)
    for _ in range(50):
        assert info["action_mask"][1:].all()
        action = env.action_space.sample(info["action_mask"])
        state, *_, info = env.step(action)
        assert state == twin.step(action)[0]
