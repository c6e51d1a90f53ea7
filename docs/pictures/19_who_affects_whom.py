"""
Who affects whom
================

Two guests walk in two rooms, and a porter opens and shuts the door between them. What can each do in three steps to
where the others are, and to the door? That depends on what the others do: on a guest who wanders a door has little
effect, on one who walks towards it a large one. See :doc:`/how-to/worlds-of-ones-own`.
"""

from operator import itemgetter

from matplotlib import pyplot

import empowerment as emp

rooms = {(row, column) for row in range(3) for column in (0, 1, 3, 4)}
doorway = (1, 2)
moves = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1), "stay": (0, 0)}


def step(state, chosen):
    """Walk where no wall, shut door or other guest is; the door stays open while somebody stands in it."""
    *guests, door = state
    cells = rooms | {doorway} if door == "open" else rooms
    after = []
    for (row, column), name in zip(guests, ("Ann", "Ben"), strict=True):
        down, right = moves[chosen[name]]
        ahead = row + down, column + right
        after.append(ahead if ahead in cells else (row, column))
    if after[0] == after[1] or after == guests[::-1]:
        after = guests
    return (*after, "open" if doorway in after else chosen["porter"])


start = (1, 1), (1, 3), "shut"
actions = {"Ann": list(moves), "Ben": list(moves), "porter": ["open", "shut"]}
sensors = {"Ann": itemgetter(0), "Ben": itemgetter(1), "porter": itemgetter(2)}
house = emp.from_joint_step(step, start, actions, sensors=sensors)
wander = dict.fromkeys(actions, "uniform")
visit = wander | {"Ann": {"right": 1}}

figure, axes = pyplot.subplots(1, 2, figsize=(9.4, 3.8), layout="constrained")
for ax, others, title in zip(axes, (wander, visit), ("all wander", "Ann would visit Ben"), strict=True):
    emp.transfer_matrix(house, 3, start, others).plot(ax=ax, title=title, vmin=0, vmax=3)
