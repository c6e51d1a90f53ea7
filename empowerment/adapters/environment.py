"""Gymnasium environments: made, freed of their wrappers, and the names of their actions."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from enum import Enum
from typing import Any

from empowerment.core import validate
from empowerment.runtime.optional import missing

_MINIGRID = ("MiniGrid-", "BabyAI-")

# What the wrappers of Gymnasium change; nothing where they only check, count, limit, record or draw. The others are
# told by the class they are made of.
_WRAPPERS = {
    "PassiveEnvChecker": "",
    "OrderEnforcing": "",
    "TimeLimit": "",
    "Autoreset": "",
    "RecordEpisodeStatistics": "",
    "RenderCollection": "",
    "RecordVideo": "",
    "HumanRendering": "",
    "AddWhiteNoise": "",  # this one and the next change pictures, not observations
    "ObstructView": "",
    "ArrayConversion": "",
    "JaxToNumpy": "",
    "JaxToTorch": "",
    "NumpyToTorch": "",
    "NormalizeReward": "rewards",
}
_BASES = {"RewardWrapper": "rewards", "ActionWrapper": "actions", "ObservationWrapper": "observations"}

# What the documentation of an environment calls its actions 0, 1, ….
_CLASSIC_GRIDS = (
    "classic_gridworld.ClassicGridworld",
    "cliff_walk.CliffWalk",
    "dyna_maze.DynaMaze",
    "four_rooms.FourRooms",
    "sparse_gridworld.SparseGridworld",
    "windy_gridworld.WindyGridworld",
)
_KINGS = ("up", "right", "down", "left", "up-right", "down-right", "down-left", "up-left")
_CARS = tuple(f"move {cars}" for cars in range(-5, 6))  # from the first lot to the second
_ACTION_NAMES = {
    "gymnasium.envs.toy_text.frozen_lake.FrozenLakeEnv": ("left", "down", "right", "up"),
    "gymnasium.envs.toy_text.cliffwalking.CliffWalkingEnv": ("up", "right", "down", "left"),
    "gymnasium.envs.toy_text.taxi.TaxiEnv": ("south", "north", "east", "west", "pickup", "dropoff"),
    "gymnasium.envs.toy_text.blackjack.BlackjackEnv": ("stick", "hit"),
    **{f"gym_classics.envs.{kind}": ("up", "right", "down", "left") for kind in _CLASSIC_GRIDS},
    **{f"gym_classics.envs.windy_gridworld.WindyGridworldKings{kind}": _KINGS for kind in ("", "Stochastic")},
    "gym_classics.envs.windy_gridworld.WindyGridworldKingsNoOp": (*_KINGS, "stay"),
    **{f"gym_classics.envs.jacks_car_rental.JacksCarRental{kind}": _CARS for kind in ("", "Modified")},
    "gym_classics.envs.linear_walks.Walk5": ("left", "right"),
    "gym_classics.envs.linear_walks.Walk19": ("left", "right"),
}


def made(name: str, options: Mapping[str, Any] | None = None, num_envs: int | None = None) -> Any:
    """Make an environment of this id, with options of `gymnasium.make`, or a vector of several."""
    options = options or {}
    if name.startswith(_MINIGRID):
        _register_minigrid(name)  # first, for its extra installs gymnasium, too
    try:
        import gymnasium
    except ImportError:
        raise missing(f"making {name!r}", "gymnasium") from None
    try:
        return gymnasium.make(name, **options) if num_envs is None else gymnasium.make_vec(name, num_envs, **options)
    except gymnasium.error.UnregisteredEnv as reason:
        meant = validate.nearest(name, gymnasium.registry)
        raise ValueError(f"gymnasium cannot make an environment {name!r}: {_without_guess(reason)}{meant}") from None
    except gymnasium.error.Error as reason:
        raise ValueError(f"gymnasium cannot make an environment {name!r}: {reason}") from None
    except ModuleNotFoundError as reason:
        raise ImportError(
            f"making {name!r} needs {reason.name}, which is not installed; install what the environment asks for, "
            f"such as pip install {str(reason.name).partition('.')[0]}"
        ) from reason
    except Exception as reason:  # environments check their own arguments, each in its way
        if not options:
            raise
        given = ", ".join(f"{key}={validate.shown(value)}" for key, value in options.items())
        kind = TypeError if isinstance(reason, TypeError) else ValueError
        raise kind(f"gymnasium cannot make an environment {name!r} with {given}: {reason}") from reason


def refuse_options(options: Mapping[str, Any], env: Any) -> None:
    """Refuse options of `gymnasium.make` for an environment that is made already.

    Raises
    ------
    TypeError
        If there is one.
    """
    if options:
        raise TypeError(
            f"unexpected argument {next(iter(options))}=: it is no argument of this function, and gymnasium.make "
            f"takes it for the id of an environment only, but {validate.shown(env)} is given"
        )


def _register_minigrid(name: str) -> None:
    try:
        import minigrid  # noqa: F401 (importing it registers its environments)
    except ImportError:
        raise missing(f"making {name!r}", "minigrid") from None


def _without_guess(reason: Exception) -> str:
    """Return what Gymnasium says of an id without the name it guesses, which lacks the version."""
    return str(reason).partition(" Did you mean")[0].rstrip(".")


def name_of(core: Any) -> str:
    """Return the id of an environment, the name that PettingZoo gives it, or the name of its class."""
    told = getattr(core, "metadata", None)
    named = told.get("name") if isinstance(told, Mapping) else None
    return str(getattr(getattr(core, "spec", None), "id", named or type(core).__name__))


def action_names(core: Any, numbers: Sequence[int]) -> tuple[Any, ...]:
    """Return the names of actions: those that the environment tells, or its documentation, or else the numbers."""
    kind = type(core)
    documented = enumerate(_ACTION_NAMES.get(f"{kind.__module__}.{kind.__qualname__}", ()))
    names = _told_names(core) or dict(documented)
    distinct = len(set(names.values())) == len(names)
    return tuple(names[number] for number in numbers) if distinct and names.keys() >= set(numbers) else tuple(numbers)


def _told_names(core: Any) -> dict[Any, Any]:
    """Return what an environment calls its actions, by an enumeration `actions` or by a method as Atari has it."""
    listed = getattr(core, "actions", None)
    if isinstance(listed, type) and issubclass(listed, Enum):
        return {member.value: name for name, member in listed.__members__.items()}
    with suppress(Exception):  # a method of this name may need anything
        return dict(enumerate(core.get_action_meanings()))
    return {}


def refuse_mistaken(env: Any, name: str) -> None:
    """Refuse an argument that is no environment.

    Raises
    ------
    TypeError
        If `env` is a class, the method ``step`` of an environment, or a vector of environments.
    """
    if isinstance(env, type) and hasattr(env, "step") and hasattr(env, "reset"):
        raise TypeError(
            f"{name} is the class {env.__name__}, expected an environment; make one of it, as {env.__name__}() does"
        )
    owner = getattr(env, "__self__", None)
    if hasattr(owner, "action_space") and getattr(env, "__name__", "") == "step":
        raise TypeError(
            f"{name} is the method step of {name_of(owner)}, which takes no state; expected the environment itself, "
            "not its method"
        )
    if hasattr(env, "single_action_space"):
        raise TypeError(
            f"{name} is a vector of {getattr(env, 'num_envs', 'several')} environments, expected a single one, as "
            "gymnasium.make gives; from_rollouts plays several at once"
        )


def unwrapped(env: Any, reader: str, *, rewards: bool) -> Any:
    """Return an environment without its wrappers, and warn of those that change the model.

    Parameters
    ----------
    env : gymnasium.Env
        The environment.
    reader : str
        Name of the adapter, for the warning.
    rewards : bool
        Whether rewards are read; a wrapper that changes nothing else is named only then.

    Warns
    -----
    UserWarning
        Once, naming every wrapper that may change actions, observations or dynamics.
    """
    core = getattr(env, "unwrapped", env)
    changes = {type(wrapper).__name__: _changed_by(wrapper) for wrapper in _wrappers(env, core)}
    lost = [f"{name} ({what})" for name, what in changes.items() if what and (rewards or what != "rewards")]
    if lost:
        several = len(lost) > 1
        warn(
            f"{reader} reads {name_of(core)} without its wrapper{'s' * several} {', '.join(lost)}: what "
            f"{'they change' if several else 'it changes'} is not in the model; a step function that says what "
            "happens in the wrapped environment can be handed to from_step_function"
        )
    return core


def warn(sentence: str) -> None:
    """Warn of what is not read, at the line outside this package that requested the model."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("empowerment."):
        frame, level = frame.f_back, level + 1
    warnings.warn(sentence, UserWarning, stacklevel=level)


def _wrappers(env: Any, core: Any) -> Iterator[Any]:
    """Yield the wrappers around an environment, the outermost first."""
    while env is not core and env is not None:
        yield env
        env = getattr(env, "env", None)


def _changed_by(wrapper: Any) -> str:
    """Return what a wrapper changes; nothing for one that only looks on."""
    kind = type(wrapper)
    if kind.__module__.startswith("gymnasium.wrappers.") and kind.__name__ in _WRAPPERS:
        return _WRAPPERS[kind.__name__]
    stepping = next((base for base in kind.__mro__ if "step" in vars(base)), kind)
    return _BASES.get(stepping.__name__, "steps") if stepping.__module__ == "gymnasium.core" else "steps"
