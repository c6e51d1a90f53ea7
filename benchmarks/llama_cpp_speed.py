"""What a token of a text costs with llama.cpp: plain letters, parts of characters, and what is asked for by name.

    python -m benchmarks.llama_cpp_speed

It takes SmolLM2 (see docs/how-to/language-models.md), and about a minute on one core. The server runs in threads of
this process, so that CPU time counts both sides.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from empowerment.text import TokenModel, XLlamaCpp, answer_channel, next_token_channel, smollm2_path

TEXTS = {
    "English": " The quick brown fox jumps over the lazy dog while the moon rises behind the old stone bridge.",
    "Chinese": "\u6625\u7720\u4e0d\u89c9\u6653\uff0c\u5904\u5904\u95fb\u557c\u9e1f\u3002"
    "\u591c\u6765\u98ce\u96e8\u58f0\uff0c\u82b1\u843d\u77e5\u591a\u5c11\u3002",
    "emoji": "\U0001f642\U0001f980\U0001f30d\U0001f525\U0001f697\U0001f3b8\u2728\U0001f33a",
}
PROMPTS = ["Is the sky blue? Answer:", "Is grass blue? Answer:", "Are you tired? Answer:", "Is it Monday? Answer:"]
REPETITIONS = 3


def cost(call: Callable[[], object]) -> float:
    """Return the CPU seconds of a call, the least of some."""
    seconds = []
    for _ in range(REPETITIONS):
        started = time.process_time()
        call()
        seconds.append(time.process_time() - started)
    return min(seconds)


def texts(model: TokenModel) -> None:
    """Compare the cost of a token in texts of different scripts."""
    model.score("x", " y", top=20)
    each = {}
    for name, text in TEXTS.items():
        n_tokens = len(model.score("x", text, top=20))
        each[name] = cost(lambda text=text: model.score("x", text, top=20)) / n_tokens  # type: ignore[misc]
        ratio = each[name] / each["English"]
        print(f"{name:8s} {n_tokens:3d} tokens, {1e3 * each[name]:7.1f} CPU-ms a token, {ratio:5.1f} times English")


def whole_lists(model: TokenModel) -> None:
    """Compare what the union of lists costs with whole lists, and what answers cost with and without their end."""
    whole = cost(lambda: model.score(PROMPTS[0]))
    also = cost(lambda: model.score(PROMPTS[0], top=20, also=model.ends))
    print(f"whole list {1e3 * whole:6.0f} CPU-ms; top=20 with also= {also / whole:4.2f} times that")
    channel = cost(lambda: next_token_channel(model, PROMPTS, top=None))
    union = cost(lambda: next_token_channel(model, PROMPTS))
    print(f"channel of whole lists {channel:.2f} CPU-s; of the union of 20 {union / channel:4.2f} times that")
    answers = [" Yes, it is.", " No, not at all."]
    begun = cost(lambda: answer_channel(model, PROMPTS[:2], answers, end=""))
    ended = cost(lambda: answer_channel(model, PROMPTS[:2], answers))
    places = 2 * len(answers)
    lists = (ended - begun) / places / whole
    print(f"answers {begun:.2f} CPU-s; with their ends {ended:.2f}, or {lists:4.2f} whole lists each")


def main() -> None:
    """Print all figures."""
    with XLlamaCpp(smollm2_path()) as model:
        print(model)
        texts(model)
        whole_lists(model)


if __name__ == "__main__":
    main()
