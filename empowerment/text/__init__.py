"""Language models as channels: what they tell of the next token, what it carries, and who steers whom.

No provider's library is loaded before a model of it is made.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_HOME = {
    "Answers": "batch",
    "ask_each": "batch",
    "Ends": "token_model",
    "Position": "token_model",
    "Provider": "token_model",
    "Tier": "token_model",
    "TierError": "token_model",
    "TokenModel": "token_model",
    "TokenModelError": "token_model",
    "Recorded": "recorded",
    "FunctionModel": "providers.function",
    "LlamaCpp": "providers.llama_cpp",
    "TableModel": "providers.table",
    "Transformers": "providers.transformers",
}

__all__ = [
    "Answers",
    "Ends",
    "FunctionModel",
    "LlamaCpp",
    "Position",
    "Provider",
    "Recorded",
    "TableModel",
    "Tier",
    "TierError",
    "TokenModel",
    "TokenModelError",
    "Transformers",
    "ask_each",
]

if TYPE_CHECKING:
    from empowerment.text.batch import Answers as Answers
    from empowerment.text.batch import ask_each as ask_each
    from empowerment.text.providers.function import FunctionModel as FunctionModel
    from empowerment.text.providers.llama_cpp import LlamaCpp as LlamaCpp
    from empowerment.text.providers.table import TableModel as TableModel
    from empowerment.text.providers.transformers import Transformers as Transformers
    from empowerment.text.recorded import Recorded as Recorded
    from empowerment.text.token_model import Ends as Ends
    from empowerment.text.token_model import Position as Position
    from empowerment.text.token_model import Provider as Provider
    from empowerment.text.token_model import Tier as Tier
    from empowerment.text.token_model import TierError as TierError
    from empowerment.text.token_model import TokenModel as TokenModel
    from empowerment.text.token_model import TokenModelError as TokenModelError


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
