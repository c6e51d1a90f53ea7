"""From a channel to its capacity with a certified interval; knows no model."""
