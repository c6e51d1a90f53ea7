"""The protocol by which language models report distributions of next tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, cast, runtime_checkable

from empowerment.core import validate
from empowerment.text.position import Position
from empowerment.text.tiers import Tier, TierError
from empowerment.text.token_list import Outcome


@runtime_checkable
class TokenModel(Protocol):
    """Protocol of language models: distributions of next tokens, or generated texts.

    Probabilities are the model's own, before any temperature, penalty or truncation by a sampler. A provider offers
    the methods up to its `tier`; the others raise a :class:`TierError`. :class:`Provider` is a base class for
    implementations, and :func:`empowerment.testing.check_token_model` tests this contract.

    See Also
    --------
    Provider : Base class for implementations.
    TableModel : A model from a table of probabilities.
    FunctionModel : A model from a function.
    empowerment.testing.check_token_model : Test an implementation.

    Examples
    --------
    >>> from empowerment.text import TableModel, TokenModel
    >>> model = TableModel({"": {" yes": 0.9, " no": 0.1}})
    >>> isinstance(model, TokenModel), len(model.score("Tea?", " yes"))
    (True, 2)
    """

    @property
    def tier(self) -> Tier:
        """Which of the methods the model offers."""
        ...

    @property
    def name(self) -> str:
        """The model and every setting that its answers depend on; recorded answers are kept under it."""
        ...

    @property
    def vocabulary_size(self) -> int | None:
        """How many tokens there are; None if the provider does not tell."""
        ...

    @property
    def ends(self) -> Sequence[Outcome]:
        """The tokens that end a text, as `also` takes them; empty if the provider does not tell them."""
        ...

    def score(
        self, prefix: str, text: str = "", *, top: int | None = None, also: Sequence[Outcome] = ()
    ) -> list[Position]:
        """Return the distribution at each token of `text` after `prefix`, and the one after it.

        The end of the prefix is a boundary between tokens.

        Parameters
        ----------
        prefix : str
            The text before; its end is a boundary between tokens.
        text : str
            The text to score.
        top : int, optional
            Number of the most probable tokens to list; by default all that the provider reports. The token of the
            text is listed wherever the provider reports its probability.
        also : sequence of outcomes
            Further tokens to list at the last position, the one after the text, as :attr:`Position.outcomes` names
            them. They may be listed at other positions, too, where that costs nothing.

        Returns
        -------
        list of Position
            One for each token of the text, and one for the token after it.
        """
        ...

    def step(
        self, prefix: str, max_tokens: int = 1, *, top: int = 20, temperature: float = 0.0, seed: int | None = None
    ) -> Iterator[Position]:
        """Yield the tokens that the model generates after `prefix`, each with its distribution.

        The distributions are the model's own whatever the temperature; 0 takes the most probable token.

        Parameters
        ----------
        prefix : str
            The text before.
        max_tokens : int
            Largest number of tokens to generate.
        top : int
            Number of the most probable tokens to list.
        temperature : float
            Temperature of the sampler; 0 takes the most probable token. The reported distributions are the model's
            own, whatever the temperature.
        seed : int, optional
            Seed of the draws.

        Yields
        ------
        Position
            The position of each generated token.
        """
        ...

    def sample(
        self, prefix: str, n: int, *, max_tokens: int = 16, temperature: float = 1.0, seed: int | None = None
    ) -> list[str]:
        """Generate texts after `prefix`.

        Parameters
        ----------
        prefix : str
            The text before.
        n : int
            Number of texts.
        max_tokens : int
            Largest number of tokens of a text.
        temperature : float
            Temperature of the sampler.
        seed : int, optional
            Seed of the draws.

        Returns
        -------
        list of str
            The generated texts.
        """
        ...


def check_model(model: object, needed: Tier = Tier.SAMPLE, what: str = "", hint: str = "") -> None:
    """Refuse an object that is no token model, or one of a tier below `needed`; `hint` says what to do."""
    validate.offers(model, ("tier", "name", "ends", "score", "step", "sample"), "model", "a token model")
    if cast(TokenModel, model).tier < needed:
        raise refusal(cast(TokenModel, model), needed, what, hint)


def refusal(model: TokenModel, needed: Tier, what: str, hint: str = "") -> TierError:
    """Return the error that says that a model offers less than `what` needs."""
    return TierError(
        f"{what} needs the tier {needed.name}: a model that {needed.sentence}; {model.name} is of the tier "
        f"{model.tier.name}, which {model.tier.sentence}{f'; {hint}' if hint else ''}"
    )
