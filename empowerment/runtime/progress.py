"""A progress bar for long work, shown only when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from empowerment.core import validate
from empowerment.runtime.optional import missing


@contextmanager
def progress_bar(total: int | None, description: str, unit: str, wanted: bool) -> Iterator[Callable[[int], object]]:
    """Yield a function that is told how many more are done; without `wanted` it does nothing.

    Where the `total` is not known the bar counts.

    Raises
    ------
    ImportError
        If a bar is wanted and tqdm is not installed.
    """
    if not validate.flag(wanted, "progress"):
        yield lambda count: None
        return
    try:
        from tqdm import tqdm
    except ImportError:
        raise missing("progress=True", "tqdm") from None
    with tqdm(total=total, desc=description, unit=unit) as bar:
        yield bar.update
