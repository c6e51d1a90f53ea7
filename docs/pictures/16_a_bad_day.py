"""
A bad day
=========

A courier crashes. The emotion moves its desire, and the desire what it does in the days after. See
:doc:`/tutorials/a-bad-day`.
"""

from empowerment.desire import DesireAgent, Riders, simulate_agents

month = simulate_agents(Riders(), DesireAgent(), seeds=[2])
month.plot(agent=2, steps=(114, 162), day=12)
