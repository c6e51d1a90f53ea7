"""The best rows of a polytope for a convex objective, by branch and bound over boxes of readings."""
