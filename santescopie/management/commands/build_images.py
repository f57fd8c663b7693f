"""Draw the images of the site from the drawings of its pages.

    python manage.py build_images

Writes `static/img/`: the card that messengers show (Open Graph) and the icons. Needs
Chromium, on the machine of whoever changes a drawing only: the files are kept.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.template.loader import render_to_string
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from reports import study

IMAGES = Path(settings.BASE_DIR) / "static" / "img"
FONT = Path(settings.BASE_DIR) / "static" / "fonts" / "encode-sans.woff2"
CARD = (1200, 630)  # Pixels, as Open Graph's readers ask.
COLOURS = 48  # Four inks and their edges.
GLASS = "#eef3f2"
# file name → side in pixels, share of it that the symbol takes, ground
ICONS = {
    "favicon-32.png": (32, 1.0, "transparent"),
    "apple-touch-icon.png": (180, 0.66, GLASS),
    "icon-192.png": (192, 0.62, GLASS),  # A mask may cut a fifth away.
    "icon-512.png": (512, 0.62, GLASS),
}

DIGEST = "Source"  # The text chunk that holds the digest.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--allow-file-access-from-files",
    "--default-background-color=00000000",
    "--virtual-time-budget=2000",
)


class Command(BaseCommand):
    help = "Draw the sharing card and the icons into static/img/, with Chromium."

    def handle(self, *args: Any, **options: Any) -> None:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        if chromium is None:
            raise CommandError("Chromium is needed to draw the images.")
        with TemporaryDirectory() as folder:
            shutil.copy(FONT, folder)
            for name, image in images().items():
                image.draw(chromium, Path(folder), IMAGES / name)
                size = (IMAGES / name).stat().st_size / 1000
                self.stdout.write(f"{name}: {size:.1f} kB")


@dataclass(frozen=True)
class Drawn:
    """A picture of a page of `templates/images/`; `size` in pixels."""

    size: tuple[int, int]
    sources: Mapping[str, str]  # name of a file → its text; one is `….html`

    @property
    def digest(self) -> str:
        """Return what is kept in the picture, to tell when its source has changed."""
        made_of = (*self.sources.values(), repr((self.size, COLOURS, FLAGS)))
        digest = hashlib.sha256("\0".join(made_of).encode())
        digest.update(FONT.read_bytes())
        return digest.hexdigest()

    def draw(self, chromium: str, folder: Path, path: Path) -> None:
        for name, text in self.sources.items():
            (folder / name).write_text(text)
        page = next(name for name in self.sources if name.endswith(".html"))
        shot = folder / "shot.png"
        # A window has a least size: the picture is cut out of a larger one.
        window = ",".join(str(max(side, 600)) for side in self.size)
        places = (
            f"--user-data-dir={folder / 'profile'}",
            f"--window-size={window}",
            f"--screenshot={shot}",
            (folder / page).as_uri(),
        )
        subprocess.run(
            [chromium, *FLAGS, *places], check=True, capture_output=True, timeout=60
        )
        told = PngInfo()
        told.add_text(DIGEST, self.digest)
        with Image.open(shot) as image:
            cut = image.crop((0, 0, *self.size))
            method = Image.Quantize.FASTOCTREE  # The one that keeps transparency.
            few = cut.quantize(COLOURS, method, dither=Image.Dither.NONE)
            few.save(path, optimize=True, pnginfo=told)


def images() -> dict[str, Drawn]:
    """Return every image that is drawn, by the name of its file."""
    icons = {
        name: drawn(
            "icon", (side, side), side=side, ground=ground, symbol=round(side * share)
        )
        for name, (side, share, ground) in ICONS.items()
    }
    return {"og.png": drawn("card", CARD, font=FONT.name), **icons}


def drawn(template: str, size: tuple[int, int], **context: Any) -> Drawn:
    context["study"] = study
    names = (f"{template}.html", f"{template}.css")
    return Drawn(
        size, {name: render_to_string(f"images/{name}", context) for name in names}
    )
