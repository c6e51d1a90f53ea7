"""The logarithm, in operations that a loop over an array turns into vector instructions.

Those of the mathematical library are calls, one for each number.
"""

from __future__ import annotations

import math
from typing import Any

from numba import float64, int64
from numba.extending import intrinsic

from empowerment.runtime.jit import jit

_LEAST = 2.2250738585072014e-308  # smaller numbers are subnormal
_SQRT_HALF_BITS, _EXPONENT_SHIFT = 0x3FE6A09E667F3BCD, 52
_LN2_HIGH, _LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10
# Adding an integer to the bits of 1.5 * 2^52 adds it to that number: the vectorised conversion to floating point.
_MAGIC, _MAGIC_BITS = 6755399441055744.0, 0x4338000000000000


def _same_bits(context: Any, builder: Any, signature: Any, given: Any) -> Any:
    return builder.bitcast(given[0], context.get_value_type(signature.return_type))


@intrinsic  # type: ignore[untyped-decorator]
def _bits(typing_context: Any, number: Any) -> Any:
    """Return the integer of the same 64 bits."""
    return int64(float64), _same_bits


@intrinsic  # type: ignore[untyped-decorator]
def _number(typing_context: Any, bits: Any) -> Any:
    """Return the floating-point number of the same 64 bits."""
    return float64(int64), _same_bits


@jit()
def logarithm(x: float) -> float:
    """Return the logarithm of a positive number, with an error of at most 4 units in the last place.

    It is that of the mantissa in [sqrt(1/2), sqrt(2)), as the series of 2 artanh((x - 1) / (x + 1)), plus a multiple
    of log 2. Infinity and NaN stay what they are.
    """
    normal = x >= _LEAST
    bits = _bits(x if normal else x * 2.0**54)
    power = (bits - _SQRT_HALF_BITS) >> _EXPONENT_SHIFT
    mantissa = _number(bits - (power << _EXPONENT_SHIFT))
    power_of_2 = _number(power + _MAGIC_BITS) - (_MAGIC if normal else _MAGIC + 54.0)
    f = (mantissa - 1.0) / (mantissa + 1.0)
    z = f * f
    series = 1 / 19
    series = series * z + 1 / 17
    series = series * z + 1 / 15
    series = series * z + 1 / 13
    series = series * z + 1 / 11
    series = series * z + 1 / 9
    series = series * z + 1 / 7
    series = series * z + 1 / 5
    series = series * z + 1 / 3
    series = series * z + 1.0
    found = power_of_2 * _LN2_HIGH + (2.0 * f * series + power_of_2 * _LN2_LOW)
    return found if x < math.inf else x
