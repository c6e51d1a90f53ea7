"""From prompts to a channel: next tokens, whole answers, or groups of sampled ones."""
