"""Acting on a model: policies that climb values, what they are worth, and what becomes of them."""
