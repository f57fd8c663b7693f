"""S12, S14: what is typed stays text, and what writes PDFs has its limits."""

from __future__ import annotations

import ast
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.template.loader import render_to_string

from reports.personalisation import Reader
from tests.pages.states import STATES, mail

ROOT = Path(__file__).parents[1]
MARKS = (
    "<img src=file:///etc/passwd>",
    "<link rel=attachment href=file:///etc/passwd>",
    "<style>@import url(https://exemple.net/)</style>",
)
HOSTILE = Reader(first_name=MARKS[0], last_name=MARKS[1], organisation=MARKS[2])
# Where the address of a mail's state comes from is ours: nobody types one.
OURS = re.compile(r"(https://exemple\.fr/|mailto:[\w.]+@exemple\.fr$|#)")
READERS_OWN = re.compile(
    r"first_name|last_name|full_name|organisation|reader|lead\.|submission\.|person"
)
FETCHES = re.compile(
    r"\b(?:src|href|style|action|srcset|poster|data)\s*=\s*\"([^\"]*)\""
)


class Parts(HTMLParser):
    """The tags, attributes and text of a page."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("name", [name for name, state in STATES.items() if state.mail])
def test_what_is_typed_is_text_in_every_mail(name):
    """S12: no tag, no attribute, no address of theirs, in any mail to a reader."""
    template = STATES[name].template
    plain = Parts(render_to_string(template, {**STATES[name].context(), **mail()}))
    html = render_to_string(template, {**STATES[name].context(), **mail(HOSTILE)})
    hostile = Parts(html)

    assert not {"img", "link", "script", "object", "iframe"} & set(hostile.tags)
    assert sorted(set(hostile.tags)) == sorted(set(plain.tags))
    assert hostile.tags.count("style") == plain.tags.count("style")
    for tag, attribute, value in hostile.attributes:
        assert "passwd" not in value, (tag, attribute)
        assert "exemple.net" not in value, (tag, attribute)
        if attribute in ("href", "src", "action"):
            assert OURS.match(value) or "{" not in value, (tag, attribute, value)
    if MARKS[0] in hostile.text:
        assert "&lt;img src=file" in html


def test_the_synthesis_does_show_what_was_typed():
    """S12: what the test above looks for is there, as text."""
    html = render_to_string("emails/synthesis.html", mail(HOSTILE))
    assert all(mark in Parts(html).text for mark in MARKS)


def test_no_template_turns_escaping_off_but_those_of_plain_text():
    """S12"""
    for path in (ROOT / "templates").rglob("*"):
        if path.suffix in (".html", ".svg", ".xml"):
            text = path.read_text()
            assert "autoescape off" not in text, path
            assert not re.search(r"\|\s*safe(seq)?\b", text), path


def test_what_is_said_to_be_safe_in_code_is_ours():
    """S12: one place, a drawing that we made."""
    found = set()
    for app in ("leads", "reports", "outbox", "santescopie"):
        for path in (ROOT / app).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
                if called.split(".")[-1] in ("mark_safe", "SafeString", "SafeText"):
                    found.add(str(path.relative_to(ROOT)))
    assert found <= {"leads/admin/campaigns.py"}


def test_no_value_of_a_reader_stands_where_a_mail_or_a_pdf_would_fetch():
    """S12: neither in an address, nor in a style."""
    for folder in ("emails", "pdf"):
        paths = list((ROOT / "templates" / folder).rglob("*.html"))
        assert paths, folder
        for path in paths:
            for value in FETCHES.findall(path.read_text()):
                for said in re.findall(r"\{\{(.*?)\}\}", value):
                    assert not READERS_OWN.search(said), (path, value)


def test_a_worker_may_take_so_much_memory_and_no_more(settings):
    """S14: it is replaced above; a document is given up, then its worker killed."""
    assert 0 < settings.CELERY_WORKER_MAX_MEMORY_PER_CHILD <= 512_000  # kB.
    assert 0 < settings.CELERY_WORKER_MAX_TASKS_PER_CHILD <= 1000
    soft, hard = settings.CELERY_TASK_SOFT_TIME_LIMIT, settings.CELERY_TASK_TIME_LIMIT
    assert 0 < soft < hard <= 60


def test_processes_are_nobody_of_note_and_write_nowhere():
    """S14: no root, no capability, nothing to write but what is said."""
    image = (ROOT / "Dockerfile").read_text()
    users = re.findall(r"^USER (\w+)", image, re.M)
    assert users
    assert users[-1] not in ("root", "0")
    compose = (ROOT / "docker-compose.yml").read_text()
    for said in ("read_only: true", "cap_drop: [ALL]", "no-new-privileges:true"):
        assert said in compose
