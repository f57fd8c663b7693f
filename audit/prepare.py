"""Write what the tools of the audit look at: pages, the mail, the message, PDFs.

    python audit/prepare.py FOLDER

Makes FOLDER/pages/*.html, FOLDER/mail.html, FOLDER/message.eml and FOLDER/pdf/*.pdf.
"""

from __future__ import annotations

import hashlib
import sys
import uuid
from email import policy
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.pages import served


def message(folder: Path) -> bytes:
    """Return the whole message of a fictitious reader, as it would leave."""
    from django.conf import settings
    from django.core.files.base import ContentFile
    from django.core.files.storage import storages
    from django.core.mail.message import EmailMessage

    from outbox import sending
    from reports import emails
    from reports.personalisation import PERSONAS
    from tests.pages.states import NOON

    settings.STORAGES["copies"]["OPTIONS"]["location"] = str(folder / "copies")
    content = (folder / "pdf" / "dsi.pdf").read_bytes()
    copy = SimpleNamespace(
        reader=PERSONAS["dsi"],
        reference="SC26-DEMO-DEMO",
        size=len(content),
        link_expires_at=NOON,
        lead_id=None,
        recipient="zoe.fictif@example.net",
        uid=uuid.UUID(int=26),
        token_generation=1,
        file=storages["copies"].save("dsi.pdf", ContentFile(content)),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    mail: EmailMessage = sending.build(emails.synthesis(copy))
    return mail.message(policy=policy.SMTP).as_bytes()


def main(folder: Path) -> None:
    served.prepare()

    from django.core.management import call_command

    served.write(folder / "pages")
    # The policies of HTML and of mail differ: the mail is not one of the pages.
    (folder / "pages" / "courriel.html").replace(folder / "mail.html")
    for other in (folder / "pages").glob("courriel-*.html"):
        other.unlink()
    call_command("render_synthesis", persona="all", output=folder / "pdf", verbosity=0)
    (folder / "message.eml").write_bytes(message(folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
