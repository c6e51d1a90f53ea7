"""Vocabulary of all rooms: channels, checks, status, intervals, layouts."""
