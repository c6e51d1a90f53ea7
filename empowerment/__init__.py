"""Empowerment and channel capacity, each number with a certified interval.

Every public name is resolved at its first use, so that importing the package loads nothing heavy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from empowerment.core.version import __version__ as __version__
from empowerment.runtime.loading import load

_HOME = {
    "Channel": "core.channel",
    "divergence": "core.channel",
    "entropy": "core.channel",
    "mutual_information": "core.channel",
    "CapacityResult": "capacity.result",
    "ConvergenceWarning": "core.status",
    "EmpowermentResult": "measures.result",
    "AverageEmpowerment": "measures.averages",
    "ContextEmpowerment": "measures.context",
    "context_empowerment": "measures.context",
    "Status": "core.status",
    "CapacityCostResult": "capacity.constrained.cost",
    "CapacityPerCostResult": "capacity.constrained.per_unit_cost",
    "CapacityBounds": "capacity.partial.bounds",
    "CapacityExtreme": "capacity.partial.bounds",
    "capacity_bounds": "capacity.partial.bounds",
    "EstimatedCapacity": "capacity.estimation.from_counts",
    "capacity_from_counts": "capacity.estimation.from_counts",
    "information_from_counts": "capacity.estimation.plug_in",
    "capacity_cost": "capacity.constrained.cost",
    "capacity_per_unit_cost": "capacity.constrained.per_unit_cost",
    "channel_capacity": "capacity.solve",
    "verify": "capacity.verify",
    "MDP": "models.mdp",
    "POMDP": "models.pomdp",
    "belief_grid": "models.belief_space",
    "NoSequenceError": "actuation.task",
    "actuation_channel": "actuation.open_loop.channel",
    "empowerment": "measures.state_empowerment",
    "Option": "actuation.open_loop.options",
    "option_channel": "actuation.open_loop.options",
    "EmpowermentRate": "control.rates",
    "discounted_empowerment": "control.rates",
    "empowerment_rate": "control.rates",
    "HorizonSweep": "measures.horizon_result",
    "horizon_sweep": "measures.horizon_sweep",
    "from_gymnasium": "adapters.gymnasium",
    "End": "adapters.outcomes",
    "from_pymdp": "adapters.pymdp",
    "from_step_function": "adapters.step_function",
    "read_pomdp": "adapters.pomdp_format.reader",
    "write_pomdp": "adapters.pomdp_format.writer",
    "Policy": "models.policy",
    "expected_next": "control.value_policies",
    "greedy_policy": "control.value_policies",
    "softmax_policy": "control.value_policies",
    "Simulation": "control.simulation",
    "simulate": "control.simulation",
    "BellmanResult": "control.unified_bellman",
    "unified_bellman": "control.unified_bellman",
    "directed_information": "measures.directed_information",
    "interval_information": "measures.directed_information",
    "joint_distribution": "measures.joint_distribution",
    "TwoAgentMDP": "models.two_agents",
    "transfer_empowerment": "multi_agent.conditional",
    "informed_empowerment": "multi_agent.conditional",
    "SumRate": "multi_agent.sum_rate",
    "independent_sum_rate": "multi_agent.sum_rate",
    "assistant_policy": "multi_agent.assistant_policy",
    "WorstCaseResult": "multi_agent.worst_case",
    "worst_case_empowerment": "multi_agent.worst_case",
}
_MODULES = ("desire", "plotting", "testing", "text", "worlds")

__all__ = [
    "MDP",
    "POMDP",
    "AverageEmpowerment",
    "BellmanResult",
    "CapacityBounds",
    "CapacityCostResult",
    "CapacityExtreme",
    "CapacityPerCostResult",
    "CapacityResult",
    "Channel",
    "ContextEmpowerment",
    "ConvergenceWarning",
    "EmpowermentRate",
    "EmpowermentResult",
    "End",
    "EstimatedCapacity",
    "HorizonSweep",
    "NoSequenceError",
    "Option",
    "Policy",
    "Simulation",
    "Status",
    "SumRate",
    "TwoAgentMDP",
    "WorstCaseResult",
    "actuation_channel",
    "assistant_policy",
    "belief_grid",
    "capacity_bounds",
    "capacity_cost",
    "capacity_from_counts",
    "capacity_per_unit_cost",
    "channel_capacity",
    "context_empowerment",
    "desire",
    "directed_information",
    "discounted_empowerment",
    "divergence",
    "empowerment",
    "empowerment_rate",
    "entropy",
    "expected_next",
    "from_gymnasium",
    "from_pymdp",
    "from_step_function",
    "greedy_policy",
    "horizon_sweep",
    "independent_sum_rate",
    "information_from_counts",
    "informed_empowerment",
    "interval_information",
    "joint_distribution",
    "mutual_information",
    "option_channel",
    "plotting",
    "read_pomdp",
    "simulate",
    "softmax_policy",
    "testing",
    "text",
    "transfer_empowerment",
    "unified_bellman",
    "verify",
    "worlds",
    "worst_case_empowerment",
    "write_pomdp",
]

if TYPE_CHECKING:
    from empowerment import desire as desire
    from empowerment import plotting as plotting
    from empowerment import testing as testing
    from empowerment import text as text
    from empowerment import worlds as worlds
    from empowerment.actuation.open_loop.channel import actuation_channel as actuation_channel
    from empowerment.actuation.open_loop.options import Option as Option
    from empowerment.actuation.open_loop.options import option_channel as option_channel
    from empowerment.actuation.task import NoSequenceError as NoSequenceError
    from empowerment.adapters.gymnasium import from_gymnasium as from_gymnasium
    from empowerment.adapters.outcomes import End as End
    from empowerment.adapters.pomdp_format.reader import read_pomdp as read_pomdp
    from empowerment.adapters.pomdp_format.writer import write_pomdp as write_pomdp
    from empowerment.adapters.pymdp import from_pymdp as from_pymdp
    from empowerment.adapters.step_function import from_step_function as from_step_function
    from empowerment.capacity.constrained.cost import CapacityCostResult as CapacityCostResult
    from empowerment.capacity.constrained.cost import capacity_cost as capacity_cost
    from empowerment.capacity.constrained.per_unit_cost import CapacityPerCostResult as CapacityPerCostResult
    from empowerment.capacity.constrained.per_unit_cost import capacity_per_unit_cost as capacity_per_unit_cost
    from empowerment.capacity.estimation.from_counts import EstimatedCapacity as EstimatedCapacity
    from empowerment.capacity.estimation.from_counts import capacity_from_counts as capacity_from_counts
    from empowerment.capacity.estimation.plug_in import information_from_counts as information_from_counts
    from empowerment.capacity.partial.bounds import CapacityBounds as CapacityBounds
    from empowerment.capacity.partial.bounds import CapacityExtreme as CapacityExtreme
    from empowerment.capacity.partial.bounds import capacity_bounds as capacity_bounds
    from empowerment.capacity.result import CapacityResult as CapacityResult
    from empowerment.capacity.solve import channel_capacity as channel_capacity
    from empowerment.capacity.verify import verify as verify
    from empowerment.control.rates import EmpowermentRate as EmpowermentRate
    from empowerment.control.rates import discounted_empowerment as discounted_empowerment
    from empowerment.control.rates import empowerment_rate as empowerment_rate
    from empowerment.control.simulation import Simulation as Simulation
    from empowerment.control.simulation import simulate as simulate
    from empowerment.control.unified_bellman import BellmanResult as BellmanResult
    from empowerment.control.unified_bellman import unified_bellman as unified_bellman
    from empowerment.control.value_policies import expected_next as expected_next
    from empowerment.control.value_policies import greedy_policy as greedy_policy
    from empowerment.control.value_policies import softmax_policy as softmax_policy
    from empowerment.core.channel import Channel as Channel
    from empowerment.core.channel import divergence as divergence
    from empowerment.core.channel import entropy as entropy
    from empowerment.core.channel import mutual_information as mutual_information
    from empowerment.core.status import ConvergenceWarning as ConvergenceWarning
    from empowerment.core.status import Status as Status
    from empowerment.measures.averages import AverageEmpowerment as AverageEmpowerment
    from empowerment.measures.context import ContextEmpowerment as ContextEmpowerment
    from empowerment.measures.context import context_empowerment as context_empowerment
    from empowerment.measures.directed_information import directed_information as directed_information
    from empowerment.measures.directed_information import interval_information as interval_information
    from empowerment.measures.horizon_result import HorizonSweep as HorizonSweep
    from empowerment.measures.horizon_sweep import horizon_sweep as horizon_sweep
    from empowerment.measures.joint_distribution import joint_distribution as joint_distribution
    from empowerment.measures.result import EmpowermentResult as EmpowermentResult
    from empowerment.measures.state_empowerment import empowerment as empowerment
    from empowerment.models.belief_space import belief_grid as belief_grid
    from empowerment.models.mdp import MDP as MDP
    from empowerment.models.policy import Policy as Policy
    from empowerment.models.pomdp import POMDP as POMDP
    from empowerment.models.two_agents import TwoAgentMDP as TwoAgentMDP
    from empowerment.multi_agent.assistant_policy import assistant_policy as assistant_policy
    from empowerment.multi_agent.conditional import informed_empowerment as informed_empowerment
    from empowerment.multi_agent.conditional import transfer_empowerment as transfer_empowerment
    from empowerment.multi_agent.sum_rate import SumRate as SumRate
    from empowerment.multi_agent.sum_rate import independent_sum_rate as independent_sum_rate
    from empowerment.multi_agent.worst_case import WorstCaseResult as WorstCaseResult
    from empowerment.multi_agent.worst_case import worst_case_empowerment as worst_case_empowerment


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(load(f"{__name__}.{_HOME[name]}"), name)
    elif name in _MODULES:
        value = load(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
