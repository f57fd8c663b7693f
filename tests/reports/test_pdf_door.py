"""A document fetches nothing but its fonts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from weasyprint.urls import FatalURLFetchingError

from reports.pdf import engine
from reports.personalisation import Reader
from tests.reports.synthesis import ROOT, open_pdf, render

# One worker renders each document once.
pytestmark = pytest.mark.xdist_group("pdf")


def test_markup_in_a_name_fetches_and_attaches_nothing(made):
    """S12: what is typed is text, in the PDF too."""
    assert set(made("markup").asked) <= set(engine.BUNDLED)
    with open_pdf(made("markup").content) as document:
        assert not document.attachments


PASSWORDS = "file:///etc/passwd"


@pytest.mark.parametrize(
    "body",
    [
        f"<img alt=x src={PASSWORDS}>",
        f"<link rel=attachment href={PASSWORDS}>",
        f"<link rel=stylesheet href={PASSWORDS}>",
        f"<style>@import url({PASSWORDS});</style>",
        "<style>p {background: url(http://169.254.169.254/)}</style><p>x",
        "<style>@font-face {font-family: x; src: url(https://exemple.fr/x)}</style>",
        "<img alt=x src='data:image/png;base64,AAAA'>",
        "<img alt=x src=ftp://exemple.fr/x.svg>",
        "<a rel=attachment href=file:///etc/hostname>x</a>",
    ],
)
@pytest.mark.logs("weasyprint")
def test_whatever_a_document_asks_for_stops_it(body):
    """S13: everything but the bundled fonts is refused."""
    html = f"<html lang=fr><title>x</title>{body}"
    with pytest.raises(engine.ForbiddenFetch):
        engine.write(html, identifier="x", links={})


@pytest.mark.parametrize(
    "url",
    [
        PASSWORDS,
        "http://localhost/",
        "santescopie:../engine.py",
        "santescopie:EncodeSans-Regular.ttf?x",
        f"file://{ROOT}/reports/pdf/fonts/EncodeSans-Regular.ttf",
    ],
)
def test_only_bundled_fonts_are_served(url):
    """S13: by their exact address, and by no other way."""
    fetcher = engine.BundledOnly()
    with pytest.raises(FatalURLFetchingError):
        fetcher(url)
    with pytest.raises(FatalURLFetchingError):
        fetcher.open(url)
    assert fetcher("santescopie:EncodeSans-Regular.ttf").read(4) == b"\0\1\0\0"


@pytest.mark.logs("reports.pdf")
def test_a_line_with_letters_no_font_draws_is_left_out_and_never_logged(caplog):
    """The empty box in their place is a fault in an archive (ISO 19005-2, 6.2.11.8)."""
    place = Reader(organisation="Exemple\U0001d800")  # A sign leaves alone.
    reader = replace(place, first_name="\U00013000\U00013001", last_name="Exemple")
    content = render(reader)
    assert "No font draws 3 of the characters." in caplog.text
    assert "13000" not in caplog.text
    assert content == render(Reader(organisation="Exemple"))
    render(Reader(last_name="\U00013000"))  # Nothing is left, not even a line.
