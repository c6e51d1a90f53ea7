"""How far messages move the desires of riders, and with them what they choose, beside the figures of a prototype.

    python -m benchmarks.desire_influence

takes a minute on one core. `--exact` does not round desires for decisions, as the figures do, and takes half an hour;
`--seeds` and `--months` say how many seeds there are for the audit and for the months of messages.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator

import numpy as np

from empowerment.desire import (
    RIDER_MESSAGES,
    DesireAgent,
    DesireInfluence,
    DesireTrace,
    Riders,
    desire_influence,
    simulate_agents,
)
from empowerment.worlds.delivery import ACCEPT, state_parts

MEASURES = ("targeted", "untargeted", "silent", "least_left", "mean_left")
BY_CONTEXT = {
    "timed": (0.4552, 0.4425, 0.0335, 0.0113, 0.0197),
    "fear": (0.4996, 0.4894, 0.0573, 0.0122, 0.0346),
    "untimed": (0.0016, 0.0013, 0.0210, 0.0162, 0.0199),
    "calm": (0.0, 0.0, 0.0223, 0.0223, 0.0223),
}
EVENT_KNOWN = 0.0208
BY_STRENGTH = {0.5: (0.1543, 0.0006), 2.0: (0.7480, 0.0024)}
BY_RECEPTIVITY = {0.1: 0.0101, 0.5: 0.1382, 1.0: 0.3772}
# Axes (message, will, choice).
TIMED = np.array(
    [
        [[0.6978, 0.0016, 0.3006], [0.4556, 0.0183, 0.5261], [0.6052, 0.0018, 0.3931]],
        [[0.9497, 0.0000, 0.0502], [0.8803, 0.0005, 0.1191], [0.8690, 0.0002, 0.1308]],
        [[0.1897, 0.0492, 0.7611], [0.1205, 0.1250, 0.7545], [0.1899, 0.0406, 0.7695]],
        [[0.8098, 0.0002, 0.1900], [0.7456, 0.0013, 0.2531], [0.8828, 0.0001, 0.1171]],
    ]
)
# Messages a rider and month, and the differences to silence: income a day, accepted share of offers, health.
MONTHS = {
    ("take care", "at events"): (7.1, -23.2, -0.297, 1.68),
    ("take care", "at random"): (19.3, -2.15, -0.027, 0.18),
    ("earn", "at events"): (19.9, 5.94, 0.067, -1.61),
    ("earn", "at random"): (19.3, 0.53, 0.005, -0.13),
}


def show_contexts(influence: DesireInfluence) -> None:
    """Print the measures of each choice of contexts, and the table of timed responses."""
    print(influence)
    print("\nmeasured (95 % over seeds) | figure")
    for context, figures in BY_CONTEXT.items():
        found = influence[context]
        for measure, figure in zip(MEASURES, figures, strict=True):
            value, between = float(found.amount(measure).value), (found.intervals or {}).get(measure)
            interval = f" [{between[0]:.4f}, {between[1]:.4f}]" if between else ""
            print(f"  {context:8} {measure:11} {value:.5f}{interval} | {figure:.4f}  {value - figure:+.1e}")
    value = float(influence.event_known)
    print(f"  known whether there is an event {value:.5f} | {EVENT_KNOWN}  {value - EVENT_KNOWN:+.1e}")
    timed = influence["timed"].responses
    print("\ntimed responses: accept, refuse, rest")
    for m, message in enumerate(influence.messages):
        for t, will in enumerate(influence.wills):
            print(f"  {message:9} {will:8} {timed[m, t].round(4)}")
    print(f"  largest difference to the figures {np.abs(timed - TIMED).max():.1e}")


def show_options(seeds: range, resolution: int | None) -> None:
    """Print how influence depends on the strength of messages, and on whether riders listen at any time."""
    for strength, figures in BY_STRENGTH.items():
        found = desire_influence(Riders(), strength=strength, seeds=seeds, options={"resolution": resolution})
        values = [float(found[context].audit.targeted) for context in ("timed", "untimed")]
        print(f"strength {strength}: timed {values[0]:.4f}, untimed {values[1]:.4f} | {figures}")
    for receptivity, figure in BY_RECEPTIVITY.items():
        found = desire_influence(Riders(), receptivity=receptivity, seeds=seeds, options={"resolution": resolution})
        value = float(found["untimed"].audit.targeted)
        print(f"receptivity {receptivity}: untimed {value:.4f} | {figure}")


def measured(trace: DesireTrace) -> np.ndarray:
    """Return income a day, accepted share of offers and health before each slot, of shape (n_seeds, 3)."""
    health, _, offer = state_parts(trace.state_numbers[:, :-1])
    days, offered = trace.n_steps / 12, offer > 0
    accepted = (offered & (trace.action_numbers == ACCEPT)).sum(axis=(1, 2)) / offered.sum(axis=(1, 2))
    income = trace.records["pay"].sum(axis=1).mean(axis=1) / days
    return np.stack([income, accepted, health.mean(axis=(1, 2))], axis=1)


def months(seeds: range, resolution: int | None) -> Iterator[str]:
    """Compare months of messages with months of silence: at every event, and as often at random slots."""
    world, agent = Riders(), DesireAgent(resolution=resolution)
    silence = simulate_agents(world, agent, seeds=seeds)
    before = measured(silence)
    # To each rider as often as it has events in silence, and at the same slots with either message.
    drawn = np.random.default_rng(0).permuted(silence.event, axis=1)
    for (message, when), figures in MONTHS.items():
        added = np.array(RIDER_MESSAGES[message])
        sent = added if when == "at events" else drawn[..., None] * added
        trace = simulate_agents(world, agent, seeds=seeds, messages=sent)
        count = (trace.event if when == "at events" else drawn).sum() / (len(seeds) * world.n_agents)
        difference = measured(trace) - before
        means = difference.mean(axis=0)
        ends = 1.96 * difference.std(axis=0, ddof=1) / math.sqrt(len(seeds))
        income, accepted, health = (f"{mean:+.3f}±{end:.3f}" for mean, end in zip(means, ends, strict=True))
        yield (
            f"{message!r} {when}: {count:.1f} messages a month, income {income} a day, accepted {accepted}, "
            f"health {health} | {figures}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=60)
    parser.add_argument("--months", type=int, default=100)
    parser.add_argument("--exact", action="store_true")
    asked = parser.parse_args()
    seeds, resolution = range(asked.seeds), None if asked.exact else 20
    show_contexts(desire_influence(Riders(), seeds=seeds, options={"resolution": resolution}))
    print()
    show_options(seeds, resolution)
    print("\nmonths of messages less months of silence (±95 % over seeds)")
    for line in months(range(asked.months), resolution):
        print(f"  {line}")


if __name__ == "__main__":
    main()
