"""What the views of a copy's links and of references give is what was looked at."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.db.models.functions import Now

from reports.models import Copy
from tests.leads.factories import CopyFactory, delivered
from tests.pages.fixtures import REFERENCE
from tests.pages.states import STATES

pytestmark = pytest.mark.django_db


@pytest.fixture
def copy():
    return delivered().copy


def same(response, state):
    """Compare a page with its state, whose secret is « x »."""
    served = re.sub(r"/exemplaire/[\w-]{27}/", "/exemplaire/x/", response.text)
    assert served == STATES[state].html


def test_links_that_open_nothing(visitor, copy):
    page = f"/exemplaire/{copy.token}/"
    Copy.objects.update(link_expires_at=Now())
    same(visitor.get(page), "exemplaire-expire")
    same(visitor.post(f"{page}renouveler/"), "exemplaire-lien-demande")
    same(visitor.get(page), "exemplaire-lien-remplace")
    Copy.objects.update(revoked_at=Now())
    same(visitor.get(page), "exemplaire-revoque")


def test_references(client, settings):
    asked_at = datetime(2026, 11, 23, 12, tzinfo=ZoneInfo("Europe/Paris"))
    CopyFactory(rendered=True, reference="SC26-0A1B-2C3D", requested_at=asked_at)
    served = client.get("/v/SC26-0A1B-2C3D/").text
    assert served.replace("SC26-0A1B-2C3D", REFERENCE) == STATES["verification"].html
    same(client.get("/v/"), "verification-a-saisir")
    same(client.get(f"/v/{REFERENCE}/"), "verification-inconnue")
    settings.VERIFICATIONS_PER_NETWORK_PER_HOUR = 0
    same(client.get("/v/SC26-0A1B-2C3D/"), "verification-trop")
