"""The recomputed publications about grids: their figures hold, and their shortcuts follow the rules of the worlds."""

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp
from benchmarks.keys import ave, boxes, esr, mantiuk, mantiuk_learning, small


def holding(figures):
    """Return the figures after checking that they hold."""
    missed = [figure for figure in figures if not figure.holds]
    assert figures
    assert not missed
    return figures


def random_states(case, n_states, rng):
    """Return states of a case with everything somewhere else."""
    initial = emp.worlds.boxed_in_grid(case)["initial"]
    cells = [rng.permutation(25)[: 1 + len(initial.boxes)] for _ in range(n_states)]
    places = [[(int(cell) // 5, int(cell) % 5) for cell in each] for each in cells]
    return [initial._replace(person=person, boxes=tuple(others)) for person, *others in places]


def as_arrays(states):
    return np.array([state.person for state in states]), np.array([state.boxes for state in states])


@for_each("case", ["center", "corner", "corner-hard"])
def test_many_grids_at_once_move_as_the_world_does(case):
    rng, grid = np.random.default_rng(0), emp.worlds.boxed_in_grid(case)
    states = random_states(case, 300, rng)
    persons, others = as_arrays(states)
    moves = rng.integers(5, size=300)
    walked = boxes.walked(persons, others, moves)
    names = grid["actions"]["person"]
    stepped = [grid["step"](state, {"person": names[move]}) for state, move in zip(states, moves, strict=True)]
    assert walked.tolist() == [list(state.person) for state in stepped]
    assert (walked != persons).any()
    assert (walked == persons).any()
    assert (boxes.walked(persons, others, moves + 5) == persons).all()  # no moves of the person


def test_sequences_of_the_assistant_end_where_the_world_does(monkeypatch):
    monkeypatch.setattr(ave, "SEQUENCES", 40)
    grid = emp.worlds.boxed_in_grid("corner")
    drawn = np.random.default_rng(3).integers(10, size=(ave.LENGTH, 40))
    found = ave.ends_of_assistant(grid["initial"], np.random.default_rng(3))
    for place in range(40):
        state = grid["initial"]
        for action in drawn[:, place]:
            state = grid["step"](state, {"assistant": grid["actions"]["assistant"][action]})
        assert tuple(map(tuple, found[place].tolist())) == state.boxes


def test_numbers_of_states_have_rows_and_columns_as_digits():
    persons, others = as_arrays(random_states("corner", 50, np.random.default_rng(1)))
    found = ave.numbers_of(persons, others)
    digits = np.concatenate([persons, others.reshape(50, 4)], axis=1)
    assert np.base_repr(found[0], 5).zfill(6)[::-1] == "".join(map(str, digits[0]))
    assert len(set(found.tolist())) == len({tuple(row) for row in digits.tolist()})


@for_each("case", ["center", "corner", "corner-hard"])
def test_what_the_person_can_do_is_as_known_and_the_scores_are_near(case):
    scores, figures = ave.of_case(case, 3)
    holding(figures)
    count, coded, assistant, _ = scores
    assert assistant.value < coded.value < count.value
    assert assistant.value > 0.85 * count.value  # most of it is there before the person moves


def test_beside_a_random_assistant_there_is_some_control():
    assert len(holding(ave.beside_chance(quick=True))) == 4


def test_the_greedy_person_goes_to_the_goal_or_stays():
    state = emp.worlds.boxed_in_grid()["initial"]._replace
    free, near = (state(person=person, boxes=((0, 0), (0, 1))) for person in ((2, 2), (4, 3)))
    hemmed = state(person=(0, 0))
    policy = esr.greedy_person([free, hemmed, near])
    assert policy.argmax(axis=1).tolist() == [1, 4, 2]  # down before right, stay, right
    assert policy.max(axis=1) == pytest.approx(np.full(3, 0.84))
    assert policy.sum(axis=1) == pytest.approx(np.ones(3))


def test_rows_after_a_geometric_time_are_those_of_effective_empowerment():
    grid = emp.worlds.open_grid(4, slip=0.1)
    policy = np.random.default_rng(0).dirichlet(np.ones(5), size=16)
    rows = esr.later_rows(grid, policy, [(0, 0), (1, 2)])
    found = [
        emp.Channel(own, normalize=True).mutual_information(policy[number])
        for own, number in zip(rows, (0, 6), strict=True)
    ]
    wanted = emp.effective_empowerment(grid, policy, discount=esr.DISCOUNT, states=[(0, 0), (1, 2)])
    assert found == pytest.approx(wanted.value, abs=1e-11)


@for_each("case", ["corner", "corner-hard"])
def test_the_baseline_ranks_as_if_nobody_moved(case):
    scores, figures = esr.figures_of_baseline(case, 3)
    holding(figures)
    coded, _, unmoved = (score.rank for score in scores)
    assert coded == pytest.approx(unmoved, abs=0.06)


@pytest.mark.slow
def test_what_the_person_in_the_corner_transmits_is_as_known():
    holding(esr.figures_of_effective("corner")[1])


def test_the_assistant_that_does_nothing_in_one_action_is_the_same_assistant(monkeypatch):
    explore = emp.from_joint_step
    monkeypatch.setattr(emp, "from_joint_step", lambda **given: explore(**given, depth=1))
    person = esr.world_of("corner")
    whole = explore(**emp.worlds.boxed_in_grid("corner", rules="by-cell", goal=esr.GOAL), depth=1).for_agent("person")
    start = person.states[0]
    for action in range(5):
        rows = [
            dict(zip(world.states, world.rows[[world.state_index(start) * 5 + action]].toarray()[0], strict=True))
            for world in (person, whole)
        ]
        assert rows[0] == pytest.approx({state: rows[1][state] for state in rows[0]}, abs=1e-12)
        assert sum(rows[0].values()) == pytest.approx(1)


def test_printed_values_of_uniform_sequences_are_met_to_their_last_digits():
    scores, figures = mantiuk.corners(3)
    holding(figures)
    assert all(score.value == pytest.approx(score.published, abs=1e-14) for score in scores[:4])
    assert scores[0].error == pytest.approx(-1.2129, abs=1e-4)


def test_one_step_ahead_in_the_room_two_bases_do_no_harm():
    holding(mantiuk.room()[1])


@pytest.mark.slow
def test_five_steps_ahead_two_bases_are_wrong_on_ice():
    scores, figures = mantiuk.hazards(3)
    holding(figures)
    assert all(score.error < -0.1 for score in scores)


def test_learned_models_count_visits_and_may_be_rounded():
    world = emp.worlds.hazard_room()
    once = mantiuk_learning.learned(world, 1, np.random.default_rng(0))
    assert once.shape == (372, 3, 372)
    assert once.max() == pytest.approx(37_201 / 37_572)
    rounded = mantiuk_learning.learned(world, 1, np.random.default_rng(0), decimals=2)
    assert set(np.unique(rounded)) == {0, 1}
    often = mantiuk_learning.learned(world, 100_000, np.random.default_rng(0)).reshape(-1, 372)
    assert np.abs(often - world.rows.toarray()).max() < 0.02


@pytest.mark.slow
def test_in_learned_models_both_formulas_err_as_known():
    holding(mantiuk_learning.figures_of_learning(4)[1])


def test_closed_forms_and_counts():
    holding(small.answer(quick=True).figures)
