"""Courier that keeps several values near their targets, as desire-driven agents by language models do."""

from __future__ import annotations

import numpy as np

from empowerment.core import validate
from empowerment.desire.agent import Actor
from empowerment.desire.parameters import DesireParameters
from empowerment.desire.world import DesireWorld, Outcome
from empowerment.desire.worlds.riders import Riders
from empowerment.worlds.delivery import delivery_outcomes

# Income, health and standing.
_FALL = np.array([1.5, 1.0, 0.5])
_WANTED = 7.0 + _FALL
_START, _MOST = 7.0, 10.0
_PAY = 4.0
_INCOME, _HEALTH, _STANDING = range(3)


class ValueTrackingRider:
    """Courier that tracks accounts of income, health and standing, and minimizes their expected deficit.

    It has the structure of D2A [1]_, without a language model: values that decrease by themselves, a target for each,
    and the action that is expected to bring them nearest. There a model judges the effect of an activity on the
    values; here the world's own tables do. Both accounts begin at 7 and stay between 0 and 10; health is that of the
    courier. Income rises by a quarter of the pay, standing by 1 for each delivered order. After each slot income
    falls by 1 or 2 and standing by 0 or 1, with equal probabilities: by the larger step if the random number of the
    choice is below 1/2. The targets are 8.5 for income, 8 for health and 7.5 for standing. Every number is this
    library's.

    Parameters
    ----------
    name : str
        Name in results.

    See Also
    --------
    DesireAgent : An agent with desires.
    compare_agents : Compare kinds of agents.

    Notes
    -----
    The account belongs to the courier, so the choice is no function of the world's state: this agent has no policy.
    It looks one slot ahead, and does not expect that values decrease.

    References
    ----------
    .. [1] Y. Wang et al., "Simulating human-like daily activities with desire-driven autonomy", arXiv:2412.06435.

    Examples
    --------
    >>> from empowerment.desire import Riders, ValueTrackingRider, simulate_agents
    >>> trace = simulate_agents(Riders(), ValueTrackingRider(), 12)
    >>> trace.records["pay"].sum(axis=1).astype(int)
    array([[48, 64, 44, 52, 48, 36]])
    """

    will = None
    moved = False

    def __init__(self, name: str = "d2a-like") -> None:
        self.name = validate.text(name, "name")

    def __repr__(self) -> str:
        return f"ValueTrackingRider({self.name!r})"

    def begin(self, world: DesireWorld, parameters: DesireParameters) -> Actor:
        """Return the courier at work, with the initial accounts; see :meth:`Agent.begin`."""
        return _Tracking(validate.instance(world, Riders, "world"))


class _Tracking:
    """Accounts of all couriers in all runs."""

    def __init__(self, world: Riders) -> None:
        outcomes = delivery_outcomes()
        self._available = world.model.available
        self._chance = outcomes.probability
        self._health = outcomes.health.astype(np.float64)
        self._rise = np.stack([outcomes.pay / _PAY, outcomes.delivered.astype(np.float64)])
        self._account: np.ndarray = np.empty(0)
        self._uniforms = np.empty(0)

    def choose(self, states: np.ndarray, desires: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        if self._account.size == 0:
            self._account = np.full((2, *states.shape), _START)
        self._uniforms = uniforms
        lacking = np.maximum(0.0, _WANTED[_HEALTH] - self._health[states])
        for account, rise, wanted in zip(
            self._account, self._rise, (_WANTED[_INCOME], _WANTED[_STANDING]), strict=True
        ):
            after = np.minimum(account[..., None, None] + rise[states], _MOST)
            lacking += np.maximum(0.0, wanted - after)
        expected = np.where(self._available[states], (self._chance[states] * lacking).sum(axis=-1), np.inf)
        return np.asarray(expected.argmin(axis=-1))

    def observe(self, outcome: Outcome) -> None:
        gained = np.stack([outcome.records["pay"] / _PAY, outcome.records["delivered"].astype(np.float64)])
        self._account = np.minimum(self._account + gained, _MOST)
        for account, fall in zip(self._account, (_FALL[_INCOME], _FALL[_STANDING]), strict=True):
            whole = np.floor(fall)
            account -= whole + (self._uniforms < fall - whole)
        np.maximum(self._account, 0.0, out=self._account)
