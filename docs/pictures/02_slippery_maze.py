"""
The maze, slippery
==================

One move in five goes astray. What can be chosen now is less than what can be reached, and each cell is the
capacity of a noisy channel, with an interval that is proved to hold it.
"""

import empowerment as emp

maze = emp.worlds.klyubin_maze(slip=0.2)
result = emp.empowerment(maze, horizon=3)
result.plot()
