"""Actions fixed in advance: sequences as inputs of a channel, solved exactly where they can be, bounded elsewhere."""
