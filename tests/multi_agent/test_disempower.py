"""The grid in which help for one person may hem in another: its published worlds and exact figures."""

import numpy as np
import pytest

import empowerment as emp

STILL = {"user": {"stay": 1}, "bystander": {"stay": 1}}


def standing(layout):
    """The grid while both persons stand still."""
    arguments = emp.worlds.disempower_grid(layout)
    arguments["actions"] |= {"user": ["stay"], "bystander": ["stay"]}
    return emp.from_joint_step(**arguments, check=False)


def three_steps(layout, states):
    """The empowerment of both persons in some states, while the assistant idles and the other moves at random."""
    arguments = emp.worlds.disempower_grid(layout)
    arguments["actions"]["assistant"] = ["idle"]
    world = emp.from_joint_step(**arguments | {"initial": states}, depth=3, check=False, max_states=1_000_000)
    return [emp.transfer_empowerment(world, 3, who, who, states=states).value for who in ("user", "bystander")]


def by_paths(states, shape=(5, 4), walls=((0, 0), (1, 0)), goal=(4, 3)):
    """The same, from all pairs of paths of the persons: the rules once more, for many states at once."""
    height, width = shape
    cells = [(row, column) for row in range(height) for column in range(width)]
    number = {cell: i for i, cell in enumerate(cells)}
    moves = ((0, 1), (1, 0), (0, -1), (-1, 0), (0, 0))
    there = np.array(
        [
            [number.get((row + down, column + right), i) for down, right in moves]
            for i, (row, column) in enumerate(cells)
        ]
    )
    values = []
    for first in range(0, len(states), 64):
        part = states[first : first + 64]
        free = np.ones((len(part), len(cells)), dtype=bool)
        for place, state in enumerate(part):
            free[place, [number[cell] for cell in (*walls, *state.boxes, state.assistant)]] = False
        which = np.arange(len(part))[:, None, None, None, None]
        user, other = (
            np.array([number[getattr(s, who)] for s in part])[:, None, None] for who in ("user", "bystander")
        )
        for _ in range(3):
            users, others = user[:, :, None, :, None], other[:, :, None, :, None]
            to_user = there[users, np.arange(5)[None, None, :, None, None]]
            to_other = there[others, np.arange(5)]
            to_user = np.where(free[which, to_user], to_user, users)
            to_other = np.where(free[which, to_other], to_other, others)
            meet = (to_user == to_other) & (to_user != number[goal])
            stay = meet | ((to_user == others) & (to_other == users))
            size = user.shape[1] * 5, user.shape[2] * 5
            user = np.where(stay, users, to_user).reshape(len(part), *size)
            other = np.where(stay, others, to_other).reshape(len(part), *size)
        channels = [np.stack([(user == cell).mean(axis=2) for cell in range(len(cells))], axis=2)]
        channels.append(np.stack([(other == cell).mean(axis=1) for cell in range(len(cells))], axis=2))
        values.append([emp.channel_capacity(rows, tol=1e-6).value for rows in channels])
    return np.concatenate(values, axis=1)


def check_plans(layout, n_states, start, alone, together, ahead=three_steps):
    """Compare the range over all optimal plans of the user's and the bystander's mean empowerment."""
    world = standing(layout)
    assert world.n_states == n_states
    user, bystander = ahead(layout, list(world.states))
    assert (user[0], bystander[0]) == pytest.approx(start, abs=1e-6)
    assistant, measures = world.for_agent("assistant", STILL), {"user": user, "bystander": bystander}
    for values, expected in ((user, alone), (user + bystander, together)):
        plans = emp.optimal_plans(assistant, values, 50, world.states[0], measures=measures, discount=0.99, tol=1e-4)
        for name, wanted in zip(measures, expected, strict=True):
            low, high = wanted if isinstance(wanted, tuple) else (wanted, wanted)
            assert plans[name] == pytest.approx((low, high), abs=6e-4)


def test_who_helps_the_user_alone_takes_everything_from_the_bystander():
    check_plans("push-only", 232, (0, 2), alone=(2.970, 0.040), together=(2.574, 2))
    check_plans("freeze", 36, (0, 2), alone=(1.972, (0.120, 2)), together=(1.972, 2))


@pytest.mark.slow
def test_who_helps_both_in_the_largest_grid_leaves_something_to_both():
    def paths(layout, states):
        return by_paths(states)

    check_plans("push-pull", 16321, (0, 2), alone=(3.192, 0.040), together=(2.844, 2.763), ahead=paths)


def test_the_persons_walk_by_the_rules():
    states = list(standing("push-only").states)
    assert by_paths(states) == pytest.approx(np.array(three_steps("push-only", states)), abs=2e-6)


def test_starts_have_their_published_values():
    for layout, expected in (("push-pull", (0, 2)), ("push-only", (0, 2)), ("move-any", (0, 2.321928))):
        arguments = emp.worlds.disempower_grid(layout)
        found = three_steps(layout, [arguments["initial"]])
        assert [float(each[0]) for each in found] == pytest.approx(expected, abs=1e-6)


def test_the_rules_of_the_grid():
    arguments = emp.worlds.disempower_grid()
    step, start = arguments["step"], arguments["initial"]
    stay = {"user": "stay", "bystander": "stay"}
    assert step(start, stay) == start
    assert step(start, {"user": "right", "bystander": "stay"}) == start  # into the assistant
    assert step(start, stay | {"bystander": "right"}).bystander == (0, 2)
    open_row = start._replace(user=(0, 1), bystander=(0, 2))
    assert step(open_row, {"user": "right", "bystander": "left"}) == open_row  # no swapping
    meet = start._replace(user=(0, 1), bystander=(0, 3))
    assert step(meet, {"user": "right", "bystander": "left"}) == meet  # no meeting
    pushed = step(start, {"assistant": ("push", "right")})
    assert pushed.assistant == (2, 2)
    assert (2, 3) in pushed.boxes
    assert step(start, {"assistant": ("push", "up")}) == start  # the bystander is behind the box
    pulled = step(start, {"assistant": ("pull", "down")})
    assert pulled.assistant == (3, 1)
    assert (2, 1) in pulled.boxes
    assert step(start, {"assistant": ("move", "left")}) == start  # the user is there
    outside = emp.worlds.disempower_grid("freeze")
    frozen = outside["step"](outside["initial"], {"assistant": "freeze"})
    assert frozen.frozen == 3
    assert outside["step"](frozen, {"user": "stay", "bystander": "up"}).bystander == frozen.bystander
    with pytest.raises(ValueError, match="unknown layout 'push'"):
        emp.worlds.disempower_grid("push")
