"""What the browser tests that go all the way stand on."""

from __future__ import annotations

import pytest
from django.db.models.functions import Now

from outbox.models import Message
from outbox.tasks import send_message
from reports import editions
from reports.models import Copy, Edition
from reports.tasks import render_copy
from tests.browser import in_database


@pytest.fixture
def edition(transactional_db):
    """The published edition, which a test that empties the tables may have lost."""
    Edition.objects.get_or_create(
        version=editions.PRESENT.version, defaults={"published_at": Now()}
    )


@pytest.fixture
def work(edition, sink):
    """Do once what the workers would: render what is owed, then send it."""

    def once():
        for copy in Copy.objects.due():
            render_copy(copy.pk, copy.lease_no)
        for message in Message.objects.due():
            send_message(message.pk, message.lease_no)

    return lambda: in_database(once)
