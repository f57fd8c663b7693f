"""`/v/<reference>/` says that a copy is ours, and nothing of the person."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from leads import privacy
from leads.models import PrivacyEvent, Quota, Submission
from reports.models import Copy
from reports.pdf import codes
from reports.references import new_reference, recognised
from tests.leads.factories import CopyFactory, delivered
from tests.leads.test_request import post

pytestmark = pytest.mark.django_db
PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def copy():
    """A copy asked for at half past midnight in Paris, the day before elsewhere."""
    asked_at = datetime(2026, 11, 24, 0, 30, tzinfo=PARIS)
    return CopyFactory(rendered=True, reference="SC26-0A1B-2C3D", requested_at=asked_at)


def verify(client, reference, **extra):
    return client.get(f"/v/{reference}/", **extra)


def test_it_says_authentic_edition_and_date_and_nothing_of_the_person(client, copy):
    response = verify(client, copy.reference)

    html = response.content.decode()
    assert response.status_code == 200
    assert "Exemplaire authentique" in html
    assert copy.reference in html
    assert f"<dd>{copy.edition.version}</dd>" in html
    assert "24\u00a0novembre\u00a02026" in html
    for secret in (copy.last_name, copy.organisation, copy.recipient, copy.token):
        assert secret not in html


def test_the_address_on_the_cover_is_that_of_the_page(copy):
    path = reverse("leads:verify", args=[copy.reference])

    address = codes.address_of(settings.SITE_URL, copy.reference)

    assert address == settings.SITE_URL + path


@pytest.mark.parametrize(
    "typed",
    [
        "sc26-0a1b-2c3d",
        "SC260A1B2C3D",
        "SC26 0A1B 2C3D",
        "SC26-OA1B-2C3D",
        "sc26–oalb–2c3d",
        " SC26-0AIB-2C3D ",
    ],
)
def test_what_a_hand_copies_is_recognised(client, copy, typed):
    assert verify(client, typed).status_code == 200
    found = client.get("/v/", {"reference": typed})
    assert (found.status_code, found.url) == (302, f"/v/{copy.reference}/")


@pytest.mark.parametrize(
    "typed",
    ["", "SC26", "SC27-0A1B-2C3D", "SC26-0A1B-2C3", "SC26-0A1B-2C3DE", "SC26-UUUU-UUUU",
     "SC26-0A1B-2C3é", "SC26-0A1B-2C3\u0663", "\x00", "<b>"],
)  # fmt: skip
def test_what_is_no_reference_is_none(typed):
    assert recognised(typed) == ""


def test_every_reference_is_recognised_as_itself():
    references = [new_reference() for _ in range(200)]

    assert [recognised(reference) for reference in references] == references


@pytest.mark.parametrize("path", ["/v/SC26-0000-0000/", "/v/?reference=%3Cb%3E"])
def test_an_unknown_reference_is_not_found_and_may_be_typed_again(client, path):
    response = client.get(path)

    html = response.content.decode()
    assert response.status_code == 404
    assert "inconnue" in html
    assert 'name="reference"' in html
    assert "<b>" not in html


def test_the_form_stands_alone_at_its_own_address(client):
    html = client.get("/v/").content.decode()

    assert "Vérifier un exemplaire" in html
    assert "inconnue" not in html


def test_a_document_that_was_never_made_has_no_reference_yet(client):
    assert verify(client, CopyFactory().reference).status_code == 404


def revoked(copy):
    Copy.objects.update(revoked_at=Now())


def expired(copy):
    Copy.objects.update(link_expires_at=Now())


def a_trial(copy):
    copy.lead.is_test = True
    copy.lead.save()


def erased(copy):
    privacy.erase(copy.lead, PrivacyEvent.Kind.NOT_ME)


@pytest.mark.parametrize("change", [revoked, expired, a_trial, erased])
def test_what_became_of_the_person_or_the_link_is_not_told(client, change):
    copy = delivered().copy
    before = verify(client, copy.reference).content

    change(copy)

    assert verify(client, copy.reference).content == before


def test_a_network_that_tries_too_many_is_told_so_before_anything_is_looked_up(
    client, copy, settings
):
    settings.VERIFICATIONS_PER_NETWORK_PER_HOUR = 2
    here = {"REMOTE_ADDR": "203.0.113.77"}
    statuses = [verify(client, copy.reference, **here).status_code for _ in range(3)]

    assert statuses == [200, 200, 429]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        response = verify(client, "SC26-0000-0000", **here)
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "3600"
    assert "Trop de vérifications" in response.content.decode()
    assert len(queries) == 1
    # Of this network alone, and of no other counter: the form is still open to it.
    assert verify(client, copy.reference, REMOTE_ADDR="198.51.100.1").status_code == 200
    assert client.get("/v/", **here).status_code == 200


def test_known_and_unknown_cost_the_same_statements_and_write_a_counter_alone(
    client, copy
):
    """S16: a reference is not guessed by time."""
    costs = []
    for reference in (copy.reference, "SC26-0000-0000"):
        with CaptureQueriesContext(connection) as queries:
            verify(client, reference)
        costs.append([query["sql"].split()[0] for query in queries])

    assert costs[0] == costs[1] == ["INSERT", "SELECT"]
    assert Quota.objects.get().count == 2


@pytest.mark.parametrize("path", ["/v/", "/v/SC26-0A1B-2C3D/", "/v/SC26-0000-0000/"])
def test_no_engine_lists_it_and_no_cache_keeps_it(client, copy, path):
    response = client.get(path)

    assert "noindex" in response.headers["X-Robots-Tag"]
    assert response.headers["Cache-Control"] == "no-store"
    assert not response.cookies
    assert "Disallow: /v/" in client.get("/robots.txt").content.decode()
    assert client.post(path).status_code == 405


def test_who_comes_through_it_is_attributed_to_sharing_without_a_cookie(visitor, copy):
    html = verify(visitor, copy.reference).content.decode()
    address = "/?utm_source=partage&amp;utm_medium=verification"
    assert f'href="{address}#formulaire"' in html

    def through(path, data):
        return visitor.post(address.replace("&amp;", "&"), data)

    class Through:
        post = staticmethod(through)

    assert post(Through).status_code == 303

    source = Submission.objects.get().source
    assert source == {"utm_source": ["partage"], "utm_medium": ["verification"]}
