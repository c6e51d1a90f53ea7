"""What tests of providers share."""

import pytest

from empowerment.text.providers.remote import http


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch):
    monkeypatch.setattr(http, "_FIRST_WAIT", 0.001)
