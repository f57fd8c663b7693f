"""Without JavaScript the whole way works, from the form to the file."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.pages.states import COMPLETE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FIELDS = ("first_name", "last_name", "email", "organisation")
CHOICES = ("organisation_type", "job_function", "region")


def test_a_visitor_without_script_corrects_sends_and_downloads(new_page, work, sink):
    page = new_page(javascript=False, width=390, height=844)
    page.goto("/")
    page.click("a.action >> nth=0")
    for name in FIELDS:
        page.fill(f"#id_{name}", COMPLETE[name])
    page.fill("#id_email", "zoe@chu")
    for name in CHOICES:
        page.select_option(f"#id_{name}", COMPLETE[name])
    page.click("#envoyer")

    assert page.title().startswith("Erreur\u00a0:")
    for name in ("first_name", *CHOICES):
        assert page.input_value(f"#id_{name}") == COMPLETE[name]
    page.fill("#id_email", COMPLETE["email"])
    page.click("#envoyer")

    assert "/suivi/" in page.url
    assert page.get_attribute("[data-state]", "data-state") == "requested"
    work()
    page.wait_for_timeout(1100)  # For a second every page says the same (VEIL).
    page.reload()
    assert page.get_attribute("[data-state]", "data-state") == "accepted"

    [received] = sink.messages
    assert received.recipients == [COMPLETE["email"]]
    text = received.mail.get_body(("plain",)).get_content()
    link = next(word for word in text.split() if "/exemplaire/" in word)
    page.goto(urlsplit(link).path)
    with page.expect_download() as download:
        page.click("main button")
    content = download.value.path().read_bytes()
    [attachment] = received.mail.iter_attachments()
    assert content == attachment.get_content()
    assert content.startswith(b"%PDF-")
