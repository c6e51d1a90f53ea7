"""What is found for some states or beliefs where actions react to what is observed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from empowerment.actuation.feedback.bellman import feedback_values
from empowerment.actuation.feedback.bounds import bracket_beliefs, bracket_states
from empowerment.actuation.feedback.directed_capacity import closed_loop
from empowerment.actuation.feedback.policy_trees import polytope_of_states, trees_of_beliefs, trees_of_states
from empowerment.actuation.problem import Hidden
from empowerment.actuation.task import Ends, NoSequenceError, TooManySequencesError
from empowerment.measures.dispatch import Finder, Found, RefusedError, joined

# Bytes of rows in one sum beyond which "auto" gives policy trees up: the time grows with every sum that is near it.
_TREES = 2**27
# Where bounds were asked for, and states times steps are more than this, extreme policies are not looked for.
_STEPS = 10_000


@dataclass(frozen=True)
class FeedbackFinder(Finder):
    """Answers one question for any states of a model whose agent reacts.

    The model, the sensor and the options are those of the same question without reactions, the answer to which is the
    lower end where policies are too many to look at.

    Attributes
    ----------
    hidden : Hidden or None
        None where the agent sees the state. Where it does not, starts are numbered as the beliefs are.
    """

    hidden: Hidden | None = None

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods there are for this question, the one that "auto" tries first among them."""
        if self._sees_what_is_read:
            return ("dynamic-programming",)
        if self.output == "trajectory" and self.hidden is not None and self.hidden.sensor is None:
            return ("column-generation", "soft-dynamic-programming", "sequence-form", "interval")
        return ("policy-trees", "interval")

    @property
    def _sees_what_is_read(self) -> bool:
        """Whether the receiver reads every state that the agent sees."""
        return self.output == "trajectory" and self.hidden is None and self.sensor.name in ("state", "belief")

    def chunk_size(self, count: int) -> int:
        """Return how many of so many starts to answer for at a time; dynamic programming has all states at once."""
        return count if self._sees_what_is_read else super().chunk_size(count)

    def __call__(self, numbers: np.ndarray) -> Found:
        """Return what is found for some starts, as :class:`Finder` does."""
        if self._sees_what_is_read:
            return self._by_dynamic_programming(numbers)
        return joined([self._reacting(number) for number in numbers.tolist()])

    def _by_dynamic_programming(self, numbers: np.ndarray) -> Found:
        dynamics = self._dynamics.around(numbers, self.horizon)
        found = feedback_values(dynamics, self.horizon, self.tol * self.unit, self.backend)
        places = dynamics.places(numbers)
        return joined(
            [
                self._finding(Ends.without_sequences(value, lower, upper, self.horizon), "dynamic-programming")
                if value > -math.inf
                else self._nothing("dynamic-programming")
                for value, lower, upper in np.stack(found[:3], axis=1)[places].tolist()
            ]
        )

    def _reacting(self, number: int) -> Found:
        method = self.methods[0] if self.method == "auto" else self.method
        try:
            if method == "interval":
                return self._finding(_both(self._bracket_of(number), self._polytope_of(number)), "interval")
            return self._finding(self._exactly(number, method), method)
        except NoSequenceError:
            return self._nothing(method)
        except (MemoryError, TooManySequencesError) as reason:
            if self.method != "auto":
                raise RefusedError(number, str(reason)) from None
            known = getattr(reason, "known", None)
        try:
            return self._finding(_both(self._bracket_of(number), known), "interval")
        except NoSequenceError:
            return self._nothing("interval")

    @cached_property
    def _without_reactions(self) -> Finder:
        return self if self.method == "auto" else replace(self, method="auto")

    def _start_of(self, number: int) -> int:
        """Return the state of the world without reactions that a start is in."""
        return number if self.hidden is None else int(self.hidden.starts[number])

    def _exactly(self, number: int, method: str) -> Ends:
        task, dynamics, _ = self._task(self._start_of(number))
        if method == "policy-trees" and self.method == "auto":
            task = task._replace(memory=min(task.memory, _TREES))
        if self.hidden is None:
            return trees_of_states(task, dynamics, self.output)
        model, belief, sensor = self.hidden.model, self.hidden.beliefs[number], self.hidden.sensor
        if method == "policy-trees":
            return trees_of_beliefs(task, model, belief, sensor, self.output)
        limits = {"tol": task.tol, "rtol": task.rtol, "memory": task.memory}
        return closed_loop(model, belief, task.horizon, backend=task.backend, method=method, **limits)

    def _polytope_of(self, number: int) -> Ends | None:
        task, dynamics, _ = self._task(self._start_of(number))
        if self.hidden is not None or self.output != "final" or not 0 < self.horizon * dynamics.n_columns <= _STEPS:
            return None
        return polytope_of_states(task._replace(memory=min(task.memory, _TREES)), dynamics)

    def _bracket_of(self, number: int) -> Ends:
        task, dynamics, tools = self._task(self._start_of(number))
        plain = self._without_reactions._of_state(self._start_of(number))
        value, lower, upper = (float(plain[name][0]) * self.unit for name in ("value", "lower", "upper"))
        open_loop = Ends.without_sequences(value, lower, upper, self.horizon)
        if self.hidden is None:
            return bracket_states(task, dynamics, open_loop, tools, self.output)
        model, belief, sensor = self.hidden.model, self.hidden.beliefs[number], self.hidden.sensor
        return bracket_beliefs(task, model, belief, open_loop, self.output, sensor)


def _both(one: Ends, other: Ends | None) -> Ends:
    """Return the narrowest interval that two that hold the same value leave."""
    if other is None:
        return one
    best = max(one, other, key=lambda ends: ends.lower)
    upper = max(min(one.upper, other.upper), best.lower)
    return best._replace(value=min(best.value, upper), upper=upper)
