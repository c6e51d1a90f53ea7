"""Actions that depend on what was observed before them: policies as inputs of a channel."""
