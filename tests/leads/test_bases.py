"""What may be done, channel by channel: the code, its document, and who asks it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone

from leads import bases
from leads.bases import Act, Basis, Standing, answer
from leads.channels import channels_of, with_consents
from leads.models import ConsentEvent, Lead, MailboxEvent
from outbox.models import Message, Suppression, suppression_hash
from tests.leads.factories import LeadFactory, MessageFactory, delivered

NOW = timezone.now()
GIVEN = Standing(news=True, news_at=NOW, call=True, call_at=NOW, number=True)
CONFIRMED = replace(GIVEN, confirmed=True, measure=True)
STANDINGS = {
    "nothing said": Standing(),
    "given": GIVEN,
    "confirmed": CONFIRMED,
    "refused": Standing(
        news=False, news_at=NOW, call=False, call_at=NOW, measure=False
    ),
    "frozen": replace(CONFIRMED, frozen=True),
    "set aside": replace(CONFIRMED, set_aside=True),
    "erased": replace(CONFIRMED, erased=True),
}


def table():
    text = (settings.BASE_DIR / "docs" / "privacy.md").read_text()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("| `") or line.startswith("| act ")
    ]
    head, *body = [row for row in rows if len(row) == len(STANDINGS) + 3]
    assert head[3:] == list(STANDINGS)
    return {row[0].strip("`"): row[2:] for row in body}


@pytest.mark.parametrize("act", Act, ids=lambda act: act.name)
def test_the_document_says_what_the_code_does(act):
    """R1: each purpose has one basis, and what staff may do is the same everywhere."""
    basis, *cells = table()[act.name]

    assert bases.BASES[act] is Basis[basis]
    for (name, standing), cell in zip(STANDINGS.items(), cells, strict=True):
        found = answer(act, standing)
        assert cell == ("yes" if found else "no"), name
        assert found.basis is Basis[basis]
        assert found.words
        assert not re.search(r"[a-z] [:;!?]", found.words)


def test_the_document_has_every_act_and_no_other():
    assert set(table()) == {act.name for act in Act}


@pytest.mark.parametrize("act", [Act.NEWS, Act.EXPORT, Act.SHARE])
def test_a_suspect_or_a_test_is_in_no_list(act):
    assert not answer(act, replace(CONFIRMED, unlisted=True))


# --- Where a lead stands --------------------------------------------------------------


def found(lead):
    return with_consents(Lead.objects.filter(pk=lead.pk)).get()


def agrees(lead, purpose="actualites", granted=True, **values):
    return ConsentEvent.objects.create(
        lead=lead, purpose=purpose, granted=granted, **values
    )


def confirms(lead, kind=MailboxEvent.Kind.DOWNLOADED, **values):
    return MailboxEvent.objects.create(lead=lead, kind=kind, **values)


def may(act, lead):
    return answer(act, bases.standing_of(found(lead)))


@pytest.mark.django_db
def test_a_tick_counts_only_after_a_post_from_the_mailbox():
    """R9: until then the answer is no, and says why."""
    lead = LeadFactory()
    confirms(lead, at=NOW - timedelta(days=2))
    agrees(lead)

    for act in (Act.NEWS, Act.EXPORT):
        assert not may(act, lead)
        assert "boîte pas encore confirmée" in may(act, lead).words
    [channels] = channels_of([found(lead)]).values()
    assert not channels.email.allowed
    assert not channels.email.address
    assert "boîte pas encore confirmée" in channels.email.words

    confirms(lead)
    assert may(Act.NEWS, lead)
    assert may(Act.EXPORT, lead)
    [channels] = channels_of([found(lead)]).values()
    assert channels.email.address == lead.email


@pytest.mark.django_db
def test_another_address_is_another_mailbox():
    """R9: who confirmed the old address has said nothing of the new one."""
    lead = LeadFactory()
    agrees(lead)
    confirms(lead)

    Lead.objects.update(email="autre@exemple.fr", email_key="autre@exemple.fr")

    assert not may(Act.NEWS, lead)
    assert "confirmée" in may(Act.NEWS, lead).words


@pytest.mark.django_db
def test_what_is_withdrawn_stays_so_whatever_is_confirmed_later():
    lead = LeadFactory()
    agrees(lead)
    confirms(lead)
    agrees(lead, granted=False)
    confirms(lead)

    assert not may(Act.NEWS, lead)
    assert "retiré le" in may(Act.NEWS, lead).words


@pytest.mark.django_db
def test_who_froze_their_data_is_neither_called_nor_written_to():
    """R26: one hook, `frozen_at`, and every channel follows."""
    lead = found(LeadFactory(phone="01 99 00 00 00"))
    lead.frozen_at = NOW

    [channels] = channels_of([lead]).values()

    for channel in channels:
        assert not channel.allowed
        assert not channel.address
        assert "suspendu" in channel.words
    assert not channels.wants_call
    assert not bases.may_measure(lead)


@pytest.mark.django_db
def test_an_address_set_aside_takes_no_mail_and_the_telephone_still_rings():
    lead = LeadFactory()
    Suppression.objects.create(
        address_hash=suppression_hash(lead.email), reason="bounce"
    )

    assert not may(Act.DOCUMENT, lead)
    assert may(Act.CALL, lead)


# --- The layer that sends -------------------------------------------------------------


def owed(kind, lead):
    message = MessageFactory(kind=kind, lead=lead, recipient=lead.email)
    Message.objects.filter(pk=message.pk).update(lease_until=None)
    return message


@pytest.mark.django_db
def test_the_document_leaves_whatever_was_refused(sink, send):
    """R3, E5: refusing everything withholds nothing that was asked for."""
    lead = LeadFactory()
    for purpose in ConsentEvent.Purpose:
        agrees(lead, purpose, granted=False)

    assert send(owed("synthesis", lead)).accepted_at
    assert send(owed("erratum", lead)).accepted_at


@pytest.mark.django_db
def test_news_is_refused_by_the_layer_that_sends(sink, send):
    """R2, R24: at the lowest layer, whoever wrote it, at the moment it leaves."""
    lead = LeadFactory()
    agrees(lead)
    assert send(owed("actualites", lead)).withheld_at

    confirms(lead)
    assert send(owed("actualites", lead)).accepted_at

    last = owed("actualites", lead)
    agrees(lead, granted=False)
    last = send(last)
    assert last.withheld_at
    assert last.events.latest("pk").reason == "unasked"
    assert len(sink.messages) == 1


@pytest.mark.django_db
def test_nothing_leaves_for_who_froze_their_data(sink, send, monkeypatch):
    """R26: not even a document that waited."""
    monkeypatch.setattr(bases, "is_frozen", lambda lead: True)

    message = send(owed("synthesis", LeadFactory()))

    assert message.withheld_at
    assert message.events.latest("pk").reason == "frozen"
    assert not sink.messages


@pytest.mark.django_db
def test_nothing_leaves_for_who_is_erased(sink, send):
    message = owed("synthesis", LeadFactory())
    Lead.objects.update(erased_at=Now(), email_key=None)

    assert send(message).withheld_at


@pytest.mark.django_db
def test_what_is_asked_again_for_who_froze_is_held_back_at_once(monkeypatch):
    """R26: staff who send again are told, and no new link is made."""
    from leads.resending import resend

    submission = delivered()
    monkeypatch.setattr(bases, "is_frozen", lambda lead: True)

    assert resend(submission) == "withheld"
