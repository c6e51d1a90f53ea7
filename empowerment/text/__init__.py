"""Language models as channels: what they tell of the next token, what it carries, and who steers whom.

No provider's library is loaded before a model of it is made.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_HOME = {
    "Continuations": "assistance.assistants",
    "FixedLength": "assistance.assistants",
    "FunctionAssistant": "assistance.assistants",
    "HandOver": "assistance.assistants",
    "NoAssistant": "assistance.assistants",
    "compare_assistants": "assistance.comparison",
    "Effort": "assistance.metrics",
    "Estimate": "assistance.metrics",
    "Decision": "assistance.process",
    "Episode": "assistance.process",
    "Round": "assistance.process",
    "Suggestion": "assistance.process",
    "Replay": "assistance.replay",
    "AssistanceComparison": "assistance.results",
    "AssistanceRun": "assistance.results",
    "WritingTask": "assistance.task",
    "TokenModelPerson": "assistance.token_person",
    "Answers": "batch",
    "ask_each": "batch",
    "Calibration": "handoff.calibration",
    "CalibrationRow": "handoff.calibration",
    "calibrate": "handoff.calibration",
    "DatasetSummary": "handoff.dataset",
    "build_dataset": "handoff.dataset",
    "Document": "handoff.documents",
    "read_documents": "handoff.documents",
    "EffectiveEmpowerment": "handoff.effective",
    "effective_empowerment": "handoff.effective",
    "Completion": "handoff.live",
    "complete": "handoff.live",
    "HandoffLogitsProcessor": "handoff.logits",
    "Offer": "handoff.offers",
    "read_offers": "handoff.offers",
    "Selection": "handoff.selection",
    "Selections": "handoff.selection",
    "Stop": "handoff.selection",
    "select": "handoff.select",
    "select_all": "handoff.select",
    "Costs": "handoff.threshold",
    "Threshold": "handoff.threshold",
    "Turn": "handoff.turns",
    "Turns": "handoff.turns",
    "take_turns": "handoff.turns",
    "Amount": "influence.amounts",
    "InfluenceAudit": "influence.audit",
    "influence_audit": "influence.audit",
    "ControlBudget": "influence.budget",
    "IntentAudit": "influence.intents",
    "intent_audit": "influence.intents",
    "PersonTable": "influence.person",
    "ask_person": "influence.person",
    "FunctionModel": "providers.function",
    "LlamaCpp": "providers.llama_cpp",
    "LlamaServer": "providers.llama_server",
    "OpenAICompatible": "providers.openai_compatible",
    "TableModel": "providers.table",
    "Transformers": "providers.transformers",
    "XLlamaCpp": "providers.xllamacpp",
    "smollm2_path": "providers.xllamacpp",
    "Recorded": "recorded",
    "answer_channel": "response.answers",
    "ResponseCapacity": "response.channel",
    "ResponseChannel": "response.channel",
    "SampledCapacity": "response.clusters",
    "SampledChannel": "response.clusters",
    "cluster_channel": "response.clusters",
    "next_token_channel": "response.next_token",
    "Ends": "token_model",
    "Position": "token_model",
    "Provider": "token_model",
    "Tier": "token_model",
    "TierError": "token_model",
    "TokenModel": "token_model",
    "TokenModelError": "token_model",
}

__all__ = [
    "Amount",
    "Answers",
    "AssistanceComparison",
    "AssistanceRun",
    "Calibration",
    "CalibrationRow",
    "Completion",
    "Continuations",
    "ControlBudget",
    "Costs",
    "DatasetSummary",
    "Decision",
    "Document",
    "EffectiveEmpowerment",
    "Effort",
    "Ends",
    "Episode",
    "Estimate",
    "FixedLength",
    "FunctionAssistant",
    "FunctionModel",
    "HandOver",
    "HandoffLogitsProcessor",
    "InfluenceAudit",
    "IntentAudit",
    "LlamaCpp",
    "LlamaServer",
    "NoAssistant",
    "Offer",
    "OpenAICompatible",
    "PersonTable",
    "Position",
    "Provider",
    "Recorded",
    "Replay",
    "ResponseCapacity",
    "ResponseChannel",
    "Round",
    "SampledCapacity",
    "SampledChannel",
    "Selection",
    "Selections",
    "Stop",
    "Suggestion",
    "TableModel",
    "Threshold",
    "Tier",
    "TierError",
    "TokenModel",
    "TokenModelError",
    "TokenModelPerson",
    "Transformers",
    "Turn",
    "Turns",
    "WritingTask",
    "XLlamaCpp",
    "answer_channel",
    "ask_each",
    "ask_person",
    "build_dataset",
    "calibrate",
    "cluster_channel",
    "compare_assistants",
    "complete",
    "effective_empowerment",
    "influence_audit",
    "intent_audit",
    "next_token_channel",
    "read_documents",
    "read_offers",
    "select",
    "select_all",
    "smollm2_path",
    "take_turns",
]

if TYPE_CHECKING:
    from empowerment.text.assistance.assistants import Continuations as Continuations
    from empowerment.text.assistance.assistants import FixedLength as FixedLength
    from empowerment.text.assistance.assistants import FunctionAssistant as FunctionAssistant
    from empowerment.text.assistance.assistants import HandOver as HandOver
    from empowerment.text.assistance.assistants import NoAssistant as NoAssistant
    from empowerment.text.assistance.comparison import compare_assistants as compare_assistants
    from empowerment.text.assistance.metrics import Effort as Effort
    from empowerment.text.assistance.metrics import Estimate as Estimate
    from empowerment.text.assistance.process import Decision as Decision
    from empowerment.text.assistance.process import Episode as Episode
    from empowerment.text.assistance.process import Round as Round
    from empowerment.text.assistance.process import Suggestion as Suggestion
    from empowerment.text.assistance.replay import Replay as Replay
    from empowerment.text.assistance.results import AssistanceComparison as AssistanceComparison
    from empowerment.text.assistance.results import AssistanceRun as AssistanceRun
    from empowerment.text.assistance.task import WritingTask as WritingTask
    from empowerment.text.assistance.token_person import TokenModelPerson as TokenModelPerson
    from empowerment.text.batch import Answers as Answers
    from empowerment.text.batch import ask_each as ask_each
    from empowerment.text.handoff.calibration import Calibration as Calibration
    from empowerment.text.handoff.calibration import CalibrationRow as CalibrationRow
    from empowerment.text.handoff.calibration import calibrate as calibrate
    from empowerment.text.handoff.dataset import DatasetSummary as DatasetSummary
    from empowerment.text.handoff.dataset import build_dataset as build_dataset
    from empowerment.text.handoff.documents import Document as Document
    from empowerment.text.handoff.documents import read_documents as read_documents
    from empowerment.text.handoff.effective import EffectiveEmpowerment as EffectiveEmpowerment
    from empowerment.text.handoff.effective import effective_empowerment as effective_empowerment
    from empowerment.text.handoff.live import Completion as Completion
    from empowerment.text.handoff.live import complete as complete
    from empowerment.text.handoff.logits import HandoffLogitsProcessor as HandoffLogitsProcessor
    from empowerment.text.handoff.offers import Offer as Offer
    from empowerment.text.handoff.offers import read_offers as read_offers
    from empowerment.text.handoff.select import select as select
    from empowerment.text.handoff.select import select_all as select_all
    from empowerment.text.handoff.selection import Selection as Selection
    from empowerment.text.handoff.selection import Selections as Selections
    from empowerment.text.handoff.selection import Stop as Stop
    from empowerment.text.handoff.threshold import Costs as Costs
    from empowerment.text.handoff.threshold import Threshold as Threshold
    from empowerment.text.handoff.turns import Turn as Turn
    from empowerment.text.handoff.turns import Turns as Turns
    from empowerment.text.handoff.turns import take_turns as take_turns
    from empowerment.text.influence.amounts import Amount as Amount
    from empowerment.text.influence.audit import InfluenceAudit as InfluenceAudit
    from empowerment.text.influence.audit import influence_audit as influence_audit
    from empowerment.text.influence.budget import ControlBudget as ControlBudget
    from empowerment.text.influence.intents import IntentAudit as IntentAudit
    from empowerment.text.influence.intents import intent_audit as intent_audit
    from empowerment.text.influence.person import PersonTable as PersonTable
    from empowerment.text.influence.person import ask_person as ask_person
    from empowerment.text.providers.function import FunctionModel as FunctionModel
    from empowerment.text.providers.llama_cpp import LlamaCpp as LlamaCpp
    from empowerment.text.providers.llama_server import LlamaServer as LlamaServer
    from empowerment.text.providers.openai_compatible import OpenAICompatible as OpenAICompatible
    from empowerment.text.providers.table import TableModel as TableModel
    from empowerment.text.providers.transformers import Transformers as Transformers
    from empowerment.text.providers.xllamacpp import XLlamaCpp as XLlamaCpp
    from empowerment.text.providers.xllamacpp import smollm2_path as smollm2_path
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
