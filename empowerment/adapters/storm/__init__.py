"""Models of the model checker Storm, read through stormpy."""
