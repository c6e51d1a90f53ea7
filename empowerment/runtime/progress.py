"""A progress bar for long work, where it is asked for or somebody watches."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from empowerment.core import validate
from empowerment.runtime.optional import missing

_DELAY = 1.0  # seconds; a bar that nobody asked for does not flash up for short work


@contextmanager
def progress_bar(
    total: int | None,
    description: str,
    unit: str,
    wanted: bool | str,
    note: Callable[[], str] = str,
) -> Iterator[Callable[[int], object]]:
    """Yield a function that takes how many more are done, and shows it if a bar is wanted.

    Parameters
    ----------
    total : int or None
        Where it is None the bar counts.
    description, unit : str
        What is done, and to what.
    wanted : bool or "auto"
        ``"auto"`` shows a bar on a terminal, once the work has taken a second, and takes it away at the end.
    note : callable
        Returns what stands at the end, which narrow terminals cut off; it is called only for a bar, at each step.

    Raises
    ------
    ImportError
        If a bar is asked for and tqdm is not installed.
    """
    wanted = validate.progress(wanted)
    if wanted == "auto" and not can_be_watched():
        wanted = False
    if not wanted:
        yield lambda count: None
        return
    try:
        from tqdm import tqdm
    except ImportError:
        raise missing("progress=True", "tqdm") from None
    unasked = wanted == "auto"
    shown: dict[str, Any] = {"desc": description, "unit": unit, "postfix": note() or None}
    with tqdm(total=total, leave=not unasked, delay=_DELAY if unasked else 0, **shown) as bar:

        def advance(count: int) -> object:
            bar.set_postfix_str(note(), refresh=False)
            return bar.update(count)

        yield advance


def can_be_watched() -> bool:
    """Return whether a bar would be seen: stderr is a terminal, of no worker process, and tqdm is installed."""
    on_terminal = sys.stderr is not None and sys.stderr.isatty()
    return on_terminal and not _is_worker() and importlib.util.find_spec("tqdm") is not None


def _is_worker() -> bool:
    """Return whether another process shares its work with this one, and shows how far all of it is."""
    processes = sys.modules.get("multiprocessing.process")  # loaded, if there are others
    return processes is not None and processes.current_process().name != "MainProcess"
