"""
Complete the predictable
========================

*Empower* at work: each token as high as it is surprising. The assistant writes while the sum stays below the
threshold, and hands over where the person should decide. See :doc:`/tutorials/handing-over`.
"""

from empowerment.text import TableModel, Threshold, take_turns

loops = [
    "for i in range(n):\n    total += i\n",
    "for i in range(k):\n    total += i\n",
    "for row in table:\n    print(row)\n",
    "for row in lines:\n    print(row)\n",
    "for i in range(n):\n    print(i)\n",
]
model = TableModel.from_texts(loops, order=3, smoothing=0.001)
turns = take_turns(model.score("", loops[0]), Threshold.bits(0.5))
turns.plot()
