"""Faults in what computes empowerment over skills and effective empowerment; see `benchmarks.mutants`."""

from __future__ import annotations

from benchmarks.mutant import Mutant

_PROOFS = "tests/actuation/test_occupancy_proofs.py"
_SKILLS = "tests/measures/test_skills.py"
_SETS = "tests/measures/test_skill_sets.py"
_EXECUTION = "tests/measures/test_skill_execution.py"

SKILL_MUTANTS = (
    # --- the closed form
    Mutant(
        "skills: the weight of a step forgets the discount",
        "(1.0 - discount) * (math.log1p(-discount) / discount)",
        "(1.0 - discount) * math.log1p(-discount)",
        f"{_SKILLS} -k bound",
    ),
    Mutant(
        "skills: the closed form is not rounded up",
        "np.log1p(np.exp(exponent).sum(axis=1)) * (1.0 + slack) + underflow",
        "np.log1p(np.exp(exponent).sum(axis=1))",
        f"{_PROOFS} -k closed_form",
    ),
    Mutant(
        "skills: the closed form of later states is not divided by their share",
        "np.minimum(_log_sum(later, discount) / discount, count)",
        "np.minimum(_log_sum(later, discount), count)",
        f"{_SKILLS} -k 'bound or must_hold'",
    ),
    Mutant(
        "skills: the way back to the start is too long",
        "row[start] = 1.0 + row[last]",
        "row[start] = 2.0 + row[last]",
        f"{_SKILLS} -k 'keep_the_agent or tends_to_nothing'",
    ),
    # --- the best lassos, in NumPy and compiled
    Mutant(
        "skills, reference: the entropy of a cycle has the wrong sign",
        "entropy += discount ** (steps - 1) * (steps - 1) * log_discount",
        "entropy -= discount ** (steps - 1) * (steps - 1) * log_discount",
        f"{_SKILLS} -k best_of_all",
    ),
    Mutant(
        "skills, reference: the share of a cycle is left out",
        "found = math.log(share) + share * (np.diag(sums) + entropy)",
        "found = share * (np.diag(sums) + entropy)",
        f"{_SKILLS} -k best_of_all",
    ),
    Mutant(
        "skills, reference: paths have no entropy",
        "found = left * (sums[there] + entropy) + known + weight * cycle_values[there]",
        "found = left * sums[there] + known + weight * cycle_values[there]",
        f"{_SKILLS} -k best_of_all",
    ),
    Mutant(
        "skills, compiled: the share of a cycle is left out",
        "found = math.log(share) + share * (others[x, x] + entropy)",
        "found = share * (others[x, x] + entropy)",
        f"{_SKILLS} -k best_of_all",
    ),
    Mutant(
        "skills, compiled: what follows a path is not discounted",
        "found = left * (sums[x] + entropy) + known + weight * cycle_values[x]",
        "found = left * (sums[x] + entropy) + known + cycle_values[x]",
        f"{_SKILLS} -k best_of_all",
    ),
    Mutant(
        "skills, compiled: cycles through all states are left out",
        "for steps in range(1, n + 1):\n        for y in range(n):",
        "for steps in range(1, n):\n        for y in range(n):",
        f"{_SKILLS} -k best_of_all",
    ),
    Mutant(
        "skills, compiled: the worst walk to a state is kept",
        "if found > others[y]:",
        "if found < others[y] or others[y] == -math.inf:",
        f"{_SKILLS} -k best_of_all",
    ),
    # --- the oracle, and what follows from it
    Mutant(
        "skills: the mass of q is taken to be 1",
        "+ math.log(math.fsum(q)) + rounding",
        "+ rounding",
        f"{_SKILLS} -k best_of_all",
    ),
    Mutant(
        "skills: the price of the best policy is not rounded up",
        "+ math.log(math.fsum(q)) + rounding",
        "+ math.log(math.fsum(q))",
        f"{_PROOFS} -k oracle",
    ),
    Mutant(
        "skills: a cycle does not go round again",
        "-np.expm1((length - closes) * math.log(discount)), 1.0)",
        "1.0, 1.0)",
        f"{_PROOFS} -k oracle",
    ),
    Mutant(
        "skills: later times count as if the start were among them",
        "lower, upper = found.lower / scale, min(found.upper / scale, bound)",
        "lower, upper = found.lower, min(found.upper, bound)",
        f"{_SKILLS} -k keep_the_agent",
    ),
    Mutant(
        "skills: verify believes the upper end",
        "min(oracle.price(priced, math.inf)[0] / scale, bound)",
        "bound",
        f"{_SKILLS} -k both_ends",
    ),
    Mutant(
        "skills: verify does not see another model",
        "== walks.after())[taken].all()",
        "== walks.after())[taken].any()",
        f"{_SKILLS} -k both_ends",
    ),
    # --- skills as arrays, chunks, checkpoints and symmetries
    Mutant(
        "skills: the occupancy of later times begins with the start",
        "np.column_stack([repeats - first, walks])",
        "np.column_stack([repeats, walks])",
        _SETS,
    ),
    Mutant(
        "skills: the least probable skills come first",
        "ranked = np.argsort(-weights",
        "ranked = np.argsort(weights",
        f"{_SKILLS} -k skills_are_policies",
    ),
    Mutant(
        "skills: a resumed run stores chunks under other numbers",
        "kept.store(left[number], packed(found))",
        "kept.store(number, packed(found))",
        f"{_EXECUTION} -k interrupted",
    ),
    Mutant(
        "skills: the output of an image is mapped backwards",
        "q[images] = self.q",
        "q[:] = self.q[images]",
        f"{_EXECUTION} -k orbit",
    ),
    Mutant(
        "skills: symmetries are composed in the wrong order",
        "maps[there] = states[maps[here][0]]",
        "maps[there] = maps[here][0][states]",
        f"{_EXECUTION} -k orbit",
    ),
    # --- the next action, and a policy after it
    Mutant(
        "effective: the policy is followed backwards",
        "sparse.csc_array(identity - self._discount * self._steps.T)",
        "sparse.csc_array(identity - self._discount * self._steps)",
        f"{_SKILLS} -k effective",
    ),
    Mutant(
        "effective: an error of the linear system is not blown up by later steps",
        "(largest + 2.0 * self._roundings) / left",
        "largest",
        f"{_PROOFS} -k next_actions",
    ),
    Mutant(
        "effective: moved rows change no entropy",
        "rounding + 2.0 * entropy_change(",
        "rounding + 0.0 * entropy_change(",
        f"{_PROOFS} -k information",
    ),
    Mutant(
        "effective: the later state is read one step late",
        "for _ in range(self._horizon - 1):",
        "for _ in range(self._horizon):",
        f"{_SKILLS} -k effective",
    ),
    Mutant(
        "a sensor of the future is computed however large its rounding",
        "if 2.0 * distance > _MOST_ERROR:",
        "if 0.0 * distance > _MOST_ERROR:",
        "tests/measures/test_discounted_sensor.py -k refused",
    ),
)
