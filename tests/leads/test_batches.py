"""Gestures on many leads: confirmed, done piece by piece, and each lead once."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.db import OperationalError, connection
from django.db.models.functions import Now

from leads import batches
from leads.models import Assignment, Batch, Lead, LeadEvent
from leads.tasks import work_batch
from outbox.models import Message
from tests.leads.factories import LeadFactory, StaffFactory, delivered
from tests.leads.pages import gesture, notices, page

pytestmark = pytest.mark.django_db
LIST = "leads_lead_changelist"


def leads(count, **values):
    return [LeadFactory(**values) for _ in range(count)]


def chosen(client, action, rows, **query):
    """Choose rows in the list; return the address of what is to be confirmed."""
    data = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(page(LIST, **query), data).url


def run(batch):
    """Do what a worker would, until nothing is owed."""
    batch.refresh_from_db()
    while batch.next_attempt_at:
        Batch.objects.update(lease_until=None)
        work_batch(batch.pk, batch.lease_no)
        batch.refresh_from_db()
    return batch


def a_batch(user, count=120, action="test", **params):
    rows = leads(count)
    batch = batches.draft(user, action, [lead.pk for lead in rows], **params)
    batches.confirm(batch)
    return batch


# --- Chosen, then confirmed -----------------------------------------------------


def test_nothing_is_done_before_it_is_confirmed(client, sign_in):
    sign_in("Marketing")
    rows = leads(12)

    url = chosen(client, "mark_as_test", rows, q="camille")
    response = client.get(url)

    assert "Marquer comme essai 12\u00a0contacts" in response.text
    assert response.text.count("Établissement de démonstration</li>") == 10
    assert "et 2 autres" in response.text
    assert response.context["back"] == page(LIST, q="camille")
    assert not Lead.objects.filter(is_test=True).exists()
    assert not Batch.objects.begun().exists()


def test_a_short_one_is_done_at_once_and_says_what_came_of_it(client, sign_in):
    user = sign_in("Marketing")
    rows = [*leads(2), LeadFactory(test=True)]

    response = gesture(client, "mark_as_test", rows)

    assert notices(response) == [
        "2 contacts modifiés.",
        "1 contact n’avait rien à changer.",
    ]
    assert response.redirect_chain[-1][0] == page(LIST, perimetre="tous")
    batch = Batch.objects.get()
    assert (batch.done, batch.finished_at is not None) == (3, True)
    logged = LogEntry.objects.filter(change_message="Marqué comme essai.")
    assert {int(entry.object_id) for entry in logged} == {row.pk for row in rows[:2]}
    assert {entry.user for entry in logged} == {user}
    assert LeadEvent.objects.first().pgh_context["user"] == user.pk


def test_pressed_twice_it_is_done_once(client, sign_in):
    sign_in("Marketing")
    submission = delivered()
    url = chosen(client, "send_again", [submission.lead])

    client.post(url)
    response = client.post(url, follow=True)

    assert "Ce geste a déjà été confirmé." in notices(response)
    assert Message.objects.due().count() == 1


def test_what_was_chosen_is_frozen(client, sign_in):
    sign_in("Marketing")
    LeadFactory()
    data = {"action": "mark_as_test", "select_across": "1", "_selected_action": 1}
    url = client.post(page(LIST), data).url
    late = LeadFactory()

    client.post(url)

    late.refresh_from_db()
    assert not late.is_test
    assert Lead.objects.filter(is_test=True).count() == 1


def test_a_whole_list_needs_no_field_for_each_of_its_rows(client, sign_in):
    sign_in("Marketing")
    Lead.objects.bulk_create(LeadFactory.build() for _ in range(1100))
    data = {"action": "mark_as_test", "select_across": "1", "_selected_action": 1}

    url = client.post(page(LIST), data).url
    text = client.get(url).text

    assert "1\u202f100\u00a0contacts" in text
    assert text.count("<input") < 20
    response = client.post(url)
    assert response.url == page("leads_batch_change", Batch.objects.get().pk)
    assert run(Batch.objects.get()).outcomes == {"changed": 1100}


def test_a_choice_that_is_not_confirmed_is_forgotten(sign_in):
    user = sign_in("Marketing")
    old = batches.draft(user, "test", [1])
    Batch.objects.update(created_at="2026-01-01T00:00Z")

    new = batches.draft(user, "test", [1])

    assert list(Batch.objects.all()) == [new]
    assert old != new


def test_rows_erased_or_taken_meanwhile_are_left_and_told(client, sign_in):
    sign_in("Commercial")
    erased, taken, mine = leads(3)
    url = chosen(client, "mark_as_test", [erased, taken, mine])
    Lead.objects.filter(pk=erased.pk).update(email_key=None, erased_at=Now())
    Lead.objects.filter(pk=taken.pk).update(owner=StaffFactory())

    response = client.post(url, follow=True)

    assert notices(response)[1].startswith("2 contacts laissés")
    assert list(Lead.objects.filter(is_test=True)) == [mine]


@pytest.mark.parametrize("selected", ["abc", "9" * 40, "-1", ""])
def test_a_selection_that_no_page_sends_does_nothing(client, sign_in, selected):
    sign_in("Marketing")
    LeadFactory()
    data = {"action": "mark_as_test", "_selected_action": selected}

    response = client.post(page(LIST), data, follow=True)

    assert response.status_code == 200
    assert not Batch.objects.exists()


def test_what_was_searched_is_not_kept_once_confirmed(client, sign_in):
    sign_in("Marketing")
    url = chosen(client, "mark_as_test", leads(1), q="camille", perimetre="tous")

    response = client.post(url)

    assert response.url == page(LIST, q="camille", perimetre="tous")
    assert Batch.objects.get().params["back"] == page(LIST, perimetre="tous")


# --- Each gesture ---------------------------------------------------------------


def test_leads_are_given_with_a_reason_and_one_mail(client, sign_in):
    sign_in("Marketing")
    to = StaffFactory(group="Commercial", first_name="Dominique", last_name="Exemple")
    rows = [*leads(3), LeadFactory(owner=to)]

    response = gesture(client, "assign_to", rows, to=to.pk, reason="Secteur ouest")

    assert notices(response)[0] == "3 contacts confiés."
    assert Lead.objects.filter(owner=to).count() == 4
    sentence = Assignment.objects.first().sentence
    assert sentence.endswith("\u00a0: Secteur ouest")
    assert Message.objects.filter(kind="assignment").count() == 1


def test_leads_are_taken_back(client, sign_in):
    sign_in("Marketing")
    rows = leads(2, owner=StaffFactory())

    response = gesture(client, "assign_to", rows, to="personne")

    assert notices(response)[0] == "2 contacts n’ont plus de responsable."
    assert not Lead.objects.exclude(owner=None).exists()


@pytest.mark.parametrize("to", ["", "0", "abc", "99999999999999999999", "closed"])
def test_leads_are_given_to_nobody_who_cannot_be_told(client, sign_in, to):
    sign_in("Marketing")
    closed = StaffFactory(is_active=False)
    lead = LeadFactory()

    response = gesture(
        client, "assign_to", [lead], to=closed.pk if to == "closed" else to
    )

    assert response.status_code == 200
    assert "Rien n’a été fait" in response.text
    assert not Assignment.objects.exists()


def test_a_status_is_set_with_its_reason(client, sign_in):
    sign_in("Commercial")
    rows = leads(2, next_action="Rappeler")

    response = gesture(client, "change_status", rows, status="perdu", reason="budget")

    assert notices(response)[0] == "2 contacts ont changé de statut."
    for lead in Lead.objects.all():
        assert (lead.status, lead.closed_because, lead.next_action) == (
            "perdu",
            "budget",
            "",
        )


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"status": "perdu"},
        {"status": "perdu", "reason": "particulier"},
        {"status": "inconnu"},
        {"status": "perdu", "reason": "\x00"},
    ],
)
def test_a_status_needs_a_reason_of_its_own(client, sign_in, answers):
    sign_in("Commercial")
    lead = LeadFactory()

    response = gesture(client, "change_status", [lead], **answers)

    assert response.status_code == 200
    assert response.context["form"].errors
    lead.refresh_from_db()
    assert lead.status == "nouveau"


def test_a_test_is_made_real_again(client, sign_in):
    sign_in("Commercial")
    lead = LeadFactory(test=True)

    gesture(client, "mark_as_real", [lead])

    lead.refresh_from_db()
    assert not lead.is_test


def test_writing_to_more_than_fifty_asks_for_their_number(client, sign_in):
    sign_in("Marketing")
    rows = leads(51)
    url = chosen(client, "send_again", rows)

    assert "Saisissez 51 pour confirmer" in client.get(url).text
    for typed in ("", "50", "oui"):
        assert client.post(url, {"count": typed}).status_code == 200
    assert not Batch.objects.begun().exists()
    assert client.post(url, {"count": "51"}).status_code == 302
    assert run(Batch.objects.get()).outcomes == {"nothing": 51}


def test_nobody_writes_to_everybody(client, sign_in, monkeypatch):
    monkeypatch.setattr(batches, "CEILING", 2)
    sign_in("Marketing")
    rows = leads(3)

    response = gesture(client, "send_again", rows)

    assert "2 contacts au plus" in notices(response)[0]
    assert not Batch.objects.exists()


def test_a_suspect_is_sent_nothing(client, sign_in):
    sign_in("Marketing")
    lead = delivered().lead
    Lead.objects.update(suspected_at="2026-11-20T09:00Z")

    response = gesture(client, "send_again", [lead])

    assert not Message.objects.due().exists()
    assert "1 envoi impossible" in notices(response)[0]


# --- Long ones ------------------------------------------------------------------


def test_a_long_one_is_left_to_a_worker(client, sign_in):
    sign_in("Marketing")
    rows = leads(51)
    url = chosen(client, "mark_as_test", rows)

    response = client.post(url, follow=True)

    assert not Lead.objects.filter(is_test=True).exists()
    assert "0 sur 51 contacts, en attente." in response.text
    assert run(Batch.objects.get()).outcomes == {"changed": 51}


def test_assigning_many_owes_one_mail_for_each_piece(sign_in):
    user, to = sign_in("Marketing"), StaffFactory()

    run(a_batch(user, 120, "assign", to=to.pk, reason=""))

    assert Lead.objects.filter(owner=to).count() == 120
    assert Message.objects.filter(kind="assignment").count() == 3


def test_a_worker_that_dies_has_done_whole_pieces_and_the_next_one_the_rest(
    sign_in, monkeypatch
):
    user, to = sign_in("Marketing"), StaffFactory()
    batch = a_batch(user, 120, "assign", to=to.pk)
    assign, calls = batches.assigning.assign, []

    def dies_in_the_second_piece(keys, *args, **kwargs):
        given = assign(keys, *args, **kwargs)
        calls.append(len(given))
        if len(calls) == 2:
            raise SystemExit  # After the work, before the count is committed.
        return given

    monkeypatch.setattr(batches.assigning, "assign", dies_in_the_second_piece)
    with pytest.raises(SystemExit):
        work_batch(batch.pk, batch.lease_no)
    batch.refresh_from_db()
    assert (batch.done, Lead.objects.filter(owner=to).count()) == (50, 50)
    assert Message.objects.filter(kind="assignment").count() == 1

    work_batch(batch.pk, batch.lease_no)  # Its lease is not over: nobody may.
    batch.refresh_from_db()
    assert batch.done == 50

    run(batch)
    assert batch.outcomes == {"given": 120}
    assert Assignment.objects.count() == 120
    assert Message.objects.filter(kind="assignment").count() == 3


def test_a_stale_task_does_nothing(sign_in):
    batch = a_batch(sign_in("Marketing"), 60)
    stale = batch.lease_no
    run(batch)
    LogEntry.objects.all().delete()

    work_batch(batch.pk, stale)

    assert not LogEntry.objects.exists()


def test_a_worker_whose_lease_was_taken_does_no_more(sign_in, monkeypatch):
    batch = a_batch(sign_in("Marketing"), 120)
    mark = batches._mark

    def another_takes_it(rows, *, test):
        Batch.objects.filter(pk=batch.pk).update(lease_no=99)
        return mark(rows, test=test)

    monkeypatch.setattr(batches, "_mark", another_takes_it)
    work_batch(batch.pk, batch.lease_no)

    batch.refresh_from_db()
    assert batch.done == 50  # The piece it held; the next one is not its own.
    assert Lead.objects.filter(is_test=True).count() == 50


@pytest.mark.logs("leads.batches")
def test_what_breaks_on_one_lead_goes_on_with_the_others(sign_in, monkeypatch):
    user = sign_in("Marketing")
    rows = [delivered().lead for _ in range(3)]
    resend = batches.resend

    def breaks_once(submission):
        if submission.lead == rows[1]:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 / 0")
        return resend(submission)

    monkeypatch.setattr(batches, "resend", breaks_once)
    batch = batches.at_once(user, "resend", [row.pk for row in rows])

    assert batch.outcomes == {"owed": 2, "broken": 1}


@pytest.mark.logs("leads.batches")
def test_a_database_that_is_away_is_waited_for(sign_in, monkeypatch):
    batch = a_batch(sign_in("Marketing"), 60)
    mark, failures = batches._mark, [OperationalError("deadlock detected")]

    def fails_once(rows, *, test):
        if failures:
            raise failures.pop()
        return mark(rows, test=test)

    monkeypatch.setattr(batches, "_mark", fails_once)

    assert run(batch).outcomes == {"changed": 60}


def test_what_takes_its_worker_down_each_time_is_stopped(sign_in):
    batch = a_batch(sign_in("Marketing"), 60)
    Batch.objects.update(attempts=batches.MAX_ATTEMPTS)

    run(batch)

    assert batch.stopped_at
    assert batch.outcomes == {"crashed": 1}


def test_who_lost_the_right_does_no_more(sign_in):
    user = sign_in("Marketing")
    batch = a_batch(user, 60)
    user.groups.clear()

    run(batch)

    assert batch.stopped_at
    assert batch.outcomes == {"forbidden": 1}
    assert not Lead.objects.filter(is_test=True).exists()


def test_whom_leads_were_for_may_have_left(sign_in):
    user, to = sign_in("Marketing"), StaffFactory()
    batch = a_batch(user, 60, "assign", to=to.pk)
    to.is_active = False
    to.save()

    run(batch)

    assert batch.outcomes == {"refused": 1}
    assert not Assignment.objects.exists()


# --- Its page -------------------------------------------------------------------


def test_a_batch_is_stopped_and_resumed(client, sign_in):
    user = sign_in("Marketing")
    batch = a_batch(user, 120)
    url = page("leads_batch_change", batch.pk)
    Batch.objects.update(lease_no=1, lease_until="2126-01-01T00:00Z")
    batch.refresh_from_db()
    batches._work_piece(batch)

    client.post(url, {"ordre": "arreter"})
    assert "50 sur 120 contacts, arrêtée." in client.get(url).text
    assert "Reprendre" in client.get(url).text
    batches.work(batch)  # Whoever had it may write nothing more.
    assert Lead.objects.filter(is_test=True).count() == 50

    client.post(url, {"ordre": "reprendre"})
    run(batch)
    assert batch.outcomes == {"changed": 120}
    response = client.get(url)
    assert "120 sur 120 contacts, terminée." in response.text
    assert "120 contacts modifiés." in response.text
    client.post(url, {"ordre": "reprendre"})
    client.post(url, {"ordre": "arreter"})
    batch.refresh_from_db()
    assert batch.finished_at
    assert not batch.stopped_at


def test_a_page_under_way_reloads_and_can_be_held_still(client, sign_in):
    batch = a_batch(sign_in("Marketing"), 60)
    url = page("leads_batch_change", batch.pk)

    assert 'http-equiv="refresh"' in client.get(url).text
    assert 'http-equiv="refresh"' not in client.get(url, {"figer": 1}).text


def test_a_batch_is_for_its_author_and_for_marketing(client, sign_in):
    author = StaffFactory(group="Commercial")
    batch = a_batch(author, 60)
    url, whole = page("leads_batch_change", batch.pk), page("leads_batch_changelist")

    sign_in("Commercial")
    assert client.get(url).status_code == 404
    assert client.post(url, {"ordre": "arreter"}).status_code == 404
    assert "0 sur 60" not in client.get(whole).text
    for user in (author, StaffFactory(group="Marketing")):
        client.force_login(user)
        assert client.get(url).status_code == 200
        assert "0 sur 60" in client.get(whole).text
    sign_in("DPO")
    assert client.get(url).status_code == 403
    assert client.get(whole).status_code == 403


def test_nobody_confirms_what_somebody_else_chose(client, sign_in):
    draft = batches.draft(StaffFactory(group="Marketing"), "test", [LeadFactory().pk])
    sign_in("Marketing")

    assert client.post(page("leads_batch_confirm", draft.pk)).status_code == 404


def test_what_somebody_may_not_do_any_more_is_not_confirmed(client, sign_in):
    user = sign_in("Commercial")
    draft = batches.draft(user, "assign", [LeadFactory().pk])

    assert client.post(page("leads_batch_confirm", draft.pk)).status_code == 403


@pytest.mark.parametrize("number", ["0", "99999999999999999999999"])
def test_a_batch_that_is_not_there_is_not_found(client, sign_in, number):
    sign_in("Marketing")

    assert client.get(page("leads_batch_change", number)).status_code == 404
    assert client.get(page("leads_batch_confirm", number)).status_code == 404


# --- Who may do what ------------------------------------------------------------

SALES = {"take", "change_status", "send_again", "send_new_edition"}
SALES |= {"mark_as_test", "mark_as_real"}
MAY = {
    "Commercial": SALES,
    "Marketing": SALES | {"assign_to", "suspect", "release"},
    "DPO": set(),
}
ACTIONS = sorted(MAY["Marketing"])


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("group", MAY)
def test_a_group_has_its_gestures_and_no_other(client, sign_in, group, action):
    sign_in(group)
    lead = LeadFactory()

    offered = f'value="{action}"' in client.get(page(LIST)).text
    data = {"action": action, "_selected_action": lead.pk}
    response = client.post(page(LIST), data)

    assert offered == (action in MAY[group])
    began = Batch.objects.exists() or Assignment.objects.exists()
    assert began == (action in MAY[group]), response


@pytest.mark.parametrize("action", batches.PERMISSIONS)
def test_a_worker_asks_for_the_permission_of_each_gesture(sign_in, action):
    user = StaffFactory(group="DPO")
    lead = LeadFactory(owner=user)
    before = Lead.objects.values().get(pk=lead.pk)

    batch = batches.at_once(user, action, [lead.pk], status="gagne", to=user.pk)

    assert batch.outcomes == {"forbidden": 1}
    assert Lead.objects.values().get(pk=lead.pk) == before


@pytest.mark.parametrize("name", ["leads_batch", "leads_savedview"])
def test_the_lists_of_batches_and_views_cost_little(
    client, sign_in, name, django_assert_max_num_queries
):
    user = sign_in("Marketing")
    for _ in range(20):
        batches.at_once(user, "test", [LeadFactory().pk])
    with django_assert_max_num_queries(12):
        client.get(page(f"{name}_changelist"))


def test_a_batch_page_costs_the_same_for_many(
    client, sign_in, django_assert_max_num_queries
):
    user = sign_in("Marketing")
    batch = a_batch(user, 200, "assign", to=StaffFactory().pk)
    draft = batches.draft(user, "assign", batch.leads)
    for url in (
        page("leads_batch_change", batch.pk),
        page("leads_batch_confirm", draft.pk),
    ):
        with django_assert_max_num_queries(12):
            client.get(url)
