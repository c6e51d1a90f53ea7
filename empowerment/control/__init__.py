"""Acting on a model: what the best policy for given rewards is worth."""
