"""People and language models: how far words steer a choice, and what is left to whoever chooses."""
