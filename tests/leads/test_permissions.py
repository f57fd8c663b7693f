"""What each of staff may see and do: docs/permissions.md, cell by cell."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from leads.analytics import facts
from leads.models import Activity, Campaign, Lead
from outbox.models import Message
from tests.leads.factories import (
    LeadFactory,
    StaffFactory,
    SubmissionFactory,
    delivered,
)
from tests.leads.pages import page

pytestmark = pytest.mark.django_db
DOCUMENT = Path(__file__).parents[2] / "docs" / "permissions.md"
CELLS = {"yes", "own", "no"}
SIGNED_OUT_OR_AWAY = re.compile(r"/admin/(login/.*)?$")


def rows():
    """Yield (what, {who: cell}) of every table of the document."""
    heads: list[str] = []
    for line in DOCUMENT.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            heads = []
        elif not heads:
            heads = cells
        elif found := re.search(r"`([\w:-]+)`", cells[0]):
            yield found[1], dict(zip(heads[-4:], cells[-4:], strict=True))


TABLE = dict(rows())
# A post on a lead: what it says.
POSTS = {
    "leads_lead_log": {"kind": "note", "body": "x", "when": "", "seen": "0"},
    "leads_lead_plan": {"next_action": "Appeler", "when": "", "next_on": "2031-03-04"},
    "leads_lead_status": {"status": "qualifie"},
    "leads_lead_done": {},
    "leads_lead_postpone": {"dans": "semaine"},
    "leads_lead_take": {},
}
# Posts on something else: what they say, of a submission and of a campaign.
MEASURE_POSTS = {
    "mesure_csv": lambda s, c: {},
    "measure-action-csv": lambda s, c: {},
    "measure-action-assign": lambda s, c: {"contact": s.lead_id, "a": a_colleague()},
    "leads_campaign_attach": lambda s, c: {"campagne": c.pk, "valeur": "salon-2026"},
}
ASKED = {name: {"tuile": "delivered"} for name in ("mesure_lines", "mesure_csv")}
OF_A_CAMPAIGN = {"leads_campaign_change": (), "leads_campaign_qr": ("svg",)}
ALL = {"perimetre": "tous"}
OF_A_LEAD = {
    "leads_lead_change": lambda s: s.lead_id,
    "leads_lead_edit": lambda s: s.lead_id,
    "leads_lead_call_sheet": lambda s: s.lead_id,
    "leads_lead_proof": lambda s: s.lead_id,
    "leads_submission_change": lambda s: s.pk,
    "reports_copy_change": lambda s: s.copy_id,
    "outbox_message_change": lambda s: s.messages.get().pk,
}


def user_of(who):
    if who == "admin":
        return StaffFactory(is_superuser=True)
    return StaffFactory(group=who)


def a_colleague():
    return StaffFactory(group="Commercial").pk


def a_campaign():
    return Campaign.objects.create(code="congres", name="Congrès", origin="salon")


def a_submission(owner):
    """Return what somebody asked for, planned for today."""
    lead = LeadFactory(owner=owner, next_action="Appeler", next_action_on="2026-01-02")
    return delivered(lead=lead)


def opens(client, name, *args):
    response = client.get(page(name, *args, **ASKED.get(name, {})))
    away = response.status_code == 302 and (
        SIGNED_OUT_OR_AWAY.search(response.url) is not None
        or "/modifier/" not in response.url
    )
    return response.status_code not in (403, 404) and not away


def state(lead):
    values = Lead.objects.filter(pk=lead.pk).values().get()
    return values, Activity.objects.filter(lead=lead).count()


def does(client, name, lead):
    before = state(lead)
    client.post(page(name, lead.pk), POSTS[name])
    return state(lead) != before


def does_measure(client, name, owner=None):
    """Tell whether a post of the measure is taken: a file, or something changed."""
    submission, campaign = a_submission(owner), a_campaign()
    facts.refresh_all()
    data = MEASURE_POSTS[name](submission, campaign)
    before = state(submission.lead), Campaign.objects.values().get()
    response = client.post(page(name, **ASKED.get(name, {})), data)
    after = state(submission.lead), Campaign.objects.values().get()
    return response.status_code == 200 or before != after


def offers(client, name):
    model, _, action = name.partition(":")
    scope = {} if model in ("leads_suspect", "outbox_undelivered") else ALL
    response = client.get(page(f"{model}_changelist", **scope))
    form = response.context and response.context.get("action_form")
    return bool(form) and action in dict(form.fields["action"].choices)


def found(client, name, user):
    """Return yes, own or no: what this user may do."""
    if ":" in name:
        SubmissionFactory(suspect=True)
        submission = a_submission(user)
        Message.objects.filter(copies=submission.copy).update(
            accepted_at=None, failed_at=Now()
        )
        return "yes" if offers(client, name) else "no"
    if name in MEASURE_POSTS:
        return "yes" if does_measure(client, name) else "no"
    if name in OF_A_CAMPAIGN:
        args = (a_campaign().pk, *OF_A_CAMPAIGN[name])
        return "yes" if opens(client, name, *args) else "no"
    if name not in OF_A_LEAD and name not in POSTS:
        return "yes" if opens(client, name) else "no"
    colleague = StaffFactory(group="Commercial")
    theirs = a_submission(None if name == "leads_lead_take" else user)
    others = a_submission(colleague)

    def may(submission):
        if name in POSTS:
            return does(client, name, submission.lead)
        return opens(client, name, OF_A_LEAD[name](submission))

    allowed = (may(theirs), may(others))
    return {(True, True): "yes", (True, False): "own", (False, False): "no"}[allowed]


@pytest.mark.parametrize("who", ["Commercial", "Marketing", "DPO", "admin"])
@pytest.mark.parametrize("name", TABLE)
@pytest.mark.logs("django.request")
def test_each_may_do_what_the_table_says(client, name, who):
    """S23: least privilege, cell by cell."""
    assert TABLE[name][who] in CELLS
    user = user_of(who)
    client.force_login(user)

    assert found(client, name, user) == TABLE[name][who]


def test_the_table_knows_every_page_and_action_of_ours(client):
    from django.contrib import admin

    ours = set()
    for model, model_admin in admin.site._registry.items():
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        ours.add(f"{name}_changelist")
        request = client.get("/healthz").wsgi_request
        request.user = StaffFactory(is_superuser=True)
        for action in model_admin.get_actions(request):
            if action != "delete_selected":
                ours.add(f"{name}:{action}")
    assert ours <= set(TABLE), sorted(ours - set(TABLE))


@pytest.mark.parametrize("name", TABLE)
def test_nobody_does_anything_without_signing_in(client, name):
    if ":" in name:
        return
    submission = a_submission(None)
    if name in POSTS:
        assert not does(client, name, submission.lead)
    elif name in MEASURE_POSTS:
        assert not does_measure(client, name)
    else:
        args = [OF_A_LEAD[name](submission)] if name in OF_A_LEAD else []
        if name in OF_A_CAMPAIGN:
            args = [a_campaign().pk, *OF_A_CAMPAIGN[name]]
        response = client.get(page(name, *args))
        assert response.status_code == 302
        assert response.url.startswith(reverse("admin:login"))
