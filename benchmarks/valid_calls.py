"""A valid call of every public function, class and method: what `benchmarks.fuzz_arguments` changes one argument of.

Public is what `__all__` of the package and of its public modules lists, and what their classes offer. A name without
a call that is not in `LEFT_OUT` either is an error, so that what is new is not forgotten.
"""

from __future__ import annotations

import atexit
import inspect
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import gymnasium
import networkx
import numpy as np
from pettingzoo.classic.rps import rps

import empowerment as emp
from benchmarks import (
    valid_comparison_calls,
    valid_desire_calls,
    valid_handoff_calls,
    valid_influence_calls,
    valid_picture_calls,
    valid_proxy_calls,
    valid_results,
    valid_rider_calls,
)
from empowerment import desire, plotting, proxies, testing, text, worlds


class Call(NamedTuple):
    """A function and arguments that it takes."""

    function: Callable[..., Any]
    arguments: dict[str, Any]


W = np.array([[0.9, 0.1], [0.2, 0.8]])
RESPONSES = np.array([[[0.9, 0.1], [0.2, 0.8]], [[0.6, 0.4], [0.5, 0.5]]])
STRATEGY = np.array([[[0.9, 0.1], [0.2, 0.8]], [[0.6, 0.4], [0.5, 0.5]]])
OPTION = emp.Option("a", steps=1)
ACTIONS = ["a", "b"]
DIRECTORY = Path(tempfile.mkdtemp(prefix="valid-calls-"))
atexit.register(shutil.rmtree, DIRECTORY, ignore_errors=True)


@cache
def noisy() -> emp.MDP:
    """Return two states without structure."""
    rows = [[[0.9, 0.1], [0.1, 0.9]], [[0.5, 0.5], [0.0, 1.0]]]
    return emp.MDP(np.array(rows), states=["s", "t"], actions=ACTIONS, initial=[0.5, 0.5])


def counted() -> emp.SampledModel:
    """Return the counts of two states."""
    return emp.SampledModel([[[9, 1], [2, 8]], [[0, 9], [7, 3]]])


@cache
def corridor() -> emp.MDP:
    """Return three cells without noise."""
    return worlds.grid_world(["..."])


@cache
def pair() -> emp.MultiAgentMDP:
    """Return two agents."""
    return worlds.two_way_dimmer()


@cache
def result() -> emp.EmpowermentResult:
    """Return a result for a map."""
    return emp.empowerment(corridor(), 1)


@cache
def language_model() -> text.TableModel:
    """Return a model of two prompts, as a table."""
    return text.TableModel({"": {"": 1.0}, "q": {"a": 0.5, "b": 0.5}, "r": {"a": 0.25, "b": 0.75}})


def person(prompt: str) -> dict[str, float]:
    """Return what a person says next."""
    return {"a": 0.5, "b": 0.25, "": 0.25}


@cache
def audit() -> text.InfluenceAudit:
    """Return an audit of two messages."""
    return text.influence_audit(RESPONSES)


def ring() -> SimpleNamespace:
    """Return an environment like those of gymnax: a ring of three cells."""
    return SimpleNamespace(
        default_params=None,
        num_actions=2,
        reset_env=lambda key, params: (0, {"cell": 0}),
        step_env=lambda key, state, action, params: (0, {"cell": (state["cell"] + action) % 3}, 0.0, False, {}),
    )


def hall() -> SimpleNamespace:
    """Return a text game of one room."""
    infos = {"look": "You are in the hall.", "inventory": "", "validActions": ["wait"]}
    return SimpleNamespace(reset=lambda seed=None: ("", infos), step=lambda action: ("", 0.0, False, infos))


def step(state: int, action: str) -> int:
    """Walk in a corridor of four."""
    return min(max(state + (1 if action == "a" else -1), 0), 3)


def functions() -> dict[str, dict[str, Any]]:
    """Return valid arguments of each public function and class, by its name."""
    tiger, values = worlds.tiger(), np.array([1.0, 2.0])
    policy, sweep = np.full((2, 2), 0.5), {"discount": 0.5}
    pomdp_file = DIRECTORY / "tiger.POMDP"
    emp.write_pomdp(tiger, pomdp_file)
    program = DIRECTORY / "switch.prism"
    program.write_text("mdp module m x : [0..1]; [a] true -> (x' = 1 - x); [b] true -> true; endmodule")
    observed, counts = np.array([[0.6, 0.2], [0.1, 0.7]]), np.array([[9, 1], [2, 8]])
    asking = {"model": language_model(), "prompts": ["q", "r"]}
    return {
        "MDP": {"transition": noisy().to_dense()},
        "POMDP": {"transition": tiger.mdp.to_dense(), "observation": tiger.observation},
        "Channel": {"matrix": W},
        "MultiAgentMDP": {"transition": np.full((2, 2, 2, 2), 0.5), "actions": {"a": 2, "b": 2}},
        "Policy": {"probabilities": policy, "states": ["s", "t"], "actions": ACTIONS},
        "Option": {"policy": "a", "steps": 1},
        "End": {"state": 0},
        "actuation_channel": {"model": noisy(), "horizon": 1, "state": "s"},
        "aggregate_empowerment": {"results": {"a": result(), "b": result()}},
        "assistant_policy": {
            "world": pair(),
            "assistant": "assistant",
            "others": "uniform",
            "values": np.arange(float(pair().n_states)),
        },
        "average_optimal_value": {"model": noisy(), "discount": 0.5, "n_samples": 5, "rng": 0},
        "belief_grid": {"n_states": 2, "steps": 2},
        "capacity_bounds": {"observed": observed, "residual": [0.2, 0.2]},
        "capacity_cost": {"channel": W, "costs": [0.0, 1.0], "budget": 0.5},
        "capacity_from_counts": {"counts": counts, "rng": 0, "n_draws": 40, "n_null": 20},
        "capacity_per_unit_cost": {"channel": W, "costs": [0.0, 1.0]},
        "channel_capacity": {"channel": W},
        "context_empowerment": {"model": noisy()},
        "directed_information": {"model": noisy(), "policy": policy, "horizon": 2},
        "discounted_empowerment": {"model": noisy(), **sweep},
        "divergence": {"p": [0.5, 0.5], "q": [0.25, 0.75]},
        "discounted_sensor": {"model": noisy(), "policy": policy, "discount": 0.5},
        "effective_empowerment": {"model": noisy(), "policy": policy, "discount": 0.5},
        "empowerment": {"model": noisy(), "rng": 0},
        "empowerment_rate": {"model": noisy()},
        "entropy": {"distribution": [0.5, 0.5]},
        "expected_next": {"model": noisy(), "values": values},
        "from_gymnasium": {"env": gymnasium.make("FrozenLake-v1")},
        "SampledModel": {"counts": [[[9, 1], [2, 8]], [[0, 9], [7, 3]]]},
        "estimated_empowerment": {
            "model": counted(),
            "rng": 0,
            "n_draws": 40,
            "n_bias": 10,
            "n_null": 20,
        },
        "from_jax": {"step": lambda cell, move: ((cell + move) % 3, cell == 2), "initial": 0, "actions": [0, 1]},
        "from_gymnax": {"env": ring()},
        "from_text_game": {"game": hall()},
        "from_rollouts": {"envs": gymnasium.make_vec("FrozenLake-v1", 2), "steps": 20},
        "from_samples": {"step": step, "initial": 0, "actions": ACTIONS, "n": 2},
        "from_transitions": {"transitions": [("s", "a", "t"), ("t", "a", "s")]},
        "from_mdptoolbox": {"transitions": np.stack([W, W]), "reward": [1.0, 2.0]},
        "from_networkx": {"graph": networkx.MultiDiGraph([("s", "t"), ("t", "s")]), "initial": "s"},
        "from_pettingzoo": {"env": rps.env(max_cycles=1), "agent": "player_0"},
        "from_quantecon": {"program": SimpleNamespace(R=W, Q=np.stack([W, W]), beta=0.9, num_states=2)},
        "from_storm": {"model": program},
        "from_table": {"table": {"s": {"a": {"s": 0.5, "t": 0.5}}, "t": {"a": "s"}}, "initial": "s"},
        "to_networkx": {"model": noisy()},
        "from_pymdp": {"A": [W.T], "B": [np.stack([W.T, W.T], axis=2)]},
        "from_joint_step": {
            "step": lambda state, chosen: sum(chosen.values()) % 3,
            "initial": 0,
            "actions": {"a": [0, 1], "b": [0, 2]},
        },
        "from_step_function": {"step": step, "initial": 0, "actions": ACTIONS},
        "goal_attainment_power": {"world": pair(), "horizon": 2, "robot": "assistant"},
        "greedy_policy": {"model": noisy(), "values": values},
        "horizon_sweep": {"model": noisy(), "horizons": [1, 2], "rng": 0},
        "independent_sum_rate": {"world": pair(), "horizon": 1, "state": pair().states[0], "rng": 0},
        "information_from_counts": {"counts": counts},
        "informed_empowerment": {
            "world": pair(),
            "horizon": 1,
            "agent": "person",
            "seen": {"assistant": [1.0, 0.0]},
        },
        "interval_information": {"joint": W / 2},
        "joint_distribution": {"model": noisy(), "policy": policy, "horizon": 1, "initial": "s"},
        "mutual_information": {"channel": W, "input_distribution": [0.5, 0.5]},
        "option_channel": {"model": noisy(), "state": "s", "options": [OPTION]},
        "read_pomdp": {"path": pomdp_file},
        "simulate": {"model": noisy(), "policy": policy, "initial": "s", "steps": 2, "rng": 0},
        "optimal_plans": {
            "model": noisy(),
            "values": values,
            "horizon": 2,
            "state": "s",
            "measures": {"value": values},
        },
        "skill_empowerment": {"model": corridor(), "discount": 0.5},
        "skill_empowerment_bound": {"model": noisy(), "discount": 0.5},
        "softmax_policy": {"model": noisy(), "values": values, "temperature": 1.0},
        "transfer_empowerment": {"world": pair(), "horizon": 1, "source": "assistant", "target": "person"},
        "transfer_matrix": {"world": pair(), "horizon": 1, "state": 0},
        "unified_bellman": {"model": noisy(), **sweep},
        "verify": {"channel": W, "result": emp.channel_capacity(W)},
        "assisted_empowerment": {
            "world": pair(),
            "horizon": 1,
            "state": 0,
            "agent": "person",
            "assistant": "assistant",
        },
        "best_case_empowerment": {"world": pair(), "horizon": 1, "agent": "person", "assistant": "assistant"},
        "coupled_empowerment": {"world": pair(), "horizon": 1, "weights": {("person", "person"): 1.0}},
        "worst_case_empowerment": {"world": pair(), "horizon": 1, "agent": "person", "against": "assistant"},
        "write_pomdp": {"model": tiger, "path": DIRECTORY / "written.POMDP"},
        "text.FunctionModel": {"next_token": person},
        "text.OpenAICompatible": {"url": "http://127.0.0.1:9", "model": "none"},
        "text.Recorded": {"path": DIRECTORY / "kept.jsonl", "model": language_model()},
        "text.TableModel": {"table": {"q": {"a": 1.0}}},
        "text.answer_channel": {**asking, "answers": ["a", "b"]},
        "text.ask_each": {"ask": len, "prompts": ["q", "r"]},
        "text.ask_person": {
            "model": language_model(),
            "prompt": lambda message, will: message,
            "messages": ["q", "r"],
            "wills": ["w"],
            "choices": ["a", "b"],
        },
        "text.cluster_channel": {**asking, "n": 3, "rng": 0, "max_tokens": 1},
        "text.influence_audit": {"responses": RESPONSES},
        "text.intent_audit": {"responses": RESPONSES, "strategy": STRATEGY},
        "text.next_token_channel": asking,
        "worlds.aliased_corridor": {},
        "worlds.box_pushing": {"size": 4},
        "worlds.delivery": {},
        "worlds.delivery_features": {},
        "worlds.golden_mean": {},
        "worlds.grid_world": {"map": [".."]},
        "worlds.key_and_door": {},
        "worlds.klyubin_maze": {},
        "worlds.make": {"name": "ring"},
        "worlds.open_grid": {"rows": 3},
        "worlds.post": {},
        "worlds.ring": {},
        "worlds.boxed_in_grid": {"goal": (4, 4)},
        "worlds.disempower_grid": {},
        "worlds.hazard_grid": {},
        "worlds.hazard_room": {},
        "worlds.shared_corridor": {},
        "worlds.slip_grid": {},
        "worlds.study": {},
        "worlds.study_features": {},
        "worlds.study_variables": {},
        "worlds.tiger": {},
        "worlds.tmaze": {},
        "worlds.tower_of_hanoi": {},
        "worlds.trapdoor": {},
        "worlds.two_rooms": {"size": 4, "door": 1},
        "worlds.two_way_dimmer": {},
        "worlds.two_way_lamp": {},
        "testing.check_certificate": {"channel": W, "result": emp.channel_capacity(W)},
        "testing.check_token_model": {"model": text.FunctionModel(person), "prefix": "a", "text": "ab"},
        "testing.hard_channel": {"family": "dirichlet", "rng": 0, "n_inputs": 2, "n_outputs": 2},
        "plotting.figure_size": {"result": result()},
        "plotting.plot_beliefs": {"result": emp.empowerment(tiger, 1, beliefs=emp.belief_grid(2, 3))},
        "plotting.plot_budget": {"budget": audit().budget},
        "plotting.plot_control_left": {"audit": audit()},
        "plotting.plot_empowerment": {"result": result()},
        "plotting.plot_horizons": {"sweep": emp.horizon_sweep(corridor(), [1, 2])},
        "plotting.plot_intervals": {"result": result()},
        "plotting.plot_map": {"result": result()},
        "plotting.plot_policy": {"model": corridor(), "policy": np.full((3, 5), 0.2)},
        **valid_handoff_calls.functions(DIRECTORY),
        **valid_picture_calls.functions(),
        **valid_proxy_calls.functions(),
        **valid_desire_calls.functions(DIRECTORY),
        **valid_rider_calls.functions(DIRECTORY),
        **valid_comparison_calls.functions(DIRECTORY),
        **valid_influence_calls.functions(),
    }


def methods() -> dict[str, Call]:
    """Return a valid call of each method of a public class, by the names of the class and the method."""
    tiger, channel, lake = worlds.tiger(), emp.Channel(W), corridor()
    policy = emp.greedy_policy(noisy(), np.array([1.0, 2.0]))
    responses = text.next_token_channel(language_model(), ["q", "r"])
    place = next(language_model().step("q"))
    written, table = text.FunctionModel(person), language_model()
    asked = text.ask_person(table, lambda message, will: message, ["q", "r"], ["w"], ["a", "b"])
    sampled = text.cluster_channel(table, ["q", "r"], 3, rng=0, max_tokens=1)
    sweep = emp.horizon_sweep(lake, [1, 2])
    known = {"belief": [0.5, 0.5], "action": "listen"}
    found = _methods_of_results() | {
        "MDP.from_arrays": Call(emp.MDP.from_arrays, {"transition": noisy().to_dense(), "axes": "sas"}),
        "MDP.refuse_unexplored": Call(noisy().refuse_unexplored, {}),
        "MDP.state_index": Call(noisy().state_index, {"state": "s"}),
        "MDP.state_indices": Call(noisy().state_indices, {"states": ["s"]}),
        "POMDP.action_index": Call(tiger.action_index, {"action": "listen"}),
        "POMDP.available_in": Call(tiger.available_in, {"belief": [0.5, 0.5]}),
        "POMDP.belief": Call(tiger.belief, {"belief": [0.5, 0.5]}),
        "POMDP.observation_index": Call(tiger.observation_index, {"observation": tiger.observations[0]}),
        "POMDP.observation_probabilities": Call(tiger.observation_probabilities, known),
        "POMDP.predict": Call(tiger.predict, known),
        "POMDP.reachable_beliefs": Call(tiger.reachable_beliefs, {"belief": [0.5, 0.5], "horizon": 1}),
        "POMDP.state_index": Call(tiger.state_index, {"state": tiger.states[0]}),
        "POMDP.update": Call(tiger.update, {**known, "observation": tiger.observations[0]}),
        "POMDP.with_labels": Call(tiger.with_labels, {}),
        "SampledModel.draw": Call(counted().draw, {"rng": 0}),
        "SampledModel.mean": Call(counted().mean, {}),
        "SampledModel.update": Call(counted().update, {"transitions": [(0, 1, 1)]}),
        "Channel.divergences": Call(channel.divergences, {"output_distribution": [0.5, 0.5]}),
        "Channel.mutual_information": Call(channel.mutual_information, {"input_distribution": [0.5, 0.5]}),
        "Channel.output_distribution": Call(channel.output_distribution, {"input_distribution": [0.5, 0.5]}),
        "Channel.row_entropies": Call(channel.row_entropies, {}),
        "Policy.action": Call(policy.action, {"state": "s", "rng": 0}),
        "Policy.action_number": Call(policy.action_number, {"state": "s", "rng": 0}),
        "MultiAgentMDP.for_agent": Call(pair().for_agent, {"agent": "person"}),
        "MultiAgentMDP.beginning_with": Call(pair().beginning_with, {"agent": "assistant"}),
        "MultiAgentMDP.turn_of": Call(pair().turn_of, {"agent": "assistant"}),
        "MultiAgentMDP.group": Call(pair().group, {"agent": "assistant"}),
        "MultiAgentMDP.labels_of": Call(pair().labels_of, {"agent": "assistant"}),
        "MultiAgentMDP.sensor_of": Call(pair().sensor_of, {"agent": "assistant"}),
        "EmpowermentResult.average": Call(result().average, {}),
        "EmpowermentResult.plot": Call(result().plot, {}),
        "EmpowermentResult.sequences": Call(result().sequences, {"state": (0, 0)}),
        "SkillEmpowerment.occupancies": Call(emp.skill_empowerment(corridor(), 0.5).occupancies, {"state": (0, 0)}),
        "SkillEmpowerment.policies": Call(emp.skill_empowerment(corridor(), 0.5).policies, {"state": (0, 0)}),
        "SkillEmpowerment.skills": Call(emp.skill_empowerment(corridor(), 0.5).skills, {"state": (0, 0)}),
        "SkillEmpowerment.verify": Call(emp.skill_empowerment(corridor(), 0.5).verify, {"model": corridor()}),
        "HorizonSweep.discounted": Call(sweep.discounted, {"discount": 0.5}),
        "HorizonSweep.plot": Call(sweep.plot, {}),
        "text.Amount.mean": Call(audit().control_left.mean, {"weights": np.array([0.5, 0.5])}),
        "text.ControlBudget.plot": Call(audit().budget.plot, {}),
        "text.InfluenceAudit.plot": Call(audit().plot, {}),
        "text.IntentAudit.plot": Call(text.intent_audit(RESPONSES, STRATEGY).plot, {}),
        "text.PersonTable.audit": Call(asked.audit, {}),
        "text.Position.complete_list": Call(text.Position.complete_list, {"tokens": [b"a"], "logits": [0.0]}),
        "text.Position.entropy": Call(place.entropy, {}),
        "text.Position.surprisal": Call(table.score("q", "a")[0].surprisal, {}),
        "text.Position.top": Call(place.top, {"count": 1}),
        "text.ResponseChannel.capacity": Call(responses.capacity, {}),
        "text.SampledChannel.capacity": Call(sampled.capacity, {}),
        "text.TableModel.from_texts": Call(text.TableModel.from_texts, {"texts": ["a b a", "b a"]}),
    }
    for name, model in (("FunctionModel", written), ("TableModel", table)):
        found[f"text.{name}.score"] = Call(model.score, {"prefix": "q", "text": "a"})
        found[f"text.{name}.step"] = Call(model.step, {"prefix": "q"})
        found[f"text.{name}.sample"] = Call(model.sample, {"prefix": "q", "n": 1, "max_tokens": 1, "seed": 0})
    for others in (
        valid_handoff_calls,
        valid_desire_calls,
        valid_rider_calls,
        valid_comparison_calls,
        valid_influence_calls,
    ):
        found |= {name: Call(*call) for name, call in others.methods(DIRECTORY).items()}
    return found | {name: Call(*call) for name, call in valid_picture_calls.methods().items()}


def _methods_of_results() -> dict[str, Call]:
    """Return a valid call of what every result offers."""
    found = {}
    for prefix, module in _MODULES.items():
        for name, example in valid_results.examples().items():
            if hasattr(module, name):
                path = DIRECTORY / f"{name}.npz"
                example.save(path)
                found[f"{prefix}{name}.save"] = Call(example.save, {"path": path.with_stem("saved")})
                found[f"{prefix}{name}.load"] = Call(type(example).load, {"path": path})
                if hasattr(example, "plot"):
                    found[f"{prefix}{name}.plot"] = Call(example.plot, {})
    return found


# Language models that need weights or a server to answer, and what only states how one answers.
_SILENT = ("LlamaCpp", "LlamaServer", "OpenAICompatible", "Provider", "TokenModel", "Transformers", "XLlamaCpp")

LEFT_OUT = {
    "ConvergenceWarning LongRunWarning NoSequenceError text.TierError text.TokenModelError": "raised or warned",
    "Status text.Tier text.Ends text.Stop text.Decision": "enumerations, and pairs of numbers",
    "AverageEmpowerment BellmanResult CapacityBounds CapacityCostResult CapacityExtreme CapacityPerCostResult "
    "CapacityResult ContextEmpowerment EmpowermentRate EmpowermentResult EstimatedCapacity EstimatedEmpowerment "
    "HorizonSweep OptimalPlans PolicyEmpowerment Simulation SkillEmpowerment SumRate AssistedEmpowerment CaseResult "
    "AggregateEmpowerment CoupledResult TransferMatrix AverageOptimalValue GoalAttainmentPower "
    "text.Amount text.Answers text.ControlBudget text.InfluenceAudit "
    "text.IntentAudit text.PersonTable text.Position text.ResponseCapacity text.ResponseChannel text.SampledCapacity "
    "text.SampledChannel text.AssistanceComparison text.AssistanceRun text.Calibration text.CalibrationRow "
    "text.Completion text.DatasetSummary text.Document text.EffectiveEmpowerment text.Episode text.Estimate "
    "text.Offer text.Round text.Selection text.Selections text.Suggestion text.Turn "
    "text.Turns": "results, which the library makes",
    "text.Provider text.TokenModel": "a base class and a protocol",
    "desire.Actor desire.Actor.choose desire.Actor.observe desire.Agent desire.Agent.begin desire.DesireWorld "
    "desire.DesireWorld.begin desire.DesireWorld.step": "protocols",
    "desire.DesireTrace desire.Mind desire.Outcome desire.ContextInfluence "
    "desire.DesireInfluence": "results, which the library makes",
    " ".join(f"desire.{name}" for name in valid_comparison_calls.RESULTS.split()): "results, which the library makes",
    "proxies.Agreement proxies.ProxyResult": "results, which the library makes",
    "desire.Mind.at_rest desire.feel desire.Riders.begin desire.Riders.step "
    "desire.FeatureWorld.begin desire.FeatureWorld.step desire.Students.begin "
    "desire.Students.step": "take what the simulation made",
    "text.LlamaCpp text.LlamaServer text.Transformers text.XLlamaCpp text.smollm2_path": "weights or a server",
    "text.Recorded.sample text.Recorded.score text.Recorded.step": "questions that are handed on to a model",
    "Channel.from_valid": "takes what was checked before",
    "testing.channels testing.FAMILIES": "a strategy of Hypothesis, and a mapping",
    "worlds.WORLDS": "a mapping",
}
"""What is not called, and why."""

_MODULES = {
    "": emp,
    "text.": text,
    "worlds.": worlds,
    "testing.": testing,
    "plotting.": plotting,
    "proxies.": proxies,
    "desire.": desire,
}


_LIBRARIES = {"from_storm": "stormpy"}
"""Libraries that a call needs, and not every system has."""


def public() -> Iterator[tuple[str, Any]]:
    """Yield the name and the object of all that is public and can be called."""
    for prefix, module in _MODULES.items():
        for name in module.__all__:
            thing = getattr(module, name)
            if callable(thing):
                yield prefix + name, thing


def own_methods(name: str, kind: type) -> Iterator[str]:
    """Yield the names of the methods of a public class that take arguments."""
    for method, thing in inspect.getmembers(kind, callable):
        if not method.startswith("_") and (getattr(thing, "__module__", None) or "").startswith("empowerment"):
            taken = [p for p in inspect.signature(thing).parameters if p != "self"]
            if taken:
                yield f"{name}.{method}"


@cache
def calls() -> dict[str, Call]:
    """Return a valid call of everything that is public and takes arguments.

    Raises
    ------
    LookupError
        If something is missing here, or is no longer there.
    """
    left_out = {name for names in LEFT_OUT for name in names.split()}
    there, arguments, found = dict(public()), functions(), methods()
    missing = there.keys() - arguments.keys() - left_out
    for name, thing in there.items():
        if inspect.isclass(thing) and name.removeprefix("text.") not in _SILENT:
            missing |= set(own_methods(name, thing)) - found.keys() - left_out
    gone = arguments.keys() - there.keys()
    if missing or gone:
        raise LookupError(f"no valid call of {sorted(missing)}; no longer there: {sorted(gone)}")
    absent = {name for name, library in _LIBRARIES.items() if find_spec(library) is None}
    return {name: Call(there[name], own) for name, own in arguments.items() if name not in absent} | found
