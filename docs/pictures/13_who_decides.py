"""
Who decides?
============

Guests who may have tea or coffee, and an assistant who says one of four things. How much of their choice still
follows their own taste? See :doc:`/tutorials/who-decides`.
"""

import numpy as np

from empowerment.text import influence_audit

drawn_to_tea = np.array([[3.0, -3.0, 0.0], [4.0, -4.0, 0.0], [3.5, -0.5, -2.0], [0.5, -3.5, 2.0]])
tea = 1 / (1 + np.exp(-drawn_to_tea))
audit = influence_audit(
    np.stack([tea, 1 - tea], axis=2),
    prior=[0.4, 0.4, 0.2],
    silence="nothing",
    labels={
        "messages": ["nothing", "what is in each", "have tea", "have coffee"],
        "wills": ["likes tea", "likes coffee", "likes to differ"],
        "choices": ["tea", "coffee"],
    },
)
audit.plot()
