"""Models from files of the POMDPX format, which :func:`empowerment.read_pomdp` reads."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from scipy import sparse

from empowerment.adapters.pomdp_format.sizes import PER_LABEL, PER_ROW, MemoryLimit
from empowerment.adapters.pomdp_format.tokens import shortened
from empowerment.adapters.pomdpx.document import Element, Source, parse
from empowerment.adapters.pomdpx.factors import Factor, FactorReader
from empowerment.adapters.pomdpx.product import Cases, follow, numbers, ordered, spread
from empowerment.adapters.pomdpx.variables import Variable, Variables, count, labels, read_variables
from empowerment.models.mdp import MDP
from empowerment.models.pomdp import POMDP

_PARTS = (
    "Description",
    "Discount",
    "Variable",
    "InitialStateBelief",
    "StateTransitionFunction",
    "ObsFunction",
    "RewardFunction",
)


def read_pomdpx(path: str | os.PathLike[str], normalize: bool, most: float) -> tuple[POMDP | MDP, np.ndarray]:
    """Return the model of a file, and by how much sums missed 1 that were rescaled.

    Parameters
    ----------
    path : path-like
    normalize : bool
        Whether probabilities are weights, whatever their sum.
    most : float
        Limit in bytes on the model.
    """
    source = Source(path)
    limit = MemoryLimit(most, source)
    root = parse(source, limit)
    if root.tag != "pomdpx":
        raise root.complaint(f"the root is <{shortened(root.tag)}>, expected <pomdpx>")
    root.only(*_PARTS)
    found = _Model(root, read_variables(root.one("Variable"), limit), limit, normalize)
    model = found.model()
    return model, np.concatenate([np.empty(0), *found.reader.missed])


class _Model:
    """The parts of a model, from the factors of a file."""

    def __init__(self, root: Element, variables: Variables, limit: MemoryLimit, normalize: bool) -> None:
        self._root, self._limit = root, limit
        self.states, self.actions, self.sensors = variables.states, variables.actions, variables.observations
        self._rewards = variables.rewards
        self._before = [state.previous for state in self.states]
        self._after = [state.name for state in self.states]
        self._acts = [action.name for action in self.actions]
        self.n_states, self.n_actions = count(self.states), count(self.actions)
        line = root.one("Variable").line
        what = f"{self.n_states:,} states with {self.n_actions:,} actions"
        limit.check(self.n_states * self.n_actions, PER_ROW, what, line)
        self.reader = FactorReader(variables.by_name, limit, normalize)

    def model(self) -> POMDP | MDP:
        steps, pairs = self._steps()
        transition = steps.matrix(self._after, self.states, self.n_states * self.n_actions)
        sensors = self._sensor_factors()
        options: dict[str, Any] = {
            "states": labels(self.states),
            "actions": labels(self.actions),
            "initial": self._initial(),
            "discount": self._discount(),
        }
        shown = [state for state in self.states if state.is_observed]
        if len(shown) == len(self.states) and not self.sensors:
            return MDP(transition, rewards=self._expected_rewards(steps, pairs, {}), **options)
        observation = self._observation(steps, shown, sensors)
        seen = [*shown, *self.sensors]
        return POMDP(
            transition,
            observation,
            observations=labels(seen) if seen else ["nothing"],
            rewards=self._expected_rewards(steps, pairs, sensors),
            **options,
        )

    def _steps(self) -> tuple[Cases, dict[str, np.ndarray]]:
        """Return what follows on each pair of a state and an action, and the values in these pairs."""
        allowed = {*self._before, *self._after, *self._acts}
        factors = self.reader.distributions(
            self._root.one("StateTransitionFunction"), dict.fromkeys(self._after, "state"), allowed
        )
        names, variables = [*self._before, *self._acts], [*self.states, *self.actions]
        pairs = spread(np.arange(self.n_states * self.n_actions), names, variables)
        return follow(pairs, self.n_states * self.n_actions, ordered(factors), self.reader, self._limit), pairs

    def _sensor_factors(self) -> dict[str, Factor]:
        wanted = {sensor.name: "observation" for sensor in self.sensors}
        element = self._root.one("ObsFunction") if wanted else self._root.optional("ObsFunction")
        if element is None:
            return {}
        return self.reader.distributions(element, wanted, {*self._after, *self._acts})

    def _observation(self, steps: Cases, shown: list[Variable], sensors: dict[str, Factor]) -> sparse.csr_array:
        """Return the distribution of what is seen in each state, after each action if that matters."""
        by_action = any(parent in self._acts for factor in sensors.values() for parent in factor.parents)
        names = [*self._acts, *self._after] if by_action else self._after
        variables: list[Variable] = [*self.actions, *self.states] if by_action else [*self.states]
        n_rows, seen = count(variables), [*shown, *self.sensors]
        self._limit.check(count(seen), PER_LABEL, f"{count(seen):,} observations", self._root.one("Variable").line)
        # Only what occurs must have a distribution.
        occurring = np.unique(numbers(steps.values, names, variables, len(steps.row)))
        given = spread(occurring, names, variables)
        cases = follow(given, len(occurring), sensors.values(), self.reader, self._limit)
        cases.row = occurring[cases.row]
        return cases.matrix([each.name for each in seen], seen, n_rows)

    def _initial(self) -> np.ndarray | None:
        element = self._root.optional("InitialStateBelief")
        if element is None:
            return None
        factors = self.reader.distributions(element, dict.fromkeys(self._before, "state"), set(self._before))
        cases = follow({}, 1, ordered(factors), self.reader, self._limit)
        return np.asarray(cases.matrix(self._before, self.states, 1).toarray())[0]

    def _discount(self) -> float | None:
        element = self._root.optional("Discount")
        if element is None:
            return None
        found = element.numbers("a discount in [0, 1]")
        if len(found) != 1 or not 0 <= found[0] <= 1:
            raise element.complaint(f"found {' '.join(element.words())!r}, expected a discount in [0, 1]")
        return float(found[0])

    def _expected_rewards(
        self, steps: Cases, pairs: dict[str, np.ndarray], sensors: dict[str, Factor]
    ) -> np.ndarray | None:
        """Return the expected reward of each state and action."""
        element = self._root.optional("RewardFunction")
        if element is None:
            return None
        total = np.zeros(self.n_states * self.n_actions)
        for factor in self.reader.rewards(element, self._rewards):
            names, array = factor.names, factor.array
            for name in [name for name in names if name in sensors]:
                names, array = _mean(names, array, name, sensors[name])
            if any(name in self._after for name in names):
                gains = array[tuple(steps.values[name] for name in names)]
                total += np.bincount(steps.row, steps.chance * gains, len(total))
            else:
                total += array[tuple(pairs[name] for name in names)]
        return total.reshape(self.n_states, self.n_actions)


def _mean(names: tuple[str, ...], array: np.ndarray, seen: str, factor: Factor) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the mean of an array over an observation, and the variables of its axes."""
    kept = tuple(dict.fromkeys((*(name for name in names if name != seen), *factor.parents)))
    axis = {name: number for number, name in enumerate((*kept, seen))}
    axes = [[axis[name] for name in each] for each in (names, factor.names, kept)]
    return kept, np.asarray(np.einsum(array, axes[0], factor.array, axes[1], axes[2]))
