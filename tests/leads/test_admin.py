"""What staff may see and do: each group its pages, and nothing that is not its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from leads.models import ConsentEvent, Lead
from tests.leads.factories import HitFactory, delivered
from tests.leads.pages import page

pytestmark = pytest.mark.django_db

LISTS = {
    "leads_lead": {"Marketing", "Commercial", "DPO"},
    "leads_submission": {"Marketing", "Commercial", "DPO"},
    "leads_consentevent": {"Marketing", "Commercial", "DPO"},
    "reports_copy": {"Marketing", "Commercial", "DPO"},
    "reports_hit": {"Marketing", "Commercial", "DPO"},
    "reports_edition": {"Marketing", "DPO"},
    "outbox_message": {"Marketing", "Commercial", "DPO"},
    "outbox_undelivered": {"Marketing", "Commercial", "DPO"},
    "outbox_suppression": {"DPO"},
}
GROUPS = ["Marketing", "Commercial", "DPO"]
INLINE = re.compile(r"<style|<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=|javascript:")


def history():
    """Write one row of everything, and return (page, its object)."""
    submission = delivered()
    lead, copy = submission.lead, submission.copy
    hit = HitFactory(copy=copy)
    consent = ConsentEvent.objects.create(
        lead=lead, submission=submission, purpose="actualites", granted=True
    )
    return {
        "leads_lead": lead,
        "leads_submission": submission,
        "leads_consentevent": consent,
        "reports_copy": copy,
        "reports_hit": hit,
        "reports_edition": copy.edition,
        "outbox_message": copy.messages.get(),
    }


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("name", LISTS)
def test_a_group_opens_its_lists_and_no_other(client, sign_in, name, group):
    sign_in(group)

    status = client.get(page(f"{name}_changelist")).status_code

    assert status == (200 if group in LISTS[name] else 403)


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_opens_the_rows_of_its_lists(client, sign_in, group):
    sign_in(group)
    for name, row in history().items():
        status = client.get(page(f"{name}_change", row.pk)).status_code
        assert status == (200 if group in LISTS[name] else 403), name


@pytest.mark.parametrize("name", ["index", "downloads"])
@pytest.mark.parametrize("group", GROUPS)
def test_every_group_opens_the_index_and_the_downloads(client, sign_in, name, group):
    sign_in(group)
    response = client.get(page(name))

    assert response.status_code == 200
    assert page("downloads") in response.text


def test_a_visitor_is_sent_to_the_sign_in_page(client):
    assert client.get(page("downloads")).status_code == 302
    assert client.get(page("leads_lead_changelist")).status_code == 302


def test_staff_without_a_group_see_no_figure(client, sign_in):
    sign_in()
    assert client.get(page("downloads")).status_code == 403


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("user", [{"group": "Marketing"}, {"superuser": True}])
def test_nobody_adds_or_deletes(client, sign_in, name, user):
    sign_in(**user)
    row = history().get(name)

    assert client.get(page(f"{name}_add")).status_code == 403
    if row is not None:
        assert client.post(page(f"{name}_delete", row.pk)).status_code == 403
        assert type(row).objects.filter(pk=row.pk).exists()
    response = client.get(page(f"{name}_changelist"))
    assert "delete_selected" not in response.text


@pytest.mark.parametrize("name", sorted(set(LISTS) - {"leads_lead"}))
def test_what_the_machinery_writes_is_read_only(client, sign_in, name):
    sign_in(superuser=True)
    row = history().get(name)
    if row is not None:
        assert client.post(page(f"{name}_change", row.pk), {}).status_code == 403


def test_pages_are_under_a_strict_policy_and_need_nothing_inline(client, sign_in):
    sign_in(superuser=True)
    rows = history()
    pages = [page("index"), page("login"), page("downloads")]
    pages += [page(f"{name}_changelist") for name in LISTS]
    pages += [page(f"{name}_change", row.pk) for name, row in rows.items()]
    for url in pages:
        response = client.get(url, follow=True)
        policy = response.headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy
        assert "style-src 'self';" in policy
        assert "unsafe" not in policy
        assert not INLINE.findall(response.text), url


def test_our_templates_hold_no_inline_style_or_script():
    templates = list(Path("templates/admin").rglob("*.html"))
    assert templates
    for template in templates:
        assert not INLINE.findall(template.read_text()), template


def test_no_token_nor_digest_is_shown(client, sign_in):
    sign_in(superuser=True)
    rows = history()
    submission, copy = rows["leads_submission"], rows["reports_copy"]
    for name, row in rows.items():
        text = client.get(page(f"{name}_change", row.pk)).text
        for secret in (copy.token, submission.token, "token", "digest"):
            assert secret not in text.replace("csrfmiddlewaretoken", ""), name


@pytest.mark.parametrize(
    "name",
    [
        "leads_lead",
        "leads_submission",
        "leads_consentevent",
        "reports_copy",
        "reports_hit",
        "outbox_message",
    ],
)
def test_a_list_costs_the_same_however_many_rows(
    client, sign_in, name, django_assert_max_num_queries
):
    user = sign_in("Marketing")
    for _ in range(2):
        history()
    with django_assert_max_num_queries(12) as few:
        client.get(page(f"{name}_changelist"))
    for _ in range(8):
        history()
    Lead.objects.update(owner=user)
    with django_assert_max_num_queries(12) as many:
        client.get(page(f"{name}_changelist"))
    assert len(many) <= len(few) + 1
