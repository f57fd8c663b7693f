"""Make one proof: rendered, looked at, compared with the live edition, kept."""

from __future__ import annotations

import datetime
import hashlib
import logging
import uuid
from dataclasses import asdict

from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db.models.functions import Now
from PIL import Image

from outbox import files
from outbox.claims import LeaseLost
from outbox.models import MARK
from reports import editions, emails, inspection, pdf, pictures
from reports.models import LINK_LIFETIME, Copy, Edition, Proof
from reports.personalisation import Reader
from reports.proofs import delete, names_of
from reports.templatetags.french import french_date, french_size

logger = logging.getLogger(__name__)

REFERENCE = "SC26-DEMO-DEMO"
DATE = datetime.date(2026, 1, 1)  # Always the same: only the document may differ.
EXPIRY = (
    datetime.datetime.combine(DATE, datetime.time(12), datetime.UTC) + LINK_LIFETIME
)
SITE = "https://exemple.fr"
LINK = f"{SITE}/exemplaire/lien-personnel/"


def make(proof: Proof) -> None:
    """Render, look, compare and keep. Raises LeaseLost, and leaves no file then."""
    version = proof.edition.version
    content = _compose(proof.reader, version)
    mail_text, mail_page = _mail(proof, len(content))
    printed = (REFERENCE, french_date(DATE), f"dition {version}")
    promised = (french_size(len(content)), french_date(EXPIRY))
    checks = [
        *inspection.inspect(content, proof.reader, printed),
        inspection.inspect_mail(mail_text, mail_page, (REFERENCE, LINK, *promised)),
    ]
    live, differences = _compared(proof)
    sheets, mail = pictures.pages(content), pictures.mail(mail_page)
    old = names_of(proof)
    folder = f"epreuves/{uuid.uuid4().hex}"
    parts = {"synthese.pdf": content}
    parts |= {f"page-{n}.png": pictures.png(p) for n, p in enumerate(sheets, 1)}
    parts |= {f"ecart-{n}.png": pictures.png(p) for n, p in differences.items()}
    parts["courriel.png"] = pictures.png(mail)
    storage = storages["copies"]
    for name, part in parts.items():
        storage.save(f"{folder}/{name}", ContentFile(part))
    try:
        proof.finish(
            made_at=Now(),
            folder=folder,
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
            fingerprint=editions.fingerprint(),
            pages=len(sheets),
            mail_height=mail.height,
            compared_with=live,
            changed=sorted(differences),
            checks=[[inspection.SUBJECTS[key], *rest] for key, *rest in checks],
            cause="",
        )
    except LeaseLost:  # Stopped, or too slow: nothing names these files.
        delete(f"{folder}/{name}" for name in parts)
        raise
    delete(old)


def _compose(reader: Reader, version: str) -> bytes:
    return pdf.render(
        reader, edition=version, reference=REFERENCE, date=DATE, site=SITE
    )


def _mail(proof: Proof, size: int) -> tuple[str, str]:
    """Return the text and the HTML that would bring this proof to its reader."""
    message = emails.synthesis(
        Copy(
            edition=proof.edition,
            reference=REFERENCE,
            size=size,
            link_expires_at=EXPIRY,
            **asdict(proof.reader),
        )
    )
    mark = MARK.format(name="copy")
    return message.text.replace(mark, LINK), message.html.replace(mark, LINK)


def _compared(proof: Proof) -> tuple[str, dict[int, Image.Image]]:
    """Compare with the live edition's proof: (its version, the pages that differ).

    The number printed on each page is lent by the live edition: it is no difference.
    Where its file is lost there is nothing to compare with, as before its first proof.
    """
    live = Edition.current()
    reference = (
        live.proofs.filter(persona=proof.persona, made_at__isnull=False)
        .exclude(edition_id=proof.edition_id)
        .first()
    )
    if reference is None:
        return "", {}
    try:
        before = pictures.pages(files.read(reference.file, reference.sha256))
    except (FileNotFoundError, files.DamagedFile):
        logger.exception("proof %s: its file cannot be compared with", reference)
        return "", {}
    after = pictures.pages(_compose(proof.reader, live.version))
    return live.version, pictures.differences(before, after)
