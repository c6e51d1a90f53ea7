"""Empowerment and channel capacity, each number with a certified interval.

Public names are listed in ``__init__.pyi`` and resolved at their first use: importing the package loads little.
"""

from typing import Any

import lazy_loader

from empowerment.core.version import __version__ as __version__
from empowerment.runtime.loading import uninterrupted

_resolve, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    return uninterrupted(_resolve, name)
