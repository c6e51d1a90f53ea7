"""Grids with ice: printed values of uniform sequences, and maps of a recursion with two bases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import empowerment as emp
from benchmarks.keys.answer import Answer, Figure, Score, draws, error_beside, interval, number
from benchmarks.keys.mantiuk_learning import figures_of_learning

# What the published code adds inside logarithms, and the steps ahead of its maps.
ADDED, STEPS = 1e-8, 5
# Where the recursion stops: by itself, and as the code calls it for maps.
STOP, STOP_OF_MAPS = 1e-3, 1e-4
PRINTED = {
    (0, 0): 3.17945933996968,
    (9, 0): 3.5315541572753206,
    (0, 9): 3.5315541572753206,
    (9, 9): 3.5315541572753206,
}
WITHOUT = {(0, 0): 3.179459619520, (9, 9): 3.531554445814}
ICE = (0, 0), (1, 0), (0, 1), (1, 1)
# Exact five-step empowerment on the ice, and what the recursion returned in one run.
ON_ICE = {(0, 0): (0.5377, 0.0146), (1, 0): (1.3871, 1.3871 - 0.865), (1, 1): (1.7712, 1.0532)}


def as_printed(world: emp.MDP, state: Any) -> float:
    """Return the information of uniform sequences with the constant that the code adds."""
    rows = np.eye(world.n_states)[[world.state_index(state)]]
    transition = world.rows.toarray().reshape(world.n_states, world.n_actions, world.n_states)
    for _ in range(STEPS):
        rows = np.einsum("is,sat->iat", rows, transition).reshape(-1, world.n_states)

    def entropies(p: np.ndarray) -> np.ndarray:
        return np.asarray(-(p * np.log2(p + ADDED)).sum(axis=-1))

    return float(entropies(rows.mean(axis=0)) - entropies(rows).mean())


def beside_one_run(
    quantity: str, sample: Callable[[int], float], known: float, n_seeds: int, digits: float
) -> Figure:
    """Return the figure of the mean of a sampled quantity beside one known draw of so many digits."""
    values = [sample(seed) for seed in range(n_seeds)]
    return draws(quantity, float(np.mean(values)), error_beside(values, rounding=digits), known)


def ends(found: Any, place: int = 0) -> tuple[float, float]:
    """Return the interval of one state."""
    return float(found.lower[place]), float(found.upper[place])


def corners(n_seeds: int) -> tuple[list[Score], list[Figure]]:
    """Return the printed values of the grid with one noisy action, beside exact ones."""
    world = emp.worlds.hazard_grid("noisy-corner")
    exact = emp.empowerment(world, STEPS, states=list(PRINTED))
    scores, figures = [], []
    for place, (corner, printed) in enumerate(PRINTED.items()):
        value = as_printed(world, corner)
        scores.append(
            Score(f"noisy corner, {corner}, E{STEPS}", "uniform sequences", ends(exact, place), value, None, printed)
        )
        figures.append(number(f"uniform sequences, {corner}, as printed", value, printed, 1e-14))
        figures.append(interval(f"exact E{STEPS} of {corner}", *ends(exact, place), 4.392317, 5e-7))
    plain = emp.proxies.uniform_information(world, STEPS, states=list(WITHOUT))
    for corner, value, known in zip(WITHOUT, plain.value, WITHOUT.values(), strict=True):
        figures.append(number(f"uniform sequences, {corner}, nothing added", value, known, 1e-11))
    for action, known, low, high in (("down", 1.584963, 1.58495, 1.58496), ("up", 1.011227, 0.99981, 0.99999)):
        noisy = with_noisy(world, action)
        one = emp.empowerment(noisy, 1, states=(0, 0))
        figures.append(interval(f"exact E1, noisy {action}", *ends(one), known, 1e-6))
        values = [
            float(emp.proxies.mixed_base_capacity(noisy, 1, states=(0, 0), rng=seed, tol=STOP))
            for seed in range(n_seeds)
        ]
        error = error_beside(values, np.inf, 5e-6)
        figures.append(draws(f"recursion, one step, noisy {action}", float(np.mean(values)), error, (low, high)))
        scores.append(
            Score(f"noisy {action}, (0, 0), E1", "recursion of two bases", ends(one), float(np.mean(values)))
        )
    return scores, figures


def with_noisy(world: emp.MDP, action: str) -> emp.MDP:
    """Return the grid with another noisy action in its corner, the first state."""
    transition = world.rows.toarray().reshape(world.n_states, world.n_actions, world.n_states)
    down, chosen = world.actions.index("down"), world.actions.index(action)
    noise = transition[0, down].copy()
    transition[0, down] = np.eye(world.n_states)[0]  # a step off the square
    transition[0, chosen] = noise
    return emp.MDP(transition, states=world.states, actions=world.actions)


def hazards(n_seeds: int) -> tuple[list[Score], list[Figure]]:
    """Return the maps of the grid with all hazards."""
    world = emp.worlds.hazard_grid()
    exact = emp.empowerment(world, STEPS)
    recursion = emp.proxies.mixed_base_capacity(world, STEPS, rng=0, tol=STOP_OF_MAPS)
    uniform = emp.proxies.uniform_information(world, STEPS)
    ranks = [rank_of(found, exact) for found in (recursion, uniform)]
    too_low = exact.value - uniform.value
    errors = np.delete(recursion.value - exact.value, [world.state_index(cell) for cell in ICE])
    one = emp.proxies.mixed_base_capacity(world, 1, rng=0, tol=STOP_OF_MAPS).value - emp.empowerment(world, 1).value
    figures = [
        number("all hazards: free cells", world.n_states, 93, 0),
        # The other computation leaves to rounding which of equal values is larger.
        number("all hazards: rank of the recursion", ranks[0], 0.998, 0.002),
        number("all hazards: its largest error off the ice", np.abs(errors).max(), 0, 2e-3),
        number("all hazards: its largest error for one step", np.abs(one).max(), 0, 2e-3),
        number("all hazards: rank of uniform sequences", ranks[1], 0.948, 0.001),
        number("all hazards: they are too low by, on average", too_low.mean(), 0.81, 0.005),
        number("all hazards: they are too low by, at most", too_low.max(), 1.98, 0.005),
    ]
    named = ("recursion of two bases", recursion, ranks[0]), ("uniform sequences", uniform, ranks[1])
    scores = [
        Score(f"all hazards, {cell}, E{STEPS}", text, ends(exact, place), float(found.value[place]), agreed)
        for cell, place in ((cell, world.state_index(cell)) for cell in ICE)
        for text, found, agreed in named
    ]
    return scores, figures + on_ice(world, exact, n_seeds)


def on_ice(world: emp.MDP, exact: Any, n_seeds: int) -> list[Figure]:
    """Return what the recursion says on the ice, which depends on where it begins."""
    figures = []
    for cell, (known, known_run) in ON_ICE.items():

        def sample(seed: int, cell: Any = cell) -> float:
            found = emp.proxies.mixed_base_capacity(world, STEPS, states=cell, rng=seed, tol=STOP_OF_MAPS)
            return float(found)

        figures.append(interval(f"ice, {cell}: exact E{STEPS}", *ends(exact, world.state_index(cell)), known, 5e-5))
        figures.append(beside_one_run(f"ice, {cell}: recursion", sample, known_run, n_seeds, 5e-4))
    return figures


def rank_of(found: Any, exact: Any) -> float:
    """Return the rank correlation of a map with the exact one, which has several values."""
    spearman = emp.proxies.agreement(found, exact).spearman
    assert spearman is not None
    return spearman


def room() -> tuple[list[Score], list[Figure]]:
    """Return the one-step map of the room, which is the agent's reward."""
    world = emp.worlds.hazard_room()
    exact = emp.empowerment(world, 1)
    found = emp.proxies.mixed_base_capacity(world, 1, rng=0, tol=STOP_OF_MAPS)
    between = np.minimum(exact.value, np.log2(3) - exact.value).max()
    place, rank = world.state_index((10, 4, 3)), rank_of(found, exact)
    value = float(found.value[place])
    return [Score("room, (10, 4, 3), E1", "recursion of two bases", ends(exact, place), value, rank)], [
        number("room: states", world.n_states, 372, 0),
        number("room: largest distance of an exact E1 from 0 and log2 3", between, 0, 1e-9),
        number("room: largest error of the recursion", np.abs(found.value - exact.value).max(), 0, 1e-4),
    ]


VERDICT = """\
The two printed numbers are reproduced to their last digits, with the constant that the code adds inside its
logarithms. They are the information of uniformly drawn sequences, and up to 1.21 bits below the empowerment of the
corners, which is the same for all four: one noisy action takes nothing from an agent that need not use it. In the
grid with all hazards that map is too low by 0.81 bits on average. The map of the other method, a recursion that
mixes two bases of the logarithm, is right but for the four cells of ice, where it says down to a thirty-seventh of
the truth; as an order of the cells it is nearly perfect. In the room, whose values for one step are the agent's
reward, recursion and truth agree everywhere, because chance decides there either nothing or all. So the mixed bases
do not visibly distort the maps of the true models. They matter where the rows of a noisy state differ: from two
steps on, and while a model is learned. There the exact capacity of few tries is too large on ice, where nothing can
be done, and the recursion, which says too little, happens to cancel much of that. The code also rounds learned
probabilities to hundredths, which makes each first try certain and changes little else."""


def answer(quick: bool) -> Answer:
    """Recompute the maps of Mantiuk, Zhou and Wu beside exact empowerment."""
    n_seeds = 4 if quick else 20
    scores, figures = [], []
    for of_scores, of_figures in (corners(n_seeds), hazards(n_seeds), room(), figures_of_learning(n_seeds)):
        scores += of_scores
        figures += of_figures
    source = (
        "F. Mantiuk, H. Zhou and C. M. Wu, From Curiosity to Competence: How World Models Interact with the Dynamics "
        "of Exploration, 2025, arXiv:2507.08210; its repository zhouhq10/empowerment-with-dreamer. Known values: "
        "printed in the repository, or those of an independent computation."
    )
    return Answer("Maps of grids with ice", source, scores, figures, VERDICT)
