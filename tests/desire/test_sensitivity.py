"""For which parameters the source's example happens: known cells, the criterion, files."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from empowerment.cli.desire_tables import region_record, region_text
from empowerment.desire import (
    DesireParameters,
    ExampleCriterion,
    ExampleRegion,
    Riders,
    Verdict,
    example_region,
    shock_effects,
)
from empowerment.desire.agent import DesireAgent

GRID = {"threshold": [0.8, 1.2, 1.6, math.inf], "gain": [1.0, 2.0, 4.0]}


@pytest.fixture(scope="module")
def region():
    return example_region(GRID)


def test_the_example_happens_where_another_implementation_says(region):
    # Sixty seeds; threshold down, gain across. The last of the second row loses too much income.
    assert region.holds.tolist() == [
        [False, True, True],
        [False, True, False],
        [False, False, False],
        [False, False, False],
    ]
    assert region[1.2, 4.0][24].relative_difference("income").value == pytest.approx(-0.27, abs=0.01)
    assert region.verdicts[1.2, 4.0] == Verdict(True, True, True, True, False)
    weak = region[1.2, 1.0][24]["far_declined"].difference
    assert (weak.value, weak.lower, weak.upper) == pytest.approx((0.062, 0.049, 0.079), abs=0.003)
    assert region[1.6, 2.0].with_event.value == pytest.approx(0.40, abs=0.01)
    assert region[math.inf, 2.0].events.sum() == 0


def test_for_a_will_for_health_it_is_reversed():
    found = example_region({"will": [(0.15, 0.7, 0.15)]})
    declines = found[((0.15, 0.7, 0.15),)][24]["far_declined"].difference
    assert (declines.value, declines.lower, declines.upper) == pytest.approx((-0.063, -0.091, -0.034), abs=0.02)
    assert declines.upper < 0
    assert not found.holds.any()
    assert "0.15/0.7/0.15" in region_text(found)
    assert "the example happens for 0 of 1" in region_text(found)
    assert region_record(found)["cells"][0]["will"] == [0.15, 0.7, 0.15]


def test_a_cell_is_what_shock_effects_finds():
    cells = example_region({"wanted": [(4, 5, 0.25)], "persistence": [0.0, 0.5]}, seeds=range(5))
    parameters = DesireParameters(persistence=0.0)
    own = shock_effects(
        DesireAgent(resolution=20), Riders(wanted=(4, 5, 0.25)), seeds=range(5), windows=[24], parameters=parameters
    )
    found = cells[(4, 5, 0.25), 0.0]
    assert (found.sums == own.sums).all()
    assert (found.desire == own.desire).all()
    assert found.parameters == parameters
    assert cells.shape == (1, 2)


# --- the criterion


def test_each_part_of_the_criterion_can_fail(region):
    whole = region[1.2, 2.0]
    assert ExampleCriterion().judge(whole).holds
    for name, limit in (
        ("least_rise_of_desire", 0.3),
        ("least_rise_of_declines", 0.15),
        ("most_loss_of_income", 0.1),
    ):
        verdict = ExampleCriterion(**{name: limit}).judge(whole)
        assert sum(verdict) == 4
        assert not verdict.holds
    turned = replace(whole, sums=whole.sums[:, [0, 2, 1]])
    assert ExampleCriterion().judge(turned) == Verdict(True, False, False, False, True)
    nothing = replace(whole, sums=0 * whole.sums)
    assert not any(ExampleCriterion().judge(nothing))
    with pytest.raises(ValueError, match="unknown window 12"):
        ExampleCriterion(window=12).judge(whole)


# --- the result and its arguments


def test_the_region_is_labelled(region):
    assert len(region) == 12
    assert list(region)[:2] == [(0.8, 1.0), (0.8, 2.0)]
    assert (1.2, 2.0) in region
    assert (1.2, 3.0) not in region
    assert "4 values of threshold, 3 values of gain; 60 seeds; the example happens for 3 of 12" in repr(region)
    with pytest.raises(ValueError, match=re.escape("unknown combination (1.2, 3.0)")):
        region[1.2, 3.0]
    frame = region.to_dataframe()
    assert frame.holds.tolist() == region.holds.reshape(-1).tolist()
    assert frame.threshold.tolist()[-1] == math.inf


def test_a_saved_region_is_the_same(region, tmp_path):
    region.save(tmp_path / "found.npz")
    back = ExampleRegion.load(tmp_path / "found.npz")
    assert repr(back) == repr(region)
    assert (back.holds == region.holds).all()
    assert (back.parameters, back.criterion) == (region.parameters, region.criterion)
    tuples = example_region({"will": [(0.5, 0.25, 0.25)], "rank_dominance": [(0, 0, 0)]}, seeds=range(2))
    tuples.save(tmp_path / "found.npz")
    assert ExampleRegion.load(tmp_path / "found.npz").values == tuples.values
    (tmp_path / "found.npz").write_bytes(b"PK")
    with pytest.raises(ValueError, match="is not a saved ExampleRegion, or is damaged"):
        ExampleRegion.load(tmp_path / "found.npz")


def test_a_checkpoint_holds_one_grid(tmp_path):
    options = {"seeds": range(3), "checkpoint": tmp_path / "kept"}
    one = example_region({"gain": [1.0, 2.0]}, **options)
    again = example_region({"gain": [1.0, 2.0]}, **options)
    assert all((one.arrays[name] == again.arrays[name]).all() for name in one.arrays)
    with pytest.raises(ValueError, match="differs in grid"):
        example_region({"gain": [1.0, 3.0]}, **options)


def test_without_shocks_nothing_holds():
    found = example_region({"gain": [2.0]}, seeds=[0], n_steps=50)
    assert not found.holds.any()
    assert found.to_dataframe().more_declined.isna().all()


def test_wrong_arguments_are_named():
    for grid, kind, sentence in (
        (["gain"], TypeError, "grid is .*expected a mapping"),
        ({}, ValueError, "grid is empty"),
        ({"gains": [1]}, ValueError, "unknown parameter 'gains'"),
        ({"gain": 1}, TypeError, r"grid\['gain'\] is 1, expected a list of values"),
        ({"gain": []}, ValueError, "expected values that differ, at least one"),
        ({"gain": [1, 1.0]}, ValueError, "expected values that differ"),
        ({"gain": [-1]}, ValueError, "gain is -1"),
        ({"gain": range(200), "decay": np.linspace(0, 1, 200)}, ValueError, "grid has 40,000 combinations"),
        ({"will": [(1, 2)]}, ValueError, "will"),
    ):
        with pytest.raises(kind, match=sentence):
            example_region(grid, seeds=[0])
    for options, kind, sentence in (
        ({"criterion": 1}, TypeError, "criterion"),
        ({"n_steps": 40}, ValueError, "n_steps is 40"),
        ({"parameters": 1}, TypeError, "parameters"),
    ):
        with pytest.raises(kind, match=sentence):
            example_region({"gain": [1]}, seeds=[0], **options)
    for wrong in ({"window": 0}, {"most_loss_of_income": 2}, {"least_rise_of_desire": math.nan}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            ExampleCriterion(**wrong)
