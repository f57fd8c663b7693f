"""Publishing an edition, and telling its holders: who may, what is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from outbox.models import Message, MessageEvent, Suppression, suppression_hash
from outbox.tasks import send_message
from reports import editions, errata, inspection
from reports.admin.publication import ErratumForm
from reports.models import Copy, Edition, Erratum, ErratumLetter, NotReady, Proof
from reports.personalisation import PERSONAS
from tests.leads.factories import (
    CopyFactory,
    LeadFactory,
    MessageFactory,
    StaffFactory,
    SubmissionFactory,
    delivered,
)
from tests.leads.pages import notices, page, shown
from tests.leads.test_admin import INLINE
from tests.pages.reading import Page, typography_faults
from tests.reports.test_editions import LIVE, NEXT, other_tree  # noqa: F401 (a fixture)

pytestmark = pytest.mark.django_db

NOTE = "Page 3\u00a0: la légende était incomplète."
GREEN = [[subject, True, "En mots."] for subject in inspection.SUBJECTS.values()]


@pytest.fixture
def sign_in(client):
    def sign_in(group=None, **values):
        user = StaffFactory(group=group, **values)
        client.force_login(user)
        return user

    return sign_in


@pytest.fixture
def draft(other_tree):  # noqa: F811
    """An edition whose proofs are made, looked at by nobody yet, and all green."""
    for persona in PERSONAS:
        Proof.objects.create(
            edition=other_tree,
            persona=persona,
            next_attempt_at=None,
            made_at=timezone.now(),
            folder=f"epreuves/{persona}",
            sha256="0" * 64,
            size=90_000,
            pages=2,
            mail_height=1000,
            fingerprint=editions.fingerprint(),
            compared_with=LIVE,
            changed=[2],
            checks=GREEN,
        )
    return other_tree


def publish(client, edition, note=NOTE):
    return client.post(page("edition_publish", edition.pk), {"note": note}, follow=True)


# --- Who may do what --------------------------------------------------------------

LOOK = {"Marketing": 200, "DPO": 200, "Commercial": 403}
ACT = {"Marketing": 200, "DPO": 403, "Commercial": 403}
PAGES = {"edition_proofs": LOOK, "edition_publish": ACT, "edition_erratum": ACT}


@pytest.mark.parametrize("group", ["Marketing", "DPO", "Commercial"])
@pytest.mark.parametrize("name", PAGES)
def test_a_group_opens_the_pages_that_are_its_own(client, sign_in, draft, name, group):
    sign_in(group)
    assert client.get(page(name, draft.pk)).status_code == PAGES[name][group]


@pytest.mark.parametrize("name", PAGES)
def test_a_visitor_is_sent_to_the_sign_in_page(client, draft, name):
    assert client.get(page(name, draft.pk)).status_code == 302


@pytest.mark.parametrize("group", ["DPO", "Commercial"])
def test_who_may_not_publish_orders_no_proof_and_sends_no_erratum(
    client, sign_in, draft, group
):
    sign_in(group)
    live = Edition.current()
    delivered()
    for name, edition, data in (
        ("edition_proofs", draft, {"ordre": "commencer"}),
        ("edition_publish", draft, {"note": NOTE}),
        ("edition_erratum", live, {"note": NOTE, "confirme": "x"}),
    ):
        assert client.post(page(name, edition.pk), data).status_code == 403

    assert Edition.current() == live
    assert not Proof.objects.due().exists()
    assert not Erratum.objects.exists()


def test_images_and_files_are_for_those_who_see_proofs(client, sign_in, draft):
    storages["copies"].save("epreuves/dsi/page-1.png", ContentFile(b"image"))
    storages["copies"].save("epreuves/dsi/secret.txt", ContentFile(b"secret"))
    url = page("edition_file", draft.pk, "dsi", "page-1.png")
    assert client.get(url).status_code == 302
    sign_in("Commercial")
    assert client.get(url).status_code == 403

    sign_in("DPO")
    response = client.get(url)
    assert (response.status_code, response.content) == (200, b"image")
    assert response.headers["Content-Type"] == "image/png"
    for name in ("page-2.png", "secret.txt", "synthese.pdf"):
        url = page("edition_file", draft.pk, "dsi", name)
        assert client.get(url).status_code == 404


# --- The gallery ------------------------------------------------------------------


def test_proofs_are_ordered_stopped_and_taken_up_from_the_page(
    client,
    sign_in,
    other_tree,  # noqa: F811
):
    sign_in("Marketing")
    url = page("edition_proofs", other_tree.pk)

    def order(word):
        return client.post(url, {"ordre": word}, follow=True)

    started = order("commencer")
    assert Proof.objects.due().count() == len(PERSONAS)
    assert '<meta http-equiv="refresh" content="2">' in started.text
    assert "0 épreuve sur 8" in started.text
    assert "http-equiv" not in client.get(f"{url}?figer=1").text
    stopped = order("arreter")
    assert not Proof.objects.due().exists()
    assert "http-equiv" not in stopped.text
    assert "Arrêté. Épreuves qui restent à faire\xa0: 8." in notices(stopped)
    order("reprendre")
    assert Proof.objects.due().count() == len(PERSONAS)


def test_only_the_edition_of_this_tree_can_be_proofed(client, sign_in, draft):
    sign_in("Marketing")
    live = Edition.current()
    url = page("edition_proofs", live.pk)
    client.post(url, {"ordre": "commencer"})
    assert not live.proofs.exists()
    assert f"Ce déploiement porte l’édition\xa0{NEXT}" in client.get(url).text


def test_the_gallery_shows_every_reader_page_by_page_with_the_checks(
    client, sign_in, draft
):
    sign_in("DPO")
    text = client.get(page("edition_proofs", draft.pk)).text

    read = Page(text)
    images = [image for image in read.all("img") if image.get("loading")]
    assert len(images) == len(PERSONAS) * (2 + 1)
    assert all(image["alt"] for image in images)
    assert "Page\xa02, Zoë Fictif-Modèle" in {image["alt"] for image in images}
    for subject in inspection.SUBJECTS.values():
        assert subject in read.text
    assert text.count("Modifiée\xa0: comparer") == len(PERSONAS)
    assert 'value="commencer"' not in text  # The DPO looks.


def test_a_red_check_is_said_in_words(client, sign_in, draft):
    failed = [["Débordements", False, "Page 3\xa0: « x » sort de la page."]]
    draft.proofs.filter(persona="dsi").update(checks=failed)
    sign_in("Marketing")

    text = client.get(page("edition_proofs", draft.pk)).text

    assert "Zoë Fictif-Modèle\xa0: Page 3\xa0: « x » sort de la page." in text
    assert "1 échec" in text
    assert "Publier cette édition" not in text


def test_a_comparison_shows_before_after_and_what_changed(client, sign_in, draft):
    sign_in("DPO")
    live = Edition.current()
    Proof.objects.create(edition=live, persona="dsi", pages=2)

    response = client.get(page("edition_comparison", draft.pk, "dsi", 2))

    sources = [i["src"] for i in Page(response.text).all("img") if i.get("alt")]
    assert sources == [
        page("edition_file", live.pk, "dsi", "page-2.png"),
        page("edition_file", draft.pk, "dsi", "page-2.png"),
        page("edition_file", draft.pk, "dsi", "ecart-2.png"),
    ]
    unchanged = page("edition_comparison", draft.pk, "dsi", 1)
    assert client.get(unchanged).status_code == 404


def test_a_reader_who_is_no_more_has_no_comparison(client, sign_in, draft):
    sign_in("DPO")
    draft.proofs.filter(persona="dsi").update(persona="personne", changed=[2])

    path = page("edition_comparison", draft.pk, "personne", 2)
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("hidden", ["\u202egnp.exe", "\u200b", "\ue000copy\ue001"])
def test_what_nobody_sees_is_no_part_of_an_erratum(hidden):
    form = ErratumForm({"note": f"Page 3\u00a0: {hidden}"})

    assert not form.is_valid()
    assert "invisibles" in form.errors["note"][0]


def test_pages_cost_the_same_however_many_holders(
    client, sign_in, draft, django_assert_max_num_queries
):
    sign_in("Marketing")
    live = Edition.current()
    pages = [
        page("edition_proofs", draft.pk),
        page("edition_publish", draft.pk),
        page("edition_erratum", live.pk),
        page("reports_edition_changelist"),
        page("reports_edition_change", live.pk),
    ]
    for number in (1, 5):
        for _ in range(number):
            delivered()
        for url in pages:
            with django_assert_max_num_queries(12):
                client.get(url)


def test_pages_are_french_and_need_nothing_inline(client, sign_in, draft):
    sign_in("Marketing")
    live = Edition.current()
    delivered()
    Proof.objects.create(edition=live, persona="dsi", pages=2)
    pages = [
        client.get(page("edition_proofs", draft.pk)),
        client.get(page("edition_comparison", draft.pk, "dsi", 2)),
        client.get(page("edition_publish", draft.pk)),
        client.get(page("edition_publish", live.pk)),
        client.get(page("edition_erratum", live.pk)),
        client.post(page("edition_erratum", live.pk), {"note": NOTE}),
    ]
    for response in pages:
        assert response.status_code == 200
        assert not INLINE.findall(response.text)
        assert "unsafe" not in response.headers["Content-Security-Policy"]
        read = Page(response.text)
        # The rest is Django's own words.
        ours = response.text.partition('id="content-main">')[2]
        assert ours
        assert not typography_faults(Page(ours).text)
        assert read.headings[0] == 1
        assert len(read.ids) == len(set(read.ids))


def test_staff_are_told_that_visitors_wait_for_a_publication(client, sign_in, draft):
    sign_in("Marketing")
    CopyFactory()
    notice = notices(client.get(page("reports_edition_changelist")))[0]
    assert notice.endswith("les nouvelles demandes attendent. En attente\xa0: 1.")

    draft.publish(NOTE)

    assert not notices(client.get(page("reports_edition_changelist")))


def test_staff_are_told_that_the_document_is_not_what_is_declared(
    client, sign_in, monkeypatch
):
    sign_in("Marketing")
    live = Edition.current()
    monkeypatch.setattr(editions, "PRESENT", editions.Declared(LIVE, "0" * 64, ""))
    CopyFactory()

    notice = notices(client.get(page("reports_edition_changelist")))[0]

    assert notice.startswith("Le document de ce déploiement n’est plus l’édition")
    assert notice.endswith("En attente\xa0: 1.")
    text = client.get(page("edition_proofs", live.pk)).text
    assert "il ne peut faire aucune épreuve" in text
    client.post(page("edition_proofs", live.pk), {"ordre": "commencer"})
    assert not live.proofs.exists()


def test_publishing_says_where_nothing_was_compared(client, sign_in, draft):
    sign_in("Marketing")
    warning = "Aucune épreuve de l’édition en ligne\xa0: rien n’a été comparé."
    assert warning not in client.get(page("edition_publish", draft.pk)).text
    draft.proofs.update(compared_with="")
    assert warning in client.get(page("edition_publish", draft.pk)).text


# --- Publishing -------------------------------------------------------------------


def test_an_edition_is_published_with_a_note(client, sign_in, draft):
    user = sign_in("Marketing")

    response = publish(client, draft)

    assert notices(response)[0] == f"L’édition\xa0{NEXT} est publiée."
    edition = Edition.current()
    assert (edition.version, edition.note) == (NEXT, NOTE)
    assert edition.fingerprint == editions.fingerprint()
    assert LogEntry.objects.get(user=user).object_repr == f"édition {NEXT}"


def red(draft):
    checks = [*GREEN[1:], [GREEN[0][0], False, "Treize pages."]]
    draft.proofs.filter(persona="ars").update(checks=checks)
    return "Contrôles en échec\xa0: 1."


def missing(draft):
    draft.proofs.filter(persona="ars").delete()
    return "Épreuves faites\xa0: 7 sur 8."


def stopped(draft):
    draft.proofs.filter(persona="ars").update(made_at=None)
    return "Épreuves faites\xa0: 7 sur 8."


def stale(draft):
    draft.proofs.filter(persona="ars").update(fingerprint="0" * 64)
    return "Des épreuves viennent d’un autre état du document."


@pytest.mark.parametrize("spoil", [red, missing, stopped, stale])
def test_an_edition_is_not_published_while_anything_is_wrong(
    client, sign_in, draft, spoil
):
    sign_in("Marketing")
    reason = spoil(draft)

    response = publish(client, draft)

    assert Edition.current().version == LIVE
    assert any(reason in notice for notice in notices(response))
    assert reason in response.text


def test_an_altered_document_is_not_published(draft, monkeypatch):
    monkeypatch.setattr(editions, "fingerprint", lambda: "1" * 64)
    with pytest.raises(NotReady, match="a changé depuis"):
        draft.publish(NOTE)


def test_another_tree_s_edition_is_not_published(draft, monkeypatch):
    other = editions.Declared("98.0", editions.fingerprint(), "")
    monkeypatch.setattr(editions, "PRESENT", other)
    with pytest.raises(NotReady, match="Ce déploiement porte"):
        draft.publish(NOTE)


def test_an_edition_is_published_once(draft):
    draft.publish(NOTE)
    with pytest.raises(NotReady, match="déjà publiée"):
        draft.publish("Une autre note.")
    assert Edition.current().note == NOTE


# --- Who holds it -----------------------------------------------------------------


@pytest.fixture
def cast():
    """Some who hold the live edition, and many who look as though they did."""
    other = Edition.objects.create(version="0.9")
    holders = [delivered(), delivered()]
    twice = delivered()
    delivered(lead=twice.lead)
    away = SubmissionFactory()  # Rendered, refused by the mail server.
    MessageFactory(refused=True, copies=[away.copy])
    SubmissionFactory()  # Rendered, still owed.
    delivered(lead=LeadFactory(test=True))
    delivered(lead=LeadFactory(suspect=True))
    delivered(lead=LeadFactory(erased=True))
    delivered(copy=CopyFactory(rendered=True, edition=other))
    return {submission.lead for submission in (*holders, twice)}


def letters():
    return list(Message.objects.filter(kind="erratum").order_by("pk"))


def test_the_edition_opens_the_list_of_its_holders(client, sign_in, cast):
    sign_in("Marketing")
    edition = Edition.current()
    response = client.get(page("reports_edition_changelist"))
    (row,) = [row for row in shown(response) if row.pk == edition.pk]
    url = page(
        "reports_copy_changelist", edition__id__exact=edition.pk, remis="oui"
    ).replace("&", "&amp;")
    words = f"Qui détient cette édition\u202f? ({row.held})"
    assert f'<a href="{url}">{words}</a>' in response.text

    copies = shown(client.get(url.replace("&amp;", "&")))

    assert row.held == len(copies) == 4  # One of them has two.
    assert {copy.lead for copy in copies} == cast


def test_an_erratum_reaches_the_holders_exactly_once_each(cast):
    user = StaffFactory()
    assert errata.send(Edition.current(), NOTE, user) == len(cast)

    assert {message.lead for message in letters()} == cast
    assert len(letters()) == len(cast)
    assert {m.recipient for m in letters()} == {lead.email for lead in cast}
    for message in letters():
        assert [e.kind for e in message.events.all()] == [MessageEvent.Kind.QUEUED]
    assert Erratum.objects.get().author == user


def test_the_same_erratum_again_writes_to_nobody_twice(cast):
    for _ in range(2):
        errata.send(Edition.current(), NOTE, None)
    assert len(letters()) == len(cast)
    assert Erratum.objects.count() == 1


def test_who_came_since_is_told_and_nobody_else(cast):
    errata.send(Edition.current(), NOTE, None)
    late = delivered()

    assert errata.send(Edition.current(), NOTE, None) == 1
    assert letters()[-1].lead == late.lead


def test_suppressed_addresses_and_revoked_links_are_left_out_and_counted():
    kept, closed, revoked = delivered(), delivered(), delivered()
    Suppression.objects.create(
        address_hash=suppression_hash(closed.email), reason="bounce"
    )
    Copy.objects.filter(pk=revoked.copy_id).update(revoked_at=Now())

    found = errata.holders(Edition.current())

    assert [copy.lead for copy in found.copies] == [kept.lead]
    assert (found.suppressed, found.revoked) == (1, 1)


def test_two_leads_of_one_person_are_told_once():
    kept, merged = delivered(), delivered()
    merged.lead.merged_into = kept.lead
    merged.lead.save()

    assert errata.send(Edition.current(), NOTE, None) == 1


@pytest.mark.parametrize("trait", [{"is_test": True}, {"suspected_at": Now()}])
def test_who_is_merged_into_a_test_or_a_suspect_holds_nothing(trait):
    merged = delivered()
    merged.lead.merged_into = LeadFactory(**trait)
    merged.lead.save()

    assert errata.holders(merged.copy.edition).copies == []


def test_an_address_is_suppressed_however_it_is_typed():
    held = [delivered(), delivered()]
    for each, typed in zip(held, ["Jean@exemple.fr", "jean@exemple.fr"], strict=True):
        Copy.objects.filter(pk=each.copy.pk).update(recipient=typed)
    Suppression.objects.create(
        address_hash=suppression_hash("jean@exemple.fr"),
        reason=Suppression.Reason.OPPOSITION,
    )

    found = errata.holders(held[0].copy.edition)
    assert (found.copies, found.suppressed) == ([], 1)


def test_a_merge_after_the_erratum_tells_nobody_again():
    kept, merged = delivered(), delivered()
    errata.send(Edition.current(), NOTE, None)
    merged.lead.merged_into = kept.lead
    merged.lead.save()

    assert errata.send(Edition.current(), NOTE, None) == 0


def test_an_expired_link_opens_again_for_who_is_told():
    submission = delivered()
    Copy.objects.update(link_expires_at=Now())

    errata.send(Edition.current(), NOTE, None)

    submission.copy.refresh_from_db()
    assert submission.copy.is_open


def test_an_erratum_is_no_delivery_of_the_copy():
    """What counts as « remis » stays the message that had the file."""
    submission = delivered()
    errata.send(Edition.current(), NOTE, None)
    assert submission.copy.messages.count() == 1


def test_errata_let_fresh_syntheses_go_first(monkeypatch):
    monkeypatch.setattr(errata, "PER_SECOND", 1)
    for _ in range(3):
        delivered()
    errata.send(Edition.current(), NOTE, None)
    assert Message.objects.due().filter(kind="erratum").count() == 1


def test_a_crash_on_the_way_leaves_nobody_told_and_the_next_press_all(
    cast, monkeypatch
):
    monkeypatch.setattr(errata, "BATCH", 2)
    owe, calls = errata._owe, []

    def die_at_the_second(*args):
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        owe(*args)

    with monkeypatch.context() as patch:
        patch.setattr(errata, "_owe", die_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            errata.send(Edition.current(), NOTE, None)
    assert not letters()
    assert not Erratum.objects.exists()

    assert errata.send(Edition.current(), NOTE, None) == len(cast)


@pytest.mark.django_db(transaction=True)
def test_two_who_press_at_once_tell_each_holder_once():
    Edition.objects.get_or_create(version=LIVE, defaults={"published_at": Now()})
    edition = Edition.current()
    people = {delivered().lead_id for _ in range(12)}
    together = Barrier(4)

    def press(_):
        together.wait()
        try:
            return errata.send(edition, NOTE, None)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as staff:
        sent = list(staff.map(press, range(4)))

    assert sorted(sent) == [0, 0, 0, len(people)]
    assert sorted(message.lead_id for message in letters()) == sorted(people)
    assert ErratumLetter.objects.count() == len(people)


# --- The page and the letter ------------------------------------------------------


def test_an_erratum_is_read_again_before_it_leaves(client, sign_in, cast):
    sign_in("Marketing")
    url = page("edition_erratum", Edition.current().pk)

    preview = client.post(url, {"note": NOTE})

    assert not letters()
    assert f"Envoyer à {len(cast)} personnes" in preview.text
    assert NOTE in preview.text
    sent = client.post(url, {"note": NOTE, "confirme": "x"}, follow=True)
    assert notices(sent)[0] == f"Erratum\xa0: {len(cast)} envois demandés."
    again = client.post(url, {"note": NOTE, "confirme": "x"}, follow=True)
    assert notices(again)[0] == "Tous les détenteurs avaient déjà reçu cet erratum."
    assert len(letters()) == len(cast)


def test_lines_written_another_way_are_the_same_erratum(client, sign_in, cast):
    sign_in("Marketing")
    url = page("edition_erratum", Edition.current().pk)
    for note in ("Une ligne.\r\nUne autre.", "Une ligne.\nUne autre.\n"):
        client.post(url, {"note": note, "confirme": "x"})
    assert Erratum.objects.count() == 1
    assert len(letters()) == len(cast)


def test_the_letter_holds_the_note_facts_and_the_way_to_the_copy(sink, visitor):
    submission = delivered()
    errata.send(Edition.current(), "<b>Page 3</b> & suite.", None)
    (message,) = letters()
    send_message(message.pk, 0)

    (sent,) = sink.messages
    text = sent.mail.get_body(("plain",)).get_content()
    html = sent.mail.get_body(("html",)).get_content()
    copy = submission.copy
    assert "<b>Page 3</b> & suite." in text
    assert "&lt;b&gt;Page 3&lt;/b&gt; &amp; suite." in html
    for part in (text, html):
        assert copy.reference in part
        assert f"/exemplaire/{copy.token}/" in part
        assert copy.last_name not in part
    assert not list(sent.mail.iter_attachments())
    assert not typography_faults(Page(html).text)
    assert visitor.get(f"/exemplaire/{copy.token}/").status_code == 200
