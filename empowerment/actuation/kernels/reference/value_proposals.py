"""Values that make the certificate small: the dual of a linear program, by the dual simplex method.

The program maximises a linear bound on the divergence over all flows that respect the boxes. Its variables are the
occupancies x of choices: ``sum_c x_c / high_c`` of the choices of a state is at most 1, and at least the smallest
``low / high``. Without these limits it is a Markov decision problem, whose best policy is a basis to begin with; few
limits are violated there, and each pivot mends one. The values only propose: nothing is proved by them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from empowerment.actuation.kernels import Choices, PolicySet

_TINY, _FEASIBLE, _IMPROVES = 1e-11, 1e-9, 1e-11
_POLICIES, _PIVOTS = 60, 8


class Proposal(NamedTuple):
    """The solution of a linear program.

    Attributes
    ----------
    values : ndarray of shape (n_states,)
    occupancies : ndarray of shape (n_choices,)
        Of the last basis.
    ray : ndarray of shape (n_states,)
        If the program has no solution, a direction of values in which the bound falls for ever; else zeros.
    """

    values: np.ndarray
    occupancies: np.ndarray
    ray: np.ndarray


def divergence(x: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """Return ``x log x + costs x``, 0 at 0."""
    return np.asarray(x * (np.log(np.where(x > 0, x, 1.0)) + costs))


def flow_system(world: Choices) -> np.ndarray:
    """Return the coefficients of the flow equations: a row for each choice, a column for each state."""
    system = np.eye(world.start.size)[world.owner]
    rows = np.repeat(np.arange(world.owner.size), np.diff(world.indptr))
    np.subtract.at(system, (rows, world.indices), world.discount * world.data)
    return system


def slopes(world: Choices, costs: np.ndarray, part: PolicySet) -> np.ndarray:
    """Return the slope of each choice in a linear bound on the divergence, whose offset is one for each state.

    The offset is the largest value at 0 of the chords of a state's choices; the line of each passes through the upper
    end of its box.
    """
    own, first = costs[world.owner], world.first[:-1]
    high, low = np.maximum(part.high, _TINY), part.low
    wide = high - low > _TINY
    rise = (divergence(high, own) - divergence(low, own)) / np.where(wide, high - low, 1.0)
    intercept = np.where(wide, divergence(low, own) - rise * low, -low)
    offset = np.maximum.reduceat(np.where(part.allowed, np.where(low > 0, intercept, 0.0), -np.inf), first)
    return np.asarray((divergence(high, own) - offset[world.owner]) / high)


def propose_values(world: Choices, costs: np.ndarray, part: PolicySet) -> Proposal:
    """Solve the linear program of a set of policies; ``part.policy`` becomes the best one without limits."""
    gains, system = slopes(world, costs, part), flow_system(world)
    for s in np.flatnonzero(~part.allowed[part.policy]).tolist():
        left = np.flatnonzero(part.allowed[world.first[s] : world.first[s + 1]]) + world.first[s]
        part.policy[s] = left[np.argmax(gains[left])]
    values = best_policy(world, system, np.where(part.allowed, gains, -np.inf), part.policy)
    n_states, basis = costs.size, part.policy
    high = np.maximum(part.high, _TINY)
    others = np.setdiff1d(np.flatnonzero(part.allowed), basis)
    inverse = np.linalg.inv(system[basis]).T
    flows = np.concatenate([system[others].T, np.eye(n_states)], axis=1)
    upper = inverse @ flows
    shares = upper / high[basis][:, None]
    shares[world.owner[others], np.arange(others.size)] -= 1.0 / high[others]
    prices = np.concatenate([gains[others] - system[others] @ values, -values])
    amounts = inverse @ ((1.0 - world.discount) * world.start)
    least = np.minimum.reduceat(np.where(part.allowed, part.low / high, np.inf), world.first[:-1])
    tableau = _Tableau(
        np.concatenate([upper, shares]),
        prices,
        np.concatenate([amounts, amounts / high[basis]]),
        np.concatenate([basis, -1 - np.arange(n_states)]),
        others.copy(),
        least,
    )
    ray = tableau.solve()
    occupancies = np.zeros(part.low.size)
    used = tableau.basics >= 0
    occupancies[tableau.basics[used]] = tableau.amounts[used]
    return Proposal(-tableau.prices[others.size :], np.maximum(occupancies, 0.0), ray)


def best_policy(world: Choices, system: np.ndarray, gains: np.ndarray, policy: np.ndarray) -> np.ndarray:
    """Improve a policy in place until it is the best one for gains of choices; return its values.

    The gains of choices that are not allowed are minus infinity.
    """
    for _ in range(_POLICIES):
        values = np.linalg.solve(system[policy], gains[policy])
        advantage = gains - system @ values
        own = [slice(*world.first[s : s + 2]) for s in range(values.size)]
        better = [s for s in range(values.size) if advantage[own[s]].max() > _IMPROVES]
        for s in better:
            policy[s] = world.first[s] + int(np.argmax(advantage[own[s]]))
        if not better:
            break
    return values


class _Tableau:
    """Basic variables as linear functions of the others: ``amounts`` less ``rows`` times their changes.

    Variables are occupancies of choices, at least 0, and the filled share of the box of each state, numbered -1 - s,
    which is at most 1 and at least a limit. The last columns are those of slack in the flow, which stays 0: their
    prices are the values, with the other sign.
    """

    def __init__(
        self,
        rows: np.ndarray,
        prices: np.ndarray,
        amounts: np.ndarray,
        basics: np.ndarray,
        others: np.ndarray,
        least: np.ndarray,
    ) -> None:
        self.rows, self.prices, self.amounts, self.basics, self.others = rows, prices, amounts, basics, others
        self._least, self._at_top = least, np.zeros(others.size, dtype=bool)

    def solve(self) -> np.ndarray:
        """Pivot until all limits hold; return a ray if they cannot, else zeros."""
        n_states = self._least.size
        for _ in range(_PIVOTS * n_states):
            is_share = self.basics < 0
            low = np.where(is_share, self._least[np.where(is_share, -1 - self.basics, 0)], 0.0)
            missing, excess = low - self.amounts, np.where(is_share, self.amounts - 1.0, -np.inf)
            short = np.maximum(missing, excess)
            row = int(np.argmax(short))
            if short[row] <= _FEASIBLE:
                break
            rises = bool(missing[row] >= excess[row])
            column = self._entering(row, rises)
            if column < 0:
                return self.rows[row, self.others.size :] * (1.0 if rises else -1.0)
            self._pivot(row, column, low[row] if rises else 1.0, not rises)
        return np.zeros(n_states)

    def _entering(self, row: int, rises: bool) -> int:
        """Return the column that mends the limit of a row at the smallest price, -1 if none does."""
        entries = self.rows[row, : self.others.size]
        entries = np.where(self._at_top, -entries, entries) * (1.0 if rises else -1.0)
        able = np.flatnonzero(entries < -_TINY)
        if not able.size:
            return -1
        ratios = np.abs(self.prices[able]) / -entries[able]
        return int(able[np.lexsort((entries[able], ratios))[0]])

    def _pivot(self, row: int, column: int, limit: float, to_top: bool) -> None:
        """Exchange a basic variable, which goes to its limit, with another one."""
        pivot, share = self.rows[row, column], self.basics[row] < 0
        step = (self.amounts[row] - limit) / pivot
        entering = self.others[column]
        before = 0.0
        if entering < 0:
            before = 1.0 if self._at_top[column] else self._least[-1 - entering]
        self.amounts -= step * self.rows[:, column]
        self.amounts[row] = before + step
        self.others[column], self.basics[row] = self.basics[row], entering
        self._at_top[column] = to_top and share
        line, across = self.rows[row] / pivot, self.rows[:, column].copy()
        price = self.prices[column]
        self.rows -= np.outer(across, line)
        self.prices -= price * line
        self.rows[row] = line
        self.rows[:, column] = -across / pivot
        self.rows[row, column], self.prices[column] = 1.0 / pivot, -price / pivot
