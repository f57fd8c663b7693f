"""The mail to whom leads are given: what is true when it leaves, in both parts."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.utils import timezone

from leads import assigning, assignment_mail, call_sheet
from leads.models import Assignment, ConsentEvent, Lead, PrivacyEvent
from leads.privacy import erase
from outbox.models import Message
from outbox.sending import content_of
from tests.leads.factories import LeadFactory, SubmissionFactory
from tests.leads.routing import newcomer, rule, sales
from tests.pages.reading import Page, typography_faults

pytestmark = pytest.mark.django_db


def given(*leads, to=None, why="Confié par Camille Exemple"):
    """Give leads, and return the message that tells of it."""
    to = to or sales()
    assigning.assign([lead.pk for lead in leads], to, why=why)
    return Message.objects.order_by("-pk")[0]


def made(message):
    return assignment_mail.assignment(message)


def words(text):
    return set(re.findall(r"[^\W_]+(?:[-’.@/][^\W_]+)*", text))


def told_as(text, *sentences):
    """Compare with a text part, whose lines are folded."""
    flat = re.sub(r"[^\S\u00a0\u202f]+", " ", text)
    return [sentence for sentence in sentences if sentence not in flat]


def test_one_lead_is_told_with_who_where_why_and_until_when(settings):
    lead = LeadFactory(
        organisation="Centre hospitalier d’Exemple", promised_on=date(2099, 12, 2)
    )
    content = made(given(lead))

    assert content.subject == (
        "À appeler\u00a0: Centre hospitalier d’Exemple (Bretagne)"
    )
    wanted = (
        lead.full_name,
        "Direction des systèmes d’information",
        "Centre hospitalier d’Exemple, Bretagne",
        "Premier contact avant mercredi 2\u00a0décembre\u00a02099 au soir.",
        "Téléphone, aucun numéro laissé",
        "n’a pas demandé d’actualités",
        "Pourquoi vous\u00a0: Confié par Camille Exemple.",
        f"{settings.SITE_URL}/admin/leads/lead/{lead.pk}/change/",
    )
    assert told_as(content.text, *wanted) == []
    assert told_as(Page(content.html).flow, *wanted[:-1]) == []
    assert f'href="{wanted[-1]}"' in content.html


def test_several_leads_are_counted_in_the_subject():
    content = made(given(*(LeadFactory() for _ in range(4))))

    assert content.subject == "4 contacts vous sont confiés"
    assert content.text.count("Pourquoi vous") == 4


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("sheet", [b"", b"%PDF-"])
def test_both_parts_say_the_same(monkeypatch, settings, count, sheet):
    settings.REPLY_TO = "etude@exemple.fr"
    monkeypatch.setattr(call_sheet, "render", lambda keys: sheet)
    leads = [LeadFactory(promised_on=date(2099, 12, 2)) for _ in range(count)]
    SubmissionFactory(lead=leads[0], phone="+33102030405")
    for purpose in ("rappel", "actualites"):
        ConsentEvent.objects.create(lead=leads[0], purpose=purpose, granted=True)
    content = made(given(*leads))
    page = Page(content.html)
    preview = "Qui appeler, avant quand, et pourquoi vous."

    shown = words(page.flow.replace(preview, ""))
    written = words(re.sub(r"https://\S+", "", content.text))

    assert shown - written == set()
    assert written - shown == set()
    links = {a["href"] for a in page.all("a")} - {"tel:+33102030405"}
    assert {link.removeprefix("mailto:") for link in links} == set(
        re.findall(r"https://\S+|[\w.-]+@[\w.-]+\w", content.text)
    )
    assert not typography_faults(page.flow)
    assert not typography_faults(content.text)


def test_staff_are_not_asked_whether_it_was_them(settings):
    settings.PUBLISHER = {**settings.PUBLISHER, "dpo_email": "dpo@exemple.fr"}
    content = made(given(LeadFactory()))

    for part in (content.text, content.html):
        assert "Ce n’était pas vous" not in part
        assert "dpo@exemple.fr" not in part


def test_a_refused_channel_has_no_address_and_is_not_called():
    lead = LeadFactory(phone="+33102030405", email="refus@exemple.fr")
    for purpose in ("rappel", "actualites"):
        ConsentEvent.objects.create(lead=lead, purpose=purpose, granted=False)

    content = made(given(lead))

    assert content.subject.startswith("À suivre")
    for part in (content.text, content.html):
        assert "ne pas appeler" in part
        assert "ne pas écrire" in part
        for address in ("102030405", "02 03 04 05", "refus@exemple.fr"):
            assert address not in part


def test_a_broken_promise_is_said_to_be_and_a_kept_one_is_not_said():
    late = LeadFactory(promised_on=date(2020, 1, 2))
    kept = LeadFactory(promised_on=date(2099, 1, 2), first_contact_at=timezone.now())

    text = made(given(late, kept)).text

    assert text.count("c’est passé") == 1
    assert text.lower().count("premier contact") == 1


@pytest.mark.parametrize(
    "gone",
    [
        lambda lead: erase(lead, PrivacyEvent.Kind.NOT_ME),
        lambda lead: Lead.objects.filter(pk=lead.pk).update(owner=None),
        lambda lead: assigning.assign([lead.pk], sales("Camille"), why="x"),
        lambda lead: Lead.objects.filter(pk=lead.pk).update(
            suspected_at=timezone.now()
        ),
    ],
    ids=["erased", "taken back", "given to another", "suspect"],
)
def test_who_is_gone_is_left_out_and_nothing_left_is_no_mail(gone):
    lead, other = LeadFactory(), LeadFactory()
    message = given(lead, other)

    gone(lead)
    assert lead.email not in made(message).html
    assert made(message).subject.startswith("À appeler")
    gone(other)
    assert made(message) is None


def test_nothing_personal_is_stored_with_the_message():
    lead = LeadFactory()
    message = given(lead)

    stored = str(Message.objects.filter(pk=message.pk).values())
    assert not [w for w in (lead.last_name, lead.organisation) if w in stored]
    assert message.subject == "Des contacts vous sont confiés"


@pytest.mark.parametrize(("count", "attached"), [(1, 1), (10, 1), (11, 0)])
def test_call_sheets_of_up_to_ten_are_attached(monkeypatch, count, attached):
    asked = []

    def render(keys):
        asked.append(list(keys))
        return b"%PDF-"

    monkeypatch.setattr(call_sheet, "render", render)
    leads = [LeadFactory() for _ in range(count)]

    content = made(given(*leads))

    assert len(content.attachments) == attached
    assert asked == [[lead.pk for lead in leads]] * attached
    assert ("en pièce jointe" in content.text) == bool(attached)


def test_what_is_beyond_a_page_is_counted(monkeypatch):
    monkeypatch.setattr(assignment_mail, "LISTED", 2)

    content = made(given(*(LeadFactory() for _ in range(5))))

    assert "Et 3 autres contacts" in content.text
    assert content.subject == "5 contacts vous sont confiés"


def test_a_name_cannot_break_the_subject_or_the_markup():
    lead = LeadFactory(
        first_name="<b>", organisation="Exemple\r\nBcc: x@exemple.fr <i>"
    )
    content = made(given(lead))

    assert "\n" not in content.subject
    assert "\r" not in content.subject
    assert "<b>" not in content.html.partition("<body")[2]
    assert "<i>" not in content.html


def test_it_costs_the_same_however_many_leads(django_assert_max_num_queries):
    message = given(*(LeadFactory() for _ in range(30)))

    with django_assert_max_num_queries(3):
        made(message)


def test_it_leaves_through_the_house(sink, send):
    rule(sales())
    from leads.routing import route_new

    lead = newcomer()
    route_new()
    message = send(Message.objects.get())

    assert message.state == "accepted"
    [received] = sink.messages
    assert received.mail["Subject"].startswith("À appeler")
    assert lead.full_name in received.mail.get_body(("plain",)).get_content()
    assert content_of(message)
    assert Assignment.objects.get().message == message


@pytest.mark.parametrize("left", [{"is_active": False}, {"is_staff": False}])
def test_whoever_left_the_house_is_told_of_nobody(left):
    """The mail server was down for a day: people's names must not follow them."""
    person = sales()
    message = given(LeadFactory(), to=person)
    assert made(message)

    type(person).objects.filter(pk=person.pk).update(**left)

    assert made(message) is None


@pytest.mark.logs("leads.assignment_mail")
def test_a_sheet_that_cannot_be_made_keeps_nobody_waiting(monkeypatch):
    def lost(keys):
        raise RuntimeError("no fonts")

    monkeypatch.setattr(call_sheet, "render", lost)
    lead = LeadFactory()

    content = made(given(lead))

    assert not content.attachments
    assert "en pièce jointe" not in content.text
    assert lead.full_name in content.text
