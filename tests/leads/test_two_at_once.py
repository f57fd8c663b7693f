"""What two people, or a person and an erasure, do with the same contacts at once."""

from __future__ import annotations

import threading

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection, transaction

from leads import assigning, batches
from leads.models import Assignment, Lead, PrivacyEvent
from leads.privacy import erase
from tests.leads.factories import LeadFactory, StaffFactory
from tests.leads.pages import gesture, notices


def apart(work):
    """Start work on a connection of its own; return what waits for it."""

    def run():
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return lambda: thread.join(timeout=20)


@pytest.mark.django_db
def test_whoever_was_quicker_keeps_whom_they_took(client, monkeypatch):
    quick, slow = (StaffFactory(group="Commercial") for _ in range(2))
    lead = LeadFactory()
    client.force_login(slow)
    assign = assigning.assign
    # Between the look at the list and the hand on it.
    monkeypatch.setattr(
        "leads.assigning.said_of",
        lambda by, to: assign([lead.pk], quick, by=quick, why="Pris") and "Pris",
    )

    response = gesture(client, "take", [lead])

    assert notices(response) == ["Contacts attribués\u00a0: 0."]
    assert [row.to for row in Assignment.objects.all()] == [quick]


@pytest.mark.django_db(transaction=True)
def test_no_name_is_logged_of_whom_is_being_erased(monkeypatch):
    """Whoever erases waits for the piece, and blanks what it has logged."""
    lead = LeadFactory(last_name="Introuvable")
    act, waiting = batches._act, []

    def erased_meanwhile(*args):
        kind = PrivacyEvent.Kind.NOT_ME
        waiting.append(apart(lambda: erase(Lead.objects.get(pk=lead.pk), kind)))
        with transaction.atomic():
            return act(*args)

    monkeypatch.setattr(batches, "_act", erased_meanwhile)
    batches.at_once(StaffFactory(superuser=True), "test", [lead.pk])
    waiting[0]()

    assert Lead.objects.get().erased_at
    assert [entry.object_repr for entry in LogEntry.objects.all()] == ["effacé"]


@pytest.mark.django_db
def test_a_press_takes_no_more_than_can_be_followed_up(client):
    client.force_login(StaffFactory(group="Commercial"))
    leads = [LeadFactory() for _ in range(51)]

    response = gesture(client, "take", leads)

    assert "50 contacts au plus" in notices(response)[0]
    assert not Assignment.objects.exists()
