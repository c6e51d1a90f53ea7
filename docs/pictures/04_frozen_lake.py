"""
A frozen lake
=============

Gymnasium's lake, where two moves of three go astray. Nothing can be done in a hole, and little near one. More
ways in from other libraries: :doc:`/how-to/models-from-elsewhere`.
"""

import empowerment as emp

lake = emp.from_gymnasium("FrozenLake8x8-v1")
result = emp.empowerment(lake, horizon=4)
result.plot()
