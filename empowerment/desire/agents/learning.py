"""Courier that learns its action values from experience."""

from __future__ import annotations

from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.desire.agent import WEALTH
from empowerment.desire.agents.kernels import Experience, Settings
from empowerment.desire.agents.policy_agents import FollowingAgent
from empowerment.desire.desires import checked_will
from empowerment.desire.parameters import DesireParameters
from empowerment.desire.planning import softmax
from empowerment.desire.world import DesireWorld, certain_from
from empowerment.desire.worlds.riders import Riders
from empowerment.runtime.loading import load
from empowerment.runtime.progress import progress_bar
from empowerment.worlds.delivery import (
    OFFERS,
    REFUSE,
    START_HEALTH,
    available_actions,
    delivery_outcomes,
    next_states,
    state_number,
    state_parts,
)

BACKENDS = ("numba", "reference")
_EXPLORATION = 0.2
_STEP, _HALVING, _LEAST_STEP = 0.1, 200.0, 0.005
# Random numbers are drawn for this many steps at a time.
_BATCH = 1 << 18


class QLearningRider(FollowingAgent):
    """Courier that has learned its action values by Q-learning.

    It learns as in [1]_, alone, from one long trajectory that begins in slot 0 with health 8 and no order. In one
    step out of five it tries a random action. Afterwards it does not learn, and draws from the softmax of the learned
    values, as planning riders do.

    Parameters
    ----------
    steps : int
        Number of learning steps. A month has 360 slots.
    will : sequence of float
        The weights of the features in the reward.
    name : str
        Name in results.
    seed : int
        Seed of the random numbers of learning.
    backend : {"numba", "reference"}
        Compiled, or plain Python.
    progress : bool or "auto"
        Show a progress bar during learning. ``"auto"`` shows it on a terminal, once a second has passed.

    See Also
    --------
    DesireAgent : Plans by exact optimal values.
    simulate_agents : Run agents in a world.

    Notes
    -----
    The n-th visit of a state and action, counted from 1, moves its value by a share of ``max(0.1 / (1 + n / 200),
    0.005)`` towards the reward plus the discounted best value of the next state. Random numbers are
    ``numpy.random.default_rng(seed).random((steps, 4))``: for each step, whether to explore, the action of
    exploration, the outcome, and the next offer. An order that cannot be accepted is refused, and learned as refused.
    Actions that were never tried have the value 0. Rewards are those of the outcomes, not their means.

    Such learning converges slowly. After 400,000 steps riders have less health than planning ones and after 4,000,000
    more, each time for less income.

    References
    ----------
    .. [1] C. J. C. H. Watkins and P. Dayan, "Q-learning", Machine Learning 8, 279-292, 1992.

    Examples
    --------
    >>> from empowerment.desire import QLearningRider, Riders, simulate_agents
    >>> simulate_agents(Riders(), QLearningRider(10_000), 12)
    DesireTrace(1 run of 12 steps, 6 agents 'q-learning', desires fixed)
    """

    reads = ("discount", "temperature")

    def __init__(
        self,
        steps: int = 400_000,
        *,
        will: Any = WEALTH,
        name: str = "q-learning",
        seed: int = 0,
        backend: str = "numba",
        progress: bool | str = "auto",
    ) -> None:
        super().__init__(name, will)
        self.steps = validate.positive_int(steps, "steps", most=10**9)
        self.seed = validate.seed(seed)
        self.backend = validate.one_of(backend, BACKENDS, "backend")
        self.progress = validate.progress(progress)
        self._learned: dict[float, np.ndarray] = {}

    def __repr__(self) -> str:
        return f"QLearningRider({self.name!r}, {self.steps} steps)"

    def _make_policy(self, world: DesireWorld, parameters: DesireParameters) -> np.ndarray:
        """Return the softmax of the values that are learned."""
        riders = validate.instance(world, Riders, "world")
        values = np.where(riders.model.available, self.action_values(parameters.discount), -np.inf)
        return softmax(values, parameters.temperature)

    def action_values(self, discount: float = 0.97) -> np.ndarray:
        """Learn the action values of the delivery world.

        Parameters
        ----------
        discount : float
            Weight of a slot relative to the one before, at least 0 and below 1.

        Returns
        -------
        ndarray of shape (528, 3)
            Learned values.
        """
        discount = validate.discount_below_one(discount)
        if discount not in self._learned:
            self._learned[discount] = self._learn(discount)
        return self._learned[discount].copy()

    def _learn(self, discount: float) -> np.ndarray:
        kernel = load(f"empowerment.desire.agents.kernels.{'cpu' if self.backend == 'numba' else self.backend}")
        found = experience(checked_will(self.will, 3))
        settings = Settings(_EXPLORATION, discount, _STEP, _HALVING, _LEAST_STEP)
        values = np.zeros(found.available.shape)
        visits = np.zeros(values.shape, dtype=np.int64)
        rng, state = np.random.default_rng(self.seed), int(state_number(START_HEALTH, 0, 0))
        with progress_bar(self.steps, "learning", "step", self.progress) as advance:
            for begin in range(0, self.steps, _BATCH):
                count = min(_BATCH, self.steps - begin)
                state = kernel.learn(found, settings, rng.random((count, 4)), state, values, visits)
                advance(count)
        return values


def experience(will: np.ndarray) -> Experience:
    """Return what a courier of this will learns from."""
    outcomes = delivery_outcomes()
    n_outcomes, n_offers = outcomes.probability.shape[-1], len(OFFERS)
    _, slot, _ = state_parts()
    after = next_states(outcomes.health[..., None], slot[:, None, None, None], np.arange(n_offers))
    return Experience(
        available_actions(),
        REFUSE,
        certain_from(outcomes.probability.cumsum(axis=-1)).reshape(-1, n_outcomes),
        certain_from(outcomes.offer.cumsum(axis=-1)).reshape(-1, n_offers),
        np.ascontiguousarray((outcomes.features @ will).reshape(-1, n_outcomes)),
        np.ascontiguousarray(after.reshape(-1, n_outcomes, n_offers)),
    )
