"""Contrast of texts, controls, focus rings and drawings, by day and by night.

RGAA 4.1.2, 3.2 (4.5:1, or 3:1 from 24 px, or 18.66 px in bold) and 3.3 (3:1). Axe
leaves undecided a text over a gradient, and looks at no drawing, border or ring.
"""

from __future__ import annotations

import pytest

from tests.pages.states import STATES

pytestmark = pytest.mark.browser

MEASURES = """
() => {
const numbers = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
const seen = (colour) => colour.length === 3 || colour[3] > 0;
const luminance = (colour) => {
  const [red, green, blue] = colour.slice(0, 3).map((channel) => channel / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const contrast = (one, other) => {
  const [dark, light] = [one, other].map(luminance).sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
};
// What lies under an element: the first of its ancestors that paints all its box.
const ground = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const colour = numbers(getComputedStyle(at).backgroundColor);
    if (colour.length && seen(colour)) return colour;
  }
  return [255, 255, 255];
};
// In a gradient or in a drawing of the sheet, written rgb() or %23 and six digits.
const colours = (image) => [
  ...(image.match(/rgba?\\([^)]*\\)/g) ?? []).map(numbers).filter(seen),
  ...[...image.matchAll(/%23([0-9a-f]{6})/gi)].map(([, digits]) =>
    digits.match(/../g).map((pair) => parseInt(pair, 16))),
];
const measured = [];
const measure = (what, colour, under, wanted = 3) => {
  const ratio = contrast(colour, under);
  measured.push([what, Math.round(ratio * 100) / 100, wanted]);
};
const name = (element, part = "") =>
  `${element.localName}.${element.getAttribute("class") ?? ""}${part} `
  + (element.textContent ?? "").trim().slice(0, 30);
const all = (selector) => [...document.querySelectorAll(selector)]
  .filter((element) => element.checkVisibility())
  .filter((element) => !element.closest(".unseen, .trap, .skip:not(:focus)"));
"""
TEXTS = (
    MEASURES
    + """
  const written = (element) => element.placeholder
    || (element.type !== "checkbox" && element.value)
    || [...element.childNodes].some(({ nodeType, data }) => nodeType === 3
      && data.trim());
  const judge = (element, part) => {
    const style = getComputedStyle(element, part || null);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const wanted = large ? 3 : 4.5;
    measure(name(element, part), numbers(style.color), ground(element), wanted);
  };
  for (const element of all("body *")) {
    if (element.closest("svg, noscript, script")) continue;
    if (written(element)) judge(element, "");
    if (element.placeholder) judge(element, "::placeholder");
    for (const part of ["::before", "::after"]) {
      if (/[\\p{L}\\p{N}→]/u.test(getComputedStyle(element, part).content)
          && getComputedStyle(element, part).content !== "none") judge(element, part);
    }
  }
  return measured;
}
"""
)
# Separators between texts say nothing, and the cover is a picture of paper: what it
# shows is in its alternative. A glass or a hole is the ground of other marks.
PARTS = (
    MEASURES
    + """
  const bordered = ".field input, .field select, [role=listbox], .errors, .invalid,"
    + ".frame-drawing, .action.second";
  for (const element of all(bordered)) {
    const style = getComputedStyle(element);
    const edge = numbers(style.borderLeftColor);
    measure(name(element, " border"), edge, ground(element.parentElement));
    if (element.checked) continue;  // A full box is told by its shape.
    measure(name(element, " border inside"), edge, ground(element));
  }
  for (const element of all(".action:not(.second)")) {
    measure(name(element, " shape"), ground(element), ground(element.parentElement));
  }
  for (const element of all("input:checked")) {
    const sign = numbers(getComputedStyle(element, "::before").borderLeftColor);
    measure(name(element, " sign"), sign, ground(element));
  }
  for (const element of all(".steps > li")) {
    const style = getComputedStyle(element, "::after");
    measure(name(element, " ring"), numbers(style.borderLeftColor), ground(element));
  }
  for (const element of all(".figures small")) {
    const style = getComputedStyle(element, "::before");
    measure(name(element, " mark"), numbers(style.backgroundColor), ground(element));
  }
  for (const element of all("body *").filter((one) => !one.closest(".cover"))) {
    for (const part of ["", "::before", "::after"]) {
      const style = getComputedStyle(element, part || null);
      if (part && style.content === "none") continue;
      for (const colour of colours(style.backgroundImage)) {
        measure(name(element, `${part} image`), colour, ground(element));
      }
    }
  }
  const grounds = ".glass, .hole";
  for (const drawing of all("svg").filter((one) => !one.closest(".cover"))) {
    const under = [ground(drawing), ...[...drawing.querySelectorAll(grounds)].map(
      (element) => ["fill", "stroke"].map((key) => getComputedStyle(element)[key])
        .find((colour) => colour !== "none")).map(numbers)];
    for (const mark of drawing.querySelectorAll("path, circle, rect, line, polygon")) {
      if (mark.matches(grounds)) continue;
      const { fill, stroke } = getComputedStyle(mark);
      // A mark with an outline is told by it.
      const colour = stroke === "none" ? fill : stroke;
      if (!colour.startsWith("rgb")) continue;
      const what = name(drawing, ` ${mark.outerHTML.slice(0, 40)}`);
      for (const each of under) measure(what, numbers(colour), each);
    }
  }
  return measured;
}
"""
)
RINGS = (
    MEASURES
    + """
  for (const element of all("a[href], button, input, select, [tabindex='0']")) {
    element.focus();
    const style = getComputedStyle(element);
    if (!element.matches(":focus-visible")) measured.push([name(element), 0, 3]);
    measure(name(element, " focus"), numbers(style.outlineColor),
      ground(element.parentElement));
  }
  return measured;
}
"""
)


LOOKS = {"texts": TEXTS, "parts": PARTS, "rings": RINGS}


def faint(page, *looks):
    """Return what stands out too little, by day and by night."""
    found = {}
    if "rings" in looks:
        page.keyboard.press("Tab")  # From now on the focus is shown.
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for look in looks:
            measured = page.evaluate(LOOKS[look])
            assert measured or look == "parts"
            if weak := [each for each in measured if each[1] < each[2]]:
                found[theme, look] = weak
    return found


@pytest.mark.parametrize("name", STATES)
def test_everything_stands_out_from_its_ground(new_page, name):
    page = new_page(kept=True, reduced_motion="reduce")
    page.goto(STATES[name].path)

    # The ring of a mail's links is the webmail's.
    looks = ("texts", "parts") if STATES[name].mail else LOOKS
    assert not (weak := faint(page, *looks)), weak


def test_what_a_gesture_shows_stands_out_too(new_page):
    page = new_page(reduced_motion="reduce")
    page.goto("/#formulaire")

    page.fill("#id_email", "zoe@chu")
    page.check("#id_news_consent")
    page.click("#id_job_function")
    page.keyboard.press("ArrowDown")
    page.hover("#id_job_function_list [role=option] >> nth=3")
    shown = ("#id_email_error", "#id_job_function_list", "[aria-selected=true]")
    assert all(page.locator(each).is_visible() for each in shown)
    assert not (weak := faint(page, "texts", "parts")), weak

    page.hover(".action >> nth=0")
    assert not (weak := faint(page, "texts", "parts")), weak


@pytest.mark.parametrize("name", ["suivi-demande", "suivi-echec"])
def test_the_steps_differ_in_the_colours_a_reader_forces(new_page, name):
    page = new_page(reduced_motion="reduce", forced_colors="active")
    page.goto(STATES[name].path)

    assert not (weak := faint(page, "parts", "rings")), weak
    grounds = """
    () => [...document.querySelectorAll(".steps > li")].map((step) => {
      const { backgroundColor, backgroundImage } = getComputedStyle(step, "::after");
      return `${step.className || "to come"} ${backgroundColor} ${backgroundImage}`;
    })
    """
    looks = {each.split(" ", 1)[0]: each for each in page.evaluate(grounds)}
    shown = {each.split(" ", 1)[1].removeprefix("come ") for each in looks.values()}
    assert len(shown) == len(looks)


def test_the_drawings_take_the_colours_a_reader_forces(new_page):
    page = new_page(forced_colors="active")
    page.goto("/")

    colours = """
    () => {
      const of = (selector) => getComputedStyle(document.querySelector(selector));
      return [getComputedStyle(document.body).backgroundColor, of(".hole").stroke,
        of(".glass").fill, of(".hollow").stroke, of(".discs").stroke];
    }
    """
    ground, hole, glass, *marks = page.evaluate(colours)
    assert hole == glass == ground
    assert ground not in marks


@pytest.mark.parametrize(
    ("token", "look"),
    [
        ("--ink-2", "texts"),
        ("--mark", "parts"),
        ("--stain", "parts"),
        ("--action", "parts"),
        ("--ink", "rings"),
    ],
)
def test_a_faint_token_is_found(new_page, token, look):
    page = new_page(reduced_motion="reduce")
    page.goto("/")
    page.evaluate(
        "token => document.documentElement.style.setProperty(token, 'var(--plate)')",
        token,
    )

    assert {("light", look), ("dark", look)} <= faint(page, look).keys()
