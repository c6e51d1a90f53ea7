"""Several couriers, each in the delivery world, who are ranked by their income."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from empowerment.core import validate
from empowerment.desire.desires import checked_wanted
from empowerment.desire.world import Outcome, certain_from, drawn, ranks
from empowerment.worlds.delivery import (
    N_SLOTS,
    START_HEALTH,
    delivery,
    delivery_features,
    delivery_outcomes,
    next_states,
    offer_chances,
    state_number,
    state_parts,
)

SLOTS_PER_DAY = N_SLOTS
# What one is paid at the start, and how fast that follows what one earns.
_FIRST_PACE, _FOLLOWING = 5.0, 0.2
WANTED = (4.0, 7.0, 0.25)


class RiderPosition(NamedTuple):
    """Positions of riders; axes (..., rider).

    Attributes
    ----------
    state : ndarray of int
        Number of the state in the delivery world.
    pace : ndarray
        Recent pay of a slot: an exponential mean.
    income : ndarray
        Total pay of all slots.
    """

    state: np.ndarray
    pace: np.ndarray
    income: np.ndarray


class Riders:
    """Couriers of the delivery world, coupled by their ranks alone.

    Three variables have targets: the pace of income, health, and the percentile of income among the riders. Changes
    of pace and of health, the latter before the night, are appraised. Total income never falls, so its changes could
    never cause displeasure; the pace can fall.

    Parameters
    ----------
    n_riders : int
        Number of riders.
    wanted : sequence of three float
        Targets of pace (pay a slot), health and percentile, each above 0.

    See Also
    --------
    empowerment.worlds.delivery : The world of one courier.
    simulate_agents : Run agents in a world.
    Students, FeatureWorld : Other worlds.

    Notes
    -----
    A slot uses three random numbers of each rider: the choice, the outcome, the next offer. An order that cannot be
    accepted is refused.

    Examples
    --------
    >>> from empowerment.desire import Riders
    >>> riders = Riders()
    >>> riders.model, riders.desires
    (MDP(528 states, 3 actions, stochastic), ('income', 'health', 'standing'))
    """

    desires: tuple[str, ...] = ("income", "health", "standing")
    appraised: tuple[str, ...] = ("pace", "health")
    n_draws = 2

    def __init__(self, n_riders: int = 6, wanted: tuple[float, float, float] = WANTED) -> None:
        self.n_agents = validate.positive_int(n_riders, "n_riders", most=1000)
        self.wanted = checked_wanted(wanted, len(self.desires))
        self.model = delivery()
        self.features = delivery_features()
        self.health, slot, _ = state_parts()
        self.order = np.argsort(-slot, kind="stable")
        outcomes = delivery_outcomes()
        self._n_outcomes = outcomes.probability.shape[-1]
        self._outcome = certain_from(outcomes.probability.cumsum(axis=-1)).reshape(-1, self._n_outcomes)
        self._offer = certain_from(outcomes.offer.cumsum(axis=-1)).reshape(-1, outcomes.offer.shape[-1])
        self._first_offer = certain_from(offer_chances()[0].cumsum())
        self._health_after, self._pay = outcomes.health.reshape(-1), outcomes.pay.reshape(-1)
        self._change_of_health = (outcomes.health - self.health[:, None, None]).reshape(-1).astype(np.float64)
        self._arrived = next_states(outcomes.health, slot[:, None, None], 0).reshape(-1)
        self._delivered = outcomes.delivered.reshape(-1)
        self._realised = outcomes.features.reshape(-1, len(self.desires))

    def __repr__(self) -> str:
        return f"Riders({self.n_agents} riders)"

    def begin(self, uniforms: np.ndarray) -> RiderPosition:
        """Return riders in slot 0 with health 8 and random first offers; see :meth:`DesireWorld.begin`."""
        offer = drawn(self._first_offer, uniforms[..., 0])
        return RiderPosition(
            state_number(START_HEALTH, 0, offer), np.full(offer.shape, _FIRST_PACE), np.zeros(offer.shape)
        )

    def step(
        self, position: RiderPosition, actions: np.ndarray, uniforms: np.ndarray
    ) -> tuple[RiderPosition, Outcome]:
        """Return riders in the next slot, and the outcome of this one; see :meth:`DesireWorld.step`."""
        row = position.state * self.model.n_actions + actions
        outcome = row * self._n_outcomes + drawn(self._outcome[row], uniforms[..., 0])
        offer = drawn(self._offer[row], uniforms[..., 1])
        after, pay = self._health_after[outcome], self._pay[outcome]
        change_of_pace = _FOLLOWING * (pay - position.pace)
        pace, income = position.pace + change_of_pace, position.income + pay
        rank = ranks(income)
        arrived = RiderPosition(self._arrived[outcome] + offer, pace, income)
        brought = Outcome(
            levels=_side_by_side(pace, after, rank),
            changes=_side_by_side(change_of_pace, self._change_of_health[outcome]),
            rank=rank,
            features=self._realised[outcome],
            records={"pay": pay, "health": after, "delivered": self._delivered[outcome]},
        )
        return arrived, brought


def _side_by_side(*columns: np.ndarray) -> np.ndarray:
    """Stack arrays along a new last axis; faster than `numpy.stack` for small ones."""
    found = np.empty((*columns[0].shape, len(columns)))
    for place, column in enumerate(columns):
        found[..., place] = column
    return found
