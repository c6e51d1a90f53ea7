"""Models of worlds in canonical arrays: what they are, not what is computed from them."""
