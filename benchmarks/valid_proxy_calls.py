"""Valid calls of proxies; see `benchmarks.valid_calls`."""

from __future__ import annotations

from typing import Any

import numpy as np

import empowerment as emp
from empowerment import proxies


def functions() -> dict[str, dict[str, Any]]:
    """Return valid arguments of each public function, by its name."""
    world = emp.MDP(np.array([[[0.9, 0.1], [0.1, 0.9]], [[0.5, 0.5], [0.0, 1.0]]]))
    drawn = {"model": world, "horizon": 1, "states": [0, 1], "rng": 0}
    known = {"model": world, "horizon": 1, "states": [0, 1]}
    found = dict.fromkeys(("log_variance", "log_visited", "mixed_base_capacity", "plug_in_information"), drawn)
    found |= {name: {**drawn, "n_texts": 5} for name in ("token_surprisal", "token_threshold")}
    found |= dict.fromkeys(("contrastive_optimum", "first_action_information", "log_reachable"), known)
    found |= {
        "agreement": {"estimate": proxies.log_reachable(world), "exact": emp.empowerment(world)},
        "contrastive_information": {**drawn, "batch_size": 2, "n_batches": 2},
        "mixed_base_blahut_arimoto": {"channel": [[0.9, 0.1], [0.2, 0.8]], "rng": 0},
        "uniform_information": known,
        "visit_entropy": drawn,
    }
    return {f"proxies.{name}": arguments for name, arguments in found.items()}
