"""What search engines, messengers and home screens show of the site."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import pytest
from django.contrib.staticfiles import finders
from PIL import Image

from reports import study
from santescopie.management.commands.build_images import DIGEST, IMAGES, images
from tests.pages.reading import Page
from tests.pages.states import STATES

SITE = "https://etude.exemple.fr"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


@pytest.mark.parametrize("name", images())
def test_a_drawn_image_is_that_of_its_source(name):
    wanted = images()[name]

    with Image.open(IMAGES / name) as image:
        assert image.size == wanted.size
        assert image.text[DIGEST] == wanted.digest, "run manage.py build_images"


def test_the_icon_of_every_page_is_the_file_without_a_request_of_its_own():
    [icon] = [
        attrs["href"]
        for attrs in Page(STATES["accueil"].html).all("link")
        if attrs["rel"] == "icon"
    ]
    file = (IMAGES / "favicon.svg").read_text().strip()

    scheme, _, drawing = unquote(icon).partition(",")
    assert scheme == "data:image/svg+xml"
    assert drawing.replace("'", '"') == file


def test_the_card_is_whole_and_light():
    assert images()["og.png"].size == (1200, 630)
    assert (IMAGES / "og.png").stat().st_size < 60_000


def test_a_messenger_finds_the_title_the_words_and_the_card(settings):
    told = {
        attrs["property"]: attrs["content"]
        for attrs in Page(STATES["accueil"].html).all("meta")
        if attrs.get("property")
    }
    image = urlsplit(told["og:image"])

    [canonical] = [
        attrs["href"]
        for attrs in Page(STATES["accueil"].html).all("link")
        if attrs["rel"] == "canonical"
    ]

    # The four that ogp.me asks for, and the page's one address.
    assert told["og:title"] == study.HEADLINE
    assert told["og:type"] == "website"
    assert told["og:url"] == canonical == settings.SITE_URL + "/"
    assert told["og:image:alt"] == study.STATEMENT
    assert told["og:description"]
    assert image.scheme in {"http", "https"}, "an address of its own, not a path"
    assert finders.find(image.path.removeprefix("/static/"))


def test_the_study_describes_itself_as_a_report(client):
    html = client.get("/").content.decode()
    [block] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html)
    told = json.loads(block)

    assert told["@type"] == "Report"
    assert told["headline"] == study.HEADLINE
    assert told["abstract"] == study.STATEMENT
    assert told["inLanguage"] == "fr"
    assert "author" not in told, "the source names nobody as its author"


def test_robots_are_kept_to_the_public_pages(client, settings):
    settings.SITE_URL = SITE
    said = client.get("/robots.txt").content.decode().splitlines()
    sitemap = client.get("/sitemap.xml")
    places = ElementTree.fromstring(sitemap.content).iter(f"{SITEMAP}loc")
    listed = [place.text for place in places]

    assert f"Sitemap: {SITE}/sitemap.xml" in said
    refused = [line.removeprefix("Disallow: ") for line in said if "Disallow" in line]
    assert {"/suivi/", "/exemplaire/", "/admin/"} <= set(refused)
    assert f"{SITE}/" in listed
    for address in listed:
        path = urlsplit(address).path
        assert client.get(path).status_code == 200
        assert not path.startswith(tuple(refused))
        assert "noindex" not in client.get(path).headers.get("X-Robots-Tag", "")


def test_the_application_has_icons_that_exist(client):
    manifest = json.loads(client.get("/manifest.webmanifest").content)

    assert manifest["name"] == study.NAME
    assert manifest["lang"] == "fr"
    for icon in manifest["icons"]:
        assert finders.find(icon["src"].removeprefix("/static/")), icon
    assert client.get("/favicon.ico").status_code == 302


@pytest.mark.parametrize(
    "path", ["/robots.txt", "/sitemap.xml", "/manifest.webmanifest", "/favicon.ico"]
)
def test_what_robots_read_may_be_kept_and_is_only_read(client, path):
    assert "public" in client.get(path).headers["Cache-Control"]
    assert client.post(path).status_code == 405
