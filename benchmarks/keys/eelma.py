"""Effective empowerment of agents that are language models, and its estimate by contrast (EELMA).

The worlds of the publication could not be read, so that its numbers cannot be recomputed. A tower of Hanoi and a box
that can be pushed stand in for them: everything is exact there, and estimates of the same kind are made anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.keys.answer import Answer, Ends, Figure, Score, draws, error_beside, number
from benchmarks.keys.eelma_critics import (
    CONTRASTS,
    RATE,
    log_ratios,
    mean_differences,
    normalised,
    one_way_loss,
    trained_scores,
    with_states,
)
from benchmarks.keys.eelma_estimators import compared, drawn_pairs, information_of_states, law_of_cut_pairs, plug_in
from benchmarks.keys.eelma_exact import (
    BOX,
    HANOI,
    Case,
    box,
    exact_figures,
    exact_scores,
    greedy_figures,
    hanoi,
    mean_ends,
    weighted,
)

SIZES = 20, 200, 2000, 20000
"""Numbers of trajectories."""
N_SEEDS, N_CRITICS = 6, 4
"""Data sets for counts, and for critics."""

# Root mean square errors of two runs of an independent implementation, which was not tuned.
PLUG_IN: dict[float, dict[int, float]] = {
    0.9: {20: 0.865, 200: 0.606, 2000: 0.177, 20000: 0.087},
    0.5: {2000: 0.068, 20000: 0.038},
}
PLUG_IN_MEANS = {20: 0.881, 200: 0.671, 2000: 0.310, 20000: 0.235}
CORRECTED: dict[int, Ends] = {2000: (0.119, 0.125), 20000: (0.078, 0.078)}
CRITICS: dict[tuple[float, str], dict[int, Ends]] = {
    (0.9, "one way"): {2000: (0.35, 0.35), 20000: (0.27, 0.30)},
    (0.9, "both ways"): {2000: (0.15, 0.16), 20000: (0.11, 0.16)},
    (0.5, "one way"): {2000: (1.25, 1.25), 20000: (1.02, 1.07)},
    (0.5, "both ways"): {2000: (0.78, 0.87), 20000: (0.69, 0.78)},
}

# Correlations over states, of critics that are contrasted both ways.
CORRELATIONS: dict[int, Ends] = {2000: (0.34, 0.64), 20000: (0.67, 0.93)}


class Training(NamedTuple):
    """How critics are trained: what is contrasted, and the learning rate, which may fall to 0."""

    contrast: str
    note: str = ""
    rate: float = RATE
    falling: bool = True


TRAININGS = (
    *(Training(contrast) for contrast in CONTRASTS),
    Training("one way", ", a third of the learning rate,", RATE / 3.0),
    Training("both ways", ", a third of the learning rate, constant,", RATE / 3.0, falling=False),
)

# Where these differ, and why.
LARGER = {
    (0.5, "one way", 2000): "the learning rate decides how large it is: a third of it leaves half of the error",
}
LESS_NOISE = {2000: "the learning rate falls to 0 here; with a constant one batches leave noise in the scores"}

VERDICT = """\
The root mean square error of 0.158 bits that is reported for a tower of Hanoi can be neither confirmed nor refuted,
because size, discount and policy of that world are not known to us. On the stand-in with discount 0.9 it would be
four times the standard deviation of the exact values over states, 0.040 bits, which is the error of a constant. The
error of an estimate says little without that number beside it.

What is estimated, effective empowerment, is information at the policy that the agent has. It is exactly 0 for an
agent without chance, however much its actions could decide, and falls as an agent gets better at one task. In the
form in which the definition has reached us, step t has the weight γ^t / (1 - γ). These weights sum to (1 - γ)^-2,
100 for 0.9, and give one action more bits than six actions can carry; the sum of (1 - γ) γ^t is 1.

The difference of two critics' scores is an estimate only as far as their loss fixes them. InfoNCE that contrasts
later states leaves a number free for each anchor: two pairs of critics, both perfect for it, differ in the estimate
by E[c(s, a)] - c'(s). Contrasting in both directions leaves one number for each critic, and both critics in one batch
leave one that cancels. With discount 0.9, perfect critics are off by 0.13 bits if their scores are centred, and those
trained on 20,000 trajectories by 0.14 to 0.25 bits, which depends on the contrast and on the learning rate. Most of
that is this freedom: the same scores are within 0.03 bits once each anchor is normalised.

Counts err upward. With 20,000 trajectories most of their error is no lack of data: later states beyond the end of a
trajectory are left out, and endlessly many trajectories of that length would leave nearly the same error. Little of
it remains if they go on until the later state is read."""


def answer(quick: bool) -> Answer:
    """Return exact values, what the definition and the loss leave open, and estimates from trajectories."""
    cases = {discount: hanoi(discount) for discount in HANOI}
    boxed = box(0.9)
    figures = [figure for discount, case in cases.items() for figure in exact_figures(case, HANOI[discount])]
    figures += [*exact_figures(boxed, BOX[0.9]), *greedy_figures()]
    scores = exact_scores([*cases.values(), boxed, hanoi(0.9, 0.0)])
    score, more = weighted(cases[0.9])
    scores.append(score)
    figures += more
    for discount in (0.9,) if quick else (0.9, 0.5):
        sizes = SIZES[3:] if quick else SIZES[2:]
        for part in (perfect_critics(cases[discount]), counted(cases[discount]), criticised(cases[discount], sizes)):
            some_scores, some_figures = part
            scores += some_scores
            figures += some_figures
    return Answer(
        "EELMA: estimating the empowerment of agents that are language models",
        "Song, Gore and Kleiman-Weiner (2025), arXiv:2509.22504",
        scores,
        figures,
        VERDICT,
    )


def perfect_critics(case: Case) -> tuple[list[Score], list[Figure]]:
    """Return what critics estimate that no loss of their kind can improve, if states are drawn uniformly.

    Their scores are log-ratios, once with nothing added, once centred for each anchor, and once centred over all
    anchors of a critic. Training that begins near 0 centres them, as far as it goes, since the slopes of the loss sum
    to 0.
    """
    pairs = with_states(case.rows / case.policy.size)
    ratios, n_pairs = log_ratios(pairs), case.policy.size
    each = ratios - ratios.mean(axis=1, keepdims=True)
    whole = np.concatenate([part - part.mean() for part in (ratios[:n_pairs], ratios[n_pairs:])])
    formulas = {"": ratios, ", centred for each anchor": each, ", centred for each critic": whole}
    scores = [
        estimated(case, f"perfect critics{name}", mean_differences(found, case.rows)[None])
        for name, found in formulas.items()
    ]
    return scores, freedom_figures(case, pairs, ratios, each)


def freedom_figures(case: Case, pairs: np.ndarray, ratios: np.ndarray, centred: np.ndarray) -> list[Figure]:
    """Return by how much losses and estimates of two perfect critics differ, beside what is expected."""
    n_states, n_pairs = case.model.n_states, case.policy.size
    critics = slice(0, n_pairs), slice(n_pairs, None)
    losses = [[one_way_loss(scores[critic], pairs[critic]) for critic in critics] for scores in (ratios, centred)]
    added = (centred - ratios).mean(axis=1) / np.log(2.0)
    expected = added[:n_pairs].reshape(n_states, -1).mean(axis=1) - added[n_pairs:]
    found = mean_differences(centred, case.rows) - mean_differences(ratios, case.rows)
    name = f"{case.name}, perfect critics with centred scores"
    return [
        number(f"{name}: one-way losses less the least", np.ptp(np.array(losses), axis=0).max(), 0.0, 1e-12),
        *(
            number(f"{name}: {end} added to an estimate, and E[c(s, a)] - c'(s)", of(found), of(expected), 1e-12)
            for end, of in (("least", np.min), ("most", np.max))
        ),
    ]


def data(case: Case, n_trajectories: int, n_sets: int, *, continued: bool = False) -> list[np.ndarray]:
    """Return the counts of some data sets."""
    start = case.model.state_index(case.start)
    return [
        drawn_pairs(
            case.model,
            start,
            n_trajectories,
            case.discount,
            np.random.default_rng([n_trajectories, seed]),
            continued=continued,
        )
        for seed in range(n_sets)
    ]


def estimated(case: Case, formula: str, estimates: np.ndarray) -> Score:
    """Return the score of estimates of shape (n_data_sets, n_states), with means over the data sets."""
    found = [compared(values, case.effective) for values in estimates]
    ranks = [each.spearman for each in found if each.spearman is not None]
    return Score(
        case.name,
        formula,
        mean_ends(case.effective),
        float(estimates.mean()),
        float(np.mean(ranks)) if ranks else None,
        rmse=float(np.mean(root_errors(case, estimates))),
        spread=found[0].spread,
    )


def root_errors(case: Case, estimates: np.ndarray) -> np.ndarray:
    """Return the root mean square error over states, for each data set."""
    return np.asarray(np.sqrt(((estimates - case.effective.value) ** 2).mean(axis=1)))


def drawn(quantity: str, found: Sequence[float] | np.ndarray, known: Ends | float, *, why: str = "") -> Figure:
    """Return the figure of a quantity that was found in several data sets."""
    return draws(quantity, float(np.mean(found)), error_beside(found, np.inf), known, why=why)


def counted(case: Case) -> tuple[list[Score], list[Figure]]:
    """Return what counts of trajectories tell, with and without a correction of the bias."""
    scores, figures = [], []
    for n in SIZES:
        counts = data(case, n, N_SEEDS)
        plain, corrected = (np.array([plug_in(each, how) for each in counts]) for how in (None, "miller-madow"))
        of_all = f"from {n:,} trajectories"
        scores += [
            estimated(case, f"plug-in {of_all}", plain),
            estimated(case, f"Miller-Madow {of_all}", corrected),
        ]
        where = f"{case.name}: {{}} {of_all}".format
        if n in PLUG_IN[case.discount]:
            figures.append(drawn(where("RMSE of the plug-in"), root_errors(case, plain), PLUG_IN[case.discount][n]))
        if case.discount == 0.9:
            figures.append(drawn(where("mean of the plug-in"), plain.mean(axis=1), PLUG_IN_MEANS[n]))
            if n in CORRECTED:
                figures.append(drawn(where("RMSE of Miller-Madow"), root_errors(case, corrected), CORRECTED[n]))
    limit = information_of_states(law_of_cut_pairs(case.model, case.model.state_index(case.start), case.discount))
    whole = np.array([plug_in(each) for each in data(case, SIZES[-1], N_SEEDS, continued=True)])
    scores += [
        estimated(case, "plug-in from endlessly many trajectories", limit[None]),
        estimated(case, f"plug-in from {SIZES[-1]:,} trajectories that go on until read", whole),
    ]
    return scores, figures


def criticised(case: Case, sizes: Sequence[int]) -> tuple[list[Score], list[Figure]]:
    """Return what differences of trained scores tell, as they are and with each anchor normalised."""
    scores, figures = [], []
    for n in sizes:
        counts = data(case, n, N_CRITICS)
        later = np.array([each.sum(axis=(0, 1)) / each.sum() for each in counts])
        for contrast, note, rate, falling in TRAININGS:
            trained = trained_scores(counts, contrast, np.random.default_rng(n), rate=rate, falling=falling)
            raw, fixed = (mean_differences(each, case.rows) for each in (trained, normalised(trained, later)))
            formula = f"InfoNCE {contrast}{note} from {n:,} trajectories"
            scores += [estimated(case, formula, raw), estimated(case, f"{formula}, normalised", fixed)]
            if not note:
                figures += critic_figures(case, contrast, n, raw)
    return scores, figures


def critic_figures(case: Case, contrast: str, n: int, estimates: np.ndarray) -> list[Figure]:
    """Return the errors of critics, and how they order the states, beside what is known of their contrast."""
    key, of_what = (case.discount, contrast), f"of InfoNCE {contrast} from {n:,} trajectories"
    if key not in CRITICS:
        return []
    errors, why = root_errors(case, estimates), LARGER.get((*key, n), "")
    figures = [drawn(f"{case.name}: RMSE {of_what}", errors, CRITICS[key][n], why=why)]
    if key == (0.9, "both ways"):
        found = [np.corrcoef(values, case.effective.value)[0, 1] for values in estimates]
        name, why = f"{case.name}: correlation over states {of_what}", LESS_NOISE.get(n, "")
        figures.append(drawn(name, found, CORRELATIONS[n], why=why))
    return figures
