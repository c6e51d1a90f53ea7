"""
A helpful assistant
===================

Two share a corridor and cannot pass each other. The colour is what the person can choose; the arrows are the
moves of an assistant who makes room. See :doc:`/how-to/acting`.
"""

import empowerment as emp

corridor = emp.worlds.shared_corridor()
needs = emp.transfer_empowerment(corridor, 2, "person", "person")
helpful = emp.assistant_policy(corridor, "assistant", "uniform", needs, tie="stay")

ax = needs.plot(annotate=False)
emp.plotting.plot_policy(corridor.for_agent("assistant", {"person": {"stay": 1}}), helpful, ax=ax, color="white")
ax.set(xlabel="person's cell", ylabel="assistant's cell", title="2-step empowerment of the person")
