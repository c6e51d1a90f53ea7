"""
Where climbers go
=================

A greedy policy walks up the map of empowerment and rests where all its neighbours have less: the dots. See
:doc:`/how-to/acting`.
"""

import empowerment as emp

maze = emp.worlds.klyubin_maze()
result = emp.empowerment(maze, horizon=5)
policy = emp.greedy_policy(maze, result)
emp.plotting.plot_policy(maze, policy, ax=result.plot(annotate=False), color="white")
