"""Execution: compilation, interrupts, parallel work, files."""
