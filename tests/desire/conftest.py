"""What tests of desires share."""

import pytest

from empowerment.desire import Riders


@pytest.fixture(scope="module")
def riders():
    """The courier's day with its default parameters."""
    return Riders()
