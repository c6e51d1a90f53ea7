"""Token models from tables: exact, small and in NumPy alone, for tests, documentation and small examples."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from empowerment.core import validate
from empowerment.text.position import Position
from empowerment.text.provider import Provider
from empowerment.text.tiers import Tier, TokenModelError
from empowerment.text.token_list import Outcome

# Words with the space before them, line breaks, and each other sign by itself.
_WORDS = re.compile(r" ?\w+|\s|[^\w\s]")


class TableModel(Provider):
    """Token model from a table of next tokens, looked up by the longest context that the text ends with.

    Parameters
    ----------
    table : mapping from str to mapping from str to float
        ``table[context][token]`` is the probability that `token` follows a text that ends with `context`. The longest
        context that fits is used; ``""`` fits always. The token ``""`` ends a text.
    name : str, optional
        Name of the model; by default made from the table.

    Raises
    ------
    ValueError
        If the probabilities of a context are negative or do not sum to 1.

    See Also
    --------
    FunctionModel : A model from a function.
    TokenModel : The contract.

    Notes
    -----
    A text is split into tokens from its beginning, always at the longest token that fits.

    Examples
    --------
    >>> from empowerment.text import TableModel
    >>> person = TableModel({
    ...     "Tea or coffee?": {" tea": 0.5, " coffee": 0.5},
    ...     "You should have tea.": {" tea": 0.9, " coffee": 0.1},
    ...     "": {"": 1.0},
    ... })
    >>> person.score("You should have tea.", " tea")[0]
    Position(3 of 3 tokens, mass 1, b' tea' has 0.9, entropy in [0.469, 0.469] bits)
    """

    tier = Tier.SCORE

    def __init__(self, table: Mapping[str, Mapping[str, float]], name: str | None = None) -> None:
        if not isinstance(table, Mapping) or not all(isinstance(row, Mapping) for row in table.values()):
            raise TypeError(f"table is {validate.shown(table)}, expected a mapping of texts to mappings of tokens")
        name = None if name is None else validate.text(name, "name")
        for context, row in table.items():
            validate.text(context, "a context of table")
            for token in row:
                validate.text(token, f"a token of table[{context!r}]")
        words = dict.fromkeys(token for row in table.values() for token in row)
        self._ids = {token: i for i, token in enumerate(words)}
        self._tokens = tuple(token.encode() for token in words)
        self._longest_first = sorted(filter(None, words), key=len, reverse=True)
        self._logs = {context: self._checked_row(context, row) for context, row in table.items()}
        self._lengths = sorted({len(context) for context in table}, reverse=True)
        self.vocabulary_size = len(words)
        self.ends = (self._ids[""],) if "" in self._ids else ()
        content = json.dumps({context: dict(row) for context, row in table.items()}, sort_keys=True)
        self.name = name or f"table-{hashlib.sha256(content.encode()).hexdigest()[:12]}"

    @classmethod
    def from_texts(
        cls, texts: Iterable[str], order: int = 2, smoothing: float = 0.1, name: str | None = None
    ) -> TableModel:
        """Make a model from counts of which words follow which in some texts.

        Parameters
        ----------
        texts : iterable of str
            The texts.
        order : int
            Largest number of words in a context; contexts that did not occur fall back on shorter ones.
        smoothing : float
            Number added to the count of each token in each context; with 0, tokens that did not occur are impossible.
        name : str, optional
            Name of the model; by default made from the table.

        Returns
        -------
        TableModel
            The model.

        Examples
        --------
        >>> from empowerment.text import TableModel
        >>> model = TableModel.from_texts(["the cat sat", "the cat ran"], order=1, smoothing=0)
        >>> model.score("the", " cat sat")[1]
        Position(5 of 5 tokens, mass 1, b' sat' has 0.5, entropy in [1, 1] bits)
        """
        texts, order = validate.texts(texts, "texts"), validate.horizon(order, "order")
        smoothing = validate.finite(smoothing, "smoothing", least=0.0)
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for text in texts:
            words = [*_WORDS.findall(text), ""]
            for i, word in enumerate(words):
                for length in range(min(order, i) + 1):
                    counts["".join(words[i - length : i])][word] += 1
        vocabulary = list(counts[""])
        table = {}
        for context, seen in counts.items():
            total = sum(seen.values()) + smoothing * len(vocabulary)
            table[context] = {word: (seen[word] + smoothing) / total for word in vocabulary}
        return cls(table, name)

    def _checked_row(self, context: str, row: Mapping[str, float]) -> np.ndarray:
        p = np.zeros(len(self._ids))
        for token, probability in row.items():
            p[self._ids[token]] = validate.probability(probability, f"table[{context!r}][{token!r}]")
        total = math.fsum(p)
        if abs(total - 1) > 1e-9:
            raise ValueError(f"table[{context!r}] sums to {total:.12g}, expected 1")
        with np.errstate(divide="ignore"):
            return np.log(p / total)

    def score(
        self, prefix: str, text: str = "", *, top: int | None = None, also: Sequence[Outcome] = ()
    ) -> list[Position]:
        """Return the distribution at each token of `text` after `prefix`, and the one after it.

        See :meth:`TokenModel.score`.
        """
        top = None if top is None else validate.positive_int(top, "top")
        positions, done, start = [], validate.text(prefix, "prefix"), 0
        for token in [*self._read(validate.text(text, "text")), None]:
            chosen = None if token is None else self._ids[token]
            position = Position.complete_list(self._tokens, self._row_after(done), chosen=chosen, start=start)
            positions.append(position if top is None else position.top(top, also=also))
            done, start = done + (token or ""), position.span[1]
        return positions

    def _row_after(self, text: str) -> np.ndarray:
        for length in self._lengths:
            row = self._logs.get(text[len(text) - length :]) if length <= len(text) else None
            if row is not None:
                return row
        raise TokenModelError(
            f"{self.name} has no context that {text[-40:]!r} ends with; the context '' would fit every text"
        )

    def _read(self, text: str) -> list[str]:
        tokens, i = [], 0
        while i < len(text):
            token = next((each for each in self._longest_first if text.startswith(each, i)), None)
            if token is None:
                raise TokenModelError(f"{self.name} has no token that {text[i : i + 20]!r} begins with")
            tokens.append(token)
            i += len(token)
        return tokens
