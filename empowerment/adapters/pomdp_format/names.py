"""States, actions and observations of a .POMDP file, and their names."""

from __future__ import annotations

from collections.abc import Sequence

from empowerment.adapters.pomdp_format.sizes import PER_LABEL, MemoryLimit
from empowerment.adapters.pomdp_format.tokens import HEADS, NAMES, RESERVED, Tokens, is_name, shortened

KNOWN_STATEMENTS = f"the known ones are {', '.join(f'{head}:' for head in HEADS)}"


class Elements:
    """The states, the actions or the observations.

    Attributes
    ----------
    kind : str
        "state", "action" or "observation".
    labels : sequence of str, or range
        Their names, or their numbers where the file gives a count.
    """

    def __init__(self, kind: str, labels: Sequence[str] | range) -> None:
        self.kind, self.labels = kind, labels
        named = () if isinstance(labels, range) else labels
        self._number_of = {label: number for number, label in enumerate(named)}

    def __len__(self) -> int:
        return len(self.labels)

    def __contains__(self, name: str) -> bool:
        return name in self._number_of

    def read(self, tokens: Tokens, wildcard: bool = True) -> int | None:
        """Return the number of the element at the cursor, None for a wildcard, and advance."""
        if wildcard and tokens.skip("*"):
            return None
        number = tokens.count()
        if number is None:
            number = self._number_of.get(tokens.word, len(self))
        if number >= len(self):
            names = ", ".join(map(shortened, self.labels[:6])) + (", …" if len(self) > 6 else "")
            raise tokens.error(f"one of the {len(self)} {self.kind}s {names}" + (", or *" if wildcard else ""))
        tokens.take()
        return number


def read_elements(kind: str, tokens: Tokens, limit: MemoryLimit) -> Elements:
    """Read the number of elements, or the list of their names, which ends where a statement begins."""
    if tokens.at_number():
        return Elements(kind, range(_read_count(kind, tokens, limit)))
    names: dict[str, None] = {}
    opens_line = ""
    while tokens.word and not tokens.begins_statement():
        if not is_name(tokens.word):
            raise _complaint_about_a_name(kind, names, opens_line, tokens)
        if tokens.word in names:
            raise tokens.error(f"names of {kind}s that differ")
        limit.check(len(names) + 1, PER_LABEL, f"{len(names) + 1:,} {kind}s", tokens.line)
        opens_line = tokens.word if names and tokens.begins_line else ""
        names[tokens.take()] = None
    if not names:
        raise tokens.error(f"how many {kind}s there are, or their names")
    return Elements(kind, tuple(names))


def _read_count(kind: str, tokens: Tokens, limit: MemoryLimit) -> int:
    count = tokens.count()
    if count is None:
        hint = "; no memory holds so many" if tokens.word.isdecimal() else "; a count has digits only"
        raise tokens.error(f"how many {kind}s there are, or their names", hint)
    if tokens.ahead()[:1].isdecimal():
        raise tokens.error(f"one number, that of all {kind}s, or names, which begin with a letter")
    if count == 0:
        raise tokens.error(f"at least one {kind}")
    limit.check(count, PER_LABEL, f"{count:,} {kind}s", tokens.line)
    tokens.take()
    return count


def _complaint_about_a_name(kind: str, names: dict[str, None], before: str, tokens: Tokens) -> ValueError:
    """Return the error about a word that is no name; `before` is a word that may have begun a statement."""
    word, a_kind = tokens.word, f"{'a' if kind == 'state' else 'an'} {kind}"
    reserved = f"{word!r} is a reserved word of the format: give the {kind} another name throughout the file"
    if word in HEADS and names and tokens.begins_line:
        tokens.take()
        wanted = "':', 'include:' or 'exclude:'" if word == "start" else "':'"
        return tokens.error(f"{wanted} after {word!r}", f"; or, if that is to be {a_kind}: {reserved}")
    if word in RESERVED:
        return tokens.error(f"the name of {a_kind}", f"; {reserved}")
    if before:
        return tokens.error(
            f"the name of {a_kind}",
            f"; if {shortened(before)!r} begins a statement, it is unknown: {KNOWN_STATEMENTS}",
        )
    return tokens.error(f"the name of {a_kind}", f"; a name is {NAMES}")
