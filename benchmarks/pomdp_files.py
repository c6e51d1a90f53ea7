"""Large .POMDP files, of the sizes of public ones and beyond: ``python -m benchmarks.pomdp_files [NAME ...]``.

The files are made by rule: a vehicle that moves on a map and reads one of 103 landmarks; a rover that samples the
eight rocks on 7 x 7 cells of the literature; a patrol with hundreds of readings that depend on the action. A line for
each says what reading took, in a process of its own.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
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


def rocks(size: int, n_rocks: int) -> Iterator[str]:
    """Yield the lines of a file: a rover on a square of cells looks at rocks from afar and samples them."""
    places = [(7 * rock % size, (3 * rock + 1) % size) for rock in range(n_rocks)]
    good = list(itertools.product("bg", repeat=n_rocks))
    moves = {"north": (-1, 0), "south": (1, 0), "east": (0, 1), "west": (0, -1)}
    looks = [f"check{rock}" for rock in range(n_rocks)]
    names = [f"s{x}_{y}_{''.join(rocks)}" for x in range(size) for y in range(size) for rocks in good]
    yield f"discount: 0.95\nvalues: reward\nstates: {' '.join(names)} exit\n"
    yield f"actions: {' '.join(moves)} sample {' '.join(looks)}\nobservations: good bad\n"
    yield "T: * : * : * 0.0\nT: * : exit : exit 1.0\nO: * : * : * 0.5\n"
    for x, y in itertools.product(range(size), repeat=2):
        distances = [((x - a) ** 2 + (y - b) ** 2) ** 0.5 for a, b in places]
        for rocks in good:
            name = f"s{x}_{y}_{''.join(rocks)}"
            for move, (down, right) in moves.items():
                into = min(max(x + down, 0), size - 1), min(max(y + right, 0), size - 1)
                end = "exit" if y + right == size else f"s{into[0]}_{into[1]}_{''.join(rocks)}"
                yield f"T: {move} : {name} : {end} 1.0\n"
            sampled = ["b" if (x, y) == place else rock for rock, place in zip(rocks, places, strict=True)]
            yield f"T: sample : {name} : s{x}_{y}_{''.join(sampled)} 1.0\n"
            for look, rock, distance in zip(looks, rocks, distances, strict=True):
                right = 0.5 + 0.5 * 2 ** (-distance / 20)
                chances = (right, 1 - right) if rock == "g" else (1 - right, right)
                yield f"T: {look} : {name} : {name} 1.0\nO: {look} : {name}\n{chances[0]!r} {chances[1]!r}\n"
                yield f"R: {look} : {name} : * : * -1\n"


def patrol(n_states: int, n_observations: int, n_actions: int = 9) -> Iterator[str]:
    """Yield the lines of a file: a walk around a ring, each of whose readings may be one of three."""
    yield f"discount: 0.95\nvalues: reward\nstates: {n_states}\nactions: {n_actions}\n"
    yield f"observations: {n_observations}\n"
    for action, state in itertools.product(range(n_actions), range(n_states)):
        yield f"T: {action} : {state} : {(state + action) % n_states} 0.75\n"
        yield f"T: {action} : {state} : {(state + action + 1) % n_states} 0.25\n"
        first = (state * (action + 1)) % n_observations
        for place, chance in enumerate((0.5, 0.25, 0.25)):
            yield f"O: {action} : {state} : {(first + 7 * place) % n_observations} {chance}\n"


FILES: dict[str, Callable[[], Iterator[str]]] = {
    **{f"navigation{n}": lambda n=n: navigation(n) for n in (663, 2653, 10612)},
    "rocks": lambda: rocks(7, 8),
    "patrol": lambda: patrol(5408, 928),
    "wide": lambda: patrol(20000, 2000),
}
"""The lines of each file, by its name."""


def measure(path: str) -> None:
    """Read a file and print what that took."""
    emp.read_pomdp(_warmed(Path(path).parent))
    before, began = peak(), time.process_time()
    model = emp.read_pomdp(path)
    taken = time.process_time() - began
    print(
        f"{Path(path).stem}: {model}, {Path(path).stat().st_size / 1e6:.1f} MB of text, {taken:.2f} CPU-seconds, "
        f"{(peak() - before) / 1e6:.0f} MB more at the peak"
    )


def _warmed(folder: Path) -> Path:
    """Write a small file, whose reading loads what is loaded once."""
    path = folder / "tiger.POMDP"
    emp.write_pomdp(emp.worlds.tiger(), path)
    return path


def main(*names: str) -> None:
    """Write each file, and read it in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        for name in names or FILES:
            path = Path(folder) / f"{name}.POMDP"
            with open(path, "w", encoding="utf-8") as file:
                file.writelines(FILES[name]())
            code = f"from benchmarks.pomdp_files import measure; measure({str(path)!r})"
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
            print(done.stdout.strip() or f"{name}: {done.stderr.strip().splitlines()[-1]}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
