"""Models written in the languages that Storm reads."""

import numpy as np


def prism_of(model):
    """Write an MDP as a program with one variable, whose actions are called a0, a1, …"""
    start = 0 if model.initial is None else int(model.initial.argmax())
    commands, gains = [], []
    for state, action in zip(*np.nonzero(model.available), strict=True):
        row = model.to_dense()[state, action]
        ends = " + ".join(f"{float(row[t])!r} : (x' = {t})" for t in np.flatnonzero(row))
        commands.append(f"  [a{action}] x = {state} -> {ends};")
        if model.rewards is not None:
            gains.append(f"  [a{action}] x = {state} : {float(model.rewards[state, action])!r};")
    module = ["module world", f"  x : [0..{model.n_states - 1}] init {start};", *commands, "endmodule"]
    return "\n".join(["mdp", *module, "rewards", *gains, "endrewards"])


def drn_of(model):
    """Write an MDP in the format of explicit states."""
    lines = ["@type: MDP", "@value_type: double", "@parameters", "", "@reward_models", "gain"]
    lines += ["@nr_states", str(model.n_states), "@nr_choices", str(int(model.available.sum())), "@model"]
    start = 0 if model.initial is None else int(model.initial.argmax())
    for state in range(model.n_states):
        lines.append(f"state {state} [0]" + (" init" if state == start else ""))
        for action in np.flatnonzero(model.available[state]):
            row = model.to_dense()[state, action]
            lines.append(f"\taction a{action} [{float(model.rewards[state, action])!r}]")
            lines += [f"\t\t{t} : {float(row[t])!r}" for t in np.flatnonzero(row)]
    return "\n".join([*lines, ""])
