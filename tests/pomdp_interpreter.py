"""What a .POMDP file says, by plain and slow means: every table is a full array, and statements fill it in turn.

The oracle of the reader of such files; it shares no code with it, and knows no message. Grammar and words are those
of A. R. Cassandra's pomdp-solve, with what the reader adds: numbers may begin with a point, lines may be left out of
the preamble, and ``start:`` takes a state in a POMDP too.
"""

import re

import numpy as np

HEADS = ["discount", "values", "states", "actions", "observations", "start", "T", "O", "R"]
RESERVED = {*HEADS, "uniform", "identity", "reset", "reward", "cost", "include", "exclude"}
NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
MANY = 200


class RefusedError(Exception):
    """The file is none of the format."""


class TooLargeError(Exception):
    """The file may be right, but its tables are too large to be written out."""


def interpreted(data, normalize=False):
    """Return what bytes say: a dict of labels, arrays and the discount; raise RefusedError if they are no file."""
    return Reading(words_of(data), normalize).model()


def words_of(data):
    """Return the words of all lines, comments aside."""
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="surrogateescape")
    found = []
    for line in re.split("\r\n|\r|\n", text):
        said = line.split("#")[0]
        if re.search("[\udc80-\udcff]", said):
            raise RefusedError
        for part in said.split():
            for chunk in re.split("([:*])", part):
                if re.fullmatch(rf"[+-]?{NUMBER}([+-]{NUMBER})*[+-]?", chunk, re.ASCII):
                    found += re.findall(rf"[+-]?{NUMBER}|[+-]", chunk, re.ASCII)
                elif chunk:
                    found.append(chunk)
    return found


class Reading:
    """One pass over the words."""

    def __init__(self, words, normalize):
        self.words, self.at, self.normalize = words, 0, normalize
        self.names, self.given = {}, set()
        self.discount, self.is_cost, self.start, self.table = None, False, None, {}
        while self.at < len(words):
            self.statement()
        self.begin()

    # --- words

    def word(self, ahead=0):
        return self.words[self.at + ahead] if self.at + ahead < len(self.words) else ""

    def take(self):
        self.at += 1
        return self.words[self.at - 1] if self.at <= len(self.words) else ""

    def skip(self, word):
        self.at += (found := self.word() == word)
        return found

    def need(self, condition):
        if not condition:
            raise RefusedError

    def is_number(self):
        return self.word() in ("+", "-") or re.fullmatch(f"[+-]?{NUMBER}", self.word(), re.ASCII)

    def number(self):
        word = self.take()
        if word in ("+", "-"):
            self.need(re.fullmatch(NUMBER, self.word(), re.ASCII))
            word += self.take()
        self.need(re.fullmatch(f"[+-]?{NUMBER}", word, re.ASCII))
        self.need(abs(float(word)) < np.inf)
        return float(word)

    def weight(self):
        value = self.number()
        self.need(value >= -1e-12 if self.normalize else 0 <= value <= 1)
        return max(value, 0.0)

    def numbers(self, count, read):
        return [read() for _ in range(count)]

    # --- names

    def ends_list(self):
        word = self.word()
        starts = word == "start" and self.word(1) in ("include", "exclude")
        return not word or starts or (re.match("[A-Za-z]", word) and self.word(1) == ":")

    def elements(self):
        if re.fullmatch(r"\d+", self.word(), re.ASCII):
            count = self.take()
            if len(count) > 15:
                raise RefusedError
            self.need(int(count) > 0)
            if int(count) > MANY:
                raise TooLargeError
            return list(range(int(count)))
        found = []
        while not self.ends_list():
            word = self.take()
            self.need(re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", word) and word not in RESERVED and word not in found)
            found.append(word)
        self.need(found)
        return found

    def place(self, kind, wildcard=True):
        """Return the numbers of one element or of all."""
        known, word = self.names[kind], self.take()
        if word == "*" and wildcard:
            return list(range(len(known)))
        if word in known:
            return [known.index(word)]
        self.need(re.fullmatch(r"\d{1,15}", word, re.ASCII) and int(word) < len(known))
        return [int(word)]

    # --- statements

    def statement(self):
        head = self.take()
        self.need(head in HEADS)
        self.need(head in "TOR" or head not in self.given)
        if head in "TOR":
            self.begin()
        if head == "start":
            self.need("states" in self.given)
        else:
            self.need(self.skip(":"))
        self.given.add(head)
        names = {"T": "transition", "O": "observation", "R": "reward"}
        getattr(self, f"read_{names.get(head, head)}")()

    def begin(self):
        self.need({"states", "actions"} <= self.given)
        if not self.table:
            n, m, k = (len(self.names.get(kind, [0])) for kind in ("states", "actions", "observations"))
            if n * n * m * k > MANY**2:
                raise TooLargeError
            self.table = {"T": np.zeros((m, n, n)), "O": np.zeros((m, n, k)), "R": np.zeros((m, n, n, k))}

    def read_discount(self):
        self.discount = self.number()
        self.need(0 <= self.discount <= 1)

    def read_values(self):
        word = self.take()
        self.need(word in ("reward", "cost"))
        self.is_cost = word == "cost"

    def read_states(self):
        self.names["states"] = self.elements()

    def read_actions(self):
        self.names["actions"] = self.elements()

    def read_observations(self):
        self.need(not self.table)
        self.names["observations"] = self.elements()

    def read_start(self):
        n = len(self.names["states"])
        if self.skip("include") or self.skip("exclude"):
            included = self.word(-1) == "include"
            self.need(self.skip(":"))
            listed = np.zeros(n, dtype=bool)
            while not self.ends_list():
                listed[self.place("states", wildcard=False)] = True
            chosen = listed if included else ~listed
            self.need(chosen.any())
            self.start = chosen / chosen.sum()
            return
        self.need(self.skip(":"))
        if self.skip("uniform"):
            self.start = np.full(n, 1 / n)
        elif not self.is_number():
            self.start = np.eye(n)[self.place("states", wildcard=False)[0]]
        else:
            word, values = self.word(), []
            while self.is_number():
                values.append(self.number())
            whole = re.fullmatch(r"\d{1,15}", word, re.ASCII)
            if len(values) == 1 and whole and int(word) < n and not (n == 1 and int(word) == 1):
                self.start = np.eye(n)[int(word)]
            else:
                self.need(len(values) == n and min(values) >= (-1e-12 if self.normalize else 0))
                self.need(self.normalize or max(values) <= 1)
                self.start = np.maximum(values, 0)

    def read_transition(self):
        self.fill("T", "states")

    def read_observation(self):
        self.need("observations" in self.names)
        self.fill("O", "observations")

    def fill(self, head, outcomes):
        table, axes = self.table[head], [self.place("actions")]
        for kind in ("states", outcomes):
            if not self.skip(":"):
                break
            axes.append(self.place(kind))
        where = np.ix_(*axes)
        n, k = table.shape[1:]
        if len(axes) == 3:
            table[where] = self.weight()
        elif self.skip("uniform"):
            table[where] = 1 / k
        elif len(axes) == 1 and n == k and self.skip("identity"):
            table[where] = np.eye(n)
        elif len(axes) == 2 and head == "T" and self.word() == "reset":
            self.take()
            self.need(self.start is not None)
            table[where] = self.start
        else:
            shape = table.shape[len(axes) :]
            table[where] = np.reshape(self.numbers(int(np.prod(shape)), self.weight), shape)

    def read_reward(self):
        table, axes, is_mdp = self.table["R"], [self.place("actions")], "observations" not in self.names
        for kind in ("states", "states", "observations"):
            if not self.skip(":"):
                self.need(is_mdp or len(axes) > 1)
                break
            if kind == "observations" and is_mdp:
                self.need(self.skip("*"))
                axes.append([0])
            else:
                axes.append(self.place(kind))
        shape = table.shape[len(axes) :]
        table[np.ix_(*axes)] = np.reshape(self.numbers(int(np.prod(shape)), self.number), shape)

    # --- the model

    def settled(self, rows, may_lack=False):
        with np.errstate(over="ignore"):
            sums = rows.sum(axis=-1, keepdims=True)
        lacking = (sums == 0) & may_lack
        good = (sums > 0) & (sums < np.inf) if self.normalize else abs(sums - 1) <= 1e-4
        self.need((good | lacking).all())
        return rows / np.where((abs(sums - 1) > 1e-9) & ~lacking, sums, 1)

    def model(self):
        transition = self.settled(self.table["T"])
        observation, is_mdp = self.table["O"], "observations" not in self.names
        if is_mdp:
            observation = np.ones_like(observation)
        else:
            observation = self.settled(observation, ~transition.any(axis=1)[..., None])
        said = self.table["R"]
        low, high = said.min(), said.max()
        rewards = np.einsum("ast,ato,asto->sa", transition, observation, said / max(-low, high, 1.0))
        rewards = rewards * max(-low, high, 1.0) * (-1 if self.is_cost else 1)
        return {
            **self.names,
            "transition": np.moveaxis(transition, 0, 1),
            "observation": None if is_mdp else observation,
            "initial": None if self.start is None else self.settled(self.start),
            "rewards": rewards if "R" in self.given else None,
            "discount": self.discount,
            "scale": max(-low, high, 1.0),
        }
