"""Models written in the POMDPX format, and random ones with the arrays that they must become."""

from itertools import product

import numpy as np


def table(array, values, rng):
    """Write a factor as a table: the first axes by their values, the others by '-', over entries to be overridden."""
    entries = [f"<Entry><Instance>{' '.join('*' * array.ndim)}</Instance><ProbTable>0.5</ProbTable></Entry>"]
    split = int(rng.integers(0, array.ndim))
    for index in product(*(range(n) for n in array.shape[:split])):
        words = [values[axis][i] for axis, i in enumerate(index)] + ["-"] * (array.ndim - split)
        numbers = " ".join(repr(float(x)) for x in array[index].reshape(-1))
        entries.append(f"<Entry><Instance> {' '.join(words)} </Instance><ProbTable>{numbers}</ProbTable></Entry>")
    return f'<Parameter type="TBL">{"".join(entries)}</Parameter>'


def diagram(array, names, values):
    """Write a factor as a diagram that asks for the variables from the last one to the first."""

    def node(axis, fixed):
        if axis < 0:
            return f"<Terminal>{float(array[tuple(fixed)])!r}</Terminal>"
        edges = "".join(
            f'<Edge val="{value}">{node(axis - 1, (i, *fixed))}</Edge>' for i, value in enumerate(values[axis])
        )
        return f'<Node var="{names[axis]}">{edges}</Node>'

    return f'<Parameter type="DD"><DAG>{node(array.ndim - 1, ())}</DAG></Parameter>'


def document(variables, initial, steps, sensors, rewards, discount=0.9):
    """Put a file together."""
    parts = {"InitialStateBelief": initial, "StateTransitionFunction": steps, "ObsFunction": sensors}
    text = "".join(f"<{tag}>{''.join(content)}</{tag}>" for tag, content in parts.items() if content)
    text += f"<RewardFunction>{''.join(rewards)}</RewardFunction>" if rewards else ""
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<!-- a model -->\n<pomdpx version="1.0" id="m">'
    return f"{head}<Discount>{discount}</Discount><Variable>{variables}</Variable>\n{text}</pomdpx>\n"


def factor(name, parents, parameter, tag="CondProb"):
    """Write a distribution, or with the tag Func a reward."""
    return f"<{tag}><Var>{name}</Var><Parent>{' '.join(parents) or 'null'}</Parent>{parameter}</{tag}>\n"


def pomdpx_of(model):
    """Write an MDP with one observed state variable."""
    n_states, n_actions = model.n_states, model.n_actions
    variables = (
        f'<StateVar vnamePrev="x_0" vnameCurr="x_1" fullyObs="true"><NumValues>{n_states}</NumValues></StateVar>'
        f'<ActionVar vname="act"><NumValues>{n_actions}</NumValues></ActionVar><RewardVar vname="gain"/>'
    )
    entries, gains = [], []
    for state, action in product(range(n_states), range(n_actions)):
        numbers = " ".join(repr(float(x)) for x in model.to_dense()[state, action])
        entries.append(f"<Entry><Instance>a{action} s{state} -</Instance><ProbTable>{numbers}</ProbTable></Entry>")
        gain = f"<ValueTable>{float(model.rewards[state, action])!r}</ValueTable>"
        gains.append(f"<Entry><Instance>a{action} s{state}</Instance>{gain}</Entry>")
    step = factor("x_1", ["act", "x_0"], f"<Parameter>{''.join(entries)}</Parameter>")
    gain = factor("gain", ["act", "x_0"], f"<Parameter>{''.join(gains)}</Parameter>", "Func")
    return document(variables, [], [step], [], [gain])


class RandomFile:
    """A random file of several variables, and the arrays of its model by enumeration.

    Attributes
    ----------
    text : str
    states, actions, observations : list of tuple
        The combinations of values; observations first of observed states, then of sensors.
    """

    def __init__(self, seed):
        rng = self._rng = np.random.default_rng(seed)
        self._sizes = {f"x{i}_1": int(rng.integers(1, 4)) for i in range(rng.integers(1, 4))}
        self._after = list(self._sizes)
        self._before = [name.replace("_1", "_0") for name in self._after]
        self._sizes |= {before: self._sizes[after] for before, after in zip(self._before, self._after, strict=True)}
        self._acts, self._seen = (
            [f"{kind}{i}" for i in range(rng.integers(least, 3))] for kind, least in (("act", 1), ("see", 0))
        )
        self._sizes |= {name: int(rng.integers(1, 4)) for name in (*self._acts, *self._seen)}
        self._observed = [name for name in self._after if rng.random() < 0.4]
        self._factors, parts = {}, {}
        parts["initial"] = self._written(self._before, lambda i: self._before[:i])
        parts["steps"] = self._written(self._after, lambda i: [*self._before, *self._acts, *self._after[:i]])
        parts["sensors"] = self._written(self._seen, lambda i: [*self._after, *self._acts])
        self._reward_parents = self._some([*self._before, *self._after, *self._acts, *self._seen]) or self._acts[:1]
        self._gains = rng.normal(size=[self._sizes[name] for name in self._reward_parents]).round(3)
        gain = self._parameter(self._gains, self._reward_parents)
        parts["rewards"] = [factor("gain", self._reward_parents, gain, "Func")]
        order = {part: list(rng.permutation(parts[part])) for part in ("initial", "steps", "sensors")}
        self.text = document(self._variables(), **order, rewards=parts["rewards"])
        self.states, self.actions = self._labels(self._after), self._labels(self._acts)
        self.observations = self._labels([*self._observed, *self._seen])

    def _values(self, name):
        return [f"{name[0]}{name[1:2]}v{i}" for i in range(self._sizes[name])]

    def _labels(self, names):
        return list(product(*map(self._values, names)))

    def _some(self, names):
        return [name for name in names if self._rng.random() < 0.5]

    def _parameter(self, array, names):
        values = [self._values(name) for name in names]
        return table(array, values, self._rng) if self._rng.random() < 0.5 else diagram(array, names, values)

    def _written(self, names, candidates):
        found = []
        for place, name in enumerate(names):
            parents = self._some(candidates(place))
            shape = [self._sizes[parent] for parent in parents]
            array = self._rng.dirichlet(np.full(self._sizes[name], 0.5), size=shape)
            self._factors[name] = parents, array
            found.append(factor(name, parents, self._parameter(array, [*parents, name])))
        return found

    def _variables(self):
        def listed(name):
            return f"<ValueEnum>{' '.join(self._values(name))}</ValueEnum>"

        states = "".join(
            f'<StateVar vnamePrev="{before}" vnameCurr="{after}" fullyObs="{str(after in self._observed).lower()}">'
            f"{listed(after)}</StateVar>"
            for before, after in zip(self._before, self._after, strict=True)
        )
        others = ((self._acts, "ActionVar"), (self._seen, "ObsVar"))
        rest = "".join(f'<{tag} vname="{name}">{listed(name)}</{tag}>' for names, tag in others for name in names)
        return states + rest + '<RewardVar vname="gain"/>'

    def _chance(self, names, at):
        """The probability of the values of some variables, one factor after the other."""
        chance = 1.0
        for name in names:
            parents, array = self._factors[name]
            chance *= array[tuple(at[each] for each in (*parents, name))]
        return chance

    def _places(self, names):
        return [dict(zip(names, index, strict=True)) for index in product(*(range(self._sizes[n]) for n in names))]

    def arrays(self):
        """The transition, the observation, the initial distribution and the rewards, entry by entry."""
        before, after, acts = self._places(self._before), self._places(self._after), self._places(self._acts)
        seen = self._places([*self._observed, *self._seen])
        transition = [[[self._chance(self._after, s | a | t) for t in after] for a in acts] for s in before]
        observation = [
            [
                [
                    self._chance(self._seen, a | t | o) if all(t[k] == o[k] for k in self._observed) else 0.0
                    for o in seen
                ]
                for t in after
            ]
            for a in acts
        ]
        rewards = np.zeros((len(before), len(acts)))
        for (i, s), (j, a), (k, t) in product(enumerate(before), enumerate(acts), enumerate(after)):
            for o in seen:
                at = s | a | t | o
                agrees = all(t[name] == o[name] for name in self._observed)
                chance = transition[i][j][k] * self._chance(self._seen, at) * agrees
                rewards[i, j] += chance * self._gains[tuple(at[name] for name in self._reward_parents)]
        initial = [self._chance(self._before, s) for s in before]
        return np.array(transition), np.array(observation), np.array(initial), rewards
