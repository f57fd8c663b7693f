from __future__ import annotations

import logging
import mailbox
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from outbox import bounces

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "Read what mail servers sent back (RFC 3464): one message on standard input, "
        "as a mailbox's pipe gives it, or files, folders and mbox files."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="*", type=Path)

    def handle(self, *args: Any, paths: list[Path], **options: Any) -> None:
        read = news = broken = 0
        for content in self._contents(paths):
            read += 1
            try:
                news += bounces.feed(content)
            except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
                # Anybody may write to this mailbox: one message must not stop the rest.
                logger.exception("a message that cannot be read")
                broken += 1
        self.stdout.write(f"{read} read, {news} new")
        if broken:
            raise CommandError(f"{broken} could not be read: see the log")

    def _contents(self, paths: list[Path]) -> Iterator[bytes]:
        if not paths:
            yield sys.stdin.buffer.read(bounces.MAX_SIZE)
        for path in paths:
            if not path.exists():
                raise CommandError(f"{path}: not found")
            files = sorted(path.rglob("*")) if path.is_dir() else [path]
            for file in files:
                if file.is_file():
                    yield from self._messages(file)

    def _messages(self, file: Path) -> Iterator[bytes]:
        with file.open("rb") as opened:
            content = opened.read(bounces.MAX_SIZE)
        if not content.startswith(b"From "):
            yield content
            return
        box = mailbox.mbox(file, create=False)
        try:
            for key in box.keys():  # noqa: SIM118  (a mailbox iterates its messages)
                yield box.get_bytes(key)
        finally:
            box.close()
