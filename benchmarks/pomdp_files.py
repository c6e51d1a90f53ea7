"""Large .POMDP files: ``python -m benchmarks.pomdp_files [STATES ...]`` (a public model's size and multiples of it).

The files are those of a vehicle that moves on a map: 6 actions, 103 observations, deterministic moves, and rewards
that are given for every next state, ``R: action : * : next : * value``. A line for each size says what reading took.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import empowerment as emp
from benchmarks.memory import peak

_MOVES = {"n": (-1, 0), "s": (1, 0), "e": (0, 1), "ne": (-1, 1), "se": (1, 1), "stay": (0, 0)}
_N_OBSERVATIONS = 103
_WIDTH = 52


def navigation(n_states: int) -> Iterator[str]:
    """Yield the lines of a file: a map of so many cells, row by row, at whose edges moves stay where they are."""
    names = [f"Srv{cell // _WIDTH}rh{cell % _WIDTH}" for cell in range(n_states)]
    seen = [f"O{number}" for number in range(_N_OBSERVATIONS)]
    yield "discount: 0.95\nvalues: reward\n"
    yield f"states: {' '.join(names)}\nactions: {' '.join(_MOVES)}\nobservations: {' '.join(seen)}\n"
    for cell, name in enumerate(names):
        row, column = divmod(cell, _WIDTH)
        for action, (down, right) in _MOVES.items():
            following = cell + _WIDTH * down + right
            inside = 0 <= following < n_states and 0 <= column + right < _WIDTH
            cost = (down * down + right * right) ** 0.5
            yield f"R: {action} : * : {name} : * -{cost:.3f}\n"
            yield f"T: {action} : {name} : {names[following] if inside else name} 1\n"
            yield f"O: {action} : {name} : {seen[(row + column) % _N_OBSERVATIONS]} 1.0\n"


def main(*sizes: int) -> None:
    """Write, read and time a file of each size."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "navigation.POMDP"
        emp.write_pomdp(emp.worlds.tiger(), path)
        emp.read_pomdp(path)  # loads what is loaded once
        for n_states in sizes or (663, 1326, 2653, 5306, 10612):
            with open(path, "w", encoding="utf-8") as file:
                file.writelines(navigation(n_states))
            before, began = peak(), time.process_time()
            emp.read_pomdp(path)
            taken = time.process_time() - began
            print(
                f"{n_states} states: {path.stat().st_size / 1e6:.1f} MB of text, {taken:.2f} CPU-seconds "
                f"({1e3 * taken / n_states:.2f} ms a state), {(peak() - before) / 1e6:.0f} MB more at the peak"
            )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
