"""Where random roll-outs end: how many readings are visited, and how evenly."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from empowerment.core import validate
from empowerment.core.channel import entropy
from empowerment.proxies.question import Question
from empowerment.proxies.result import ProxyResult
from empowerment.proxies.rollouts import RowSampler, Walkers, in_chunks


def log_visited(
    model: Any,
    horizon: int = 1,
    *,
    states: Any = None,
    sensor: Any = None,
    n_rollouts: int = 1000,
    rng: np.random.Generator | int | None = None,
) -> ProxyResult:
    """Count the readings at the ends of random roll-outs, as a logarithm.

    The score is log2 of the number of distinct readings after `horizon` actions, each drawn uniformly from those
    available.

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
    n_rollouts : int
        Number of roll-outs from each state.
    rng : numpy.random.Generator, int or None
        Random source.

    Returns
    -------
    ProxyResult
        In bits.

    See Also
    --------
    log_reachable : Compute its limit for many roll-outs.
    visit_entropy : Weigh the readings by how often they are visited.

    Notes
    -----
    In a deterministic world with enough roll-outs the score is the empowerment. It falls short where a reading takes
    a rare sequence of actions: one of probability p is missed with probability ``(1 - p) ** n_rollouts``. It errs
    upward where chance decides, since what the world does by itself is counted like what the agent does.

    *Used by* AvE [1]_, whose code counts the ends of 1,000 random sequences of actions (natural logarithm, and with a
    random move of the person after those of the assistant), by Disempower-Grid [2]_ (*discrete choice*: the count
    itself, of 20 roll-outs), and as sparse sampling of deterministic worlds by [3]_.

    References
    ----------
    .. [1] Du, Tiomkin, Kıcıman, Polani, Abbeel and Dragan (2020), "AvE: assistance via empowerment",
       arXiv:2006.14796.
    .. [2] Yang, Cakmak and Kleiman-Weiner (2025), "When empowerment disempowers", arXiv:2511.04177.
    .. [3] Salge, Glackin and Polani (2014), "Changing the environment based on empowerment as intrinsic motivation".

    Examples
    --------
    >>> import empowerment as emp
    >>> maze = emp.worlds.klyubin_maze()
    >>> found, exact = emp.proxies.log_visited(maze, 2, rng=0), emp.empowerment(maze, 2)
    >>> bool((abs(found.value - exact.value) < 1e-9).all())
    True
    """
    question = Question.checked(model, horizon, states, sensor)
    n_rollouts, rng = (
        validate.positive_int(n_rollouts, "n_rollouts", most=validate.MOST_DRAWS),
        validate.generator(rng),
    )
    visited = [np.unique(ends).size for ends in _readings(question, n_rollouts, rng)]
    return question.answer("log_visited", np.log2(visited), n_samples=n_rollouts)


def visit_entropy(
    model: Any,
    horizon: int = 1,
    *,
    states: Any = None,
    sensor: Any = None,
    n_rollouts: int = 20,
    rng: np.random.Generator | int | None = None,
) -> ProxyResult:
    """Estimate the entropy of the readings at the ends of random roll-outs.

    The score is the entropy of the frequencies with which readings are seen after `horizon` actions, each drawn
    uniformly from those available.

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
    n_rollouts : int
        Number of roll-outs from each state; 20 in Disempower-Grid.
    rng : numpy.random.Generator, int or None
        Random source.

    Returns
    -------
    ProxyResult
        In bits, at most ``log2(n_rollouts)``.

    See Also
    --------
    log_visited : Count them.
    uniform_information : Subtract the entropy that is not due to the actions.

    Notes
    -----
    Information is the entropy of the reading less its entropy once the actions are known. This score leaves out the
    second term, so that noise adds to it in full; in a deterministic world it is the information at uniform
    sequences, a lower bound on empowerment, but for the bias of the estimate, which is downward.

    *Used by* Disempower-Grid [1]_ (*entropic choice*).

    References
    ----------
    .. [1] Yang, Cakmak and Kleiman-Weiner (2025), "When empowerment disempowers", arXiv:2511.04177.

    Examples
    --------
    >>> import empowerment as emp
    >>> found = emp.proxies.visit_entropy(emp.worlds.slip_grid(), 3, rng=0)
    >>> len(found), bool((found.value <= 4.33).all())
    (88, True)
    """
    question = Question.checked(model, horizon, states, sensor)
    n_rollouts, rng = (
        validate.positive_int(n_rollouts, "n_rollouts", most=validate.MOST_DRAWS),
        validate.generator(rng),
    )
    counts = (np.unique(ends, return_counts=True)[1] for ends in _readings(question, n_rollouts, rng))
    return question.answer("visit_entropy", [entropy(each / n_rollouts) for each in counts], n_samples=n_rollouts)


def log_reachable(model: Any, horizon: int = 1, *, states: Any = None, sensor: Any = None) -> ProxyResult:
    """Count the readings that are possible after some actions, as a logarithm.

    The score is log2 of the number of readings that have a positive probability after `horizon` actions.

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
        In bits, computed from the model.

    See Also
    --------
    log_visited : Estimate it by roll-outs.

    Notes
    -----
    An upper bound on empowerment, and the empowerment itself in a deterministic world. In a noisy one it may be far
    too large: a reading that comes up by chance once in a million times counts like one that the agent commands. Of
    missing actions each step is looked at alone: what a single sequence of actions cannot reach may be counted.

    References
    ----------
    Klyubin, Polani and Nehaniv (2005), "All else being equal be empowered", section 2.

    Examples
    --------
    >>> import empowerment as emp
    >>> certain, noisy = emp.worlds.open_grid(5), emp.worlds.open_grid(5, slip=0.5)
    >>> [round(float(emp.proxies.log_reachable(world, 1, states=(2, 2))), 3) for world in (certain, noisy)]
    [2.322, 2.322]
    >>> [round(float(emp.empowerment(world, 1, states=(2, 2))), 3) for world in (certain, noisy)]
    [2.322, 0.322]
    """
    question = Question.checked(model, horizon, states, sensor)
    model, possible = question.model, _pattern(question.model.rows)
    fold = sparse.csr_array(sparse.kron(sparse.eye_array(model.n_states), np.ones((1, model.n_actions))))
    step = _pattern(fold @ possible)
    reached = sparse.csr_array(sparse.eye_array(model.n_states, format="csr")[question.numbers])
    for _ in range(question.horizon):
        reached = _pattern(reached @ step)
    count = np.diff(_pattern(reached @ _pattern(question.sensor.matrix)).indptr)
    return question.answer("log_reachable", np.log2(np.maximum(count, 1)))


def _readings(question: Question, n_rollouts: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Return for each state what is read at the ends of its roll-outs."""
    walkers, read = Walkers(question.model, rng), RowSampler(question.sensor.matrix)
    found: list[np.ndarray] = []
    for part in in_chunks(question.numbers, n_rollouts):
        ends = walkers.ends(np.repeat(part, n_rollouts), question.horizon)
        found.extend(read(ends, rng).reshape(part.size, n_rollouts))
    return found


def _pattern(matrix: Any) -> sparse.csr_array:
    """Return 1 wherever a matrix has an entry above 0."""
    found = sparse.csr_array(matrix, dtype=np.float64, copy=True)
    found.eliminate_zeros()
    return sparse.csr_array((np.ones(found.nnz), found.indices, found.indptr), shape=found.shape)
