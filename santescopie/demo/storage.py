"""Where the demo differs: the file of a fictitious copy is made when asked for.

Three hundred seeded copies would take minutes to render. Their rows say rendered,
and hold no hash until somebody opens the file: it is then rendered as any other, kept,
and its hash written where it is checked. Other copies are left alone.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.core.files import File
from django.core.files.storage import FileSystemStorage, storages
from django.utils import timezone

from leads.fictitious import COPIES, NOT_YET_RENDERED
from outbox.models import Message
from reports import pdf
from reports.models import Copy


class CopiesOnDemand(FileSystemStorage):
    """Keep copies as production does, and render a fictitious one at its first use."""

    def open(self, name: str, mode: str = "rb") -> File[Any]:
        if name.startswith(COPIES) and not self.exists(name):
            self._render(name)
        return super().open(name, mode)

    def _render(self, name: str) -> str:
        """Render a copy, write down its hash and return it. Twice gives the same."""
        uid = UUID(Path(name).stem)
        copy = Copy.objects.select_related("edition").get(uid=uid)
        content = pdf.render(
            copy.reader,
            edition=copy.edition.version,
            reference=copy.reference,
            date=timezone.localdate(copy.requested_at),
            site=settings.SITE_URL,
        )
        sha256 = hashlib.sha256(content).hexdigest()
        Copy.objects.filter(pk=copy.pk).update(sha256=sha256, size=len(content))
        path = Path(self.path(name))
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_suffix(f".{uuid4().hex}")
        draft.write_bytes(content)
        draft.chmod(0o600)
        draft.replace(path)  # Whole or not at all.
        return sha256


def attach_what_exists(sender: type[Message], instance: Message, **kwargs: Any) -> None:
    """Render a seeded copy before a message that carries it is owed."""
    storage = storages["copies"]
    if not isinstance(storage, CopiesOnDemand):
        return
    for part in instance.attachments:
        if part["sha256"] == NOT_YET_RENDERED and instance.next_attempt_at is not None:
            part["sha256"] = storage._render(part["key"])
