"""A courier's day: orders to accept or to refuse, rest, wear, and now and then a crash."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from empowerment.core.layout import GridLayout
from empowerment.models.mdp import MDP

N_SLOTS, MOST_HEALTH = 12, 10
OFFERS = ("none", "near", "mid", "far")
ACTIONS = ("accept", "refuse", "rest")
ACCEPT, REFUSE, REST = range(3)
START_HEALTH = 8

_PEAK_SLOTS = (0, 1, 6, 7, 8)
_NIGHT = 4
# What follows is written down twice, for slots off the peak and at the peak.
_OFFER_CHANCES = np.array([[0.30, 0.35, 0.20, 0.15], [0.05, 0.30, 0.30, 0.35]])
_PAY = np.array([[0, 4, 8, 12], [0, 4, 8, 16]])
_CRASH_CHANCES = np.array([[0, 0.005, 0.01, 0.02], [0, 0.01, 0.02, 0.04]])
_CRASH_HARM, _FRAIL = 5, 3  # up to this health crashes are twice as likely
_WEAR: tuple[tuple[dict[int, float], ...], ...] = (
    ({}, {0: 0.5, -1: 0.5}, {-1: 1.0}, {-1: 0.5, -2: 0.5}),
    ({}, {0: 0.5, -1: 0.5}, {-1: 0.5, -2: 0.5}, {-1: 0.25, -2: 0.5, -3: 0.25}),
)
_RECOVERY = {1: 0.5, 2: 0.5}
_RESTED_MISSES = 0.4  # the share of offers that a rest lets pass
_PASSED_UP = 0.25
_MOST_OUTCOMES = 4


class DeliveryOutcomes(NamedTuple):
    """Outcomes of actions before the next offer and the night, for every state and action.

    The axes are (state, action, outcome). Outcomes of accepting begin with the crash; then come those of wear, in
    increasing order. Unused entries have probability 0.

    Attributes
    ----------
    probability : ndarray of shape (528, 3, 4)
        Probability of the outcome.
    health : ndarray of int of shape (528, 3, 4)
        Health afterwards, before the night.
    pay : ndarray of shape (528, 3, 4)
        Pay of the slot.
    delivered : ndarray of bool of shape (528, 3, 4)
        Whether an order was delivered.
    offer : ndarray of shape (528, 3, 4)
        Probabilities of the next offer, the last axis. They depend on the action and not on its outcome.
    features : ndarray of shape (528, 3, 4, 3)
        Reward of each outcome for the desires for income, health and standing.
    """

    probability: np.ndarray
    health: np.ndarray
    pay: np.ndarray
    delivered: np.ndarray
    offer: np.ndarray
    features: np.ndarray


def delivery() -> MDP:
    """Make a courier's working day, after the riders of a published study.

    The study is [1]_. A day has 12 slots. In each there is no order, or a near, mid or far one, which the courier
    accepts or refuses; or it rests. Far orders have the highest pay, the most wear and the most crashes. A crash
    costs 5 of at most 10 points of health and the pay, a rest restores 1 or 2, the night 4. In the rush hours (slots
    0, 1, 6, 7, 8) there are more orders, mostly far ones, with higher pay and more wear. A courier that rests misses
    two offers in five. Every number is this library's; the source names the trade-off only.

    Returns
    -------
    MDP
        States (health, slot, offer), 528 of them, with health 0 to 10 and an offer out of "none", "near", "mid" and
        "far"; actions "accept" (which needs an order, and health above 0), "refuse" and "rest". The day begins in
        slot 0 with health 8.

    See Also
    --------
    delivery_features : Rewards for the desires for income, health and standing.
    delivery_env : The same world as a Gymnasium environment.
    empowerment.desire.Riders : Several couriers with desires.

    References
    ----------
    .. [1] arXiv:2510.13195, whose couriers choose between orders, income and health.

    Examples
    --------
    >>> import empowerment as emp
    >>> world = emp.worlds.delivery()
    >>> world
    MDP(528 states, 3 actions, stochastic)
    >>> emp.empowerment(world, 1, states=(8, 0, "far"), sensor=lambda state: state[0]).value.round(4)
    array([1.585])
    """
    health, slot, offer = state_parts()
    n_states = health.size
    outcomes = delivery_outcomes()
    transition = np.zeros((n_states, len(ACTIONS), n_states))
    rows, columns = np.arange(n_states)[:, None], np.arange(len(ACTIONS))
    for k in range(_MOST_OUTCOMES):
        for o in range(len(OFFERS)):
            after = next_states(outcomes.health[..., k], slot[:, None], o)
            transition[rows, columns, after] += outcomes.probability[..., k] * outcomes.offer[..., o]
    first = np.zeros(n_states)
    first[state_number(START_HEALTH, 0, np.arange(len(OFFERS)))] = offer_chances()[0]
    return MDP(
        transition,
        states=[(int(h), int(t), OFFERS[o]) for h, t, o in zip(health, slot, offer, strict=True)],
        actions=ACTIONS,
        available=available_actions(),
        initial=first,
        layout=_layout(health, slot),
    )


def _layout(health: np.ndarray, slot: np.ndarray) -> GridLayout:
    """Return the map of health against slots, in which a cell holds the states of all offers."""
    cells = tuple(zip(health.tolist(), slot.tolist(), strict=True))
    return GridLayout((MOST_HEALTH + 1, N_SLOTS), cells, origin="lower", axes=("health", "slot"), name="delivery")


def delivery_features() -> np.ndarray:
    """Compute the expected reward of each action of :func:`delivery` for three desires.

    Returns
    -------
    ndarray of shape (528, 3, 3)
        The desires are those for income, health and standing: a tenth of the pay; ``1 - (1 - health / 10) ** 2``
        before the night; 1 for an order delivered, minus a quarter for one that is offered and not accepted.

    See Also
    --------
    delivery : The world.
    empowerment.desire.Riders : Couriers with these desires.

    Examples
    --------
    >>> import empowerment as emp
    >>> features = emp.worlds.delivery_features()
    >>> features[emp.worlds.delivery().state_index((8, 0, "far"))].round(3)
    array([[ 1.536,  0.822,  0.96 ],
           [ 0.   ,  0.96 , -0.25 ],
           [ 0.   ,  0.995, -0.25 ]])
    """
    outcomes = delivery_outcomes()
    return np.einsum("sak,sakf->saf", outcomes.probability, outcomes.features)


@cache
def delivery_outcomes() -> DeliveryOutcomes:
    """Return the outcomes of actions; accepting where it is impossible counts as refusing."""
    health, slot, offer = state_parts()
    shape = (health.size, len(ACTIONS), _MOST_OUTCOMES)
    probability, change = np.zeros(shape), np.zeros(shape, dtype=np.int64)
    pay, delivered = np.zeros(shape), np.zeros(shape, dtype=bool)
    probability[:, [ACCEPT, REFUSE], 0] = 1.0
    probability[:, REST, : len(_RECOVERY)] = list(_RECOVERY.values())
    change[:, REST, : len(_RECOVERY)] = list(_RECOVERY)
    peak = is_peak(slot).astype(int)
    for state in np.flatnonzero((offer > 0) & (health > 0)):
        wear = _WEAR[peak[state]][offer[state]]
        crash = _CRASH_CHANCES[peak[state], offer[state]] * (2 if health[state] <= _FRAIL else 1)
        count = 1 + len(wear)
        probability[state, ACCEPT, :count] = [crash, *(chance * (1 - crash) for chance in wear.values())]
        change[state, ACCEPT, :count] = [-_CRASH_HARM, *wear]
        delivered[state, ACCEPT, 1:count] = True
        pay[state, ACCEPT, 1:count] = _PAY[peak[state], offer[state]]
    after = np.clip(health[:, None, None] + change, 0, MOST_HEALTH)
    passed_up = np.broadcast_to((offer > 0)[:, None], shape[:2]).copy()
    passed_up[:, ACCEPT] &= health == 0
    well = 1 - (1 - after / MOST_HEALTH) ** 2
    features = np.stack([pay / 10, well, delivered - _PASSED_UP * passed_up[..., None]], axis=-1)
    coming = offer_chances()[(slot + 1) % N_SLOTS]
    rested = (1 - _RESTED_MISSES) * coming
    rested[:, 0] += _RESTED_MISSES
    outcomes = DeliveryOutcomes(
        probability, after, pay, delivered, np.stack([coming, coming, rested], axis=1), features
    )
    for array in outcomes:
        array.setflags(write=False)
    return outcomes


def offer_chances() -> np.ndarray:
    """Return the probability of each offer in each slot, of shape (12, 4)."""
    return _OFFER_CHANCES[is_peak(np.arange(N_SLOTS)).astype(int)]


def available_actions() -> np.ndarray:
    """Return the available actions, of shape (528, 3): accepting requires an order, and health above 0."""
    health, _, offer = state_parts()
    available = np.ones((health.size, len(ACTIONS)), dtype=bool)
    available[:, ACCEPT] = (offer > 0) & (health > 0)
    return available


def is_peak(slot: np.ndarray) -> np.ndarray:
    """Return which slots are rush hours."""
    return np.isin(slot, _PEAK_SLOTS)


def state_number(health: np.ndarray | int, slot: np.ndarray | int, offer: np.ndarray | int) -> np.ndarray:
    """Return the numbers of states."""
    return np.asarray((health * N_SLOTS + slot) * len(OFFERS) + offer)


def state_parts(number: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return health, slot and offer of states, by default of all."""
    if number is None:
        number = np.arange((MOST_HEALTH + 1) * N_SLOTS * len(OFFERS))
    rest, offer = np.divmod(number, len(OFFERS))
    return (*np.divmod(rest, N_SLOTS), offer)


def next_states(health: np.ndarray, slot: np.ndarray, offer: np.ndarray | int) -> np.ndarray:
    """Return the numbers of the next states: a slot later, and after the last one a night of rest."""
    last = slot == N_SLOTS - 1
    rested = np.minimum(health + np.where(last, _NIGHT, 0), MOST_HEALTH)
    return state_number(rested, (slot + 1) % N_SLOTS, offer)
