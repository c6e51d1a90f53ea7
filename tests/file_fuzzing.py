"""Damage to saved results, checkpoints, recordings and inputs of the command line, and what becomes of it.

Each subject writes a whole file or directory, damages it at random, reads it and returns a verdict: "refused" in a
sentence that names the file, "harmless" (what was read equals what was written), "read" (for files that carry no
digests, or forged ones, whose content can be), or what went wrong.
"""

import json
import math
import shutil

import numpy as np
from scipy import sparse

import empowerment as emp
from empowerment.cli.inputs import read_channel, read_world
from empowerment.runtime.archive import write_sealed
from empowerment.runtime.digests import bytes_digest, json_digest
from empowerment.text import Recorded, TableModel, TokenModelError
from empowerment.text.recorded_lines import position_to_json

HOSTILE = [
    *(None, True, -1, 0, 10**30, 10**400, -0.5, 1.5, 1e308, math.nan, math.inf, "", "a", "\ud800", "\0", "9" * 400),
    *([], {}, [[]], [None], {"a": 1}, [1, 2, 3]),
]


# --- damage


def damaged_bytes(rng, whole):
    """Return bytes with some flipped, taken away, put in, doubled, moved or zeroed."""
    found = bytearray(whole)
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        at = int(rng.integers(max(len(found), 1)))
        size = int(rng.choice([1, 1, 2, 8, 64, 500]))
        part, how = bytes(found[at : at + size]), rng.integers(8)
        if how <= 2 and found:
            found[at] ^= int(rng.integers(1, 256))
        elif how == 3:
            del found[at : at + size]
        elif how == 4:
            found[at:at] = rng.integers(0, 256, size, dtype=np.uint8).tobytes()
        elif how == 5:
            del found[at:]
        elif how == 6:
            to = int(rng.integers(max(len(found), 1)))
            found[to : to + len(part)] = part
        else:
            found[at : at + size] = bytes(len(part))
    return bytes(found)


def damaged_array(rng, array):
    """Return an array with an entry, its type, its shape or its order changed."""
    found = np.array(array)
    how = rng.integers(7)
    if how <= 2 and found.size:
        place = int(rng.integers(found.size))
        values = {"f": [math.nan, math.inf, -1.0, 1e308, 0.5], "i": [-1, 99, 2**31 - 1], "u": [0, 255]}
        found.reshape(-1)[place] = rng.choice(values.get(found.dtype.kind, [0]))
    elif how == 3:
        found = found.astype(str)
    elif how == 4:
        found = found[..., None]
    elif how == 5:
        found = found[:-1] if found.ndim else found
    else:
        found = found[::-1] if found.ndim else found
    return found


def damaged_json(rng, value):
    """Return what JSON holds with one value in it, at any depth, changed, taken away or put in."""
    if rng.random() < 0.7:
        if isinstance(value, dict) and value:
            key = str(rng.choice(list(value)))
            if rng.random() < 0.2:
                return {name: each for name, each in value.items() if name != key}
            return value | {key: damaged_json(rng, value[key])}
        if isinstance(value, list) and value:
            i = int(rng.integers(len(value)))
            return [*value[:i], damaged_json(rng, value[i]), *value[i + 1 :]]
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value + rng.choice([1, -1, 0.5, 1e-3])
    return HOSTILE[rng.integers(len(HOSTILE))]


def refusal(reason, name):
    """Return "refused" for an error that the library raised on purpose and that names the file, else what it is."""
    known = isinstance(reason, ValueError | OSError | MemoryError)
    return "refused" if known and name in str(reason) else f"unclear: {type(reason).__name__}: {reason}"


# --- saved results


def results():
    """Return results with all kinds of fields."""
    maze, tiger = emp.worlds.klyubin_maze(), emp.worlds.tiger()
    return [
        emp.empowerment(emp.worlds.grid_world(["S.#", "..G"], slip=0.1), 2),
        emp.empowerment(maze, 2, states=list(maze.states)[:3], stopping=True),
        emp.empowerment(tiger, 2, beliefs=[[0.5, 0.5], [0.1, 0.9]]),
        emp.empowerment(tiger, 2, feedback=True, sensor="state", base=math.e),
    ]


def _content(result):
    optimal = result.optimal
    arrays = [result.value, result.lower, result.upper, result.status, result.method, result.state_numbers]
    arrays += [] if result.beliefs is None else [result.beliefs]
    names = ("actions", "weights", "offsets", "successors", "readings", "starts")
    arrays += [getattr(optimal, name) for name in names if hasattr(optimal, name)]
    plain = ("states", "actions", "horizon", "sensor", "output", "known_to", "feedback", "stopping", "backend")
    numbers = ("base", "tol", "rtol", "layout")
    return [np.asarray(array).tolist() for array in arrays], [getattr(result, name) for name in (*plain, *numbers)]


def _can_be(result):
    """Whether a result could be one: written anew, apart from what `load` checks."""
    ends = [np.asarray(x, dtype=float) for x in (result.lower, result.value, result.upper)]
    lower, value, upper = ends
    shapes = all(np.isfinite(x).all() and x.shape == (len(result.states),) for x in ends)
    inside = (lower <= upper).all() and (lower - 1e-9 <= value).all() and (value <= upper + 1e-9).all()
    return (
        bool(shapes and inside)
        and 1 < result.base < math.inf
        and 0 < result.tol < math.inf
        and isinstance(repr(result), str)
        and all(isinstance(emp.Status(s).sentence, str) for s in result.status.tolist())
        and len(result.kind) == len(result)
        and (result.optimal is None or all(abs(sum(w for _, w in result.sequences(s))) < 2 for s in result.states))
    )


def result_verdict(rng, result, other, path):
    """Damage a saved result, or forge one whose digests fit."""
    result.save(path)
    forged = False
    how = rng.integers(4)
    if how <= 1:
        path.write_bytes(damaged_bytes(rng, path.read_bytes()))
    else:
        with np.load(path) as data:
            arrays = dict(data)
        header, digest = arrays.pop("header"), arrays.pop("digest")
        if how == 2:
            arrays = _changed(rng, arrays, other, path)
            np.savez(path, header=header, digest=digest, **arrays)
        else:
            forged = True
            content = json.loads(header.tobytes())
            content = {name: content[name] for name in content if name != "arrays"}
            if rng.random() < 0.5:
                content = damaged_json(rng, content)
            else:
                arrays = _changed(rng, arrays, other, path)
            write_sealed(path, content if isinstance(content, dict) else {"format": content}, arrays, compressed=True)
    try:
        found = emp.EmpowermentResult.load(path)
    except Exception as reason:
        return refusal(reason, path.name)
    if _content(found) == _content(result):
        return "harmless"
    return "read" if forged and _can_be(found) else "believed"


def _changed(rng, arrays, other, path):
    name = str(rng.choice(list(arrays)))
    how = rng.integers(4)
    if how == 0:
        return {key: array for key, array in arrays.items() if key != name}
    if how == 1:
        return arrays | {str(rng.choice(["more", name + "s", "beliefs"])): arrays[name]}
    if how == 2:
        other.save(path)
        with np.load(path) as data:
            return arrays | {name: data[name if name in data.files else "value"]}
    return arrays | {name: damaged_array(rng, arrays[name])}


# --- checkpoints


class Runs:
    """Two finished runs of questions that differ in the slip of a maze."""

    def __init__(self, folder):
        self.folder, self.copy = folder, folder / "copy"
        self.worlds = [emp.worlds.klyubin_maze(slip=slip) for slip in (0.2, 0.4)]
        self.results = [self.ask(world, folder / str(i)) for i, world in enumerate(self.worlds)]

    @staticmethod
    def ask(world, path):
        return emp.empowerment(world, 1, states=list(world.states)[:4], checkpoint=path)

    def verdict(self, rng):
        """Damage a copy of the first run, ask its question again, and compare."""
        shutil.rmtree(self.copy, ignore_errors=True)
        shutil.copytree(self.folder / "0", self.copy)
        names = sorted(path.name for path in self.copy.iterdir())
        chunks = [name for name in names if name.startswith("chunk")]
        hit = self.copy / str(rng.choice(names if rng.random() < 0.8 else ["manifest.json"]))
        chunk, other = (self.copy / str(rng.choice(chunks)) for _ in range(2))
        how = rng.integers(7)
        if how <= 2:
            hit.write_bytes(damaged_bytes(rng, hit.read_bytes()))
        elif how == 3:
            shutil.copy(self.folder / str(rng.integers(2)) / str(rng.choice(chunks)), other)
        elif how == 4:
            number = int(rng.choice([4, 5, 99, 10**6, 2**40]))
            shutil.copy(chunk, self.copy / f"chunk-{number:06d}.npz")
        elif how == 5:
            with np.load(chunk) as data:
                np.savez(chunk, **_changed_chunk(rng, dict(data)))
        else:
            manifest = self.copy / "manifest.json"
            found = damaged_json(rng, json.loads(manifest.read_text()))
            if rng.random() < 0.5 and isinstance(found, dict):
                parts = {name: each for name, each in found.items() if name not in ("format", "digest")}
                found |= {"digest": json_digest(parts)}
            manifest.write_text(json.dumps(found))
        try:
            found = self.ask(self.worlds[0], self.copy)
        except Exception as reason:
            return refusal(reason, str(self.copy))
        return "harmless" if _content(found) == _content(self.results[0]) else "believed"


def _changed_chunk(rng, arrays):
    name = str(rng.choice(list(arrays)))
    if rng.random() < 0.3:
        return {key: array for key, array in arrays.items() if key != name}
    return arrays | {name: damaged_array(rng, arrays[name])}


# --- recordings

PERSON = TableModel({"": {" tea": 0.25, " coffee": 0.5, "é": 0.25, "": 0.0}}, name="person")
OTHER = TableModel({"": {" tea": 0.5, " coffee": 0.25, "é": 0.25, "": 0.0}}, name="other")
ASKED = [
    lambda model: model.score("x", " tea"),
    lambda model: model.score("y", top=1),
    lambda model: list(model.step("x", 2, seed=1)),
    lambda model: model.sample("x", 2, seed=2),
]


def recorded(path, model):
    """Record the answers to all questions, and return the lines."""
    with Recorded(path, model) as recording:
        for ask in ASKED:
            ask(recording)
    return path.read_bytes().splitlines(keepends=True)


def _plain(answer):
    return [each if isinstance(each, str) else position_to_json(each) for each in answer]


def recording_verdict(rng, lines, others, path):
    """Damage a recording, ask everything again without its model and with it, and compare."""
    forged, how = False, rng.integers(5)
    if how <= 1:
        content = damaged_bytes(rng, b"".join(lines))
    elif how == 2:
        i, j = rng.integers(len(lines), size=2)
        other = others[rng.integers(len(others))] if rng.random() < 0.5 else lines[j]
        content = b"".join([*lines[:i], other, *lines[i + int(rng.integers(2)) :]])
    else:
        i = int(rng.integers(len(lines)))
        body = {name: value for name, value in json.loads(lines[i]).items() if name != "digest"}
        body, forged = damaged_json(rng, body), how == 4
        content = _resealed(lines, i, body if isinstance(body, dict) else {"key": body})
        if not forged:
            content = [*lines[:i], content[i][:-67] + lines[i][-67:], *lines[i + 1 :]]
        content = b"".join(content)
    path.write_bytes(content)
    said = [_replayed(path, model, forged) for model in (None, PERSON)]
    wrong = [each for each in said if each not in ("refused", "harmless", "read")]
    if said[0] == "refused" == said[1] and path.read_bytes() != content:
        return "changed although it was refused"
    return wrong[0] if wrong else said[0]


def _resealed(lines, number, body):
    """Return the lines with one that says something else, and with digests that fit."""
    seal, found = "", []
    for i, line in enumerate(lines):
        content = {name: value for name, value in json.loads(line).items() if name != "digest"}
        text = json.dumps(body if i == number else content).encode()  # NaN too, as a forger would write it
        digest = bytes_digest(seal.encode() + text)
        found.append(text[:-1] + f', "digest": "{digest}"}}\n'.encode())
        seal = seal or digest
    return found


def _replayed(path, model, forged):
    told = set()
    try:
        with Recorded(path, model) as recording:
            for ask in ASKED:
                try:
                    same = _plain(ask(recording)) == _plain(ask(PERSON))
                    told.add("harmless" if same else "read" if forged else "believed")
                except TokenModelError as reason:
                    told.add("harmless" if model is None and "has no answer" in str(reason) else f"unclear: {reason}")
    except emp.text.TierError:
        return "read" if forged else "believed"  # of a header that says another tier
    except Exception as reason:
        return refusal(reason, path.name)
    return next((each for each in told if each not in ("harmless", "read")), "read" if "read" in told else "harmless")


# --- files that the command line reads


def input_files(folder):
    """Write a file of each kind and return how each is read."""
    world = emp.worlds.slip_grid()
    np.save(folder / "world.npy", np.full((3, 2, 3), 1 / 3))
    np.savez(folder / "world.npz", transition=np.full((3, 2, 3), 1 / 3), terminal=np.array([2]))
    np.savez_compressed(folder / "packed.npz", transition=np.full((3, 2, 3), 1 / 3))
    sparse.save_npz(folder / "sparse.npz", sparse.csr_array(world.rows))
    (folder / "maze.txt").write_text("S.#\n..G\n")
    emp.write_pomdp(emp.worlds.tiger(), folder / "tiger.POMDP")
    np.save(folder / "channel.npy", np.full((2, 3), 1 / 3))
    (folder / "channel.csv").write_text(",a,b\nrain,0.9,0.1\nsun,0.2,0.8\n")
    read = dict.fromkeys(("world.npy", "world.npz", "packed.npz", "maze.txt", "tiger.POMDP"), read_world)
    read |= {name: lambda path: read_channel(path, False) for name in ("channel.npy", "channel.csv")}
    return [(folder / name, (folder / name).read_bytes(), reader) for name, reader in read.items()]


def input_verdict(rng, path, whole, reader):
    """Damage a file that carries no digest: it is read as something that can be, or refused."""
    path.write_bytes(damaged_bytes(rng, whole))
    try:
        reader(str(path))
    except Exception as reason:
        return refusal(reason, path.name)
    return "read"
