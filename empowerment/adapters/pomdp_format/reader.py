"""Models from files of the .POMDP and POMDPX formats: ``read_pomdp``."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from empowerment.adapters.pomdp_format.contents import opened
from empowerment.adapters.pomdp_format.distributions import Distributions, settle
from empowerment.adapters.pomdp_format.names import Elements
from empowerment.adapters.pomdp_format.parser import Parser
from empowerment.adapters.pomdp_format.sizes import MemoryLimit
from empowerment.adapters.pomdp_format.tokens import Tokens
from empowerment.adapters.pomdpx.document import is_pomdpx
from empowerment.adapters.pomdpx.reader import read_pomdpx
from empowerment.core import validate
from empowerment.models.mdp import MDP
from empowerment.models.pomdp import POMDP

DEFAULT_MEMORY = 4e9


def read_pomdp(
    path: str | os.PathLike[str], *, normalize: bool = False, memory: float = DEFAULT_MEMORY
) -> POMDP | MDP:
    """Read a model from a file of Cassandra's .POMDP format, or of the POMDPX format.

    The whole .POMDP format is supported: names or counts, wildcards, single entries, rows and matrices, ``uniform``,
    ``identity`` and ``reset``, every form of ``start``, rewards and costs. Later lines override earlier ones. Rewards
    that depend on the next state and the observation are reduced to the expected reward of state and action; costs
    are negated. A file without ``observations:`` describes an MDP, and becomes one.

    A file of XML whose root is ``<pomdpx>`` is read as POMDPX, whatever its name: tables with ``*``, ``-``,
    ``uniform`` and ``identity``, and decision diagrams. Several variables are multiplied out. A state is then a tuple
    with the value of each variable, as an observation is of the observed state variables and the observation
    variables, in this order; the values of a single variable are labels themselves. If all state variables are
    observed and there are no others, the file describes an MDP.

    Fields that are missing in the file are missing in the model: without ``discount:`` its `discount` is None,
    without ``R:`` its `rewards`, and without ``start:`` its `initial`. A uniform start is not assumed.

    Parameters
    ----------
    path : path-like
        The file.
    normalize : bool
        Divide each distribution by its sum, whatever that is, and take entries above -1e-12 as 0. Entries may then be
        any numbers of at least 0.
    memory : float
        Limit in bytes on the model, whose transitions and observations are sparse.

    Returns
    -------
    POMDP or MDP
        An MDP if the file describes one. Labels are the names, or numbers if the file gives a count. No
        state is marked as terminal; one in which every action stays has no empowerment all the same.

    Raises
    ------
    ValueError
        If the file is malformed or of another format, if the sum of probabilities differs from 1 by more than 1e-4
        and `normalize` is False, or if the model needs more than `memory`. The message names the file and the line,
        and says what was found and what was expected.

    Warns
    -----
    UserWarning
        Once, if sums differ from 1 by less than 1e-4, as rounded numbers do. Those rows are rescaled.

    See Also
    --------
    write_pomdp : Write such a file.
    POMDP : The model.

    References
    ----------
    A. R. Cassandra, "Exact and approximate algorithms for partially observable Markov decision processes", PhD
    thesis, Brown University, 1998.

    H. Kurniawati, D. Hsu, W. S. Lee, "SARSOP: Efficient point-based POMDP planning by approximating optimally
    reachable belief spaces", Robotics: Science and Systems IV, 2008 (the planner whose format POMDPX is).

    Examples
    --------
    >>> import empowerment as emp
    >>> emp.write_pomdp(emp.worlds.tiger(), "tiger.POMDP")
    >>> tiger = emp.read_pomdp("tiger.POMDP")
    >>> tiger
    POMDP(2 states, 3 actions, 2 observations)
    >>> tiger.rewards[0].tolist()
    [-1.0, -100.0, 10.0]
    """
    most, normalize = validate.memory(memory), validate.flag(normalize, "normalize")
    name = os.fspath(validate.path(path, "path"))
    read = read_pomdpx if is_pomdpx(name) else _read_statements
    model, missed = read(name, normalize, most)
    if missed.size and not normalize:
        warnings.warn(
            f"{name!r}: {missed.size} distributions missed the sum 1 by up to {missed.max():.3g} and were rescaled",
            UserWarning,
            stacklevel=2,
        )
    return model


def _read_statements(path: str, normalize: bool, most: float) -> tuple[POMDP | MDP, np.ndarray]:
    """Return the model of a .POMDP file, and by how much sums missed 1 that were rescaled."""
    with opened(path) as lines:
        tokens = Tokens(lines, path)
        limit = MemoryLimit(most, tokens)
        found = Parser(tokens, limit, normalize)
        model = settle(found, normalize)
    options: dict[str, Any] = {
        "states": _labels(found.states),
        "actions": _labels(found.actions),
        "initial": model.initial,
        "rewards": _expected_rewards(found, model),
        "discount": found.discount,
    }
    transition = _by_state(model.transition, len(found.states))
    if found.observations is None or model.observation is None:
        return MDP(transition, **options), model.missed
    shown = _shared(model.observation, len(found.states))
    return POMDP(transition, shown, observations=_labels(found.observations), **options), model.missed


def _labels(elements: Elements) -> Sequence[str] | None:
    return None if isinstance(elements.labels, range) else elements.labels


def _expected_rewards(found: Parser, model: Distributions) -> np.ndarray | None:
    if not found.rewards:
        return None
    rewards = found.rewards.expected(model.transition, model.observation)
    return 0.0 - rewards if found.is_cost else 0.0 + rewards  # which leaves no negative zeros


def _by_state(rows: sparse.csr_array, n_states: int) -> sparse.csr_array:
    """Bring rows from the order of actions to that of states, with the actions of a state side by side."""
    return rows[np.arange(rows.shape[0]).reshape(-1, n_states).T.reshape(-1)]


def _shared(rows: sparse.csr_array, n_states: int) -> sparse.csr_array:
    """Return the observation of the first action if it is that of all actions, else the rows."""
    by_action = [rows[begin : begin + n_states] for begin in range(0, rows.shape[0], n_states)]
    return by_action[0] if all((matrix != by_action[0]).nnz == 0 for matrix in by_action[1:]) else rows
