"""MDPs and POMDPs of Storm: ``from_storm``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import sparse

from empowerment.adapters.outcomes import SUM_TOLERANCE
from empowerment.adapters.storm.choices import NONE, Choices, absorbing, action_names, choices_of, table_of_choices
from empowerment.adapters.storm.files import sparse_model
from empowerment.adapters.storm.labels import valuation_labels
from empowerment.adapters.storm.rewards import choice_rewards
from empowerment.core import validate
from empowerment.models.mdp import MDP
from empowerment.models.pomdp import POMDP

# What is said of the models that are no MDP, by the names that Storm has for them.
_OTHER_KINDS = {
    "CTMC": "a CTMC, whose time is continuous; of its jumps alone, stormpy.transformations."
    "transform_to_discrete_time_model(model, [])[0] makes a chain that can be passed",
    "MA": "a Markov automaton, whose time is continuous; of its jumps alone, stormpy.transformations."
    "transform_to_discrete_time_model(model, [])[0] makes an MDP that can be passed",
    "SMG": "a game of several players, expected one agent's view: replace the choices of the other players by "
    "probabilities",
}


def from_storm(
    model: Any,
    *,
    constants: Mapping[str, Any] | None = None,
    terminal: str | Sequence[str] | None = None,
    reward: str | None = None,
    normalize: bool = False,
) -> MDP | POMDP:
    """Make a model of a file of the PRISM language, of JANI or DRN, or of a sparse model of Storm.

    Needs stormpy 2 (``pip install "stormpy>=2"``), the Python library of the model checker Storm.

    Parameters
    ----------
    model : path-like, or program or sparse model of stormpy
        A file whose name ends in ``.prism``, ``.nm``, ``.pm``, ``.sm`` (the PRISM language), ``.jani`` or ``.drn``; a
        program that stormpy has parsed; or a sparse model that it has built.
    constants : mapping of str to number, optional
        Values of the constants that the program leaves open: ``{"N": 4, "p": 0.3}``.
    terminal : str or sequence of str, optional
        Labels of the model, such as ``"goal"``. Their states become terminal, whatever follows on them.
    reward : str, optional
        Name of the reward model to read; by default the only one.
    normalize : bool
        Rescale probabilities that do not sum to 1 instead of refusing them.

    Returns
    -------
    MDP or POMDP
        An MDP of an MDP or, with a single action, of a DTMC; a POMDP of a POMDP. States come in the order of Storm:
        ``labeling.get_states`` of the sparse model gives their numbers.

    Raises
    ------
    ValueError
        If the file cannot be read; a constant is missing, unknown, or of another type; a name is unknown;
        probabilities are parameters or intervals, or do not sum to 1; or the model is a CTMC, a Markov automaton or a
        game.
    TypeError
        If `model` is nothing of the kind.
    ImportError
        If stormpy is not installed.

    Warns
    -----
    UserWarning
        If there are several reward models and none is chosen.

    See Also
    --------
    read_pomdp : Read a file of the .POMDP or POMDPX format.
    MDP, POMDP : The models.

    Notes
    -----
    *Labels.* A state is the tuple of the values of its variables, truth values first and each kind in the order of
    declaration, or the value itself if there is one variable; files of DRN have numbers. Observations are labelled
    likewise, by the variables that can be observed.

    *Actions* are the labels of choices. Where a choice has none, it is numbered among those of its state, so that
    action 0 is the first choice of each state; write labels into the program where that is not meant. Choices of one
    state that share a label are numbered, too: ``("go", 0)``, ``("go", 1)``. Actions that a state lacks are missing
    there.

    *Terminal states.* A state in which every choice stays is terminal, as are deadlocks, to which Storm adds such a
    choice. Each action has the reward of the choice there that it names, or of the first one.

    *Start.* `initial` is certain of the initial state. If Storm has several, there is none: nothing says how likely
    each is. In Storm the initial state is observed; here observations begin after the first action.

    References
    ----------
    C. Hensel, S. Junges, J.-P. Katoen, T. Quatmann, M. Volk, "The probabilistic model checker Storm", International
    Journal on Software Tools for Technology Transfer 24, 589-610, 2022.

    Examples
    --------
    >>> import pathlib, empowerment as emp
    >>> _ = pathlib.Path("walk.prism").write_text('''
    ... mdp
    ... const int N;
    ... module walk
    ...   x : [0..N] init 1;
    ...   [left]  0 < x & x < N -> 0.9 : (x' = x - 1) + 0.1 : true;
    ...   [right] 0 < x & x < N -> 0.9 : (x' = x + 1) + 0.1 : true;
    ... endmodule
    ... ''')
    >>> walk = emp.from_storm("walk.prism", constants={"N": 3})
    >>> walk.actions, sorted(walk.states), int(walk.is_terminal.sum())
    (('left', 'right'), [0, 1, 2, 3], 2)
    """
    normalize = validate.flag(normalize, "normalize")
    reward = None if reward is None else validate.text(reward, "reward")
    built = sparse_model(model, constants)
    _refuse_other_kinds(built)
    choices = choices_of(built)
    states = valuation_labels(built.state_valuations if built.has_state_valuations() else None, built.nr_states)
    names = action_names(built, choices)
    _check_sums(choices, names, states, normalize)
    is_terminal = absorbing(choices, len(states)) | _labelled(built, terminal, len(states))
    actions, table = table_of_choices(names, choices, is_terminal)
    rewards = choice_rewards(built, choices, reward)
    options = {
        "states": states,
        "actions": actions,
        "terminal": is_terminal,
        "available": table != NONE,
        "initial": _initial(built, len(states)),
        "rewards": None if rewards is None else np.where(table == NONE, 0.0, rewards[table]),
        "normalize": normalize,
    }
    rows = choices.rows[table.reshape(-1)]  # those of missing actions are not read
    if not built.is_partially_observable:
        return MDP(rows, **options)
    seen, labels = _observations(built)
    shown = sparse.csr_array((np.ones(len(seen)), (np.arange(len(seen)), seen)), shape=(len(seen), len(labels)))
    return POMDP(rows, shown, observations=labels, **options)


def _refuse_other_kinds(model: Any) -> None:
    kind = model.model_type.name
    if kind in _OTHER_KINDS:
        raise ValueError(f"model is {_OTHER_KINDS[kind]}")
    if model.supports_uncertainty:
        raise ValueError("model has intervals for probabilities, expected numbers: choose one in each interval")
    if model.supports_parameters and model.has_parameters:
        raise ValueError(
            "model has parameters in its probabilities, expected numbers: give them values in stormpy, or as "
            "constants= of the program"
        )


def _check_sums(choices: Choices, names: Sequence[Any], states: Sequence[Any], normalize: bool) -> None:
    sums = np.asarray(choices.rows.sum(axis=1)).reshape(-1)
    wrong = np.flatnonzero(~(sums > 0) if normalize else ~(np.abs(sums - 1.0) <= SUM_TOLERANCE))
    if wrong.size:
        choice = int(wrong[0])
        hint = "; pass normalize=True to rescale" if sums[choice] > 0 else ""
        raise ValueError(
            f"the probabilities of action {names[choice]!r} in state {states[choices.state[choice]]!r} sum to "
            f"{sums[choice]:.12g}, expected 1{hint}"
        )


def _labelled(model: Any, terminal: Any, n_states: int) -> np.ndarray:
    """Return the states that have one of the labels."""
    found = np.zeros(n_states, dtype=bool)
    names = (
        () if terminal is None else validate.texts([terminal] if isinstance(terminal, str) else terminal, "terminal")
    )
    for name in names:
        validate.one_of(name, sorted(model.labeling.get_labels()), "label")
        found[list(model.labeling.get_states(name))] = True
    return found


def _initial(model: Any, n_states: int) -> np.ndarray | None:
    """Return the distribution that is certain of the initial state, None if there are several."""
    if len(model.initial_states) != 1:
        return None
    first = np.zeros(n_states)
    first[model.initial_states[0]] = 1.0
    return first


def _observations(model: Any) -> tuple[np.ndarray, Sequence[Any]]:
    """Return the number of the observation of each state, and the labels of all observations."""
    valuations = model.observation_valuations if model.has_observation_valuations() else None
    return np.array(model.observations), valuation_labels(valuations, model.nr_observations)
