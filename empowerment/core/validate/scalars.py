"""Checks of single numbers and switches: one function for each kind.

NumPy's scalars and arrays without axes count as the numbers they hold. Truth values are no numbers, and neither is
NaN. A number beyond double precision, such as ``10**400``, counts as infinite, so that no check overflows.
"""

from __future__ import annotations

import math
import numbers
import os
from typing import Any, Literal, TypeVar

import numpy as np

Kind = TypeVar("Kind")

MIN_TOL = 1e-12
"""Below this width an interval would be made of rounding errors alone."""

LARGEST = 2**63 - 1
"""The largest whole number that compiled code and files hold."""

LONGEST = 100_000
"""The most steps that are computed one after the other; only the counts of deterministic worlds take more."""

MOST_DRAWS = 10_000_000
"""The most random draws, samples or steps of a simulation that are asked for at a time."""

# More processes do not run side by side on a machine, and joblib would try to.
_MOST_JOBS = 4096
_SHOWN_DIGITS, _SHOWN_CHARACTERS = 20, 200


def shown(value: object) -> str:
    """Return the text of a value in a message: short and on one line."""
    if isinstance(value, int) and abs(value) >= 10**_SHOWN_DIGITS:
        return f"about {'-' if value < 0 else ''}10**{math.log10(abs(value)):.0f}"
    try:
        text = " ".join(repr(value).split())
    except Exception:  # the object is the caller's, and so is what its repr does
        text = f"a {type(value).__name__}"
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 2] + " …"


def plain(value: Any) -> Any:
    """Return the Python number in a NumPy scalar or an array without axes; other values unchanged."""
    is_scalar = isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0)
    return value.item() if is_scalar and value.dtype.kind in "biuf" else value


def real(value: object) -> float | None:
    """Return a real number as a float, infinite beyond double precision; None if it is no number."""
    found = plain(value)
    if isinstance(found, bool) or not isinstance(found, numbers.Real):
        return None
    number: Any = found
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def whole(value: object) -> int | None:
    """Return a whole number as an int; None if it is none."""
    found = plain(value)
    return None if isinstance(found, bool) or not isinstance(found, numbers.Integral) else int(found)


def power(base: float, exponent: int) -> float:
    """Return a power as a float, infinite beyond double precision."""
    try:
        return float(base) ** exponent
    except OverflowError:
        return math.inf


def flag(value: object, name: str) -> bool:
    """Return a switch as a bool."""
    found = plain(value)
    if not isinstance(found, bool):
        raise TypeError(f"{name} is {shown(value)}, expected True or False")
    return found


def progress(value: object) -> bool | Literal["auto"]:
    """Return whether to show a progress bar, which "auto" leaves to where the program runs."""
    if isinstance(value, str) and value == "auto":
        return "auto"
    found = plain(value)
    if not isinstance(found, bool):
        raise TypeError(f"progress is {shown(value)}, expected True, False or 'auto'")
    return found


def horizon(value: object, name: str = "horizon") -> int:
    """Return a horizon as an int of at least 0 that compiled code can hold."""
    found = whole(value)
    if found is None:
        raise TypeError(f"{name} is {shown(value)}, expected a whole number of steps")
    if found < 0:
        raise ValueError(f"{name} is {shown(value)}, expected a number of steps of at least 0")
    if found > LARGEST:
        raise ValueError(f"{name} is {shown(value)}, expected a number of steps of at most {LARGEST:,}")
    return found


def short_horizon(value: object, name: str = "horizon") -> int:
    """Return a horizon whose steps can be computed one after the other."""
    found = horizon(value, name)
    if found > LONGEST:
        raise ValueError(
            f"{name} is {shown(value)}, expected at most {LONGEST:,} steps, since they are computed one after the "
            "other; empowerment_rate has the value for each step in the long run, discounted_empowerment the sum "
            "over all steps to come"
        )
    return found


def tolerances(tol: object, rtol: object) -> tuple[float, float]:
    """Return the absolute and relative width wanted of an interval, in the result's unit."""
    absolute, relative = real(tol), real(rtol)
    if absolute is None or not MIN_TOL <= absolute < math.inf:
        raise ValueError(
            f"tol is {shown(tol)}, expected a finite width of at least {MIN_TOL:g}: "
            "below that, rounding errors of double precision are wider than the interval"
        )
    if relative is None or not 0 <= relative < 1:
        raise ValueError(f"rtol is {shown(rtol)}, expected a number in [0, 1)")
    return absolute, relative


def base(value: object) -> float:
    """Return the base of the logarithm: 2 for bits, e or ``"e"`` for nats, 10 for hartleys."""
    found = math.e if isinstance(value, str) and value == "e" else real(value)
    if found is None or not 1 < found < math.inf:
        raise ValueError(f'base is {shown(value)}, expected a number above 1 (2 gives bits, math.e or "e" nats)')
    return found


def memory(value: object) -> float:
    """Return a number of bytes above 0; infinity lifts the limit."""
    found = real(value)
    if found is None or not found > 0:
        raise ValueError(f"memory is {shown(value)}, expected a number of bytes above 0")
    return found


def seconds(value: object, name: str) -> float:
    """Return a number of seconds above 0; infinity lifts the limit."""
    found = real(value)
    if found is None or not found > 0:
        raise ValueError(f"{name} is {shown(value)}, expected a number of seconds above 0")
    return found


def positive_int(value: object, name: str, *, most: int = LARGEST) -> int:
    """Return a count as an int of at least 1 and at most `most`."""
    found = whole(value)
    if found is None or found < 1:
        raise ValueError(f"{name} is {shown(value)}, expected a whole number of at least 1")
    if found > most:
        raise ValueError(f"{name} is {shown(value)}, expected at most {most:,}")
    return found


def limit(value: object, name: str) -> int:
    """Return a limit as an int of at least 1; larger numbers than compiled code can hold mean no limit."""
    found = whole(value)
    if found is None or found < 1:
        raise ValueError(f"{name} is {shown(value)}, expected a whole number of at least 1")
    return min(found, LARGEST)


def count_or_infinity(value: object, name: str, *, least: int) -> float:
    """Return a number of outputs of at least `least` as an int that compiled code can hold, or infinity."""
    found = whole(value)
    if found is not None and least <= found <= LARGEST:
        return found
    if found is None and real(value) == math.inf:
        return math.inf
    raise ValueError(f"{name} is {shown(value)}, expected a whole number of outputs of at least {least}, or math.inf")


def n_jobs(value: object) -> int | None:
    """Return a number of jobs: not 0, negative ones count from the number of cores, None leaves it to joblib."""
    if value is None:
        return None
    found = whole(value)
    if found is None or found == 0:
        raise ValueError(
            f"n_jobs is {shown(value)}, expected a whole number of processes (-1: one on each core), "
            "or None to leave it to joblib.parallel_config"
        )
    if abs(found) > _MOST_JOBS:
        raise ValueError(
            f"n_jobs is {shown(value)}, expected at most {_MOST_JOBS:,} processes (-1: one on each core)"
        )
    return found


def finite(value: object, name: str, *, least: float = -math.inf, above: float = -math.inf) -> float:
    """Return a finite number of at least `least`, or above `above`."""
    found = real(value)
    if found is None or not (math.isfinite(found) and found >= least and found > above):
        bound = f" above {above:g}" if above > -math.inf else f" of at least {least:g}" if least > -math.inf else ""
        raise ValueError(f"{name} is {shown(value)}, expected a finite number{bound}")
    return found


def probability(value: object, name: str) -> float:
    """Return a number in [0, 1]."""
    found = real(value)
    if found is None or not 0 <= found <= 1:
        raise ValueError(f"{name} is {shown(value)}, expected a probability in [0, 1]")
    return found


def discount(value: object) -> float:
    """Return the discount factor, a number in [0, 1]."""
    found = real(value)
    if found is None or not 0 <= found <= 1:
        raise ValueError(f"discount is {shown(value)}, expected a number in [0, 1]")
    return found


def discount_below_one(value: object) -> float:
    """Return the discount factor of a sum over all steps, a number in [0, 1)."""
    factor = discount(value)
    if factor == 1:
        raise ValueError("discount is 1, expected a number in [0, 1): the sum over all steps would have no bound")
    return factor


def level(value: object) -> float:
    """Return the level of a confidence interval, a number between 0 and 1."""
    found = real(value)
    if found is None or not 0 < found < 1:
        raise ValueError(f"level is {shown(value)}, expected a number between 0 and 1, such as 0.95")
    return found


def enough_draws(value: object, tail: float, name: str) -> int:
    """Return a number of random draws that is large enough to estimate a tail probability."""
    found, least = positive_int(value, name, most=MOST_DRAWS), math.ceil(1 / tail - 1 - 1e-9)
    if found < least:
        raise ValueError(f"{name} is {found}, expected at least {least}: fewer say nothing of a tail of {tail:.3g}")
    return found


def seed(value: object, name: str = "seed") -> int:
    """Return the seed of a random generator, an int of at least 0 and below 2**128."""
    found = whole(value)
    if found is None or not 0 <= found < 2**128:
        raise ValueError(
            f"{name} is {shown(value)}, expected a numpy.random.Generator, a seed of at least 0 (and below 2**128), "
            "or None"
        )
    return found


def function(value: Any, name: str, takes: str) -> Any:
    """Return a function that takes what `takes` says, or None where none is given."""
    if value is None or (callable(value) and not isinstance(value, type)):
        return value
    raise TypeError(f"{name} is {shown(value)}, expected a function of {takes}")


def generator(rng: object, name: str = "rng") -> np.random.Generator:
    """Return the random generator: the caller's own, or a new one from a seed or from none."""
    if rng is None or isinstance(rng, np.random.Generator):
        return np.random.default_rng(rng)
    return np.random.default_rng(seed(rng, name))


def instance(value: object, kind: type[Kind], name: str) -> Kind:
    """Return a checked instance of a class of the library."""
    if not isinstance(value, kind):
        what = value.__name__ if isinstance(value, type) else type(value).__name__
        raise TypeError(
            f"{name} is {'the class' if isinstance(value, type) else 'a'} {what}, expected a {kind.__name__}"
        )
    return value


def offers(value: object, names: tuple[str, ...], name: str, wanted: str) -> None:
    """Refuse an object that lacks a required attribute; a class is not one of its objects."""
    if isinstance(value, type) or not all(hasattr(value, each) for each in names):
        found = f"the class {value.__name__}" if isinstance(value, type) else f"a {type(value).__name__}"
        raise TypeError(f"{name} is {found}, expected {wanted}")


def path(value: object, name: str) -> str | os.PathLike[str]:
    """Return the path of a file or directory; numbers, which would be file descriptors, are refused."""
    if not isinstance(value, str | os.PathLike):
        raise TypeError(f"{name} is {shown(value)}, expected a path")
    try:
        usable = b"\0" not in os.fsencode(value)
    except UnicodeEncodeError:
        usable = False
    if not usable:
        raise ValueError(f"{name} is {shown(value)}, expected a path that a file can have")
    return value
