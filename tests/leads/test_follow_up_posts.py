"""Every post to a submission's page comes from it, and none breaks the house."""

from __future__ import annotations

import pytest

from leads.models import ConsentEvent, Submission
from outbox.models import Message, MessageEvent
from tests.leads.follow_up import act, page, submit, told, work
from tests.pages.states import STATES

pytestmark = pytest.mark.django_db
ACTIONS = ("renvoyer", "corriger", "rappel")
CONTEXT = {
    *("advice", "it_desk", "done", "resend", "correction", "correction_url", "call"),
    *("call_done", "call_url", "call_wording", "figures", "refresh", "corrected_url"),
}
GOOD = {"email": "zoe@chu-exemple.fr", "phone": "01 99 00 00 00"}


def everything():
    models = (Submission, Message, MessageEvent, ConsentEvent)
    return [list(model.objects.order_by("pk").values()) for model in models]


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("method", ["get", "head", "put", "delete"])
def test_looking_changes_nothing(visitor, sink, action, method):
    submission = submit(visitor)
    work()
    before = everything()

    answer = getattr(visitor, method)(f"/suivi/{submission.token}/{action}/")

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
    if method == "get":
        assert "<h1>" in answer.content.decode()
    assert everything() == before


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://mal.exemple.fr"}]
)
def test_another_site_cannot_act(client, sink, action, headers):
    submission = submit(client)
    work()
    before = everything()

    path = f"/suivi/{submission.token}/{action}/"
    answer = client.post(path, GOOD, headers=headers)

    assert answer.status_code == 403
    assert everything() == before


@pytest.mark.parametrize("action", ACTIONS)
def test_only_the_secret_of_the_page_acts(visitor, sink, action):
    submission = submit(visitor)
    work()

    for token in (submission.copy.token, "x", "x" * 500, "\ud800", "%00"):
        path = f"/suivi/{token}/{action}/".encode("utf-8", "replace").decode()
        assert visitor.post(path, GOOD).status_code in (400, 404)


@pytest.mark.parametrize("action", ACTIONS)
def test_every_answer_is_private(visitor, sink, action):
    submission = submit(visitor)
    work()

    for data in (GOOD, {}):
        answer = act(visitor, submission, action, **data)
        assert answer.headers["Cache-Control"] == "no-store"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert not answer.cookies


@pytest.mark.logs("django.security")
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded; charset=nope", b"email=x"),
        ("application/x-www-form-urlencoded", b"email=%ED%A0%80&phone=%ED%A0%80"),
        ("application/x-www-form-urlencoded", b"email=%00&phone=%00&withdrew=%00"),
        ("application/x-www-form-urlencoded", b"email=a%0D%0ABcc:x@y.fr&phone=%0A"),
        ("multipart/form-data", b"no boundary"),
        ("application/json", b"{}"),
        ("application/x-www-form-urlencoded", b"email=" + b"z" * 1_000_000),
        ("application/x-www-form-urlencoded", b"phone=" + b"9" * 100_000),
        ("application/x-www-form-urlencoded", b"email=" + b"z@" * 50_000),
        ("application/x-www-form-urlencoded", b"&".join([b"email=x"] * 1200)),
    ],
)
def test_a_strange_body_is_never_a_server_error(visitor, action, content_type, body):
    submission = submit(visitor)
    visitor.raise_request_exception = False

    path = f"/suivi/{submission.token}/{action}/"
    answer = visitor.generic("POST", path, body, content_type)

    # Asking again needs no answer to be right.
    assert answer.status_code in (303, 400, 413, 422)
    assert answer.status_code != 303 or action == "renvoyer"
    assert Submission.objects.count() == 1


def test_the_page_costs_few_statements(visitor, sink, django_assert_max_num_queries):
    submission = submit(visitor)
    work()

    with django_assert_max_num_queries(2):
        page(visitor, submission)


@pytest.mark.parametrize(
    ("name", "status"), [("suivi-envoye-complet", 250), ("suivi-refuse-filtre", 550)]
)
@pytest.mark.logs("outbox")
def test_the_states_that_are_looked_at_are_what_the_view_gives(
    visitor, sink, name, status
):
    if status == 550:
        sink.rcpt = "550 5.7.1 blocked by policy"
    submission = submit(visitor)
    work()
    real = visitor.get(f"/suivi/{submission.token}/").context

    fixture = STATES[name].context()

    for key in CONTEXT | set(fixture):
        assert bool(real.get(key)) == bool(fixture.get(key)), key


@pytest.mark.logs("outbox")
def test_whom_to_ask_where_a_filter_ate_the_message(visitor, sink, settings):
    settings.DEFAULT_FROM_EMAIL = "Étude <etude@santescopie.exemple.fr>"
    sink.rcpt = "550 5.7.1 <zoe.loeuf@chu-exemple.fr>: blocked by policy"
    submission = submit(visitor)
    work()

    html = page(visitor, submission)

    assert told(html) == "failed"
    desk = html.split("<textarea")[1].split("</textarea>")[0]
    assert "etude@santescopie.exemple.fr (domaine santescopie.exemple.fr)" in desk
    assert "(heure de Paris)" in desk
    assert "avec cette réponse\u00a0: 550 5.7.1" in desk
    assert "blocked by policy" in desk
    assert "zoe.loeuf" not in html


@pytest.mark.logs("outbox")
def test_nobody_is_asked_where_the_address_is_wrong(visitor, sink):
    sink.rcpt = "550 5.1.1 no such user"
    submission = submit(visitor)
    work()

    html = page(visitor, submission)

    assert "<textarea" not in html
    assert "est inconnue de sa messagerie" in html
