"""What handing over costs beside the model: data sets beside scoring, a served first token beside the model's own.

    python -m benchmarks.handoff [--documents N] [--rounds N]

Needs xllamacpp and the weights of SmolLM2. Everything is measured in one run, and ratios are printed.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import re
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from functools import partial
from pathlib import Path

from empowerment.text import Document, Threshold, XLlamaCpp, build_dataset, smollm2_path

LENGTH = 1200
RULE = Threshold.bits(1)


def documents(count: int) -> list[Document]:
    """Return the beginnings of modules of the standard library."""
    files = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))[:count]
    return [Document(file.name, file.read_text(encoding="utf-8")[:LENGTH]) for file in files]


def seconds(work) -> tuple[float, float]:
    """Return the CPU seconds and the wall seconds that some work takes."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def datasets(model, texts: list[Document]) -> None:
    """Print how fast data sets are built, beside the model's own scoring of the same texts."""
    model.score("", texts[0].text, top=20)  # warms up
    spent = {"own": [], "built": []}
    with tempfile.TemporaryDirectory() as folder:
        for number, text in enumerate(texts):
            work = {
                "own": partial(model.score, "", text.text, top=20),
                "built": partial(build_dataset, [text], model, RULE, Path(folder, "data.jsonl"), states="all"),
            }
            # One after the other, so that both see the same machine; in turn, since the second finds warm caches.
            for name in sorted(work, reverse=bool(number % 2)):
                spent[name].append(seconds(work[name])[0])
    own, built = sum(spent["own"]), sum(spent["built"])
    rates = [a / b for a, b in zip(spent["own"], spent["built"], strict=True)]
    print(f"data sets: {len(texts)} documents of {LENGTH} characters, every state of each, CPU seconds")
    print(f"  scoring alone {own:.2f}, data set {built:.2f}; rate of the data set {own / built:.3f}")
    print(f"  document by document {statistics.median(rates):.3f} (quartiles {_quartiles(rates)})")


def first_tokens(model, rounds: int) -> None:
    """Print how long a first token takes, from the model itself and through a server, one after the other."""
    serve = ["handoff", "serve", "--model", "smollm2", "--eta", "1", "--port", "0"]
    command = [sys.executable, "-m", "empowerment", *serve]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        port = int(re.search(r":(\d+)/v1", process.stdout.readline())[1])
        own, served = [], []
        for number in range(rounds):
            prompt = f"# file {number}\n" + "def add(a, b):\n    return a + b\n\n" * 4 + "for i in"
            own.append(seconds(partial(_first_token, model, prompt))[1])
            served.append(seconds(partial(_first_event, port, prompt))[1])
        ratios = [b / a for a, b in zip(own, served, strict=True)]
        print(f"first token, {rounds} prompts of about 60 tokens, wall milliseconds (median)")
        print(
            f"  model {1e3 * statistics.median(own):.1f}, server {1e3 * statistics.median(served):.1f}; "
            f"ratio {statistics.median(ratios):.2f} (quartiles {_quartiles(ratios)})"
        )
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


def _quartiles(values: list[float]) -> str:
    low, _, high = statistics.quantiles(values, n=4)
    return f"{low:.2f} to {high:.2f}"


def _first_token(model, prompt: str) -> None:
    steps = model.step(prompt, 4)
    next(steps)
    steps.close()


def _first_event(port: int, prompt: str) -> None:
    body = json.dumps({"prompt": prompt, "stream": True, "handoff": {"eta_bits": 50}, "max_tokens": 4})
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("POST", "/v1/completions", body.encode())
        connection.getresponse().fp.readline()


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=16, metavar="N")
    parser.add_argument("--rounds", type=int, default=20, metavar="N")
    arguments = parser.parse_args()
    with XLlamaCpp(smollm2_path()) as model:
        datasets(model, documents(arguments.documents))
        first_tokens(model, arguments.rounds)


if __name__ == "__main__":
    main()
