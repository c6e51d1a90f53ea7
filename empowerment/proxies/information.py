"""Information of actions that are drawn uniformly, in place of the best distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from empowerment.actuation.open_loop.channel import DEFAULT_MEMORY
from empowerment.core import validate
from empowerment.core.channel import Channel
from empowerment.proxies.question import Question
from empowerment.proxies.result import ProxyResult
from empowerment.proxies.rollouts import RowSampler, Walkers, in_chunks


def uniform_information(
    model: Any, horizon: int = 1, *, states: Any = None, sensor: Any = None, memory: float = DEFAULT_MEMORY
) -> ProxyResult:
    """Compute the information of uniformly drawn sequences of actions about what is read after them.

    The score is I(A^n; S_n) at the uniform distribution over the sequences of `horizon` actions.

    Parameters
    ----------
    model : MDP, or array of shape (n_states, n_actions, n_states)
        The world.
    horizon : int
        Number of actions.
    states : state label or list of state labels, optional
        States to start from; by default every state.
    sensor : None, "state", callable or array_like of shape (n_states, n_readings)
        What is read, as for :func:`empowerment.empowerment`.
    memory : float
        Limit in bytes on the rows of one state: there is one for every sequence.

    Returns
    -------
    ProxyResult
        In bits, computed from the model: a lower bound on empowerment.

    Raises
    ------
    MemoryError
        If the rows of a state need more than `memory`.

    See Also
    --------
    first_action_information : Look at the first action alone.
    empowerment.empowerment : Maximise over all distributions.

    Notes
    -----
    Empowerment is the maximum of the same information over all distributions of sequences. At the uniform one, ends
    that many sequences lead to weigh more than others, so that the score falls short even in a deterministic world. A
    copy of an action changes it; empowerment does not change.

    *Used by* the code of Mantiuk, Zhou and Wu [1]_ for maps of five steps, where the corners of an open grid of ten
    by ten cells get 3.53 bits; their empowerment is 4.39 bits.

    References
    ----------
    .. [1] Mantiuk, Zhou and Wu (2025), "From curiosity to competence", arXiv:2507.08210.

    Examples
    --------
    >>> import empowerment as emp
    >>> hall = emp.worlds.open_grid(10, stay=False)
    >>> round(float(emp.proxies.uniform_information(hall, 5, states=(9, 9))), 4)
    3.5316
    >>> round(float(emp.empowerment(hall, 5, states=(9, 9))), 4)
    4.3923
    """
    question = Question.checked(model, horizon, states, sensor)
    rows_of = question.sequence_rows(validate.memory(memory))
    return question.answer("uniform_information", question.of_each(rows_of, _at_uniform))


def first_action_information(model: Any, horizon: int = 1, *, states: Any = None, sensor: Any = None) -> ProxyResult:
    """Compute the information of the first action about what is read at the end, all actions drawn uniformly.

    The score is I(A_1; S_n), where the first action is drawn uniformly from those available, and so are the actions
    after it, which nobody is told.

    Parameters
    ----------
    model : MDP, or array of shape (n_states, n_actions, n_states)
        The world.
    horizon : int
        Number of actions.
    states : state label or list of state labels, optional
        States to start from; by default every state.
    sensor : None, "state", callable or array_like of shape (n_states, n_readings)
        What is read, as for :func:`empowerment.empowerment`.

    Returns
    -------
    ProxyResult
        In bits, computed from the model: a lower bound on empowerment if no action is missing anywhere.

    See Also
    --------
    plug_in_information : Estimate it from few samples.
    uniform_information : Look at all actions of the sequence.

    Notes
    -----
    Later actions are noise here, so that the score falls with the horizon where empowerment rises. It is at most the
    logarithm of the number of actions, however far the agent looks ahead.

    It is the limit of what Disempower-Grid [1]_ estimates. Effective empowerment, as in ESR [2]_ and EELMA [3]_, is
    the same information for a policy that is given and a horizon that is drawn from a geometric distribution.

    References
    ----------
    .. [1] Yang, Cakmak and Kleiman-Weiner (2025), "When empowerment disempowers", arXiv:2511.04177.
    .. [2] Myers, Ellis, Levine, Eysenbach and Dragan (2024), "Learning to assist humans without inferring rewards",
       arXiv:2411.02623.
    .. [3] Song, Gore and Kleiman-Weiner (2025), "Estimating the empowerment of language model agents",
       arXiv:2509.22504.

    Examples
    --------
    >>> import empowerment as emp
    >>> maze = emp.worlds.klyubin_maze()
    >>> [round(float(emp.proxies.first_action_information(maze, n, states=(4, 4))), 2) for n in (1, 2, 4)]
    [2.32, 1.19, 0.41]
    >>> [round(float(emp.empowerment(maze, n, states=(4, 4))), 2) for n in (1, 2, 4)]
    [2.32, 3.58, 4.86]
    """
    question = Question.checked(model, horizon, states, sensor)
    return question.answer("first_action_information", question.of_each(question.first_action_rows(), _at_uniform))


def plug_in_information(
    model: Any,
    horizon: int = 1,
    *,
    states: Any = None,
    sensor: Any = None,
    n_samples: int = 10,
    rng: np.random.Generator | int | None = None,
) -> ProxyResult:
    """Estimate the information of the first action about what is read at the end, from few samples.

    For each action, `n_samples` roll-outs begin with it and go on with actions that are drawn uniformly. The score is
    the information of the table of counts, as it is.

    Parameters
    ----------
    model : MDP, or array of shape (n_states, n_actions, n_states)
        The world.
    horizon : int
        Number of actions.
    states : state label or list of state labels, optional
        States to start from; by default every state.
    sensor : None, "state", callable or array_like of shape (n_states, n_readings)
        What is read, as for :func:`empowerment.empowerment`.
    n_samples : int
        Number of roll-outs of each first action; 10 in Disempower-Grid.
    rng : numpy.random.Generator, int or None
        Random source.

    Returns
    -------
    ProxyResult
        In bits.

    See Also
    --------
    first_action_information : Compute its limit for many samples.
    empowerment.information_from_counts : Correct the bias of such an estimate.
    empowerment.estimated_empowerment : Estimate empowerment itself from samples.

    Notes
    -----
    Two errors point in opposite directions. The estimate is too large on average, the more so the more readings there
    are for a sample: where actions do nothing it is above 0. What it estimates, :func:`first_action_information`, is
    too small. Their sum may look right for no reason.

    *Used by* Disempower-Grid [1]_ (*Monte Carlo empowerment*), as an objective and as the measure of success.

    References
    ----------
    .. [1] Yang, Cakmak and Kleiman-Weiner (2025), "When empowerment disempowers", arXiv:2511.04177.

    Examples
    --------
    Nothing that is done here matters, and yet:

    >>> import numpy as np, empowerment as emp
    >>> useless = np.full((8, 5, 8), 1 / 8)
    >>> found = emp.proxies.plug_in_information(useless, states=0, rng=0)
    >>> float(found) > 0.3, float(emp.empowerment(useless, states=0))
    (True, 0.0)
    """
    question = Question.checked(model, horizon, states, sensor)
    model, rng = question.model, validate.generator(rng)
    n_samples = validate.positive_int(n_samples, "n_samples", most=validate.MOST_DRAWS)
    walkers, read = Walkers(model, rng), RowSampler(question.sensor.matrix)
    values: list[float] = []
    for part in in_chunks(question.numbers, n_samples * model.n_actions):
        owner, action = np.nonzero(model.available[part])
        starts, first = np.repeat(part[owner], n_samples), np.repeat(action, n_samples)
        seen = read(walkers.ends(starts, question.horizon, first), rng).reshape(-1, n_samples)
        values += [_of_samples(seen[owner == place]) for place in range(part.size)]
    return question.answer("plug_in_information", values, n_samples=n_samples)


def _at_uniform(rows: np.ndarray) -> float:
    """Return the information of uniformly drawn inputs, in bits."""
    return float(Channel.from_valid(rows).mutual_information(np.full(len(rows), 1.0 / len(rows)), 2.0))


def _of_samples(seen: np.ndarray) -> float:
    """Return the information of a table of samples: one row for each input, with what was read after it."""
    if len(seen) < 2:
        return 0.0
    readings, place = np.unique(seen, return_inverse=True)
    counts = np.zeros((len(seen), readings.size))
    np.add.at(counts, (np.repeat(np.arange(len(seen)), seen.shape[1]), place.reshape(-1)), 1.0)
    return _at_uniform(counts / seen.shape[1])
