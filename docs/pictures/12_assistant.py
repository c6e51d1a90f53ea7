"""
A helpful assistant
===================

Two share a corridor and cannot pass each other. The colour is what the person can choose; the arrows are the
moves of an assistant who makes room. See :doc:`/how-to/acting`.
"""

import empowerment as emp

corridor = emp.worlds.shared_corridor()
at_random, still = [1 / 3, 1 / 3, 1 / 3], [0, 0, 1]
needs = emp.empowerment(corridor.under_assistant(at_random), 2, sensor=lambda state: state[0])
helpful = emp.assistant_policy(corridor, at_random, needs, tie="stay")

ax = needs.plot(annotate=False)
emp.plotting.plot_policy(corridor.under_person(still), helpful, ax=ax, color="white")
ax.set(xlabel="person's cell", ylabel="assistant's cell", title="2-step empowerment of the person")
