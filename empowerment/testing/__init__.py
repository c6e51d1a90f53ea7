"""Checks of what this library promises, for its own tests and those of code that builds on it."""

from empowerment.testing.channels import FAMILIES, channels, check_certificate, hard_channel
from empowerment.testing.token_models import check_token_model

__all__ = ["FAMILIES", "channels", "check_certificate", "check_token_model", "hard_channel"]
