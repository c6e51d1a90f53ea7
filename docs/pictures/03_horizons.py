"""
From one action to forty
========================

A short horizon sees no further than the next corner; at a long one everything is in reach from everywhere. In
between the world shows. :doc:`/how-to-choose` says which horizon to ask for.
"""

import empowerment as emp

maze = emp.worlds.klyubin_maze()
sweep = emp.horizon_sweep(maze, [1, 2, 3, 5, 8, 12, 20, 40])
sweep.plot()
