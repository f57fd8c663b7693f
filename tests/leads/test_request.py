"""What a visitor types is stored once, owed once, and answered the same for all."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.signing import Signer
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from leads import suspicion
from leads.models import ConsentEvent, Lead, Submission
from outbox.models import Message
from reports import editions
from reports.models import Copy, Edition

pytestmark = pytest.mark.django_db

ANSWERS = {
    "first_name": "Zoë",
    "last_name": "Lœuf-d’Aÿ",
    "email": "zoe.loeuf@CHU-Exemple.fr",
    "organisation": "Centre hospitalier de démonstration",
    "organisation_type": "ch",
    "job_function": "dsi",
    "region": "53",
}


def post(client, **changes):
    return client.post("/", {**ANSWERS, **changes})


def test_an_answer_is_stored_in_one_go_and_its_copy_owed(visitor):
    response = post(visitor)

    submission = Submission.objects.get()
    assert response.status_code == 303
    assert response.url == reverse("leads:follow-up", args=[submission.token])
    assert submission.copy == Copy.objects.due().get()
    assert submission.lead.email_key == "zoe.loeuf@chu-exemple.fr"
    assert submission.copy.recipient == "zoe.loeuf@chu-exemple.fr"
    assert submission.copy.reader == submission.reader
    assert submission.reader.full_name == "Zoë Lœuf-d’Aÿ"
    assert not Message.objects.exists()


def test_a_post_costs_few_statements(visitor, django_assert_max_num_queries):
    with django_assert_max_num_queries(11):
        post(visitor)


def test_a_post_never_waits_for_a_worker_that_waits_for_it(visitor):
    """A key lock on the lead would deadlock with the message that is being owed."""
    with CaptureQueriesContext(connection) as queries:
        post(visitor)

    locks = [query["sql"] for query in queries if " FOR " in query["sql"]]
    assert locks
    assert all("FOR NO KEY UPDATE" in sql for sql in locks)


def test_no_token_is_stored(visitor):
    post(visitor)
    submission = Submission.objects.get()

    stored = str(list(Submission.objects.values())) + str(list(Copy.objects.values()))

    assert submission.token not in stored
    assert submission.copy.token not in stored


def test_a_double_submit_makes_one_submission_and_one_copy(visitor):
    first, second = post(visitor), post(visitor)

    assert first.url == second.url
    assert Submission.objects.count() == Copy.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_posts_at_once_make_one_copy(visitor):
    Edition.objects.get_or_create(
        version=editions.PRESENT.version, defaults={"published_at": Now()}
    )
    barrier = threading.Barrier(6)
    statuses = []

    def race():
        barrier.wait()
        try:
            statuses.append(post(Client()).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=race) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [303] * 6
    assert Lead.objects.count() == 1
    assert Submission.objects.count() == Copy.objects.count() == 1


def test_the_same_answers_later_are_a_new_submission_for_the_same_copy(visitor):
    post(visitor)
    Submission.objects.update(created_at=Now() - timedelta(minutes=5))

    post(visitor)

    assert Submission.objects.count() == 2
    assert Copy.objects.count() == 1


def test_other_answers_make_a_new_copy_and_leave_the_lead_alone(visitor):
    post(visitor)

    post(visitor, first_name="Stranger", organisation="Elsewhere")

    lead = Lead.objects.get()
    assert lead.first_name == "Zoë"
    assert lead.organisation == ANSWERS["organisation"]
    assert {copy.first_name for copy in Copy.objects.all()} == {"Zoë", "Stranger"}


def test_an_address_is_one_person_whatever_its_case(visitor):
    """S22: kept as typed, and found in one canonical form."""
    post(visitor)
    post(visitor, email="ZOE.LOEUF@chu-exemple.fr", first_name="Z.")

    assert Lead.objects.count() == 1


def test_a_known_and_an_unknown_address_get_the_same_answer(visitor):
    """S16: same answer on the form."""
    known = post(visitor)
    again = post(visitor, region="11")

    assert known.status_code == again.status_code == 303
    assert len(known.url) == len(again.url)


def test_an_unticked_box_writes_nothing(visitor):
    post(visitor)

    assert not ConsentEvent.objects.exists()


def test_a_ticked_box_is_written_with_the_words_that_were_shown(visitor):
    page = visitor.get("/").content.decode()

    post(visitor, news_consent="on")

    event = ConsentEvent.objects.get()
    assert event.granted
    assert event.purpose == ConsentEvent.Purpose.NEWS
    assert event.wording in page
    assert len(event.wording_sha256) == 64


def test_campaign_parameters_are_kept_as_they_came(visitor):
    visitor.post("/?utm_source=congr%C3%A8s&utm_source=b&x=%00", ANSWERS)

    assert Submission.objects.get().source == {
        "utm_source": ["congrès", "b"],
        "x": [""],
    }


# --- Robots ------------------------------------------------------------------------


def test_a_filled_honeypot_is_stored_flagged_and_owed_nothing(visitor):
    """S19: a suspect is kept, and mailed nothing."""
    response = post(visitor, website="https://spam.exemple")

    submission = Submission.objects.get()
    assert response.status_code == 303
    assert submission.suspicion == "honeypot"
    assert submission.lead.suspected_at
    assert submission.copy is None
    assert not Copy.objects.exists()


def test_a_suspect_post_does_not_taint_a_known_person(visitor):
    post(visitor)

    post(visitor, website="x", first_name="Robot")

    assert Lead.objects.get().suspected_at is None


def test_a_person_who_comes_after_a_robot_gets_the_synthesis(visitor):
    post(visitor, website="x", news_consent="on")
    assert not ConsentEvent.objects.exists()

    post(visitor)

    assert Copy.objects.due().count() == 1
    assert Lead.objects.get().suspected_at is None


def test_a_forged_stamp_is_suspect(visitor):
    post(visitor, rendered="h0:forged")

    assert Submission.objects.get().suspicion == "forged"


def test_the_page_of_this_hour_is_believed(visitor):
    post(visitor, rendered=suspicion.hour_stamp().signed)

    assert Submission.objects.get().suspicion == ""


def test_a_page_left_open_for_days_is_asked_again_with_everything_kept(visitor):
    """S19: an old stamp is asked again, nothing is lost."""
    old = Signer(salt="leads.form").sign("h1000000000")

    response = post(visitor, rendered=old)

    page = response.content.decode()
    assert response.status_code == 422
    assert "24" in page
    assert 'value="Zoë"' in page
    assert old not in page
    assert not Submission.objects.exists()

    [stamp] = re.findall(r'name="rendered" value="([^"]+)"', page)
    post(visitor, rendered=stamp)  # At once: everything was there already.

    assert Submission.objects.get().suspicion == ""


# --- Bad input -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"first_name": ""}, "Saisissez votre prénom."),
        ({"email": ""}, "Saisissez votre adresse électronique"),
        ({"email": "zoe"}, "adresse électronique valide"),
        ({"email": "zoe@exemple"}, "adresse électronique valide"),
        ({"email": "zoe@exemple..fr"}, "adresse électronique valide"),
        ({"email": "a@b.fr,c@d.fr"}, "adresse électronique valide"),
        ({"email": "zoe@exemple.fr\r\nBcc: x@y.fr"}, "adresse électronique valide"),
        ({"email": "z" * 250 + "@exemple.fr"}, "254 caractères"),
        ({"first_name": "Z" * 101}, "limité à 100 caractères"),
        ({"organisation": "A\x00B"}, "illisibles"),
        ({"first_name": "A\r\nBcc: x@y.fr"}, "arobase"),
        ({"first_name": "A\r\nBcc: x"}, "illisibles"),
        ({"first_name": "A\u202egnp.exe"}, "illisibles"),
        ({"last_name": "https://spam.exemple"}, "adresse de site"),
        ({"organisation": "<b>CHU</b>"}, "chevrons"),
        ({"first_name": "Gagnez sur evil.fr"}, "adresse de site"),
        ({"last_name": "promo@evil.com"}, "arobase"),
        ({"organisation": "\ue000copy\ue001"}, "illisibles"),
        ({"organisation_type": "nope"}, "choisissez dans la liste"),
        ({"job_function": ""}, "Choisissez votre fonction."),
        ({"region": "99"}, "choisissez dans la liste"),
    ],
)
def test_bad_input_is_refused_in_french_and_nothing_is_written(visitor, changes, words):
    response = post(visitor, **changes)

    assert response.status_code == 422
    assert words in response.content.decode()
    assert not Submission.objects.exists()
    assert not Lead.objects.exists()


def test_what_was_typed_is_kept_on_error(visitor):
    page = post(visitor, email="zoe", last_name="D’Aÿ").content.decode()

    assert 'value="zoe"' in page
    assert 'value="D’Aÿ"' in page
    assert '<option value="53" selected>' in page
    assert "<title>Erreur\u00a0: " in page


def test_an_empty_post_is_an_error_page(visitor):
    assert visitor.post("/").status_code == 422


def test_a_megabyte_is_refused_in_french(visitor):
    response = post(visitor, first_name="Z" * 1_000_000)

    assert response.status_code == 413
    assert "<h1>Cette demande est trop longue</h1>" in response.content.decode()


@pytest.mark.parametrize(
    ("length", "status"), [("9" * 5000, 413), ("٣", 400), ("-1", 400), ("1_0", 400)]
)
def test_a_false_length_is_never_a_server_error(visitor, length, status):
    assert visitor.post("/", ANSWERS, CONTENT_LENGTH=length).status_code == status


def test_a_file_never_reaches_the_disk(visitor):
    """Nothing reads it: its length alone is enough to refuse it."""
    upload = SimpleUploadedFile("x.bin", b"x" * 3_000_000)

    response = visitor.post("/", {**ANSWERS, "first_name": upload})

    assert response.status_code == 413


@pytest.mark.logs("django.security")
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded; charset=nope", b"first_name=Zo%C3%AB"),
        ("application/x-www-form-urlencoded; charset=utf-16", b"first_name=\xff\xfe"),
        ("application/x-www-form-urlencoded", b"first_name=%ED%A0%80"),
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b"--x\r\ngarbage"),
        ("application/json", b"{}"),
        ("application/x-www-form-urlencoded; charset=hex", b"first_name=00"),
        ("multipart/form-data; boundary=x; charset=rot13", b"--x--"),
        ("application/x-www-form-urlencoded; charset=utf-7", b"first_name=%2B2AA-"),
        ("text/plain; charset=\xe9", b"x"),
    ],
)
def test_a_strange_body_is_never_a_server_error(visitor, content_type, body):
    visitor.raise_request_exception = False
    response = visitor.generic("POST", "/", body, content_type)

    assert response.status_code in (400, 422), response.status_code
    assert not Submission.objects.exists()


@pytest.mark.parametrize(
    "name", ["St.Joseph", "C.H.U. de Rêve", "Hôpital n° 2. Annexe"]
)
def test_an_establishment_may_have_dots(visitor, name):
    assert post(visitor, organisation=name).status_code == 303


def test_names_keep_their_apostrophes_hyphens_and_letters(visitor):
    post(visitor, first_name="Jean-Noël", last_name="O'Çelik  d’Ünal")

    submission = Submission.objects.get()
    assert submission.full_name == "Jean-Noël O'Çelik d’Ünal"


# --- Other sites ----------------------------------------------------------------


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_cannot_make_its_visitors_post(client, site):
    response = client.post("/", ANSWERS, headers={"Sec-Fetch-Site": site})

    assert response.status_code == 403
    assert not Submission.objects.exists()


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://evil.exemple", 403),
        ("null", 403),
        ("http://[", 403),
        ("https://santescopie.exemple.fr", 303),
    ],
)
def test_an_older_browser_is_known_by_its_origin(client, origin, status):
    headers = {"Origin": origin, "Host": "santescopie.exemple.fr"}

    assert client.post("/", ANSWERS, headers=headers).status_code == status


def test_a_client_that_says_nothing_is_let_through(client):
    assert client.post("/", ANSWERS).status_code == 303


# --- Quotas ---------------------------------------------------------------------


def test_a_network_over_its_quota_is_told_to_wait(visitor, settings):
    settings.POSTS_PER_NETWORK_PER_HOUR = 2
    for number in range(2):
        assert post(visitor, email=f"a{number}@exemple.fr").status_code == 303

    response = post(visitor, email="b@exemple.fr")

    assert response.status_code == 429
    assert response.headers["Retry-After"]
    assert Submission.objects.count() == 2


def test_the_address_of_a_visitor_is_written_nowhere(visitor):
    """R21: networks are known by a keyed hash, for a day."""
    visitor.post("/", ANSWERS, REMOTE_ADDR="203.0.113.77")

    with connection.cursor() as cursor:
        cursor.execute("SELECT key FROM leads_quota")
        rows = [bytes(key) for (key,) in cursor.fetchall()]
    assert rows
    assert not any(b"203.0.113" in row for row in rows)
