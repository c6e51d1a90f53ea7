"""Interventions: every message in every step of runs without messages, and the choices that follow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from empowerment.capacity.solve import channel_capacity
from empowerment.core import validate
from empowerment.desire.agent import DesireAgent
from empowerment.desire.appraisal import EMOTIONS, name_emotions
from empowerment.desire.desires import update_desire
from empowerment.desire.influence.context import CALM, TIMED, UNTIMED
from empowerment.desire.mind import Mind, feel
from empowerment.desire.parameters import DesireParameters
from empowerment.desire.planning import Plans
from empowerment.desire.simulation import Chain, check_fit, follow, random_numbers
from empowerment.desire.world import DesireWorld

CONTEXTS = (TIMED, CALM, UNTIMED, *EMOTIONS)
# Desires planned for at a time.
_BATCH = 512


class Asked:
    """Map from the states after a step to the states in which the choice is computed."""

    def __init__(self, world: DesireWorld, asked: Any) -> None:
        if not callable(asked):
            raise TypeError(f"asked is {validate.shown(asked)}, expected a function of a state")
        self._model, self._asked = world.model, asked
        self._known = np.full(world.model.n_states, -1)

    def numbers(self, states: np.ndarray) -> np.ndarray:
        """Return the numbers of the states in which the choice is computed."""
        for number in np.flatnonzero(np.bincount(states.reshape(-1), minlength=len(self._known))).tolist():
            if self._known[number] < 0:
                self._known[number] = self._number(self._model.states[number])
        return self._known[states]

    def _number(self, label: Any) -> int:
        number = self._model.state_index(self._asked(label))
        if not self._model.available[number].any():
            raise ValueError(
                f"asked({label!r}) is {self._model.states[number]!r}, in which nothing can be done, expected a state "
                "with a choice"
            )
        return number


class Question(NamedTuple):
    """Settings of the experiment."""

    world: DesireWorld
    parameters: DesireParameters
    messages: np.ndarray
    receptivity: float
    asked: Asked
    n_steps: int
    base: float
    tol: float


class Sums(NamedTuple):
    """Sums over the contexts of one will, for each seed; axes (context, seed, ...)."""

    chances: np.ndarray
    apart: np.ndarray
    counts: np.ndarray


def over_contexts(question: Question, agent: DesireAgent, seeds: tuple[int, ...]) -> Sums:
    """Send every message in every context of runs without messages, and sum the results."""
    world, parameters = question.world, question.parameters
    will, uniforms = check_fit(world, agent, parameters), random_numbers(world, question.n_steps, seeds)
    mind = Mind.at_rest(will, (len(seeds), world.n_agents))
    chain = follow(world, agent, world.begin(uniforms[0]), mind, uniforms[1:], parameters=parameters, will=will)
    chances = _responses(question, agent.plans(world, parameters), will, chain)
    event, names = chain.minds.event[1:], name_emotions(chain.minds.emotion[1:])
    masks = {TIMED: event, CALM: ~event, UNTIMED: np.ones_like(event)}
    chosen = np.stack([masks[name] if name in masks else event & (names == name) for name in CONTEXTS])
    apart = _capacities(chances, question.base, question.tol)
    # One after the other, so that what is equal for all messages adds up to what is equal to the last digit.
    added = [(chances * mask[None, ..., None]).sum(axis=(1, 3)) for mask in chosen]
    return Sums(
        chances=np.stack(added).swapaxes(1, 2),
        apart=np.stack([(apart * mask).sum(axis=(1, 3)).T for mask in chosen]),
        counts=chosen.sum(axis=(1, 3)),
    )


def _responses(question: Question, plans: Plans, will: np.ndarray, chain: Chain) -> np.ndarray:
    """Compute the probabilities of choices, of shape (message, step, run, agent, choice).

    If a message changes no desire its probabilities are those of silence, to the last digit.
    """
    before, silent = (Mind(*(array[part] for array in chain.minds)) for part in (slice(-1), slice(1, None)))
    asked = question.asked.numbers(chain.positions.state[1:])
    unmoved = _chances(plans, silent.desire, asked)
    found = np.empty((len(question.messages), *unmoved.shape))
    for number, message in enumerate(question.messages):
        found[number] = unmoved
        if not message.any():
            continue
        desire = _desire_after(question, before, silent, chain, will, message)
        affected = np.ones_like(silent.event) if question.receptivity else silent.event
        found[number][affected] = _chances(plans, desire[affected], asked[affected])
    return found


def _desire_after(
    question: Question, before: Mind, silent: Mind, chain: Chain, will: np.ndarray, message: np.ndarray
) -> np.ndarray:
    """Compute the desires after a message in every context."""
    parameters, outcomes = question.parameters, chain.outcomes
    updated = feel(
        before,
        outcomes.changes,
        outcomes.rank,
        outcomes.levels,
        wanted=question.world.wanted,
        will=will,
        parameters=parameters,
        message=message,
    )
    if not question.receptivity:
        return updated.desire
    # No intensity, and no time for what events did to fade: those belong to events.
    calm_desire = update_desire(
        before.desire,
        will,
        question.receptivity * message,
        np.ones(silent.event.shape),
        np.zeros(silent.event.shape, dtype=np.int64),
        replace(parameters, intensity=False),
    )
    return np.where(silent.event[..., None], updated.desire, calm_desire)


def _chances(plans: Plans, desires: np.ndarray, states: np.ndarray) -> np.ndarray:
    """Compute the probabilities of actions, of shape (..., n_actions); one problem for each distinct desire."""
    flat = desires.reshape(-1, desires.shape[-1])
    distinct, number = np.unique(flat, axis=0, return_inverse=True)
    order = np.argsort(number.reshape(-1), kind="stable")
    number, state = number.reshape(-1)[order], states.reshape(-1)[order]
    found = np.empty((len(flat), plans.cumulated.shape[-1]))
    for first in range(0, len(distinct), _BATCH):
        policies = plans.numbers(distinct[first : first + _BATCH])
        here = slice(*np.searchsorted(number, [first, first + _BATCH]))
        cumulated = np.minimum(plans.cumulated[policies[number[here] - first], state[here]], 1.0)
        found[order[here]] = np.diff(cumulated, axis=-1, prepend=0.0)
    return found.reshape(*desires.shape[:-1], found.shape[-1])


def _capacities(chances: np.ndarray, base: float, tol: float) -> np.ndarray:
    """Compute value, lower and upper end of each context's capacity, of shape (3, step, run, agent).

    If all messages have the same effect it is exactly 0.
    """
    found = np.zeros((3, *chances.shape[1:-1]))
    differ = (chances != chances[:1]).any(axis=(0, -1))
    if differ.any():
        own = channel_capacity(np.moveaxis(chances[:, differ], 0, 1).copy(), base=base, tol=tol)
        found[:, differ] = own.value, own.lower, own.upper
    return found
