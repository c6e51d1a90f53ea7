"""The breadth-first search over beliefs: where each branch leads, in chunks of any size."""

from itertools import islice

import numpy as np
import pytest

import empowerment as emp
from empowerment.capacity.kernels.reference import equal_rows
from empowerment.models import belief_space


def searched(model, horizon, **options):
    options = {"max_beliefs": 10_000, "refuse": lambda *counts: MemoryError(counts), **options}
    start = model.belief()[None]
    return list(islice(belief_space.search_beliefs(model.mdp, model.observation, start, **options), horizon))


@pytest.mark.parametrize("chunk", [1, 2**23])
@pytest.mark.parametrize("options", [{}, {"equal": equal_rows, "expand_once": False}])
def test_every_branch_leads_to_its_posterior(options, chunk, monkeypatch):
    monkeypatch.setattr(belief_space, "_CHUNK", chunk)
    for model in (emp.worlds.tiger(), emp.worlds.aliased_corridor(), emp.worlds.tmaze(), emp.worlds.trapdoor()):
        before = model.belief()[None]
        for level in searched(model, 3, **options):
            ends = zip(level.sources, level.actions, level.targets, level.chances, strict=True)
            total = np.zeros((len(before), model.n_actions))
            for source, action, target, chance in ends:
                chances = model.observation_probabilities(before[source], model.actions[action])
                posteriors = [
                    model.update(before[source], model.actions[action], seen)
                    for seen, likely in zip(model.observations, chances, strict=True)
                    if likely > 0 and abs(likely - chance) < 1e-12
                ]
                assert min(np.abs(level.beliefs[target] - each).max() for each in posteriors) <= 2e-10
                total[source, action] += chance
            assert np.isin(total.round(12), [0.0, 1.0]).all()
            assert set(level.newest) <= set(level.targets)
            before = level.beliefs


def test_a_level_by_itself_holds_what_was_known_before():
    for level in searched(emp.worlds.tiger(), 4, equal=equal_rows, expand_once=False):
        assert (level.newest == np.arange(len(level.beliefs))).all()
    sizes = [len(level.beliefs) for level in searched(emp.worlds.tiger(), 4, equal=equal_rows, expand_once=False)]
    assert sizes == [3, 5, 7, 9]


def test_the_error_tells_how_many_and_when():
    with pytest.raises(MemoryError, match=r"\(5, 2\)"):
        searched(emp.worlds.tiger(), 4, max_beliefs=4)
