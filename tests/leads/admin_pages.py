"""Every page of the admin, with rows to open them; a new page is found by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.urls import URLResolver
from django.utils import timezone

from leads import assigning, batches
from leads.models import (
    Activity,
    Batch,
    Campaign,
    ConsentEvent,
    JournalEntry,
    PrivacyEvent,
    RightsRequest,
    SavedView,
)
from outbox.models import Suppression, suppression_hash
from reports.models import Edition, Proof
from tests.leads.factories import (
    HitFactory,
    LeadFactory,
    StaffFactory,
    SubmissionFactory,
    delivered,
)
from tests.leads.pages import page
from tests.leads.routing import away, rule, sales
from tests.outbox.factories import MessageFactory

# What is posted to, what is a file, what leads elsewhere; and Django's own, untouched.
NO_PAGES = {
    *("autocomplete", "jsi18n", "view_on_site", "login", "logout"),
    *(
        "password_change",
        "password_change_done",
        "auth_user_password_change",
        "auth_user_delete",
        # Of superusers alone.
        "auth_group_add",
        "auth_group_delete",
    ),
    *(
        "edition_file",
        "leads_lead_call_sheet",
        "leads_lead_proof",
        "rule_move",
        "leads_savedview_add",
    ),
    *("leads_lead_done", "leads_lead_postpone", "leads_lead_take", "leads_lead_undo"),
    *("rights_link", "rights_export", "rights_erase"),
    *("mesure_csv", "mesure_pdf", "mesure_lines", "measure-action-assign"),
    "measure-action-csv",
    *("leads_campaign_qr", "leads_campaign_attach", "leads_campaign_delete"),
    *("leads_lead_log", "leads_lead_plan", "leads_lead_status", "leads_lead_owner"),
}
# What the machinery writes, or a right of its own erases: nobody adds, nobody deletes.
KEPT = {
    *("leads_batch", "leads_consentevent", "leads_lead", "leads_privacyevent"),
    *("leads_submission", "leads_suspect", "outbox_message", "outbox_suppression"),
    *("outbox_undelivered", "reports_copy", "reports_edition", "reports_hit"),
    "leads_journalentry",
}
REFUSED = {f"{model}_{verb}" for model in KEPT for verb in ("add", "delete")}
REFUSED.add("leads_rightsrequest_delete")
OF_ONE = ("_change", "_history", "_delete", "_edit")
# The row that a page is about whose name does not say it.
ABOUT = {
    "edition_proofs": "draft",
    "edition_publish": "draft",
    "edition_erratum": "reports_edition",
    "rule_without": "leads_routingrule",
    "leads_batch_confirm": "drafted",
    "auth_user_access": "auth_user",
}


def _names(patterns: Any) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _names(pattern.url_patterns)
        elif pattern.name:
            yield pattern.name


PAGES = sorted(set(_names(admin.site.urls[0])) - NO_PAGES - REFUSED)


def everything(user: Any) -> dict[str, Any]:
    """Write a row of everything, once more each time; return them by model."""
    camille = sales("Camille", cap=3)
    submission = delivered(lead__owner=user, phone="+33199000000")
    lead, copy = submission.lead, submission.copy
    Activity.objects.create(lead=lead, author=user, kind="appel", outcome="joint")
    assigning.assign([LeadFactory().pk], camille, by=user, why="Confié par un essai")
    held = SubmissionFactory(suspect=True)
    live = Edition.current()
    draft, _ = Edition.objects.get_or_create(version="99.0")
    Proof.objects.get_or_create(
        edition=draft,
        persona="dsi",
        defaults={
            "pages": 2,
            "changed": [1],
            "compared_with": "98.0",
            "made_at": timezone.now(),
            "folder": "x",
            "sha256": "0" * 64,
            "size": 9,
            "next_attempt_at": None,
            "fingerprint": "x",
        },
    )
    number = Batch.objects.count()
    return {
        "auth_user": camille,
        "auth_group": Group.objects.get(name="DPO"),
        "draft": draft,
        "drafted": batches.draft(user, Batch.Action.ASSIGN, [lead.pk]),
        "leads_absence": away(camille),
        "leads_campaign": Campaign.objects.create(
            code=f"essai-{Campaign.objects.count()}", name="Essai", origin="salon"
        ),
        "leads_batch": batches.at_once(user, Batch.Action.TEST, [LeadFactory().pk]),
        "leads_consentevent": ConsentEvent.objects.create(
            lead=lead, submission=submission, purpose="actualites", granted=True
        ),
        "leads_journalentry": JournalEntry.objects.create(
            act=JournalEntry.Act.SEEN, user=user, lead=lead, page="leads_lead_change"
        ),
        "leads_lead": lead,
        "leads_privacyevent": PrivacyEvent.objects.create(
            lead=lead, kind=PrivacyEvent.Kind.NOT_ME
        ),
        "leads_rightsrequest": RightsRequest.objects.create(
            lead=lead, right="effacement", channel="courrier", noted_by=user
        ),
        "leads_routingrule": rule(camille),
        "leads_savedview": SavedView.objects.create(
            owner=user, name=f"Vue {number}", query="region__exact=53"
        ),
        "leads_staffprofile": camille.staff_profile,
        "leads_submission": submission,
        "leads_suspect": held.lead,
        "outbox_message": copy.messages.get(),
        "outbox_suppression": Suppression.objects.create(
            address_hash=suppression_hash(f"nul{number}@exemple.fr"),
            reason=Suppression.Reason.BOUNCE,
        ),
        "outbox_undelivered": MessageFactory(
            next_attempt_at=None, failed_at=timezone.now(), lead=lead
        ),
        "reports_copy": copy,
        "reports_edition": live,
        "reports_hit": HitFactory(copy=copy),
    }


def address(name: str, rows: dict[str, Any]) -> str:
    """Return the address of a page about one of these rows, or about none."""
    if name == "app_list":
        return page(name, "leads")
    if name == "edition_comparison":
        return page(name, rows["draft"].pk, "dsi", 1)
    if name == "measure-action-rows":
        return page(name, etape="contact", delai="3-5")
    if name in ABOUT or name.endswith(OF_ONE):
        return page(name, rows[ABOUT.get(name, name.rpartition("_")[0])].pk)
    return page(name)


def somebody_who_may_all() -> Any:
    """Return one of staff with every permission, for which their group is asked."""
    group, _ = Group.objects.get_or_create(name="Toutes les permissions")
    group.permissions.set(Permission.objects.all())
    return StaffFactory(group=group.name)
