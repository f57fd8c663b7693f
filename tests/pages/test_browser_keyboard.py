"""Everything can be reached, seen and done with the keyboard alone."""

from __future__ import annotations

from itertools import chain

import pytest

from tests.pages.states import COMPLETE, PAGES

pytestmark = pytest.mark.browser

FOCUS = """
() => {
  const element = document.activeElement;
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const hit = document.elementFromPoint(
    Math.min(Math.max(box.left + box.width / 2, 0), innerWidth - 1),
    Math.min(Math.max(box.top + box.height / 2, 0), innerHeight - 1));
  return {
    at: `${element.localName} ${element.id || element.name || ""}
         ${element.textContent.trim().slice(0, 30)}`.replace(/\\s+/g, " "),
    id: element.id,
    body: element === document.body,
    seen: box.width > 1 && box.height > 1 && box.right > 0 && box.bottom > 0
      && box.left < innerWidth && box.top < innerHeight,
    covered: !(element.contains(hit) || hit?.contains(element)
      || [...(element.labels ?? [])].some((label) => label.contains(hit))),
    ring: ring || style.boxShadow !== "none",
    trapped: element.closest("[aria-hidden=true]") !== null,
  };
}
"""


# A page to correct gives the focus to its summary of errors, in its own time.
SETTLED = """
() => [...document.querySelectorAll("[autofocus]")].every(
  (element) => element === document.activeElement)
"""
FROM_THE_TOP = """
() => {
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
}
"""


def walk(page):
    """Yield what has the focus, from the first stop of the page to the last."""
    for _ in range(100):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        if focus["body"]:
            return
        yield focus
    pytest.fail("the focus never leaves the page")


@pytest.mark.parametrize("name", PAGES)
def test_the_focus_is_always_seen_and_starts_with_the_skip_link(new_page, name):
    page = new_page(
        kept=True, reduced_motion="reduce"
    )  # Looked at once it has stopped.
    page.goto(PAGES[name].path)
    page.wait_for_function(SETTLED)
    page.evaluate(FROM_THE_TOP)

    stops = list(walk(page))

    assert "Aller au contenu" in stops[0]["at"]
    for stop in stops:
        assert stop["ring"], f"no visible focus: {stop}"
        assert stop["seen"], f"out of sight: {stop}"
        assert not stop["covered"], f"behind something: {stop}"
        assert not stop["trapped"], f"hidden from screen readers: {stop}"


def test_the_skip_link_leads_to_the_contents(new_page):
    page = new_page()
    page.goto("/")

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    assert page.evaluate("() => document.activeElement.id") == "contenu"
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.closest('main') !== null")


def reach(page, identifier):
    """Press Tab until the field has the focus.

    Twice round at most: a page that has only just opened, on a busy machine, may lose
    the first press, and the focus is still the browser's own.
    """
    page.wait_for_function("() => document.hasFocus()")
    for focus in chain(walk(page), walk(page)):
        if focus["id"] == identifier:
            return
    pytest.fail(f"#{identifier} cannot be reached")


def choose(page, name, code):
    """Choose an option: down the browser's list, or by its name in one of ours."""
    reach(page, f"id_{name}")
    if page.evaluate("() => document.activeElement.localName") == "select":
        for _ in range(60):
            if page.input_value(f"#id_{name}") == code:
                return
            page.keyboard.press("ArrowDown")
        pytest.fail(f"{code} cannot be chosen")
    label = page.locator(f"[name={name}] option[value='{code}']").text_content()
    page.keyboard.type(label)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")


LIST = """
() => {
  const input = document.activeElement;
  const list = document.getElementById(input.getAttribute("aria-controls"));
  const active = document.getElementById(input.getAttribute("aria-activedescendant"));
  return [input.getAttribute("aria-expanded"), list.checkVisibility(),
    active?.getAttribute("aria-selected") ?? "", input.value];
}
"""


def test_the_list_opens_is_told_and_closes_by_keyboard(new_page):
    page = new_page()
    page.goto("/#formulaire")

    reach(page, "id_job_function")
    assert page.evaluate(LIST) == ["false", False, "", ""]
    page.keyboard.type("dir")
    assert page.evaluate(LIST) == ["true", True, "", "dir"]
    assert "choix" in page.inner_text("form > [role=status]")
    group = page.get_by_role("group", name="Choix courants")
    assert group.get_by_text("Choix courants").is_visible()  # Text, not the sheet's.
    page.keyboard.press("ArrowDown")
    assert page.evaluate(LIST) == ["true", True, "true", "dir"]
    page.keyboard.press("Escape")
    assert page.evaluate(LIST) == ["false", False, "", "dir"]


@pytest.mark.django_db(transaction=True)
def test_the_form_is_filled_in_and_corrected_by_keyboard(new_page, edition):
    page = new_page()
    page.goto("/#formulaire")

    for name in ("first_name", "last_name"):
        reach(page, f"id_{name}")
        page.keyboard.type(COMPLETE[name])
    reach(page, "id_email")
    page.keyboard.type("zoe.loeuf")
    reach(page, "id_organisation")
    # A fault found on leaving a field is said aloud (RGAA 7.5).
    assert page.get_attribute("#id_email_error", "role") == "alert"
    page.keyboard.type(COMPLETE["organisation"])
    for name in ("organisation_type", "job_function", "region"):
        choose(page, name, COMPLETE[name])
    reach(page, "id_news_consent")
    page.keyboard.press("Space")
    reach(page, "envoyer")
    page.keyboard.press("Enter")
    page.wait_for_selector(".errors")

    assert page.title().startswith("Erreur\u00a0:")
    assert page.evaluate("() => document.activeElement.getAttribute('role')") == "alert"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate(FOCUS)["id"] == "id_email"
    assert page.is_checked("#id_news_consent")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(COMPLETE["email"])
    reach(page, "envoyer")
    page.keyboard.press("Enter")
    page.wait_for_url("**/suivi/**")

    assert page.get_attribute("[data-state]", "data-state") == "requested"
    shown = page.inner_text("dl")
    for word in ("Zoë Lœuf-d’Aÿ", COMPLETE["organisation"], "Bretagne"):
        assert word in shown
