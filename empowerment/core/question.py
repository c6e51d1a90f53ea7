"""Names of the options that a result records."""

OPTIONS = (
    *("horizon", "sensor", "output", "known_to", "feedback", "stopping"),
    *("backend", "base", "tol", "rtol"),
)
"""What an `EmpowermentResult` tells of the question, as plain values: files, tables and trees carry all of it."""
