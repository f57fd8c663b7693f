"""Sent again, a copy is the same; the new edition leaves only where asked for."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db.models.functions import Now

from leads import delivery
from outbox.models import Message
from reports import editions
from reports.models import Copy, Edition
from reports.tasks import render_copy
from tests.leads.factories import SubmissionFactory, delivered
from tests.leads.pages import gesture, notices, page

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailed():
    """Somebody who has the live edition, before a later one."""
    return delivered()


@pytest.fixture
def later(mailed, monkeypatch):
    declared = editions.Declared("99.0", editions.fingerprint(), "")
    monkeypatch.setattr(editions, "PRESENT", declared)
    return Edition.objects.create(version="99.0", published_at=Now())


def act(client, action, rows, name="leads_submission"):
    return gesture(client, action, rows, name)


def owed():
    return Message.objects.due().order_by("pk")


@pytest.mark.parametrize("name", ["leads_submission", "leads_lead"])
def test_sent_again_it_is_the_same_copy_whatever_was_published(
    client, sign_in, mailed, later, name
):
    sign_in("Commercial")
    row = mailed if name == "leads_submission" else mailed.lead

    act(client, "send_again", [row], name)

    assert owed().get().attachments[0]["key"] == mailed.copy.file
    assert Copy.objects.count() == 1


@pytest.mark.parametrize("name", ["leads_submission", "leads_lead"])
def test_the_new_edition_is_a_new_copy_for_the_same_reader(
    client, sign_in, mailed, later, name
):
    sign_in("Commercial")
    old = mailed.copy
    mailed.lead.last_name = "Autrement"  # Never read into a document.
    mailed.lead.save()
    row = mailed if name == "leads_submission" else mailed.lead

    response = act(client, "send_new_edition", [row], name)

    assert notices(response)[0].startswith("1 exemplaire demandé dans l’édition en")
    new = Copy.objects.due().get()
    assert (new.reader, new.recipient) == (old.reader, old.recipient)
    assert new.edition == later
    render_copy(new.pk, 0)
    mailed.refresh_from_db()
    assert mailed.copy == new
    assert owed().get().attachments[0]["key"] == mailed.copy.file
    old.refresh_from_db()
    assert old.edition != later  # What was sent stays what it was.


def test_asked_twice_the_new_edition_is_made_once(client, sign_in, mailed, later):
    sign_in("Commercial")
    twin = SubmissionFactory(lead=mailed.lead, copy=mailed.copy)

    act(client, "send_new_edition", [mailed, twin])
    response = act(client, "send_new_edition", [mailed])

    assert notices(response)[0].startswith("1 contact n’a rien à recevoir de nouveau")
    assert Copy.objects.filter(edition=later).count() == 1
    twin.refresh_from_db()
    assert twin.copy.edition == later


def test_without_a_later_edition_there_is_nothing_new(mailed):
    assert not delivery.send_new_edition(mailed)
    assert Copy.objects.count() == 1


def test_who_has_no_copy_has_no_new_edition(later):
    suspect = SubmissionFactory(suspect=True)
    assert not delivery.send_new_edition(suspect)


def test_it_needs_the_permission_to_send(client, sign_in, mailed, later):
    sign_in("DPO")
    act(client, "send_new_edition", [mailed])
    assert not Copy.objects.due().exists()


@pytest.mark.logs("reports.models.copy")
def test_a_damaged_file_is_not_sent_again(client, sign_in, mailed):
    storages["copies"].delete(mailed.copy.file)
    storages["copies"].save(mailed.copy.file, ContentFile(b"other"))
    sign_in("Commercial")

    response = act(client, "send_again", [mailed])

    assert "altéré" in notices(response)[0]
    assert not owed().exists()
    listed = client.get(page("reports_copy_changelist")).text
    assert "fichier altéré" in listed


def test_a_damaged_copy_is_replaced_for_who_asks_again_and_by_staff(mailed):
    Copy.objects.update(damaged_at=Now())

    again = delivery.copy_for(mailed)
    assert again != mailed.copy

    assert delivery.send_new_edition(mailed)
    mailed.refresh_from_db()
    assert mailed.copy.damaged_at is None
    assert mailed.copy.edition == Edition.current()
