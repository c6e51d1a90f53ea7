"""Base classes of results: text, tables, files and pictures."""
