"""Small partially observable models, and what is known of them in bits from two independent computations."""

import numpy as np
import pytest

import empowerment as emp

TIGER, CORRIDOR, TMAZE = emp.worlds.tiger(), emp.worlds.aliased_corridor(), emp.worlds.tmaze()
UNIFORM = [1 / 5] * 5
AT_JUNCTION = [float(position == 2) / 2 for position, _ in TMAZE.states]

# latent, receiver knows, omniscient, observation, trajectory of observations
OPEN_LOOP = [
    pytest.param(TIGER, [0.5, 0.5], 1, (0, 0.3219281, 0.3219281, 0, 0), id="tiger .5, 1"),
    pytest.param(TIGER, [0.5, 0.5], 2, (0, 0.3219281, 0.3219281, 0, 0.0467264), id="tiger .5, 2"),
    pytest.param(TIGER, [0.5, 0.5], 3, (0, 0.3219281, 0.3219281, 0, 0.1101376), id="tiger .5, 3"),
    pytest.param(TIGER, [0.5, 0.5], 4, (0, 0.3219281, 0.3219281, 0, 0.1842506), id="tiger .5, 4"),
    pytest.param(TIGER, [0.85, 0.15], 1, (0.1050910, 0.3219281, 0.3219281, 0.0467264, 0.0467264), id="tiger .85, 1"),
    pytest.param(TIGER, [0.85, 0.15], 3, (0.1050910, 0.3219281, 0.3219281, 0.0467264, 0.1778431), id="tiger .85, 3"),
    pytest.param(TIGER, [1, 0], 1, (0.3219281, 0.3219281, 0.3219281, 0.1050910, 0.1050910), id="tiger 1, 1"),
    pytest.param(TIGER, [1, 0], 3, (0.3219281, 0.3219281, 0.3219281, 0.1050910, 0.2969533), id="tiger 1, 3"),
    pytest.param(TIGER, [1, 0], 4, (0.3219281, 0.3219281, 0.3219281, 0.1050910, 0.3925034), id="tiger 1, 4"),
    pytest.param(
        CORRIDOR, None, 1, (0.2854412, 1.0456369, 1.0606755, 0.1691806, 0.1691806), id="corridor uniform, 1"
    ),
    pytest.param(
        CORRIDOR, None, 2, (0.6300768, 1.4297733, 1.5077408, 0.3265307, 0.4547620), id="corridor uniform, 2"
    ),
    pytest.param(
        CORRIDOR, None, 3, (0.9647281, 1.6108761, 1.7550296, 0.5241107, 0.8558404), id="corridor uniform, 3"
    ),
    pytest.param(CORRIDOR, 2, 3, (2.0556296, 2.0556296, 2.0556296, 0.9540496, 1.3527363), id="corridor middle, 3"),
    pytest.param(CORRIDOR, 0, 2, (1.1784171, 1.1784171, 1.1784171, 0.6501660, 1.0500898), id="corridor end, 2"),
    pytest.param(TMAZE, None, 3, (1.7356023, 1.7356023, 1.7356023, 1.5628676, 2.8112903), id="maze start, 3"),
    pytest.param(
        TMAZE, (0, "up"), 3, (1.7356023, 1.7356023, 1.7356023, 1.7356023, 2.8792142), id="maze start, cue known, 3"
    ),
    pytest.param(
        TMAZE, AT_JUNCTION, 1, (1.6278458, 1.6278458, 1.6278458, 1.2592271, 1.2592271), id="maze junction, 1"
    ),
    pytest.param(
        TMAZE, AT_JUNCTION, 2, (2.0542543, 2.0542543, 2.0542543, 1.6818028, 2.2505110), id="maze junction, 2"
    ),
    pytest.param(
        TMAZE, (2, "up"), 2, (2.0542543, 2.0542543, 2.0542543, 2.0542543, 2.6210997), id="maze junction, cue known, 2"
    ),
]

# last observation, last state, trajectory of observations
CLOSED_LOOP = [
    pytest.param(TIGER, [0.5, 0.5], 2, (0.0437428, 0.0902639, 0.0467264), id="tiger .5, 2"),
    pytest.param(TIGER, [0.85, 0.15], 3, (0.1213293, 0.2679702, 0.1951859), id="tiger .85, 3"),
    pytest.param(TIGER, [1, 0], 3, (0.1796345, 0.4780941, 0.3294937), id="tiger 1, 3"),
    pytest.param(CORRIDOR, None, 2, (0.3421083, 0.6675146, 0.4831772), id="corridor uniform, 2"),
    pytest.param(CORRIDOR, 0, 2, (0.6501660, 1.2195940, 1.0678376), id="corridor end, 2"),
    pytest.param(TMAZE, AT_JUNCTION, 2, (1.7737323, 2.1257758, 2.2505110), id="maze junction, 2"),
    pytest.param(TMAZE, (2, "up"), 2, (2.1257758, 2.1257758, 2.6210997), id="maze junction, cue known, 2"),
]


def random_pomdp(seed):
    rng = np.random.default_rng(seed)
    n_states, n_actions, n_observations = (int(n) for n in rng.integers(2, 4, size=3))
    transition = rng.dirichlet(np.full(n_states, 0.5), size=(n_states, n_actions))
    observation = rng.dirichlet(np.full(n_observations, 0.5), size=(n_actions, n_states))
    if seed % 3 == 0:
        observation = np.where(observation > 0.2, observation, 0.0)
        observation /= observation.sum(axis=2, keepdims=True)
    belief = np.eye(n_states)[0] if seed % 4 == 0 else rng.dirichlet(np.ones(n_states))
    return emp.POMDP(transition, observation), belief
