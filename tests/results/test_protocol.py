"""What every result offers, asked of an example of every class; a class without an example fails."""

import inspect
import math
from dataclasses import replace

import numpy as np
import pytest

import empowerment as emp
from benchmarks.valid_results import examples, kinds
from empowerment import desire, proxies, text
from empowerment.core.intervals import unit_name
from empowerment.export.npz import _packed_fields
from empowerment.results.by_label import ByLabel
from empowerment.results.certified import Certified, Labelled, Numbered
from empowerment.results.result import Result

pytest.importorskip("pandas")
pytest.importorskip("dtaidistance")
pyplot = pytest.importorskip("matplotlib.pyplot")

# Results without certified numbers, and why they have none.
PLAIN = {
    "statistics of samples": "EstimatedCapacity EstimatedEmpowerment SampledCapacity SampledChannel AgentComparison "
    "AgentSummary ShockEffects ShockWindow ExampleRegion WarpingDistances AssistanceRun Calibration",
    "tables of certified amounts": "ControlBudget InfluenceAudit IntentAudit DesireInfluence ContextInfluence",
    "probabilities that a model told": "ResponseChannel PersonTable",
    "runs of a simulation": "Simulation DesireTrace",
    "ranges over all optimal plans": "OptimalPlans",
    "lengths in tokens, each with its own interval": "Selection Selections Turns",
    "what proxies say, of which nothing is proved": "ProxyResult",
    "means of samples, and what follows from given policies": "AverageOptimalValue GoalAttainmentPower",
    "sums, right to rounding, beside a certified capacity": "EffectiveEmpowerment",
}
# Indexed by place: these are iterated over themselves, all others over their labels.
BY_PLACE = ("CapacityResult", "Amount", "Selections", "Turns", "Calibration")
# Results without a picture, and why.
UNDRAWN = {
    "tables of what was observed": "ResponseChannel PersonTable SampledChannel Simulation",
    "parts of results that have a picture": "Selection Selections AgentSummary ContextInfluence ShockWindow "
    "AssistanceRun SampledCapacity",
    "numbers of several kinds, or with errors of their own": "AverageOptimalValue GoalAttainmentPower",
    "a few numbers, to read": "EffectiveEmpowerment OptimalPlans Calibration AgentComparison WarpingDistances",
}
# Public classes that are no results, and why.
NO_RESULTS = {
    "models of the world, and their parts": "MDP POMDP SampledModel MultiAgentMDP Channel Policy Option End "
    "DesireWorld FeatureWorld Riders Students Outcome Mind Plans",
    "language models, and what they tell of one token": "FunctionModel LlamaCpp LlamaServer OpenAICompatible "
    "Provider Recorded TableModel TokenModel Transformers XLlamaCpp Position Tier",
    "agents and writers": "Actor Agent DesireAgent EmpoweredRider PolicyAgent QLearningRider RuleAgent UnifiedAgent "
    "ValueTrackingRider TokenModelDecision Continuations FixedLength FunctionAssistant HandOver NoAssistant Replay "
    "TokenModelPerson HandoffLogitsProcessor",
    "what is asked": "Threshold Costs Effort DesireParameters ExampleCriterion Document Offer WritingTask Suggestion",
    "errors and enumerations": "ConvergenceWarning LongRunWarning NoSequenceError Status TierError TokenModelError "
    "Decision Stop",
    "single numbers and records inside results": "Agreement Ends Estimate SeedEstimate Verdict ShockRow "
    "CalibrationRow Round Episode Turn",
    "answers that are still coming in": "Completion Answers",
    "a summary of a file that was written": "DatasetSummary",
    "a log of events, whose file other programs write as well": "AssistanceComparison",
}
CERTIFIED = sorted(kind.__name__ for kind in kinds(Certified))
ALL = sorted(kind.__name__ for kind in kinds())
METHODS = {"value", "lower", "upper", "gap", "converged", "status", "method", "unit", "base", "tol", "rtol"}


def named(groups):
    return {name for names in groups.values() for name in names.split()}


@pytest.fixture(scope="module")
def found():
    """Those of the examples, and of others that they lead to."""
    some = dict(examples())
    some["one channel"], some["one budget"] = some["CapacityResult"][0], some["CapacityCostResult"][0.1]
    some["one state"], some["one amount"] = some["EmpowermentResult"][(0, 1)], some["Amount"][0]
    some["largest"], some["discounted"] = some["HorizonSweep"].largest(), some["HorizonSweep"].discounted(0.5)
    slow = {"method": "blahut-arimoto", "max_iter": 2, "on_failure": "ignore"}
    some["unconverged"] = emp.channel_capacity(np.random.default_rng(5).dirichlet(np.ones(6), 6), **slow)
    return some


def content(result):
    arrays = {}
    return _packed_fields(result, arrays, ""), {name: array.tolist() for name, array in arrays.items()}


def test_every_public_class_is_a_result_or_known_to_be_none():
    public = {
        name
        for module in (emp, text, desire, proxies)
        for name in module.__all__
        if inspect.isclass(getattr(module, name))
    }
    assert public == {*ALL, *named(NO_RESULTS)}
    assert set(ALL) == {*CERTIFIED, *named(PLAIN)}
    assert set(ALL) == set(examples())


def test_certified_numbers_say_what_they_are(found):
    for name, result in found.items():
        if not isinstance(result, Certified):
            continue
        assert all(hasattr(result, each) for each in METHODS), name
        value, lower, upper = (np.asarray(end) for end in (result.value, result.lower, result.upper))
        assert value.shape == lower.shape == upper.shape == np.shape(result.gap) == np.shape(result.converged), name
        assert (lower - 1e-12 <= value).all(), name
        assert (value <= upper + 1e-12).all(), name
        assert (np.asarray(result.gap) == upper - lower).all(), name
        met = upper - lower <= np.maximum(result.tol, result.rtol * lower)
        assert (np.asarray(result.converged) == met).all(), name
        assert np.shape(result.status) in ((), value.shape), name
        assert np.shape(result.method) in ((), value.shape), name
        assert all(emp.Status(status).sentence for status in np.ravel(result.status).tolist()), name
        assert all(isinstance(method, str) and method for method in np.ravel(result.method).tolist()), name
        assert result.unit == unit_name(result.base), name


def test_a_repr_is_honest(found):
    for name, result in found.items():
        text_of = repr(result)
        assert text_of.startswith(f"{type(result).__name__}("), name
        if isinstance(result, Certified) and np.size(result.value) == 1 and not np.all(result.converged):
            lower = float(np.ravel(result.lower)[0])
            assert f"[{lower:.10g}," in text_of or f"[{lower:.6g}," in text_of or "at least" in text_of, text_of
    assert "NOT converged" in repr(found["unconverged"])


def test_a_result_is_true_and_sized_ones_are_containers(found):
    for name, result in found.items():
        assert bool(result) is True, name
        if hasattr(type(result), "__len__"):
            assert hasattr(type(result), "__iter__"), name
            assert hasattr(type(result), "__getitem__"), name


def test_what_is_over_states_horizons_or_budgets_is_indexed_by_label(found):
    for name, result in found.items():
        if not hasattr(type(result), "__len__") or getattr(result, "_axes", True) == {}:
            continue
        parts = list(result)
        assert len(parts) == len(result) > 0, name
        if type(result).__name__ in BY_PLACE:
            assert repr(result[0]) == repr(parts[0]), name
            with pytest.raises(IndexError):
                result[len(result)]
        else:
            assert all(label in result for label in result), name
            assert all(result[label] is not None for label in result), name
            assert "no such label" not in result, name
            with pytest.raises((KeyError, ValueError, TypeError), match="no such label"):
                result["no such label"]
        if isinstance(result, Labelled):
            assert [] not in result, name
            assert set(result) == set(next(iter(result._axes.values()))), name


def test_one_number_is_no_container(found):
    for name in ("one channel", "one amount", "one budget"):
        one = found[name]
        assert float(one) == float(one.value)
        for use in (len, list, lambda each: each[0]):
            with pytest.raises(TypeError, match=r"of one|one number"):
                use(one)


def test_single_numbers_are_floats_and_several_are_told_apart(found):
    for name, result in found.items():
        if isinstance(result, Certified):
            if np.size(result.value) == 1:
                assert float(result) == float(np.ravel(result.value)[0]), name
            else:
                with pytest.raises(TypeError, match="name one first"):
                    float(result)


def test_parts_are_what_the_whole_says_of_them(found):
    for name, result in found.items():
        if isinstance(result, Labelled | Numbered) and result._axes:
            for place, label in enumerate(next(iter(result._axes.values()))):
                one = result[label]
                for field in ("value", "lower", "upper", "status"):
                    whole = np.asarray(getattr(result, field))[place]
                    assert np.array_equal(np.ravel(getattr(one, field)), np.ravel(whole)), (name, label)


def test_the_part_of_a_label_has_that_label_alone(found):
    for name, result in found.items():
        if isinstance(result, ByLabel) and getattr(result, "_axes", True):
            for label in result:
                one = result[label]
                if type(one) is type(result) and getattr(one, "_axes", True):
                    assert list(one) == [label], (name, label)
                    one._check()


def test_fields_that_do_not_fit_the_labels_are_not_saved(found, tmp_path):
    for name in ("PolicyEmpowerment", "SkillEmpowerment", "BellmanResult", "ProxyResult", "EstimatedEmpowerment"):
        whole = found[name]
        with pytest.raises(ValueError, match="expected an entry for each of"):
            replace(whole, states=(*whole.states, "another")).save(tmp_path / "result.npz")
    proxy = found["ProxyResult"]
    with pytest.raises(ValueError, match=r"value has shape \(3, 1\), expected an entry for each of 3 states"):
        replace(proxy, value=proxy.value[:, None]).save(tmp_path / "result.npz")
    replace(proxy, states=("one", (0, 1), 2)).save(tmp_path / "result.npz")  # labels of several kinds


def test_files_hold_all_of_it(found, tmp_path):
    for name, result in found.items():
        path = tmp_path / "result.npz"
        result.save(path)
        again = type(result).load(path)
        assert type(again) is type(result), name
        assert content(again) == content(result), name
        assert repr(again) == repr(result), name
        with pytest.raises(MemoryError, match="raise memory="):
            type(result).load(path, memory=1)


def test_files_are_of_one_class(found, tmp_path):
    path = tmp_path / "result.npz"
    found["EmpowermentResult"].save(path)
    for name in ALL:
        kind = type(found[name])
        if kind is not emp.EmpowermentResult:
            with pytest.raises(ValueError, match=f"is not a saved {name}, or is damaged: it has the format"):
                kind.load(path)


def test_tables_have_a_row_for_each_number(found):
    for name, result in found.items():
        frame = result.to_dataframe()
        assert len(frame) > 0, name
        assert frame.columns.is_unique, name
        if isinstance(result, Certified) and name != "CapacityBounds":
            assert len(frame) == np.size(result.value), name
            assert {"value", "lower", "upper", "gap", "converged", "status", "method"} <= set(frame.columns), name
            assert np.array_equal(frame["value"], np.ravel(result.value)), name
            assert frame.attrs["unit"] == result.unit, name
            assert frame.attrs["tol"] == result.tol, name


def test_notebooks_show_tables(found):
    for name, result in found.items():
        page = result._repr_html_()
        assert page.startswith("<"), name
        for tag in ("table", "tr", "td", "div"):
            assert page.count(f"<{tag}>") + page.count(f"<{tag} ") == page.count(f"</{tag}>"), (name, tag)
    shown = found["unconverged"]._repr_html_()
    assert f">{float(found['unconverged'].value):.6g}<" not in shown
    assert f"[{found['unconverged'].lower:.6g}, {found['unconverged'].upper:.6g}]" in shown


def test_pictures_take_axes_a_title_and_the_ends_of_the_scale(found):
    drawn = {name for name in ALL if hasattr(type(found[name]), "plot")}
    assert drawn == set(ALL) - named(UNDRAWN)
    for name, result in found.items():
        if hasattr(result, "plot"):
            assert list(inspect.signature(result.plot).parameters)[:4] == ["ax", "title", "vmin", "vmax"], name
        if isinstance(result, Certified):
            ax = result.plot(title="a title", vmin=-1.0, vmax=9.0)
            assert ax.has_data(), name
            assert ax.get_title() == "a title", name
            assert result.plot(ax) is ax, name
            pyplot.close("all")


def test_what_no_result_can_hold_is_not_saved(found, tmp_path):
    for change in ({"upper": -1.0}, {"value": math.nan}, {"base": 1.0}):
        wrong = emp.EmpowermentRate(**{**_fields(found["EmpowermentRate"]), **change})
        with pytest.raises(ValueError, match="expected"):
            wrong.save(tmp_path / "result.npz")
    assert not list(tmp_path.iterdir())


def _fields(result):
    return {name: getattr(result, name) for name in result.__dataclass_fields__}


def test_a_result_names_its_rows():
    assert issubclass(Certified, Result)
    with pytest.raises(NotImplementedError):
        Result().to_dataframe()
