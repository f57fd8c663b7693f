"""The columns of the list of leads: what one looks for before opening a page."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.text import capfirst

from leads.assigning import name_of
from leads.models import Lead
from outbox.admin import NOTHING


def day(value: Any) -> str:
    """Return « 20/11/26 » in Europe/Paris; `value` is a day, an instant or None."""
    if value is None:
        return NOTHING
    when = timezone.localdate(value) if isinstance(value, datetime) else value
    return date_format(when, "d/m/y")  # Short: five of them stand on a line.


def second_line(first: Any, second: Any) -> str:
    if not second:
        return str(first)
    return format_html('{}<span class="second">{}</span>', first, second)


class LeadColumns:
    """Say on one line who, where, how far, what next and what reached them."""

    @admin.display(description="nom", ordering="last_name")
    def who(self, lead: Lead) -> str:
        """Return the name; what is not counted by default says so."""
        said = [
            words
            for words, holds in (
                ("suspect", lead.suspected_at),
                ("essai", lead.is_test),
                ("fusionné", lead.merged_into_id),
            )
            if holds
        ]
        return f"{lead} ({', '.join(said)})" if said else str(lead)

    @admin.display(description="établissement", ordering="organisation")
    def place(self, lead: Lead) -> str:
        """Open the list of those of the same establishment."""
        function = capfirst(lead.get_job_function_display())
        if not lead.organisation:
            return second_line(NOTHING, function)
        query = urlencode({"etablissement": lead.organisation})
        link = format_html('<a href="?{}">{}</a>', query, lead.organisation)
        return second_line(link, function)

    @admin.display(description="statut", ordering="status")
    def standing(self, lead: Lead) -> str:
        held = "usage suspendu" if lead.frozen_at else lead.get_closed_because_display()
        return second_line(lead.get_status_display(), held)

    @admin.display(description="responsable", ordering="owner__last_name")
    def responsible(self, lead: Lead) -> str:
        return name_of(lead.owner) if lead.owner else NOTHING

    @admin.display(description="à faire le", ordering="next_action_on")
    def planned(self, lead: Lead) -> str:
        return second_line(day(lead.next_action_on), lead.next_action)

    @admin.display(description="promesse", ordering="promised_on")
    def promise(self, lead: Lead) -> str:
        """Say by when a first contact is due, or when it was made."""
        if lead.first_contact_at:
            return second_line(day(lead.first_contact_at), "premier contact")
        if lead.promised_on is None or lead.status in Lead.CLOSED:
            return NOTHING
        late = lead.promised_on < timezone.localdate()
        words = "dépassée" if late else "à tenir"
        template = '{}<span class="second{}">{}</span>'
        return format_html(
            template, day(lead.promised_on), " late" if late else "", words
        )

    @admin.display(description="remis", ordering="delivered_at")
    def delivered_on(self, lead: Any) -> str:
        return day(lead.delivered_at)

    @admin.display(description="retiré", ordering="retrieval_day")
    def retrieved_on(self, lead: Any) -> str:
        """Return the day and no more: that is what the notice tells people."""
        return day(lead.retrieval_day)

    @admin.display(description="créé", ordering="created_at")
    def created_on(self, lead: Lead) -> str:
        return day(lead.created_at)

    @admin.display(description="fiche")
    def sheet(self, lead: Lead) -> str:
        """Open the call sheet, from the line."""
        name = format_html('<span class="visually-hidden">\u00a0: {}</span>', lead)
        url = reverse("admin:leads_lead_call_sheet", args=[lead.pk])
        return format_html('<a href="{}">PDF{}</a>', url, name)
