"""
Skills of a doorway
===================

An agent beside a doorway chooses among whole policies. The most probable of those that tell most of where it will be:
arrows for their actions, colours for the share of time in each cell.
"""

import empowerment as emp

rooms = emp.worlds.two_rooms()
result = emp.skill_empowerment(rooms, discount=0.95, states=(4, 3))
emp.plotting.plot_skills(rooms, result, (4, 3))
