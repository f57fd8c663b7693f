"""Shoot every page and state to docs/screenshots/, small enough to be kept.

    python -m tests.pages.screenshots [NAME ...]

The pages come from their states; the back office and the cover, from a demo of its own
under var/screenshots. The README opens on page.png, mail.png, cover.png, contacts.png.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any
from urllib.error import URLError

from PIL import Image

from santescopie.processes import free_port
from tests.browser import executable, running
from tests.pages.served import prepare, served

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "screenshots"
LIGHT, HEAVIEST, HEAVIEST_OF_ALL = 60_000, 60_000, 10_000_000  # Bytes.
TALLEST = 16_000  # Pixels: WebP holds no more than 16 383.
ACROSS, GAP = 4, 12  # Pages on a line of a sheet; pixels between them.
SHEET = 297 / 210  # The README's four pictures have the shape of the cover.
WIDE, NARROW = 1280, 390
MEASURE = {
    "mesure": "/admin/mesure/",
    "mesure-lignes": "/admin/mesure/lignes/?tuile=met",
    "preuve-d-action": "/admin/mesure/action/",
    "preuve-d-action-contacts": "/admin/mesure/action/contacts/?delai=plus",
    "campagnes": "/admin/leads/campaign/",
    "campagne": "/admin/leads/campaign/1/change/",
    "campagnes-non-reconnues": "/admin/leads/campaign/non-reconnues/",
}
TALL = ("mesure", "mesure-lignes", "preuve-d-action")
BY_NIGHT = ("accueil", "formulaire-a-corriger", "suivi-envoye", "courriel")


def keep(shot: bytes, name: str, lightest: int = LIGHT) -> None:
    """Store a picture as WebP."""
    picture = Image.open(io.BytesIO(shot)).convert("RGB")
    picture = picture.crop((0, 0, picture.width, min(picture.height, TALLEST)))
    (FOLDER / f"{name}.webp").write_bytes(squeezed(picture, lightest))


def squeezed(picture: Image.Image, lightest: int) -> bytes:
    """Return a WebP, at the best quality that weighs no more, if any."""
    for width in (
        picture.width,
        *(w for w in (1600, 1200, 960, 640, 480, 320) if w < picture.width),
    ):
        smaller = fitted(picture, width)
        for quality in (75, 55, 40):
            content = io.BytesIO()
            smaller.save(content, "WEBP", quality=quality, method=6)
            if content.tell() <= lightest:
                return content.getvalue()
    return content.getvalue()  # A long page of a thousand marks: as light as it gets.


def keep_for_readme(shot: bytes, name: str) -> None:
    """Store a picture as a small PNG of few colours, which any viewer shows."""
    whole = Image.open(io.BytesIO(shot)).convert("RGB")
    for width, colours in product((640, 560), (128, 64, 32, 16)):
        picture = fitted(whole, width).crop((0, 0, width, round(width * SHEET)))
        few = picture.quantize(colours, dither=Image.Dither.NONE)
        few.save(path := FOLDER / f"{name}.png", optimize=True)
        if path.stat().st_size <= HEAVIEST:
            return
    raise SystemExit(f"{path}: heavier than {HEAVIEST} bytes")


def fitted(picture: Image.Image, width: int) -> Image.Image:
    height = round(picture.height * width / picture.width)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


@contextmanager
def demo() -> Iterator[tuple[str, str]]:
    """Run a demo with its fictitious leads; yield its address and its password."""
    var, port, password = ROOT / "var" / "screenshots", free_port(), "santescopie"
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "manage.py", "demo"],
        cwd=ROOT,
        env={
            **{k: os.environ[k] for k in ("PATH", "HOME") if k in os.environ},
            "SANTESCOPIE_VAR": str(var),
            "PORT": str(port),
            "DEMO_PASSWORD": password,
            "DEMO_LEADS": "2000",
        },
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 180
        while not answers(f"{url}/readyz"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the demo does not start: see {var / 'log'}")
            time.sleep(0.5)
        yield url, password
    finally:
        process.terminate()
        process.wait(timeout=60)


def answers(url: str) -> bool:
    with suppress(URLError, OSError), urllib.request.urlopen(url, timeout=5):
        return True
    return False


class Camera:
    def __init__(self, browser: Any) -> None:
        self.browser = browser

    def shoot(
        self,
        url: str,
        width: int,
        *,
        dark: bool = False,
        height: int = 0,
        first: Callable[[Any], None] = lambda page: None,
    ) -> bytes:
        """Return the whole page, or its top where a height is given."""
        context = self.browser.new_context(
            viewport={"width": width, "height": height or 844},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            locale="fr-FR",
        )
        page = context.new_page()
        first(page)
        page.goto(url, wait_until="networkidle")
        page.evaluate("() => document.fonts.ready.then(() => true)")
        shot = page.screenshot(full_page=not height)
        context.close()
        return shot


def shoot_states(camera: Camera, url: str, wanted: set[str]) -> None:
    from tests.pages.states import STATES

    for name, state in STATES.items():
        if wanted and name not in wanted:
            continue
        for width in (WIDE, NARROW):
            keep(camera.shoot(url + state.path, width), f"{name}-{width}")
            if name in BY_NIGHT:
                shot = camera.shoot(url + state.path, width, dark=True)
                keep(shot, f"{name}-{width}-nuit")
        print(name, flush=True)
    for name, state, width in (("page", "accueil", WIDE), ("mail", "courriel", 640)):
        if not wanted or name in wanted:
            height = round(width * SHEET)
            shot = camera.shoot(url + STATES[state].path, width, height=height)
            keep_for_readme(shot, name)


def sign_in_as(page: Any, name: str, url: str, password: str) -> None:
    page.goto(f"{url}/admin/")
    page.fill("#id_username", name)
    page.fill("#id_password", password)
    page.click("[type=submit]")
    page.wait_for_load_state()


def shoot_walk(browser: Any, url: str, password: str) -> None:
    """Show what one of the sales staff sees at each step, from arriving to the date."""
    from reports import pictures
    from tests.pages.morning import Mouse, steps

    context = browser.new_context(
        viewport={"width": WIDE, "height": 900}, base_url=url, locale="fr-FR"
    )
    page = context.new_page()
    sign_in_as(page, "commercial", url, password)
    sheets: list[bytes] = []
    for number, step in enumerate(steps(Mouse(page), sheets), start=1):
        shot = page.screenshot()
        if step == "lire":
            shot = encoded(pictures.pages(sheets[0])[0])
        keep(shot, f"parcours-{number}")
    context.close()


def shoot_back_office(camera: Camera) -> None:
    with demo() as (url, password):

        def sign_in(page: Any) -> None:
            sign_in_as(page, "admin", url, password)

        def newest(page: Any) -> None:
            sign_in(page)
            page.goto(leads)
            nonlocal lead
            lead = page.locator("#result_list tbody th a").first.evaluate("a => a.href")

        leads, lead = f"{url}/admin/leads/lead/", ""
        height = round(WIDE * SHEET)
        shot = camera.shoot(leads, WIDE, height=height, first=newest)
        keep_for_readme(shot, "contacts")
        keep(camera.shoot(leads, NARROW, height=844, first=sign_in), "contacts-390")
        keep(camera.shoot(lead, WIDE, first=sign_in), "contact-1280")
        for name, path in (
            ("equipe", "/admin/"),
            ("telechargements", "/admin/telechargements/"),
        ):
            shot = camera.shoot(url + path, WIDE, height=1000, first=sign_in)
            keep(shot, f"{name}-1280")
        shoot_walk(camera.browser, url, password)
        shoot_measure(camera, url, sign_in)


def shoot_measure(camera: Camera, url: str, sign_in: Callable[[Any], None]) -> None:
    for name, path in MEASURE.items():
        for width, dark in product((WIDE, NARROW), (False, True)):
            height = 1600 if name in TALL else 0  # Longer, nothing could be read.
            shot = camera.shoot(
                url + path, width, dark=dark, height=height, first=sign_in
            )
            keep(shot, f"{name}-{width}{'-nuit' if dark else ''}", lightest=45_000)


def shoot_documents(wanted: set[str]) -> None:
    """Show every page that each persona receives, on one sheet; and the cover alone."""
    from django.conf import settings

    from reports import editions, pdf, pictures
    from reports.personalisation import PERSONAS

    for name, reader in PERSONAS.items():
        if wanted and not wanted & {name, "cover"}:
            continue
        content = pdf.render(
            reader,
            edition=editions.PRESENT.version,
            reference="SC26-DEMO-DEMO",
            date=date(2026, 11, 25),
            site=settings.SITE_URL,
        )
        pages = pictures.pages(content)
        if name == "dg-chu":
            keep_for_readme(encoded(pages[0]), "cover")
        width, height = pages[0].size
        rows = -(-len(pages) // ACROSS)
        sheet = Image.new(
            "RGB", (ACROSS * (width + GAP), rows * (height + GAP)), "gray"
        )
        for index, page in enumerate(pages):
            row, column = divmod(index, ACROSS)
            sheet.paste(page, (column * (width + GAP), row * (height + GAP)))
        keep(encoded(sheet), f"synthese-{name}", lightest=2 * LIGHT)
        print(f"synthese-{name}", flush=True)


def encoded(picture: Image.Image) -> bytes:
    content = io.BytesIO()
    picture.save(content, "PNG")
    return content.getvalue()


def main(wanted: set[str]) -> None:
    path = executable()
    if path is None:
        raise SystemExit("no Chromium: set CHROMIUM, or install chromium")
    prepare()
    FOLDER.mkdir(parents=True, exist_ok=True)
    shoot_documents(wanted)
    with served() as url, running(path) as browser:
        shoot_states(Camera(browser), url, wanted)
        if not wanted or "contacts" in wanted:
            shoot_back_office(Camera(browser))
    total = sum(file.stat().st_size for file in FOLDER.iterdir())
    print(f"{len(list(FOLDER.iterdir()))} files, {total / 1e6:.2f} MB in {FOLDER}")
    if total > HEAVIEST_OF_ALL:
        raise SystemExit(f"more than {HEAVIEST_OF_ALL / 1e6:.0f} MB")


if __name__ == "__main__":
    main(set(sys.argv[1:]))
