"""What is recomputed of EELMA: exact values, what its definition and its loss leave open, and estimates."""

import math

import numpy as np
import pytest
from helpers import for_each
from scipy.special import softmax

import empowerment as emp
from benchmarks.keys.__main__ import rows_of_scores
from benchmarks.keys.answer import Score
from benchmarks.keys.eelma import CRITICS, data, perfect_critics
from benchmarks.keys.eelma_critics import (
    CONTRASTS,
    log_ratios,
    loss_slope,
    mean_differences,
    normalised,
    one_way_loss,
    trained_scores,
    with_states,
)
from benchmarks.keys.eelma_estimators import (
    STEPS,
    compared,
    drawn_pairs,
    information_of_states,
    law_of_cut_pairs,
    plug_in,
)
from benchmarks.keys.eelma_exact import BOX, HANOI, box, exact_figures, greedy_figures, hanoi, weighted


def held(figures):
    """Return the figures that do not hold, to be compared with an empty list."""
    assert figures
    return [figure for figure in figures if not figure.holds]


@for_each("discount", HANOI)
def test_exact_values_of_the_tower_are_those_of_an_independent_computation(discount):
    case = hanoi(discount)
    assert not held(exact_figures(case, HANOI[discount]))
    assert case.effective.converged.all()
    assert case.capacity.converged.all()
    assert (case.effective.lower <= case.capacity.upper).all()


def test_exact_values_of_the_box_are_those_of_an_independent_computation():
    assert not held(exact_figures(box(0.9), BOX[0.9]))


def test_the_box_has_600_states_that_nothing_leaves_and_their_values_need_no_others():
    case, model = box(0.9), emp.worlds.box_pushing(5)
    assert len(case.effective) == 600
    apart = np.array([person != where for person, where in model.states])
    assert apart[model.successors[apart]].all()

    def step(state, move):
        (row, column), (box_row, box_column) = state
        cell, beyond = (row + move[0], column + move[1]), (box_row + move[0], box_column + move[1])
        met = cell == state[1]
        if not all(0 <= each < 5 for each in (*cell, *(beyond if met else ()))):
            return state
        return cell, beyond if met else state[1]

    moves = [(0, 1), (1, 0), (0, -1), (-1, 0), (0, 0)]
    alone = emp.from_step_function(step, case.start, actions=moves)
    assert set(alone.states) == set(case.effective.states)
    found = emp.effective_empowerment(alone, np.full((alone.n_states, 5), 0.2), discount=0.9)
    number = case.effective.states.index
    assert found.value == pytest.approx(case.effective.value[[number(state) for state in alone.states]], abs=1e-12)


def test_policies_nearer_to_the_shortest_way_have_less_and_one_without_chance_has_none():
    assert not held(greedy_figures())
    sure = hanoi(0.9, 0.0)
    assert (sure.effective.value == 0).all()
    assert sure.capacity.lower.min() > 0.01


def test_the_weights_as_printed_give_one_action_more_bits_than_six_actions_carry():
    score, figures = weighted(hanoi(0.9))
    assert not held(figures)
    assert score.value == pytest.approx(100 * score.exact[0], rel=1e-6)
    assert score.value > math.log2(6) > score.exact[1]


# --- counts


def brute_law(model, start, discount):
    """Return the law of pairs within a trajectory, summed over both times."""
    transition, found = model.to_dense(), 0.0
    step, visit = transition.mean(axis=1), np.eye(model.n_states)[start]
    for time in range(STEPS):
        for after in range(1, STEPS - time + 1):
            row = transition @ np.linalg.matrix_power(step, after - 1)
            found = found + visit[:, None, None] * row * (1 - discount) * discount ** (after - 1)
        visit = visit @ step
    return found / found.sum()


@for_each("discount", [0.5, 0.9])
def test_counts_have_the_law_of_later_states_within_a_trajectory(discount):
    model = emp.worlds.tower_of_hanoi(2)
    law = law_of_cut_pairs(model, 4, discount)
    assert law == pytest.approx(brute_law(model, 4, discount), abs=1e-14)
    counts = drawn_pairs(model, 4, 4000, discount, np.random.default_rng(0))
    assert np.abs(counts / counts.sum() - law).max() < 1e-3


def test_counts_of_trajectories_that_go_on_have_the_law_that_is_meant():
    model = emp.worlds.tower_of_hanoi(1)
    counts = drawn_pairs(model, 0, 4000, 0.9, np.random.default_rng(0), continued=True)
    assert counts.sum() == 4000 * STEPS
    rows = model.to_dense() @ emp.discounted_sensor(model, np.full((3, 6), 1 / 6), 0.9)
    assert counts / counts.sum(axis=2, keepdims=True) == pytest.approx(rows, abs=0.02)


def test_counts_err_upward_less_so_when_corrected_and_least_if_trajectories_go_on():
    case = hanoi(0.9)
    cut, whole = (data(case, 2000, 1, continued=continued)[0] for continued in (False, True))
    found = [
        compared(estimate, case.effective)
        for estimate in (plug_in(cut), plug_in(cut, "miller-madow"), plug_in(whole, "miller-madow"))
    ]
    assert found[0].bias > found[1].bias > found[2].bias > 0
    assert found[0].rmse > found[1].rmse > found[2].rmse
    assert found[0].spread == pytest.approx(0.0403, abs=6e-5)
    limit = compared(information_of_states(law_of_cut_pairs(case.model, 0, 0.9)), case.effective)
    assert limit.bias > 0.05


def test_a_state_that_was_never_visited_is_estimated_as_0():
    counts = np.zeros((2, 2, 2), dtype=int)
    counts[1] = [[5, 0], [0, 5]]
    assert plug_in(counts).tolist() == [0.0, 1.0]


# --- critics


def random_pairs(rng, n_states=3, n_actions=2):
    return with_states(rng.dirichlet(np.ones(n_states**2 * n_actions)).reshape(n_states, n_actions, n_states))


@for_each("seed", range(20))
def test_the_loss_of_a_batch_is_that_of_infonce(seed):
    rng = np.random.default_rng(seed)
    scores, size = rng.normal(size=(5, 4)), 30
    anchors, later = rng.integers(5, size=size), rng.integers(4, size=size)
    shares = np.zeros((5, 4))
    np.add.at(shares, (anchors, later), 1 / size)
    table = scores[anchors[:, None], later]
    expected = -np.log(np.diag(softmax(table, axis=1))).mean()
    assert one_way_loss(scores, shares) == pytest.approx(expected - math.log(size), abs=1e-12)


def losses(scores, pairs, contrast):
    """Return the sum of the losses that a contrast stands for."""
    n_pairs = len(pairs) - pairs.shape[1]
    parts = slice(0, n_pairs), slice(n_pairs, None)
    total = sum(one_way_loss(scores[part], pairs[part]) for part in parts)
    if contrast == "both ways":
        return total + sum(one_way_loss(scores[part].T, pairs[part].T) for part in parts)
    return total + (one_way_loss(scores.T, pairs.T) if contrast == "both ways, one batch" else 0.0)


@for_each("contrast", CONTRASTS)
@for_each("seed", range(5))
def test_the_slope_is_that_of_the_losses(contrast, seed):
    rng = np.random.default_rng(seed)
    pairs = random_pairs(rng)
    scores, step = rng.normal(size=pairs.shape), 1e-5
    slope = loss_slope(scores, pairs, contrast)
    for place in np.ndindex(*pairs.shape):
        moved = np.zeros(pairs.shape)
        moved[place] = step
        change = losses(scores + moved, pairs, contrast) - losses(scores - moved, pairs, contrast)
        assert slope[place] == pytest.approx(change / (2 * step), abs=1e-8)


@for_each("seed", range(20))
def test_perfect_critics_give_the_information_at_the_least_loss(seed):
    rng = np.random.default_rng(seed)
    rows = rng.dirichlet(np.ones(3), size=(3, 2))
    pairs = with_states(rows / 6)
    perfect = log_ratios(pairs)
    exact = [emp.mutual_information(each, [0.5, 0.5]) for each in rows]
    assert mean_differences(perfect, rows) == pytest.approx(exact, abs=1e-12)
    assert normalised(perfect, pairs[:6].sum(axis=0)) == pytest.approx(perfect, abs=1e-12)
    for contrast in CONTRASTS:
        assert np.abs(loss_slope(perfect, pairs, contrast)).max() < 1e-15
        assert losses(perfect, pairs, contrast) <= losses(perfect + rng.normal(size=pairs.shape), pairs, contrast)


@for_each("seed", range(20))
def test_what_a_loss_leaves_free_moves_the_estimate_at_no_cost(seed):
    rng = np.random.default_rng(seed)
    rows = rng.dirichlet(np.ones(3), size=(3, 2))
    pairs, critic = with_states(rows / 6), np.repeat([[1.0], [0.0]], [6, 3], axis=0)
    perfect, added = log_ratios(pairs), rng.normal(size=(9, 1))
    of_pairs, of_states = added[:6, 0].reshape(3, 2), added[6:, 0]

    def costs(more):
        return [losses(perfect + more, pairs, contrast) - losses(perfect, pairs, contrast) for contrast in CONTRASTS]

    def moves(more):
        return (mean_differences(perfect + more, rows) - mean_differences(perfect, rows)) * math.log(2)

    # A number for each anchor is free for the one-way loss, and moves the estimate by E[c(s, a)] - c'(s).
    assert costs(added)[0] == pytest.approx(0, abs=1e-12)
    assert min(costs(added)[1:]) > 1e-3
    assert moves(added) == pytest.approx(of_pairs.mean(axis=1) - of_states, abs=1e-12)
    assert normalised(perfect + added, pairs[:6].sum(axis=0)) == pytest.approx(perfect, abs=1e-12)
    # One for each critic is free in both directions, unless both critics are contrasted with each other.
    assert costs(critic)[:2] == pytest.approx([0, 0], abs=1e-12)
    assert costs(critic)[2] > 1e-3
    assert moves(critic) == pytest.approx(np.ones(3), abs=1e-12)
    # One for all is free everywhere, and moves nothing.
    assert costs(np.ones((9, 1))) == pytest.approx([0, 0, 0], abs=1e-12)
    assert moves(np.ones((9, 1))) == pytest.approx(np.zeros(3), abs=1e-12)


@for_each("discount", [0.5, 0.9])
def test_perfect_critics_with_centred_scores_are_off_by_more_than_the_spread(discount):
    scores, figures = perfect_critics(hanoi(discount))
    assert not held(figures)
    assert scores[0].rmse < 1e-12
    assert min(score.rmse for score in scores[1:]) > 3 * scores[0].spread


def test_normalising_the_anchors_of_trained_critics_takes_most_of_their_error_away():
    case, size = hanoi(0.9), 20000
    counts = data(case, size, 2)
    later = np.array([each.sum(axis=(0, 1)) / each.sum() for each in counts])
    trained = trained_scores(counts, "one way", np.random.default_rng(0))
    raw, fixed = (mean_differences(scores, case.rows) for scores in (trained, normalised(trained, later)))
    known = CRITICS[0.9, "one way"][size]
    for one, other in zip(raw, fixed, strict=True):
        before, after = compared(one, case.effective), compared(other, case.effective)
        assert 0.5 * known[0] < before.rmse < 1.5 * known[1]
        assert before.bias > 3 * before.spread
        assert after.rmse < before.rmse / 4


def test_errors_over_states_stand_beside_the_spread_of_the_exact_values_where_there_are_any():
    plain = Score("hall", "a count", (1.0, 1.0), 2.0)
    head, row = rows_of_scores([plain])
    assert len(head) == len(row) == 7
    head, *rows = rows_of_scores([plain, plain._replace(rmse=0.25, spread=0.125)])
    assert [row[-1] for row in rows] == ["–", "0.250 (0.125)"]
    assert all(len(row) == len(head) for row in rows)
