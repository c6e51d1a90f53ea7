"""Valid calls of pictures of agents with desires, and of results that draw; see `benchmarks.valid_calls`."""

from __future__ import annotations

from typing import Any

import empowerment as emp
from empowerment import desire


def functions() -> dict[str, dict[str, Any]]:
    """Return valid arguments of each public function, by its name."""
    trace = desire.simulate_agents(desire.Riders(2), desire.DesireAgent.fixed(), 2)
    numbers = {"values": [[0.1, 0.2]], "lower": [[0.0, 0.1]], "upper": [[0.2, 0.3]]}
    world = emp.MDP([[[0.5, 0.5], [0, 1]], [[1, 0], [0, 1]]])
    lane = emp.worlds.grid_world(["..."])
    over_skills = emp.skill_empowerment(lane, 0.5)
    on_grid = emp.empowerment(emp.worlds.grid_world([".."]))
    return {
        "plotting.common_range": {"results": [on_grid]},
        "plotting.plot_capacity": {"result": emp.channel_capacity([[0.9, 0.1], [0.1, 0.9]])},
        "plotting.plot_graph": {"result": emp.empowerment(world), "model": world},
        "plotting.plot_maps": {"results": [on_grid, on_grid]},
        "plotting.plot_output": {"result": over_skills, "state": (0, 0)},
        "plotting.plot_skills": {"model": lane, "result": over_skills, "state": (0, 0)},
        "plotting.plot_transfers": {"result": emp.transfer_matrix(emp.worlds.two_way_dimmer(), 1, 0)},
        "plotting.plot_before_after": {**numbers, "measures": ["a"], "cases": ["before", "after"]},
        "plotting.plot_desire_trace": {"trace": trace},
        "plotting.plot_sensitivity": {
            "values": [[0.1, 0.2]],
            "holds": [[True, False]],
            "rows": [1.0],
            "columns": [1, 2],
            "row_name": "threshold",
            "column_name": "gain",
            "value_name": "rise",
        },
        "plotting.plot_timing": {**numbers, "timings": ["now"], "quantities": ["a", "b"]},
    }


def methods() -> dict[str, tuple[Any, dict[str, Any]]]:
    """Return a valid call of what draws results of experiments, by the names of the class and the method."""
    riders, few = desire.Riders(), {"seeds": range(3), "n_steps": 180}
    effects = desire.shock_effects(desire.DesireAgent(resolution=20), riders, windows=[12], **few)
    region = desire.example_region({"threshold": [1.2, 2.0], "gain": [1.0]}, **few)
    return {
        "CapacityResult.plot": (emp.channel_capacity([[0.9, 0.1], [0.1, 0.9]]).plot, {}),
        "desire.ShockEffects.plot": (effects.plot, {}),
        "desire.ExampleRegion.plot": (region.plot, {}),
        "desire.DesireInfluence.plot": (desire.desire_influence(riders, **few).plot, {}),
    }
