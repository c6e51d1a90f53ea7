"""Labels of states and observations of a sparse model of Storm, from the values of its variables."""

from __future__ import annotations

from typing import Any

# Where an automaton of a JANI model is; it has a variable for it even if there is only one place.
_LOCATION = "_loc_"


def valuation_labels(valuations: Any, count: int) -> tuple[Any, ...]:
    """Return the values of the variables for each state or observation, and numbers where they do not tell all apart.

    Parameters
    ----------
    valuations : stormpy.models.Valuations or None
    count : int
        Number of states or observations.

    Returns
    -------
    tuple
        Tuples of the values in Storm's order of the variables; of a single variable, its values.
    """
    columns = [] if valuations is None else _columns(valuations)
    labels = columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))
    distinct = len(labels) == count == len(set(labels))
    return tuple(labels) if distinct else tuple(range(count))


def _columns(valuations: Any) -> list[list[Any]]:
    variables = sorted(valuations.get_all_variables(), key=lambda variable: variable.index)
    # Real numbers are no part of a state: JANI has variables for the rewards of a step.
    counted = [variable for variable in variables if not variable.has_rational_type()]
    columns = [(variable.name, list(valuations.get_values_states(variable))) for variable in counted]
    return [values for name, values in columns if not (name.startswith(_LOCATION) and len(set(values)) == 1)]
