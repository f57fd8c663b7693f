from __future__ import annotations

import pytest

from santescopie.accounts import sessions
from tests.leads.factories import StaffFactory


@pytest.fixture
def sign_in(client):
    def sign_in(group=None, **values):
        user = StaffFactory(group=group, **values)
        client.force_login(user)
        return user

    return sign_in


@pytest.fixture(autouse=True)
def _sessions_written_once(monkeypatch):
    """Write a session at sign-in alone: a slow machine counts no more statements."""
    monkeypatch.setattr(sessions, "RESOLUTION", 3600)
