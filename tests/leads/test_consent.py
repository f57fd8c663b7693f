"""The boxes of the form, what is written down of them, and what the mail says back."""

from __future__ import annotations

import hashlib
import re

import pytest
from django.utils import timezone
from django.utils.formats import date_format

from leads import consent
from leads.forms import RequestForm
from leads.models import ConsentEvent, Lead, Submission
from outbox.tasks import send_message
from reports.models import Copy
from reports.tasks import render_copy
from tests.leads.test_request import post
from tests.pages.reading import Page

pytestmark = pytest.mark.django_db


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def label_of(page, box):
    """Return the words beside a box, as a browser joins them."""
    [label] = re.findall(rf'<label[^>]*for="{box}"[^>]*>(.*?)</label>', page, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", "", label).split(" ")).strip()


# --- The form -----------------------------------------------------------------------


def test_no_box_is_ticked_and_none_has_to_be(visitor):
    """R4, R5, R6: one box, for one purpose, empty, optional; no policy to accept."""
    page = Page(visitor.get("/").text)
    boxes = [one for one in page.all("input") if one.get("type") == "checkbox"]

    assert [one["name"] for one in boxes] == ["news_consent"]
    assert "checked" not in boxes[0]
    assert "required" not in boxes[0]
    assert Submission._meta.get_field("news_consent").default is False
    assert not RequestForm.base_fields["news_consent"].required
    text = visitor.get("/").text
    assert "j’accepte la politique" not in text.lower()


def test_the_words_name_sender_channel_subject_and_the_way_out(settings):
    """R7."""
    settings.PUBLISHER = {**settings.PUBLISHER, "name": "Éditions Exemple"}

    words = consent.news_wording().text

    said = ("courriel", "Éditions Exemple", "IA en santé", "facultatif", "désinscrire")
    assert all(one in words for one in said)


def test_what_is_shown_is_what_is_stored_to_the_letter(visitor):
    """R17: the form as it is rendered, against the row, its hash and the constraint."""
    shown = label_of(visitor.get("/").text, "id_news_consent")

    post(visitor, news_consent="on")

    event = ConsentEvent.objects.get()
    assert event.wording == shown
    assert event.wording_sha256 == digest(shown)
    assert event.wording_version == consent.news_wording().version
    assert (event.page, event.channel) == ("/", "web")
    assert abs(timezone.now() - event.at).total_seconds() < 60


def test_a_number_is_asked_for_in_the_words_that_are_stored(visitor):
    """R5, R17: being called back is a purpose of its own, on its own page."""
    post(visitor)
    submission = Submission.objects.get()
    # A page that renews itself asks for nothing.
    shown = visitor.get(f"/suivi/{submission.token}/?actualisation=non").text
    assert consent.call_wording().text in shown

    visitor.post(f"/suivi/{submission.token}/rappel/", {"phone": "01 99 00 00 00"})

    event = ConsentEvent.objects.get()
    assert event.purpose == "rappel"
    assert event.wording == consent.call_wording().text
    assert event.wording_sha256 == digest(event.wording)


def test_another_text_has_another_hash(settings):
    """R17."""
    before = consent.news_wording().sha256
    settings.PUBLISHER = {**settings.PUBLISHER, "name": "Éditions Exemple"}

    assert consent.news_wording().sha256 != before


# The hashes of the texts, and their versions. A change of one is a new version of the
# other: write both here.
VERSIONS = {
    "news": ("2", "c4cba91cd81b4971"),
    "call": ("1", "e6b85dad9af9668c"),
    "measure": ("2", "4a91208be7e611dd"),
}


def test_a_changed_text_is_a_new_version(settings):
    """R17: nobody changes the words and keeps the number."""
    from leads import measure

    settings.PUBLISHER = {**settings.PUBLISHER, "name": "X"}
    now = {
        "news": consent.news_wording(),
        "call": consent.call_wording(),
        "measure": measure.WORDING,
    }
    for name, wording in now.items():
        version, sha256 = VERSIONS[name]
        assert (wording.version, wording.sha256[:16]) == (version, sha256)


def test_the_measure_is_told_where_the_data_is_asked_for(visitor):
    """R11: no box, for it rests on legitimate interest; told there, objection later."""
    notice = visitor.get("/").text.partition('id="donnees"')[2].partition("</p>")[0]

    assert "quel jour vous la téléchargez" in notice
    assert "vous opposer" in notice


# --- The receipt --------------------------------------------------------------------


def mailed(sink):
    copy = Copy.objects.latest("pk")
    render_copy(copy.pk, copy.lease_no)
    message = copy.messages.latest("pk")
    send_message(message.pk, message.lease_no)
    mail = sink.messages[-1].mail
    text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    return " ".join(text.split()), Page(html).flow, html


def test_the_mail_says_that_nothing_else_was_agreed_to(visitor, sink):
    """R3, E5: the document comes all the same."""
    post(visitor)

    for said in mailed(sink)[:2]:
        assert "vous n’avez rien accepté d’autre" in said
        assert "attend que vous le confirmiez" not in said
        assert "Voir ou changer vos choix" in said


def test_the_mail_says_what_was_agreed_to_in_which_words_and_when(visitor, sink):
    """R16: words, version and day; and that it does not count yet (R9)."""
    post(visitor, news_consent="on")
    event = ConsentEvent.objects.get()

    for said in mailed(sink)[:2]:
        assert event.wording in said
        assert f"(texte n°\u00a0{event.wording_version})" in said.replace(
            "n° ", "n°\u00a0"
        )
        assert f"{timezone.localtime(event.at).day}" in said
        assert "attend que vous le confirmiez" in said
        assert "rien accepté d’autre" not in said
    assert date_format(event.at, "Y") in said


def test_its_link_opens_the_page_of_choices_and_is_stored_nowhere(visitor, sink):
    """R18, S17: made when the mail leaves, one press from there."""
    post(visitor, news_consent="on")
    html = mailed(sink)[2]
    [link] = re.findall(r'href="https://[^"/]+(/choix/[^"]+)"', html)

    page = visitor.get(link)

    assert page.status_code == 200
    assert "Retirer mon accord" in page.text
    message = Copy.objects.get().messages.get()
    proof = link.rstrip("/").rpartition("-")[2]
    assert proof not in message.text + message.html + str(message.links)


def test_the_mail_to_an_address_that_is_no_longer_theirs_says_nothing(visitor, sink):
    """What a contact agreed to is not told to another mailbox."""
    post(visitor, news_consent="on")
    Lead.objects.update(email="b@exemple.fr", email_key="b@exemple.fr")

    for said in mailed(sink)[:2]:
        assert "Vos choix" not in said
