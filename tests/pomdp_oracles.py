"""What can be read after acting on a POMDP, by brute force over all sequences or policy trees; plain and slow.

Every function returns a channel as a list of rows. What it computes with is the definition alone: dense arrays
`transition[state, action, next_state]` and `observation[action, next_state, observation]`, and a belief.
"""

from itertools import product

import numpy as np


def latent_rows(transition, belief, horizon):
    """The state after each sequence of actions, rows b T_a1 … T_an."""
    rows = []
    for word in product(range(transition.shape[1]), repeat=horizon):
        row = belief
        for action in word:
            row = row @ transition[:, action]
        rows.append(row)
    return np.array(rows)


def observation_rows(transition, observation, belief, horizon):
    """The last observation after each sequence of at least one action."""
    words = product(range(transition.shape[1]), repeat=horizon)
    latent = latent_rows(transition, belief, horizon)
    return np.array([row @ observation[word[-1]] for word, row in zip(words, latent, strict=True)])


def trajectory_rows(transition, observation, belief, horizon):
    """All observations after each sequence of actions, their probabilities in lexicographic order."""
    rows = []
    for word in product(range(transition.shape[1]), repeat=horizon):
        weights = belief[None, :]  # one row for each string of observations so far
        for action in word:
            weights = np.concatenate([(row @ transition[:, action]) * observation[action].T for row in weights])
        rows.append(weights.sum(axis=1))
    return np.array(rows)


def receiver_knows_rows(transition, belief, horizon):
    """The pair of the first and the last state: what a receiver who knows the first one reads."""
    per_state = [latent_rows(transition, start, horizon) for start in np.eye(len(belief))]
    return np.concatenate([mass * rows for mass, rows in zip(belief, per_state, strict=True)], axis=1)


def tree_rows(transition, observation, belief, horizon, reading):
    """What each policy tree makes the reading: "trajectory", "observation" (the last one) or "state" (the last one).

    A tree says which action follows which observations. `belief` need not sum to 1, and neither do the rows.
    """
    if horizon == 0:
        return [belief if reading == "state" else belief.sum(keepdims=True)]
    rows = []
    for action in range(transition.shape[1]):
        predicted = belief @ transition[:, action]
        if horizon == 1 and reading == "observation":
            rows.append(predicted @ observation[action])
            continue
        joint = predicted * observation[action].T
        branches = [tree_rows(transition, observation, weights, horizon - 1, reading) for weights in joint]
        # What follows an observation that never comes makes no difference.
        branches = [found if weights.any() else found[:1] for found, weights in zip(branches, joint, strict=True)]
        join = np.concatenate if reading == "trajectory" else sum
        rows += [join(choice) for choice in product(*branches)]
    return rows
