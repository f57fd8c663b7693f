from __future__ import annotations

from pathlib import Path

import pytest
from django.urls import reverse

from leads.models import ConsentEvent
from tests.browser import in_database
from tests.pages.staff import signed_in, somebody

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("edition"),
]
OUT = Path("/tmp/shots-lead")
OUT.mkdir(exist_ok=True)


def test_shots(new_page, server):
    user, lead = in_database(somebody)
    url = reverse("admin:leads_lead_change", args=[lead.pk])
    for width in (1280, 390):
        for dark in (False, True):
            with signed_in(new_page, server, user, width=width, dark=dark) as page:
                page.goto(url)
                page.screenshot(
                    path=OUT / f"lead-{width}-{'dark' if dark else 'light'}.png",
                    full_page=True,
                )
    in_database(
        lambda: ConsentEvent.objects.create(lead=lead, purpose="rappel", granted=False)
    )
    with signed_in(new_page, server, user, width=1280) as page:
        page.goto(url)
        page.click("summary")
        page.click(".lead-log button:has-text('Enregistrer')")
        page.screenshot(path=OUT / "lead-error.png", full_page=True)
        page.goto(reverse("admin:leads_lead_edit", args=[lead.pk]))
        page.screenshot(path=OUT / "lead-edit.png", full_page=True)
