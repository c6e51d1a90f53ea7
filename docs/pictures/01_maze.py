"""
A maze, five steps
==================

The five-step empowerment of every cell. Corners and dead ends have little of it, crossings much; nobody told
the agent about walls or goals. The world is explained in :doc:`/tutorials/first-steps`.
"""

import empowerment as emp

maze = emp.worlds.klyubin_maze()
result = emp.empowerment(maze, horizon=5)
result.plot()
