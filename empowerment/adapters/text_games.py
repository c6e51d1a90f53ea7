"""Text games, explored by replays: from the beginning, by the actions that the game lists itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from empowerment.adapters.exploration import Search, World, explored_model
from empowerment.adapters.outcomes import End, Node, labels_of, state_label
from empowerment.core import validate
from empowerment.models.mdp import MDP
from empowerment.runtime.optional import required
from empowerment.runtime.progress import progress_bar

_TOLD = ("look", "inventory", "validActions")
_PATIENCE = 30.0  # seconds


def from_text_game(
    game: Any,
    *,
    seed: int = 0,
    state: Callable[[Mapping[str, Any], Any], Any] | None = None,
    actions: Callable[[list[str]], Sequence[str]] | None = None,
    max_states: int = 10_000,
    check: bool = True,
    progress: bool | str = "auto",
    layout: Any = None,
    **reset: Any,
) -> MDP:
    """Make an MDP of a text game by playing it from its beginning into every state within reach.

    Parameters
    ----------
    game : textworld_express.TextWorldExpressEnv or str
        A game, or the name of one of TextWorldExpress, such as ``"coin"``, which is then started and closed again.
    seed : int
        Seed of the game, which decides its rooms.
    state : callable, optional
        ``state(infos, before)`` returns the label of a state, from what the game tells there and from the label of
        the state before, None at the beginning. By default ``(look, inventory, others)``: the texts of where the
        player is and of what it carries, and of each other place it has been to what it looked like last.
    actions : callable, optional
        Function from the list of actions that are valid to those that are taken; by default all.
    max_states : int
        Limit on the number of states, beyond which there is an error.
    check : bool
        Take every transition again, into each state by another way where there is one, and refuse different
        outcomes.
    progress : bool or "auto"
        Show a progress bar. ``"auto"`` shows it on a terminal, once a second has passed.
    layout : object, optional
        Positions of the states for pictures; a function takes the tuple of states and returns the layout.
    **reset
        Arguments of the first ``game.reset``, such as ``gameParams="numLocations=3"``.

    Returns
    -------
    MDP
        States in the order of their discovery. A state in which the task succeeds or fails is terminal. An action
        that the game does not list in a state is missing there.

    Raises
    ------
    ImportError
        If a name is given and textworld_express or Java is not installed.
    TypeError
        If `game` tells no valid actions, or a label is not hashable.
    ValueError
        If there are more than `max_states` states, or a state does different things when it is come to in another
        way.

    See Also
    --------
    from_step_function : Explore a function or an environment that can be put into its states.
    empowerment : Its `sensor` may read a part of the label, such as the room alone.

    Notes
    -----
    The game cannot be copied. It is reset with the same seed and the actions that led to a state are repeated, so
    that each transition takes as many steps as the state is far from the beginning. The limit of steps of the game
    has no effect. The check cannot find everything: what is hidden and shows only many actions later may be missed.

    Examples
    --------
    A game of two rooms; any object with these two methods will do:

    >>> import empowerment as emp
    >>> class Hall:
    ...     def reset(self, seed=None):
    ...         self.room = "hall"
    ...         return self.infos()["look"], self.infos()
    ...     def step(self, action):
    ...         self.room = {"go in": "study", "go out": "hall"}[action]
    ...         return self.infos()["look"], 0.0, False, self.infos()
    ...     def infos(self):
    ...         valid = ["go in"] if self.room == "hall" else ["go out"]
    ...         return {"look": f"You are in the {self.room}.", "inventory": "", "validActions": valid}
    >>> model = emp.from_text_game(Hall(), state=lambda infos, before: infos["look"])
    >>> model.states, model.actions
    (('You are in the hall.', 'You are in the study.'), ('go in', 'go out'))
    >>> int(model.available.sum())
    2
    """
    max_states, check = validate.limit(max_states, "max_states"), validate.flag(check, "check")
    validate.function(state, "state", "what the game tells and the label before")
    validate.function(actions, "actions", "the list of valid actions")
    with started(game, reset) as (played, first):
        player = _Player(played, validate.seed(seed), state or _remembered, actions, first)
        search = Search(World(player.step, player.choices, keep_ends=True), max_states)
        with progress_bar(None, "exploring", "state", progress) as advance:
            search.explore([player.start], advance)
        if check:
            player.come_by_other_ways()
            with progress_bar(len(search.nodes), "exploring again", "state", progress) as advance:
                search.repeat(advance)
    return explored_model(search, {player.start: 1.0}, layout)


class _Player:
    """Game that is brought into a state by the actions that led to it.

    Attributes
    ----------
    start : Node
        Label of the first state.
    """

    def __init__(
        self,
        game: Any,
        seed: int,
        state: Callable[[Mapping[str, Any], Any], Any],
        actions: Callable[[list[str]], Sequence[str]] | None,
        first: Mapping[str, Any],
    ) -> None:
        self.game, self.seed, self.state, self.actions = game, seed, state, actions
        self._ways: dict[Node, tuple[str, ...]] = {}
        self._valid: dict[Node, tuple[str, ...]] = {}
        self._last: dict[Node, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        infos = _infos(game.reset(seed=seed, **first))
        self.start = self._arrived(infos, None, ())

    def choices(self, state: Any) -> tuple[str, ...]:
        """Return the actions of a state."""
        return self._valid[state]

    def step(self, state: Any, action: str) -> Node:
        """Return the state after an action, or the end of the game in it."""
        way = self._ways[state]
        self.game.reset(seed=self.seed)
        for each in way:
            self.game.step(each)
        return self._arrived(_infos(self.game.step(action)), state, (*way, action))

    def come_by_other_ways(self) -> None:
        """Come into each state by the way on which it was found last."""
        for node, (way, valid) in self._last.items():
            self._ways[node], self._valid[node] = way, valid

    def _arrived(self, infos: Mapping[str, Any], before: Any, way: tuple[str, ...]) -> Node:
        label = state_label(self.state(infos, before), "what state returns")
        if infos.get("tasksuccess") or infos.get("taskfailure") or infos.get("score", 0.0) >= 1.0:
            return End(label)
        listed = sorted(set(infos["validActions"]))  # the order of a game's list may be any
        valid = labels_of(listed if self.actions is None else self.actions(listed), "what actions returns")
        self._ways.setdefault(label, way)
        self._valid.setdefault(label, valid)
        self._last[label] = way, valid
        return label


@contextmanager
def started(game: Any, reset: Mapping[str, Any]) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Yield a game and the arguments of its first reset; one that is given by its name is closed afterwards."""
    if not isinstance(game, str):
        if isinstance(game, type) or not all(callable(getattr(game, name, None)) for name in ("reset", "step")):
            raise TypeError(f"game is {validate.shown(game)}, expected a game with reset and step, or a name")
        yield game, dict(reset)
        return
    library = required("textworld_express", f"playing {game!r}")
    try:
        own = library.TextWorldExpressEnv()
    except FileNotFoundError:
        raise ImportError(f"playing {game!r} needs Java; install a Java runtime, and java has to be found") from None
    try:
        names = own.getGameNames()
        validate.one_of(game, names, "game")
        yield own, {"gameFold": "train", "gameParams": "", **reset, "gameName": game}
    finally:
        _close(own)


def _close(own: Any) -> None:
    """End a game, and wait for its process, which the game itself does not."""
    own.close()
    process = own._gateway.java_process
    process.stdin.close()
    process.wait(timeout=_PATIENCE)
    own._obj_tree_tempfile.close()


def _infos(answer: Any) -> Mapping[str, Any]:
    """Return what a game tells after a reset or a step."""
    infos = answer[-1] if isinstance(answer, tuple) and answer else answer
    if not isinstance(infos, Mapping) or not all(name in infos for name in _TOLD):
        raise TypeError(
            f"the game tells {validate.shown(infos)}, expected infos with the entries {', '.join(_TOLD)}, as "
            "TextWorldExpress gives"
        )
    return infos


def _remembered(infos: Mapping[str, Any], before: Any) -> tuple[str, str, tuple[str, ...]]:
    """Return the texts of this place and of what is carried, and the last ones of all other places."""
    look, inventory = infos["look"], infos["inventory"]
    known = () if before is None else (before[0], *before[2])
    places = {_place(text): text for text in known}
    places.pop(_place(look), None)
    return look, inventory, tuple(sorted(places.values()))


def _place(look: str) -> str:
    """Return the first sentence of a text, which names the place."""
    return look.partition(".")[0]
