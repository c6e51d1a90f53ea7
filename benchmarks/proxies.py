"""Proxies beside exact empowerment on ten worlds: ``python -m benchmarks.proxies [--quick] [PAGE]``, in some minutes.

Prints, for every proxy and world, how well the proxy ranks the states (Spearman), and for every proxy over all worlds
its rank correlations, its error beside the standard deviation of the truth, and its cost beside that of exact values.
With ``--quick`` it takes four of the worlds and one seed, in a minute. With PAGE, the tables are also written to that
file as Markdown.

Proxies that draw have the mean over three seeds. Costs are CPU times in one process after compiling.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import empowerment as emp
from benchmarks.tables import in_markdown
from empowerment import proxies
from empowerment.core.layout import GridLayout

SEEDS, RUNS = 3, 3
QUICK = ("maze", "slip grid", "noisy television", "random")


class Case(NamedTuple):
    """A world, the horizon that it is asked at, and coordinates of its states."""

    world: emp.MDP
    horizon: int
    coordinates: Any = None


def television(side: int = 5, n_pictures: int = 8, leaves: float = 0.2) -> emp.MDP:
    """Return a hall with a television before its last two columns, from which one gets away one time in five.

    A state is a cell and a picture. Before the television the picture changes at random at every step; elsewhere it
    stays as it is.
    """
    hall = emp.worlds.open_grid(side)

    def step(state: tuple[tuple[int, int], int], action: str) -> Any:
        cell, picture = state
        after = hall.states[hall.successors[hall.state_index(cell), hall.actions.index(action)]]
        if cell[1] < side - 2:
            return (after, picture)
        shares = {after: leaves} if after == cell else {after: leaves, cell: 1 - leaves}
        total = sum(shares.values())
        return {(to, other): p / total / n_pictures for to, p in shares.items() for other in range(n_pictures)}

    return laid_out(emp.from_step_function(step, ((0, 0), 0), actions=hall.actions), side, "noisy television")


def icy(side: int = 7) -> emp.MDP:
    """Return a hall whose right half is of ice, where every action leads to a random neighbour."""
    hall = emp.worlds.open_grid(side)

    def neighbours(cell: tuple[int, int]) -> list[Any]:
        return [hall.states[after] for after in hall.successors[hall.state_index(cell)]]

    def step(cell: tuple[int, int], action: str) -> Any:
        if cell[1] <= side // 2:
            return neighbours(cell)[hall.actions.index(action)]
        after = neighbours(cell)
        return {each: after.count(each) / len(after) for each in after}

    return laid_out(
        emp.from_step_function(step, (0, 0), actions=hall.actions), side, "ice", of_state=lambda cell: cell
    )


def laid_out(
    model: emp.MDP, side: int, name: str, of_state: Callable[[Any], Any] = lambda state: state[0]
) -> emp.MDP:
    """Return the model with its states on a square grid."""
    layout = GridLayout((side, side), tuple(of_state(state) for state in model.states), name=name)
    return emp.MDP(model.rows, states=model.states, actions=model.actions, layout=layout)


def random_world(n_states: int, n_actions: int, concentration: float, seed: int = 0) -> emp.MDP:
    """Return a world whose rows are drawn from a Dirichlet distribution."""
    rng = np.random.default_rng(seed)
    return emp.MDP(rng.dirichlet(np.full(n_states, concentration), (n_states, n_actions)), normalize=True)


def random_graph(n_states: int = 60, n_actions: int = 4, seed: int = 1) -> emp.MDP:
    """Return a world in which every action leads to a state drawn at random, some of them often."""
    rng = np.random.default_rng(seed)
    liked = rng.dirichlet(np.full(n_states, 0.3))
    return emp.MDP(np.eye(n_states)[rng.choice(n_states, (n_states, n_actions), p=liked)])


def copied_actions() -> emp.MDP:
    """Return the maze with four more actions, all of which step north: what can be done is the same."""
    maze = emp.worlds.klyubin_maze()
    matrices = [*maze.action_matrices, *[maze.action_matrices[0]] * 4]
    actions = [*maze.actions, *(f"north again {i}" for i in range(4))]
    return emp.MDP(matrices, states=maze.states, actions=actions, layout=maze.layout)


def cells(world: emp.MDP) -> np.ndarray:
    """Return the cells of the states of a grid world."""
    return np.array(world.layout.cells, dtype=float)


CASES: dict[str, Callable[[], Case]] = {
    "maze": lambda: Case(emp.worlds.klyubin_maze(), 3),
    "Hanoi": lambda: Case(emp.worlds.tower_of_hanoi(), 3, np.arange(27.0)[:, None]),
    "random graph": lambda: Case(random_graph(), 3, np.arange(60.0)[:, None]),
    "copied actions": lambda: Case(copied_actions(), 3),
    "slip grid": lambda: Case(emp.worlds.slip_grid(), 3),
    "FrozenLake": lambda: Case(lake := emp.from_gymnasium("FrozenLake8x8-v1"), 3, cells(lake)),
    "ice": lambda: Case(icy(), 3),
    "noisy television": lambda: Case(hall := television(), 3, np.column_stack([cells(hall), pictures(hall)])),
    "random": lambda: Case(random_world(30, 4, 0.1), 3, np.arange(30.0)[:, None]),
    "random, noisy": lambda: Case(random_world(30, 4, 1.0), 2, np.arange(30.0)[:, None]),
}
"""What is asked: four worlds without noise, three with noise in places, three with noise everywhere."""


def pictures(world: emp.MDP) -> np.ndarray:
    """Return the picture of each state."""
    return np.array([float(picture) for _, picture in world.states])


PROXIES: dict[str, tuple[Callable[..., proxies.ProxyResult], bool]] = {
    "log visited, 1000 roll-outs": (proxies.log_visited, True),
    "log visited, 20 roll-outs": (partial(proxies.log_visited, n_rollouts=20), True),
    "log reachable": (proxies.log_reachable, False),
    "visit entropy, 20 roll-outs": (proxies.visit_entropy, True),
    "log variance, 20 roll-outs": (proxies.log_variance, True),
    "uniform information": (proxies.uniform_information, False),
    "first-action information": (proxies.first_action_information, False),
    "plug-in, 10 samples": (proxies.plug_in_information, True),
    "InfoNCE, first action, K = 32": (proxies.contrastive_information, True),
    "InfoNCE, sequences, K = 32": (partial(proxies.contrastive_information, inputs="sequences"), True),
    "its optimum, sequences, K = 32": (partial(proxies.contrastive_optimum, inputs="sequences"), False),
    "mixed bases": (proxies.mixed_base_capacity, True),
    "token surprisal": (proxies.token_surprisal, True),
    "token threshold, 4 bits": (partial(proxies.token_threshold, threshold=emp.text.Threshold.bits(4.0)), True),
}
"""Each proxy by its name, and whether it draws."""


class Row(NamedTuple):
    """How a proxy fares in a world: means over seeds, and CPU time as a multiple of the exact one."""

    spearman: float | None
    kendall: float | None
    rmse: float | None
    bias: float | None
    cost: float


def seconds(call: Callable[[], Any]) -> float:
    """Return the median of the CPU seconds of a call, after one that is not timed."""
    call()
    taken = []
    for _ in range(RUNS):
        began = time.process_time()
        call()
        taken.append(time.process_time() - began)
    return statistics.median(taken)


def mean(values: list[float | None]) -> float | None:
    """Return the mean of what is known, if anything is."""
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None


def of_world(case: Case, n_seeds: int) -> tuple[dict[str, Row], float, int]:
    """Return a row for each proxy, the standard deviation of the truth, and the number of states."""
    exact = emp.empowerment(case.world, case.horizon, n_jobs=1)
    assert exact.converged.all()
    whole = seconds(lambda: emp.empowerment(case.world, case.horizon, n_jobs=1))
    rows = {}
    for name, (proxy, draws) in PROXIES.items():
        given = {"coordinates": case.coordinates} if proxy is proxies.log_variance else {}
        call = partial(proxy, case.world, case.horizon, **given)
        found, taken = [], []
        for options in [{"rng": seed} for seed in range(n_seeds)] if draws else [{}]:
            began = time.process_time()
            estimate = call(**options)
            taken.append(time.process_time() - began)
            found.append(proxies.agreement(estimate, exact))
        rows[name] = Row(*(mean([row[i] for row in found]) for i in range(4)), statistics.median(taken) / whole)
    return rows, float(exact.value.std()), len(exact)


def shown(value: float | None, form: str = ".2f") -> str:
    """Return a number as text, or a dash where there is none."""
    return "–" if value is None else f"{value:{form}}".replace("-0.00", "0.00")


def table(head: list[str], body: list[list[str]]) -> str:
    """Return a table in Markdown."""
    return in_markdown([head, *body]) + "\n"


def tables(names: list[str], n_seeds: int) -> str:
    """Return the tables: ranks in each world, errors in each world, and all of it over the worlds."""
    found = {}
    for name in names:
        began = time.perf_counter()
        found[name] = of_world(CASES[name](), n_seeds)
        print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    ranks, errors, means = [], [], []
    for proxy in PROXIES:
        rows = [found[name][0][proxy] for name in names]
        ranks.append([proxy, *(shown(row.spearman) for row in rows)])
        errors.append([proxy, *(shown(row.rmse) for row in rows)])
        least = [row.spearman for row in rows if row.spearman is not None]
        summary = [mean([row[i] for row in rows]) for i in range(4)]
        cost = statistics.median(row.cost for row in rows)
        means.append(
            [
                proxy,
                *map(shown, summary[:2]),
                shown(min(least, default=None)),
                *map(shown, summary[2:]),
                f"{cost:.2g}",
            ]
        )
    spread = ["*sd of the truth*", *(shown(found[name][1]) for name in names)]
    states = ["*states*", *(str(found[name][2]) for name in names)]
    head = ["proxy", *names]
    over = ["proxy", "Spearman", "Kendall", "worst Spearman", "RMSE", "bias", "cost"]
    parts = {
        f"Means over {len(names)} worlds; cost is a median, as a multiple of the exact map's:": table(over, means),
        "Rank correlation over states (Spearman):": table(head, [*ranks, states]),
        "Root mean square error in bits:": table(head, [*errors, spread]),
    }
    return "\n".join(f"{title}\n\n{rows}" for title, rows in parts.items())


def main(*arguments: str) -> None:
    """Print the tables, or write them to a page."""
    pages = [argument for argument in arguments if argument != "--quick"]
    quick = "--quick" in arguments
    found = tables([name for name in CASES if not quick or name in QUICK], 1 if quick else SEEDS)
    if pages:
        Path(pages[0]).write_text(found, encoding="utf-8")
    print(found)


if __name__ == "__main__":
    main(*sys.argv[1:])
