"""The proof of what somebody read and chose: who may draw it up, and what it says."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pypdfium2
import pytest
from django.db.models.functions import Now

from leads import consent, proof
from leads.models import ConsentEvent, Lead, MailboxEvent
from tests.leads.factories import LeadFactory, SubmissionFactory
from tests.leads.pages import page

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("pdf")]
TOOLS = Path(sys.executable).parent
# 1 h 30 in Paris, the day after.
NIGHT = datetime(2026, 7, 14, 23, 30, 5, tzinfo=UTC)


def text_of(content):
    document = pypdfium2.PdfDocument(content)
    text = " ".join(one.get_textpage().get_text_range() for one in document)
    document.close()
    # Lines may break a word after its hyphen, and a hash anywhere.
    return " ".join(text.replace("\ufffe", "-").split())


def written(lead):
    return text_of(proof.write(proof.proof_of(lead.pk)).content)


@pytest.fixture
def submission():
    submission = SubmissionFactory(phone="+33199000000")
    consent.record_news(submission, "/", at=NIGHT)
    return submission


def test_it_says_each_act_word_for_word_and_when(submission):
    """R16: wording, version, hash, page, channel, UTC and Paris."""
    consent.record(
        submission,
        ConsentEvent.Purpose.CALL,
        consent.call_wording(),
        "/suivi/",
        granted=True,
    )
    text = written(submission.lead)

    for said in (
        consent.news_wording().text,
        consent.call_wording().text,
        "2026-07-14 23:30:05 UTC",
        "15/07/2026 à 1 h 30 (heure de Paris)",
        "Actualités par courriel : accordé",
        "Être rappelé par téléphone : accordé",
        "formulaire du site",
        "/suivi/",
        submission.lead.email,
        f"n° {submission.lead_id}",
    ):
        assert " ".join(said.split()) in text, said
    assert consent.news_wording().sha256 in text.replace(" ", "")
    assert text.count("identique") == 2
    assert "différente" not in text


def test_it_says_whether_the_mailbox_was_confirmed_and_what_follows(submission):
    """R9: and what may be done today, on which basis."""
    assert "Aucun geste n’a confirmé cette boîte" in written(submission.lead)
    assert "boîte pas encore confirmée" in written(submission.lead)

    MailboxEvent.objects.create(lead=submission.lead, kind="telechargement", at=NIGHT)
    text = written(submission.lead)

    assert "Exemplaire téléchargé depuis le lien reçu" in text
    assert "boîte pas encore confirmée" not in text
    assert "Consentement (RGPD, art. 6.1.a)" in text


def test_the_day_of_a_download_is_hidden_where_it_is_objected_to():
    lead = LeadFactory()
    MailboxEvent.objects.create(lead=lead, kind="telechargement", at=NIGHT)
    ConsentEvent.objects.create(lead=lead, purpose="mesure", granted=False)

    assert "15/07/2026" not in written(lead)


def test_a_wording_that_is_not_of_its_hash_is_said_to_be_so(submission, monkeypatch):
    """R17: the hash is computed anew, not copied."""
    found = proof.proof_of(submission.lead_id)
    found.rows[0].event.wording += " Et plus."

    text = text_of(proof.write(found).content)

    assert "différente" in text
    assert "identique" not in text


def test_who_said_nothing_has_a_proof_that_says_so():
    assert "Aucun choix n’est enregistré" in written(LeadFactory())


@pytest.mark.logs("reports.pdf.engine")
@pytest.mark.parametrize(
    "name", ["M" * 100, "נועה", "李 小龍 🙂", "<b>Zoë</b> {{ x }}"]
)
def test_no_name_breaks_it(name):
    """S12: what was typed is text."""
    lead = LeadFactory(first_name=name, last_name=name)

    assert proof.write(proof.proof_of(lead.pk)).undrawn == ""


def test_the_checkers_find_nothing(submission, tmp_path):
    """Tagged for screen readers: PDF/UA-1."""
    file = tmp_path / "preuve.pdf"
    content = proof.write(proof.proof_of(submission.lead_id)).content
    file.write_bytes(content)

    assert b"/StructTreeRoot" in content or b"ObjStm" in content
    for tool, *args in (("outloud", "--fail-on", "warning"), ("pdfua", "check")):
        done = subprocess.run(
            [TOOLS / tool, *args, file], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout


# --- Who may --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("group", "status"), [("DPO", 200), ("Marketing", 403), ("Commercial", 403)]
)
def test_only_who_answers_for_it_draws_it_up(
    client, sign_in, submission, group, status
):
    sign_in(group)

    response = client.get(page("leads_lead_proof", submission.lead_id))

    assert response.status_code == status
    opened = client.get(page("leads_lead_change", submission.lead_id)).text
    link = page("leads_lead_proof", submission.lead_id)
    assert (f'href="{link}"' in opened) == (status == 200)


def test_it_names_nobody_outside_itself_and_is_kept_nowhere(
    client, sign_in, submission
):
    sign_in("DPO")

    response = client.get(page("leads_lead_proof", submission.lead_id))

    assert response["Content-Type"] == "application/pdf"
    assert "preuve-des-choix.pdf" in response["Content-Disposition"]
    assert "no-store" in response["Cache-Control"]
    headers = " ".join(f"{name}: {value}" for name, value in response.items())
    assert submission.lead.last_name not in headers + response.request["PATH_INFO"]
    refused = client.post(page("leads_lead_proof", submission.lead_id))
    assert refused.status_code == 405


def test_of_who_is_erased_there_is_none(client, sign_in, submission):
    sign_in("DPO")
    Lead.objects.update(erased_at=Now(), email_key=None)

    assert client.get(page("leads_lead_proof", submission.lead_id)).status_code == 302
    assert client.get(page("leads_lead_proof", 10**18)).status_code == 302


def test_it_takes_few_queries(
    client, sign_in, submission, django_assert_max_num_queries
):
    sign_in("DPO")
    for _ in range(5):
        consent.record_news(submission, "/")

    with django_assert_max_num_queries(12):
        client.get(page("leads_lead_proof", submission.lead_id))
