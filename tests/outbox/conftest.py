from __future__ import annotations

import pytest

from outbox.tasks import send_message


@pytest.fixture
def send():
    """Do what the relay and a worker do with one message, now."""

    def send(message):
        message.refresh_from_db()
        send_message(message.pk, message.lease_no)
        message.refresh_from_db()
        return message

    return send
