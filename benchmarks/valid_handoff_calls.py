"""Valid calls of what hands texts over and of what is measured of it; see `benchmarks.valid_calls`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from empowerment import text

MODEL = text.TableModel.from_texts(["for i in x", "for j in x"], order=1, smoothing=0.01)
TEXT = "for j in x"
BIT = text.Threshold.bits(1)
OFFERS = [text.Offer(str(i), "ab", (("a", 0.1, 0.1), ("b", 0.2, 0.2)), (3.0, 3.0), "accepted", 2) for i in range(3)]


def functions(directory: Path) -> dict[str, dict[str, Any]]:
    """Return valid arguments of each public function and class, by its name."""
    (directory / "text.py").write_text(TEXT, encoding="utf-8")
    header = '{"format": "empowerment-offers-1", "scorer": "s", "rule": "r", "gate": "cumulative"}\n'
    (directory / "offers.jsonl").write_text(header, encoding="utf-8")
    positions, texts = MODEL.score("", TEXT), text.Continuations(MODEL, max_tokens=3)
    ruled = {"positions": positions, "rule": BIT}
    tasks = [text.WritingTask("loop", "for", " j in x").tokenized(MODEL)]
    return {
        "text.Threshold": {"in_nats": 1.0},
        "text.Costs": {},
        "text.select": ruled,
        "text.select_all": ruled,
        "text.take_turns": ruled,
        "text.complete": {"model": MODEL, "prefix": "for", "rule": BIT, "max_tokens": 3},
        "text.HandoffLogitsProcessor": {"threshold": BIT, "end": 0},
        "text.build_dataset": {"documents": [TEXT], "model": MODEL, "rule": BIT, "path": directory / "data.jsonl"},
        "text.read_documents": {"paths": directory / "text.py"},
        "text.calibrate": {"offers": OFFERS},
        "text.read_offers": {"path": directory / "offers.jsonl"},
        "text.effective_empowerment": {"model": MODEL, "prefix": "for", "horizon": 1},
        "text.Continuations": {"model": MODEL},
        "text.FixedLength": {"continuations": texts, "n_tokens": 2},
        "text.FunctionAssistant": {"suggest": lambda prefix: "", "count_tokens": lambda prefix, piece: 0},
        "text.HandOver": {"continuations": texts, "rule": BIT},
        "text.NoAssistant": {},
        "text.Replay": {},
        "text.TokenModelPerson": {"model": MODEL, "decision_prompt": lambda prefix, suggestion: prefix},
        "text.WritingTask": {"name": "loop", "prompt": "for", "solution": " j in x"},
        "text.Effort": {},
        "text.compare_assistants": {
            "assistants": {"none": text.NoAssistant()},
            "person": text.Replay(),
            "tasks": tasks,
            "rng": 0,
        },
        "plotting.plot_assistants": {
            "names": ["a", "b"],
            "means": {"DPR": [0.9, 0.8]},
            "errors": {"DPR": [0.1, 0.2]},
        },
        "plotting.plot_turns": {"turns": text.take_turns(positions, BIT)},
    }


def methods(directory: Path) -> dict[str, tuple[Any, dict[str, Any]]]:
    """Return a valid call of each method of a public class, by the names of the class and the method."""
    texts, task = text.Continuations(MODEL, max_tokens=3), text.WritingTask("loop", "for", " j in x").tokenized(MODEL)
    found = text.compare_assistants({"a": text.NoAssistant(), "b": text.FixedLength(texts, 2)}, text.Replay(), [task])
    found.save(directory / "log.jsonl")
    person = text.TokenModelPerson(
        MODEL,
        lambda prefix, suggestion: prefix,
        words={text.Decision.ACCEPT: " i", text.Decision.REJECT: " j", text.Decision.FINISH: " in"},
    )
    rng, place = np.random.default_rng(0), MODEL.score("for")[0]
    before = {"text": "for"}
    return {
        "text.Threshold.bits": (text.Threshold.bits, {"amount": 1.0}),
        "text.Threshold.nats": (text.Threshold.nats, {"amount": 1.0}),
        "text.Threshold.probability": (text.Threshold.probability, {"least": 0.5}),
        "text.Threshold.from_costs": (text.Threshold.from_costs, {"read": 0.1, "write": 0.5}),
        "text.Costs.threshold": (text.Costs().threshold, {}),
        "text.Position.min_entropy": (place.min_entropy, {}),
        "text.Turns.plot": (text.take_turns(MODEL.score("", TEXT), BIT).plot, {}),
        "text.FixedLength.suggest": (text.FixedLength(texts, 2).suggest, before),
        "text.FunctionAssistant.suggest": (text.FunctionAssistant(lambda p: "", lambda p, s: 0).suggest, before),
        "text.HandOver.suggest": (text.HandOver(texts, BIT).suggest, before),
        "text.NoAssistant.suggest": (text.NoAssistant().suggest, before),
        "text.Replay.begin": (text.Replay().begin, {"task": task, "rng": rng}),
        "text.TokenModelPerson.begin": (person.begin, {"task": task, "rng": rng}),
        "text.TokenModelPerson.decided": (person.decided, {"position": place}),
        "text.WritingTask.piece": (task.piece, {"start": 0, "n_tokens": 1}),
        "text.WritingTask.tokenized": (task.tokenized, {"model": MODEL}),
        "text.Effort.rate": (text.Effort().rate, {"episode": found["a"]["loop"], "read": 1, "written": 1}),
        "text.Estimate.mean": (text.Estimate.mean, {"values": [1.0, 2.0]}),
        "text.Estimate.ratio": (text.Estimate.ratio, {"numerators": [1.0, 2.0], "denominators": [2.0, 2.0]}),
        "text.AssistanceComparison.difference": (found.difference, {"assistant": "b", "other": "a"}),
        "text.AssistanceComparison.load": (text.AssistanceComparison.load, {"path": directory / "log.jsonl"}),
        "text.AssistanceComparison.plot": (found.plot, {}),
        "text.AssistanceComparison.of": (text.AssistanceComparison.of, {"episodes": list(found["a"].episodes)}),
        "text.AssistanceComparison.save": (found.save, {"path": directory / "saved.jsonl"}),
        "text.AssistanceRun.mean": (found["a"].mean, {"measure": "dpr"}),
    }
