"""
When moves cost something
=========================

Sequences of two actions in a slippery grid, each as dear as it has moves. The curve is the capacity that a
budget buys, its slope the price of a move. See :doc:`/how-to/costs-and-rewards`.
"""

import numpy as np
from matplotlib import pyplot

import empowerment as emp

channel = emp.actuation_channel(emp.worlds.slip_grid(), 2, (5, 5), merge=False)
moves = np.array([sum(action != "stay" for action in sequence) for sequence in channel.inputs])
curve = emp.capacity_cost(channel, moves)

figure, ax = pyplot.subplots(figsize=(6, 4), layout="constrained")
ax.plot(curve.budget, curve.value)
ax.set(xlabel="moves allowed on average", ylabel="capacity [bits]", title="what a budget buys")
ax.set_ylim(bottom=0)
