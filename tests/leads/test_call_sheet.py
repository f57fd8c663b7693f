"""One page per person: all that helps the call, nothing that is refused."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pikepdf
import pypdfium2 as pdfium
import pytest
from django.utils import timezone

from leads import call_sheet
from leads.call_sheet_facts import sheets_of
from leads.colleagues import colleagues_of, colleagues_of_each
from leads.models import Activity, ConsentEvent, Lead
from tests.leads.factories import (
    HitFactory,
    LeadFactory,
    MessageFactory,
    StaffFactory,
    SubmissionFactory,
    agrees_to_news,
    delivered,
)
from tests.reports.synthesis import squashed

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("pdf")]

NUMBER = "+33199000102"
WRITTEN = ("+33 1 99 00 01 02", "01.99.00.01.02", "0199000102", "01-99 00 (01)02")


def pages(content):
    """Return the text of each page, as another program reads it."""
    with pdfium.PdfDocument(content) as document:
        return [page.get_textpage().get_text_range() for page in document]


def said(lead):
    (page,) = pages(call_sheet.render([lead.pk]))
    return squashed(page)


def everything(content):
    """Return all that the file holds, drawn or not, uncompressed."""
    found = " ".join(pages(content))
    with pikepdf.open(BytesIO(content)) as document:
        for item in document.objects:
            found += repr(item)
            if isinstance(item, pikepdf.Stream):
                found += item.read_bytes().decode("latin-1")
    return squashed(found)


def consent(lead, purpose, granted):
    ConsentEvent.objects.create(lead=lead, purpose=purpose, granted=granted)


def test_each_lead_has_a_page_in_the_order_given():
    first, second, third = LeadFactory.create_batch(3)
    keys = [third.pk, first.pk, second.pk]

    texts = [squashed(page) for page in pages(call_sheet.render(keys))]

    assert len(texts) == 3
    for lead, text in zip((third, first, second), texts, strict=True):
        assert squashed(lead.full_name) in text


def test_the_erased_and_the_missing_have_none():
    there, erased = LeadFactory(), LeadFactory(erased=True)

    assert len(pages(call_sheet.render([erased.pk, there.pk, 0, 10**30]))) == 1
    assert call_sheet.render([erased.pk, 0]) == b""
    assert call_sheet.render([]) == b""


@pytest.mark.parametrize("written", WRITTEN)
def test_a_refused_number_stands_nowhere_in_the_file(written):
    submission = delivered(phone=NUMBER)
    lead = submission.lead
    lead.phone, lead.next_action = NUMBER, f"Rappeler au {written} demain"
    lead.save()
    Activity.objects.create(lead=lead, kind="appel", body=f"Son direct : {written}.")
    consent(lead, "rappel", granted=True)
    allowed = call_sheet.render([lead.pk])
    assert "+33199000102" in everything(allowed)
    assert squashed(written) in everything(allowed)

    consent(lead, "rappel", granted=False)
    content = call_sheet.render([lead.pk])

    found = everything(content)
    assert "tel:" not in found
    for text in (*WRITTEN, "99000102"):
        assert squashed(text) not in found
    assert "Nepasappeler:refusdu" in found
    assert "[numéroretiré]" in found


def test_a_refused_address_stands_nowhere_in_the_file():
    lead = delivered().lead
    Activity.objects.create(lead=lead, kind="note", body=f"Écrire à {lead.email} ?")
    agrees_to_news(lead)
    assert f"mailto:{lead.email}" in everything(call_sheet.render([lead.pk]))

    consent(lead, "actualites", granted=False)

    found = everything(call_sheet.render([lead.pk]))
    assert "mailto:" not in found
    assert lead.email not in found
    assert lead.email.partition("@")[0] not in found
    assert "Nepasécrire:retiréle" in found


def test_it_says_what_they_received_and_the_day_they_retrieved_it():
    submission = delivered()
    lead, copy = submission.lead, submission.copy
    today = f"{timezone.localdate():%d/%m/%Y}"

    before = said(lead)
    HitFactory(copy=copy)
    after = said(lead)

    for text in (before, after):
        assert squashed(f"Édition {copy.edition.version}") in text
        assert squashed(f"référence {copy.reference}") in text
        assert squashed(f"Remise le {today}") in text
    assert "Pasencoreretirée" in before
    assert squashed(f"Retirée le {today}") in after


def test_who_objects_to_the_measure_has_not_a_word_about_it():
    submission = delivered()
    HitFactory(copy=submission.copy)
    consent(submission.lead, "mesure", granted=False)

    text = said(submission.lead)

    assert "Remisele" in text
    assert "retir" not in text.lower()
    assert "téléch" not in text.lower()


def test_a_robot_retrieves_nothing():
    submission = delivered()
    HitFactory(copy=submission.copy, gateway=True)

    assert "Pasencoreretirée" in said(submission.lead)


def test_what_was_not_delivered_is_not_said_to_be():
    requested = SubmissionFactory()
    nothing = LeadFactory()
    bounced = SubmissionFactory()
    MessageFactory(accepted=True, bounced_at=timezone.now(), copies=[bounced.copy])

    assert "pasencoreremise" in said(requested.lead)
    assert "etirée" not in said(requested.lead)
    assert "Aucunexemplairedemandé" in said(nothing)
    assert "laboîtel’arefusée" in said(bounced.lead)


def test_the_copy_that_was_delivered_is_the_one_told():
    submission = delivered()
    SubmissionFactory(lead=submission.lead)  # Asked again, and not sent yet.

    assert submission.copy.reference in said(submission.lead)


def test_the_promise_counts_until_the_first_contact():
    today = timezone.localdate()
    owner = StaffFactory(first_name="Dominique", last_name="Fictif")
    lead = LeadFactory(owner=owner, promised_on=today)

    assert squashed(f"Premier contact avant le {today:%d/%m/%Y}") in said(lead)
    assert "DominiqueFictif" in said(lead)
    Lead.objects.update(promised_on=today - timedelta(days=1))
    assert "datepassée" in said(lead)
    Lead.objects.update(first_contact_at=timezone.now())
    assert squashed(f"Premier contact fait le {today:%d/%m/%Y}") in said(lead)
    assert "datepassée" not in said(lead)


def test_colleagues_are_named_with_their_owner_and_the_rest_counted():
    lead = LeadFactory()
    owner = StaffFactory(first_name="Dominique", last_name="Fictif")
    LeadFactory.create_batch(9, organisation=lead.organisation.upper())
    LeadFactory(owner=owner, last_name="Gabarit")
    LeadFactory(region="84", last_name="Ailleurs")
    LeadFactory(suspect=True, last_name="Robot")

    text = said(lead)

    assert "Gabarit" in text
    assert "DominiqueFictif" in text
    assert "et6autres" in text
    assert "Ailleurs" not in text
    assert "Robot" not in text
    assert lead.last_name in text


def test_the_last_exchanges_are_dated_signed_and_cut():
    lead = LeadFactory()
    author = StaffFactory(first_name="Dominique", last_name="Fictif")
    for number in range(6):
        Activity.objects.create(
            lead=lead,
            author=author,
            kind="appel",
            outcome="message",
            body=f"Échange{number} " + "bla " * 100,
        )

    text = said(lead)

    assert "Appel:messagelaissé" in text
    assert "Échange5bla" in text
    assert "Échange1bla" not in text
    assert "…" in text
    assert "et2plusanciens" in text


def test_where_they_came_from_is_said_in_words():
    lead = LeadFactory()
    SubmissionFactory(
        lead=lead, source={"utm_source": ["Salon"], "utm_campaign": ["automne"]}
    )
    other = SubmissionFactory().lead

    assert "source«salon»,campagne«automne»" in said(lead)
    assert "sanssourceconnue" in said(other)


def test_an_empty_sheet_says_so_and_leaves_room():
    text = said(LeadFactory())
    for words in (
        "Aucune prochaine action.",
        "Aucun autre contact de cet établissement.",
        "Aucun échange noté.",
        "personne encore",
        "Document interne",
        "ce n’est pas une identité",
    ):
        assert squashed(words) in text


def test_queries_do_not_grow_with_the_sheets(django_assert_max_num_queries):
    leads = [delivered().lead for _ in range(10)]
    for lead in leads:
        Activity.objects.create(lead=lead, author=StaffFactory(), body="Note")
        HitFactory(copy=lead.copies.get())

    for count in (1, 10):
        with django_assert_max_num_queries(7):
            assert len(sheets_of([lead.pk for lead in leads[:count]])) == count


def test_colleagues_of_several_are_those_of_each_in_one_query(
    django_assert_num_queries,
):
    one, twin = (LeadFactory(organisation=name) for name in ("CH d’É-x", "ch  D’e x"))
    other = LeadFactory(organisation="CH")  # Within the names of the others.
    LeadFactory(organisation="CH d’Ex")

    with django_assert_num_queries(1):
        found = colleagues_of_each([one, other])

    assert found == {one.pk: colleagues_of(one), other.pk: []}
    assert found[one.pk] == []  # Two spaces: the index looks for one.
    twin.organisation = "ch D’e x"
    twin.save()
    assert colleagues_of(one) == [twin]
    assert colleagues_of_each([]) == {}


def test_a_short_name_that_many_contain_loses_no_colleague():
    older = LeadFactory.create_batch(2, organisation="CH")
    LeadFactory.create_batch(5, organisation="CH d’Exemple")

    assert colleagues_of(older[0], limit=1) == [older[1]]
