"""All 110 layouts: ``python -m benchmarks.keys.disempower_layouts [--push-only] [--walking] [--jobs N] …``.

A layout has a cell for the key and one for the goal, of the eleven that are free at the beginning. Where the persons
stand still the key changes nothing, so that there are eleven worlds; with ``--walking`` they walk to the key and then
to the goal, and there are 110. Prints for each objective of the assistant in how many worlds the user has more and
the bystander less empowerment than beside an assistant that idles, and beside one that acts at random: in every
optimal plan, and in some as far as the ranges of both can tell.

What is finished is kept in a folder, so that the same command goes on after Ctrl-C. ``--most-states`` leaves out
worlds that are larger.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from dataclasses import replace
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import NamedTuple

import numpy as np

import empowerment as emp
from benchmarks.keys.disempower_plans import OBJECTIVES, World, plan_table
from benchmarks.keys.disempower_rules import Rules, TooManyStatesError
from benchmarks.keys.disempower_walks import walking
from benchmarks.tables import in_columns
from empowerment.runtime.checkpoint import Checkpoint
from empowerment.runtime.digests import bytes_digest
from empowerment.runtime.parallel import run_chunks
from empowerment.runtime.progress import progress_bar
from empowerment.worlds.disempower import LAYOUTS, Cell, Grid

_MARGIN = 1e-3  # bits; smaller differences of means count as none
Arrays = dict[str, np.ndarray]


class Question(NamedTuple):
    """Which worlds are asked about.

    Attributes
    ----------
    layout : {"push-pull", "push-only"}
    walking : bool
    n_seeds : int
        How often what is sampled is drawn.
    """

    layout: str
    walking: bool
    n_seeds: int

    @property
    def places(self) -> list[tuple[Cell | None, Cell]]:
        """The cell of the key, where it matters, and that of the goal, world by world."""
        cells = free_cells(LAYOUTS[self.layout]())
        return list(permutations(cells, 2)) if self.walking else [(None, goal) for goal in cells]


def free_cells(grid: Grid) -> list[Cell]:
    """Return the cells that hold nothing at the beginning."""
    start = grid.initial
    occupied = {start.user, start.bystander, start.assistant, *start.boxes, *grid.walls}
    return [cell for cell in np.ndindex(*grid.shape) if cell not in occupied]


def law(question: Question, most_states: float, number: int) -> Arrays | None:
    """Return what becomes of both persons in one world, or None if it is too large.

    The arrays are the number of states, the means beside an idle and a random assistant, and the ranges of each
    objective, of shape (n_objectives, n_seeds, 2, 2).
    """
    key, goal = question.places[number]
    rules = Rules(replace(LAYOUTS[question.layout](), goals=(goal,)))
    try:
        world = World.of(rules, None if key is None else walking(rules, key), most_states)
    except TooManyStatesError:
        return None
    values = world.values(range(question.n_seeds))
    table = plan_table(world, values, list(OBJECTIVES))
    ranges = [np.broadcast_to(each, (question.n_seeds, 2, 2)) for each in table.values()]
    baselines = {"idle": world.idle(values.exact), "random": world.random(values.exact)}
    return {"n_states": np.array([len(world.codes)]), "ranges": np.array(ranges), **baselines}


def laws(
    question: Question, folder: Path | None = None, most_states: float = math.inf, n_jobs: int = 1
) -> dict[int, Arrays]:
    """Return the arrays of each world that is not too large, from the folder where it is finished already."""
    folder = folder or in_folder(question)
    store = Checkpoint.open(folder, question._asdict(), {"code": _code_digest()})
    total = len(question.places)
    found = {number: store.read(number) for number in store.indices(total)}
    todo = [number for number in range(total) if number not in found]
    with progress_bar(len(todo), "worlds", "world", "auto") as advance:
        for place, arrays in run_chunks(partial(law, question, most_states), todo, n_jobs=n_jobs):
            if arrays is not None:
                store.store(todo[place], arrays)
                found[todo[place]] = arrays
            advance(1)
    return {number: arrays for number, arrays in sorted(found.items()) if arrays["n_states"][0] <= most_states}


def in_folder(question: Question) -> Path:
    """Return the folder where finished worlds are kept if no other is named: another one after a change of code."""
    kind = "walking" if question.walking else question.layout
    return Path(tempfile.gettempdir()) / f"disempower-{kind}-{question.n_seeds}-{_code_digest()[:12]}"


def _code_digest() -> str:
    """Return the digest of the code that numbers depend on: what other code made is not used."""
    files = [*Path(emp.__file__).parent.rglob("*.py"), *Path(__file__).parent.glob("disempower_*.py")]
    return bytes_digest(b"".join(path.read_bytes() for path in sorted(files)))


def losses(found: dict[int, Arrays], beside: str) -> tuple[np.ndarray, np.ndarray]:
    """Return in which worlds the user gains and the bystander loses, in every optimal plan and in some.

    Parameters
    ----------
    found : dict of int to arrays
    beside : {"idle", "random"}

    Returns
    -------
    ndarray of bool of shape (n_worlds, n_objectives, n_seeds), twice
        The two ends of ranges need not belong to one plan, so that the second may say too much.
    """
    ranges = np.array([arrays["ranges"] for arrays in found.values()])
    start = np.array([arrays[beside] for arrays in found.values()])[:, None, None]
    gains = ranges[..., 0, :] > start[..., 0, None] + _MARGIN
    lost = ranges[..., 1, :] < start[..., 1, None] - _MARGIN
    return gains[..., 0] & lost[..., 1], gains[..., 1] & lost[..., 0]


def rows(found: dict[int, Arrays]) -> list[list[str]]:
    """Return the table of counts and means over worlds, with its head; counts are ranges over seeds."""
    counts = [each for beside in ("idle", "random") for each in losses(found, beside)]
    means = np.array([arrays["ranges"] for arrays in found.values()]).mean(axis=(0, 2))
    head = ["objective", "worse than idle, every plan", "some", "than random, every plan", "some"]
    body = [[*head, "mean of the user", "of the bystander"]]
    for place, name in enumerate(OBJECTIVES):
        shown = [_range(each[:, place].sum(axis=0), "d") for each in counts]
        body.append([name, *shown, *(_range(ends, ".3f") for ends in means[place])])
    for beside in ("idle", "random"):
        ends = np.mean([arrays[beside] for arrays in found.values()], axis=0)
        body.append([f"({beside})", *["–"] * 4, *(f"{end:.3f}" for end in ends)])
    return body


def _range(numbers: np.ndarray, form: str) -> str:
    low, high = (format(each, form) for each in (numbers.min(), numbers.max()))
    return low if low == high else f"{low}..{high}"


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 130 says that it was interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.keys.disempower_layouts", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--push-only", action="store_true", help="the assistant cannot pull boxes")
    parser.add_argument("--walking", action="store_true", help="persons walk; the assistant cannot pull boxes")
    parser.add_argument("--most-states", type=float, default=math.inf, metavar="N", help="leave out larger worlds")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="how often what is sampled is drawn")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="number of processes")
    parser.add_argument("--folder", type=Path, help="where finished worlds are kept")
    given = parser.parse_args(arguments)
    layout = "push-only" if given.push_only or given.walking else "push-pull"
    question = Question(layout, given.walking, given.seeds)
    folder = given.folder or in_folder(question)
    try:
        found = laws(question, folder, given.most_states, given.jobs)
    except KeyboardInterrupt:
        print(f"interrupted; the same command goes on with what is in {folder}", file=sys.stderr)
        return 130
    sizes = [int(arrays["n_states"][0]) for arrays in found.values()]
    print(f"{len(found)} of {len(question.places)} worlds, {sum(sizes)} states; kept in {folder}\n")
    if found:
        print(in_columns(rows(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
