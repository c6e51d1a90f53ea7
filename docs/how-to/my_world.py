"""A robot in a warehouse, as a Gymnasium environment, and a map of what it can do."""

import gymnasium

import empowerment as emp
from empowerment.core.layout import GridLayout

FLOOR = ["....#....", ".##.#.##.", ".#.....#.", "....#....", ".#>>>>>#.", "........."]  # > is a belt, # a shelf
MOVES = {"north": (-1, 0), "east": (0, 1), "south": (1, 0), "west": (0, -1), "wait": (0, 0)}


class Warehouse(gymnasium.Env):
    """A robot that walks between shelves; a belt carries it one cell further east."""

    action_space = gymnasium.spaces.Discrete(len(MOVES))
    observation_space = gymnasium.spaces.MultiDiscrete((len(FLOOR), len(FLOOR[0])))

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.cell = (5, 0)
        return self.cell, {}

    def step(self, action):
        self._move(*list(MOVES.values())[action])
        if FLOOR[self.cell[0]][self.cell[1]] == ">":
            self._move(0, 1)
        return self.cell, 0.0, False, False, {}

    def _move(self, down, right):
        row, column = self.cell[0] + down, self.cell[1] + right
        if 0 <= row < len(FLOOR) and 0 <= column < len(FLOOR[0]) and FLOOR[row][column] != "#":
            self.cell = row, column


def cell_of(env):
    """Return the state of the environment."""
    return env.cell


def put(env, cell):
    """Put the environment into a state."""
    env.cell = cell


model = emp.from_step_function(
    Warehouse(),
    get_state=cell_of,
    set_state=put,
    layout=lambda cells: GridLayout((6, 9), tuple(cells), name="warehouse"),
)
result = emp.empowerment(model, horizon=4)
print(result)
result.plot().figure.savefig("my_world.png")
