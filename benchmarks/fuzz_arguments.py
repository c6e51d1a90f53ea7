"""Odd values for every argument of everything public: ``python -m benchmarks.fuzz_arguments [NAME ...]``.

Each parameter of each call in `benchmarks.valid_calls` is given each value of a pool of odd ones. An answer is clear
if it comes within the time allowed and is a value without NaN, or an error that the library raised on purpose and
that names the argument or what was found. Prints every unclear answer, how many calls were tried and how many were
unclear.
"""

from __future__ import annotations

import inspect
import itertools
import linecache
import math
import multiprocessing
import os
import re
import resource
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from scipy import sparse

import empowerment as emp
from benchmarks import valid_calls
from benchmarks.valid_calls import Call, calls

ALLOWED = 2.0
"""CPU-seconds that a call may take; a second try is not charged with the compilation that the first one began."""

_PATIENCE, _FIRST_PATIENCE = 15.0, 120.0  # seconds
_MEMORY = 12 << 30  # bytes of address space

_ON_PURPOSE = (
    TypeError,
    ValueError,
    KeyError,
    MemoryError,
    NotImplementedError,
    ImportError,
    RuntimeError,  # missed tolerances and silent language models
)
_PACKAGE = str(Path(emp.__file__).parent)
# What messages call an argument of another name.
_ALIASES = {
    "matrix": ("channel",),
    "transition": ("observation",),
    "model": ("transition", "policy", "values"),
    "B": ("A",),
    "messages": ("menu",),
    "wills": ("prompts",),
    "step": ("max_states",),
    "initial": ("max_states",),
    "logits": ("log_probabilities",),
}
# Handed on to matplotlib, which has its own messages.
_DRAWING = ("ax", "cmap", "color", "style")


class _Strange:
    """An object of another library."""


class _Unprintable:
    """An object that cannot even be shown."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")


def _endless() -> Iterator[int]:
    return itertools.count()


POOL: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "True": lambda: True,
    "False": lambda: False,
    "0": lambda: 0,
    "-0.0": lambda: -0.0,
    "1": lambda: 1,
    "3": lambda: 3,
    "-1": lambda: -1,
    "0.5": lambda: 0.5,
    "1e-300": lambda: 1e-300,
    "5e-324": lambda: 5e-324,
    "1e300": lambda: 1e300,
    "-1e300": lambda: -1e300,
    "inf": lambda: math.inf,
    "-inf": lambda: -math.inf,
    "nan": lambda: math.nan,
    "10**9": lambda: 10**9,
    "-10**9": lambda: -(10**9),
    "10**18": lambda: 10**18,
    "2**63": lambda: 2**63,
    "10**30": lambda: 10**30,
    "-10**30": lambda: -(10**30),
    "10**400": lambda: 10**400,
    "-10**400": lambda: -(10**400),
    "10**4200": lambda: 10**4200,
    "complex": lambda: 1 + 2j,
    "Fraction": lambda: Fraction(1, 3),
    "huge Fraction": lambda: Fraction(10**400, 3),
    "Decimal": lambda: Decimal("0.5"),
    "Decimal NaN": lambda: Decimal("NaN"),
    "int64": lambda: np.int64(2),
    "uint8": lambda: np.uint8(2),
    "float32": lambda: np.float32(0.5),
    "float16 nan": lambda: np.float16("nan"),
    "longdouble": lambda: np.longdouble("1e4000"),
    "bool_": lambda: np.bool_(True),
    "array of no axes": lambda: np.array(2),
    "array of no axes, float": lambda: np.array(0.5),
    "empty array": lambda: np.empty(0),
    "array": lambda: np.array([0.5, 0.5]),
    "array of NaN": lambda: np.array([np.nan, 1.0]),
    "array of inf": lambda: np.array([[np.inf, 0.0], [0.0, 1.0]]),
    "array of 1e308": lambda: np.full((2, 2), 1e308),
    "array of huge": lambda: np.array([1e300, 1.0]),
    "array of tiny": lambda: np.array([5e-324, 1.0]),
    "negative array": lambda: np.array([-1.0, 2.0]),
    "array of int": lambda: np.array([1, 2]),
    "array of objects": lambda: np.array([None, "a"], dtype=object),
    "array of text": lambda: np.array(["a", "b"]),
    "array of complex": lambda: np.array([1j, 2.0]),
    "array of truth values": lambda: np.array([True, False]),
    "three axes": lambda: np.full((2, 2, 2), 0.5),
    "no entries": lambda: np.empty((0, 2, 0)),
    "masked": lambda: np.ma.masked_array([0.5, 0.5], [True, False]),
    "dates": lambda: np.array(["2020-01-01"], dtype="datetime64[D]"),
    "sparse": lambda: sparse.csr_array(np.eye(2)),
    "empty text": lambda: "",
    "text": lambda: "a",
    "text of a number": lambda: "12",
    "NUL": lambda: "a\0b",
    "lone surrogate": lambda: "\ud800",
    "bytes": lambda: b"a",
    "empty list": lambda: [],
    "list": lambda: [1, 2],
    "list of texts": lambda: ["a", "b"],
    "list of None": lambda: [None, None],
    "list of huge": lambda: [10**400, 1],
    "ragged": lambda: [[1.0], [0.5, 0.5]],
    "nested": lambda: [[[[[1.0]]]]],
    "tuple": lambda: (1, 2),
    "pair of huge": lambda: (10**400, 10**400),
    "empty dict": dict,
    "dict": lambda: {"a": 1.0},
    "dict of mixed keys": lambda: {"a": 1.0, 2: 2.0, None: None},
    "set": lambda: {1, 2},
    "range": lambda: range(2),
    "generator": lambda: (value for value in (0.5, 0.5)),
    "endless": _endless,
    "class": lambda: _Strange,
    "object": _Strange,
    "unprintable": _Unprintable,
    "function": lambda: lambda *given: given,
    "failing function": lambda: lambda: None,
    "module": lambda: math,
    "MDP": lambda: emp.MDP(np.full((3, 1, 3), 1 / 3)),
}


class Answer(NamedTuple):
    """What came of a call, and what is unclear about it; nothing if it is clear."""

    call: str
    found: str
    complaint: str


def cases(valid: dict[str, Call]) -> list[tuple[str, str, str]]:
    """Return the name of a call, of a parameter and of a value, for all of them."""
    found = []
    for name, (function, _) in valid.items():
        for parameter in inspect.signature(function).parameters.values():
            if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL) or parameter.name in _DRAWING:
                continue
            found += [(name, parameter.name, value) for value in POOL]
    return found


def ask(call: Call, name: str, parameter: str, value: str) -> Answer:
    """Make one call with one odd value."""
    where, hostile = f"{name}({parameter}={value})", POOL[value]()
    began = time.process_time()
    try:
        found = call.function(**{**call.arguments, parameter: hostile})
        if isinstance(found, Iterator):
            found = list(itertools.islice(found, 50))
        if isinstance(found, emp.text.Recorded):
            found.close()
        shown, complaint = _shown(found), "holds NaN" if _holds_nan(found) else ""
    except Exception as reason:
        shown, complaint = f"{type(reason).__name__}: {reason}", _unclear(reason, parameter, hostile)
    finally:
        plt.close("all")
    took = time.process_time() - began
    if not complaint and took > ALLOWED:
        complaint = f"took {took:.1f} CPU-seconds"
    return Answer(where, " ".join(shown.split())[:200], complaint)


def _unclear(reason: Exception, parameter: str, value: Any) -> str:
    """Return what is unclear about an error; nothing if it was raised on purpose and names what is wrong."""
    if isinstance(reason, OSError) or (parameter == "path" and isinstance(reason, TypeError | ValueError)):
        return ""  # what the system says of a file
    if isinstance(reason, emp.text.TokenModelError | AssertionError):
        return ""  # a language model that does not answer, and a check that fails
    frame = reason.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    assert frame is not None
    file = frame.tb_frame.f_code.co_filename
    line = linecache.getline(file, frame.tb_lineno).strip()
    if file in (valid_calls.__file__, __file__) and frame.tb_frame.f_code.co_name != "ask":
        return ""  # raised by a function or an object of the caller's
    if callable(value) and getattr(value, "__name__", "?") in str(reason):
        return ""  # the caller's function was called as documented
    if not isinstance(reason, _ON_PURPOSE):
        return "is no error of the library's"
    if not file.startswith(_PACKAGE) or not line.startswith("raise"):
        return f"was not raised on purpose: {Path(file).name}:{frame.tb_lineno}: {line}"
    stems = {*_ALIASES.get(parameter, ()), parameter.strip("_"), parameter.rstrip("s"), parameter.replace("_", " ")}
    if str(reason).startswith("unknown ") or any(stem in str(reason) for stem in stems):
        return ""
    return "" if _mentions(str(reason), value) else "names neither the argument nor its value"


def _shown(value: Any) -> str:
    try:
        return repr(value)
    except (RuntimeError, ValueError):  # of the odd value itself
        return "?"


def _mentions(message: str, value: Any) -> bool:
    shown = _shown(value)
    return shown in message or type(value).__name__ in message or re.sub(r"\W", "", shown)[:20] in message


def _holds_nan(found: Any) -> bool:
    ends = [getattr(found, name, None) for name in ("value", "lower", "upper")] + [found]
    numbers = [end for end in ends if isinstance(end, float | np.ndarray | np.floating)]
    return any(np.isnan(np.asarray(n, dtype=float)).any() for n in numbers if np.asarray(n).dtype.kind == "f")


def run(chosen: list[tuple[str, str, str]], valid: dict[str, Call]) -> Iterator[Answer]:
    """Yield the answers to some cases; what is slow or unclear is asked once more."""
    for name, parameter, value in chosen:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", emp.ConvergenceWarning)
            warnings.simplefilter("ignore", UserWarning)
            answer = ask(valid[name], name, parameter, value)
            yield ask(valid[name], name, parameter, value) if answer.complaint.startswith("took") else answer


def _work(chosen: list[tuple[str, str, str]], answers: Connection) -> None:
    """Answer in a process of its own, with the memory that it may take limited."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    os.chdir(valid_calls.DIRECTORY)  # odd paths are files there
    for answer in run(chosen, calls()):
        answers.send(answer)


def supervised(chosen: list[tuple[str, str, str]]) -> Iterator[Answer]:
    """Yield the answers to all cases; a call that does not end, or ends the process, is one that was not answered."""
    context, left = multiprocessing.get_context("spawn"), chosen
    while left:
        receiver, sender = context.Pipe(duplex=False)
        worker = context.Process(target=_work, args=(left, sender), daemon=True)
        worker.start()
        sender.close()
        patience, silent = _FIRST_PATIENCE, "took too long"
        try:
            while left and receiver.poll(patience):
                answer = receiver.recv()
                left, patience = left[1:], _PATIENCE
                yield answer
        except EOFError:
            silent = "ended the process"
        worker.kill()
        worker.join()
        if left:
            name, parameter, value = left[0]
            yield Answer(f"{name}({parameter}={value})", silent, "was not answered")
            left = left[1:]


def main(names: list[str]) -> None:
    """Try everything, or only what is named."""
    chosen = [case for case in cases(calls()) if not names or case[0] in names]
    tried = unclear = 0
    for answer in supervised(chosen):
        tried += 1
        if answer.complaint:
            unclear += 1
            print(f"{answer.call}: {answer.complaint}\n    {answer.found!a}", flush=True)
    print(f"{tried} tried, {unclear} unclear")


if __name__ == "__main__":
    main(sys.argv[1:])
