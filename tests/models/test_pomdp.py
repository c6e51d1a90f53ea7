import itertools
import pickle

import numpy as np
import pytest
from helpers import for_each
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import empowerment as emp
from empowerment.models.belief_space import TOLERANCE, first_equal

STAY, SWAP, ANEW = np.eye(2), np.eye(2)[::-1], np.full((2, 2), 0.5)
DOOR = np.stack([STAY, SWAP], axis=1)
GLANCE = np.array([[0.9, 0.1], [0.1, 0.9]])
LABELS = {"states": ["open", "closed"], "actions": ["look", "toggle"], "observations": ["light", "dark"]}


@st.composite
def models(draw):
    """A random model without structure, and a belief, some of whose entries may be zero."""
    n_states, n_actions, n_observations = (draw(st.integers(1, n)) for n in (5, 3, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    concentration = draw(st.sampled_from([0.05, 1.0]))
    rows = [
        rng.gamma(concentration, size=(*shape, n)) + 1e-300
        for shape, n in (((n_states, n_actions), n_states), ((n_actions, n_states), n_observations), ((), n_states))
    ]
    transition, observation, belief = (row / row.sum(axis=-1, keepdims=True) for row in rows)
    return emp.POMDP(transition, observation), belief


# --- arrays and labels


def test_observations_of_the_state_alone_hold_after_every_action():
    model = emp.POMDP(DOOR, GLANCE, **LABELS)
    assert model.observation.shape == (2, 2, 2)
    assert (model.observation == GLANCE).all()
    assert not model.observation_depends_on_action
    assert emp.POMDP(DOOR, sparse.csr_array(GLANCE)).observation.tolist() == model.observation.tolist()
    assert repr(model) == "POMDP(2 states, 2 actions, 2 observations)"
    with pytest.raises(ValueError, match="read-only"):
        model.observation[0, 0, 0] = 1


def test_observations_may_depend_on_the_action():
    model = emp.POMDP(DOOR, np.stack([GLANCE, ANEW]))
    assert model.observation_depends_on_action
    assert not emp.POMDP(DOOR, np.stack([GLANCE, GLANCE])).observation_depends_on_action
    with pytest.raises(ValueError, match="read-only"):
        model.observation[0, 0, 0] = 1


def sparse_forms(model):
    """The same model with its observation sparse: below each other, and one matrix for each action."""
    below = sparse.csr_array(model.observation.reshape(-1, model.n_observations))
    for form in (below, sparse.coo_array(below), [sparse.csr_array(part) for part in model.observation]):
        yield emp.POMDP(model.mdp.rows, form)


@for_each("seed", range(20))
def test_a_sparse_observation_says_what_the_array_says(seed):
    rng = np.random.default_rng(seed)
    seen = rng.dirichlet(np.ones(3) * 0.5, size=(2, 4)) if seed % 2 else np.eye(3)[rng.integers(3, size=(2, 4))]
    model = emp.POMDP(rng.dirichlet(np.ones(4), size=(4, 2)), seen)
    belief = rng.dirichlet(np.ones(4))
    for other in sparse_forms(model):
        assert np.array_equal(other.observation, model.observation)
        assert other.observation_depends_on_action == model.observation_depends_on_action
        chances = model.observation_probabilities(belief, 1)
        np.testing.assert_allclose(other.observation_probabilities(belief, 1), chances, atol=1e-15)
        likely = int(chances.argmax())
        np.testing.assert_allclose(
            other.update(belief, 1, likely), model.update(belief, 1, likely), rtol=0, atol=1e-15
        )
        copied = pickle.loads(pickle.dumps(other.with_labels(observations="abc")))
        assert copied.observations == ("a", "b", "c")
        assert "observation" not in copied.__dict__
        assert np.array_equal(copied.observation, model.observation)
        values = [
            emp.empowerment(each, 2, beliefs=[belief.tolist()], sensor="observation") for each in (other, model)
        ]
        assert values[0].value == pytest.approx(values[1].value, abs=1e-9)


@for_each(
    ("observation", "sentence"),
    [
        (sparse.eye_array(3), r"is sparse of shape \(3, 3\), expected \(n_states, n_observations\), one such matrix"),
        (
            sparse.csr_array(np.ones((3, 2)) / 2),
            r"is sparse of shape \(3, 2\), .*observation, next_state\): its .T mends",
        ),
        ([sparse.csr_array(GLANCE)] * 3, r"is a list of sparse matrices \[\(2, 2\), .* with 2 actions and 2 states"),
        ([sparse.csr_array(GLANCE), sparse.eye_array(2, 3)], "is a list of sparse matrices"),
        (sparse.csr_array([[0.5, 0.5], [0.5, 0.4]]), r"observation\[1\] \(next state 1\) sums to 0.9, expected 1"),
        (
            sparse.csr_array([[1.0, 0.0]] * 3 + [[0.0, 0.4]]),
            r"observation\[1, 1\] \(action 1, next state 1\) sums to 0.4",
        ),
    ],
)
def test_sparse_observations_of_other_shapes_are_refused(observation, sentence):
    with pytest.raises(ValueError, match=sentence):
        emp.POMDP(DOOR, observation)


def test_what_never_happens_makes_no_observation_depend_on_the_action():
    home = np.array([[[1.0, 0], [0, 1]], [[1, 0], [0, 1]]])  # action 0 leads to state 0, action 1 to state 1
    observation = np.zeros((2, 2, 2))
    observation[0, 0], observation[1, 1] = [1, 0], [0, 1]
    model = emp.POMDP(home, observation)
    assert (model.observation == observation).all()
    assert not model.observation_depends_on_action
    with pytest.raises(ValueError, match=r"observation\[0, 1\] \(action 0, next state 1\) sums to 0.5"):
        emp.POMDP(home, [[[1, 0], [0.5, 0]], observation[1]])


def test_the_hidden_process_is_an_mdp():
    model = emp.POMDP(
        DOOR, GLANCE, **LABELS, terminal=["closed"], initial=[0.5, 0.5], available=[[True, False], [True, True]]
    )
    assert isinstance(model.mdp, emp.MDP)
    assert (model.n_states, model.n_actions, model.n_observations) == (2, 2, 2)
    assert (model.states, model.actions) == (("open", "closed"), ("look", "toggle"))
    assert model.observations == ("light", "dark")
    assert model.initial.tolist() == [0.5, 0.5]
    assert model.is_terminal.tolist() == [False, True]
    assert model.available.tolist() == [[True, False], [True, True]]
    assert model.layout is None
    assert [model.state_index("closed"), model.action_index("toggle"), model.observation_index("dark")] == [1, 1, 1]
    assert emp.POMDP(DOOR, GLANCE).observation_index(np.int64(1)) == 1


@for_each("kind", ["state", "action", "observation"])
def test_unknown_labels_are_answered_with_the_known_ones(kind):
    model = emp.POMDP(DOOR, GLANCE, **LABELS)
    names = ", ".join(map(repr, LABELS[f"{kind}s"]))
    with pytest.raises(ValueError, match=f"unknown {kind} 'up'; the 2 {kind}s are {names}"):
        getattr(model, f"{kind}_index")("up")


def test_rewards_and_discount_are_carried_along():
    model = emp.POMDP(DOOR, GLANCE, rewards=[[1, 2], [3, 4]], discount=1)
    assert (model.rewards.tolist(), model.discount) == ([[1, 2], [3, 4]], 1.0)
    with pytest.raises(ValueError, match="read-only"):
        model.rewards[0, 0] = 5
    assert (emp.POMDP(DOOR, GLANCE).rewards, emp.POMDP(DOOR, GLANCE).discount) == (None, None)


def test_other_labels():
    tiger = emp.worlds.tiger()
    other = tiger.with_labels(states=["a", "b"], observations=range(2))
    assert (other.states, other.actions, other.observations) == (("a", "b"), tiger.actions, (0, 1))
    assert (other.observation == tiger.observation).all()
    assert (other.mdp.to_dense() == tiger.mdp.to_dense()).all()
    assert (other.rewards == tiger.rewards).all()
    assert (other.discount, other.initial.tolist()) == (tiger.discount, tiger.initial.tolist())


@for_each(
    ("observation", "options", "sentence"),
    [
        (
            np.full((2, 2, 2), 0.4),
            LABELS,
            r"observation\[0, 0\] \(action 'look', next state 'open'\) sums to 0.8, expected 1; pass normalize=True "
            r"to rescale, or check the axis order: expected \(action, next_state, observation\)",
        ),
        ([[0.9, 0.1], [0.9, 0.9]], LABELS, r"observation\[1\] \(next state 'closed'\) sums to 1.8, expected 1"),
        ([[0.9, 0.1], [1.5, -0.5]], LABELS, r"observation\[1\] \(next state 'closed'\) has the entry -0.5"),
        ([[0.9, 0.1], [1]], {}, "observation has rows of different lengths"),
        ([0.9, 0.1], {}, r"observation has shape \(2,\), expected 3 axes: \(action, next_state, observation\)"),
        (
            np.full((3, 2), 0.5),
            {},
            r"observation has shape \(3, 2\), expected \(n_states, n_observations\) with 2 actions and 2 states; "
            r"this looks like \(observation, next_state\): np.transpose",
        ),
        (np.full((3, 2, 2), 0.5), {}, r"\(observation, next_state, action\): np.transpose"),
        (np.full((4, 3), 0.5), {}, r"with 2 actions and 2 states$"),
        (GLANCE, {"observations": ["light"]}, "observations has 1 labels, expected 2"),
        (GLANCE, {"rewards": [[1, 2]]}, r"rewards has shape \(1, 2\), expected \(state, action\) = \(2, 2\)"),
        (GLANCE, {"rewards": [[1, 2], [np.inf, 3]]}, r"rewards\[1, 0\] is inf, expected finite numbers"),
        (GLANCE, {"discount": 1.5}, r"discount is 1.5, expected a number in \[0, 1\]"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(observation, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        emp.POMDP(DOOR, observation, **options)


def test_swapped_axes_are_named():
    three = np.full((2, 3, 2), 0.5)
    with pytest.raises(ValueError, match=r"\(next_state, action, observation\): np.swapaxes\(observation, 0, 1\)"):
        emp.POMDP(three, np.full((2, 3, 2), 0.5))


def test_normalize_rescales_both_parts():
    model = emp.POMDP(np.ones((2, 2, 2)), np.ones((2, 3)), normalize=True)
    assert (model.mdp.to_dense() == 0.5).all()
    assert model.observation == pytest.approx(1 / 3, abs=1e-15)


# --- beliefs


def test_the_three_ways_to_give_a_belief():
    model = emp.POMDP(DOOR, GLANCE, **LABELS, initial=[0.25, 0.75])
    assert model.belief("closed").tolist() == [0, 1]
    assert model.belief().tolist() == [0.25, 0.75]
    assert model.belief([0.4, 0.6]).tolist() == model.belief(np.array([0.4, 0.6])).tolist() == [0.4, 0.6]
    assert emp.POMDP(DOOR, GLANCE).belief(np.int64(1)).tolist() == [0, 1]
    model.belief()[0] = 7  # a copy
    assert model.initial.tolist() == [0.25, 0.75]


@for_each(
    ("belief", "sentence"),
    [
        (None, "has no initial distribution, expected a belief"),
        ("up", "unknown state 'up'"),
        ((0.5, 0.5), r"unknown state \(0.5, 0.5\)"),
        ([0.5, 0.4], "belief sums to 0.9, expected 1"),
        ([1, 0, 0], "belief has 3 entries, expected 2"),
    ],
)
def test_beliefs_that_are_none_are_refused(belief, sentence):
    with pytest.raises(ValueError, match=sentence):
        emp.POMDP(DOOR, GLANCE, **LABELS).belief(belief)


def test_actions_that_a_possible_state_lacks_are_refused():
    model = emp.POMDP(DOOR, GLANCE, **LABELS, available=[[True, True], [True, False]])
    assert model.available_in("open").tolist() == [True, True]
    assert model.available_in([0.5, 0.5]).tolist() == [True, False]
    assert model.predict("open", "toggle").tolist() == [0, 1]
    with pytest.raises(ValueError, match=r"'toggle' is not available in state 'closed', which has probability 0.25"):
        model.predict([0.75, 0.25], "toggle")


def test_tiger_listened_to_twice():
    tiger = emp.worlds.tiger()
    once = tiger.update(None, "listen", "hear-left")
    assert once == pytest.approx([0.85, 0.15], abs=1e-15)
    assert tiger.update(once, "listen", "hear-left") == pytest.approx(
        [0.85**2 / (0.85**2 + 0.15**2), 0.15**2 / (0.85**2 + 0.15**2)], abs=1e-15
    )
    assert tiger.update(once, "open-left", "hear-left").tolist() == [0.5, 0.5]


def test_an_impossible_observation_is_refused():
    maze = emp.worlds.tmaze()
    with pytest.raises(
        ValueError,
        match="'good' is impossible after action 'back' in this belief, expected one of 'cue-up', 'cue-down'",
    ):
        maze.update(None, "back", "good")


def test_an_observation_that_is_hardly_possible_is_no_division_by_zero():
    model = emp.POMDP(DOOR, [[1, 0], [1, 1e-320]])
    assert model.update([0.5, 0.5], 0, 1).tolist() == [0, 1]


@given(models())
def test_bayes_rule_and_total_probability(model_and_belief):
    model, belief = model_and_belief
    transition, observation = model.mdp.to_dense(), model.observation
    for action in range(model.n_actions):
        predicted = sum(belief[s] * transition[s, action] for s in range(model.n_states))
        assert model.predict(belief, action) == pytest.approx(predicted, abs=1e-14)
        chances = model.observation_probabilities(belief, action)
        assert chances.sum() == pytest.approx(1, abs=1e-12)
        mean = np.zeros(model.n_states)
        for seen in np.flatnonzero(chances > 1e-200):
            posterior = model.update(belief, action, seen)
            assert posterior.min() >= 0
            assert posterior.sum() == pytest.approx(1, abs=1e-14)
            assert posterior * chances[seen] == pytest.approx(predicted * observation[action, :, seen], abs=1e-14)
            mean += chances[seen] * posterior
        assert mean == pytest.approx(predicted, abs=1e-12)


# --- beliefs within reach


def by_hand(model, belief, horizon):
    """All beliefs after each number of steps, with repeats, one history at a time."""
    layers = [[model.belief(belief)]]
    for _ in range(horizon):
        layer = []
        for prior, action in itertools.product(layers[-1], model.actions):
            if model.available_in(prior)[model.action_index(action)]:
                chances = model.observation_probabilities(prior, action)
                seen = [label for label, chance in zip(model.observations, chances, strict=True) if chance > 0]
                layer += [model.update(prior, action, label) for label in seen]
        layers.append(layer)
    return layers


def distance(belief, others):
    return np.abs(np.asarray(others) - belief).max(axis=1).min()


@for_each(
    ("model", "horizon"),
    [
        (emp.worlds.tiger(), 3),
        (emp.worlds.aliased_corridor(), 2),
        (emp.worlds.tmaze(), 3),
        (emp.worlds.trapdoor(), 4),
        (emp.POMDP(DOOR, GLANCE, initial=[0.4, 0.6], available=[[True, True], [True, False]]), 4),
    ],
)
def test_reachable_beliefs_are_those_of_all_histories(model, horizon):
    found = model.reachable_beliefs(None, horizon)
    layers = by_hand(model, None, horizon)
    for step, layer in enumerate(layers):
        within = found.beliefs[found.steps <= step]
        assert max(distance(belief, within) for belief in layer) <= 1e-10
        for belief in found.beliefs[found.steps == step]:
            assert distance(belief, layer) <= 1e-10
    apart = np.abs(found.beliefs[:, None] - found.beliefs).max(axis=2)
    assert apart[~np.eye(len(apart), dtype=bool)].min(initial=1) > 1e-10
    assert (np.diff(found.steps) >= 0).all()


def test_nothing_is_reached_in_no_step():
    found = emp.worlds.tiger().reachable_beliefs(None, 0)
    assert (found.beliefs.tolist(), found.steps.tolist()) == ([[0.5, 0.5]], [0])


def test_listening_again_comes_back_to_the_same_beliefs():
    found = emp.worlds.tiger().reachable_beliefs(None, 12)
    assert len(found.beliefs) == 25  # what counts is how often more "left" than "right" was heard
    sizes = np.bincount(found.steps)
    assert sizes.tolist() == [1] + [2] * 12


def test_too_many_beliefs_are_refused_before_they_are_made():
    with pytest.raises(
        MemoryError, match=r"beliefs were found in \d of 50 steps, expected at most max_beliefs=50; take"
    ):
        emp.worlds.aliased_corridor().reachable_beliefs(None, 50, max_beliefs=50)


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 60))
def test_merging_knows_no_rounding_boundaries(seed, n_columns, n_rows):
    rng = np.random.default_rng(seed)
    grid = rng.integers(0, 3, size=(n_rows, n_columns)) * 5e-11  # on boundaries of ten decimals
    rows = rng.integers(0, 2, size=(n_rows, 1)) + grid + rng.uniform(-1e-12, 1e-12, size=(n_rows, n_columns))
    first = first_equal(rows)
    greedy = []
    for number, row in enumerate(rows):
        if not greedy or distance(row, rows[greedy]) > TOLERANCE:
            greedy.append(number)
    assert np.unique(first).tolist() == greedy
    for row, leader in zip(rows, first, strict=True):
        assert leader == next(number for number in greedy if distance(row, rows[[number]]) <= TOLERANCE)


def test_evenly_spaced_beliefs():
    grid = emp.belief_grid(3, 4)
    assert grid.shape == (15, 3)
    assert len(np.unique(grid, axis=0)) == 15
    assert grid.sum(axis=1) == pytest.approx(1)
    assert (grid * 4 == (grid * 4).round()).all()
    assert emp.belief_grid(1, 3).tolist() == [[1.0]]
    with pytest.raises(ValueError, match="steps is 0"):
        emp.belief_grid(2, 0)
