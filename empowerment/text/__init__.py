"""Language models as channels: what they tell of the next token, what it carries, and who steers whom.

No provider's library is loaded before a model of it is made.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_HOME = {
    "Amount": "influence.amounts",
    "Answers": "batch",
    "ControlBudget": "influence.budget",
    "Ends": "token_model",
    "InfluenceAudit": "influence.audit",
    "IntentAudit": "influence.intents",
    "PersonTable": "influence.person",
    "Position": "token_model",
    "Provider": "token_model",
    "Recorded": "recorded",
    "ResponseCapacity": "response.channel",
    "ResponseChannel": "response.channel",
    "SampledCapacity": "response.clusters",
    "SampledChannel": "response.clusters",
    "TableModel": "providers.table",
    "Tier": "token_model",
    "TierError": "token_model",
    "TokenModel": "token_model",
    "TokenModelError": "token_model",
    "answer_channel": "response.answers",
    "ask_each": "batch",
    "ask_person": "influence.person",
    "cluster_channel": "response.clusters",
    "influence_audit": "influence.audit",
    "intent_audit": "influence.intents",
    "next_token_channel": "response.next_token",
}

__all__ = [
    "Amount",
    "Answers",
    "ControlBudget",
    "Ends",
    "InfluenceAudit",
    "IntentAudit",
    "PersonTable",
    "Position",
    "Provider",
    "Recorded",
    "ResponseCapacity",
    "ResponseChannel",
    "SampledCapacity",
    "SampledChannel",
    "TableModel",
    "Tier",
    "TierError",
    "TokenModel",
    "TokenModelError",
    "answer_channel",
    "ask_each",
    "ask_person",
    "cluster_channel",
    "influence_audit",
    "intent_audit",
    "next_token_channel",
]

if TYPE_CHECKING:
    from empowerment.text.batch import Answers as Answers
    from empowerment.text.batch import ask_each as ask_each
    from empowerment.text.influence.amounts import Amount as Amount
    from empowerment.text.influence.audit import InfluenceAudit as InfluenceAudit
    from empowerment.text.influence.audit import influence_audit as influence_audit
    from empowerment.text.influence.budget import ControlBudget as ControlBudget
    from empowerment.text.influence.intents import IntentAudit as IntentAudit
    from empowerment.text.influence.intents import intent_audit as intent_audit
    from empowerment.text.influence.person import PersonTable as PersonTable
    from empowerment.text.influence.person import ask_person as ask_person
    from empowerment.text.providers.table import TableModel as TableModel
    from empowerment.text.recorded import Recorded as Recorded
    from empowerment.text.response.answers import answer_channel as answer_channel
    from empowerment.text.response.channel import ResponseCapacity as ResponseCapacity
    from empowerment.text.response.channel import ResponseChannel as ResponseChannel
    from empowerment.text.response.clusters import SampledCapacity as SampledCapacity
    from empowerment.text.response.clusters import SampledChannel as SampledChannel
    from empowerment.text.response.clusters import cluster_channel as cluster_channel
    from empowerment.text.response.next_token import next_token_channel as next_token_channel
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
