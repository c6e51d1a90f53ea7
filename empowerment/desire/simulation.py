"""Simulation of agents step by step, for many seeds at once."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from empowerment.core import validate
from empowerment.desire.agent import Actor, Agent
from empowerment.desire.desires import checked_will
from empowerment.desire.mind import Mind, feel
from empowerment.desire.parameters import DesireParameters
from empowerment.desire.trace import DesireTrace
from empowerment.desire.world import DesireWorld, Outcome, check_world
from empowerment.models.mdp import MDP
from empowerment.runtime.progress import progress_bar

DAYS, SLOTS = 30, 12
_MOST_SEEDS = 100_000
# Of an agent in a step besides what is counted: mood, emotion, reference, rank, action, and what the world records.
_OTHER_NUMBERS = 20


class Chain(NamedTuple):
    """States, emotions and actions of consecutive steps, stacked along the first axis: (step, run, agent, ...).

    Attributes
    ----------
    positions : named tuple of ndarray
        Positions of agents before each step, and after the last: one step more than the others.
    minds : Mind
        The same for emotions and desires.
    actions : ndarray of int
        Numbers of the actions.
    outcomes : Outcome
        Outcomes of the steps.
    """

    positions: Any
    minds: Mind
    actions: np.ndarray
    outcomes: Outcome


def simulate_agents(
    world: DesireWorld,
    agent: Agent,
    n_steps: int = DAYS * SLOTS,
    *,
    seeds: Sequence[int] = (0,),
    parameters: DesireParameters | None = None,
    messages: Any = None,
    memory: float = 4e9,
    progress: bool | str = "auto",
) -> DesireTrace:
    """Simulate agents of one kind in a world, in several runs.

    Parameters
    ----------
    world : DesireWorld
        A world such as :class:`Riders`, or :class:`FeatureWorld` for any MDP.
    agent : Agent
        All agents of the world are of this kind.
    n_steps : int
        Number of steps; 360 slots are a month of riders.
    seeds : sequence of int
        One run for each. A seed gives the same random numbers to every kind of agent, so that differences between
        kinds are paired, and a run does not depend on the others.
    parameters : DesireParameters, optional
        By default :meth:`DesireParameters.shock`. Emotions are recorded for agents without desires, too.
    messages : array_like of shape (n_desires,), or (n_runs, n_steps, n_agents, n_desires), optional
        Added to the deficits at events: what messages say is lacking. In other steps messages have no effect.
    memory : float
        Limit in bytes on random numbers and trace. Averages over many seeds need less if they are computed in parts.
    progress : bool or "auto"
        Show a progress bar. ``"auto"`` shows it on a terminal, once a second has passed.

    Returns
    -------
    DesireTrace
        All states, actions, emotions and desires.

    Raises
    ------
    TypeError
        If the world, the agent, or the agent's choice has the wrong type.
    ValueError
        If the parameters appraise another number of changes than the world has, the agent's will is no distribution
        or has another length, a seed occurs twice, or a missing action is chosen.
    MemoryError
        If more than `memory` is needed.

    See Also
    --------
    compare_agents : Compare kinds of agents over many seeds.
    shock_effects : Measure behaviour after shocks.
    desire_influence : Measure the influence of messages.

    Notes
    -----
    Random numbers are ``numpy.random.default_rng(seed).random((1 + n_steps, n_agents, 1 + world.n_draws))``: for each
    agent, those of the initial state, then for each step one for the choice and those of the world. A longer run
    begins with the shorter one.

    Examples
    --------
    >>> from empowerment.desire import DesireAgent, Riders, simulate_agents
    >>> trace = simulate_agents(Riders(), DesireAgent(), 12, seeds=[0])
    >>> trace
    DesireTrace(1 run of 12 steps, 6 agents 'desire', 0 events)
    >>> trace.records["pay"][0].sum(axis=0).astype(int)
    array([40, 64, 76, 76, 88, 64])
    """
    parameters = DesireParameters.shock() if parameters is None else parameters
    n_steps = validate.positive_int(n_steps, "n_steps", most=validate.LONGEST)
    seeds = checked_seeds(seeds)
    will = check_fit(world, agent, parameters)
    _refuse_too_much(world, n_steps, len(seeds), validate.memory(memory))
    uniforms = random_numbers(world, n_steps, seeds)
    checked_messages = _checked_messages(messages, (len(seeds), n_steps, world.n_agents, len(world.desires)))
    position = world.begin(uniforms[0])
    mind = Mind.at_rest(will, (len(seeds), world.n_agents))
    chain = follow(
        world,
        agent,
        position,
        mind,
        uniforms[1:],
        parameters=parameters,
        will=will,
        messages=checked_messages,
        progress=progress,
    )
    return _trace(world, agent, parameters, seeds, chain)


def follow_from_start(
    world: DesireWorld, agent: Agent, uniforms: np.ndarray, *, parameters: DesireParameters
) -> Chain:
    """Simulate agents from minds at rest, with initial states from the first random numbers."""
    will = check_fit(world, agent, parameters)
    mind = Mind.at_rest(will, uniforms.shape[1:-1])
    return follow(world, agent, world.begin(uniforms[0]), mind, uniforms[1:], parameters=parameters, will=will)


def random_numbers(world: DesireWorld, n_steps: int, seeds: Sequence[int]) -> np.ndarray:
    """Return the random numbers of runs, of shape (1 + n_steps, n_runs, n_agents, 1 + n_draws)."""
    shape = (1 + n_steps, world.n_agents, 1 + world.n_draws)
    return np.stack([np.random.default_rng(seed).random(shape) for seed in seeds], axis=1)


def check_fit(world: DesireWorld, agent: Agent, parameters: DesireParameters) -> np.ndarray:
    """Return the will of an agent, after checking that world, agent and parameters fit each other."""
    check_world(world)
    parameters = validate.instance(parameters, DesireParameters, "parameters")
    validate.offers(agent, ("name", "will", "moved", "begin"), "agent", "an agent, such as DesireAgent()")
    if parameters.n_changes != len(world.appraised):
        raise ValueError(
            f"appraisal has {parameters.n_changes} changes, expected {len(world.appraised)}: the world appraises "
            f"{', '.join(world.appraised)}"
        )
    n_desires = len(world.desires)
    if agent.will is None:
        return np.full(n_desires, 1 / n_desires)
    return checked_will(agent.will, n_desires, parameters.least_desire if agent.moved else 0.0)


def follow(
    world: DesireWorld,
    agent: Agent,
    position: Any,
    mind: Mind,
    uniforms: np.ndarray,
    *,
    parameters: DesireParameters,
    will: np.ndarray,
    messages: np.ndarray | None = None,
    frozen: np.ndarray | None = None,
    progress: bool | str = "auto",
) -> Chain:
    """Simulate agents from given positions, one step for each entry along the first axis of the random numbers."""
    actor: Actor = agent.begin(world, parameters)
    if not agent.moved:
        frozen = np.ones(mind.event.shape, dtype=bool)
    positions, minds = [position], [mind]
    actions, outcomes = list[np.ndarray](), list[Outcome]()
    with progress_bar(len(uniforms), "simulating", "step", progress) as advance:
        for step, uniform in enumerate(uniforms):
            chosen = actor.choose(position.state, mind.desire, uniform[..., 0])
            _check_actions(world.model, position.state, chosen)
            position, outcome = world.step(position, chosen, uniform[..., 1:])
            mind = feel(
                mind,
                outcome.changes,
                outcome.rank,
                outcome.levels,
                wanted=world.wanted,
                will=will,
                parameters=parameters,
                message=None if messages is None else messages[step],
                frozen=frozen,
            )
            actor.observe(outcome)
            positions.append(position)
            minds.append(mind)
            actions.append(chosen)
            outcomes.append(outcome)
            advance(1)
    return Chain(_stacked(positions), _stacked(minds), _piled(actions), _stacked_outcomes(outcomes))


def _stacked(parts: list[Any]) -> Any:
    return type(parts[0])(*(_piled(arrays) for arrays in zip(*parts, strict=True)))


def _stacked_outcomes(outcomes: list[Outcome]) -> Outcome:
    names = outcomes[0].records
    records = {name: _piled([each.records[name] for each in outcomes]) for name in names}
    arrays = {
        name: _piled([getattr(each, name) for each in outcomes]) for name in Outcome._fields if name != "records"
    }
    return Outcome(**arrays, records=records)


def _piled(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Stack arrays of one shape along a new first axis; faster than `numpy.stack` for many small ones."""
    return np.concatenate(arrays).reshape(len(arrays), *arrays[0].shape)


def _trace(
    world: DesireWorld, agent: Agent, parameters: DesireParameters, seeds: tuple[int, ...], chain: Chain
) -> DesireTrace:
    """Convert a chain into a result, the runs along the first axis."""

    def by_run(array: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(array.swapaxes(0, 1))

    outcomes, minds = chain.outcomes, chain.minds
    return DesireTrace(
        agent=agent.name,
        seeds=seeds,
        desires=tuple(world.desires),
        appraised=tuple(world.appraised),
        states=tuple(world.model.states),
        actions=tuple(world.model.actions),
        parameters=parameters,
        moved=agent.moved,
        state_numbers=by_run(chain.positions.state),
        action_numbers=by_run(chain.actions),
        levels=by_run(outcomes.levels),
        changes=by_run(outcomes.changes),
        rank=by_run(outcomes.rank),
        features=by_run(outcomes.features),
        emotion=by_run(minds.emotion),
        desire=by_run(minds.desire),
        event=by_run(minds.event[1:]),
        records={name: by_run(array) for name, array in outcomes.records.items()},
    )


def _check_actions(model: MDP, states: np.ndarray, actions: np.ndarray) -> None:
    """Refuse anything but one available action for each agent."""
    if not isinstance(actions, np.ndarray) or actions.dtype.kind not in "iu" or actions.shape != states.shape:
        what = (
            f"an array of shape {actions.shape} and dtype {actions.dtype}"
            if isinstance(actions, np.ndarray)
            else (validate.shown(actions))
        )
        raise TypeError(f"choose() returns {what}, expected numbers of actions, of shape {states.shape}")
    if actions.min() < 0 or actions.max() >= model.n_actions:
        raise ValueError(
            f"choose() returns actions from {actions.min()} to {actions.max()}, expected 0 to {model.n_actions - 1}"
        )
    there = model.available[states, actions]
    if not there.all():
        state, action = states[~there][0], actions[~there][0]
        raise ValueError(
            f"choose() returns the action {model.actions[action]!r} in the state {model.states[state]!r}, which does "
            "not have it"
        )


def _refuse_too_much(world: DesireWorld, n_steps: int, n_runs: int, memory: float) -> None:
    # Steps are kept in the order in which they happen, and once more run by run.
    each = 1 + world.n_draws + 2 * (3 * len(world.desires) + len(world.appraised) + _OTHER_NUMBERS)
    needed = 8.0 * each * n_runs * (1 + n_steps) * world.n_agents
    if needed > memory:
        raise MemoryError(
            f"{n_runs} runs of {n_steps} steps take about {needed / 1e9:.3g} GB, allowed are {memory / 1e9:.3g} GB: "
            "pass fewer seeds at a time or fewer steps (n_steps), or raise memory="
        )


def checked_seeds(seeds: Any) -> tuple[int, ...]:
    """Return the checked seeds of the runs."""
    if isinstance(seeds, str | bytes | Mapping) or not validate.is_several(seeds):
        raise TypeError(f"seeds is {validate.shown(seeds)}, expected a list of seeds, such as range(100)")
    found: dict[int, None] = {}
    for place, seed in enumerate(itertools.islice(seeds, _MOST_SEEDS + 1)):
        number = validate.seed(seed, f"seeds[{place}]")
        if number in found:
            raise ValueError(f"seeds has {number} twice, expected seeds that differ: equal ones give equal runs")
        found[number] = None
    if not found:
        raise ValueError("seeds is empty, expected at least one")
    if len(found) > _MOST_SEEDS:
        raise ValueError(f"seeds has more than {_MOST_SEEDS:,} entries, expected fewer; run them in parts")
    return tuple(found)


def _checked_messages(messages: Any, shape: tuple[int, ...]) -> np.ndarray | None:
    """Return messages with the step as their first axis."""
    if messages is None:
        return None
    found = validate.number_array(messages, "messages", None, "(desire,) or (run, step, agent, desire)")
    if found.shape not in (shape[-1:], shape):
        raise ValueError(
            f"messages has shape {found.shape}, expected (n_desires,) = {shape[-1:]} or "
            f"(n_runs, n_steps, n_agents, n_desires) = {shape}"
        )
    if not np.isfinite(found).all():
        raise ValueError("messages has entries that are not finite, expected finite numbers")
    return np.broadcast_to(found, shape).swapaxes(0, 1)
