"""A courier that climbs its own empowerment."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from empowerment.control.value_policies import greedy_policy
from empowerment.core import validate
from empowerment.desire.agents.policy_agents import FollowingAgent
from empowerment.desire.parameters import DesireParameters
from empowerment.desire.world import DesireWorld
from empowerment.desire.worlds.riders import Riders
from empowerment.measures.state_empowerment import empowerment
from empowerment.models.mdp import MDP
from empowerment.worlds.delivery import OFFERS, delivery, delivery_outcomes, next_states, state_parts

# What a unit of the counter is worth in pay, and how many a slot brings at most.
_UNIT, _MOST_A_SLOT = 4, 4


class EmpoweredRider(FollowingAgent):
    """Courier that climbs the empowerment of its earnings and its health.

    Its empowerment is the capacity of the channel from the actions of several slots to the pair of the earnings since
    their beginning, in units of 4, and the health at their end. It takes the action with the largest expected
    empowerment of the next state; the first of several.

    Parameters
    ----------
    horizon : int
        Number of slots.
    name : str
        Name in results.

    See Also
    --------
    empowerment.empowerment : Computes the values.
    earning_courier : The world with the counter of earnings.
    PolicyAgent : Follows any policy.

    Notes
    -----
    Empowerment is not well-being. It is largest at low health: near full health resting and refusing have the same
    effect, because health is bounded. Such a courier hardly works, and hardly rests.

    Examples
    --------
    >>> from empowerment.desire import EmpoweredRider, Riders
    >>> riders = Riders()
    >>> rider = EmpoweredRider(1)
    >>> rider.values()[riders.model.state_indices([(8, 0, "far"), (10, 0, "none")])].round(6)
    array([1.584963, 0.      ])
    """

    def __init__(self, horizon: int = 3, *, name: str = "empowerment") -> None:
        super().__init__(name)
        self.horizon = validate.positive_int(horizon, "horizon", most=20)
        self._values: np.ndarray | None = None

    def __repr__(self) -> str:
        return f"EmpoweredRider({self.name!r}, horizon={self.horizon})"

    def _make_policy(self, world: DesireWorld, parameters: DesireParameters) -> np.ndarray:
        """Return the policy that climbs empowerment."""
        riders = validate.instance(world, Riders, "world")
        return greedy_policy(riders.model, self.values()).probabilities

    def values(self) -> np.ndarray:
        """Compute the empowerment of each state of the delivery world.

        Returns
        -------
        ndarray of shape (528,)
            Empowerment in bits.
        """
        if self._values is None:
            world = earning_courier(self.horizon * _MOST_A_SLOT)
            starts = [state for state in world.states if state[-1] == 0]
            found = empowerment(world, self.horizon, states=starts, sensor=_earned_and_health, progress=False)
            self._values = np.array(found.value)
        return self._values.copy()


def earning_courier(most: int) -> MDP:
    """Make the delivery world with a counter of earnings.

    Parameters
    ----------
    most : int
        The largest count, at which the counter stays.

    Returns
    -------
    MDP
        States (health, slot, offer, count), with the count in units of 4.

    See Also
    --------
    EmpoweredRider : Uses this world.
    empowerment.worlds.delivery : The world without the counter.

    Examples
    --------
    >>> from empowerment.desire import earning_courier
    >>> earning_courier(2).n_states // 528
    3
    """
    most = validate.positive_int(most, "most", most=1000)
    plain, outcomes = delivery(), delivery_outcomes()
    _, slot, _ = state_parts()
    n_counts, n_rows = most + 1, plain.n_states * plain.n_actions
    earned = (outcomes.pay / _UNIT).astype(np.int64).reshape(n_rows, -1)
    after = next_states(outcomes.health[..., None], slot[:, None, None, None], np.arange(len(OFFERS)))
    chance = outcomes.probability[..., None] * outcomes.offer[..., None, :]
    row, outcome, _ = np.nonzero(chance.reshape(n_rows, -1, len(OFFERS)))
    after, chance = after.reshape(chance.shape)[chance > 0], chance[chance > 0]
    state, action = np.divmod(row, plain.n_actions)
    count = np.arange(n_counts)[:, None]
    rows = (state * n_counts + count) * plain.n_actions + action
    columns = after * n_counts + np.minimum(count + earned[row, outcome], most)
    entries = np.broadcast_to(chance, rows.shape).reshape(-1)
    shape = n_rows * n_counts, plain.n_states * n_counts
    return MDP(
        sparse.coo_array((entries, (rows.reshape(-1), columns.reshape(-1))), shape=shape).tocsr(),
        states=[(*label, count) for label in plain.states for count in range(n_counts)],
        actions=plain.actions,
        available=np.repeat(plain.available, n_counts, axis=0),
    )


def _earned_and_health(state: tuple[int, int, str, int]) -> tuple[int, int]:
    health, _, _, earned = state
    return earned, health
