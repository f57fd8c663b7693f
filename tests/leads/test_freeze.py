"""R26: frozen, somebody is kept and used for nothing, until they say otherwise."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from leads import batches, call_sheet, delivery, exchanges, rights
from leads.analytics import facts
from leads.models import Activity, Batch, FunnelDay, Lead, RightsRequest
from leads.resending import resend
from leads.routing import route_new
from outbox.models import Message
from reports.models import Copy
from reports.tasks import render_copy
from tests.leads.factories import delivered
from tests.leads.pages import notices, page
from tests.leads.rights import open_link, send_all
from tests.leads.test_request import post

pytestmark = pytest.mark.django_db
ADDRESS = "zoe.loeuf@chu-exemple.fr"


@pytest.fixture
def submission():
    return delivered(lead__email=ADDRESS, lead__last_name="Lœuf")


@pytest.fixture
def lead(submission):
    assert rights.freeze(submission.lead_id)
    return Lead.objects.get(pk=submission.lead_id)


def test_pressed_on_the_page_it_holds_at_once_and_may_be_lifted(
    visitor, submission, sink
):
    link = open_link(visitor, ADDRESS, sink)
    for _ in range(2):
        visitor.post(f"{link}suspendre/", {"frozen": "oui"})
    page = visitor.get(link).text
    assert "L’usage de vos données est suspendu" in page
    assert "Corriger mes données" not in page
    assert Lead.objects.get().frozen_at

    for _ in range(2):
        visitor.post(f"{link}suspendre/", {"frozen": "non"})

    assert Lead.objects.get().frozen_at is None
    asked = RightsRequest.objects.exclude(right="acces").order_by("pk")
    assert [row.right for row in asked] == ["limitation", "reprise"]


def test_what_is_owed_stays_and_leaves_once_it_is_lifted(submission, sink):
    delivery.send_again(submission)
    owed = Message.objects.due().get()

    rights.freeze(submission.lead_id)
    send_all()
    owed.refresh_from_db()
    assert (owed.state, len(sink.messages)) == ("withheld", 0)
    assert owed.events.latest("pk").reason == "frozen"

    rights.unfreeze(submission.lead_id)
    owed.refresh_from_db()
    assert owed.state == "queued"


def test_nothing_leaves_whoever_owes_it(submission, lead, sink):
    """R26: at the layer that sends."""
    submission.refresh_from_db()  # What the list of requests reads.
    assert resend(submission) == "nothing"
    delivery.send_again(submission)
    send_all()

    assert not sink.messages
    assert Message.objects.latest("pk").events.latest("pk").reason == "frozen"


def test_their_own_rights_are_still_mailed(visitor, lead, sink):
    assert open_link(visitor, ADDRESS, sink)


def test_who_posts_with_their_address_reaches_them_not(visitor, lead, sink):
    post(visitor, email=ADDRESS)
    copy = Copy.objects.latest("pk")
    render_copy(copy.pk, copy.lease_no)
    send_all()
    assert not sink.messages

    rights.unfreeze(lead.pk)
    assert Message.objects.due().count() == 1


def test_a_copy_under_way_waits(visitor, sink):
    post(visitor, email=ADDRESS)
    pk = Lead.objects.get().pk
    rights.freeze(pk)
    assert not Copy.objects.due().exists()
    rights.unfreeze(pk)
    assert Copy.objects.due().count() == 1


def test_a_correction_waits(lead):
    assert not rights.rectify(lead.pk, {"last_name": "Autre"})


def test_staff_see_it_and_change_nothing(client, lead, sign_in):
    user = sign_in("Marketing")
    values = Lead.objects.values().get()
    shown = client.get(page("leads_lead_change", lead.pk)).text
    assert "Usage suspendu à la demande de la personne" in shown
    assert ADDRESS not in shown.split("lead-channels")[1].split("</ul>")[0]
    assert "Prévoir" not in shown

    for name, data in {
        "leads_lead_log": {"kind": "note", "body": "x", "when": "", "seen": "0"},
        "leads_lead_plan": {"next_action": "x", "when": "", "next_on": "2031-03-04"},
        "leads_lead_status": {"status": "qualifie"},
        "leads_lead_owner": {"prendre": "1"},
        "leads_lead_done": {},
        "leads_lead_postpone": {"dans": "semaine"},
        "leads_lead_take": {},
    }.items():
        response = client.post(page(name, lead.pk), data, follow=True)
        assert response.status_code == 200, name
        assert any("suspendu" in note for note in notices(response)), name
    assert client.post(page("leads_lead_edit", lead.pk), {}).status_code == 403
    for action in (Batch.Action.STATUS, Batch.Action.TEST, Batch.Action.SUSPECT):
        batches.at_once(user, action, [lead.pk], status="qualifie")
    with pytest.raises(exchanges.Gone):
        exchanges.plan(lead.pk, user, "x", None)

    assert Lead.objects.values().get() == values
    assert not Activity.objects.exists()


def test_nothing_is_exported(client, lead, sign_in):
    sign_in("Marketing")
    facts.refresh_all()
    table = client.post(page("mesure_csv", tuile="delivered")).getvalue().decode()
    assert "Lœuf" not in table
    assert "suspendu l’usage" in table
    assert not call_sheet.render([lead.pk])
    response = client.get(page("leads_lead_call_sheet", lead.pk), follow=True)
    assert any("suspendu" in note for note in notices(response))


def test_nobody_is_told_to_act_on_them(lead):
    Lead.objects.update(
        next_action_on=timezone.localdate() - timedelta(days=1), promised_on=None
    )
    assert not Lead.objects.genuine().exists()
    assert not route_new()


def test_figures_count_them_all_the_same(submission):
    facts.refresh_all()
    days = list(FunnelDay.objects.order_by("pk").values_list("day", "cut", "leads"))
    rights.freeze(submission.lead_id)
    facts.refresh_all()
    after = list(FunnelDay.objects.order_by("pk").values_list("day", "cut", "leads"))
    assert sorted(after) == sorted(days)
