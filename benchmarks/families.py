"""The channels that solvers are compared on: from harmless to those on which first-order methods crawl."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import empowerment as emp


def dirichlet(rows: int, columns: int, concentration: float) -> np.ndarray:
    """Return rows drawn from one Dirichlet distribution; the smaller the concentration, the sparser."""
    rng = np.random.default_rng([rows, columns, int(1000 * concentration)])
    return _normalised(rng.gamma(concentration, size=(rows, columns)) + 1e-300)


def grid(horizon: int) -> np.ndarray:
    """Return the n-step channel from the centre of the slip grid, a row for every sequence of actions."""
    return emp.actuation_channel(emp.worlds.slip_grid(), horizon, (4, 4), merge=False).matrix


def near_equal_rows() -> np.ndarray:
    """Return nine rows of which two differ by one part in ten thousand."""
    rows = dirichlet(9, 8, 1.0)
    rows[1] = _normalised(rows[:1] * (1 + 1e-4 * np.linspace(-1, 1, 8)))[0]
    return rows


def almost_useless() -> np.ndarray:
    """Return sixteen rows close to one another: a capacity below 1e-6 bits."""
    rng = np.random.default_rng(16)
    return _normalised(rng.dirichlet(np.ones(16)) * (1 + 1e-3 * rng.uniform(-1, 1, (16, 16))))


def noisy_deterministic() -> np.ndarray:
    """Return 200 inputs that each cause one of 32 outputs, but for five per cent."""
    rng = np.random.default_rng(200)
    return 0.95 * np.eye(32)[rng.integers(32, size=200)] + 0.05 * rng.dirichlet(np.ones(32), size=200)


def on_the_boundary() -> np.ndarray:
    """Return a 3 by 3 channel whose third input is unused at the optimum, yet exactly as divergent as the others.

    For such channels Blahut-Arimoto closes in only like 1/t (Nakagawa, Takei, Hara, Watabe 2021).
    """
    first, second = np.array([0.8, 0.1, 0.1]), np.array([0.1, 0.8, 0.1])
    q = (first + second) / 2
    wanted = emp.divergence(first, q)

    def excess(mixing: float) -> float:
        return emp.divergence((1 - mixing) * q + mixing * np.array([0.0, 0.0, 1.0]), q) - wanted

    low, high = 0.0, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (low, middle) if excess(middle) > 0 else (middle, high)
    return np.array([first, second, (1 - low) * q + low * np.array([0.0, 0.0, 1.0])])


CHANNELS: dict[str, Callable[[], np.ndarray]] = {
    "Z .999": lambda: np.array([[1, 0], [0.999, 0.001]]),
    "boundary 3x3": on_the_boundary,
    "near-equal rows 9x8": near_equal_rows,
    "almost useless 16x16": almost_useless,
    "dirichlet 1 16x16": lambda: dirichlet(16, 16, 1.0),
    "dirichlet .01 64x64": lambda: dirichlet(64, 64, 0.01),
    "dirichlet .1 64x64": lambda: dirichlet(64, 64, 0.1),
    "dirichlet 1 64x64": lambda: dirichlet(64, 64, 1.0),
    "deterministic+5% 200x32": noisy_deterministic,
    "dirichlet .1 256x64": lambda: dirichlet(256, 64, 0.1),
    "dirichlet .1 1024x100": lambda: dirichlet(1024, 100, 0.1),
    "dirichlet 1 1024x100": lambda: dirichlet(1024, 100, 1.0),
    "grid n=2": lambda: grid(2),
    "grid n=3": lambda: grid(3),
    "grid n=4": lambda: grid(4),
    "grid n=5": lambda: grid(5),
    "dirichlet 1 4096x400": lambda: dirichlet(4096, 400, 1.0),
}


def _normalised(rows: np.ndarray) -> np.ndarray:
    return rows / rows.sum(axis=1, keepdims=True)
