"""Results as files, tables and HTML."""
