"""How a model of a world becomes the channel from an agent's actions to its future sensors."""
