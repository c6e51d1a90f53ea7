"""Answers that lose a part of the truth, or are damaged; ``python -m benchmarks.fuzz_services`` tries more."""

from collections import Counter

import numpy as np
from helpers import for_each
from service_fuzzing import VERDICTS, Service

# How many are tried, and how many at least have each outcome, else they are no test of it.
COUNTS = {
    "lists that lose a part": (500, {"right": 400}),
    "channels of such lists": (60, {"right": 50}),
    "lists that a sampler cut": (150, {"refused": 20}),
    "damaged answers": (500, {"read": 50, "refused": 50}),
    "texts scored by damaged answers": (150, {"read": 15, "refused": 15}),
    "answers damaged on their way": (250, {"read": 25, "refused": 25}),
}


@for_each("kind", VERDICTS)
def test_answers_are_read_as_what_they_are_or_refused(kind):
    count, at_least = COUNTS[kind]
    found = Counter()
    with Service() as service:
        for seed in range(count):
            said = VERDICTS[kind](np.random.default_rng([7, seed]), service)
            assert said in ("right", "read", "refused"), f"seed {seed}: {said}"
            found[said] += 1
    assert all(found[said] >= number for said, number in at_least.items()), found
