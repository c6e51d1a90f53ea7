"""What the skills of a result are as arrays: policies and occupancies."""

import numpy as np
import pytest
from helpers import for_each, of_matrices, random_model

import empowerment as emp
from empowerment.actuation.occupancy.walks import occupancies_of, policies_of

RING = of_matrices(np.eye(3)[[2, 0, 1]], np.eye(3)[[1, 2, 0]])


def followed(model, policy, start, discount):
    """Return the occupancy of a policy of action numbers from time 0 on, by a linear system."""
    steps = np.zeros((model.n_states, model.n_states))
    known = np.flatnonzero(policy >= 0)
    steps[known, model.successors[known, policy[known]]] = 1.0
    first = np.eye(model.n_states)[start]
    return (1 - discount) * np.linalg.solve(np.eye(model.n_states) - discount * steps.T, first)


@for_each("seed", range(60))
def test_policies_and_occupancies_are_those_of_the_skills(seed):
    rng = np.random.default_rng(seed)
    model = random_model(seed, range(2, 8), range(1, 4), deterministic=True, missing=[0.0, 0.2])
    discount, include_start = float(rng.uniform(0.05, 0.98)), bool(seed % 2)
    result = emp.skill_empowerment(model, discount, include_start=include_start)
    for start in result:
        skills, policies = result.skills(start), result.policies(start)
        occupancies = result.occupancies(start)
        assert policies.shape == occupancies.shape == (len(skills), model.n_states)
        assert occupancies.sum(axis=1) == pytest.approx(np.ones(len(skills)), abs=1e-13)
        for skill, policy, found in zip(skills, policies, occupancies, strict=True):
            actions = dict(zip(skill.states, skill.actions, strict=True))  # of two visits the second
            assert {s: policy[s] for s in range(model.n_states) if policy[s] >= 0} == actions
            first = int(model.successors[start, skill.actions[0]])
            known = followed(model, policy, start if include_start else first, discount)
            assert found == pytest.approx(known, abs=1e-12)


def test_a_start_that_is_left_twice_by_different_actions_has_the_later_one():
    states, actions = np.array([[0, 2, 0, 1], [0, 1, -1, -1]]), np.array([[3, 4, 5, 6], [7, 8, -1, -1]])
    assert policies_of(states, actions, 4).tolist() == [[5, 6, 4, -1], [7, 8, -1, -1]]
    later = occupancies_of(states, np.array([1, 1]), 4, 0.5, False)  # rounds of 2, 0, 1 and of 1
    assert later == pytest.approx(np.array([[2, 1, 4, 0], [0, 7, 0, 0]]) / 7)


def test_an_optimal_skill_leaves_the_start_each_time_by_the_same_action():
    result = emp.skill_empowerment(RING, 0.9, include_start=False)
    twice = [skill for skill in result.skills(0) if skill.states.count(0) == 2]
    assert twice
    assert all(skill.actions[0] == skill.actions[skill.states.index(0, 1)] for skill in twice)


def test_occupancies_and_probabilities_make_the_output_distribution():
    for discount, include_start in [(0.8, True), (0.8, False), (1.0, True)]:
        result = emp.skill_empowerment(emp.worlds.open_grid(3), discount, include_start=include_start)
        for number, start in enumerate(result):
            chances = [skill.probability for skill in result.skills(start)]
            mixed = np.array(chances) @ result.occupancies(start)
            assert mixed == pytest.approx(result.output_distribution[number], abs=2e-3)
    with pytest.raises(KeyError, match="no result for state 'nowhere'"):
        result.policies("nowhere")
    with pytest.raises(KeyError, match="no result for state 'nowhere'"):
        result.occupancies("nowhere")
