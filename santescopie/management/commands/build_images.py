"""Draw the images of the site from the drawings of its pages.

    python manage.py build_images

Writes `static/img/`: the card that messengers show (Open Graph) and the icons. Needs
Chromium, on the machine of whoever changes a drawing only: the files are kept.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.template.loader import render_to_string
from PIL import Image

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


class Command(BaseCommand):
    help = "Draw the sharing card and the icons into static/img/, with Chromium."

    def handle(self, *args: Any, **options: Any) -> None:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        if chromium is None:
            raise CommandError("Chromium is needed to draw the images.")
        with TemporaryDirectory() as folder:
            draw = Drawer(chromium, Path(folder))
            draw("card", CARD, IMAGES / "og.png", font=FONT.as_uri())
            for name, (side, share, ground) in ICONS.items():
                context = {"side": side, "symbol": round(side * share)}
                path = IMAGES / name
                draw("icon", (side, side), path, ground=ground, **context)
        for name in ("og.png", *ICONS):
            size = (IMAGES / name).stat().st_size / 1000
            self.stdout.write(f"{name}: {size:.1f} kB")


class Drawer:
    """Photographs a template of `templates/images/` with a headless browser."""

    def __init__(self, chromium: str, folder: Path) -> None:
        self.chromium = chromium
        self.folder = folder

    def __call__(
        self, template: str, size: tuple[int, int], path: Path, **context: Any
    ) -> None:
        for kind in ("html", "css"):
            text = render_to_string(
                f"images/{template}.{kind}", {"study": study, **context}
            )
            (self.folder / f"{template}.{kind}").write_text(text)
        shot = self.folder / "shot.png"
        subprocess.run(
            [
                self.chromium,
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
                f"--user-data-dir={self.folder / 'profile'}",
                # A window has a least size: the picture is cut out of a larger one.
                f"--window-size={max(size[0], 600)},{max(size[1], 600)}",
                f"--screenshot={shot}",
                (self.folder / f"{template}.html").as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=60,
        )
        with Image.open(shot) as image:
            cut = image.crop((0, 0, *size))
            method = Image.Quantize.FASTOCTREE  # The one that keeps transparency.
            cut.quantize(COLOURS, method, dither=Image.Dither.NONE).save(
                path, optimize=True
            )
