"""The demo's mail: the sink keeps what was sent, the mailbox shows it."""

from __future__ import annotations

import os
import smtplib
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import include, path

from santescopie.demo.supervisor import ROOT, listens
from santescopie.processes import LOOPBACK, Service, free_port
from santescopie.urls import urlpatterns as site

# Production has no /demo/: here the demo's addresses join the others.
urlpatterns = [*site, path("demo/", include("santescopie.demo.urls"))]
pytestmark = pytest.mark.urls(__name__)

NAME = "20260314T101500.000042Z-1.eml"
URL = f"/demo/mail/{NAME}/"


@pytest.fixture
def folder(tmp_path: Path, settings: LazySettings) -> Path:
    settings.VAR_DIR = tmp_path
    folder = tmp_path / "mail"
    folder.mkdir()
    return folder


@pytest.fixture
def mail() -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = "Santéscopie 2026 <etude@exemple.fr>"
    mail["To"] = "Zoé Œuvrard <zoe@exemple.fr>"
    mail["Subject"] = "Votre synthèse"
    mail["Date"] = "Sat, 14 Mar 2026 11:15:00 +0100"
    mail.set_content("Bonjour Zoé,\n.\n\n.. deux points\nhttp://127.0.0.1:8000/suivi/")
    mail.add_alternative("<p onclick='x()'>Bonjour <b>Zoé</b></p>", subtype="html")
    mail.add_attachment(b"%PDF-", "application", "pdf", filename="synthèse.pdf")
    mail.add_attachment("<script>x()</script>", subtype="html", filename="piege.html")
    return mail


@pytest.fixture
def sink(folder: Path) -> Iterator[Service]:
    port = free_port()
    words = ["-m", "santescopie.demo.sink", "--port", str(port)]
    service = Service(
        name="mail",
        argv=[sys.executable, *words, "--directory", str(folder)],
        env=dict(os.environ),
        log=folder.parent / "mail.log",
        port=port,
        cwd=ROOT,
        answers=lambda: listens(port),
    )
    try:
        service.start()
        service.wait_ready()
        yield service
    finally:
        service.stop()


@pytest.mark.processes
def test_the_sink_keeps_the_exact_message(
    sink: Service, folder: Path, mail: EmailMessage
) -> None:
    with smtplib.SMTP(LOOPBACK, sink.port) as session:
        for recipient in ("zoe@exemple.fr", "hidden@exemple.fr"):
            session.sendmail("bounce@exemple.fr", [recipient], mail.as_bytes())
    files = sorted(folder.iterdir())
    assert len(files) == 2
    assert files[1].read_bytes() == (
        b"X-MailFrom: bounce@exemple.fr\r\nX-RcptTo: hidden@exemple.fr\r\n"
        + mail.as_bytes()
    )


@pytest.mark.processes
def test_the_mailbox_finds_what_the_sink_kept(
    sink: Service, mail: EmailMessage, client: Client
) -> None:
    with smtplib.SMTP(LOOPBACK, sink.port) as session:
        session.send_message(mail)
    page = client.get("/demo/mail/").content.decode()
    assert "Votre synthèse" in page
    assert "Zoé Œuvrard" in page
    address = page.split('<a href="/demo/mail/2')[1].split('"')[0]
    assert client.get(f"/demo/mail/2{address}").status_code == 200


def test_the_newest_come_first_fifty_at_a_time(
    folder: Path, mail: EmailMessage, client: Client
) -> None:
    for number in range(51):
        mail.replace_header("Subject", f"Objet n°{number:02}")
        (folder / f"20260314T1015{number:02}.000000Z-1.eml").write_bytes(bytes(mail))
    (folder / ".20260314T101600.000000Z-1.eml.part").touch()
    first = client.get("/demo/mail/").content.decode()
    assert first.index("Objet n°50") < first.index("Objet n°01")
    assert "Objet n°00" not in first
    assert "Objet n°00" in client.get("/demo/mail/?page=2").content.decode()


def test_an_empty_mailbox_says_so(folder: Path, client: Client) -> None:
    folder.rmdir()
    assert "Aucun message" in client.get("/demo/mail/").content.decode()


def test_a_message_shows_its_parts(
    folder: Path, mail: EmailMessage, client: Client
) -> None:
    (folder / NAME).write_bytes(bytes(mail))
    page = client.get(URL).content.decode()
    assert 'href="http://127.0.0.1:8000/suivi/"' in page
    assert "Zoé Œuvrard" in page
    assert f'<iframe class="mail" src="{URL}html/" sandbox' in page
    assert "onclick" not in page
    assert f'<a href="{URL}1/">synthèse.pdf</a> (application/pdf)' in page
    assert f'<a href="{URL}2/">piege.html</a> (text/html)' in page
    document = client.get(f"{URL}1/")
    assert document.content == b"%PDF-"
    assert document.headers["Content-Type"] == "application/pdf"
    assert document.headers["Content-Disposition"].startswith("inline")


def test_the_html_part_runs_nothing(
    folder: Path, mail: EmailMessage, client: Client
) -> None:
    (folder / NAME).write_bytes(bytes(mail))
    part = client.get(f"{URL}html/")
    assert "<b>Zoé</b>" in part.content.decode()
    policy = part.headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "style-src 'unsafe-inline'"} <= set(policy)
    assert any(directive.strip() == "sandbox" for directive in policy)
    assert not any("script-src" in directive for directive in policy)


def test_an_attachment_that_could_run_is_downloaded(
    folder: Path, mail: EmailMessage, client: Client
) -> None:
    (folder / NAME).write_bytes(bytes(mail))
    part = client.get(f"{URL}2/")
    assert part.headers["Content-Type"] == "application/octet-stream"
    assert part.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    "name",
    [
        "20260314T101500.000042Z-2.eml",
        "..%2fsecret_key",
        "../secret_key",
        "%2e%2e%2fsecret_key",
        "secret_key",
        f".{NAME}.part",
        f"{NAME}%0a",
        f"{NAME}%00",
        f"..%2fmail%2f{NAME}",
    ],
)
def test_other_names_do_not_exist(
    folder: Path, mail: EmailMessage, client: Client, name: str
) -> None:
    (folder / NAME).write_bytes(bytes(mail))
    (folder.parent / "secret_key").write_text("secret")
    for end in ("", "html/", "1/"):
        assert client.get(f"/demo/mail/{name}/{end}").status_code == 404


def test_missing_parts_do_not_exist(folder: Path, client: Client) -> None:
    (folder / NAME).write_bytes(b"Subject: bare\r\n\r\ntext \xe9")
    assert client.get(URL).status_code == 200
    for end in ("html/", "0/", "1/"):
        assert client.get(f"{URL}{end}").status_code == 404
