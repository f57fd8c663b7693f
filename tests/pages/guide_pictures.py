"""Shoot the pictures of the staff's guide to static/guide/.

    python -m tests.pages.guide_pictures

The people on them are the demo's: nobody.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from PIL import Image

from reports import pictures
from tests.browser import executable, running
from tests.pages.screenshots import (
    LIGHT,
    ROOT,
    Camera,
    demo,
    fitted,
    sign_in_as,
    squeezed,
)

FOLDER = ROOT / "static" / "guide"
WIDE, HEIGHT, KEPT = 1280, 900, 960


def keep(picture: Image.Image, name: str) -> None:
    picture = fitted(picture.convert("RGB"), min(KEPT, picture.width))
    (FOLDER / f"{name}.webp").write_bytes(squeezed(picture, LIGHT))


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with demo() as (url, password), running(str(executable())) as browser:
        camera = Camera(browser)
        lead = ""

        def sign_in(page: Any) -> None:
            sign_in_as(page, "commercial", url, password)

        def first_line(page: Any) -> None:
            nonlocal lead
            sign_in(page)
            link = page.locator("#content a[href*='/leads/lead/']").first
            lead = str(link.evaluate("a => a.href"))

        def shoot(path: str, first: Any = sign_in) -> Image.Image:
            address = path if path.startswith("http") else url + path
            shot = camera.shoot(address, WIDE, height=HEIGHT, first=first)
            return Image.open(io.BytesIO(shot))

        keep(shoot("/admin/", first_line), "ma-file")
        keep(shoot(lead), "contact")
        keep(shoot("/admin/leads/lead/"), "liste")
        keep(sheet(browser, sign_in, lead), "fiche-d-appel")
    for path in sorted(Path(FOLDER).glob("*.webp")):
        print(path.relative_to(ROOT), path.stat().st_size)


def sheet(browser: Any, sign_in: Any, lead: str) -> Image.Image:
    """Return the picture of the call sheet of a lead, by the address of its page."""
    context = browser.new_context()
    sign_in(context.new_page())
    address = lead.rsplit("/change", 1)[0] + "/fiche-d-appel.pdf"
    content = context.request.get(address).body()
    context.close()
    return pictures.pages(content)[0]


if __name__ == "__main__":
    main()
