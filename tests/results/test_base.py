"""The base of the logarithm: a number, or "e", for everything public that takes one."""

import inspect
import math

import numpy as np
import pytest

pytest.importorskip("gymnasium")
pytest.importorskip("matplotlib")

from benchmarks.valid_calls import calls
from empowerment.export.npz import _packed_fields
from empowerment.results.result import Result


def answer(call, base):
    found = call.function(**{**call.arguments, "base": base})
    return found.run() if hasattr(found, "run") else found


def content(found):
    """All that an answer holds."""
    if not isinstance(found, Result):
        return np.asarray(found, dtype=float).tolist()
    arrays = {}
    return _packed_fields(found, arrays, ""), {name: array.tolist() for name, array in arrays.items()}


def test_the_letter_e_is_a_base_wherever_there_is_one():
    asked = {name: call for name, call in calls().items() if "base" in inspect.signature(call.function).parameters}
    assert len(asked) > 20
    for name, call in asked.items():
        letter, number = answer(call, "e"), answer(call, math.e)
        assert content(letter) == content(number), name
        if isinstance(letter, Result) and hasattr(letter, "base"):
            assert (type(letter.base), letter.base) == (float, math.e), name
        with pytest.raises(ValueError, match=r"base is 'f', expected a number above 1 .*math.e or .e. nats"):
            answer(call, "f")
