"""What lists of the k most probable tokens tell of a real language model: entropies, and a capacity.

    python -m benchmarks.language_models

It takes SmolLM2 (see docs/how-to/language-models.md), and about three minutes on one core.
"""

from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np

import empowerment as emp
from empowerment.text import Position, Provider, TokenModel, XLlamaCpp, next_token_channel, smollm2_path

TEXT = Path("tests", "data", "python_text.txt").read_text(encoding="utf-8")
BEFORE = (
    "Assistant: Is the sky blue?\nUser: Yes, it is.\nAssistant: What colour is grass?\nUser: Green.\n"
    "Assistant: Thank you.\nUser: You are welcome.\n"
)
MESSAGES = (
    "Shall I delete the file, yes or no?",
    "Is it Monday or Tuesday?",
    "What is two plus two?",
    "Are you tired?",
    "Red, green or blue?",
    "Hello!",
)


def entropy_of(place: Position) -> float:
    """Return the entropy of a complete list, in bits."""
    p = np.exp(place.log_probabilities)
    return -math.fsum(p[p > 0] * np.log2(p[p > 0]))


def naive_entropy(place: Position) -> float:
    """Return the entropy of a list divided by its sum."""
    p = np.exp(place.log_probabilities)
    p = p[p > 0] / p.sum()
    return -math.fsum(p * np.log2(p))


def entropies(model: TokenModel) -> None:
    """Compare intervals of entropies with the entropies, at each token of a Python text."""
    started = time.perf_counter()
    places = [place for place in model.score("", TEXT) if place.complete]
    each = (time.perf_counter() - started) / len(places)
    exact = np.array([entropy_of(place) for place in places])
    print(
        f"{len(places)} positions of a Python text, mean entropy {exact.mean():.3f} bits; {each:.2f} s a whole list"
    )
    print("  k   valid  mean interval      naive error  'H > 1 bit?' settled  token listed")
    for k in (5, 20, 100):
        short = [place.top(k) for place in places]
        ends = np.array([place.entropy() for place in short])
        valid = np.mean((ends[:, 0] <= exact) & (exact <= ends[:, 1]))
        settled = np.mean((ends[:, 0] > 1) | (ends[:, 1] <= 1))
        # The chosen token is always listed; without it the list is what a service would tell.
        pure = [place.top(k) for place in places]
        listed = np.mean([place.chosen is None or place.chosen < k for place in pure])
        naive = np.mean([naive_entropy(place) for place in short]) - exact.mean()
        low, high = ends.mean(axis=0)
        print(f"{k:4d} {valid:6.1%}  [{low:.3f}, {high:.3f}] {naive:12.3f} {settled:18.1%} {listed:17.1%}")


def six_messages(model: Provider) -> None:
    """Compare intervals of a capacity with the capacity."""
    prompts = [f"{BEFORE}Assistant: {message}\nUser:" for message in MESSAGES]
    whole = next_token_channel(model, prompts, top=None).capacity()
    model.whole_lists = False  # as of a service that lists a few and is asked for others by name
    print(f"\nsix messages, exact capacity of the next token: {whole.lower:.4f} bits")
    print("    k  renormalised  lists alone          union of lists       width")
    for k in (1, 5, 20, 100, 1000):
        lists = next_token_channel(model, prompts, top=k, union=False)
        naive = float(emp.channel_capacity(lists.renormalised()).value)
        alone = lists.capacity(tol=1e-4, on_failure="ignore")
        union = next_token_channel(model, prompts, top=k).capacity()
        inside = all(each.lower <= whole.upper and whole.lower <= each.upper for each in (alone, union))
        print(
            f"{k:5d} {naive:13.4f}  [{alone.lower:.4f}, {alone.upper:.4f}]     [{union.lower:.4f}, {union.upper:.4f}]"
            f"     {union.gap:.4f}{'' if inside else '  OUTSIDE'}"
        )


def main() -> None:
    """Print both tables."""
    with XLlamaCpp(smollm2_path()) as model:
        print(model)
        entropies(model)
        six_messages(model)


if __name__ == "__main__":
    main()
