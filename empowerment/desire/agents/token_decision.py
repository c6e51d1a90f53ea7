"""Decisions by a language model from a description of the state and the desires and a menu of actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from string import ascii_uppercase
from types import MappingProxyType
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.desire.world import DesireWorld
from empowerment.text.influence.person import ask_person
from empowerment.text.token_model import TokenModel, check_model
from empowerment.worlds.delivery import ACCEPT, MOST_HEALTH, N_SLOTS, OFFERS, delivery_outcomes, is_peak, state_number

ASK = "{situation}\nYou may:\n{menu}\nYour choice:"
"""What is asked by default."""

# The least weight of each word.
_WORDS = ((0.65, "above all"), (0.45, "a lot"), (0.25, "quite"), (0.1, "a little"), (0.0, "hardly"))


class TokenModelDecision:
    """Decisions of a language model among the actions of a state, for an agent with desires.

    It is an argument `decide` of :class:`DesireAgent`. The prompt describes the state and the desires in words,
    followed by a menu with a letter for each available action, such as "A accept", "B refuse", "C rest". The
    probabilities of the letters after the prompt, divided by their sum, are those of the actions. If only one action
    is available the model is not asked.

    Parameters
    ----------
    model : TokenModel
        A model of tier SCORE.
    world : DesireWorld
        The world of the agent.
    describe : callable, optional
        Given the label of a state, and a mapping from the names of desires to their weights, returns them in words.
        By default :func:`describe_state`, for any world; :func:`describe_rider` is for couriers. Equal prompts are
        asked once, so a coarser description needs fewer requests.
    ask : str
        The prompt, with the placeholders ``{situation}`` and ``{menu}``; the letter follows it.
    before_letter : str
        Text between the prompt and a letter, usually a space.
    accept_rounding : bool
        Accept the probabilities of a model that rounds as they are reported. If each letter is one token, the
        rounding is a common factor and cancels.

    Attributes
    ----------
    answers : mapping from str to ndarray of shape (n_actions,)
        Every prompt that was asked, with the probabilities of the actions.

    Raises
    ------
    ValueError
        If there are more actions than letters, or the prompt lacks a placeholder.

    See Also
    --------
    DesireAgent : The agent that uses these decisions.
    empowerment.text.ask_person : The same kind of prompt, for a table of responses.

    Notes
    -----
    The mass of tokens other than the letters is dropped, and a model may prefer letters for their own sake. The
    choices of a small model depend little on the description.

    Examples
    --------
    >>> from empowerment.desire import DesireAgent, Riders, TokenModelDecision, simulate_agents
    >>> from empowerment.text import TableModel
    >>> riders, model = Riders(), TableModel({"": {" A": 0.6, " B": 0.1, " C": 0.3}})
    >>> decision = TokenModelDecision(model, riders)
    >>> print(decision.prompt(riders.model.state_index((8, 0, "none")), [0.7, 0.2, 0.1]))
    Your state is (8, 0, 'none').
    What matters to you: income above all, health a little, standing a little.
    You may:
    B refuse
    C rest
    Your choice:
    >>> simulate_agents(riders, DesireAgent(decide=decision), 12)
    DesireTrace(1 run of 12 steps, 6 agents 'desire', ... events)
    """

    def __init__(
        self,
        model: TokenModel,
        world: DesireWorld,
        describe: Callable[[Any, Mapping[str, float]], str] | None = None,
        *,
        ask: str = ASK,
        before_letter: str = " ",
        accept_rounding: bool = False,
    ) -> None:
        check_model(model)
        validate.offers(world, ("model", "desires"), "world", "a world of desires, such as Riders()")
        describe = describe_state if describe is None else describe
        if not callable(describe):
            raise TypeError(f"describe is {validate.shown(describe)}, expected a function of a state and a desire")
        ask = validate.text(ask, "ask")
        if any(ask.count(place) != 1 for place in ("{situation}", "{menu}")):
            raise ValueError(f"ask is {validate.shown(ask)}, expected a text with {{situation}} and {{menu}} in it")
        if world.model.n_actions > len(ascii_uppercase):
            raise ValueError(
                f"world has {world.model.n_actions} actions, expected at most {len(ascii_uppercase)}, one a letter"
            )
        self.model, self.world, self.describe, self.ask = model, world, describe, ask
        self.before_letter = validate.text(before_letter, "before_letter")
        self.accept_rounding = validate.flag(accept_rounding, "accept_rounding")
        self._answers: dict[str, np.ndarray] = {}

    @property
    def answers(self) -> Mapping[str, np.ndarray]:
        """Every prompt that was asked, with the probabilities of the actions."""
        return MappingProxyType(self._answers)

    def __repr__(self) -> str:
        return f"TokenModelDecision({self.model.name}, {len(self._answers)} prompts asked)"

    def prompt(self, state: int, desire: Any) -> str:
        """Return the prompt for a state and a desire.

        Parameters
        ----------
        state : int
            Number of a state.
        desire : array_like of shape (n_desires,)
            Weights of the desires.

        Returns
        -------
        str
            The prompt.
        """
        mdp, names = self.world.model, self.world.desires
        weights = validate.distribution(desire, len(names), "desire")
        number = validate.whole(state)
        if number is None or not 0 <= number < mdp.n_states:
            raise ValueError(f"state is {validate.shown(state)}, expected the number of one of {mdp.n_states} states")
        situation = self.describe(mdp.states[number], dict(zip(names, weights.tolist(), strict=True)))
        menu = "\n".join(
            f"{ascii_uppercase[a]} {mdp.actions[a]}" for a in np.flatnonzero(mdp.available[number]).tolist()
        )
        return self.ask.replace("{menu}", menu).replace("{situation}", validate.text(situation, "describe(...)"))

    def __call__(self, state: int, desire: Any) -> np.ndarray:
        """Return the probabilities of actions.

        Parameters
        ----------
        state : int
            Number of a state.
        desire : array_like of shape (n_desires,)

        Returns
        -------
        ndarray of shape (n_actions,)
            0 for actions that are missing.

        Raises
        ------
        TokenModelError
            If the model gives no answer.
        """
        prompt = self.prompt(state, desire)
        there = np.flatnonzero(self.world.model.available[state])
        if len(there) == 1:
            return np.eye(self.world.model.n_actions)[there[0]]
        if prompt not in self._answers:
            found = np.zeros(self.world.model.n_actions)
            found[there] = self._chances(prompt, [self.before_letter + ascii_uppercase[a] for a in there])
            found.setflags(write=False)
            self._answers[prompt] = found
        return self._answers[prompt].copy()

    def _chances(self, prompt: str, letters: list[str]) -> np.ndarray:
        table = ask_person(
            self.model,
            lambda message, will: message,
            [prompt],
            ["own"],
            letters,
            mode="menu",
            end="",
            accept_rounding=self.accept_rounding,
        )
        return np.asarray(table.responses[0, 0])


def describe_state(state: Any, desire: Mapping[str, float]) -> str:
    """Describe a state and a desire in words, for any world: the state's label, and a word for each weight.

    Parameters
    ----------
    state : hashable
        Label of a state.
    desire : mapping from str to float
        Weights by the names of the desires.

    Returns
    -------
    str
        The description.

    See Also
    --------
    describe_rider : Describe the state of a courier.
    TokenModelDecision : Uses descriptions.

    Examples
    --------
    >>> from empowerment.desire import describe_state
    >>> print(describe_state("at home", {"rest": 0.7, "fame": 0.3}))
    Your state is 'at home'.
    What matters to you: rest above all, fame quite.
    """
    return f"Your state is {state!r}.\n{_desire_in_words(desire)}"


def describe_rider(state: Any, desire: Mapping[str, float]) -> str:
    """Describe the state and the desire of a courier in words.

    Parameters
    ----------
    state : tuple
        Health, slot and offer, as the states of :func:`empowerment.worlds.delivery`.
    desire : mapping from str to float
        Weights by the names of the desires.

    Returns
    -------
    str
        The description.

    See Also
    --------
    describe_state : Describe the state of any world.
    TokenModelDecision : Uses descriptions.

    Examples
    --------
    >>> from empowerment.desire import describe_rider
    >>> print(describe_rider((8, 0, "far"), {"income": 0.5, "health": 0.45, "standing": 0.05}))
    You are a courier. Your health is 8 of 10. It is hour 1 of 12, a rush hour.
    You are offered a far order that pays 16.
    What matters to you: income a lot, health a lot, standing hardly.
    """
    try:
        health, slot, offer = state
        known = 0 <= health <= MOST_HEALTH and 0 <= slot < N_SLOTS and offer in OFFERS
    except (TypeError, ValueError):
        known = False
    if not known:
        raise ValueError(
            f"state is {validate.shown(state)}, expected (health, slot, offer) as in the delivery world; "
            "describe_state is for any world"
        )
    rush = ", a rush hour" if is_peak(np.array(slot)) else ""
    pay = delivery_outcomes().pay[state_number(health, slot, OFFERS.index(offer)), ACCEPT].max()
    order = "There is no order." if offer == OFFERS[0] else f"You are offered a {offer} order that pays {pay:g}."
    if offer != OFFERS[0] and health == 0:
        order = f"There is a {offer} order, but you are too unwell to take it."
    return (
        f"You are a courier. Your health is {health} of {MOST_HEALTH}. It is hour {slot + 1} of {N_SLOTS}{rush}.\n"
        f"{order}\n{_desire_in_words(desire)}"
    )


def _desire_in_words(desire: Mapping[str, float]) -> str:
    if not isinstance(desire, Mapping):
        raise TypeError(f"desire is {validate.shown(desire)}, expected a mapping from names of desires to weights")
    weights = {name: validate.probability(weight, f"desire[{name!r}]") for name, weight in desire.items()}
    parts = [f"{name} {next(word for least, word in _WORDS if weight >= least)}" for name, weight in weights.items()]
    return f"What matters to you: {', '.join(parts)}."
