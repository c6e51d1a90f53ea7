"""Messages, desires, choices: against runs in which they are sent, closed forms, and what must hold in any case."""

import dataclasses
import math
import re
from typing import NamedTuple

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp
from empowerment.control.value_iteration import optimal_action_values
from empowerment.desire import (
    RIDER_MESSAGES,
    RIDER_WILLS,
    DesireAgent,
    DesireInfluence,
    DesireParameters,
    Outcome,
    Riders,
    desire_influence,
    far_order,
    simulate_agents,
)
from empowerment.desire.influence import experiment, result
from empowerment.text import influence_audit

SEEDS, STEPS, FEW = range(2), 120, 5
NAMES = ("silence", "earn", "take care", "be seen")


@pytest.fixture(scope="module")
def found(riders):
    return desire_influence(riders, seeds=SEEDS, n_steps=STEPS)


@pytest.fixture(scope="module")
def three_months(riders):
    return desire_influence(riders, seeds=range(3))


def policy_row(riders, desire, state):
    """Chances in a state from a problem solved for it alone, in plain NumPy."""
    counts = np.floor(desire * 20 + 1e-9)
    for place in sorted(range(3), key=lambda i: -(desire[i] * 20 - counts[i]))[: round(20 - counts.sum())]:
        counts[place] += 1
    values = optimal_action_values(
        riders.model, riders.features @ (counts / 20), discount=0.97, order=riders.order, backend="reference"
    )[state]
    weights = [0.0 if value == -math.inf else math.exp((value - values.max()) / 0.05) for value in values]
    return np.array(weights) / sum(weights)


def test_the_chances_are_those_of_runs_in_which_the_message_is_sent(riders, found):
    """Send one message at one step of a run with `simulate_agents`, and look at the desire that it leaves."""
    table = {name: np.zeros((3, 3)) for name in NAMES}
    known = {}

    def row(desire, state):
        key = (tuple(desire.round(12)), state)
        if key not in known:
            known[key] = policy_row(riders, desire, state)
        return known[key]

    counts = np.zeros(3)
    for number, will in enumerate(RIDER_WILLS.values()):
        agent = DesireAgent(will, resolution=20)
        silent = simulate_agents(riders, agent, STEPS, seeds=SEEDS)
        for run, step, who in np.argwhere(silent.event)[:FEW]:
            health, slot, _ = silent.states[silent.state_numbers[run, step + 1, who]]
            state = riders.model.state_index((health, slot, "far"))
            for name in NAMES:
                sent = np.zeros((1, step + 1, 6, 3))
                sent[0, step, who] = RIDER_MESSAGES[name]
                told = simulate_agents(riders, agent, step + 1, seeds=[SEEDS[run]], messages=sent)
                assert told.event[0, step, who]
                table[name][number] += row(told.desire[0, -1, who], state)
        counts[number] = FEW
    expected = np.array([table[name] for name in NAMES]) / counts[:, None]
    first = first_events(riders, FEW)
    np.testing.assert_allclose(first, expected, atol=1e-9)
    # The same contexts, all of them, are what the experiment averages.
    assert found["timed"].counts.tolist() == [
        int(simulate_agents(riders, DesireAgent(will, resolution=20), STEPS, seeds=SEEDS).event.sum())
        for will in RIDER_WILLS.values()
    ]


def first_events(riders, count):
    """Mean chances of the experiment over the first events alone."""
    question = experiment.Question(
        riders,
        DesireParameters.shock(),
        np.array([RIDER_MESSAGES[name] for name in NAMES]),
        0.0,
        experiment.Asked(riders, far_order),
        STEPS,
        2.0,
        1e-9,
    )
    tables = []
    for will in RIDER_WILLS.values():
        event, chances = contexts_of(question, DesireAgent(will, resolution=20))
        places = tuple(np.argwhere(event.swapaxes(0, 1))[:count].T)
        tables.append(chances.swapaxes(1, 2)[:, *places].mean(axis=1))
    return np.stack(tables, axis=1)


def contexts_of(question, agent):
    from empowerment.desire.influence import interventions as made

    will, uniforms = np.array(agent.will), made.random_numbers(question.world, question.n_steps, SEEDS)
    mind = made.Mind.at_rest(will, (len(SEEDS), 6))
    begun = question.world.begin(uniforms[0])
    chain = made.follow(question.world, agent, begun, mind, uniforms[1:], parameters=question.parameters, will=will)
    plans = agent.plans(question.world, question.parameters)
    return chain.minds.event[1:], made._responses(question, plans, will, chain)


def test_where_nothing_happens_nothing_is_heard(found):
    calm = found["calm"]
    assert (calm.responses == calm.responses[:1]).all()  # to the last digit
    assert float(calm.audit.targeted) < 1e-14
    assert (calm.apart.value, calm.apart.lower, calm.apart.upper) == (0, 0, 0)
    assert calm.audit.least_left.value == pytest.approx(calm.audit.silent.value, abs=1e-12)
    assert float(calm.audit.silent) > 0.001
    never = desire_influence(Riders(2), seeds=[0], n_steps=60, parameters=DesireParameters.shock(threshold=math.inf))
    assert tuple(never) == ("calm", "untimed")
    assert float(never.event_known) < 1e-14 > float(never["untimed"].audit.targeted)


def test_averages_hide_influence_and_both_are_told(three_months):
    timed, untimed = three_months["timed"], three_months["untimed"]
    for context in three_months:
        each = three_months[context]
        assert each.apart.upper >= each.audit.targeted.lower
        assert each.audit.targeted.upper >= each.audit.untargeted.lower
        np.testing.assert_allclose(each.responses.sum(axis=-1), 1, atol=1e-12)
    by_hand = np.mean(timed.share * timed.audit.targeted_by_will.value)
    assert float(three_months.event_known) == pytest.approx(by_hand, abs=1e-12)
    assert float(untimed.audit.targeted) < 0.2 * float(three_months.event_known) < 0.2 * float(untimed.apart)
    # Steps are either; and the mean over all is made of both.
    calm = three_months["calm"]
    np.testing.assert_array_equal(timed.counts + calm.counts, untimed.counts)
    np.testing.assert_allclose(untimed.share, 1)
    mixed = timed.share[:, None] * timed.responses + calm.share[:, None] * calm.responses
    np.testing.assert_allclose(untimed.responses, mixed, atol=1e-12)
    # Every event has one of the names.
    named = sum(three_months.counts[three_months.contexts.index(name)].sum() for name in three_months.contexts[3:])
    assert named <= timed.counts.sum() <= named + 20


def test_the_figures_of_three_seeds_are_near_those_of_sixty(three_months):
    """The full figures, with those of a prototype beside them, are printed by `benchmarks.desire_influence`."""
    timed, fear, untimed = (three_months[name].audit for name in ("timed", "fear", "untimed"))
    assert float(timed.targeted) == pytest.approx(0.4552, abs=0.05)
    assert float(fear.targeted) == pytest.approx(0.4996, abs=0.09)
    assert float(untimed.targeted) == pytest.approx(0.0016, abs=0.0008)
    assert float(three_months.event_known) == pytest.approx(0.0208, abs=0.004)
    low, high = three_months["timed"].intervals["targeted"]
    assert low <= float(timed.targeted) <= high < low + 0.2


def test_strength_and_receptivity(riders, found):
    options = {"seeds": SEEDS, "n_steps": STEPS, "wills": {"wealth": RIDER_WILLS["wealth"]}}
    mute = desire_influence(riders, strength=0, **options)
    assert float(mute["timed"].audit.targeted) < 1e-14
    timed = [float(desire_influence(riders, strength=each, **options)["timed"].audit.targeted) for each in (0.5, 2)]
    assert timed[0] < float(found["timed"].audit.targeted_by_will[0]) < timed[1]
    heard = [desire_influence(riders, receptivity=each, **options) for each in (0.1, 1.0)]
    for each in heard:  # events are what they were
        np.testing.assert_array_equal(each["timed"].responses, found["timed"].responses[:, :1])
    calm = [float(each["calm"].audit.targeted) for each in heard]
    assert 0.001 < calm[0] < 0.1 * calm[1]
    assert "by construction" not in repr(heard[0])


def test_what_a_receptive_agent_hears_in_a_calm_step(riders):
    """With receptivity 1 the odds of a desire rise by e to the gain, and nothing else changes."""
    before = np.array([0.5, 0.3, 0.2])
    odds = before * np.exp([2.0, 0, 0])
    agent = DesireAgent(before)
    found = desire_influence(
        riders,
        wills={"one": before},
        messages={"silence": (0, 0, 0), "earn": (1, 0, 0)},
        receptivity=1.0,
        seeds=[0],
        n_steps=1,  # the first step is no event
        options={"resolution": None},
    )
    assert tuple(found) == ("calm", "untimed")
    trace = simulate_agents(riders, agent, 1, seeds=[0])
    asked = [riders.model.state_index(far_order(trace.states[s])) for s in trace.state_numbers[0, 1]]
    plans = agent.plans(riders, DesireParameters.shock())
    policies = plans.policies(np.stack([before, odds / odds.sum()]))
    expected = policies[:, asked].mean(axis=1)
    np.testing.assert_allclose(found["calm"].responses[:, 0], expected, atol=1e-9)


def test_what_is_looked_at_side_by_side_does_not_matter(riders, found, monkeypatch):
    monkeypatch.setattr(experiment, "_MOST_CONTEXTS", 1)
    alone = desire_influence(riders, seeds=SEEDS, n_steps=STEPS)
    for name in ("chances", "apart"):
        np.testing.assert_allclose(getattr(alone, name), getattr(found, name), atol=1e-12)
    np.testing.assert_array_equal(alone.counts, found.counts)


def test_rounded_desires_are_near_exact_ones(riders):
    options = {"seeds": [0], "n_steps": 60}
    exact = desire_influence(riders, options={"resolution": None}, **options)["timed"]
    fine = desire_influence(riders, options={"resolution": 500}, **options)["timed"]
    assert np.abs(exact.responses - fine.responses).max() < 0.03
    assert 0.1 < float(exact.audit.targeted) < 1


def test_intervals_are_quantiles_of_audits_of_resampled_seeds(three_months, monkeypatch):
    monkeypatch.setattr(result, "N_DRAWS", 7)
    fresh = dataclasses.replace(three_months)
    number = fresh.contexts.index("timed")
    audits, apart = [], []
    times = result._resamples(fresh.counts[number])
    for weights in times:
        counts = np.tensordot(weights, fresh.counts[number], 1)
        sums = np.tensordot(weights, fresh.chances[number], 1)
        audits.append(influence_audit(sums / counts[:, None], silence=0, normalize=True))
        apart.append((np.tensordot(weights, fresh.apart[number, :, 0], 1) / counts).mean())
    for measure in ("targeted", "untargeted", "silent", "least_left", "mean_left"):
        expected = np.quantile([getattr(each, measure).value for each in audits], [0.025, 0.975])
        np.testing.assert_allclose(fresh["timed"].intervals[measure], expected, atol=1e-8)
    np.testing.assert_allclose(fresh["timed"].intervals["apart"], np.quantile(apart, [0.025, 0.975]), atol=1e-12)


def test_no_resample_is_without_a_context():
    counts = np.array([[1, 0], [0, 2], [0, 0], [5, 1]])
    times = result._resamples(counts)
    assert times.shape == (result.N_DRAWS, 4)
    assert (times.sum(axis=1) == 4).all()
    assert (times @ counts > 0).all()


def test_results_are_kept_and_shown(found, tmp_path):
    path = tmp_path / "influence.npz"
    found.save(path)
    again = DesireInfluence.load(path)
    for field in dataclasses.fields(found):
        old, new = getattr(found, field.name), getattr(again, field.name)
        assert np.array_equal(old, new), field.name
    assert again["timed"].intervals == found["timed"].intervals
    damaged = path.read_bytes()
    path.write_bytes(damaged[: len(damaged) // 2])
    with pytest.raises(ValueError, match="is not a saved DesireInfluence, or is damaged"):
        DesireInfluence.load(path)
    assert len(found) == len(list(found)) == len(found.to_dataframe())
    assert "timed" in found
    assert "boredom" not in found
    with pytest.raises(ValueError, match="unknown context 'boredom'"):
        found["boredom"]
    frame = found.to_dataframe().set_index("context")
    assert frame.loc["timed", "targeted"] == float(found["timed"].audit.targeted)
    assert frame.loc["timed", "apart_from"] == found["timed"].intervals["apart"][0]
    responses = found.responses_dataframe()
    row = responses[(responses.context == "timed") & (responses.will == "health") & (responses.message == "earn")]
    assert row["rest"].item() == found["timed"].responses[1, 1, 2]
    text, page = repr(found), found._repr_html_()
    for part in (
        "2 runs of 120 steps",
        "and is no finding",
        f"{found.event_known.value:.4f}",
    ):
        assert part in text
        assert part in page
    assert re.search(r"timed +\d+ +0\.\d{4}", text)
    assert "ContextInfluence('timed'" in repr(found["timed"])


def test_one_seed_has_no_interval(riders):
    alone = desire_influence(riders, seeds=[4], n_steps=60, messages={"earn": (1, 0, 0), "be seen": (0, 0, 1)})
    assert alone.silence is None
    each = alone["untimed"]
    assert each.intervals is None
    assert each.amount("silent") is None
    assert alone.to_dataframe()["targeted_from"].isna().all()
    assert repr(alone)


class Place(NamedTuple):
    state: np.ndarray


class Shop:
    """One agent who works or sleeps; a world of the protocol that is not about riders."""

    desires, appraised, n_agents, n_draws = ("money", "sleep"), ("energy",), 1, 0
    wanted = np.array([1.0, 1.0])
    order = np.arange(2)

    def __init__(self):
        moves = np.zeros((2, 2, 2))
        moves[:, 0, 0] = moves[:, 1, 1] = 1  # working tires, sleeping wakes
        self.model = emp.MDP(moves, states=["tired", "awake"], actions=["work", "sleep"])
        self.features = np.broadcast_to(np.eye(2), (2, 2, 2)).copy()

    def begin(self, uniforms):
        return Place(np.ones(uniforms.shape[:-1], dtype=int))

    def step(self, position, actions, uniforms):
        after = actions
        levels = np.stack([1.0 - after, after], axis=-1)
        changes = (after - position.state)[..., None] * 2.0
        return Place(after), Outcome(levels, changes, np.full(after.shape, 0.5), levels, {})


def test_other_worlds():
    parameters = DesireParameters(
        appraisal=((1.0,), (0.0,), (0.0,)), change_scale=(2.0,), threshold=0.9, temperature=1.0
    )
    options = {
        "wills": {"miser": (0.8, 0.2), "sleeper": (0.2, 0.8)},
        "messages": {"silence": (0, 0), "work!": (1, 0)},
        "parameters": parameters,
        "seeds": range(5),
        "n_steps": 40,
        "options": {"resolution": None},
    }
    shop = desire_influence(Shop(), asked=lambda state: state, **options)
    assert shop.choices == ("work", "sleep")
    assert float(shop["timed"].audit.targeted) > 0.005
    silent, told = shop["timed"].responses
    assert silent[0, 0] > silent[1, 0]  # misers work more,
    assert (told[:, 0] > silent[:, 0]).all()  # and who is told to works more
    with pytest.raises(ValueError, match=r"expected \(health, slot, offer\): far_order is about riders"):
        desire_influence(Shop(), **options)


@for_each(
    ("arguments", "error", "words"),
    [
        ({"wills": {}}, TypeError, "expected a mapping from names to desires"),
        ({"wills": {"a": (1, 1, 1)}}, ValueError, "wills['a']"),
        ({"wills": {"a": (0.99, 0.01, 0)}}, ValueError, "least_desire"),
        ({"messages": [1]}, TypeError, "expected a mapping from texts"),
        ({"messages": {"m": (1, 2)}}, ValueError, "messages['m'] has shape (2,)"),
        ({"messages": {"m": (math.nan, 0, 0)}}, ValueError, "messages['m']"),
        ({"asked": "far"}, TypeError, "expected a function of a state"),
        ({"asked": lambda state: "nowhere"}, ValueError, "unknown state 'nowhere'"),
        ({"strength": -1}, ValueError, "strength is -1"),
        ({"receptivity": math.inf}, ValueError, "receptivity is inf"),
        ({"options": {"resolution": 0}}, ValueError, "resolution is 0"),
        ({"options": {"memori": 1}}, ValueError, "did you mean 'memory'?"),
        ({"prior": (1, 0)}, ValueError, "prior"),
        ({"seeds": []}, ValueError, "seeds is empty"),
        ({"parameters": DesireParameters(appraisal=((1.0,),) * 3, change_scale=(1.0,))}, ValueError, "appraises"),
    ],
)
def test_what_does_not_fit_is_said(riders, arguments, error, words):
    with pytest.raises(error, match=re.escape(words)):
        desire_influence(riders, **({"seeds": [0], "n_steps": 12} | arguments))


def test_memory_is_bounded(riders):
    with pytest.raises(MemoryError, match=r"runs of 100000 steps take about .* fewer steps \(n_steps\)"):
        desire_influence(riders, n_steps=100_000, options={"memory": 1e8})
    with pytest.raises(MemoryError, match="allowed are 1e-06 GB"):
        desire_influence(riders, seeds=[0], n_steps=12, options={"memory": 1e3})


def test_the_world_is_checked():
    with pytest.raises(TypeError, match="expected a world of desires"):
        desire_influence(None)
