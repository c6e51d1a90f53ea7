"""The statements of a .POMDP file, one after the other, into arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from empowerment.adapters.pomdp_rewards import ALL, Place, RewardLine
from empowerment.adapters.pomdp_tokens import HEADS, NAMES, Tokens, is_name

KINDS = ("state", "action", "observation")


class Table:
    """Probabilities of an outcome for each action and state, and on which line they were given.

    Attributes
    ----------
    values : ndarray of shape (n_actions, n_states, n_outcomes)
    lines : ndarray of int of shape (n_actions, n_states)
        0 where no line said anything.
    outcome : str
        What the outcomes are: "state" or "observation".
    """

    def __init__(self, n_actions: int, n_states: int, n_outcomes: int, outcome: str) -> None:
        self.values = np.zeros((n_actions, n_states, n_outcomes))
        self.lines = np.zeros((n_actions, n_states), dtype=np.int64)
        self.outcome = outcome


class Parser:
    """What a file says. Sums are not checked here.

    Attributes
    ----------
    discount : float or None
    is_cost : bool
        Whether rewards are costs.
    labels : dict of str to tuple
        Of each kind, "state", "action" and "observation".
    start : ndarray of shape (n_states,) or None
    start_line : int
    transition, observation : Table
    rewards : list of RewardLine
    """

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.discount: float | None = None
        self.is_cost = False
        self.labels: dict[str, tuple[Any, ...]] = {}
        self.start: np.ndarray | None = None
        self.start_line = 0
        self.rewards: list[RewardLine] = []
        self._number_of: dict[str, dict[Any, int]] = {}
        self._seen: set[str] = set()
        self._read_all()

    def _read_all(self) -> None:
        statements = {
            "discount": self._read_discount,
            "values": self._read_values,
            "states": lambda: self._read_labels("state"),
            "actions": lambda: self._read_labels("action"),
            "observations": lambda: self._read_labels("observation"),
            "start": self._read_start,
            "T": lambda: self._read_table(self.transition),
            "O": lambda: self._read_table(self.observation),
            "R": self._read_reward,
        }
        while self.tokens.word:
            if self.tokens.word not in statements:
                hint = "; the statement before is complete without it" if self._seen else ""
                raise self.tokens.error(f"one of {', '.join(f'{head}:' for head in HEADS)}", hint)
            self._check_order(self.tokens.word)
            head = self.tokens.take()
            if head != "start":  # which may be followed by "include" or "exclude"
                self.tokens.expect(":")
            statements[head]()
        self._check_order("T")

    def _check_order(self, head: str) -> None:
        """Check that a statement of the preamble comes once, and what another needs before it."""
        if head in HEADS[:6] and head in self._seen:
            raise self.tokens.complaint(f"found {head!r} a second time, expected it once", self.tokens.line)
        self._seen.add(head)
        needed = {"start": ("states",), "T": HEADS[2:5], "O": HEADS[2:5], "R": HEADS[2:5]}.get(head, ())
        missing = [name for name in needed if name not in self._seen]
        if missing:
            raise self.tokens.error(f"'{missing[0]}:' before it")

    def _read_discount(self) -> None:
        self.discount = self.tokens.probability("a discount")

    def _read_values(self) -> None:
        if self.tokens.word not in ("reward", "cost"):
            raise self.tokens.error("'reward' or 'cost'")
        self.is_cost = self.tokens.take() == "cost"

    def _read_labels(self, kind: str) -> None:
        if self.tokens.word.isdecimal():
            if int(self.tokens.word) == 0:
                raise self.tokens.error(f"at least one {kind}")
            self._enter(kind, range(int(self.tokens.take())))
            return
        numbers: dict[str, int] = {}
        while self.tokens.word not in ("", *HEADS):
            if not is_name(self.tokens.word):
                raise self.tokens.error(f"the name of a {kind}", f"; a name is {NAMES}")
            if self.tokens.word in numbers:
                raise self.tokens.error(f"names of {kind}s that differ")
            numbers[self.tokens.take()] = len(numbers)
        if not numbers:
            raise self.tokens.error(f"how many {kind}s there are, or their names")
        self._enter(kind, numbers)

    def _enter(self, kind: str, labels: Iterable[Any]) -> None:
        """Note the labels of a kind; the last of the three makes room for the tables."""
        self.labels[kind] = tuple(labels)
        self._number_of[kind] = {label: number for number, label in enumerate(self.labels[kind])}
        if len(self.labels) == 3:
            n_states, n_actions, n_observations = (len(self.labels[kind]) for kind in KINDS)
            self.transition = Table(n_actions, n_states, n_states, "state")
            self.observation = Table(n_actions, n_states, n_observations, "observation")

    def _read_start(self) -> None:
        self.start_line = self.tokens.line
        n_states = len(self.labels["state"])
        if self.tokens.skip(":"):
            self.start = self._start_vector(n_states)
            return
        if self.tokens.word not in ("include", "exclude"):
            raise self.tokens.error("':', 'include:' or 'exclude:'")
        chosen = np.full(n_states, self.tokens.take() == "exclude")
        listed = not chosen[0]
        self.tokens.expect(":")
        while self.tokens.word not in ("", *HEADS):
            chosen[self._element("state", wildcard=False)] = listed
        if not chosen.any():
            raise self.tokens.error("states that leave at least one to start in")
        self.start = chosen / chosen.sum()

    def _start_vector(self, n_states: int) -> np.ndarray:
        """Return what stands after "start:", where a whole number that stands alone is that of a state."""
        if self.tokens.skip("uniform"):
            return np.full(n_states, 1 / n_states)
        if not self.tokens.at_number():
            return np.asarray(np.eye(n_states)[self._element("state", wildcard=False)])
        first, values = self.tokens.word, []
        while self.tokens.at_number():
            values.append(self.tokens.number())
        if len(values) == 1 and first.isdecimal() and 1 <= int(first) < n_states:
            return np.asarray(np.eye(n_states)[int(first)])
        if len(values) == 1 and first == "0":
            return np.asarray(np.eye(n_states)[0])
        if len(values) != n_states or not all(0 <= value <= 1 for value in values):
            raise self.tokens.complaint(
                f"found {values[0]:g} and {len(values) - 1} more numbers, expected {n_states} probabilities "
                "in [0, 1] or the number of one state",
                self.start_line,
            )
        return np.array(values)

    def _read_table(self, table: Table) -> None:
        line = self.tokens.line
        place: tuple[Place, ...] = (self._element("action"),)
        for kind in ("state", table.outcome):
            if self.tokens.skip(":"):
                place += (self._element(kind),)
            else:
                break
        table.values[place] = self._block(table.values.shape[len(place) :], table.outcome)
        table.lines[place[:2]] = line

    def _block(self, shape: tuple[int, ...], outcome: str) -> Any:
        """Return the probabilities of a single outcome, of a row or of a matrix, or what a word stands for."""
        word = self.tokens.word
        if shape and self.tokens.skip("uniform"):
            return 1 / shape[-1]
        if len(shape) == 2 and shape[0] == shape[1] and self.tokens.skip("identity"):
            return np.eye(shape[0])
        if len(shape) == 1 and outcome == "state" and word == "reset":
            if self.start is None:
                raise self.tokens.error("'start:' before it")
            self.tokens.take()
            return self.start
        return self._numbers(shape, "probabilities", self.tokens.probability)

    def _numbers(self, shape: tuple[int, ...], what: str, read: Callable[[], float]) -> np.ndarray:
        """Return as many numbers as the shape has room for; more of them are met by the next statement."""
        values: list[float] = []
        count = math.prod(shape)
        while len(values) < count and self.tokens.at_number():
            values.append(read())
        if len(values) < count:
            raise self.tokens.error(f"{count} {what}, of which there are {len(values)}" if shape else "a number")
        return np.reshape(values, shape)

    def _read_reward(self) -> None:
        action = self._element("action")
        self.tokens.expect(":")
        state = self._element("state")
        after: Place = ALL
        seen: Place = ALL
        shape: tuple[int, ...] = self.observation.values.shape[1:]
        if self.tokens.skip(":"):
            after, shape = self._element("state"), shape[1:]
            if self.tokens.skip(":"):
                seen, shape = self._element("observation"), ()
        self.rewards.append(
            RewardLine(action, state, after, seen, self._numbers(shape, "rewards", self.tokens.number))
        )

    def _element(self, kind: str, wildcard: bool = True) -> Place:
        """Return the number of the state, action or observation at the cursor, or all of them, and go on."""
        word, count = self.tokens.word, len(self.labels[kind])
        if word == "*" and wildcard:
            self.tokens.take()
            return ALL
        number = int(word) if word.isdecimal() else self._number_of[kind].get(word, count)
        if number >= count:
            names = ", ".join(map(str, self.labels[kind][:6])) + (", …" if count > 6 else "")
            raise self.tokens.error(f"one of the {count} {kind}s {names}" + (", or *" if wildcard else ""))
        self.tokens.take()
        return number
