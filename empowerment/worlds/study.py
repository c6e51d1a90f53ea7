"""A student's weeks: grades that fade unless one studies, sleep, standing among friends, and a test at the end."""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
from scipy import sparse

from empowerment.core.layout import GridLayout
from empowerment.models.mdp import MDP

N_DAYS = 7
MOST_GRADES, MOST_SLEEP, MOST_STANDING = 10, 4, 3
ACTIONS = ("study", "rest", "meet")
STUDY, REST, MEET = range(3)

_SHAPE = (N_DAYS, MOST_GRADES + 1, MOST_SLEEP + 1, MOST_STANDING + 1)
_START = (0, 6, 3, 2)
_TIRED = 1  # with so little sleep, or less, tests are failed more often and little is learnt
# What is gained or lost, with the chance of each.
_LEARNT = {False: {1: 0.6, 0: 0.4}, True: {1: 0.3, 0: 0.7}}
_FORGOTTEN = {0: 0.75, -1: 0.25}
_WEARY = {STUDY: {0: 0.5, -1: 0.5}, REST: {1: 0.5, 2: 0.5}, MEET: {0: 0.7, -1: 0.3}}
_MET, _MISSED = {1: 0.6, 0: 0.4}, {0: 0.8, -1: 0.2}
_FAILED_CHANCE = {False: 0.08, True: 0.3}
_FAILED, _PASSED = -5, 1


def study() -> MDP:
    """Make the weeks of a student with a test on every seventh day.

    On each day the student studies, rests or meets friends. Studying raises the grades, at random, and costs sleep;
    so does meeting friends, which raises the standing. Grades and standing decay. At the end of the seventh day there
    is a test. Passing gains one point of 10 and failing costs 5: the probability of failing is 0.08, or 0.3 with
    little sleep. Every number is this library's; none was measured.

    Returns
    -------
    MDP
        States (day, grades, sleep, standing), 1540 of them, with day 0 to 6, grades 0 to 10, sleep 0 to 4 and
        standing 0 to 3; actions "study", "rest" and "meet". The initial state is day 0 with grades 6, sleep 3 and
        standing 2.

    See Also
    --------
    study_features : Rewards for the desires for grades, sleep and standing.
    empowerment.desire.Students : Several students who are ranked by their grades.

    Examples
    --------
    >>> import empowerment as emp
    >>> world = emp.worlds.study()
    >>> world
    MDP(1540 states, 3 actions, stochastic)
    >>> emp.empowerment(world, 1, states=(0, 6, 3, 2), sensor=lambda state: state[1]).value.round(4)
    array([0.4679])
    """
    states = list(product(*map(range, _SHAPE)))
    first = np.zeros(len(states))
    first[states.index(_START)] = 1.0
    cells = tuple((grades, day) for day, grades, _, _ in states)
    layout = GridLayout((MOST_GRADES + 1, N_DAYS), cells, origin="lower", axes=("grades", "day"), name="study")
    return MDP(_transition(), states=states, actions=ACTIONS, initial=first, layout=layout)


def study_variables() -> np.ndarray:
    """Return grades, sleep and standing in each state of :func:`study`.

    Returns
    -------
    ndarray of shape (1540, 3)
        Grades, sleep and standing.

    See Also
    --------
    study : The world.
    study_features : Rewards of the actions.

    Examples
    --------
    >>> import empowerment as emp
    >>> emp.worlds.study_variables()[emp.worlds.study().state_index((0, 6, 3, 2))]
    array([6., 3., 2.])
    """
    return np.array(np.unravel_index(np.arange(np.prod(_SHAPE)), _SHAPE)[1:], dtype=np.float64).T


def study_features() -> np.ndarray:
    """Compute the expected reward of each action of :func:`study` for the desires for its three variables.

    Returns
    -------
    ndarray of shape (1540, 3, 3)
        Grades, sleep and standing on the next day, each as a share of the maximum. The first points of sleep count
        most: ``1 - (1 - share) ** 2``.

    See Also
    --------
    study : The world.
    study_variables : The variables of its states.

    Examples
    --------
    >>> import empowerment as emp
    >>> features = emp.worlds.study_features()
    >>> features[emp.worlds.study().state_index((0, 6, 3, 2))].round(3)
    array([[0.66 , 0.844, 0.6  ],
           [0.575, 1.   , 0.6  ],
           [0.575, 0.881, 0.867]])
    """
    shares = study_variables() / (MOST_GRADES, MOST_SLEEP, MOST_STANDING)
    shares[:, 1] = 1 - (1 - shares[:, 1]) ** 2
    return np.asarray(_transition() @ shares).reshape(-1, len(ACTIONS), shares.shape[1])


@cache
def _transition() -> sparse.csr_array:
    n_states, n_actions = int(np.prod(_SHAPE)), len(ACTIONS)
    rows, columns, chances = [], [], []
    for state, (day, grades, sleep, standing) in enumerate(product(*map(range, _SHAPE))):
        tired = sleep <= _TIRED
        tests = {0: 1.0}
        if day == N_DAYS - 1:
            tests = {_PASSED: 1 - _FAILED_CHANCE[tired], _FAILED: _FAILED_CHANCE[tired]}
        for action in range(n_actions):
            parts = product(
                tests.items(),
                (_LEARNT[tired] if action == STUDY else _FORGOTTEN).items(),
                _WEARY[action].items(),
                (_MET if action == MEET else _MISSED).items(),
            )
            for (test, a), (learnt, b), (rested, c), (met, d) in parts:
                after = (
                    (day + 1) % N_DAYS,
                    min(max(grades + test + learnt, 0), MOST_GRADES),
                    min(max(sleep + rested, 0), MOST_SLEEP),
                    min(max(standing + met, 0), MOST_STANDING),
                )
                rows.append(state * n_actions + action)
                columns.append(int(np.ravel_multi_index(after, _SHAPE)))
                chances.append(a * b * c * d)
    return sparse.csr_array((chances, (rows, columns)), shape=(n_states * n_actions, n_states))
