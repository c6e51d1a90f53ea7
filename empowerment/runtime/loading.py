"""Modules that are loaded when they are first needed, whole even if Ctrl-C comes meanwhile.

An import that an exception breaks off may leave a library half loaded, and every later use of it fails. So it runs in
a thread that no signal comes to, to its end; who waits for it can be interrupted.
"""

from __future__ import annotations

import importlib
import threading
from types import ModuleType

_whole: set[str] = set()


def load(name: str) -> ModuleType:
    """Return the module of this name, imported now if it is not yet."""
    if name not in _whole and threading.current_thread() is threading.main_thread():
        errors: list[BaseException] = []
        thread = threading.Thread(target=_import, args=(name, errors))
        thread.start()
        while thread.is_alive():
            thread.join(1.0)
        if errors:
            raise errors[0]
    return importlib.import_module(name)


def _import(name: str, errors: list[BaseException]) -> None:
    try:
        importlib.import_module(name)
        _whole.add(name)
    except BaseException as error:
        errors.append(error)
