"""What every result offers: honest text, tables, files and pictures."""
