"""Parameters of emotions and desires, with the origin of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from empowerment.core import validate

Table = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class DesireParameters:
    """Parameters of the appraisal, of events, of desires and of decisions.

    The names of the presets say which appraisal they hold; everything else is the same in both. Each number is
    followed by its origin: the source [1]_ as known from its description, or this library. The defaults were chosen
    from about thirty settings so that the source's example happens in the delivery world: they show that it can
    happen, and are no evidence about people.

    Attributes
    ----------
    appraisal : tuple of shape (3, n_changes)
        Pleasure, arousal and dominance for one unit of each appraised change. Its form, two changes and three axes,
        is the source's; the numbers are the library's, and those of :meth:`source` are arguments.
    change_scale : tuple of float
        Size of one unit of each change. The library's.
    persistence : float
        Share of the mood that persists from one step to the next, from 0 to 1. The library's; the source has none, 0.
    rank_dominance : tuple of three float
        Dominance added in the lowest, the middle and the highest third of the ranks. The form is the source's, the
        numbers are the library's.
    threshold : float
        Euclidean distance of an emotion from that of the last event above which there is an event. That desires
        change at events alone ("sole trigger") is the source's; the number is the library's.
    gain : float
        Weight of deficits in an update. The library's.
    decay : float
        Share of earlier updates that decays in a step; applied at the next event. The library's.
    intensity : bool
        Whether an update is proportional to the distance of the emotion, up to `most_intensity`.
    most_intensity : float
        Largest distance that counts. The library's.
    least_desire : float
        Lower bound on the weights at an event, before normalization. The library's.
    temperature : float
        Temperature of the softmax over action values; 0 takes the best action, the first of several. The library's.
    discount : float
        Discount factor of the values. The library's.

    See Also
    --------
    simulate_agents : Run agents with these parameters.
    example_region : Vary the parameters.

    References
    ----------
    .. [1] arXiv:2510.13195.

    Examples
    --------
    >>> from empowerment.desire import DesireParameters
    >>> DesireParameters.shock().threshold
    1.2
    >>> DesireParameters.source(0.25, 0.5, threshold=0.5).appraisal
    ((0.25, 0.0), (0.0, 0.5), (0.0, 0.0))
    """

    appraisal: Table = ((0.5, 0.25), (0.0, -0.5), (0.0, 0.25))
    change_scale: tuple[float, ...] = (2.0, 2.0)
    persistence: float = 0.5
    rank_dominance: tuple[float, float, float] = (-0.4, 0.0, 0.4)
    threshold: float = 1.2
    gain: float = 2.0
    decay: float = 0.05
    intensity: bool = True
    most_intensity: float = 2.0
    least_desire: float = 0.02
    temperature: float = 0.05
    discount: float = 0.97

    def __post_init__(self) -> None:
        """Check every number."""
        table = validate.number_array(self.appraisal, "appraisal", 2, "(emotion axis, change)")
        scale = validate.number_table(self.change_scale, (table.shape[1],), "change_scale", "(n_changes,)")
        validate.number_table(table, (3, scale.size), "appraisal", "(pleasure, arousal and dominance; n_changes)")
        if (scale <= 0).any():
            raise ValueError(f"change_scale is {scale.tolist()}, expected numbers above 0")
        with np.errstate(over="ignore"):
            if not np.isfinite(table / scale).all():
                raise ValueError("appraisal over change_scale is beyond double precision, expected smaller numbers")
        ranks = validate.number_table(self.rank_dominance, (3,), "rank_dominance", "(low, middle, high)")
        object.__setattr__(self, "appraisal", tuple(map(tuple, table.tolist())))
        object.__setattr__(self, "change_scale", tuple(scale.tolist()))
        object.__setattr__(self, "rank_dominance", tuple(ranks.tolist()))
        validate.probability(self.persistence, "persistence")
        validate.probability(self.decay, "decay")
        validate.flag(self.intensity, "intensity")
        for name in ("gain", "most_intensity", "temperature"):
            validate.finite(getattr(self, name), name, least=0.0)
        threshold = validate.real(self.threshold)
        if threshold is None or not threshold >= 0:
            raise ValueError(
                f"threshold is {validate.shown(self.threshold)}, expected a distance of at least 0, or "
                "math.inf for no event at all"
            )
        least = validate.probability(self.least_desire, "least_desire")
        if least == 0:
            raise ValueError("least_desire is 0, expected a number above 0: a desire of 0 never comes back")
        validate.discount_below_one(self.discount)

    @classmethod
    def shock(cls, **changes: Any) -> DesireParameters:
        """Make the preset in which losses of health cause arousal and fear.

        Parameters
        ----------
        **changes
            Fields that differ from the preset, by name.

        Returns
        -------
        DesireParameters
            The parameters.
        """
        return _changed(cls(), changes)

    @classmethod
    def source(cls, pleasure: float, arousal: float, **changes: Any) -> DesireParameters:
        """Make the preset with the source's appraisal and no persistence of the mood.

        Parameters
        ----------
        pleasure : float
            The source's k_p: pleasure for each unit of additional income.
        arousal : float
            The source's k_a: arousal for each unit of additional health. Above 0 a crash lowers arousal, so that it
            is named sadness.
        **changes
            Fields that differ from the preset, by name.

        Returns
        -------
        DesireParameters
            The parameters.
        """
        pleasure, arousal = validate.finite(pleasure, "pleasure"), validate.finite(arousal, "arousal")
        literal = cls(appraisal=((pleasure, 0.0), (0.0, arousal), (0.0, 0.0)), persistence=0.0)
        return _changed(literal, changes)

    @classmethod
    def preset(cls, name: str, **changes: Any) -> DesireParameters:
        """Make the preset of a name.

        Parameters
        ----------
        name : {"shock", "source"}
            The latter with k_p = 0.25 and k_a = 0.5.
        **changes
            Fields that differ from the preset, by name.

        Returns
        -------
        DesireParameters
            The parameters.

        Raises
        ------
        ValueError
            If there is no preset of this name.
        """
        if validate.one_of(name, ("shock", "source"), "preset") == "shock":
            return cls.shock(**changes)
        return cls.source(0.25, 0.5, **changes)

    @property
    def n_changes(self) -> int:
        """Number of appraised changes."""
        return len(self.change_scale)

    @cached_property
    def weights(self) -> np.ndarray:
        """Contribution of each change, in its own unit, to each axis; of shape (3, n_changes), read-only."""
        found = np.array(self.appraisal) / np.array(self.change_scale)
        found.setflags(write=False)
        return found


def _changed(parameters: DesireParameters, changes: dict[str, Any]) -> DesireParameters:
    for name in changes:
        validate.one_of(name, DesireParameters.__dataclass_fields__, "parameter")
    return replace(parameters, **changes)
