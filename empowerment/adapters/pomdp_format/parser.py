"""The statements of a .POMDP file, one after the other."""

from __future__ import annotations

import difflib
import math

from empowerment.adapters.pomdp_format.names import Elements, read_elements
from empowerment.adapters.pomdp_format.overrides import Coordinates
from empowerment.adapters.pomdp_format.probabilities import Rows, Table, given_rows, identity_rows
from empowerment.adapters.pomdp_format.rewards import RewardTable
from empowerment.adapters.pomdp_format.sizes import PER_ROW, MemoryLimit
from empowerment.adapters.pomdp_format.start import Start, read_start
from empowerment.adapters.pomdp_format.tokens import DUST, HEADS, Range, Tokens

_PREAMBLE, _BODY = HEADS[:6], HEADS[6:]
_DISCOUNT = Range("a discount", 0.0, 1.0, "in [0, 1]")
_PROBABILITIES = Range(
    "probabilities",
    0.0,
    1.0,
    "in [0, 1]",
    "; pass normalize=True to take entries above -1e-12 as 0 and to divide distributions by their sums",
)
_WEIGHTS = Range("weights", -DUST, math.inf, "of at least 0")
_REWARDS = Range("rewards")


class Parser:
    """Content of a file. Sums are not checked here.

    Parameters
    ----------
    tokens : Tokens
        The words of the file.
    limit : MemoryLimit
        Limit on the memory.
    normalize : bool
        Whether numbers of at least 0 are weights, whatever their sum.

    Attributes
    ----------
    discount : float or None
    is_cost : bool
        Whether rewards are costs.
    states, actions : Elements
    observations : Elements or None
        None in a file of an MDP.
    start : Start or None
    transition : Table
    observation : Table or None
    rewards : RewardTable
    size_line : int
        Where the last of the sizes of the model is given.
    """

    def __init__(self, tokens: Tokens, limit: MemoryLimit, normalize: bool) -> None:
        self.tokens = tokens
        self._limit = limit
        self._weights = _WEIGHTS if normalize else _PROBABILITIES
        self._weight = self._weights._replace(name="a number")
        self.discount: float | None = None
        self.is_cost = False
        self.start: Start | None = None
        self.observations: Elements | None = None
        self.observation: Table | None = None
        self._reset_row: Rows | None = None
        self._seen: set[str] = set()
        self.size_line = 1
        self._read_all()

    def _read_all(self) -> None:
        read = {
            "discount": self._read_discount,
            "values": self._read_values,
            "states": self._read_states,
            "actions": self._read_actions,
            "observations": self._read_observations,
            "start": self._read_start,
            "T": self._read_transition,
            "O": self._read_observation,
            "R": self._read_reward,
        }
        while self.tokens.word:
            head = self.tokens.word
            if head not in read:
                raise self._unknown_statement()
            self._check_order(head)
            self.tokens.take()
            if head != "start":  # which may be followed by "include" or "exclude"
                self.tokens.expect(":")
            read[head]()
        if self._seen.isdisjoint(_BODY):
            self._begin_body()

    def _unknown_statement(self) -> ValueError:
        tokens = self.tokens
        if tokens.word == "agents":
            return tokens.error(
                "the .POMDP format, which describes one agent",
                "; this is a Dec-POMDP file: write "
                "one agent's view of it, with the other agents' policies in the probabilities",
            )
        if not tokens.word[0].isalpha():
            hint = "; the statement before is complete without it" if self._seen else ""
        else:
            heads = {head.lower(): head for head in HEADS}
            nearest = difflib.get_close_matches(tokens.word.lower(), heads, n=1)
            hint = "; it is an unknown statement" + (f", the nearest is '{heads[nearest[0]]}:'" if nearest else "")
        return tokens.error(f"one of {', '.join(f'{head}:' for head in HEADS)}", hint)

    def _check_order(self, head: str) -> None:
        """Check that a statement of the preamble occurs once, and after those that it needs."""
        if head in _PREAMBLE and head in self._seen:
            raise self.tokens.complaint(f"found {head!r} a second time, expected it once", self.tokens.line)
        if head in _BODY and self._seen.isdisjoint(_BODY):
            self._begin_body()
        if head in ("states", "actions", "observations"):
            self.size_line = self.tokens.line
        if head == "observations" and not self._seen.isdisjoint(_BODY):
            raise self.tokens.error("it before the first 'T:' or 'R:'", "; what follows a file without it is an MDP")
        if head == "start":
            self._require("states")
        if head == "O":
            self._require("observations", "; a file without it describes an MDP, which has no 'O:'")
        self._seen.add(head)

    def _require(self, head: str, hint: str = "") -> None:
        if head not in self._seen:
            raise self.tokens.error(f"'{head}:' before it", hint)

    def _begin_body(self) -> None:
        """Make the tables, once the numbers of states, actions and observations are known."""
        self._require("states")
        self._require("actions")
        n_actions, n_states = len(self.actions), len(self.states)
        n_observations = 1 if self.observations is None else len(self.observations)
        shape = n_actions, n_states, n_states, n_observations
        what = f"{n_states:,} states with {n_actions:,} actions"
        self._limit.check(n_states * n_actions, PER_ROW, what, self.size_line)
        self._limit.check_entries(shape, self.size_line)
        self.transition = Table("T", n_actions, n_states, self.states, self._limit)
        self.rewards = RewardTable(shape)
        if self.observations is not None:
            self.observation = Table("O", n_actions, n_states, self.observations, self._limit)

    def _read_discount(self) -> None:
        self.discount = self.tokens.number(_DISCOUNT)

    def _read_values(self) -> None:
        if self.tokens.word not in ("reward", "cost"):
            raise self.tokens.error("'reward' or 'cost'")
        self.is_cost = self.tokens.take() == "cost"

    def _read_states(self) -> None:
        self.states = read_elements("state", self.tokens, self._limit)

    def _read_actions(self) -> None:
        self.actions = read_elements("action", self.tokens, self._limit)

    def _read_observations(self) -> None:
        self.observations = read_elements("observation", self.tokens, self._limit)

    def _read_start(self) -> None:
        self.start = read_start(self.states, self.tokens, self._weights)

    def _read_transition(self) -> None:
        self._read_table(self.transition)

    def _read_observation(self) -> None:
        if self.observation is not None:
            self._read_table(self.observation)

    def _read_table(self, table: Table) -> None:
        line = self.tokens.line
        coordinates: Coordinates = (self.actions.read(self.tokens),)
        for elements in (self.states, table.outcomes):
            if not self.tokens.skip(":"):
                break
            coordinates = (*coordinates, elements.read(self.tokens))
        if len(coordinates) == 3:
            table.add_entry(coordinates, max(0.0, self.tokens.number(self._weight)), line)
            return
        n_outcomes = len(table.outcomes)
        n_rows = len(self.states) if len(coordinates) == 1 else 1
        if self.tokens.skip("uniform"):
            table.add_constant(coordinates, 1 / n_outcomes, line)
        elif len(coordinates) == 1 and n_rows == n_outcomes and self.tokens.skip("identity"):
            table.add_rows(coordinates, identity_rows(n_rows), line)
        elif len(coordinates) == 2 and table is self.transition and self.tokens.word == "reset":
            table.add_rows(coordinates, self._read_reset(), line)
        else:
            hint = self._hint_about_rows(n_rows, n_outcomes)
            numbers = self._numbers(n_rows * n_outcomes, self._weights, hint)
            table.add_rows(coordinates, given_rows(numbers, n_outcomes), line)

    def _hint_about_rows(self, n_rows: int, n_columns: int) -> str:
        """Explain a word at the cursor that is not expected here."""
        word = self.tokens.word
        if word == "identity":
            return f"; 'identity' stands for a square matrix, here are {n_rows} x {n_columns} numbers wanted"
        if word == "reset":
            return "; 'reset' stands for the row 'T: action : state'"
        if word in self.states:
            return "; write ':' between an action and a state"
        if word.lower() in ("uniform", "identity", "reset"):
            return f"; the format's own word is {word.lower()!r}"
        return ""

    def _read_reset(self) -> Rows:
        if self.start is None:
            raise self.tokens.error("'start:' before it")
        self.tokens.take()
        if self._reset_row is None:
            self._reset_row = given_rows(self.start.values, len(self.states))
        return self._reset_row

    def _numbers(self, count: int, wanted: Range, hint: str = "") -> list[float]:
        """Read `count` numbers; further ones are read by the next statement."""
        values = self.tokens.numbers(count, wanted)
        if len(values) < count:
            wanted_text = f"{count} {wanted.name}, of which there are {len(values)}" if count > 1 else "a number"
            raise self.tokens.error(wanted_text, hint or self.tokens.hint_about_colon)
        return values

    def _read_reward(self) -> None:
        coordinates: Coordinates = (self.actions.read(self.tokens),)
        if self.observations is not None or self.tokens.word == ":":
            self.tokens.expect(":")
            coordinates = (*coordinates, self.states.read(self.tokens))
            if self.tokens.skip(":"):
                coordinates = (*coordinates, self.states.read(self.tokens))
                if self.tokens.skip(":"):
                    coordinates = (*coordinates, self._read_observed())
        count = self.rewards.count(coordinates)
        hint = "; 'R: action : state : * : * number' gives all of them the same" if count > 1 else ""
        self.rewards.add(coordinates, self._numbers(count, _REWARDS, hint))

    def _read_observed(self) -> int | None:
        """Read the observation of a reward; in a file of an MDP there is none, and '*' is allowed."""
        if self.observations is not None:
            return self.observations.read(self.tokens)
        if not self.tokens.skip("*"):
            raise self.tokens.error(
                "'*'", "; without 'observations:' the file is one of an MDP, where nothing is observed"
            )
        return None
