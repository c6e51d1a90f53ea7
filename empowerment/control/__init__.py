"""Control: policies from values, optimal values, rates, and simulation."""
