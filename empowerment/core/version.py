"""The version, which the packaging reads as well."""

__version__ = "0.1.0"
