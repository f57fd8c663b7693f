"""Every page and state passes axe for RGAA 4 and WCAG 2.2 AA, day and night."""

from __future__ import annotations

from pathlib import Path

import axe_playwright_python
import pytest

from tests.pages.states import STATES

pytestmark = pytest.mark.browser

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
TAGS = (
    "RGAAv4",
    "wcag2a",
    "wcag2aa",
    "wcag21a",
    "wcag21aa",
    "wcag22aa",
    "best-practice",
)
# The theme changes colours and nothing else.
OF_COLOUR = ("color-contrast", "link-in-text-block")
# A mail is read inside the page of a webmail, which has the landmarks.
NOT_OF_MAIL = ("landmark-one-main", "region")
# What fades from one theme to the other has faded.
RUN = """
async ({tags, rules, without}) => {
  for (const animation of document.getAnimations())
    if (animation.effect.getComputedTiming().endTime < Infinity) animation.finish();
  const runOnly = rules
    ? {type: "rule", values: rules}
    : {type: "tag", values: tags};
  const off = Object.fromEntries(without.map((rule) => [rule, {enabled: false}]));
  const found = await axe.run(document, {
    runOnly, rules: off, resultTypes: ["violations"],
  });
  return found.violations.map((violation) => [
    violation.id,
    violation.nodes.map((node) => `${node.html.slice(0, 120)} ${node.failureSummary}`),
  ]);
}
"""


def test_axe_knows_the_french_criteria():
    assert AXE.count('"RGAAv4"') > 50
    for tag in TAGS:
        assert f'"{tag}"' in AXE


@pytest.mark.parametrize("name", STATES)
def test_axe_finds_nothing(new_page, name):
    state = STATES[name]
    without = NOT_OF_MAIL if state.mail else ()
    page = new_page(kept=True)
    page.goto(state.path)
    page.evaluate(AXE)

    found = {}
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 800})
        for theme, rules in (("light", None), ("dark", OF_COLOUR)):
            page.emulate_media(color_scheme=theme)
            asked = {"tags": TAGS, "rules": rules, "without": without}
            if violations := page.evaluate(RUN, asked):
                found[width, theme] = violations

    assert not found, found


def test_axe_finds_nothing_in_what_the_scripts_show(new_page):
    page = new_page()
    page.goto("/")
    page.fill("#id_email", "zoe@gmial.com")
    page.focus("#id_last_name")
    page.keyboard.type("x")
    page.keyboard.press("Backspace")
    page.focus("#id_job_function")
    page.keyboard.press("ArrowDown")
    for shown in (".suggestion button", "#id_last_name_error", "[role=option]"):
        assert page.is_visible(shown), shown
    page.evaluate(AXE)

    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 800})
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            asked = {"tags": TAGS, "rules": None, "without": ()}
            assert page.evaluate(RUN, asked) == [], (width, theme)
