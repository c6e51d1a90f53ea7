"""The grid in which help for one person may hem in another: its published worlds and exact figures."""

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


def check_plans(layout, n_states, start, alone, together):
    """Compare the range over all optimal plans of the user's and the bystander's mean empowerment."""
    world = standing(layout)
    assert world.n_states == n_states
    user, bystander = three_steps(layout, list(world.states))
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
    check_plans("push-pull", 16321, (0, 2), alone=(3.192, 0.040), together=(2.844, 2.763))


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
