"""What token models offer, and the errors they raise."""

from __future__ import annotations

import enum


class TokenModelError(RuntimeError):
    """Failure of a token model to answer.

    The message names the request, the answer, and what to try.

    See Also
    --------
    TierError : A request that a model of this tier never answers.
    ask_each : Collect such errors while other prompts go on.

    Examples
    --------
    >>> from empowerment.text import TableModel, TokenModelError
    >>> try:
    ...     TableModel({"": {" yes": 1.0}}).score("Tea?", " no")
    ... except TokenModelError:
    ...     print("no distribution")
    no distribution
    """


class TierError(TypeError):
    """Request for more than a token model offers.

    See Also
    --------
    Tier : What a token model offers.
    TokenModelError : A failure to answer.

    Examples
    --------
    >>> from empowerment.text import FunctionModel, TierError
    >>> writer = FunctionModel(write=lambda prefix, rng: " yes")
    >>> try:
    ...     writer.score("Tea?", " yes")
    ... except TierError:
    ...     print("writes texts only")
    writes texts only
    """


class Tier(enum.IntEnum):
    """What a token model offers; each tier includes those below it.

    Attributes
    ----------
    SAMPLE
        Writes texts, without probabilities.
    STEP
        Reports the probabilities of the tokens that it generates.
    SCORE
        Reports the probabilities of the tokens of any given text.

    See Also
    --------
    TokenModel : The protocol of token models.
    TierError : The error for a request above the tier.

    Examples
    --------
    >>> from empowerment.text import TableModel, Tier
    >>> TableModel({"": {" yes": 1.0}}).tier >= Tier.STEP
    True
    >>> Tier.SCORE.sentence
    'reports the probabilities of the tokens of any given text'
    """

    SAMPLE = 1
    STEP = 2
    SCORE = 3

    @property
    def sentence(self) -> str:
        """Description of what a model of this tier does."""
        return _SENTENCES[self]


_SENTENCES = {
    Tier.SAMPLE: "writes texts, without probabilities",
    Tier.STEP: "reports the probabilities of the tokens that it generates",
    Tier.SCORE: "reports the probabilities of the tokens of any given text",
}
