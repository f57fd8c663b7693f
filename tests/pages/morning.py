"""What one of the sales staff does in the morning, press by press, in a real browser.

The test counts the presses; `make screenshots` shows what is seen at each step.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

# What a hand does, told by the browser itself: moving on (Tab) presses nothing.
LISTEN = """
addEventListener("pointerdown", (event) => event.isTrusted && pressed("click"), true);
addEventListener("keydown", (event) => {
  const pressing = ["Enter", " ", "ArrowDown", "ArrowRight"].includes(event.key);
  if (event.isTrusted && pressing) pressed(event.key);
}, true);
"""
FOCUSED = "(element) => element === document.activeElement"
SAME_GROUP = """
(element) => document.activeElement.type === "radio"
  && document.activeElement.name === element.name
"""
TOMORROW = re.compile("demain|prochain jour ouvré")  # Over a weekend.
FARTHEST = 150  # Stops of a page.


class Hand:
    """Presses what it is shown, and counts; going back is a press as well."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.presses: list[str] = []
        page.expose_function("pressed", self._count)
        page.add_init_script(LISTEN)

    def _count(self, key: str) -> None:
        self.presses.append(key)

    def press(self, target: Any) -> None:
        raise NotImplementedError

    def back(self) -> None:
        self.page.go_back()
        self.presses.append("back")


class Mouse(Hand):
    def press(self, target: Any) -> None:
        target.click()


class Keyboard(Hand):
    """Tab, Enter, Space and the arrows; never a pointer, never a focus by script."""

    def press(self, target: Any) -> None:
        radio = target.get_attribute("type") == "radio"
        for _ in range(FARTHEST):
            if target.evaluate(FOCUSED):
                break
            within = radio and target.evaluate(SAME_GROUP)
            self.page.keyboard.press("ArrowDown" if within else "Tab")
        else:
            raise AssertionError(f"out of reach: {target}")
        if not (radio and target.is_checked()):
            self.page.keyboard.press("Space" if radio else "Enter")


def steps(hand: Hand, sheets: list[bytes]) -> Iterator[str]:
    """Do the walk, and stop where there is something to look at.

    Arrive, see whom to call, open, read the sheet, log the call, set the next date. The
    call sheet that was read is added to `sheets`.
    """
    page = hand.page
    page.goto("/admin/")
    yield "arriver"
    hand.press(page.locator("#content-main tbody th a").first)
    page.wait_for_selector(".lead-log")
    yield "ouvrir"
    sheet = page.get_by_role("link", name="Fiche d’appel")
    hand.press(sheet)
    page.wait_for_url("**/fiche-d-appel.pdf")
    # The browser shows it itself: its bytes are asked for once more.
    sheets.append(page.context.request.get(page.url).body())
    hand.back()
    yield "lire"
    hand.press(page.get_by_role("radio", name="joint"))
    yield "noter"
    hand.press(page.get_by_role("radio", name=TOMORROW))
    yield "prevoir"
    hand.press(page.get_by_role("button", name="Enregistrer"))
    page.wait_for_selector(".messagelist")
    yield "fait"
