from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.template import TemplateSyntaxError, engines


class Command(BaseCommand):
    help = "Compile every template of the project."

    def handle(self, *args: Any, **options: Any) -> None:
        engine = engines["django"]
        folder = Path(settings.BASE_DIR) / "templates"
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        broken = []
        for path in files:
            try:
                engine.get_template(path.relative_to(folder).as_posix())
            except TemplateSyntaxError as error:
                broken.append(f"{path.relative_to(folder)}: {error}")
        if broken:
            raise CommandError("\n".join(broken))
        self.stdout.write(f"{len(files)} templates compile.")
