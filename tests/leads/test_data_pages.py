"""« Mes données »: asked by anybody, opened by the mailbox alone, done at once."""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.files.storage import storages
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from leads import bases, consent, delivery, rights, rights_mail
from leads.channels import with_consents
from leads.models import (
    Activity,
    ConsentEvent,
    DataLink,
    Lead,
    PrivacyEvent,
    RightsRequest,
    Submission,
)
from outbox import tokens
from outbox.models import Message, Suppression, suppression_hash
from tests.leads.factories import (
    HitFactory,
    SubmissionFactory,
    delivered,
)
from tests.leads.rights import ASK, ask, body, code_in, open_link, send_all
from tests.leads.test_request import post

pytestmark = pytest.mark.django_db
ADDRESS = "zoe.loeuf@chu-exemple.fr"
RIGHT = {
    "first_name": "Zoé",
    "last_name": "Lœuf",
    "organisation": "Autre centre",
    "organisation_type": "chu",
    "job_function": "dsi",
    "region": "53",
}


@pytest.fixture
def submission():
    return delivered(
        lead__email=ADDRESS, lead__first_name="Zoë", lead__last_name="Lœuf"
    )


@pytest.fixture
def lead(submission):
    return submission.lead


@pytest.fixture
def link(visitor, lead, sink):
    return open_link(visitor, ADDRESS, sink)


def rows():
    """Return what a page could have changed."""
    models = (Lead, Submission, ConsentEvent, RightsRequest, Message, DataLink)
    return [list(model.objects.order_by("pk").values()) for model in models]


# --- Asking ---------------------------------------------------------------------------


def addresses():
    """Return an address of each kind; one post of the form tells none apart."""
    known = delivered().lead.email
    suspect = SubmissionFactory(suspect=True).lead.email
    erased = delivered().lead
    gone = erased.email
    rights.erase(erased)
    aside = delivered().lead.email
    Suppression.objects.create(address_hash=suppression_hash(aside), reason="bounce")
    return [known, suspect, gone, aside, "personne@exemple.fr"]


def test_every_address_gets_the_same_answer_for_the_same_statements(visitor):
    """S16: known, suspect, erased, suppressed, unknown."""
    seen = set()
    for address in addresses():
        with CaptureQueriesContext(connection) as queries:
            response = visitor.post(ASK, {"email": address})
        page = visitor.get(response.url)
        said = [query["sql"].split(" VALUES")[0] for query in queries]
        seen.add((response.status_code, response.url, page.text, tuple(said)))

    assert len(seen) == 1
    [(status, url, _, statements)] = seen
    assert (status, url) == (303, "/mes-donnees/demande/")
    assert len(statements) <= 3


def test_only_a_known_mailbox_is_written_to_and_nothing_is_kept_of_others(
    visitor, sink
):
    known, suspect, gone, aside, unknown = addresses()
    for address in (known, suspect, gone, aside, unknown):
        ask(visitor, address)
    send_all()

    mailed = sorted(message.mail["To"] for message in sink.messages)
    assert mailed == sorted([known, suspect])
    assert DataLink.objects.count() == 3
    assert not DataLink.objects.exclude(address="").exists()
    assert all(
        message.mail["Subject"] == rights_mail.LINK_SUBJECT for message in sink.messages
    )
    asked = RightsRequest.objects.filter(right="acces").order_by("pk")
    assert [bool(row.closed_at) for row in asked] == [True, True, False]
    assert "écartée" in asked[2].said


def test_asked_again_for_an_address_set_aside_staff_have_one_thing_to_do(visitor):
    aside = delivered().lead.email
    Suppression.objects.create(address_hash=suppression_hash(aside), reason="bounce")
    ask(visitor, aside)
    ask(visitor, aside)

    assert RightsRequest.objects.waiting().count() == 1


def test_one_network_asks_so_often_and_one_mailbox_is_mailed_so_often(
    visitor, lead, sink, settings
):
    settings.DATA_LINKS_PER_RECIPIENT_PER_DAY = 2
    settings.DATA_LINKS_PER_NETWORK_PER_HOUR = 4
    answers = [ask(visitor, ADDRESS).status_code for _ in range(5)]
    send_all()

    assert answers == [303, 303, 303, 303, 429]
    assert len(sink.messages) == 2


def test_asking_never_eats_the_synthesis_of_an_address(visitor, lead, settings):
    """S16: or three requests would tell whether the address is known."""
    settings.MAIL_PER_RECIPIENT_PER_DAY = 3
    Message.objects.all().delete()
    for _ in range(4):
        ask(visitor, ADDRESS)

    assert not delivery._why_withheld(ADDRESS)


def test_an_address_that_cannot_exist_is_asked_for_again(visitor):
    response = visitor.post(ASK, {"email": "zoe@"})

    assert response.status_code == 422
    assert "Il y a un problème" in response.text
    assert not DataLink.objects.exists()


def test_a_slip_is_believed(visitor, sink):
    assert ask(visitor, "zoe@gmial.com").status_code == 303


def test_another_site_cannot_ask(client):
    response = client.post(
        ASK, {"email": ADDRESS}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert response.status_code == 403


# --- The link -------------------------------------------------------------------------


def test_the_mail_tells_nothing_of_the_person(visitor, lead, link, sink):
    text = body(sink) + body(sink, "html")
    for word in ("Zoë", "Lœuf", lead.organisation):
        assert word not in text
    assert sink.messages[-1].mail["Auto-Submitted"] == "auto-generated"


def test_opening_it_changes_nothing(visitor, link):
    before = rows()
    for path in ("", "donnees.json", "donnees.csv", "effacer/"):
        for method in (visitor.get, visitor.head):
            response = method(f"{link}{path}")
            assert response.status_code == 200, path
            assert response.headers["Cache-Control"] == "no-store"
            assert "noindex" in response.headers["X-Robots-Tag"]
    for act in ("corriger/", "accord/actualites/", "mesure/", "suspendre/", "fermer/"):
        assert visitor.get(f"{link}{act}").status_code == 405
    assert rows() == before


def test_no_address_stands_in_it_and_another_purpose_opens_nothing(visitor, link):
    """S17: opaque, of one purpose."""
    row = DataLink.objects.get()
    assert "zoe" not in link.lower()
    assert len(row.token) == 27
    copy = Submission.objects.get().copy
    for token in (copy.token, tokens.make("suivi", row.uid), "x", "%00", "é" * 500):
        assert visitor.get(f"/mes-donnees/{token}/").status_code in (400, 404)
    assert visitor.get(f"/exemplaire/{row.token}/").status_code == 404


def test_expired_it_says_so_and_offers_another(visitor, link):
    """S17: max_age."""
    DataLink.objects.update(expires_at=Now() - timedelta(seconds=1))
    for path in ("", "donnees.json", "effacer/"):
        response = visitor.get(f"{link}{path}")
        assert response.status_code == 410
        assert "a expiré" in response.text
    assert visitor.post(f"{link}suspendre/").status_code == 410
    assert Lead.objects.get().frozen_at is None


def test_not_yet_mailed_it_opens_nothing(visitor, lead):
    visitor.post(ASK, {"email": ADDRESS})
    token = DataLink.objects.get().token
    assert visitor.get(f"/mes-donnees/{token}/").status_code == 404


def test_it_opens_nothing_once_the_contact_has_another_mailbox(visitor, link, lead):
    Lead.objects.update(email="autre@exemple.fr", email_key="autre@exemple.fr")
    assert visitor.get(link).status_code == 410


def test_closed_by_its_holder_it_stays_closed_and_says_so(visitor, link):
    response = visitor.post(f"{link}fermer/")
    assert response.status_code == 303
    page = visitor.get(response.url)
    assert page.status_code == 410
    assert "est fermé" in page.text
    assert "expiré" not in page.text


def test_old_links_are_forgotten(link):
    assert DataLink.objects.forget() == 0
    DataLink.objects.update(asked_at=Now() - timedelta(days=91))
    assert DataLink.objects.forget() == 1


@pytest.mark.parametrize(
    "act",
    ["corriger/", "accord/rappel/", "mesure/", "suspendre/", "effacer/", "fermer/"],
)
def test_another_site_cannot_act(client, visitor, link, act):
    before = rows()
    response = client.post(f"{link}{act}", headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403
    assert rows() == before


# --- What it shows --------------------------------------------------------------------


@pytest.fixture
def full(lead, submission):
    Submission.objects.filter(pk=submission.pk).update(
        first_name="Zozo",
        phone="+33199000000",
        source={"utm_source": ["Printemps"]},
    )
    lead.phone, lead.next_action = "01 99 00 00 11", "Rappeler en mars"
    lead.save()
    Activity.objects.create(lead=lead, kind="appel", outcome="joint", body="=Note dite")
    consent.record_news(submission, "/")
    HitFactory(copy=submission.copy)
    return lead


@pytest.mark.parametrize("path", ["", "donnees.json", "donnees.csv"])
def test_everything_held_is_told(visitor, full, link, path):
    """R22: page, JSON and CSV; consents, mails and downloads among it."""
    full.refresh_from_db()
    page = visitor.get(f"{link}{path}").content.decode().replace("&#x27;", "'")
    for word in (
        "Zoë", "Zozo", "Lœuf", ADDRESS, full.organisation, "Printemps", "=Note dite",
        "Rappeler en mars", "01 99 00 00 11", consent.news_wording().text,
        full.copies.get().reference, rights_mail.LINK_SUBJECT,
        "joint", "Bretagne",
    ):  # fmt: skip
        assert word in page, word


def test_the_files_are_well_made(visitor, full, link):
    """R22, S15: machine-readable; no cell is a formula."""
    response = visitor.get(f"{link}donnees.json")
    said = json.loads(response.content)
    assert said["format"] == "santescopie/donnees-personnelles/1"
    assert said["demandes"][0]["prenom"] == "Zozo"
    assert said["telechargements"] == [
        {
            "jour": timezone.localdate().isoformat(),
            "exemplaire": full.copies.get().reference,
        }
    ]
    assert "attachment" in response.headers["Content-Disposition"]
    text = visitor.get(f"{link}donnees.csv").content.decode()
    assert text.startswith("\ufeff")
    table = list(csv.reader(StringIO(text[1:]), delimiter=";"))
    assert table[0] == ["rubrique", "numéro", "champ", "valeur"]
    assert ["echanges", "1", "texte", "'=Note dite"] in table
    assert not [c for row in table for c in row if c.startswith(("=", "+", "-", "@"))]


def test_it_holds_nothing_of_anybody_else(visitor, full, link):
    other = delivered(lead__organisation=full.organisation).lead
    Activity.objects.create(lead=other, body="Une autre note")
    for path in ("", "donnees.json", "donnees.csv"):
        page = visitor.get(f"{link}{path}").content.decode()
        assert other.last_name not in page
        assert "Une autre note" not in page


# --- Acts -----------------------------------------------------------------------------


def test_a_correction_is_the_record_s_and_keeps_what_was_typed(visitor, lead, link):
    assert visitor.post(f"{link}corriger/", RIGHT).status_code == 303
    visitor.post(f"{link}corriger/", RIGHT)

    lead.refresh_from_db()
    assert {name: getattr(lead, name) for name in RIGHT} == RIGHT
    assert lead.submissions.get().first_name == "Zoë"
    note = RightsRequest.objects.get(right="rectification")
    assert note.closed_at
    assert note.changes["first_name"] == ["Zoë", "Zoé"]
    assert "Vos données sont corrigées." in visitor.get(link).text


def test_a_bad_correction_loses_nothing(visitor, lead, link):
    response = visitor.post(
        f"{link}corriger/", {**RIGHT, "last_name": "www.exemple.com", "region": "x"}
    )
    assert response.status_code == 422
    assert "Il y a un problème" in response.text
    assert "Autre centre" in response.text
    lead.refresh_from_db()
    assert lead.first_name == "Zoë"


def test_an_agreement_is_given_and_withdrawn_in_one_press(visitor, lead, link):
    """R18: one POST, no sign-in, effective at once."""

    def may_export():
        row = with_consents(Lead.objects.filter(pk=lead.pk)).get()
        return bool(bases.answer(bases.Act.EXPORT, bases.standing_of(row)))

    may = []
    for granted in ("oui", "oui", "non", "non"):
        visitor.post(f"{link}accord/actualites/", {"granted": granted})
        may.append(may_export())

    assert may == [True, True, False, False]  # R9: said from the mailbox itself.
    events = ConsentEvent.objects.order_by("pk")
    assert [event.granted for event in events] == [True, False]
    assert {event.wording for event in events} == {consent.news_wording().text}
    assert {event.channel for event in events} == {ConsentEvent.Channel.EMAIL}
    assert {event.page for event in events} == {"/mes-donnees/"}
    asked = RightsRequest.objects.exclude(right="acces").order_by("pk")
    assert [row.right for row in asked] == ["accord", "retrait"]


def test_to_be_called_takes_a_number_and_withdrawn_it_is_forgotten(visitor, lead, link):
    act = f"{link}accord/rappel/"
    assert visitor.post(act, {"granted": "oui"}).status_code == 422
    assert visitor.post(act, {"granted": "oui", "phone": "01 99 00 00 00"}).url
    assert Submission.objects.get().phone == "+33199000000"

    visitor.post(act, {"granted": "non"})

    assert Submission.objects.get().phone == ""
    assert [e.granted for e in lead.consents.order_by("pk")] == [True, False]


def test_a_ticked_box_is_confirmed_here_as_on_the_page_of_choices(visitor, lead, link):
    """R9: until then it is told for what it is, and no one exports it."""
    consent.record_news(Submission.objects.get(), "/")
    assert "Accord à confirmer" in visitor.get(link).text

    for _ in range(2):
        visitor.post(f"{link}accord/actualites/", {"granted": "oui"})

    page = visitor.get(link).text
    assert "Accord à confirmer" not in page
    assert "Confirmé\u00a0: actualités par courriel." in page
    row = with_consents(Lead.objects.filter(pk=lead.pk)).get()
    assert bases.answer(bases.Act.EXPORT, bases.standing_of(row))
    assert lead.consents.count() == lead.mailbox_events.count() == 1


def test_who_never_asked_to_be_called_may_refuse_it(visitor, lead, link):
    """R8: once; then there is nothing more to refuse."""
    assert "Ne pas être appelé" in visitor.get(link).text

    for _ in range(2):
        visitor.post(f"{link}accord/rappel/", {"granted": "non"})

    assert not lead.consents.get().granted
    assert lead.rights_requests.get(right="opposition").answer.startswith("Refusé")
    page = visitor.get(link).text
    assert "Refusé</strong>" in page
    assert "Ne pas être appelé" not in page


def test_the_day_of_erasure_is_told_but_while_they_are_frozen(visitor, lead, link):
    """R19: as staff read it, on the page and in the files."""
    words, day = "Effacement prévu le", timezone.localdate()
    assert words in visitor.get(link).text
    said = visitor.get(f"{link}donnees.json").json()["suivi"]["conserve_jusqu_au"]
    assert said.startswith(f"{day.year + 3}-")

    visitor.post(f"{link}suspendre/", {"frozen": "oui"})

    assert words not in visitor.get(link).text


def test_withdrawing_is_never_too_much(visitor, lead, link, settings):
    consent.record_news(Submission.objects.get(), "/")
    settings.POSTS_PER_NETWORK_PER_HOUR = 0
    assert visitor.post(f"{link}corriger/", RIGHT).status_code == 429

    visitor.post(f"{link}accord/actualites/", {"granted": "non"})

    assert not lead.consents.order_by("-pk")[0].granted


def test_an_unknown_purpose_is_not_found(visitor, link):
    for purpose in ("mesure", "x", "%00"):
        response = visitor.post(f"{link}accord/{purpose}/", {"granted": "oui"})
        assert response.status_code in (400, 404)


def test_an_objection_to_the_measure_holds_and_may_end(visitor, lead, link):
    """R24: in the same request."""
    visitor.post(f"{link}mesure/")
    visitor.post(f"{link}mesure/")
    assert lead.refuses_measure
    visitor.post(f"{link}mesure/", {"granted": "oui"})
    assert not lead.refuses_measure
    page = visitor.get(link).text
    for said in ("opposition", "opposition levée"):
        assert f"<td>Mesure individuelle du téléchargement\u00a0: {said}</td>" in page
    assert lead.consents.count() == 2


# --- Erasure --------------------------------------------------------------------------


def test_a_code_is_mailed_and_erases_at_once(visitor, lead, link, sink):
    """R23: and the pages are gone (410) afterwards."""
    copy = Submission.objects.get().copy
    follow_up = f"/suivi/{Submission.objects.get().token}/"
    assert visitor.post(f"{link}effacer/").url == f"{link}effacer/"
    send_all()
    code = code_in(sink)
    assert code not in Message.objects.latest("pk").text
    assert "z•••@chu-exemple.fr" in visitor.get(f"{link}effacer/").text

    response = visitor.post(f"{link}effacer/", {"code": f"{code[:3]} {code[3:]}"})

    assert (response.status_code, response.url) == (303, "/mes-donnees/effacees/")
    assert "Vos données sont effacées" in visitor.get(response.url).text
    lead.refresh_from_db()
    assert lead.erased_at
    assert visitor.get(link).status_code == 410
    assert visitor.get(f"{link}donnees.json").status_code == 410
    assert visitor.post(f"{link}effacer/", {"code": code}).status_code == 410
    assert visitor.get(f"/exemplaire/{copy.token}/").status_code == 410
    assert visitor.get(follow_up).status_code == 404
    assert PrivacyEvent.objects.get().kind == PrivacyEvent.Kind.ASKED
    assert RightsRequest.objects.filter(right="effacement", said="").exists()


def test_a_wrong_code_erases_nothing_and_is_tried_five_times(visitor, lead, link, sink):
    visitor.post(f"{link}effacer/")
    send_all()
    code = code_in(sink)
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for guess in (wrong, wrong, "zéro", "12", "", wrong, wrong, wrong, code):
        response = visitor.post(f"{link}effacer/", {"code": guess})
        assert response.status_code == 422
        assert "Erreur" in response.text
    lead.refresh_from_db()
    assert lead.erased_at is None


def test_no_code_was_asked_for_none_is_right(visitor, lead, link):
    code = rights_mail.code_of(DataLink.objects.get())
    assert visitor.post(f"{link}effacer/", {"code": code}).status_code == 422


def test_a_code_lasts_two_hours_and_a_new_one_ends_it(visitor, lead, link, sink):
    visitor.post(f"{link}effacer/")
    visitor.post(f"{link}effacer/")  # A double press.
    send_all()
    first = code_in(sink)
    assert Message.objects.filter(kind=rights_mail.CODE).count() == 1
    DataLink.objects.update(code_sent_at=Now() - timedelta(hours=3))
    assert visitor.post(f"{link}effacer/", {"code": first}).status_code == 422

    visitor.post(f"{link}effacer/")
    send_all()

    second = code_in(sink)
    assert visitor.post(f"{link}effacer/", {"code": first}).status_code == 422
    assert visitor.post(f"{link}effacer/", {"code": second}).status_code == 303


def test_after_its_last_code_the_page_offers_another_link(visitor, link):
    DataLink.objects.update(code_no=rights.MOST_CODES)
    page = visitor.get(f"{link}effacer/").text
    assert "dernier code" in page
    assert "Recevoir un autre code" not in page


def test_a_link_sends_three_codes_at_most(visitor, link):
    for _ in range(5):
        visitor.post(f"{link}effacer/")
        DataLink.objects.update(code_sent_at=Now() - timedelta(minutes=2))
    assert Message.objects.filter(kind=rights_mail.CODE).count() == 3


@pytest.mark.logs("leads.data_pages", "django.request")
def test_a_store_that_is_away_leaves_all_as_it_was(
    visitor, lead, link, sink, monkeypatch
):
    def away(*args):
        raise OSError("away")

    visitor.post(f"{link}effacer/")
    send_all()
    monkeypatch.setattr(type(storages["copies"]), "delete", away)

    response = visitor.post(f"{link}effacer/", {"code": code_in(sink)})

    assert response.status_code == 503
    lead.refresh_from_db()
    assert lead.erased_at is None


def test_who_comes_back_by_the_form_is_welcome(visitor, lead, sink, send):
    """R23: a tombstone refuses files, never the person."""
    rights.erase(lead)

    answer = post(visitor, email=ADDRESS)

    assert answer.status_code == 303
    again = Lead.objects.get(erased_at=None)
    assert again.email_key == ADDRESS
    assert not Suppression.objects.covers(ADDRESS)


def test_a_suspect_may_see_what_is_held(visitor, sink):
    held = SubmissionFactory(suspect=True)
    link = open_link(visitor, held.lead.email, sink)
    assert "ressemblait à celle d’un robot" in visitor.get(link).text
