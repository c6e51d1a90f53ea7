"""
How many samples it takes
=========================

The capacity of a channel that is only known from counts. Putting frequencies in place of probabilities gives
too much; the estimate is corrected, and its interval is a statistical one. See
:doc:`/how-to/channels-from-samples`.
"""

import numpy as np
from matplotlib import pyplot

import empowerment as emp

world = emp.worlds.slip_grid(slip=0.3)
truth = emp.actuation_channel(world, 1, (4, 4)).matrix
rng = np.random.default_rng(0)

tries = [20, 40, 80, 160, 320, 640]
found = [emp.capacity_from_counts(rng.multinomial(n, truth), rng=rng) for n in tries]

figure, ax = pyplot.subplots(figsize=(6, 4), layout="constrained")
low, middle, high = (np.array([getattr(each, name) for each in found]) for name in ("lower", "corrected", "upper"))
ax.errorbar(tries, middle, yerr=(middle - low, high - middle), fmt="o", capsize=4, label="corrected, 95 %")
ax.plot(tries, [each.plug_in.value for each in found], "x", label="frequencies as they are")
ax.axhline(emp.channel_capacity(truth).value, color="black", linestyle="--", label="truth")
ax.set(xscale="log", xlabel="tries of each action", ylabel="capacity [bits]", title="how many samples it takes")
ax.set_xticks(tries, tries)
ax.minorticks_off()
ax.legend()
