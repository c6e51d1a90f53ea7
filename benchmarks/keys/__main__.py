"""All published figures that are recomputed, in one table: ``python -m benchmarks.keys [--quick] [KEY …]``.

Prints for each publication how its formulas fare beside the exact values, every figure beside that of an independent
computation, and a verdict. Ends with an error if a figure is missed without a reason. All of it takes some minutes,
with ``--quick`` less than two. ``--page FILE`` writes the same as Markdown.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from benchmarks.keys.answer import Answer, Ends, Figure, Score
from benchmarks.tables import in_columns, in_markdown

KEYS: tuple[str, ...] = ("disempower", "eelma", "ave", "esr", "mantiuk", "small")
"""Modules of this package with a function ``answer(quick: bool) -> Answer``."""


def shown(ends: Ends, digits: int = 7) -> str:
    """Return a number, or both ends of an interval, as text."""
    low, high = (f"{end:.{digits}g}" for end in ends)
    return low if low == high else f"[{low}, {high}]"


def rows_of_scores(scores: list[Score]) -> list[list[str]]:
    """Return the table of the scores, with its head."""
    head = ["world", "formula", "published", "found", "exact, bits", "error, bits", "rank correlation"]
    body = []
    for score in scores:
        unit = "" if score.unit == "bits" else f" {score.unit}"
        published = "–" if score.published is None else f"{score.published:.7g}{unit}"
        error = "–" if score.error is None else f"{score.error:+.4f}"
        rank = "–" if score.rank is None else f"{score.rank:.3f}"
        value = f"{score.value:.7g}{unit}"
        body.append([score.world, score.formula, published, value, shown(score.exact), error, rank])
    if any(score.rmse is not None for score in scores):
        head.append("RMSE (standard deviation of the exact), bits")
        for score, row in zip(scores, body, strict=True):
            row.append("–" if score.rmse is None else f"{score.rmse:.3f} ({score.spread:.3f})")
    return [head, *body]


def rows_of_figures(figures: list[Figure]) -> list[list[str]]:
    """Return the table of the figures, with its head."""
    body = []
    for figure in figures:
        verdict = "holds" if figure.holds else f"differs: {figure.why}" if figure.why else "MISSED"
        kind = "3 standard errors" if figure.sampled else "digits"
        cells = [shown(figure.found), shown(figure.known), f"{figure.digits:.1g} ({kind})"]
        body.append([figure.quantity, *cells, verdict])
    return [["quantity", "found", "known", "within", ""], *body]


def as_text(answer: Answer, table: Callable[[list[list[str]]], str]) -> str:
    """Return an answer as text, with its tables as they are to look."""
    scores = [table(rows_of_scores(answer.scores))] if answer.scores else []
    figures = table(rows_of_figures(answer.figures))
    return "\n\n".join([f"### {answer.title}", answer.source, *scores, figures, answer.verdict])


def main(arguments: list[str] | None = None) -> int:
    """Print the answers and return how many figures are missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.keys", description=__doc__.partition("\n")[0])
    parser.add_argument("keys", nargs="*", metavar="KEY", help=f"one of {', '.join(KEYS)}")
    parser.add_argument("--quick", action="store_true", help="leave out what takes long")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the tables to a file, as Markdown")
    given = parser.parse_args(arguments)
    for key in given.keys:
        if key not in KEYS:
            parser.error(f"unknown key {key!r}, expected some of {', '.join(KEYS)}")
    missed, explained, pages = 0, 0, []
    for key in given.keys or KEYS:
        began = time.perf_counter()
        answer: Answer = import_module(f"benchmarks.keys.{key}").answer(given.quick)
        print(as_text(answer, in_columns), flush=True)
        print(f"\n({key}: {time.perf_counter() - began:.0f} s)\n", flush=True)
        pages.append(as_text(answer, in_markdown))
        differ = [figure for figure in answer.figures if not figure.holds]
        explained += sum(bool(figure.why) for figure in differ)
        missed += sum(not figure.why for figure in differ)
    if given.page is not None:
        given.page.write_text("\n\n".join(pages) + "\n", encoding="utf-8")
    print(f"{missed} figures are missed, {explained} differ for a reason that is given, all others hold")
    return missed


if __name__ == "__main__":
    sys.exit(bool(main()))
