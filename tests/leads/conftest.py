from __future__ import annotations

import pytest

from tests.leads.factories import StaffFactory


@pytest.fixture
def sign_in(client):
    def sign_in(group=None, **values):
        user = StaffFactory(group=group, **values)
        client.force_login(user)
        return user

    return sign_in
