"""A sales person sees their own contacts and nobody's, wherever rows are shown."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.core.exceptions import FieldDoesNotExist

from leads.models import ConsentEvent, Lead, PrivacyEvent
from outbox.admin import OwnLeads
from outbox.models import Message
from tests.leads.factories import HitFactory, LeadFactory, StaffFactory, delivered
from tests.leads.pages import notices, page, shown

pytestmark = pytest.mark.django_db

LISTS = {
    "leads_lead": "pk",
    "leads_submission": "lead",
    "leads_consentevent": "lead",
    "leads_privacyevent": "lead",
    "outbox_message": "lead",
    "outbox_undelivered": "lead",
    "reports_copy": "lead",
}


def all_of(name):
    """Return the address of a whole list; what is known by number has no scope."""
    scope = {} if name == "leads_privacyevent" else {"perimetre": "tous"}
    return page(f"{name}_changelist", **scope)


def model_of(name):
    return next(
        model
        for model in admin.site._registry
        if f"{model._meta.app_label}_{model._meta.model_name}" == name
    )


def history(owner=None, **values):
    """Return a lead with a row in every list."""
    lead = LeadFactory(owner=owner, **values)
    submission = delivered(lead=lead)
    HitFactory(copy=submission.copy)
    ConsentEvent.objects.create(lead=lead, purpose="actualites", granted=True)
    PrivacyEvent.objects.create(lead=lead, kind="pas-moi")
    submission.messages.update(accepted_at=None, failed_at="2026-11-20T09:00Z")
    return lead


def row_of(name, lead):
    return model_of(name)._default_manager.filter(**{LISTS[name]: lead.pk}).first()


@pytest.fixture
def cast(client):
    """Somebody of sales signed in, the leads they may open, and those they may not."""
    user = StaffFactory(group="Commercial")
    client.force_login(user)
    theirs = [history(user), history()]
    others = [history(StaffFactory(group="Commercial")), history(suspect=True)]
    return user, theirs, others


@pytest.mark.parametrize("name", LISTS)
def test_a_list_holds_rows_of_ones_own_leads_and_of_nobodys(client, cast, name):
    user, theirs, others = cast
    if name == "leads_privacyevent":
        give(user, "view_privacyevent")

    rows = shown(client.get(all_of(name)))

    assert {row.pk for row in rows} == {row_of(name, lead).pk for lead in theirs}
    assert all(row_of(name, lead) for lead in others)


@pytest.mark.parametrize("name", LISTS)
def test_a_page_of_anybody_else_is_not_found(client, cast, name):
    """S23: each row is checked, not only each list."""
    user, theirs, others = cast
    if name == "leads_privacyevent":
        give(user, "view_privacyevent")

    for lead in theirs:
        url = page(f"{name}_change", row_of(name, lead).pk)
        assert client.get(url).status_code == 200
    for lead in others:
        url = page(f"{name}_change", row_of(name, lead).pk)
        response = client.get(url)
        assert response.status_code == 302
        assert response.url == page("index")
        assert client.get(page(f"{name}_history", row_of(name, lead).pk)).url == page(
            "index"
        )


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("group", ["Marketing", "DPO"])
def test_who_may_see_all_leads_sees_all_rows(client, cast, name, group):
    _, theirs, others = cast
    user = StaffFactory(group=group)
    give(user, "view_privacyevent")
    client.force_login(user)

    rows = shown(client.get(all_of(name)))

    expected = {row_of(name, lead).pk for lead in [*theirs, *others]}
    assert expected <= {row.pk for row in rows}


def test_requests_have_no_owner_or_those_of_few_would_have_a_name(client, cast):
    """Cut to one's own leads, a list of requests tells even what objectors did."""
    _, theirs, others = cast

    rows = shown(client.get(all_of("reports_hit")))

    assert {hit.copy.lead for hit in rows} == {*theirs, *others}


@pytest.mark.parametrize("asked", ["copy_id", "copy_id__in", "copy__isnull", "at__gte"])
def test_nobody_asks_for_the_requests_of_one_person(client, cast, asked):
    client.force_login(StaffFactory(group="Marketing"))
    url = page("reports_hit_changelist", **{asked: cast[1][0].copies.get().pk})

    assert client.get(url).url == f"{page('reports_hit_changelist')}?e=1"


def test_mail_that_is_about_nobody_is_not_for_everybody(client, cast):
    Message.objects.filter(lead__in=[lead.pk for lead in cast[1]]).update(lead=None)

    assert not shown(client.get(page("outbox_message_changelist", perimetre="tous")))


def test_an_action_reaches_ones_own_rows_only(client, cast):
    _, theirs, others = cast
    rows = [lead.submissions.get().pk for lead in (*theirs, *others)]
    before = Message.objects.count()
    data = {"action": "send_again", "_selected_action": rows}
    url = page("leads_submission_changelist", perimetre="tous")

    response = client.post(url, data, follow=True)

    assert notices(response)[0].startswith("2 envois demandés")
    assert Message.objects.count() == before + 2
    for lead in others:
        assert lead.messages.count() == 1


def test_a_lead_of_somebody_else_cannot_be_changed(client, cast):
    _, _, others = cast

    response = client.post(page("leads_lead_edit", others[0].pk), {"phone": "12"})

    assert response.status_code == 302
    assert client.post(page("leads_lead_change", others[0].pk)).status_code == 405
    assert Lead.objects.get(pk=others[0].pk).phone == ""
    assert Lead.objects.get(pk=others[0].pk).status == "nouveau"


def test_every_page_about_people_is_scoped():
    """S23: Whatever is registered from now on, too."""
    for model, model_admin in admin.site._registry.items():
        try:
            about_people = issubclass(model, Lead) or model._meta.get_field("lead")
        except FieldDoesNotExist:
            continue
        if about_people:
            assert isinstance(model_admin, OwnLeads), model


def give(user, codename):
    from django.contrib.auth.models import Permission

    user.user_permissions.add(Permission.objects.get(codename=codename))
