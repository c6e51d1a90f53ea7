"""What shocks do to agents with desires, and where the source's example happens."""
