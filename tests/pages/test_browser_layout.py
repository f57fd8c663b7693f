"""No page scrolls sideways, cuts its text or makes a target too small to be hit."""

from __future__ import annotations

import io

import pikepdf
import pytest

from tests.pages.states import PAGES, STATES

pytestmark = pytest.mark.browser

# What is wider than the screen, or hides a part of its own text. What stands off
# screen on purpose (the trap, words for screen readers) is a pixel or out of the flow.
SPILLS = """
() => {
  const root = document.documentElement;
  const named = (element) => {
    const name = element.id ? `#${element.id}` : `.${element.className}`;
    return `${element.localName}${name} ${element.innerText?.slice(0, 40)}`;
  };
  const found = root.scrollWidth > root.clientWidth
    ? [`the page: ${root.scrollWidth} > ${root.clientWidth}`]
    : [];
  for (const element of document.body.querySelectorAll("*")) {
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    if (element.closest("svg, .trap, .unseen, option") || box.width <= 1) continue;
    if (root.scrollWidth > root.clientWidth && box.right > root.clientWidth + 1)
      found.push(`beyond the edge: ${named(element)}`);
    if (style.overflowX !== "visible" && style.overflowX !== "auto"
        && element.localName !== "select" && element.localName !== "input"
        && element.scrollWidth > element.clientWidth + 1)
      found.push(`cut: ${named(element)}`);
    if (["hidden", "clip"].includes(style.overflowY)
        && element.scrollHeight > element.clientHeight + 1)
      found.push(`cut: ${named(element)}`);
  }
  return found;
}
"""
# WCAG 2.2, 2.5.8. A link in a sentence is as high as its line; a box and its label
# are one target.
SMALL = """
() => [...document.querySelectorAll("a, button, input, select, textarea, summary")]
  .filter((element) => element.checkVisibility() && !element.closest(".trap"))
  .filter((element) => element.type !== "hidden" && !element.matches(".skip"))
  .filter((element) => !(element.localName === "a"
    && getComputedStyle(element).display === "inline"
    && element.closest("p, dd, td, li")?.innerText.trim() !== element.innerText.trim()))
  .map((element) => [element, ...(element.labels ?? [])].map(
    (part) => part.getBoundingClientRect()).concat([element]))
  .filter((boxes) => {
    const around = boxes.slice(0, -1);
    const size = (from, to) =>
      Math.max(...around.map((box) => box[to]))
      - Math.min(...around.map((box) => box[from]));
    return size("left", "right") < 24 || size("top", "bottom") < 24;
  })
  .map((boxes) => boxes.at(-1).outerHTML.slice(0, 120))
"""
# WCAG 2.1, 1.4.12 and RGAA 10.12. Adopted sheets are none of the policy's business.
SPACED = """
() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`* {
    line-height: 1.5 !important;
    letter-spacing: 0.12em !important;
    word-spacing: 0.16em !important;
  }
  p { margin-bottom: 2em !important; }`);
  document.adoptedStyleSheets = [sheet];
}
"""
DOUBLED = """
() => {
  const root = document.documentElement;
  const size = parseFloat(getComputedStyle(root).fontSize);
  root.style.setProperty("font-size", `${2 * size}px`, "important");
}
"""
# Neighbours of the flow whose boxes meet: a drawing that runs into the next.
OVERLAPS = """
() => {
  const found = [];
  for (const parent of document.querySelectorAll("main, main *:not(svg, svg *)")) {
    const boxes = [...parent.children].filter((child) => child.checkVisibility()
      && !["absolute", "fixed"].includes(getComputedStyle(child).position)
      && getComputedStyle(child).display !== "inline")
      .map((child) => [child, child.getBoundingClientRect()]);
    boxes.forEach(([one, a], index) => boxes.slice(index + 1).forEach(([other, b]) => {
      const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (width > 1 && height > 1) found.push(
        `${one.localName}.${one.className.baseVal ?? one.className} and `
        + `${other.localName}.${other.className.baseVal ?? other.className}`);
    }));
  }
  return found;
}
"""
PLAIN = """
() => {
  document.adoptedStyleSheets = [];
  document.documentElement.style.removeProperty("font-size");
}
"""


@pytest.mark.parametrize("name", STATES)
def test_no_text_is_cut_and_no_target_too_small(new_page, name):
    page = new_page(kept=True, width=320)
    page.goto(STATES[name].path)
    found = {}

    def look(situation: str, script: str = SPILLS) -> None:
        if faults := page.evaluate(script):
            found[situation] = faults

    look("320 px")
    look("targets at 320 px", SMALL)
    page.evaluate(SPACED)
    look("spaced at 320 px")
    page.set_viewport_size({"width": 1280, "height": 800})
    look("spaced at 1280 px")
    page.evaluate(PLAIN)
    look("targets at 1280 px", SMALL)
    for width in (1920, 1280, 1024, 768, 600, 480, 390):
        page.set_viewport_size({"width": width, "height": 800})
        look(f"{width} px")
    if not STATES[name].mail:  # Its sizes are in pixels: it is zoomed, not enlarged.
        page.evaluate(DOUBLED)
        for width in (1280, 1024, 390, 320):
            page.set_viewport_size({"width": width, "height": 800})
            look(f"text at 200 %, {width} px")
            look(f"on top of each other at 200 %, {width} px", OVERLAPS)

    assert not found, found


@pytest.mark.parametrize("name", ["accueil", "formulaire-a-corriger", "suivi-demande"])
def test_nothing_moves_for_who_asked_for_stillness(new_page, name):
    page = new_page(reduced_motion="reduce")
    page.goto(STATES[name].path)
    page.evaluate("() => scrollTo(0, document.body.scrollHeight)")

    assert page.evaluate("() => document.getAnimations().length") == 0
    moving = """
    () => [document.documentElement, ...document.querySelectorAll("*")].filter(
      (element) => {
        const style = getComputedStyle(element);
        const lasts = (list) => list.split(",").some((time) => parseFloat(time) > 0.01);
        return style.scrollBehavior === "smooth" || lasts(style.animationDuration)
          || lasts(style.transitionDuration);
      }).map((element) => element.outerHTML.slice(0, 80))
    """
    assert page.evaluate(moving) == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_prints_dark_on_white_even_at_night(new_page, name):
    page = new_page(kept=True, dark=True)
    page.goto(STATES[name].path)
    page.emulate_media(media="print", color_scheme="dark")

    # Paper is white: what has no background of its own must not be written in white.
    ink = """
    () => ["h1", "main p", "main li"].map((name) => document.querySelector(name))
      .filter(Boolean).filter((element) => element.checkVisibility())
      .map((element) => getComputedStyle(element).color.match(/[\\d.]+/g)
        .slice(0, 3).map(Number))
    """
    shown = page.evaluate(ink)
    assert shown
    assert all(sum(channels) / 3 < 110 for channels in shown), shown


def test_the_landing_page_prints_on_few_sheets(new_page):
    page = new_page()
    page.goto("/")

    with pikepdf.open(io.BytesIO(page.pdf(format="A4"))) as sheets:
        assert 2 <= len(sheets.pages) <= 8


@pytest.mark.parametrize("width", [1440, 1280, 768, 390, 360, 320])
def test_promise_figure_and_button_stand_in_the_first_screen(new_page, width):
    page = new_page(width=width)
    page.goto("/")

    for part in ("h1", ".opening .first strong", ".opening .first", ".opening .now"):
        box = page.locator(part).bounding_box()
        assert box["y"] + box["height"] <= 800, part
