"""PettingZoo environments as one of their agents meets them, where the others act by policies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from empowerment.adapters.agent_view import ParallelView, TurnBasedView, View
from empowerment.adapters.environment import name_of, refuse_mistaken, warn
from empowerment.adapters.exploration import Search, World, explored_model
from empowerment.adapters.projection import check_again
from empowerment.core import validate
from empowerment.models.mdp import MDP
from empowerment.runtime.progress import progress_bar


def from_pettingzoo(
    env: Any,
    agent: Any,
    *,
    others: Any = "uniform",
    actions: Any = None,
    max_states: int = 100_000,
    check: bool = True,
    progress: bool | str = "auto",
    layout: Any = None,
    seed: int = 0,
    get_state: Callable[[Any], Any] | None = None,
) -> MDP:
    """Make an MDP of what one agent of a PettingZoo environment can do, while the others act by policies.

    Parameters
    ----------
    env : pettingzoo.AECEnv or pettingzoo.ParallelEnv
        A turn-based environment, whose states are those in which it is the agent's turn, or a parallel one.
    agent : hashable
        Name of the agent, one of ``env.possible_agents``.
    others : "uniform", callable or mapping
        How the others act. By default all actions that are legal are equally probable. A function ``others(name,
        observation)`` returns the probabilities of the actions, in their order or as a dict ``{action:
        probability}``. A mapping from names holds for each of the others such a function, its probabilities, or
        ``"uniform"``.
    actions : sequence of actions, or mapping from action to label, optional
        The actions of the agent; all by default. A mapping gives them labels.
    max_states : int
        Limit on the number of states, beyond which there is an error.
    check : bool
        Take every transition twice, as in :func:`from_step_function`.
    progress : bool or "auto"
        Show a progress bar. ``"auto"`` shows it on a terminal, once a second has passed.
    layout : object, optional
        Positions of the states for pictures; a function takes the tuple of states and returns the layout.
    seed : int
        Seed of the reset.
    get_state : callable, optional
        ``get_state(env)`` returns the label of the state of the environment without wrappers, and may leave out what
        the future does not depend on. By default states are numbers.

    Returns
    -------
    MDP
        States in the order of their discovery. A state in which the agent is terminated or truncated is terminal.
        `initial` holds how probable each state is at the agent's first turn.

    Raises
    ------
    TypeError
        If `env` is no environment of PettingZoo, or `others` is no policy.
    ValueError
        If there is no such agent, probabilities do not sum to 1 or go to an action that is not legal, the environment
        draws random numbers in a step, its state cannot be read, or there are more than `max_states` states.

    Warns
    -----
    UserWarning
        Of wrappers that are not PettingZoo's own, which are not read, and of an environment that was made parallel,
        which is read as the turn-based one that it was.

    See Also
    --------
    from_step_function : Explore an environment of a single agent.
    from_joint_step : Explore a step function of several agents, into a model of all of them.

    Notes
    -----
    The state is the content of all attributes of the environment but for random generators, spaces, what is drawn on
    and, in a turn-based one, rewards. All that the others may do is taken, so that the probabilities are exact. A
    legal action is one that the ``"action_mask"`` of the observation or of the infos does not rule out; what is not
    legal is missing in the state. A parallel environment that cuts its episodes by a counter has a state for each
    count; `get_state` may leave it out if it is far off.

    Examples
    --------
    Two agents turn one dial, and the second one does so at random:

    >>> import gymnasium
    >>> import empowerment as emp
    >>> class Dial:
    ...     possible_agents = ["you", "other"]
    ...     def action_space(self, agent):
    ...         return gymnasium.spaces.Discrete(2)
    ...     def reset(self, seed=None, options=None):
    ...         self.agents, self.value = list(self.possible_agents), 0
    ...         return dict.fromkeys(self.agents), dict.fromkeys(self.agents, {})
    ...     def step(self, actions):
    ...         self.value = (self.value + sum(actions.values())) % 3
    ...         nothing = dict.fromkeys(self.agents, False)
    ...         return dict.fromkeys(self.agents), nothing, nothing, nothing, dict.fromkeys(self.agents, {})
    >>> dial = emp.from_pettingzoo(Dial(), "you", get_state=lambda env: env.value)
    >>> dial.to_dense()[0].tolist()
    [[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]
    >>> round(float(emp.empowerment(dial, 1, states=0)), 6)
    0.5
    """
    max_states, check = validate.limit(max_states, "max_states"), validate.flag(check, "check")
    validate.function(get_state, "get_state", "the environment")
    core = _unwrapped(env)
    view = _kind_of(core)(core, agent, others, get_state, validate.seed(seed))
    labels = view.named(actions)
    world = World(view.answer, labels, keep_ends=True)
    search = Search(world, max_states)
    with progress_bar(None, "exploring", "state", progress) as advance:
        search.explore(view.starts, advance)
    if check:
        check_again(search, view.memory, progress)
    return explored_model(search, view.starts, layout)


def _unwrapped(env: Any) -> Any:
    """Return an environment without its wrappers, and warn of those that change the model."""
    refuse_mistaken(env, "env")
    core = getattr(env, "unwrapped", env)
    if not all(hasattr(core, name) for name in ("possible_agents", "reset", "step")):
        raise TypeError(
            f"env is {validate.shown(env)}, expected an environment of PettingZoo, turn-based or parallel; "
            "from_step_function explores one of Gymnasium"
        )
    lost = []
    while env is not core and env is not None:
        if not type(env).__module__.startswith("pettingzoo.utils."):
            lost.append(type(env).__name__)
        elif hasattr(env, "aec_env") and hasattr(core, "agent_iter"):
            warn(f"from_pettingzoo reads {name_of(core)} as the turn-based environment that was made parallel")
        env = next((vars(env)[name] for name in ("env", "aec_env") if name in vars(env)), None)
    if lost:
        warn(
            f"from_pettingzoo reads {name_of(core)} without {', '.join(lost)} around it: what such wrappers change "
            "is not in the model"
        )
    return core


def _kind_of(core: Any) -> type[View]:
    return TurnBasedView if any(hasattr(core, name) for name in ("agent_selection", "agent_iter")) else ParallelView
