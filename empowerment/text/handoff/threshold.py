"""Rules for the length of completions: a threshold on information, or the costs of reading and writing."""

from __future__ import annotations

import math
from dataclasses import dataclass

from empowerment.core import validate

# The same threshold in another unit differs in its last digits; this many are kept.
_DIGITS = 12


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


@dataclass(frozen=True, repr=False)
class Threshold:
    """Largest amount of information that a completion may decide for the person.

    A completion is allowed as long as the amount that a gate compares (for the default gate, the cumulative surprisal
    of the completion) is at most the threshold. A threshold of η bits on the cumulative surprisal is a threshold of
    2^-η on the probability of the completion. Use :meth:`bits`, :meth:`nats`, :meth:`probability` or
    :meth:`from_costs`, so that the unit is always named.

    Attributes
    ----------
    in_nats : float
        The threshold in nats, rounded to 12 significant digits, so that thresholds in different units compare equal.
    inclusive : bool
        Whether an amount of exactly the threshold is allowed. Equation 2 of [1]_ excludes it, Algorithm 1 of [1]_ and
        the default include it.

    See Also
    --------
    select : Apply a threshold to the positions of a text.
    calibrate : Choose a threshold by feedback.
    Costs : The rule without a threshold.

    References
    ----------
    .. [1] "Training LLM Agents to Empower Humans", arXiv:2510.13709, equation 2 and Algorithm 1.

    Examples
    --------
    >>> from empowerment.text import Threshold
    >>> Threshold.probability(0.5)
    Threshold(1 bits, probability 0.5)
    >>> Threshold.bits(1) == Threshold.probability(0.5)
    True
    """

    in_nats: float
    inclusive: bool = True

    def __post_init__(self) -> None:
        nats = validate.finite(self.in_nats, "in_nats", least=0.0)
        object.__setattr__(self, "in_nats", _rounded(nats))
        object.__setattr__(self, "inclusive", validate.flag(self.inclusive, "inclusive"))

    @classmethod
    def bits(cls, amount: float, *, inclusive: bool = True) -> Threshold:
        """Make a threshold from an amount in bits.

        Parameters
        ----------
        amount : float
            At least 0. The simulations of the paper use 0.32, its user study 4.
        inclusive : bool
            Whether an amount of exactly the threshold is allowed.

        Returns
        -------
        Threshold
            The threshold.

        Raises
        ------
        ValueError
            If `amount` is no finite number of at least 0.
        """
        return cls(validate.finite(amount, "amount", least=0.0) * math.log(2), inclusive)

    @classmethod
    def nats(cls, amount: float, *, inclusive: bool = True) -> Threshold:
        """Make a threshold from an amount in nats.

        Parameters
        ----------
        amount : float
            At least 0.
        inclusive : bool
            Whether an amount of exactly the threshold is allowed.

        Returns
        -------
        Threshold
            The threshold.
        """
        return cls(validate.finite(amount, "amount", least=0.0), inclusive)

    @classmethod
    def probability(cls, least: float, *, inclusive: bool = True) -> Threshold:
        """Make the threshold that allows completions of at least a given probability.

        Parameters
        ----------
        least : float
            Above 0 and at most 1. The code of the paper uses 0.8.
        inclusive : bool
            Whether a completion of exactly this probability is allowed.

        Returns
        -------
        Threshold
            The threshold.

        Raises
        ------
        ValueError
            If `least` is no probability above 0.
        """
        if validate.probability(least, "least") == 0:
            raise ValueError("least is 0, expected a probability above 0: with 0 nothing would ever be handed over")
        return cls(max(-math.log(least), 0.0), inclusive)

    @classmethod
    def from_costs(cls, read: float, write: float, *, inclusive: bool = True) -> Threshold:
        """Make the threshold up to which reading one more token saves effort.

        A token that is correct with probability p saves `write` and costs `read`, so it saves effort while p is at
        least ``read / write``.

        Parameters
        ----------
        read, write : float
            Effort of reading and of writing a token, in any common unit; above 0, and `read` at most `write`.
        inclusive : bool
            Whether to allow a token at which saving and cost are equal.

        Returns
        -------
        Threshold
            The threshold.

        Raises
        ------
        ValueError
            If reading costs more than writing: then no suggestion saves effort.

        Examples
        --------
        >>> from empowerment.text import Threshold
        >>> Threshold.from_costs(0.1, 0.5)
        Threshold(2.32193 bits, probability 0.2)
        """
        return Costs(read, write).threshold(inclusive=inclusive)

    @property
    def in_bits(self) -> float:
        """The threshold in bits."""
        return _rounded(self.in_nats / math.log(2))

    @property
    def least_probability(self) -> float:
        """The smallest probability that it allows, e to the power of minus the threshold in nats."""
        return _rounded(math.exp(-self.in_nats))

    def __repr__(self) -> str:
        exclusive = "" if self.inclusive else ", exclusive"
        return f"Threshold({self.in_bits:.6g} bits, probability {self.least_probability:.6g}{exclusive})"


@dataclass(frozen=True)
class Costs:
    """Effort of reading and of writing one token, which decides a length without a threshold.

    A completion of n tokens costs ``n read`` to read and, if it is correct, saves ``n write``. The cost-optimal
    length maximizes ``n (write P_n - read)``, where P_n is the probability of its first n tokens.

    Attributes
    ----------
    read, write : float
        Effort in any common unit; above 0, and `read` at most `write`. The defaults are those of the discounted pass
        rate of the paper [1]_.

    See Also
    --------
    select : Find the cost-optimal length.
    Threshold.from_costs : Make a threshold of the same costs.

    References
    ----------
    .. [1] "Training LLM Agents to Empower Humans", arXiv:2510.13709, section on evaluation.

    Examples
    --------
    >>> from empowerment.text import Costs
    >>> Costs(read=0.1, write=0.5).threshold()
    Threshold(2.32193 bits, probability 0.2)
    """

    read: float = 0.1
    write: float = 0.5

    def __post_init__(self) -> None:
        for name in ("read", "write"):
            object.__setattr__(self, name, validate.finite(getattr(self, name), name, above=0.0))
        if self.read > self.write:
            raise ValueError(
                f"read is {self.read:g} and write is {self.write:g}, expected read of at most write: where reading a "
                "token costs more than writing it, no suggestion pays"
            )

    def threshold(self, *, inclusive: bool = True) -> Threshold:
        """Make the threshold beyond which no completion saves effort, whatever its length.

        Parameters
        ----------
        inclusive : bool
            Whether to allow a completion at which saving and cost are equal.

        Returns
        -------
        Threshold
            The threshold.
        """
        return Threshold(max(math.log(self.write) - math.log(self.read), 0.0), inclusive)
