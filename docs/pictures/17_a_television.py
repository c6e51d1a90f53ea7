"""
What looks like freedom
=======================

A hall with a television on the right, whose picture changes by chance and from which one gets away only one time in
five. Empowerment is low before it. The number of readings that come up in random roll-outs, which is often computed
in its place, is high. See :doc:`/explanation/proxies`.
"""

from matplotlib import pyplot

import empowerment as emp
from empowerment.core.layout import GridLayout

hall = emp.worlds.open_grid(5)


def step(state, action):
    """Walk; before the television mostly stay, while the picture changes."""
    cell, picture = state
    after = hall.states[hall.successors[hall.state_index(cell), hall.actions.index(action)]]
    if cell[1] < 3:
        return after, picture
    away = 0.2 if after != cell else 1.0
    outcomes = {(after, other): away / 8 for other in range(8)}
    return outcomes | {(cell, other): (1 - away) / 8 for other in range(8) if away < 1}


found = emp.from_step_function(step, ((0, 0), 0), actions=hall.actions)
layout = GridLayout((5, 5), tuple(cell for cell, _ in found.states))
world = emp.MDP(found.rows, states=found.states, actions=found.actions, layout=layout)

figure, axes = pyplot.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
emp.empowerment(world, 3).plot(ax=axes[0], title="what can be done in three steps")
emp.proxies.log_visited(world, 3, rng=0).plot(ax=axes[1], title="what can be seen after them")
