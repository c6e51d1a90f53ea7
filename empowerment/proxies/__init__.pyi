# The public names, each written once: __init__.py resolves them at their first use, and type checkers read them here.

from .agreement import Agreement as Agreement
from .agreement import agreement as agreement
from .contrastive import contrastive_information as contrastive_information
from .contrastive import contrastive_optimum as contrastive_optimum
from .information import first_action_information as first_action_information
from .information import plug_in_information as plug_in_information
from .information import uniform_information as uniform_information
from .mixed_base import mixed_base_blahut_arimoto as mixed_base_blahut_arimoto
from .mixed_base import mixed_base_capacity as mixed_base_capacity
from .result import ProxyResult as ProxyResult
from .tokens import token_surprisal as token_surprisal
from .tokens import token_threshold as token_threshold
from .variance import log_variance as log_variance
from .visits import log_reachable as log_reachable
from .visits import log_visited as log_visited
from .visits import visit_entropy as visit_entropy
