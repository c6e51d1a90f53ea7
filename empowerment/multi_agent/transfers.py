"""What every agent can do to the readings of every other, as one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.measures.state_empowerment import empowerment
from empowerment.models.multi_agent import MultiAgentMDP
from empowerment.multi_agent.conditional import without_source
from empowerment.results.certified import Labelled


@dataclass(frozen=True, eq=False, repr=False)
class TransferMatrix(Labelled):
    """The capacities from the actions of each agent to the readings of each agent, in one state.

    Sized, iterable over the pairs of agents, and indexed by them.

    Attributes
    ----------
    value, lower, upper : ndarray of shape (n_pairs,)
        The transfer empowerment of each pair; of a pair of equal agents their own empowerment.
    status : ndarray of int of shape (n_pairs,)
        A :class:`Status` for each.
    method : ndarray of str of shape (n_pairs,)
        How each was computed.
    pairs : tuple of (source, target)
        The agents whose actions are the input, and those whose sensors are read; the targets of a source are
        adjacent.
    state : hashable
        Label of the initial state.
    horizon : int
    base, tol, rtol : float

    See Also
    --------
    transfer_matrix : Compute this table.
    plotting.plot_transfers : Draw it.

    Examples
    --------
    >>> import empowerment as emp
    >>> found = emp.transfer_matrix(emp.worlds.shared_corridor(), 2, (0, 2))
    >>> round(float(found["assistant", "person"]), 4), found.plot().get_ylabel()
    (0.0901, 'actions of')
    """

    _each = ("value", "lower", "upper", "status", "method", "pairs")

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    status: np.ndarray
    method: np.ndarray
    pairs: tuple[tuple[Any, Any], ...]
    state: Any
    horizon: int
    base: float
    tol: float
    rtol: float = 0.0

    @property
    def _axes(self) -> Mapping[str, Sequence[Any]]:
        return {"pair": self.pairs}

    def plot(
        self, ax: Any = None, title: str | None = None, vmin: float | None = None, vmax: float | None = None
    ) -> Any:
        """Draw the table as colours, a row for each source and a column for each target.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; a new figure by default.
        title : str, optional
            Title.
        vmin, vmax : float, optional
            Ends of the colours; by default 0 and the largest value.

        Returns
        -------
        matplotlib.axes.Axes
            The axes.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        from empowerment.plotting import plot_transfers

        return plot_transfers(self, ax=ax, title=title, vmin=vmin, vmax=vmax)


def transfer_matrix(
    world: MultiAgentMDP,
    horizon: int,
    state: Any,
    others: Mapping[Any, Any] | str = "uniform",
    **options: Any,
) -> TransferMatrix:
    """Compute the transfer empowerment between all pairs of agents in one state: who can affect whose readings.

    Parameters
    ----------
    world : MultiAgentMDP
        The world of the agents. The sensor of each says what its readings are.
    horizon : int
        Number of actions.
    state : hashable
        Label of the initial state.
    others : "uniform" or mapping from agent to policy
        How each agent acts where it is not the source, as for :meth:`MultiAgentMDP.for_agent`; a mapping may name the
        sources as well.
    **options
        Further arguments of :func:`empowerment.empowerment`.

    Returns
    -------
    TransferMatrix
        A capacity with its interval for each pair (source, target).

    Raises
    ------
    TypeError, ValueError
        If the state, a policy or an option does not fit.

    See Also
    --------
    transfer_empowerment : Compute one pair, in many states.
    coupled_empowerment : Compute a weighted sum of pairs.

    References
    ----------
    C. Salge and D. Polani, "Empowerment as replacement for the three laws of robotics", Frontiers in Robotics and AI
    4:25, 2017.

    Examples
    --------
    In the corridor each can hinder the other, which has less room at the wall:

    >>> import empowerment as emp
    >>> emp.transfer_matrix(emp.worlds.shared_corridor(), 2, (0, 2)).value.reshape(2, 2).round(3)
    array([[1.103, 0.205],
           [0.09 , 1.325]])
    """
    world = validate.instance(world, MultiAgentMDP, "world")
    found = []
    for source in world.agents:
        acting = world.for_agent(source, without_source(world, source, others))
        start = acting.states[acting.state_index(state)]
        sensors = [world.sensors[target] for target in world.agents]
        found += [empowerment(acting, horizon, states=start, sensor=sensor, **options) for sensor in sensors]
    columns = {
        name: np.concatenate([getattr(each, name) for each in found])
        for name in ("value", "lower", "upper", "status", "method")
    }
    return TransferMatrix(
        **columns,
        pairs=tuple((source, target) for source in world.agents for target in world.agents),
        state=start,
        horizon=found[0].horizon,
        base=found[0].base,
        tol=found[0].tol,
        rtol=found[0].rtol,
    )
