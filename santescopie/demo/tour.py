"""Follow one lead from the form to its mailbox: `python -m santescopie.demo.tour`.

Starts a demo of its own on a free port, types what a visitor would, and reads what the
visitor would receive. Exits 0 only if the document arrived with the right name in it.
"""

from __future__ import annotations

import http.client
import os
import re
import shutil
import sys
import tempfile
import time
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from santescopie.demo.pdf_text import words_of
from santescopie.processes import LOOPBACK, Service, Unavailable, free_port

ROOT = Path(__file__).resolve().parents[2]
HUMAN_PACE = 3.5  # Seconds: a form that returns sooner is taken for a robot's.
PATIENCE = 60  # Seconds for the whole way from the form to the mail server.
VISITOR = {
    "first_name": "Maëlle",
    "last_name": "L’Hôpital-d’Été",
    "email": "maelle.lhopital@exemple.fr",
    "organisation": "Clinique fictive de l’Île d’Azur",
}


class Failure(Exception):
    """Says in one line what did not happen."""


@dataclass
class Form(HTMLParser):
    """Read the fields of a page's POST form, with the first real option of each list.

    What a person leaves alone (an unticked box, the field that robots fill) keeps the
    value it came with.
    """

    fields: dict[str, str] = field(default_factory=dict)
    inside: bool = False
    select: str = ""

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "form":
            self.inside = given.get("method", "get").lower() == "post"
        elif not self.inside:
            return
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select and given.get("value"):
            self.fields.setdefault(self.select, given["value"])
        elif tag == "input" and name and given.get("type") != "checkbox":
            self.fields[name] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "select":
            self.select = ""


@dataclass
class Tour:
    """One visit, with the seconds elapsed since the form was sent."""

    var: Path
    port: int
    posted: float = 0.0

    def say(self, line: str) -> None:
        seconds = time.monotonic() - self.posted if self.posted else 0
        print(f"tour: {seconds:6.2f} s  {line}", flush=True)

    def request(self, method: str, path: str, body: str = "") -> tuple[int, str, str]:
        """Return the status, the address redirected to and the page."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=30)
        headers = {"Sec-Fetch-Site": "same-origin"}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            page = answer.read().decode()
            return answer.status, answer.getheader("Location", ""), page
        finally:
            connection.close()

    def visit(self) -> None:
        """Fill the form in and follow the submission to the mailbox."""
        status, _, page = self.request("GET", "/")
        if status != 200:
            raise Failure(f"the page answered {status}")
        form = Form()
        form.feed(page)
        missing = {*VISITOR, "region", "job_function"} - form.fields.keys()
        if missing:
            raise Failure(f"the form lacks {', '.join(sorted(missing))}")
        self.say("the page is read; the form is filled in")
        time.sleep(HUMAN_PACE)
        self.posted = time.monotonic()
        status, address, _ = self.request("POST", "/", urlencode(form.fields | VISITOR))
        if status != 303:
            raise Failure(f"the form was answered by {status}, not 303")
        self.say("submitted")
        self.follow(urlsplit(address).path)
        self.open_mail()

    def follow(self, path: str) -> None:
        """Print each state the visitor is shown until the mail server has accepted."""
        shown: list[str] = []
        while time.monotonic() < self.posted + PATIENCE:
            status, _, page = self.request("GET", path)
            if status != 200:
                raise Failure(f"the follow-up page answered {status}")
            for state in re.findall(r'data-state="(\w+)"', page):
                if state not in shown:
                    shown.append(state)
                    self.say(state)
            if "accepted" in shown:
                return
            if {"failed", "withheld"} & set(shown):
                break
            time.sleep(0.05)
        raise Failure(f"not sent after {PATIENCE} s, or refused: {', '.join(shown)}")

    def open_mail(self) -> None:
        """Keep the message and its PDF; look for the visitor's name in the PDF."""
        for file in (self.var / "mail").glob("*.eml"):
            mail = message_from_bytes(file.read_bytes(), policy=default)
            if VISITOR["email"] in str(mail["To"]):
                break
        else:
            raise Failure("the mail server accepted a message that is not there")
        kept = Path(os.environ.get("SANTESCOPIE_VAR") or ROOT / "var") / "tour"
        kept.mkdir(parents=True, exist_ok=True)
        message, document = kept / "message.eml", kept / "synthese.pdf"
        shutil.copyfile(file, message)
        self.say(f"message  {message}")
        for part in mail.iter_attachments():
            content = part.get_payload(decode=True)
            if part.get_content_type() == "application/pdf":
                assert isinstance(content, bytes)
                document.write_bytes(content)
                break
        else:
            raise Failure("the message has no PDF")
        self.say(f"document {document} ({document.stat().st_size // 1024} kB)")
        name = f"{VISITOR['first_name']} {VISITOR['last_name']}"
        if _folded(name) not in _folded(words_of(document)):
            raise Failure(f"{name} is not named in the document")
        self.say(f"it names {name}")


def _folded(text: str) -> str:
    """Return text without spaces: the lines of a document break where they please."""
    return "".join(unicodedata.normalize("NFC", text).replace("'", "’").split())


def demo(var: Path, port: int) -> Service:
    """Return a demo without leads, deaf to the services and sites of our shell."""
    private = {"DATABASE_URL", "REDIS_URL", "SITE_URL", "ALLOWED_HOSTS"}
    env = {name: value for name, value in os.environ.items() if name not in private}
    own = {"SANTESCOPIE_VAR": str(var), "PORT": str(port), "DEMO_LEADS": "0"}
    log = var / "demo.log"
    return Service(
        name="the demo",
        argv=[sys.executable, "manage.py", "demo"],
        env=env | own,
        log=log,
        cwd=ROOT,
        answers=lambda: log.exists() and "ready in" in log.read_text(),
    )


def guarded(act: Callable[[], None]) -> int:
    try:
        act()
    except (Failure, Unavailable, OSError, http.client.HTTPException) as reason:
        print(f"tour: {reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("tour: interrupted", file=sys.stderr)
        return 130
    return 0


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="santescopie-tour-") as folder:
        tour = Tour(Path(folder), free_port())
        running = demo(tour.var, tour.port)

        def act() -> None:
            tour.say("starting a demo of its own")
            running.start()
            running.wait_ready(timeout=180)
            tour.visit()

        status = guarded(act)
        if status == 1:
            print(running.log.read_text()[-3000:], file=sys.stderr)
        running.stop(grace=40)
    return status


if __name__ == "__main__":
    sys.exit(main())
