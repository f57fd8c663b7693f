"""The mail of the synthesis: one well-formed message, whose parts say the same."""

from __future__ import annotations

import colorsys
import re
from email import message_from_bytes, policy
from html.parser import HTMLParser

import pytest
from django.template.loader import render_to_string

from leads.models import Submission
from outbox.tasks import send_message
from reports import study
from reports.models import Copy
from reports.personalisation import PERSONAS, Reader
from reports.tasks import render_copy
from tests.leads.test_request import post
from tests.pages.reading import Page, typography_faults
from tests.pages.states import PUBLISHER, mail

NUMBER = re.compile(r"\d+")
HOSTILE = {
    "markup": Reader(first_name="<b>L’Œuf</b>", last_name="& Cie", organisation='"><a'),
    "template": Reader(first_name="{{ copy }}", last_name="{% now 'Y' %}"),
    "right to left": Reader(first_name="נועה", last_name="דוגמה", organisation="مثال"),
    "a hundred letters": Reader(first_name="M" * 100, organisation="Œ" * 200),
}
READERS = PERSONAS | HOSTILE
every_reader = pytest.mark.parametrize("reader", READERS.values(), ids=READERS)


def parts(reader: Reader = PERSONAS["dsi"]) -> tuple[str, str]:
    given = mail(reader)
    html, text = (
        render_to_string(f"emails/synthesis.{kind}", given) for kind in ("html", "txt")
    )
    return html, text


def words(text: str) -> set[str]:
    return set(re.findall(r"[^\W_]+(?:[-’.@/][^\W_]+)*", text))


# --- The message --------------------------------------------------------------------


@pytest.fixture
def received(visitor, sink, settings):
    settings.REPLY_TO = "etude@exemple.fr"
    post(visitor)
    copy = Copy.objects.get()
    render_copy(copy.pk, copy.lease_no)
    message = Submission.objects.get().messages.get()
    send_message(message.pk, message.lease_no)
    [received] = sink.messages
    return received


@pytest.mark.django_db
def test_the_message_is_one_that_any_server_takes(received, settings):
    parsed = message_from_bytes(received.raw, policy=policy.SMTP)

    assert not [part.defects for part in parsed.walk() if part.defects]
    for name in ("From", "To", "Subject", "Date", "Message-ID", "Reply-To"):
        assert len(parsed.get_all(name)) == 1, name
    [sender], [recipient] = parsed["From"].addresses, parsed["To"].addresses
    assert sender.domain == settings.MESSAGE_ID_DOMAIN
    assert [recipient.addr_spec] == received.recipients
    assert parsed["Reply-To"] == "etude@exemple.fr"
    assert parsed["Message-ID"].endswith(f"@{settings.MESSAGE_ID_DOMAIN}>")
    assert parsed["Date"].datetime
    assert parsed["Auto-Submitted"] == "auto-generated"
    # It answers a request (RFC 8058 is for those who subscribed).
    assert "List-Unsubscribe" not in parsed
    assert max(map(len, received.raw.split(b"\r\n"))) <= 998  # RFC 5322.
    assert len(received.raw) < 2_000_000


@pytest.mark.django_db
def test_text_then_html_then_the_document(received):
    parsed = received.mail

    assert [part.get_content_type() for part in parsed.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/pdf",
    ]
    [document] = parsed.iter_attachments()
    assert document.get_filename() == "santescopie-2026-synthese.pdf"
    assert document.get_content().startswith(b"%PDF-")


@pytest.mark.django_db
def test_nothing_of_the_person_is_in_the_subject(received):
    submission = Submission.objects.get()

    subject = received.mail["Subject"]
    assert subject == "Votre synthèse Santéscopie 2026"
    assert len(subject) <= 60
    for typed in (submission.first_name, submission.last_name, submission.organisation):
        assert typed not in str(subject)


@pytest.mark.django_db
def test_both_parts_carry_the_same_working_link(received, visitor):
    text, html = (
        received.mail.get_body((kind,)).get_content() for kind in ("plain", "html")
    )

    [link] = set(re.findall(r"https://\S+/exemplaire/[^\s\"]+", text))
    assert f'href="{link}"' in html
    copy = Copy.objects.get()
    page = visitor.get(link.removeprefix("https://santescopie.exemple.fr"))
    assert copy.reference in page.content.decode()
    # No mark of a place that was not filled (private use).
    assert not re.search("[\ue000-\uf8ff]", text + html)


# --- Its words ----------------------------------------------------------------------


def test_each_figure_says_who_was_asked_where_the_study_does():
    html, text = parts()

    for said in (Page(html).flow, text.replace("\n", " ")):
        for figure in study.FIGURES.values():
            after = said.partition(figure.sentence)[2]
            assert after, figure.key
            asked = re.match(r" Champ\u00a0:\u00a0(\w+)\.", after)
            assert (asked and asked[1]) == (figure.asked and figure.asked.value)
        assert said.count("Champ") == sum(1 for f in study.FIGURES.values() if f.asked)


@every_reader
def test_both_parts_say_the_same(reader):
    html, text = parts(reader)
    page = Page(html)
    preview, legend = (
        "Le lien de ce message permet aussi de le télécharger.",
        "Lecture\u00a0: une marque vaut un professionnel sur cent.",
    )
    assert preview in page.flow
    assert legend in page.flow
    shown = words(page.flow.replace(preview, "").replace(legend, ""))
    written = words(re.sub(r"https://\S+", "", text))

    assert shown - written == set()
    assert written - shown == set()
    for value in (reader.full_name, reader.organisation, reader.function_label):
        assert value in page.flow
        assert value in text.replace("\n", " ")


@every_reader
def test_every_link_is_in_both_parts(reader):
    html, text = parts(reader)

    links = {a["href"] for a in Page(html).all("a")}
    written = set(re.findall(r"https://\S+", text))
    written |= {f"mailto:{found}" for found in re.findall(r"[\w.]+@[\w.]+\w", text)}
    assert links == written
    assert "https://exemple.fr/ce-n-est-pas-moi/x/" in links


def test_who_is_known_is_offered_no_erasure_at_one_press():
    given = mail(not_me_url="")
    for kind in ("html", "txt"):
        part = render_to_string(f"emails/synthesis.{kind}", given)

        assert "pas-moi" not in part
        assert PUBLISHER.dpo_email in part


def test_the_text_part_reads_as_a_letter():
    for reader in PERSONAS.values():
        _, text = parts(reader)
        lines = text.splitlines()

        assert not typography_faults(text)
        assert max(len(line) for line in lines if "://" not in line) <= 78
        assert not re.search(r"[=_*#~-]{2}|\n{3}|[<>{}]|&\w+;", text)
        assert lines[0] == "Santéscopie 2026"
        assert not [line for line in lines if line != line.strip()]


def test_what_is_not_set_leaves_no_trace():
    given = mail(PERSONAS["nom-seul"], reply_to="")
    given["publisher"] = type("Nobody", (), {"name": "", "dpo_email": ""})()
    for kind in ("html", "txt"):
        part = render_to_string(f"emails/synthesis.{kind}", given)

        for absent in ("mailto:", "None", "Répondez", "Fonction", "écrivez"):
            assert absent not in part
        assert "[à compléter]" in part


def test_the_first_of_a_month_is_written_as_french_has_it():
    given = mail()
    given["copy"].link_expires_at = given["copy"].link_expires_at.replace(day=1)

    for kind in ("html", "txt"):
        part = render_to_string(f"emails/synthesis.{kind}", given)
        assert "jusqu’au 1er\u00a0novembre\u00a02026" in part.replace("\n", " ")


# --- Its look -----------------------------------------------------------------------


def test_it_calls_nothing_and_no_client_cuts_it():
    """R31, S12: no image to fetch, no pixel, no script."""
    html, _ = parts(HOSTILE["a hundred letters"])

    assert len(html.encode()) < 40_000  # Gmail cuts at 102 kB.
    assert not re.search(r"<img|url\(|<link|<script|@import|src=|<v:|<form", html)
    for table in Page(html).all("table"):
        assert table["role"] == "presentation"
    assert Page(html).all("html")[0]["lang"] == "fr"
    assert Page(html).headings == [1, 2, 2, 2, 2, 2]


def test_the_field_counts_to_its_text():
    html, _ = parts()

    stained = html.count("border-radius:6px;background-color:#e23a5f")
    rings = html.count("border:1px solid #6b858b;border-radius:6px")
    assert f"{stained}\u00a0%" == study.STATEMENT_VALUE
    assert stained + rings == 100


def test_the_style_sheet_holds_only_what_may_be_lost():
    html, _ = parts()

    night, outlook = re.findall(r"<style>(.*?)</style>", html, re.S)
    assert not re.sub(r"@media[^{]*\{(?:[^{}]*\{[^}]*\})*\s*\}", "", night).strip()
    assert all(
        rule.strip().startswith("[data-ogs") for rule in outlook.split("\n") if rule
    )


@every_reader
def test_a_name_is_text_and_keeps_its_own_direction(reader):
    html, _ = parts(reader)
    usual = Page(parts()[0])

    assert [tag for tag, _ in Page(html).tags if tag in {"b", "a"}] == [
        tag for tag, _ in usual.tags if tag in {"b", "a"}
    ]
    assert '<span dir="auto">' in html


def without_sheet(html: str) -> str:
    return re.sub(r"<style>.*?</style>", "", html, flags=re.S)


def without_css(html: str) -> str:
    return re.sub(r' style="[^"]*"', "", without_sheet(html))


@pytest.mark.browser
@pytest.mark.parametrize(
    ("kept", "reader"),
    [
        *((kept, reader) for kept in (str, without_sheet) for reader in READERS),
        *((without_css, reader) for reader in PERSONAS),  # There, a word is a word.
    ],
)
def test_no_name_widens_the_sheet(new_page, kept, reader):
    page = new_page(width=700)
    page.set_content(kept(parts(READERS[reader])[0]))
    for width in (700, 375, 320):
        page.set_viewport_size({"width": width, "height": 800})
        seen = page.evaluate("() => document.documentElement.scrollWidth")
        assert seen == width


# --- Its colours --------------------------------------------------------------------

VOID = {"meta", "br"}
GRAPHIC = {"#e23a5f", "#ff7d97"}  # Eosin: 46 px at least.


class Colours(HTMLParser):
    """Collect the pairs (text, ground, bold or not) that are drawn, as `draw` says.

    `draw(kind, colour, classes, parents)` gives the colour a client would show.
    """

    def __init__(self, html, draw):
        super().__init__()
        self.draw = draw
        self.stack = [("#000000", "#ffffff", ())]
        self.texts, self.marks = set(), set()
        self.feed(re.sub(r"<(head|style).*?</\1>", "", html, flags=re.S))

    def handle_starttag(self, tag, attrs):
        if tag in VOID:
            return
        found = dict(attrs)
        ink, ground, around = self.stack[-1]
        above = (*around, *(found.get("class") or "").split())
        style = dict(
            pair.split(":", 1) for pair in found.get("style", "").split(";") if pair
        )
        classes = (found.get("class") or "").split()
        if style.get("display") == "none":
            above = (*above, "hidden")
        outer = ground
        if "background-color" in style:
            ground = self.draw("ground", style["background-color"], classes, around)
        if "color" in style:
            ink = self.draw("ink", style["color"], classes or [tag], around)
        if "border-radius" in style and "border" not in style and ground != outer:
            self.marks.add((ground, outer))
        self.stack.append((ink, ground, above))

    def handle_endtag(self, tag):
        if tag not in VOID:
            self.stack.pop()

    def handle_data(self, data):
        ink, ground, around = self.stack[-1]
        if data.strip(" \n\u00a0") and "hidden" not in around:
            self.texts.add((ink, ground))


def luminance(colour):
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
              for c in channels]  # fmt: skip
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def by_day(kind, colour, classes, around):
    return colour


def by_night(kind, colour, classes, around):
    """Apply the sheet of the mail, as Apple Mail and others do."""
    html, _ = parts()
    sheet = html.partition("dark) {")[2].partition("@media")[0]
    name = "background-color" if kind == "ground" else "color"
    for selector, rules in re.findall(r"^(.+?) \{(.+?)\}$", sheet, re.M):
        value = re.search(rf"(?<!-){name}: (#\w+)", rules)
        for each in selector.split(", "):
            *above, own = each.replace(".", "").split()
            if value and own in classes and set(above) <= set(around):
                colour = value[1]
    return colour


def _turned(colour):
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    channels = colorsys.hls_to_rgb(hue, 1 - lightness, saturation)
    return lightness, "#" + "".join(f"{round(255 * c):02x}" for c in channels)


def all_turned(kind, colour, classes, around):
    """Turn every colour, as Gmail on iOS does."""
    return _turned(colour)[1]


def half_turned(kind, colour, classes, around):
    """Darken light grounds and lighten dark inks, as Android and Outlook do."""
    lightness, turned = _turned(colour)
    return turned if (lightness > 0.5) == (kind == "ground") else colour


@pytest.mark.parametrize("draw", [by_day, by_night, all_turned, half_turned])
def test_every_text_can_be_read_by_day_and_by_night(draw):
    seen = Colours(parts()[0], draw)
    eosin = {draw("ink", colour, ["giant"], ()) for colour in GRAPHIC}

    assert len(seen.texts) >= 6
    assert len(seen.marks) == 1
    for ink, ground in seen.texts:
        wanted = 3 if ink in eosin else 4.5
        assert contrast(ink, ground) >= wanted, (ink, ground, contrast(ink, ground))
    for mark, ground in seen.marks:
        assert contrast(mark, ground) >= 3, (mark, ground, contrast(mark, ground))
