"""How far apart random roll-outs end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.models.mdp import MDP
from empowerment.proxies.question import Question
from empowerment.proxies.result import ProxyResult
from empowerment.proxies.rollouts import Walkers, in_chunks

UNIT = "log2 of a variance"
# The squares of larger coordinates cannot be added.
_FARTHEST = 1e100


def log_variance(
    model: Any,
    horizon: int = 1,
    *,
    states: Any = None,
    coordinates: Any = None,
    n_rollouts: int = 20,
    rng: np.random.Generator | int | None = None,
) -> ProxyResult:
    """Estimate the variance of the states at the ends of random roll-outs, as a logarithm.

    The score is log2 of the sum over all coordinates of the variance after `horizon` actions, each drawn uniformly
    from those available.

    Parameters
    ----------
    model : MDP, or array of shape (n_states, n_actions, n_states)
        The world.
    horizon : int
        Number of actions.
    states : state label or list of state labels, optional
        States to start from; by default every state.
    coordinates : callable or array_like of shape (n_states, n_coordinates), optional
        Numbers that stand for each state, or a function from its label to them; by default the labels themselves,
        where they are numbers or tuples of as many numbers each.
    n_rollouts : int
        Number of roll-outs from each state; 20 in Disempower-Grid.
    rng : numpy.random.Generator, int or None
        Random source.

    Returns
    -------
    ProxyResult
        The logarithm of a squared length, which is no information. Minus infinity where all roll-outs end alike.

    Raises
    ------
    ValueError
        If labels are no numbers and no coordinates are given.

    See Also
    --------
    log_visited : Count the ends instead.

    Notes
    -----
    The score depends on the coordinates: another unit of length moves it, another numbering of the states changes its
    order. It does not tell what the agent does from what the world does, so that a source of noise looks like
    freedom. For a Gaussian of one coordinate the entropy is half of it and a constant, which is the reason that is
    given for it.

    *Used by* AvE [1]_ as the proxy for continuous worlds (its grid world takes the variance of the numbers of the
    states), and under the name AvE by Disempower-Grid [2]_: variance of the row and of the column over 20 roll-outs.

    References
    ----------
    .. [1] Du, Tiomkin, Kıcıman, Polani, Abbeel and Dragan (2020), "AvE: assistance via empowerment",
       arXiv:2006.14796.
    .. [2] Yang, Cakmak and Kleiman-Weiner (2025), "When empowerment disempowers", arXiv:2511.04177.

    Examples
    --------
    >>> import empowerment as emp
    >>> hall = emp.worlds.open_grid(7)
    >>> found = emp.proxies.log_variance(hall, 3, n_rollouts=1000, rng=0)
    >>> bool(found.value[hall.state_index((3, 3))] > found.value[hall.state_index((0, 0))])
    True
    """
    question = Question.checked(model, horizon, states)
    n_rollouts, rng = (
        validate.positive_int(n_rollouts, "n_rollouts", most=validate.MOST_DRAWS),
        validate.generator(rng),
    )
    places, walkers = _coordinates(coordinates, question.model), Walkers(question.model, rng)
    variances = []
    for part in in_chunks(question.numbers, n_rollouts * places.shape[1]):
        ends = walkers.ends(np.repeat(part, n_rollouts), question.horizon)
        variances.append(places[ends].reshape(part.size, n_rollouts, -1).var(axis=1).sum(axis=1))
    with np.errstate(divide="ignore"):  # the logarithm of 0 is meant
        values = np.log2(np.concatenate(variances))
    return question.answer("log_variance", values, n_samples=n_rollouts, unit=UNIT)


def _coordinates(given: Any, model: MDP) -> np.ndarray:
    """Return the coordinates of all states, of shape (n_states, n_coordinates)."""
    if given is None or callable(given):
        given = _from_labels(model, given)
    table = validate.number_array(given, "coordinates", 2, "(state, coordinate)")
    shape = (model.n_states, table.shape[1])
    table = validate.number_table(table, shape, "coordinates", "(state, coordinate)")
    if np.abs(table).max() > _FARTHEST:
        raise ValueError(f"coordinates holds {table.flat[np.abs(table).argmax()]:g}, expected at most {_FARTHEST:g}")
    return table


def _from_labels(model: MDP, coordinates_of: Callable[[Any], Any] | None) -> list[list[float | None]]:
    """Return the numbers in the labels of states, or what a function makes of them."""
    places = [label if coordinates_of is None else coordinates_of(label) for label in model.states]
    rows = [list(place) if isinstance(place, tuple | list | np.ndarray) else [place] for place in places]
    numbers = [[validate.real(entry) for entry in row] for row in rows]
    for label, row in zip(model.states, numbers, strict=True):
        if len(row) != len(numbers[0]) or None in row:
            raise ValueError(
                f"state {label!r} has no {len(numbers[0])} numbers for coordinates; "
                "coordinates=, a table or a function of the label, gives them"
            )
    return numbers
