"""« Vos choix »: from the mail, each choice with one press, and nothing by opening."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from leads import bases, choices, consent
from leads.bases import Act
from leads.channels import with_consents
from leads.models import ConsentEvent, Lead, MailboxEvent
from outbox import tokens
from outbox.models import Message
from tests.leads.factories import LeadFactory, delivered

pytestmark = pytest.mark.django_db
READER = {"HTTP_USER_AGENT": "Mozilla/5.0 (Windows NT 10.0) Firefox/130.0"}


@pytest.fixture
def submission():
    submission = delivered(phone="+33199000000")
    # A while ago: no one reads their mail within five seconds.
    Message.objects.update(accepted_at=Now() - timedelta(hours=1))
    return submission


def path_of(copy):
    return f"/choix/{copy.reference}-{tokens.make(choices.TOKEN, copy.uid)}/"


def press(visitor, copy, choice, **extra):
    return visitor.post(path_of(copy), {"choix": choice}, **(READER | extra))


def tick(submission):
    consent.record_news(submission, "/")


def may(act, lead):
    row = with_consents(Lead.objects.filter(pk=lead.pk)).get()
    return bases.answer(act, bases.standing_of(row))


def acts(purpose):
    events = ConsentEvent.objects.filter(purpose=purpose).order_by("pk")
    return [(event.granted, event.channel, event.page) for event in events]


def test_opening_it_changes_nothing(visitor, submission):
    """R9: gateways open every link; only a press counts."""
    tick(submission)

    for method in ("get", "head"):
        assert getattr(visitor, method)(path_of(submission.copy)).status_code == 200

    assert not MailboxEvent.objects.exists()
    assert ConsentEvent.objects.count() == 1
    assert not may(Act.NEWS, submission.lead)


def test_a_press_confirms_what_was_ticked(visitor, submission):
    """R9: the same agreement, and a sign of life from the mailbox."""
    tick(submission)
    page = visitor.get(path_of(submission.copy)).text
    assert "Confirmer mon accord" in page
    assert consent.news_wording().text in page

    response = press(visitor, submission.copy, "actualites-oui")

    assert response.status_code == 303
    assert ConsentEvent.objects.count() == 1
    assert MailboxEvent.objects.get().kind == "bouton"
    assert may(Act.NEWS, submission.lead)
    assert "Confirmer" not in visitor.get(path_of(submission.copy)).text


def test_news_is_agreed_to_and_withdrawn_with_one_press_each(visitor, submission):
    """R18: as easy to withdraw as to give; the ledger says words and channel."""
    press(visitor, submission.copy, "actualites-oui")
    assert may(Act.EXPORT, submission.lead)

    press(visitor, submission.copy, "actualites-non")

    assert not may(Act.EXPORT, submission.lead)
    assert acts("actualites") == [
        (True, "email", "/choix/"),
        (False, "email", "/choix/"),
    ]
    for event in ConsentEvent.objects.all():
        assert event.wording == consent.news_wording().text
        assert event.wording_sha256 == consent.news_wording().sha256


def test_what_is_withdrawn_is_told_in_the_words_that_were_agreed_to(
    visitor, submission, settings
):
    """R16: a text that changed since is not the one that they had read."""
    tick(submission)
    read = consent.news_wording()
    settings.PUBLISHER = {**settings.PUBLISHER, "name": "Autre éditeur"}
    assert consent.news_wording().text != read.text
    assert read.text in visitor.get(path_of(submission.copy)).text

    press(visitor, submission.copy, "actualites-non")

    assert ConsentEvent.objects.latest("pk").wording == read.text


def test_a_sandbox_that_presses_every_button_agrees_to_nothing(visitor, submission):
    """R9: what the rules of requests give to a machine is no agreement."""
    tick(submission)
    Message.objects.update(accepted_at=Now())  # Five seconds are not over.

    response = press(visitor, submission.copy, "actualites-oui")

    assert response.status_code == 409
    assert "logiciel" in response.text
    assert not MailboxEvent.objects.exists()
    assert press(visitor, submission.copy, "actualites-non").status_code == 303


def test_no_more_calls_takes_the_number_with_it(visitor, submission):
    """R8, R18."""
    press(visitor, submission.copy, "rappel-non")

    submission.refresh_from_db()
    assert submission.phone == ""
    assert acts("rappel") == [(False, "email", "/choix/")]
    assert not may(Act.CALL, submission.lead)


def test_the_measure_is_objected_to_and_back(visitor, submission):
    press(visitor, submission.copy, "mesure-oui")
    assert not acts("mesure")  # There was nothing to take back.

    press(visitor, submission.copy, "mesure-non")
    assert not may(Act.MEASURE, submission.lead)
    press(visitor, submission.copy, "mesure-oui")

    assert may(Act.MEASURE, submission.lead)
    assert [granted for granted, *_ in acts("mesure")] == [False, True]


def test_a_mailbox_that_is_no_longer_theirs_may_only_refuse(visitor, submission):
    """R9: a copy went to an address that staff have corrected since."""
    Lead.objects.update(email="b@exemple.fr", email_key="b@exemple.fr")

    assert press(visitor, submission.copy, "actualites-oui").status_code == 409
    assert not acts("actualites")
    assert "Donner mon accord" not in visitor.get(path_of(submission.copy)).text
    press(visitor, submission.copy, "actualites-non")
    assert [granted for granted, *_ in acts("actualites")] == [False]
    press(visitor, submission.copy, "mesure-non")
    assert press(visitor, submission.copy, "mesure-oui").status_code == 409
    assert [granted for granted, *_ in acts("mesure")] == [False]
    assert "Ne plus m’y opposer" not in visitor.get(path_of(submission.copy)).text


def test_the_mailbox_of_a_record_that_was_merged_may_only_refuse(visitor, submission):
    """R9: the news would go to the other address, whose mailbox said nothing."""
    kept = LeadFactory()
    Lead.objects.filter(pk=submission.lead_id).update(merged_into=kept)

    assert press(visitor, submission.copy, "actualites-oui").status_code == 409
    press(visitor, submission.copy, "actualites-non")

    assert [granted for granted, *_ in acts("actualites")] == [False]
    assert ConsentEvent.objects.get().lead == kept


def test_a_sandbox_that_presses_every_button_lifts_no_objection(visitor, submission):
    """R24: an objection holds until a person takes it back."""
    press(visitor, submission.copy, "mesure-non")
    machine = {"HTTP_USER_AGENT": "curl/8.0"}

    assert press(visitor, submission.copy, "mesure-oui", **machine).status_code == 409
    assert not may(Act.MEASURE, submission.lead)


def test_only_this_link_opens_and_only_from_here(visitor, submission):
    """S17, S18."""
    copy = submission.copy
    for token in (copy.token, f"{copy.reference}-x", f"{copy.reference}-é", "x"):
        assert visitor.get(f"/choix/{token}/").status_code == 404
    foreign = {"HTTP_SEC_FETCH_SITE": "cross-site"}
    assert press(visitor, copy, "actualites-non", **foreign).status_code == 403
    assert press(visitor, copy, "autre").status_code == 400
    Lead.objects.update(erased_at=Now(), email_key=None)
    assert visitor.get(path_of(copy)).status_code == 410
    assert press(visitor, copy, "actualites-oui").status_code == 410
    assert not ConsentEvent.objects.exists()


# --- The download ---------------------------------------------------------------------


def download(visitor, copy, method="post"):
    return getattr(visitor, method)(f"/exemplaire/{copy.token}/telecharger/", **READER)


def test_a_download_from_the_mail_confirms_the_mailbox(visitor, submission, settings):
    """R9: a POST, served, from the link that was mailed to that address."""
    tick(submission)
    download(visitor, submission.copy, "get")
    assert not MailboxEvent.objects.exists()

    assert download(visitor, submission.copy).status_code == 200

    assert MailboxEvent.objects.get().kind == "telechargement"
    assert may(Act.NEWS, submission.lead)


def test_the_download_of_a_machine_confirms_nothing(visitor, submission):
    """R9."""
    tick(submission)
    Message.objects.update(accepted_at=Now())

    assert download(visitor, submission.copy).status_code == 200

    assert not MailboxEvent.objects.exists()


def test_the_download_from_another_mailbox_confirms_nothing(visitor, submission):
    """R9."""
    Lead.objects.update(email="b@exemple.fr", email_key="b@exemple.fr")

    download(visitor, submission.copy)

    assert not MailboxEvent.objects.filter(kind="telechargement").exists()


def test_while_frozen_the_page_says_so(visitor, submission):
    """R26: an agreement that nothing follows is not told as if it were in force."""
    page = visitor.get(path_of(submission.copy)).text
    assert "suspendu" not in page

    Lead.objects.update(frozen_at=Now())

    assert (
        "L’usage de vos données est suspendu"
        in visitor.get(path_of(submission.copy)).text
    )
