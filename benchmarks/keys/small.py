"""Small publications: a closed form, a ceiling, and what cannot be recomputed."""

from __future__ import annotations

import math

import numpy as np

import empowerment as emp
from benchmarks.keys.answer import Answer, Figure, interval

DISCOUNT = 0.9


def targets(n_targets: int, known: float) -> list[Figure]:
    """Return the capacity to absorbing targets, from the rows and from all policies of the world."""
    rows = np.hstack([np.full((n_targets, 1), 1 - DISCOUNT), DISCOUNT * np.eye(n_targets)])
    capacity = emp.channel_capacity(rows, base="e")
    world = emp.from_step_function(
        lambda place, target: target if place == "start" else place, "start", actions=list(range(n_targets))
    )
    skills = emp.skill_empowerment(world, states="start", discount=DISCOUNT, base="e")
    what = f"{n_targets} absorbing targets, discount {DISCOUNT}, nats"
    return [
        interval(f"{what}: capacity of the rows", capacity.lower, capacity.upper, known, 1e-10),
        interval(f"{what}: capacity from all policies", float(skills.lower[0]), float(skills.upper[0]), known, 1e-10),
    ]


VERDICT = """\
The closed form for absorbing targets holds: an agent that is sent to one of K targets in the first step, and is
read after a geometric time, transmits gamma ln K nats, and no policy transmits more. 7.8765 bits, the ceiling of a
report about a robot arm, is the logarithm of the 235 places that it tells apart: arithmetic, which any arm without
noise meets that reaches all of them, and no measurement. The other numbers of that report, a contrast of 2.22 bits
and a curve over horizons, and those of language agents on web sites and of ablations, need models that are not at
hand, so that nothing is said of them here. The value that players of Little Alchemy are modelled with is the number
of new elements that an element can make: a count, not an information, of a game whose table is not ours to publish.
Crafter was not attempted."""


def answer(quick: bool) -> Answer:
    """Recompute the closed form of absorbing targets and the ceiling of a count."""
    figures = targets(4, 1.2476649250)
    figures += [figure for n_targets in (2, 16) for figure in targets(n_targets, DISCOUNT * math.log(n_targets))]
    ceiling = emp.channel_capacity(np.eye(235))
    figures.append(interval("ceiling of 235 places, bits", ceiling.lower, ceiling.upper, 7.8765, 5e-5))
    source = (
        "C. Ji, V. Myers, S. Levine and B. Eysenbach, The Geometry of Empowerment, 2026, arXiv:2610.07796 (targets); "
        "F. Brändle and others, Empowerment contributes to exploration behaviour in a creative video game, 2023 "
        "(Little Alchemy); a report about a UR5 arm (ceiling)."
    )
    return Answer("Closed forms and counts", source, [], figures, VERDICT)
