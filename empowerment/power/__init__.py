"""Other measures of what an agent can do: how well it can do for rewards, and which goals it can attain."""
