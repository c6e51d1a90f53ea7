"""A small example of every class of result, by its name: what tests ask of all results is asked of these.

A result class without an example is an error, so that what is new is not forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

import empowerment as emp
from benchmarks import valid_comparison_calls as riders
from benchmarks import valid_handoff_calls as texts
from benchmarks import valid_influence_calls as influences
from empowerment import desire, proxies, text
from empowerment.results.result import Result

NOISY = np.array([[0.9, 0.1], [0.2, 0.8]])
RESPONSES = np.array([[[0.9, 0.1], [0.2, 0.8]], [[0.6, 0.4], [0.5, 0.5]]])


def kinds(base: type[Any] = Result) -> Iterator[type[Any]]:
    """Yield the public classes of results of the library that derive from a class."""
    for module in (emp, text, desire, proxies):
        for name in module.__all__:
            thing = getattr(module, name)
            if isinstance(thing, type) and issubclass(thing, base):
                yield thing


@cache
def examples() -> dict[str, Any]:
    """Return an example of each public class of results, by its name.

    Raises
    ------
    LookupError
        If a class has no example.
    """
    found = {**_of_channels(), **_of_states(), **_of_texts(), **_of_desires()}
    missing = {kind.__name__ for kind in kinds()} - found.keys()
    if missing:
        raise LookupError(f"no example of {sorted(missing)}")
    return found


def _of_channels() -> dict[str, Any]:
    bounds = emp.capacity_bounds([[0.6, 0.2], [0.1, 0.7]], [0.2, 0.2])
    return {
        "CapacityResult": emp.channel_capacity([NOISY, np.eye(3)]),
        "CapacityCostResult": emp.capacity_cost(NOISY, [0, 1], [0.1, 0.4]),
        "CapacityPerCostResult": emp.capacity_per_unit_cost(NOISY, [1, 2]),
        "CapacityBounds": bounds,
        "CapacityExtreme": bounds.minimum,
        "EstimatedCapacity": emp.capacity_from_counts([[9, 1], [2, 8]], rng=0, n_draws=40, n_null=20),
    }


def _of_states() -> dict[str, Any]:
    corridor, tiger, dimmer = emp.worlds.grid_world(["..."]), emp.worlds.tiger(), emp.worlds.two_way_dimmer()
    result = emp.empowerment(corridor, 2)
    return {
        "EmpowermentResult": result,
        "AverageEmpowerment": result.average(),
        "EstimatedEmpowerment": emp.estimated_empowerment(
            emp.SampledModel([[[9, 1], [2, 8]], [[0, 9], [7, 3]]]), rng=0, n_draws=40, n_bias=10, n_null=20
        ),
        "HorizonSweep": emp.horizon_sweep(corridor, [1, 3]),
        "ContextEmpowerment": emp.context_empowerment(corridor, n_contexts=2),
        "BellmanResult": emp.unified_bellman(corridor, discount=0.5),
        "OptimalPlans": emp.optimal_plans(corridor, [0.0, 1.0, 2.0], 2, (0, 0), measures={"place": [0.0, 1.0, 2.0]}),
        "SkillEmpowerment": emp.skill_empowerment(corridor, 0.5),
        "PolicyEmpowerment": emp.effective_empowerment(corridor, np.full((3, 5), 0.2), discount=0.5),
        "EmpowermentRate": emp.empowerment_rate(corridor),
        "AggregateEmpowerment": emp.aggregate_empowerment({"a": result, "b": result}),
        "AssistedEmpowerment": emp.assisted_empowerment(dimmer, 1, 0, "person", "assistant"),
        "AverageOptimalValue": emp.average_optimal_value(corridor, 0.5, n_samples=5, rng=0),
        "GoalAttainmentPower": emp.goal_attainment_power(dimmer, 2, "assistant"),
        "CaseResult": emp.worst_case_empowerment(dimmer, 1, "person", "assistant"),
        "CoupledResult": emp.coupled_empowerment(dimmer, 1, {("person", "person"): 1.0}),
        "TransferMatrix": emp.transfer_matrix(dimmer, 1, 0),
        "SumRate": emp.independent_sum_rate(dimmer, 1, 0, rng=0),
        "ProxyResult": proxies.log_visited(corridor, 2, rng=0),
        "Simulation": emp.simulate(tiger, lambda belief: [1, 0, 0], steps=3, rng=0),
    }


def _of_texts() -> dict[str, Any]:
    model = text.TableModel({"": {"": 1.0}, "q": {"a": 0.5, "b": 0.5}, "r": {"a": 0.25, "b": 0.75}})
    audit = text.influence_audit(RESPONSES, silence=0)
    channel = text.next_token_channel(model, ["q", "r"])
    sampled = text.cluster_channel(model, ["q", "r"], 20, rng=0, max_tokens=1)
    turns = text.take_turns(texts.MODEL.score("", texts.TEXT), texts.BIT)
    task = text.WritingTask("loop", "for", " j in x").tokenized(texts.MODEL)
    run = text.compare_assistants({"a": text.NoAssistant()}, text.Replay(), [task])["a"]
    return {
        "Amount": audit.control_left,
        "ControlBudget": audit.budget,
        "InfluenceAudit": audit,
        "IntentAudit": text.intent_audit(RESPONSES, RESPONSES),
        "PersonTable": text.ask_person(model, lambda message, will: message, ["q", "r"], ["w"], ["a", "b"]),
        "ResponseChannel": channel,
        "ResponseCapacity": channel.capacity(),
        "SampledChannel": sampled,
        "SampledCapacity": sampled.capacity(rng=0, n_draws=40, n_null=20),
        "Selections": turns.selections,
        "Selection": turns.selections[0],
        "Turns": turns,
        "Calibration": text.calibrate(texts.OFFERS),
        "EffectiveEmpowerment": text.effective_empowerment(texts.MODEL, "for", 1),
        "AssistanceRun": run,
    }


def _of_desires() -> dict[str, Any]:
    found = influences.found()
    return {
        "AgentComparison": riders.comparison(),
        "AgentSummary": riders.comparison()["a"],
        "DesireTrace": riders.trace(),
        "ShockEffects": riders.effects(),
        "ShockWindow": riders.effects()[4],
        "ExampleRegion": riders.region(),
        "WarpingDistances": desire.warping_distances(riders.trace()),
        "DesireInfluence": found,
        "ContextInfluence": found["untimed"],
    }
