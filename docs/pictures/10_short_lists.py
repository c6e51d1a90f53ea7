"""
What a short list tells
=======================

A language model often tells only its most probable tokens. The capacity of its channel then lies in an
interval, which closes as the list grows. See :doc:`/how-to/truncated-rows`.
"""

import numpy as np
from matplotlib import pyplot

import empowerment as emp

rows = np.random.default_rng(1).dirichlet(np.full(12, 0.3), size=4)
capacity = emp.channel_capacity(rows).value

lengths = range(1, 13)
bounds = []
for k in lengths:
    smallest = np.sort(rows, axis=1)[:, -k]
    listed = np.where(rows >= smallest[:, None], rows, 0)
    bounds.append(emp.capacity_bounds(listed, residual_in="unlisted", caps=smallest))

figure, ax = pyplot.subplots(figsize=(6, 4), layout="constrained")
ax.fill_between(lengths, [b.lower for b in bounds], [b.upper for b in bounds], alpha=0.4, label="what is known")
ax.axhline(capacity, color="black", linestyle="--", label="the whole channel")
ax.set(xlabel="listed tokens", ylabel="capacity [bits]", title="what a short list tells")
ax.legend()
