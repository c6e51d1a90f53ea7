"""Effects of shocks on agents with desires, and the parameters for which the source's example occurs."""
