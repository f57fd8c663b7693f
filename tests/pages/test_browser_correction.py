"""From a mistyped address to the synthesis in the right mailbox, by keyboard alone."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.db.models.functions import Now
from django.test import Client

from outbox.models import Message, MessageEvent
from tests.browser import in_database
from tests.pages.states import COMPLETE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WRONG, MEANT = "zoe.loeuff@chu-exemple.fr", COMPLETE["email"]


def submit(**changes):
    answer = Client(headers={"sec-fetch-site": "same-origin"}).post(
        "/", {**COMPLETE, **changes}
    )
    assert answer.status_code == 303
    return answer.url


def bounce(reason):
    Message.objects.update(bounced_at=Now())
    Message.objects.get().record(MessageEvent.Kind.BOUNCED, reason=reason)


def link_of(received):
    text = received.mail.get_body(("plain",)).get_content()
    link = next(word for word in text.split() if "/exemplaire/" in word)
    return urlsplit(link).path


def tab_to(page, selector):
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("(s) => document.activeElement.matches(s)", selector):
            return
    pytest.fail(f"no way to {selector}")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_bounce_is_told_and_corrected_by_keyboard(new_page, work, sink, javascript):
    page = new_page(javascript=javascript)
    address = in_database(lambda: submit(email=WRONG))
    work()
    page.wait_for_timeout(1100)  # For a second every page says the same (VEIL).
    in_database(bounce, "unknown")
    page.goto(address)
    assert page.get_attribute("[data-state]", "data-state") == "bounced"
    assert "inconnue" in page.inner_text(".next")

    tab_to(page, "#id_email")
    page.keyboard.type("zoe@chu")
    page.keyboard.press("Enter")
    page.wait_for_selector(".errors")
    focused = page.evaluate("document.activeElement.className")
    assert focused == "errors", "the summary is read first"
    tab_to(page, ".errors a")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "id_email"
    assert page.input_value("#id_email") == "zoe@chu"
    page.keyboard.press("Control+a")
    page.keyboard.type(MEANT)
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Votre adresse est corrigée")
    assert page.url != address
    work()
    page.wait_for_timeout(1100)
    page.reload()

    assert page.get_attribute("[data-state]", "data-state") == "accepted"
    old, new = sink.messages
    assert (old.recipients, new.recipients) == ([WRONG], [MEANT])
    assert page.goto(link_of(old)).status == 410
    assert page.goto(link_of(new)).status == 200
    page.goto(address)
    page.click("text=Suivre la demande corrigée")
    assert page.get_attribute("[data-state]", "data-state") == "accepted"


@pytest.mark.parametrize("javascript", [True, False])
def test_a_message_is_sent_again_and_a_number_left(new_page, work, sink, javascript):
    page = new_page(javascript=javascript, width=390, height=844)
    address = in_database(submit)
    work()
    page.wait_for_timeout(1100)
    page.goto(address)
    page.click("text=Renvoyer le message")
    assert "est prise en compte" in page.inner_text("main")
    work()
    page.reload()
    assert len(sink.messages) == 2

    page.fill("#id_phone", "zéro")
    page.click("text=Demander à être rappelé")
    page.wait_for_selector(".errors")
    assert page.input_value("#id_phone") == "zéro"
    page.fill("#id_phone", "01 99 00 00 00")
    page.click("text=Demander à être rappelé")
    page.wait_for_selector("text=qui finit par 00")
    page.click("text=Ne plus être rappelé")
    page.wait_for_selector("#id_phone")


def test_the_words_for_the_it_desk_are_copied_by_keyboard_or_press(
    new_page, work, sink
):
    sink.rcpt = "250 OK"
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    address = in_database(submit)
    work()
    page.wait_for_timeout(1100)
    in_database(bounce, "policy")
    page.goto(address)

    tab_to(page, "textarea")
    page.keyboard.press("Control+a")
    selected = page.evaluate(
        "() => { const { value, selectionStart, selectionEnd } ="
        " document.activeElement; return value.slice(selectionStart, selectionEnd) }"
    )
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Copié")

    assert "Pouvez-vous autoriser" in selected
    assert page.evaluate("navigator.clipboard.readText()") == selected
