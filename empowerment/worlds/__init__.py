"""Named worlds, small and with known answers, to learn from, test and measure with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from empowerment.core import validate
from empowerment.models.mdp import MDP
from empowerment.models.pomdp import POMDP
from empowerment.worlds.box import box_pushing
from empowerment.worlds.boxed_in import boxed_in_grid
from empowerment.worlds.channels import golden_mean, post, trapdoor
from empowerment.worlds.corridor import aliased_corridor
from empowerment.worlds.delivery import delivery, delivery_features
from empowerment.worlds.delivery_env import delivery_env
from empowerment.worlds.disempower import disempower_grid
from empowerment.worlds.grid import grid_world, open_grid, slip_grid
from empowerment.worlds.hanoi import tower_of_hanoi
from empowerment.worlds.hazards import hazard_grid, hazard_room
from empowerment.worlds.klyubin import klyubin_maze
from empowerment.worlds.ring import ring
from empowerment.worlds.rooms import key_and_door, two_rooms
from empowerment.worlds.shared import shared_corridor, two_way_dimmer, two_way_lamp
from empowerment.worlds.study import study, study_features, study_variables
from empowerment.worlds.tiger import tiger
from empowerment.worlds.tmaze import tmaze

__all__ = [
    "WORLDS",
    "aliased_corridor",
    "box_pushing",
    "boxed_in_grid",
    "delivery",
    "delivery_env",
    "delivery_features",
    "disempower_grid",
    "golden_mean",
    "grid_world",
    "hazard_grid",
    "hazard_room",
    "key_and_door",
    "klyubin_maze",
    "make",
    "open_grid",
    "post",
    "ring",
    "shared_corridor",
    "slip_grid",
    "study",
    "study_features",
    "study_variables",
    "tiger",
    "tmaze",
    "tower_of_hanoi",
    "trapdoor",
    "two_rooms",
    "two_way_dimmer",
    "two_way_lamp",
]

WORLDS: dict[str, Callable[..., MDP | POMDP]] = {
    "aliased_corridor": aliased_corridor,
    "box_pushing": box_pushing,
    "delivery": delivery,
    "golden_mean": golden_mean,
    "hazard_grid": hazard_grid,
    "hazard_room": hazard_room,
    "key_and_door": key_and_door,
    "klyubin_maze": klyubin_maze,
    "open_grid": open_grid,
    "post": post,
    "ring": ring,
    "slip_grid": slip_grid,
    "study": study,
    "tiger": tiger,
    "tmaze": tmaze,
    "tower_of_hanoi": tower_of_hanoi,
    "trapdoor": trapdoor,
    "two_rooms": two_rooms,
}
"""The worlds of one agent that can be made by name: those that need nothing handed in."""


def make(name: str, **options: Any) -> MDP | POMDP:
    """Make a world by its name.

    Parameters
    ----------
    name : str
        A key of `WORLDS`.
    **options
        Arguments of the function of that name.

    Returns
    -------
    MDP or POMDP
        The world.

    Raises
    ------
    ValueError
        If no world has this name; the message lists those that exist.

    See Also
    --------
    grid_world : Make a world from a drawing.
    empowerment.from_gymnasium : Make a model of a Gymnasium environment.

    Examples
    --------
    >>> import empowerment as emp
    >>> emp.worlds.make("open_grid", rows=2)
    MDP(4 states, 5 actions, deterministic)
    """
    return WORLDS[validate.one_of(name, WORLDS, "world")](**options)
