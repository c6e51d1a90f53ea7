"""Rewards of a sparse model of Storm, as expected rewards of choices."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from empowerment.adapters.storm.choices import Choices, csr
from empowerment.core import validate


def choice_rewards(model: Any, choices: Choices, name: str | None) -> np.ndarray | None:
    """Return the expected reward of each choice, None if no reward model is read.

    Parameters
    ----------
    model : stormpy.models.SparseModel
    choices : Choices
    name : str or None
        Name of the reward model; None takes the only one.

    Warns
    -----
    UserWarning
        If there are several and none is chosen.
    """
    known = dict(model.reward_models)
    if name is not None:
        validate.one_of(name, sorted(known), "reward")
    elif len(known) > 1:
        listed = ", ".join(map(repr, sorted(known)))
        warnings.warn(
            f"the model has {len(known)} reward models, {listed}, of which none is read; reward= names one of them",
            UserWarning,
            stacklevel=3,
        )
        return None
    elif not known:
        return None
    found = known[next(iter(known)) if name is None else name]
    rewards = np.zeros(len(choices.state))
    if found.has_state_rewards:
        rewards += np.array([float(value) for value in found.state_rewards])[choices.state]
    if found.has_state_action_rewards:
        rewards += np.array([float(value) for value in found.state_action_rewards])
    if found.has_transition_rewards:
        gains = csr(found.transition_rewards, choices.rows.shape[1])
        rewards += np.asarray(choices.rows.multiply(gains).sum(axis=1)).reshape(-1)
    return rewards
