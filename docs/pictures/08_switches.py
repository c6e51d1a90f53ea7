"""
Two noisy switches
==================

The capacity of a channel that errs both ways, and of one that errs one way only: two hundred channels, solved
as one batch.
"""

import numpy as np
from matplotlib import pyplot

import empowerment as emp

errors = np.linspace(0, 1, 101)
both_ways = [[[1 - e, e], [e, 1 - e]] for e in errors]
one_way = [[[1, 0], [e, 1 - e]] for e in errors]

figure, ax = pyplot.subplots(figsize=(6, 4), layout="constrained")
for label, channels in {"errs both ways": both_ways, "errs one way": one_way}.items():
    ax.plot(errors, [result.value for result in emp.channel_capacity(channels)], label=label)
ax.set(xlabel="probability of an error", ylabel="capacity [bits]", title="two noisy switches")
ax.legend()
