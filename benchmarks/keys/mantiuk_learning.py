"""What an agent that counts transitions believes of its empowerment, by both formulas."""

from __future__ import annotations

import numpy as np

import empowerment as emp
from benchmarks.keys.answer import Figure, Score, draws, error_beside

# What every count begins with, and what a visit adds: a hundred times the number of states.
PRIOR, VISIT, STOP = 1.0, 37_200.0, 1e-4
# Tries of each pair of state and action: the worst error, and both means on ice, of one independent draw.
KNOWN = {
    1: (-0.007, 1.092, 1.087),
    3: (-0.664, 0.579, 0.338),
    10: (-0.434, 0.162, 0.010),
    100: (-0.043, 0.015, 0.000),
}
DIGITS = 5e-4


def learned(world: emp.MDP, tries: int, rng: np.random.Generator, decimals: int | None = None) -> np.ndarray:
    """Return the transition that an agent believes in after so many tries of every pair, all visits drawn.

    With `decimals` probabilities are rounded and rescaled, as in the published code.
    """
    shape = world.n_states, world.n_actions, world.n_states
    counts = PRIOR + VISIT * rng.multinomial(tries, world.rows.toarray()).reshape(shape)
    believed = counts / counts.sum(axis=2, keepdims=True)
    if decimals is not None:
        believed = believed.round(decimals)
        believed /= believed.sum(axis=2, keepdims=True)
    return np.asarray(believed)


def run_of(world: emp.MDP, tries: int, seed: int, decimals: int | None = None) -> tuple[float, float, float]:
    """Return the worst error of the recursion in any state, and the means of exact and faulty values on ice."""
    rng = np.random.default_rng(seed)
    channels = list(learned(world, tries, rng, decimals))
    exact = np.array([found.value for found in emp.channel_capacity(channels, tol=1e-6)])
    faulty = np.array([emp.proxies.mixed_base_blahut_arimoto(rows, tol=STOP, rng=rng) for rows in channels])
    error = faulty - exact
    icy = np.diff(world.rows.indptr).reshape(world.n_states, -1).max(axis=1) > 1
    return float(error[np.abs(error).argmax()]), float(exact[icy].mean()), float(faulty[icy].mean())


def figures_of_learning(n_seeds: int) -> tuple[list[Score], list[Figure]]:
    """Return what becomes of both formulas in learned models of the room; the truth on ice is 0."""
    world = emp.worlds.hazard_room()
    names = "worst error of the recursion", "mean exact capacity on ice", "mean of the recursion on ice"
    scores, figures = [], []
    for tries, known in KNOWN.items():
        runs = np.array([run_of(world, tries, seed) for seed in range(n_seeds)])
        errors = [error_beside(each, rounding=DIGITS) for each in runs.T]
        for name, mean, error, value in zip(names, runs.mean(axis=0), errors, known, strict=True):
            figures.append(draws(f"learned, {tries} tries: {name}", float(mean), float(error), value))
        rounded = np.mean(
            [run_of(world, tries, seed, decimals=2)[1:] for seed in range(max(2, n_seeds // 4))], axis=0
        )
        for text, means in (("", runs.mean(axis=0)[1:]), (", probabilities rounded as in the code", rounded)):
            for formula, value in zip(("exact capacity", "recursion of two bases"), means, strict=True):
                where = f"room, mean on ice, {tries} tries, E1"
                scores.append(Score(where, f"{formula} of the learned model{text}", (0.0, 0.0), float(value)))
    return scores, figures
