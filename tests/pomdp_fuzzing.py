"""Random and damaged .POMDP files, and whether the reader says something clear about them."""

import re
import time
import warnings

import numpy as np
from pomdp_interpreter import RefusedError, TooLargeError, interpreted

import empowerment as emp

PATIENCE = 2.0
"""CPU-seconds within which any small file is read or refused."""

MEMORY = 2e7
_WORDS = """
discount values states actions observations start T O R include exclude uniform identity reset reward cost agents:
costs: : : * a b c x y up down s-1 _s é ² nan inf 0 1 2 3 0.5 .5 1. 1e-3 +0.25 -1 - + 0.999 1.00001 1e309 -6.6e-18 007
99999999999999999999 1e 0x1 1_0
"""
WORDS = [*_WORDS.split(), "#", "\n", "\t", "\r\n", "\ufeff"]


# --- grammatical files


def random_file(rng, normalize):
    """Return a file of the grammar, whose distributions mostly sum to 1, or only to something if `normalize`."""
    counts = rng.integers(1, 4, size=3)
    is_mdp = rng.random() < 0.15
    named = rng.random(3) < 0.6
    names = [
        [f"{kind}{i}" for i in range(count)] if name else list(map(str, range(count)))
        for kind, count, name in zip("sax", counts, named, strict=True)
    ]
    heads = ["states", "actions", "observations"][: 2 if is_mdp else 3]
    preamble = [
        f"{head}: {' '.join(own) if name else len(own)}" for head, own, name in zip(heads, names, named, strict=False)
    ]
    preamble += ["discount: 0.9"] * int(rng.integers(2)) + [f"values: {rng.choice(['reward', 'cost'])}"]
    rng.shuffle(preamble)
    lines = [*preamble, *_start(rng, names[0])]
    body = [_rows("T", rng, names[1], names[0], names[0], lines, normalize)]
    if not is_mdp:
        body.append(_rows("O", rng, names[1], names[0], names[2], lines, normalize))
    body.append([_reward(rng, *names, is_mdp) for _ in range(rng.integers(5))])
    statements = [statement for part in body for statement in part]
    if rng.random() < 0.2:
        rng.shuffle(statements)
    return "\n".join(lines + statements) + "\n" * int(rng.integers(2))


def _start(rng, states):
    row = " ".join(map(str, _row(rng, len(states))))
    some = " ".join(rng.choice(states, size=rng.integers(1, len(states) + 1), replace=False))
    forms = [[], [], ["start: uniform"], [f"start: {row}"], [f"start: {rng.choice(states)}"]]
    return [*forms, [f"start include: {some}"], [f"start exclude: {states[0]}"]][rng.integers(7)]


def _row(rng, count):
    """Return fractions of 8, which sum to 1 exactly."""
    return (rng.multinomial(8, np.full(count, 1 / count)) / 8).tolist()


def _some(rng, names):
    return "*" if rng.random() < 0.3 else str(rng.choice(names))


def _rows(head, rng, actions, states, outcomes, lines, normalize):
    """Return statements that begin with one for all rows, and override some."""
    n = len(outcomes)
    whole = ["uniform", *["identity"] * (head == "T"), _matrix(rng, len(states), n)]
    said = [f"{head}: *\n{rng.choice(whole)}"]
    for _ in range(rng.integers(6)):
        place = f"{head}: {_some(rng, actions)} : {_some(rng, states)}"
        form = rng.integers(4 + (normalize or rng.random() < 0.1))
        if form == 0:
            said.append(f"{head}:{_some(rng, actions)} {rng.choice(whole)}")
        elif form == 1:
            said.append(f"{place}\n{' '.join(map(str, _row(rng, n)))}")
        elif form == 2:
            reset = head == "T" and any(line.startswith("start") for line in lines)
            said.append(f"{place} {'reset' if reset else 'uniform'}")
        elif form == 3:
            said += [f"{place} : * 0.0", f"{place} : {rng.choice(outcomes)} 1.0"]
        else:
            said.append(f"{place} : {_some(rng, outcomes)} {rng.choice([0, 0.25, 1, '1e-3'])}")
    return said


def _matrix(rng, n_rows, n_columns):
    return "\n".join(" ".join(map(str, _row(rng, n_columns))) for _ in range(n_rows))


def _reward(rng, states, actions, observations, is_mdp):
    place = [_some(rng, actions), _some(rng, states), _some(rng, states), "*" if is_mdp else _some(rng, observations)]
    given = int(rng.integers(1 if is_mdp else 2, 5))
    sizes = [len(states), len(states), 1 if is_mdp else len(observations)][given - 1 :]
    numbers = rng.choice(["-1", "2.5", "+3", "- 4", "0", "1e2", "-.5"], size=int(np.prod(sizes)))
    return f"R: {' : '.join(place[:given])} {' '.join(numbers)}"


# --- damage


def damaged(rng, text):
    """Return a file as bytes, changed here and there by words or by bytes."""
    kind = rng.integers(6) - 2
    if kind <= 0:
        return text.encode()
    if kind == 1:
        words = re.findall(r"\n|[^\S\n]+|:|[^\s:]+", text)
        for _ in range(rng.integers(1, 4)):
            _change(rng, words, [str(rng.choice(WORDS))])
        return "".join(words).encode("utf-8", errors="surrogateescape")
    data = list(text.encode())
    for _ in range(rng.integers(1, 4)):
        _change(rng, data, rng.integers(256 if kind == 2 else 128, size=1).tolist())
    return bytes(data)


def _change(rng, parts, new):
    """Replace, insert, delete, repeat, swap or cut something, in place."""
    at, other = rng.integers(len(parts) + 1, size=2)
    change = rng.integers(6)
    if change == 0:
        parts[at : at + 1] = new
    elif change == 1:
        parts[at:at] = new
    elif change == 2:
        del parts[at : at + rng.integers(1, 4)]
    elif change == 3:
        parts[other:other] = parts[at : at + rng.integers(1, 12)]
    elif change == 4:
        parts[at : at + 1], parts[other : other + 1] = parts[other : other + 1], parts[at : at + 1]
    else:
        del parts[at:]


# --- the verdict


def verdict(path, data, normalize):
    """Return "read" or "refused" if that is right and clear, else what is unclear about it."""
    path.write_bytes(data)
    began = time.process_time()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            model = emp.read_pomdp(path, normalize=normalize, memory=MEMORY)
    except ValueError as reason:
        model, sentence = None, str(reason)
    except Exception as reason:
        return f"{type(reason).__name__}: {reason}"
    if time.process_time() - began > PATIENCE:
        return f"took {time.process_time() - began:.1f} s"
    if model is None and not _is_clear(sentence, path, data):
        return f"names no line of the file: {sentence}"
    try:
        known = interpreted(data, normalize)
    except RefusedError:
        return "refused" if model is None else f"{model} was read, though it is malformed"
    except TooLargeError:
        return "refused" if model is None else "read"
    if model is None:
        return f"was refused, though it is right: {sentence}"
    return "read" if agrees(model, known) else f"{model} differs from what the file says"


def _is_clear(sentence, path, data):
    place = re.match(rf"'{re.escape(str(path))}', line (\d+): \S.*\S$", sentence)
    n_lines = len(re.split(b"\r\n|\r|\n", data))
    return place is not None and 1 <= int(place[1]) <= n_lines and "Error" not in sentence and len(sentence) < 1000


def agrees(model, known):
    """Return whether a model has the labels and the arrays of what was interpreted."""
    is_mdp = known["observation"] is None
    if isinstance(model, emp.MDP) != is_mdp or model.discount != known["discount"]:
        return False
    kinds = ["states", "actions", "observations"][: 2 if is_mdp else 3]
    if any(list(getattr(model, kind)) != known[kind] for kind in kinds):
        return False
    pairs = [((model if is_mdp else model.mdp).to_dense(), known["transition"]), (model.initial, known["initial"])]
    pairs += [(None if is_mdp else model.observation, known["observation"])]
    scaled = [None if rewards is None else rewards / known["scale"] for rewards in (model.rewards, known["rewards"])]
    return all(
        (one is None) == (other is None) and (one is None or np.allclose(one, other, rtol=1e-12, atol=1e-12))
        for one, other in [*pairs, scaled]
    )
