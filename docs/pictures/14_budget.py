"""
Where a choice comes from
=========================

The guests once more. A part of the choice goes with what the assistant says, a part with what the guest wants,
and the rest is chance. See :doc:`/explanation/influence`.
"""

import numpy as np

from empowerment.text import influence_audit

drawn_to_tea = np.array([[3.0, -3.0, 0.0], [4.0, -4.0, 0.0], [3.5, -0.5, -2.0], [0.5, -3.5, 2.0]])
tea = 1 / (1 + np.exp(-drawn_to_tea))
audit = influence_audit(np.stack([tea, 1 - tea], axis=2), prior=[0.4, 0.4, 0.2])
audit.budget.plot()
