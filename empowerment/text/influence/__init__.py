"""Who decides: how far an assistant steers a person's choice, and how much of it is left to the person."""
