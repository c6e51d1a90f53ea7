"""Imports at the first use that Ctrl-C cannot break.

An import that an exception interrupts may leave a library half loaded, and every later use of it fails. So it runs in
a thread in which no signal arrives, to its end; the caller can be interrupted.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import TypeVar

Value = TypeVar("Value")


@cache
def load(name: str) -> ModuleType:
    """Return the module of this name, importing it if necessary."""
    return uninterrupted(importlib.import_module, name)


def uninterrupted(importing: Callable[[str], Value], name: str) -> Value:
    """Call a function that imports what has this name, and return what it returns, in a thread of its own.

    Outside the main thread, to which alone signals come, it is called directly.
    """
    if threading.current_thread() is not threading.main_thread():
        return importing(name)
    values: list[Value] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            values.append(importing(name))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    while thread.is_alive():
        thread.join(1.0)
    if errors:
        raise errors[0]
    return values[0]
