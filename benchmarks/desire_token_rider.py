"""A day of riders whose decisions a small language model makes, beside those of exact values.

    python -m benchmarks.desire_token_rider

takes SmolLM2 (see docs/how-to/language-models.md), and some minutes on one core. It shows that the parts fit, and
what the model does with its menu. Nothing is claimed of either kind of rider.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from empowerment.desire import DesireAgent, DesireTrace, Riders, TokenModelDecision, describe_rider, simulate_agents
from empowerment.text import XLlamaCpp, smollm2_path
from empowerment.worlds.delivery import ACCEPT, ACTIONS, state_parts

# The model was trained on this form of question and answer.
CHAT = "<|im_start|>user\n{situation}\nYou may:\n{menu}\nAnswer with one letter.<|im_end|>\n<|im_start|>assistant\n"


def show(name: str, trace: DesireTrace) -> None:
    """Print what riders did in a day."""
    health, _, offer = state_parts(trace.state_numbers[:, :-1])
    possible = (offer > 0) & (health > 0)
    accepted = (trace.action_numbers == ACCEPT)[possible]
    shares = [f"{action} {np.mean(trace.action_numbers == a):.3f}" for a, action in enumerate(ACTIONS)]
    income = trace.records["pay"].sum(axis=1).mean()
    print(
        f"{name}: accepted {accepted.mean():.3f} of {accepted.size} orders; of all slots {', '.join(shares)}; "
        f"income {income:.1f}, health before the slots {health.mean():.2f}, {int(trace.event.sum())} events"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slots", type=int, default=12, help="12 make a day")
    asked = parser.parse_args()
    riders = Riders()
    with XLlamaCpp(smollm2_path(), n_ubatch=64, parse_special=True) as model:
        # What the model rounds is a common factor of all letters, each of which is one token.
        decision = TokenModelDecision(model, riders, describe_rider, ask=CHAT, before_letter="", accept_rounding=True)
        began = time.perf_counter()
        told = simulate_agents(riders, DesireAgent(name="told", decide=decision), asked.slots)
        seconds = time.perf_counter() - began
        prompt, chances = next(iter(decision.answers.items()))
        print(f"the first prompt:\n{prompt}\n  {dict(zip(ACTIONS, chances.round(3).tolist(), strict=True))}\n")
        print(f"{len(decision.answers)} prompts in {seconds:.0f} s ({model.name})")
    show("language model", told)
    show("exact values", simulate_agents(riders, DesireAgent(), asked.slots))


if __name__ == "__main__":
    main()
