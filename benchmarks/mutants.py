"""Faults made on purpose: ``python -m benchmarks.mutants [WORD ...]``.

Each mutant changes a few characters in a copy of the package: a sign, a bound, a slack. The tests that are named with
it must fail there. Prints what became of each, and ends with an error if one survives or no longer applies. With
words, only the mutants are made whose description holds one of them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.mutant import Mutant
from benchmarks.skill_mutants import SKILL_MUTANTS

_ROOT = Path(__file__).parents[1]
_SKIPPED = shutil.ignore_patterns("*.so", ".git", "_build", "*.pyc")
_FAILED = 1  # pytest's exit status for failed tests; others say that none was run


MUTANTS = (
    # --- the solver and its proofs, in NumPy
    Mutant(
        "reference: the upper end is not rounded up",
        "upper = (d + slack).max()",
        "upper = d.max()",
        "tests/capacity/test_kernels.py -k reference",
    ),
    Mutant(
        "reference: the lower end is not rounded down",
        "Certificate(information, information - slack, float(upper))",
        "Certificate(information, information, float(upper))",
        "tests/capacity/test_kernels.py -k reference",
    ),
    Mutant(
        "reference: the mass of q is taken to be 1",
        "offsets - cross + q.sum() - 1.0",
        "offsets - cross",
        "tests/capacity/test_kernels.py -k reference",
    ),
    Mutant(
        "reference: Blahut-Arimoto goes the wrong way",
        "p = p * np.exp(d - d.max())",
        "p = p * np.exp(d.min() - d)",
        "tests/capacity/test_capacity.py -k closed_forms",
    ),
    Mutant(
        "reference: rows count as equal that differ",
        "<= EQUAL_RTOL * np.maximum(rows[row]",
        "<= 1e9 * EQUAL_RTOL * np.maximum(rows[row]",
        "tests/capacity/test_kernels.py -k reference",
    ),
    # --- the solver and its proofs, compiled
    Mutant(
        "compiled: the upper end is not rounded up",
        "+ mass + row_terms * (2 + abs(offsets[x]) + abs(cross)))",
        "+ mass)",
        "tests/capacity/test_kernels.py -k cpu",
    ),
    Mutant(
        "compiled: the lower end is not rounded down",
        "slack += column_terms * (2 + abs(information))",
        "slack = 0.0",
        "tests/capacity/test_kernels.py -k cpu",
    ),
    Mutant(
        "compiled: of equal rows the smaller reward counts",
        "if offsets[x] > offsets[best[first[x]]]",
        "if offsets[x] < offsets[best[first[x]]]",
        "tests/capacity/test_cost.py -k equal_rows",
    ),
    Mutant(
        "compiled: parts of a channel have the wrong weights",
        "weight[c] = math.exp(value[c] - highest)",
        "weight[c] = math.exp(highest - value[c])",
        "tests/capacity/test_capacity.py -k closed_forms",
    ),
    Mutant(
        "compiled: the interior point is centred too much",
        "target = mu * (left * left * left)",
        "target = mu * math.sqrt(left)",
        "tests/capacity/test_iteration_counts.py",
    ),
    Mutant(
        "a capacity is met if one of two tolerances is",
        "(gap <= tol) | (",
        "(gap <= tol) & (",
        "tests/capacity/test_capacity.py -k closed_forms",
    ),
    Mutant(
        "verify: the slack is left out",
        "slack = np.finfo(float).eps * (32 + longest",
        "slack = 0 * np.finfo(float).eps * (32 + longest",
        "tests/capacity/test_capacity.py -k exact_arithmetic",
    ),
    # --- rows of action sequences
    Mutant(
        "rows: a missing action blocks nothing",
        "after[i] |= source[y, i] > 0",
        "after[i] |= source[y, i] > 1",
        "tests/actuation/test_streaming.py",
    ),
    Mutant(
        "rows: the logarithm of a row is off in the tenth digit",
        "series = series * z + 1 / 7",
        "series = series * z + 1 / 6.99",
        "tests/actuation/test_streaming.py",
    ),
    Mutant(
        "rows: the worst suffix is taken for the best",
        "if divergence > best[start + i]",
        "if divergence < best[start + i]",
        "tests/actuation/test_streaming.py -k price",
    ),
    Mutant(
        "maps: a missing action blocks nothing",
        "blocked[action * n_rows + x] |= layer[i * n_rows + x] > 0",
        "blocked[action * n_rows + x] |= layer[i * n_rows + x] > 1",
        "tests/actuation/test_enumeration.py -k available",
    ),
    Mutant(
        "maps: a row gets the sequence of another",
        "                numbers[kept] = numbers[x]",
        "                numbers[kept] = numbers[0]",
        "tests/actuation/test_enumeration.py -k available",
    ),
    Mutant(
        "maps: the actions of a sequence are read backwards",
        "for position in range(length - 1, -1, -1)",
        "for position in range(length)",
        "tests/actuation/test_enumeration.py -k carry",
    ),
    Mutant(
        "maps: a missed tolerance counts as met",
        "kept = task.options.met(solved.lower, solved.upper) & (found.n_rows >= 0)",
        "kept = found.n_rows >= 0",
        "tests/actuation/test_enumeration.py -k missed",
    ),
    Mutant(
        "rows: the order of actions that do not commute is dropped",
        "follows & ~np.tril(exchangeable & _commute(dynamics), -1)",
        "follows & ~np.tril(exchangeable, -1)",
        "tests/actuation/test_dynamics.py -k commute",
    ),
    Mutant(
        "rows: what pruning loses is not said",
        "= False, max(lost, excess + spread)",
        "= False, 0.0",
        "tests/actuation/test_hull.py",
    ),
    Mutant(
        "bounds: steering gains half of what it does",
        "self._best_policy(np.where(np.isfinite(gains), gains, 0.0))",
        "self._best_policy(np.where(np.isfinite(gains), 0.5 * gains, 0.0))",
        "tests/actuation/test_bounds.py",
    ),
    # --- bounds
    Mutant(
        "bounds: a trajectory is bounded by its last reading",
        'first = 1 if output == "trajectory" else task.horizon\n',
        "first = task.horizon\n",
        "tests/actuation/test_policy_trees.py tests/measures/test_feedback.py",
    ),
    Mutant(
        "bounds: the upper end of feedback forgets that of later steps",
        "solved.upper + above + slack",
        "solved.upper + slack",
        "tests/actuation/test_bellman.py",
    ),
    Mutant(
        "bounds: how much a trajectory can tell is counted from the second step",
        "for k in range(1, task.horizon + 1)))",
        "for k in range(2, task.horizon + 1)))",
        "tests/actuation/test_bounds.py",
    ),
    Mutant(
        "bounds: the smallest capacity of partial rows is not scaled",
        "scale = math.log((p @ shares).max())",
        "scale = 0.0",
        "tests/capacity/test_truncated.py",
    ),
    Mutant(
        "bounds: entries that may be full are not subtracted",
        "-(among.slack * np.maximum(",
        "(among.slack * np.maximum(",
        "tests/capacity/test_truncated.py",
    ),
    Mutant(
        "bounds: bias is added where it is to be taken off",
        "- drawn_from - 2.0 * bias",
        "- drawn_from + 2.0 * bias",
        "tests/capacity/test_estimated.py",
    ),
    Mutant(
        "bounds: one row's confidence stands for that of all",
        "math.log(len(n) / (1.0 - level))",
        "math.log(1 / (1.0 - level))",
        "tests/capacity/test_estimated.py",
    ),
    Mutant(
        "bounds: a capacity moves less than it may",
        "e * math.log(n_symbols - 1) - e * math.log(e)",
        "e * math.log(n_symbols - 1) + e * math.log(e)",
        "tests/capacity/test_estimated.py",
    ),
    # --- the parser
    Mutant(
        "parser: an earlier statement overrides a later one",
        "np.maximum(latest, np.where(",
        "np.minimum(latest, np.where(",
        "tests/adapters/test_pomdp_file.py",
    ),
    Mutant(
        "parser: include and exclude change places",
        'tokens.take() == "exclude"',
        'tokens.take() == "include"',
        "tests/adapters/test_pomdp_file.py",
    ),
    Mutant(
        "parser: what is below 0 by rounding is kept",
        "(np.reshape(numbers, (-1, count)), 0.0)",
        "(np.reshape(numbers, (-1, count)), -1.0)",
        "tests/adapters/test_pomdp_file.py",
    ),
    Mutant(
        "parser: whole rows override single entries",
        "at(*at) < latest.reshape(-1)[rows]",
        "at(*at) > latest.reshape(-1)[rows]",
        "tests/adapters/test_pomdp_file.py",
    ),
    # --- validation
    Mutant(
        "validation: rows may sum to less than 1",
        "wrong = np.abs(sums - 1.0) > tolerance",
        "wrong = sums - 1.0 > tolerance",
        "tests/core",
    ),
    Mutant(
        "validation: negative entries of any size are taken as 0",
        "(entries < 0) & (entries > -_TRACE)",
        "(entries < 0)",
        "tests/core",
    ),
    # --- measures
    Mutant(
        "measures: an average is as good as its best part",
        "return max(methods.tolist(), key",
        "return min(methods.tolist(), key",
        "tests/measures tests/capacity -k average",
    ),
    Mutant(
        "measures: a context counts as much as all of them",
        "(share * float(lower), share * float(upper))",
        "(float(lower), float(upper))",
        "tests/measures/test_context.py",
    ),
    Mutant(
        "measures: the present counts as its own past",
        "2 * i - 2 + received for i in range(1, step)",
        "2 * i - 2 + received for i in range(1, step - 1)",
        "tests/measures/test_directed_information.py",
    ),
    # --- texts and handing over
    Mutant(
        "text: an amount at the threshold is beyond it",
        "amounts <= threshold.in_nats + SLACK",
        "amounts <= threshold.in_nats - SLACK",
        "tests/text/handoff/test_selection.py",
    ),
    Mutant(
        "text: a sum goes on behind what is infinite",
        "np.minimum(last, _next_of(~finite))",
        "np.minimum(last, n)",
        "tests/text/handoff/test_selection.py",
    ),
    Mutant(
        "text: tokens that are not told add no entropy",
        "upper = at_most + most_residual_entropy(",
        "upper = at_most + 0 * most_residual_entropy(",
        "tests/text/test_token_model.py",
    ),
    Mutant(
        "text: rounding narrows a surprisal",
        "-log + math.log1p(-slack), -log + math.log1p(slack)",
        "-log, -log",
        "tests/text/test_token_model.py",
    ),
    Mutant(
        "text: a length is optimal though a longer one may save more",
        "np.flatnonzero(at_most > at_least[certain] + 2 * tie)",
        "np.flatnonzero(at_most > at_most.max())",
        "tests/text/handoff/test_selection.py",
    ),
    Mutant(
        "text: Wilson's interval is narrower than it is",
        "middle, scale = share + z * z / (2 * n), 1 + z * z / n",
        "middle, scale = share, 1 + z * z / n",
        "tests/text/handoff/test_calibration.py",
    ),
    *SKILL_MUTANTS,
)


def copied(folder: Path) -> None:
    """Copy what tests need, compiled code included, so that only what is changed is compiled anew."""
    for name in ("empowerment", "tests", "benchmarks", "docs"):
        shutil.copytree(_ROOT / name, folder / name, ignore=_SKIPPED)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy2(_ROOT / name, folder)


def place_of(mutant: Mutant) -> Path:
    """Return the one file, relative to the root, in which the right text stands once."""
    sources = {path: path.read_text(encoding="utf-8") for path in (_ROOT / "empowerment").rglob("*.py")}
    places = [path for path, source in sources.items() for _ in range(source.count(mutant.right))]
    if len(places) != 1:
        raise LookupError(
            f"{mutant.fault}: {mutant.right!r} stands {len(places)} times in the package, expected once"
        )
    return places[0].relative_to(_ROOT)


def tested(folder: Path, tests: str) -> int:
    """Run tests in a copy and return pytest's exit status."""
    files, _, words = tests.partition(" -k ")
    chosen = ["-k", words.strip("'")] if words else []
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *files.split(), *chosen]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False, env=_environment(folder)).returncode


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(folder), "MPLBACKEND": "Agg"}


def outcome(mutant: Mutant, folder: Path) -> str:
    """Return "killed", or what else became of a mutant; the copy is afterwards what it was."""
    path = folder / place_of(mutant)
    source = path.read_bytes()
    # Compiled code notices a change of its own file, and not of those that it was inlined from.
    for compiled in (folder / "empowerment").rglob("*.nb[ic]") if b"jit" in source else ():
        compiled.unlink()
    path.write_text(source.decode().replace(mutant.right, mutant.wrong), encoding="utf-8")
    try:
        status = tested(folder, mutant.tests)
    finally:
        path.write_bytes(source)
    return {0: "SURVIVED", _FAILED: "killed"}.get(status, f"NOT TESTED, pytest ended with {status}")


def main(words: list[str]) -> int:
    """Make every mutant, print what became of it, and return how many are left."""
    chosen = [mutant for mutant in MUTANTS if not words or any(word in mutant.fault for word in words)]
    for mutant in chosen:
        place_of(mutant)
    left = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copied(folder)
        for tests in dict.fromkeys(mutant.tests for mutant in chosen):
            if status := tested(folder, tests):
                raise RuntimeError(f"{tests} ends with {status} where nothing was changed")
        for mutant in chosen:
            began = time.perf_counter()
            became = outcome(mutant, folder)
            left += became != "killed"
            print(f"{became:9} {time.perf_counter() - began:6.1f} s  {mutant.fault}", flush=True)
    print(f"{len(chosen) - left} of {len(chosen)} mutants killed")
    return left


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:])))
