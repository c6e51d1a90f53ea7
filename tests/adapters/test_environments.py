"""Environments as users have them: each is mapped, or refused with a sentence that says what to do."""

import re
import warnings
from importlib.util import find_spec

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp

for library in ("gymnasium", "gym_classics", "minigrid"):
    pytest.importorskip(library)

from benchmarks.environments import environments, model_of  # noqa: E402 (it needs all three)

DICE = r"draws random numbers at action .* from_samples estimates it"
IN_JAX = "keeps a random key of JAX" if find_spec("flax") else "needs flax, which is not installed; install what"
ROUNDED = "sum to 0.99999.*pass normalize=True to rescale"
LARGE = "found 2001 states.* raise max_states="

REFUSED = {
    "Blackjack-v1": DICE,
    "tabular/": IN_JAX,
    "JacksCarRental-v0": ROUNDED,
    "MiniGrid-Dynamic-Obstacles": DICE,
    "MiniGrid-BlockedUnlockPickup-v0": LARGE,
    "MiniGrid-DoorKey-8x8-v0": LARGE,
    "MiniGrid-DoorKey-16x16-v0": LARGE,
}
TAKES_LONG = re.compile("Jacks|BlockedUnlock|DoorKey-[681]|tabular|DistShift|Crossing(S9N[12]|S11)")


def check(name, options):
    expected = next((REFUSED[start] for start in REFUSED if name.startswith(start)), None)
    if expected and "normalize" not in options:
        with pytest.raises((ValueError, ImportError), match=expected):
            model_of(name, options, 2000)
        return
    with warnings.catch_warnings():
        if "fickle_passenger" in options:  # which the table does not hold
            warnings.filterwarnings("ignore", "the table of Taxi-v4 does not hold fickle_passenger=True", UserWarning)
        model = model_of(name, options, 2000)
    bits = emp.empowerment(model, 1).value
    assert np.isfinite(bits).all()
    assert 0 < bits.max() <= np.log2(model.n_actions) + 1e-9
    assert model.actions != tuple(range(model.n_actions))  # they have names


@for_each(("name", "options"), [each for each in environments() if not TAKES_LONG.search(each[0])])
def test_every_tabular_environment_is_mapped_or_refused(name, options):
    check(name, options)


@pytest.mark.slow
@for_each(("name", "options"), [each for each in environments() if TAKES_LONG.search(each[0])])
def test_every_environment_that_takes_long_is_mapped_or_refused(name, options):
    check(name, options)
