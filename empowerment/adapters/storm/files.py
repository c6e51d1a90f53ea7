"""Files of PRISM, JANI and DRN models, and the sparse models that Storm builds of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from empowerment.core import validate
from empowerment.runtime.optional import missing, required

_PRISM = (".prism", ".nm", ".pm", ".sm")
_JANI, _DRN = ".jani", ".drn"

# Parts of what Storm says, and what to do about it.
_PARAMETERS = "its probabilities have parameters: give them values in stormpy and pass the model of numbers"
_INTERVALS = "its probabilities are intervals, expected numbers: choose one in each interval"
_HINTS = {
    "'parametric'": _PARAMETERS,
    "interval": _INTERVALS,
    "parse value '[": _INTERVALS,
    "@nr_choices": "write a line '@nr_choices' and below it their number into the head of the file",
}


def sparse_model(model: Any, constants: Any) -> Any:
    """Return the sparse model of Storm that a file or a program describes, or the model itself.

    Parameters
    ----------
    model : path-like, program or sparse model of stormpy
    constants : mapping of str to number, or None
        Values of the constants that a program leaves open.

    Raises
    ------
    ValueError
        If the file is of no known format or Storm cannot read it, or constants are missing, unknown or of another
        type.
    TypeError
        If `model` is nothing of the kind.
    """
    values = _checked(constants)
    if isinstance(model, str | os.PathLike):
        path = os.fspath(validate.path(model, "model"))
        return _read(_library(f"reading {path!r}"), path, values)
    if hasattr(model, "undefined_constants_are_graph_preserving"):  # a PrismProgram or a JaniModel
        return _build(_library("building a model of a program"), model, values, "the program")
    if hasattr(model, "is_sparse_model"):
        _refuse_constants(values, "the model", "is built already")
        if not model.is_sparse_model:
            raise TypeError(
                "model is a symbolic model of Storm, expected a sparse one, as stormpy.build_model makes it"
            )
        return model
    raise TypeError(
        f"model is {validate.shown(model)}, expected a file of the PRISM language, of JANI or DRN, a program that "
        "stormpy has parsed, or a sparse model that it has built"
    )


def _library(what: str) -> Any:
    stormpy = required("stormpy", what)
    if not hasattr(stormpy, "instantiate_constants"):  # before version 2 everything was elsewhere
        raise missing(what, "stormpy")
    return stormpy


def _read(stormpy: Any, path: str, values: Mapping[str, Any]) -> Any:
    if not Path(path).is_file():
        raise FileNotFoundError(f"no file {path!r}, expected a model of the PRISM language, of JANI or DRN")
    suffix = Path(path).suffix.lower()
    if suffix == _DRN:
        _refuse_constants(values, repr(path), "is of the DRN format, whose numbers are written out")
        options = stormpy.io.DirectEncodingParserOptions()
        options.build_choice_labeling = True
        return _asked(repr(path), stormpy.build_model_from_drn, path, options=options)
    if suffix in _PRISM:
        program = _asked(repr(path), stormpy.parse_prism_program, path, prism_compatibility=True)
        return _build(stormpy, program, values, repr(path))
    if suffix == _JANI:
        program, _ = _asked(repr(path), stormpy.parse_jani_model, path, property_filter=[])
        return _build(stormpy, program, values, repr(path))
    raise ValueError(
        f"{path!r} ends in {suffix or 'no suffix'!r}, expected a file of the PRISM language ({', '.join(_PRISM)}), "
        f"of JANI ({_JANI}) or of DRN ({_DRN}); of other formats pass the sparse model that stormpy builds"
    )


def _asked(source: str, ask: Any, *arguments: Any, **options: Any) -> Any:
    """Return what Storm answers, and say in one sentence what it could not read."""
    try:
        return ask(*arguments, **options)
    except (RuntimeError, ValueError) as reason:
        said = " ".join(str(reason).split()).partition("Exception: ")[2].rstrip(".") or str(reason)
        hint = next((f"; {hint}" for part, hint in _HINTS.items() if part in said), "")
        raise ValueError(f"Storm cannot read {source}: {said}{hint}") from None


def _build(stormpy: Any, program: Any, values: Mapping[str, Any], source: str) -> Any:
    """Build the sparse model of a program with all that Storm knows of its states and choices."""
    definitions = _definitions(program, values, source)
    if definitions:
        program, _ = _asked(source, stormpy.instantiate_constants, program, definitions)
    options = stormpy.BuilderOptions(build_full=True)
    options.set_build_observation_valuations(True)
    return _asked(source, stormpy.build_model, program, options=options)


def _checked(constants: Any) -> dict[str, Any]:
    if constants is None:
        return {}
    if not isinstance(constants, Mapping):
        raise TypeError(f"constants is {validate.shown(constants)}, expected a dict {{name: value}}")
    return dict(constants)


def _refuse_constants(values: Mapping[str, Any], source: str, why: str) -> None:
    if values:
        raise ValueError(f"constants gives {next(iter(values))!r}, but {source} {why}; leave out constants=")


def _definitions(program: Any, values: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Return the values of the constants that a program leaves open, each of the type that it declares."""
    declared = {constant.name: constant for constant in program.constants}
    undefined = {name: constant for name, constant in declared.items() if not constant.defined}
    for name in values:
        if name in declared and name not in undefined:
            raise ValueError(
                f"constants gives {name!r}, which has its value in {source}, expected {_named(undefined)}"
            )
        if name not in declared:
            raise ValueError(
                f"constants gives {validate.shown(name)}, which {source} does not declare, expected "
                f"{_named(undefined)}{validate.nearest(name, undefined)}"
            )
    missing = {name: constant for name, constant in undefined.items() if name not in values}
    if missing:
        example = ", ".join(f"{name!r}: …" for name in missing)
        raise ValueError(f"{source} leaves {_named(missing)} open, expected values; pass constants={{{example}}}")
    return {name: _value(values[name], undefined[name]) for name in undefined}


def _named(constants: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} ({_type_name(each)})" for name, each in constants.items()) or "no constants"


def _type_name(constant: Any) -> str:
    return "bool" if constant.type.is_boolean else "int" if constant.type.is_integer else "double"


def _value(value: Any, constant: Any) -> bool | int | float:
    """Return the value of a constant, of the type of its declaration."""
    name = f"constants[{constant.name!r}]"
    if constant.type.is_boolean:
        return validate.flag(value, name)
    found = validate.finite(value, name)
    if not constant.type.is_integer:
        return found
    if not found.is_integer():
        raise ValueError(
            f"{name} is {validate.shown(value)}, expected a whole number, since it is declared as an int"
        )
    return int(found)
