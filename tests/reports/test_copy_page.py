"""A mailed link: GET and HEAD change nothing, only POST downloads."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from leads.models import Submission
from outbox import tokens
from outbox.models import Message
from outbox.tasks import send_message
from reports import hits
from reports.models import Copy, Hit
from reports.tasks import render_copy
from tests.leads.factories import HitFactory
from tests.leads.test_request import post

pytestmark = pytest.mark.django_db
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def copy(visitor, sink):
    """A copy that was rendered and mailed an hour ago."""
    post(visitor)
    submission = Submission.objects.get()
    render_copy(submission.copy_id, 0)
    send_message(submission.messages.get().pk, 0)
    Message.objects.update(accepted_at=Now() - timedelta(hours=1))
    return Copy.objects.get()


def page(copy):
    return f"/exemplaire/{copy.token}/"


def download(client, copy, agent=BROWSER):
    response = client.post(
        f"/exemplaire/{copy.token}/telecharger/", headers={"User-Agent": agent}
    )
    response.file = b"".join(response) if response.streaming else b""
    return response


def snapshot():
    return list(Copy.objects.values()), list(Message.objects.values())


def test_the_very_bytes_that_were_mailed_are_served(client, copy, sink):
    response = download(client, copy)

    content = response.file
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/pdf"
    assert "santescopie-2026-synthese.pdf" in response.headers["Content-Disposition"]
    assert response.headers["Cache-Control"] == "no-store"
    assert hashlib.sha256(content).hexdigest() == copy.sha256
    [mailed] = sink.messages[0].mail.iter_attachments()
    assert mailed.get_content() == content


def test_a_storm_of_get_and_head_changes_nothing_and_counts_no_human(client, copy):
    before = snapshot()

    for agent in (BROWSER, "SafeLinks", "curl/8", ""):
        for method in ("get", "head"):
            for _ in range(3):
                getattr(client, method)(page(copy), headers={"User-Agent": agent})

    assert snapshot() == before
    assert not Hit.objects.probable().exists()
    assert Hit.objects.count() == 24


def test_get_downloads_nothing(client, copy):
    response = client.get(f"/exemplaire/{copy.token}/telecharger/")

    assert response.status_code == 405
    assert 'lang="fr"' in response.content.decode()
    assert not Hit.objects.exists()


def test_a_download_from_the_page_is_certain(client, copy):
    client.get(page(copy), headers={"User-Agent": BROWSER})

    download(client, copy)

    hit = Hit.objects.served().get()
    assert (hit.confidence, hit.rule, hit.counted) == (
        "certain",
        "post-from-page",
        True,
    )


def test_downloads_within_half_an_hour_count_once(client, copy):
    download(client, copy)
    download(client, copy)
    assert Hit.objects.served().count() == 2
    assert Hit.objects.probable().count() == 1

    Hit.objects.update(at=Now() - timedelta(minutes=31))
    download(client, copy)

    assert Hit.objects.probable().count() == 2


def test_a_crowd_of_openings_hides_no_download_that_was_counted(client, copy):
    download(client, copy)
    Hit.objects.update(at=Now() - timedelta(minutes=20))
    opened = HitFactory.build_batch(hits.CONTEXT + 1, copy=copy, opened=True)
    Hit.objects.bulk_create(opened)
    Hit.objects.exclude(served=True).update(at=Now() - timedelta(minutes=1))

    download(client, copy)

    assert Hit.objects.probable().count() == 1


def test_a_machine_does_not_hide_the_reader_who_comes_after(client, copy):
    download(client, copy, "Googlebot/2.1")

    download(client, copy)

    assert Hit.objects.probable().count() == 1


@pytest.mark.logs("reports.views", "django.request")
def test_a_file_that_cannot_be_read_is_no_server_error(client, copy):
    Copy.objects.update(file="lost.pdf")

    assert download(client, copy).status_code == 503


@pytest.mark.parametrize(
    ("agent", "rule"),
    [("curl/8.5", "post-without-browser"), ("Googlebot/2.1", "agent")],
)
def test_a_post_by_a_machine_is_no_retrieval(client, copy, agent, rule):
    download(client, copy, agent)

    assert Hit.objects.get().rule == rule
    assert not Hit.objects.probable().exists()


def test_nothing_happens_in_the_seconds_after_acceptance(client, copy):
    Message.objects.update(accepted_at=Now())

    download(client, copy)

    assert Hit.objects.get().rule == "too-soon"


def test_a_hit_keeps_no_address_and_no_agent(client, copy):
    client.get(page(copy), headers={"User-Agent": BROWSER}, REMOTE_ADDR="203.0.113.77")

    stored = str(list(Hit.objects.values()))
    assert "Firefox" not in stored
    assert "203.0.113" not in stored


def replaced(copy):
    copy.replace_link()
    copy.token_generation = 1  # The link that its holder still has.


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda copy: Copy.objects.update(revoked_at=Now()), "a été retiré"),
        (lambda copy: Copy.objects.update(link_expires_at=Now()), "a expiré"),
        (replaced, "a été remplacé"),
    ],
    ids=["revoked", "expired", "replaced"],
)
def test_a_closed_link_is_gone_kindly_and_says_why(client, copy, change, said):
    change(copy)

    for response in (client.get(page(copy)), download(client, copy)):
        assert response.status_code == 410
        assert said in response.content.decode()
    # Each request is kept, and none of them is a retrieval.
    assert list(Hit.objects.values_list("served", "counted")) == [(False, False)] * 2


def test_a_revoked_copy_is_retired_by_all_its_links(client, copy):
    replaced(copy)
    Copy.objects.update(revoked_at=Now())

    assert "a été retiré" in client.get(page(copy)).content.decode()


def test_a_link_is_long_stored_hashed_good_for_one_purpose_and_ninety_days(copy):
    assert len(urlsafe_b64decode(copy.token + "=")) * 8 >= 128
    stored = str(list(Copy.objects.values())).encode()
    assert copy.token.encode() not in stored
    assert bytes(copy.token_digest) == hashlib.sha256(copy.token.encode()).digest()
    assert Copy.objects.by_token(tokens.make("suivi", copy.uid)) is None
    lifetime = copy.link_expires_at - copy.requested_at
    assert abs(lifetime - timedelta(days=90)) < timedelta(minutes=1)


def test_its_pages_reach_no_cache_no_engine_and_no_referrer(client, copy):
    answers = [
        client.get(page(copy)),
        client.head(page(copy)),
        download(client, copy),
        client.get(f"{page(copy)}telecharger/"),
    ]
    replaced(copy)
    answers.append(client.get(page(copy)))

    for response in answers:
        assert response.headers["Cache-Control"] == "no-store"
        assert "noindex" in response.headers["X-Robots-Tag"]
        assert response.headers["Referrer-Policy"] == "same-origin"
        assert not response.cookies


@pytest.mark.parametrize("asked", ["bytes=0-9", "bytes=-1", "bytes=9-2", "pages=1"])
def test_a_part_is_never_served_in_place_of_the_whole(client, copy, asked):
    response = client.post(f"{page(copy)}telecharger/", headers={"Range": asked})

    assert response.status_code == 200
    assert "Content-Range" not in response.headers
    assert len(b"".join(response)) == int(response.headers["Content-Length"])
    assert int(response.headers["Content-Length"]) == copy.size


@pytest.mark.parametrize("method", ["get", "head"])
def test_opening_the_download_s_address_shows_the_way_to_the_page(client, copy, method):
    response = getattr(client, method)(f"{page(copy)}telecharger/")

    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"
    if method == "get":
        assert f'href="{page(copy)}"' in response.content.decode()


def test_an_unknown_link_is_not_found(client):
    assert client.get("/exemplaire/inconnu/").status_code == 404
    assert client.post("/exemplaire/inconnu/telecharger/").status_code == 404


def test_a_copy_being_made_says_so(client, visitor):
    post(visitor)
    copy = Copy.objects.get()

    assert "préparation" in client.get(page(copy)).content.decode()
    assert download(client, copy).status_code == 302
