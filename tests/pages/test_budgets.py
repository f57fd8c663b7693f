"""What the first view of the landing page may weigh: bytes and counts, no timing."""

from __future__ import annotations

import re
import time
from bisect import bisect_right
from pathlib import Path

import brotli
import pytest
from django.contrib.staticfiles import finders

from tests.pages.reading import Page

FIRST_WINDOW = 14_600  # Ten segments of 1460 bytes, headers included (RFC 6928).
STATUS_LINE = "HTTP/1.1 200 OK\r\n\r\n"

# cnumr/ecoindex_reference: quantiles of the HTTP Archive of 2021, weights 3, 2 and 1.
# A is the grade above 80.
ECOINDEX = {
    "nodes": (
        3,
        [0, 47, 75, 159, 233, 298, 358, 417, 476, 537, 603, 674, 753, 843, 949, 1076,
         1237, 1459, 1801, 2479, 594601],
    ),
    "requests": (
        2,
        [0, 2, 15, 25, 34, 42, 49, 56, 63, 70, 78, 86, 95, 105, 117, 130, 147, 170,
         205, 281, 3920],
    ),
    "kilobytes": (
        1,
        [0, 1.37, 144.7, 319.53, 479.46, 631.97, 783.38, 937.91, 1098.62, 1265.47,
         1448.32, 1648.27, 1876.08, 2142.06, 2465.37, 2866.31, 3401.59, 4155.73,
         5400.08, 8037.54, 223212.26],
    ),
}  # fmt: skip


def ecoindex(**measured: float) -> float:
    """Return the EcoIndex, from 0 to 100, of nodes, requests and kilobytes."""
    worse = 0.0
    for name, (weight, quantiles) in ECOINDEX.items():
        value = min(measured[name], quantiles[-1] - 1e-9)
        rank = bisect_right(quantiles, value)
        low, high = quantiles[rank - 1 : rank + 1]
        worse += weight * (rank - 1 + (value - low) / (high - low))
    return 100 - 5 * worse / 6


def test_the_formula_gives_the_published_scores():
    assert round(ecoindex(nodes=250, requests=6, kilobytes=80)) == 86
    assert round(ecoindex(nodes=600, requests=15, kilobytes=300)) == 69
    assert round(ecoindex(nodes=900, requests=70, kilobytes=2559)) == 39


class FirstView:
    """The landing page and the files it needs, as they weigh on the line."""

    def __init__(self, client) -> None:
        response = client.get("/", headers={"accept-encoding": "br"})
        assert response.headers["Content-Encoding"] == "br"
        self.html = len(response.content)
        headers = "".join(f"{name}: {value}\r\n" for name, value in response.items())
        self.headers = len(STATUS_LINE + headers)
        self.page = Page(brotli.decompress(response.content).decode())
        links = [a for a in self.page.all("link") if a["rel"] in WANTED]
        scripts = [a for a in self.page.all("script") if a.get("src")]
        assert not self.page.all("img"), "an image is not counted"
        paths = [a["href"] for a in links] + [a["src"] for a in scripts]
        self.files: dict[str, int] = {}
        for path in dict.fromkeys(paths):
            if not path.startswith("data:"):
                self._add(path.removeprefix("/static/"))
        for link in self.page.all("link"):
            if link["rel"] == "manifest":
                self.files["manifest"] = len(client.get(link["href"]).content)

    def _add(self, name: str) -> None:
        found = finders.find(name)
        assert found, f"{name} is not ours"
        content = Path(found).read_bytes()
        self.files[name] = (
            len(content)
            if name.endswith((".woff2", ".png", ".webp", ".avif", ".jpg"))
            else len(brotli.compress(content))  # WhiteNoise does it beforehand.
        )
        if name.endswith(".css"):
            for rule in re.findall(r"[^{}]*{[^{}]*}", content.decode()):
                if not self._has_letters_of(rule):
                    continue
                for wanted in re.findall(r'url\("?([^")]+)"?\)', rule):
                    if not wanted.startswith("data:"):
                        path = (Path(name).parent / wanted).as_posix()
                        self._add(re.sub(r"[^/]+/\.\./", "", path))
        if name.endswith(".js"):
            # What is loaded when a field is reached is not of the first view.
            imports = re.search(r"\bimport\b(?!\(suggest\))", content.decode())
            assert not imports, "it is not counted"

    def _has_letters_of(self, rule: str) -> bool:
        """Tell whether the page needs what a rule loads (`unicode-range`)."""
        ranges = re.search(r"unicode-range:([^;}]+)", rule)
        if ranges is None:
            return True
        ends = (part.strip(" \nU+").split("-") for part in ranges[1].split(","))
        spans = [(int(end[0], 16), int(end[-1], 16)) for end in ends]
        letters = set(map(ord, self.page.text + self.page.chosen))
        return any(low <= letter <= high for letter in letters for low, high in spans)

    def weight(self, ending: str = "") -> int:
        return sum(size for name, size in self.files.items() if name.endswith(ending))

    @property
    def total(self) -> int:
        return self.html + self.headers + self.weight()

    @property
    def requests(self) -> int:
        return 1 + len(self.files)

    @property
    def nodes(self) -> int:
        return len(self.page.tags)


WANTED = {"stylesheet", "preload", "icon"}


@pytest.fixture
def view(client):
    view = FirstView(client)
    print(
        f"HTML {view.html} + {view.headers} of headers, {view.files},"
        f" {view.total} bytes in {view.requests} requests, {view.nodes} nodes"
    )
    return view


def test_the_page_fits_the_first_window(view):
    assert view.html + view.headers <= FIRST_WINDOW


def test_the_first_view_is_light(view):
    assert view.weight(".css") <= 15_000
    assert view.weight(".js") <= 10_000
    assert view.weight(".woff2") <= 60_000
    assert view.total <= 100_000
    assert view.requests <= 8
    assert view.nodes <= 360


def test_the_ecoindex_is_an_a(view):
    score = ecoindex(
        nodes=view.nodes, requests=view.requests, kilobytes=view.total / 1000
    )

    assert score >= 81


@pytest.mark.browser
def test_the_browser_asks_for_no_more_than_was_counted(new_page, view):
    page, asked = new_page(anew=True), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/", wait_until="networkidle")

    files = {url.partition("/static/")[2] for url in asked if "/static/" in url}
    assert files <= set(view.files)
    assert len(asked) <= 8
    # A site in service has no mark « à compléter »: what it has in place is text.
    nodes = page.evaluate("() => document.querySelectorAll('*:not(mark)').length")
    assert nodes <= 360


SHIFTS = """
() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) sum += entry.value;
  }).observe({type: "layout-shift", buffered: true});
  setTimeout(() => done(sum), 300);
})
"""


@pytest.mark.browser
@pytest.mark.parametrize("width", [1920, 1440, 1280, 768, 390, 360])
@pytest.mark.parametrize("delay", [0, 0.4], ids=["font in time", "font late"])
def test_nothing_moves_however_late_the_font(new_page, width, delay):
    page = new_page(width=width, anew=True)

    def late(route):
        time.sleep(delay)
        route.continue_()

    page.route("**/*.woff2", late)
    page.goto("/", wait_until="networkidle")
    page.evaluate("() => document.fonts.ready.then(() => true)")

    assert page.evaluate(SHIFTS) == 0
