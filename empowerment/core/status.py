"""How a capacity was reached, what a method is worth, and what is said when a tolerance is missed."""

from __future__ import annotations

import enum
import warnings


class Status(enum.IntEnum):
    """Outcome of a solver as an integer that fits into arrays.

    `sentence` explains it and says what can be done.

    Attributes
    ----------
    CERTIFIED, RESTARTED, SQUAREM, BLAHUT_ARIMOTO, HANDED_OVER
        The interval is no wider than the tolerance; the names say which method reached it.
    MAX_ITER, PRECISION, BOUNDED, NODE_LIMIT, TIME_LIMIT
        The interval holds and is wider than the tolerance.
    NO_SEQUENCE
        There is no admissible input, and the value is 0.

    See Also
    --------
    ConvergenceWarning : The warning for an interval that is wider than the tolerance.
    CapacityResult : A result with a status.

    Examples
    --------
    >>> import empowerment as emp
    >>> emp.Status(int(emp.channel_capacity([[1, 0], [0, 1]]).status))
    <Status.CERTIFIED: 0>
    >>> emp.Status.PRECISION.sentence
    'rounding errors came first: the interval holds but is wider than the tolerance; raise tol'
    """

    CERTIFIED = 0
    RESTARTED = 1
    SQUAREM = 2
    BLAHUT_ARIMOTO = 3
    MAX_ITER = 4
    PRECISION = 5
    NO_SEQUENCE = 6
    BOUNDED = 7
    HANDED_OVER = 8
    NODE_LIMIT = 9
    TIME_LIMIT = 10

    @property
    def sentence(self) -> str:
        """What the status means and, where something can be done, what."""
        return _SENTENCES[self]


_SENTENCES = {
    Status.CERTIFIED: "certified: the interval is no wider than the tolerance",
    Status.RESTARTED: "certified, but the interior-point method had to start again from the uniform distribution",
    Status.SQUAREM: "certified, but only after SQUAREM went on where the working set stopped short",
    Status.BLAHUT_ARIMOTO: "certified, but only after plain Blahut-Arimoto went on where the others stopped short",
    Status.MAX_ITER: "the iteration limit came first: the interval holds but is wider than the tolerance; "
    "raise max_iter or tol",
    Status.PRECISION: "rounding errors came first: the interval holds but is wider than the tolerance; raise tol",
    Status.NO_SEQUENCE: "no action sequence of this length is available (with feedback: whatever is done may lead to "
    "where no action is), so there is nothing to choose from",
    Status.BOUNDED: "not every action sequence or policy was looked at: the interval holds but is wider than the "
    "tolerance; raise max_sequences and memory, or shorten the horizon, for an exact value",
    Status.NODE_LIMIT: "the limit on sets of policies came first: the interval holds but is wider than the "
    "tolerance; raise max_nodes or tol",
    Status.TIME_LIMIT: "the limit on time came first: the interval holds but is wider than the tolerance; raise "
    "max_seconds or tol",
    Status.HANDED_OVER: "certified, but on the CPU: on the device the iteration stopped short",
}


class ConvergenceWarning(UserWarning):
    """The interval holds but is wider than the tolerance that was asked for.

    See Also
    --------
    Status : Outcome of a solver; its sentence explains it.

    Examples
    --------
    >>> import warnings
    >>> import empowerment as emp
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     result = emp.channel_capacity([[0.9, 0.1], [0.2, 0.8]], method="blahut-arimoto", max_iter=2)
    >>> caught[0].category.__name__, bool(result.lower < result.upper)
    ('ConvergenceWarning', True)
    """


class LongRunWarning(UserWarning):
    """The work that begins is expected to take minutes.

    It comes before trajectories alone, whose number grows so fast with the horizon that one step more may make hours
    of seconds. Ctrl-C ends the work; a filter of `warnings` keeps it quiet.

    See Also
    --------
    empowerment : Warns before trajectories that take long.

    Examples
    --------
    >>> import warnings
    >>> import empowerment as emp
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", emp.LongRunWarning)
    ...     result = emp.empowerment(emp.worlds.slip_grid(), 2, states=(4, 4), output="trajectory")
    >>> round(float(result), 6)
    3.164299
    """


KINDS = {
    "counting": "exact",
    "enumeration": "exact",
    "column-generation": "exact",
    "dynamic-programming": "exact",
    "policy-trees": "exact",
    "soft-dynamic-programming": "exact",
    "sequence-form": "exact",
    "interval": "interval",
    "sampled": "lower bound",
}
"""What a method of `empowerment` is worth: of an exact one the interval is as wide as rounding makes it."""


ON_FAILURE = ("warn", "raise", "ignore")


def report_failure(sentence: str, on_failure: str, stacklevel: int = 3) -> None:
    """Say that a tolerance was missed, in the way the caller of a public function chose among `ON_FAILURE`."""
    if on_failure == "raise":
        raise RuntimeError(sentence)
    if on_failure == "warn":
        warnings.warn(sentence, ConvergenceWarning, stacklevel=stacklevel)
