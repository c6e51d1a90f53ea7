"""Models in files of Cassandra's .POMDP format."""
