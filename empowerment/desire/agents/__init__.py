"""The agents that are compared with those of desires, and a language model that decides."""
