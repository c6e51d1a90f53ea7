"""A person and an assistant in one world: what each can do beside the other, to it and together."""
