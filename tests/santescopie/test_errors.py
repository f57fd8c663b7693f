"""What a visitor and a log are told when something fails for real."""

from __future__ import annotations

import io
import json
import logging
import sys

import pytest
from django.db import connection

from leads.models import Submission
from santescopie.logs import DiscreetFormatter, JsonFormatter
from tests.leads.test_request import ANSWERS, post


@pytest.fixture
def log():
    """What the handler of the settings writes."""
    [handler] = [
        handler
        for handler in logging.getLogger().handlers
        if isinstance(handler.formatter, DiscreetFormatter)
    ]
    written = io.StringIO()
    before = handler.setStream(written)
    yield written
    handler.setStream(before)


@pytest.fixture
def nowhere(transactional_db, visitor):
    """A database that is away: nobody listens on this port."""
    visitor.raise_request_exception = False
    connection.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(connection.settings_dict, "PORT", "1")
        yield


@pytest.mark.django_db(transaction=True)
@pytest.mark.logs("django.request", "leads.throttling")
def test_without_a_database_a_visitor_is_told_to_come_back(visitor, nowhere):
    response = visitor.post("/", ANSWERS)

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "120"
    assert "Le service est interrompu un moment" in response.content.decode()


@pytest.mark.logs("django.request")
def test_an_error_of_ours_is_a_500(visitor, monkeypatch, db):
    visitor.raise_request_exception = False
    monkeypatch.setattr(Submission, "state", property(lambda self: 1 / 0))
    post(visitor)
    submission = Submission.objects.get()
    Submission.objects.update(created_at="2026-01-01T00:00Z")

    assert visitor.get(f"/suivi/{submission.token}/").status_code == 500


@pytest.mark.django_db(transaction=True)
@pytest.mark.logs("django.request")
@pytest.mark.parametrize("path", ["suivi", "exemplaire"])
def test_no_secret_of_an_address_reaches_the_log(visitor, nowhere, log, path):
    response = visitor.get(f"/{path}/a-secret-that-opens/")

    assert response.status_code == 503
    assert f" /{path}/…/" in log.getvalue()
    assert "Traceback" in log.getvalue()
    assert "a-secret-that-opens" not in log.getvalue()


def test_a_line_of_json_is_one_object_without_secret_nor_address():
    """S25: logs are JSON, in UTC, and name nobody."""
    try:
        raise ValueError("zoe.loeuf@chu-exemple.fr\nat /suivi/secret/")
    except ValueError:
        about = sys.exc_info()
    record = logging.LogRecord(
        "x", logging.ERROR, "", 0, "to %s", ("zoe+a@exemple.fr",), about
    )

    line = JsonFormatter().format(record)

    said = json.loads(line)
    assert "\n" not in line
    assert said["message"] == "to …@exemple.fr"
    assert said["time"].endswith("+00:00")
    assert "zoe" not in line
    assert "/secret" not in line


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ("/mes-donnees/x1:y/effacer/?a", "/mes-donnees/…/effacer/?a"),
        ("https://exemple.fr/desinscription/x1", "https://exemple.fr/desinscription/…"),
        ("/ce-n-est-pas-moi/x/ /suivi/y/", "/ce-n-est-pas-moi/…/ /suivi/…/"),
        ("Zoe <zoe.loeuf@chu-exemple.fr>: 550", "Zoe <…@chu-exemple.fr>: 550"),
        ("/mes-donnees/ et /verification/", "/mes-donnees/ et /verification/"),
    ],
)
def test_a_line_keeps_everything_else(line, written):
    record = logging.LogRecord("x", logging.INFO, "", 0, "%s", (line,), None)

    assert DiscreetFormatter().format(record) == written


@pytest.mark.logs("django.security")
def test_a_false_host_is_one_line_of_warning(client, log):
    assert client.get("/", headers={"Host": "evil.exemple"}).status_code == 400

    [line] = log.getvalue().splitlines()
    assert " WARNING django.security.DisallowedHost " in line
