"""A number is left by whoever wants to, agreed to in words, and taken back."""

from __future__ import annotations

import pytest

from leads.calling import INVALID_PHONE, read, shown
from leads.consent import call_wording
from leads.models import ConsentEvent, Lead, Submission
from tests.leads.factories import SubmissionFactory
from tests.leads.follow_up import act, page, submit, work
from tests.leads.pages import page as admin_page

NUMBER = "+33199000000"


def events():
    calls = ConsentEvent.objects.filter(purpose=ConsentEvent.Purpose.CALL)
    return list(calls.order_by("pk").values_list("granted", flat=True))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("01 99 00 00 00", NUMBER),
        ("01.99.00.00.00", NUMBER),
        ("01\u00a099\u00a000\u00a000\u00a000", NUMBER),
        ("01-99-00-00-00", NUMBER),
        ("0033199000000", NUMBER),
        ("+33 (0)1 99 00 00 00", NUMBER),
        ("\uff10\uff11 99 00 00 00", NUMBER),  # Full width.
        ("0612345678", "+33612345678"),
        ("0976543210", "+33976543210"),
        ("0590 20 12 34", "+590590201234"),
        ("0696 20 12 34", "+596696201234"),
        ("0694 20 12 34", "+594694201234"),
        ("0692 12 34 56", "+262692123456"),
        ("0269 60 12 34", "+262269601234"),
        ("0508 41 23 45", "+508412345"),
        ("+687 25 12 34", "+687251234"),
        ("+32 470 12 34 56", "+32470123456"),
    ],
)
def test_a_number_is_read_in_any_usual_writing(typed, kept):
    assert read(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        *("", "zéro", "3949", "15", "01 99 00 00", "01 99 00 00 00 00 00"),
        *("0899 12 34 56", "+1 900 555 0100", "0612345678 poste 12", "0800FLEURS"),
        *("tel:+33199000000", "+33199000000;ext=1", "++33199000000", "\ud800", "٣"),
    ],
)
def test_what_cannot_be_called_is_refused(typed):
    assert read(typed) == ""


def test_a_number_is_shown_as_people_read_it():
    assert shown(NUMBER) == "+33 1 99 00 00 00".replace(" ", "\u00a0")


@pytest.mark.django_db
def test_a_number_is_kept_with_the_words_that_were_read(visitor, sink):
    submission = submit(visitor)
    work()
    before = page(visitor, submission)

    answer = act(visitor, submission, "rappel", phone="01 99 00 00 00")

    assert answer.status_code == 303
    assert answer.url == f"/suivi/{submission.token}/#rappel"
    submission.refresh_from_db()
    assert submission.phone == NUMBER
    event = ConsentEvent.objects.get()
    assert event.purpose == ConsentEvent.Purpose.CALL
    assert event.granted
    assert event.wording in before
    assert event.wording_version == call_wording().version
    assert event.wording_sha256 == call_wording().sha256
    assert event.page == "/suivi/", "the rest of the address is a secret"
    assert event.submission == submission
    after = page(visitor, submission)
    assert "qui finit par 00" in after
    assert NUMBER not in after


@pytest.mark.django_db
def test_twice_is_one_agreement_and_another_number_is_another(visitor):
    submission = submit(visitor)
    for phone in ("01 99 00 00 00", "+33199000000", "01 99 00 00 01"):
        act(visitor, submission, "rappel", phone=phone)

    assert events() == [True, True]
    assert Submission.objects.get().phone == "+33199000001"


@pytest.mark.django_db
def test_it_is_taken_back_in_one_press(visitor, sink):
    submission = submit(visitor)
    work()
    act(visitor, submission, "rappel", phone=NUMBER)
    assert 'name="withdraw"' in page(visitor, submission)

    act(visitor, submission, "rappel", withdraw="oui")
    act(visitor, submission, "rappel", withdraw="oui")

    assert events() == [True, False]
    assert Submission.objects.get().phone == ""
    assert 'name="phone"' in page(visitor, submission)


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["", "zéro", "0199", "1" * 41, "01\x00"])
def test_an_error_says_what_is_expected(visitor, typed):
    submission = submit(visitor)

    answer = act(visitor, submission, "rappel", phone=typed)

    html = answer.content.decode()
    assert answer.status_code == 422
    assert INVALID_PHONE in html
    assert 'href="#id_phone"' in html
    assert "refresh" not in html
    assert not events()


@pytest.mark.django_db
def test_nobody_puts_a_number_on_a_contact_s_record(visitor):
    submission = submit(visitor)
    Lead.objects.update(phone="+33199000009")

    act(visitor, submit(visitor, first_name="Autre"), "rappel", phone=NUMBER)

    assert Lead.objects.get().phone == "+33199000009"
    assert Submission.objects.get(pk=submission.pk).phone == ""


@pytest.mark.django_db
def test_a_suspect_s_number_is_stored_and_agreed_to_nothing(visitor):
    submission = submit(visitor, website="x")

    act(visitor, submission, "rappel", phone=NUMBER)

    assert Submission.objects.get().phone == NUMBER
    assert not events()


@pytest.mark.django_db
def test_sales_see_which_submission_a_number_came_with(client, sign_in):
    sign_in("Commercial")
    submission = SubmissionFactory(phone=NUMBER)

    html = client.get(admin_page("leads_submission_change", submission.pk)).text
    assert f'<a href="tel:{NUMBER}">{shown(NUMBER)}</a>' in html
    html = client.get(admin_page("leads_lead_change", submission.lead_id)).text
    assert f"rappel demandé au {shown(NUMBER)}" in html


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["leads_submission_change", "leads_suspect_change"])
def test_a_number_is_shown_nowhere_once_calls_are_refused(client, sign_in, name):
    """It was left, then they asked not to be called: nobody presses it by mistake."""
    sign_in("Marketing")
    suspicion = "honeypot" if "suspect" in name else ""
    submission = SubmissionFactory(phone=NUMBER, suspicion=suspicion)
    key = submission.lead_id if suspicion else submission.pk
    assert f"tel:{NUMBER}" in client.get(admin_page(name, key)).text

    ConsentEvent.objects.create(lead=submission.lead, purpose="rappel", granted=False)

    html = client.get(admin_page(name, key)).text
    assert NUMBER not in html
    assert shown(NUMBER) not in html
    assert "ne veut pas, ou plus, être appelé" in html
