"""
What a listener can do about a tiger
====================================

A POMDP: behind one of two doors there is a tiger, and the agent can listen, or open a door. Empowerment depends
on what the agent believes, and on what is read at the end. See :doc:`/tutorials/a-tiger`.
"""

import empowerment as emp

tiger = emp.worlds.tiger()
beliefs = emp.belief_grid(2, 100)
questions = {
    "where the tiger is": {"sensor": "state"},
    "what is heard last": {"sensor": "observation"},
    "all that is heard": {"sensor": "observation", "output": "trajectory"},
}
ax = None
for question, options in questions.items():
    result = emp.empowerment(tiger, 3, beliefs=beliefs, **options)
    ax = emp.plotting.plot_beliefs(result, labels=tiger.states, ax=ax, label=question)
ax.set_title("empowerment of three actions")
ax.legend()
