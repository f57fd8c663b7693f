"""A mail server that obeys, and keeps what it accepts as files."""

from __future__ import annotations

import asyncio
import email
import email.policy
import hashlib
import logging
import shutil
import ssl
import subprocess
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pypdfium2
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.smtp import PlayingServer, Sink, free_port


@dataclass(frozen=True)
class Receipt:
    """One message that the server took, whatever it then said."""

    at: float
    recipient: str
    file: Path

    @cached_property
    def mail(self):
        content = self.file.read_bytes()
        return email.message_from_bytes(content, policy=email.policy.default)

    @property
    def message_id(self):
        return self.mail["Message-ID"]

    @cached_property
    def document(self):
        [attachment] = self.mail.iter_attachments()
        return attachment.get_content()

    @property
    def sha256(self):
        return hashlib.sha256(self.document).hexdigest()

    @property
    def cover(self):
        """Return the words of the attached document's first page."""
        document = pypdfium2.PdfDocument(self.document)
        try:
            return document[0].get_textpage().get_text_bounded()
        finally:
            document.close()


class FaultySink(Sink):
    """Take mail over TLS after a sign-in, as a provider does, until told otherwise.

    `once_at_rcpt` and `once_at_dot` answer every other recipient, once each.
    `risks` counts the messages it kept and whose sender it told nothing.
    """

    def __init__(self, var):
        super().__init__()
        self.folder = var / "received"
        self.folder.mkdir(parents=True)
        self.certificate = self_signed(var)
        self.receipts = []
        self.calm()

    def calm(self):
        """Be a good server again."""
        self.play.clear()
        self.data = self.rcpt = "250 OK"
        self.once_at_rcpt = self.once_at_dot = None
        self.answered = set()
        self.drops = self.silences = self.risks = 0

    def _once(self, answer, address):
        if answer is None or address in self.answered or len(address) % 2:
            return None
        self.answered.add(address)
        return answer

    async def handle_RCPT(self, server, session, envelope, address, options):
        if answer := self._once(self.once_at_rcpt, address):
            return answer
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server, session, envelope):
        [recipient] = envelope.rcpt_tos
        answer = self._once(self.once_at_dot, recipient) or self.data
        if not answer.startswith("250"):
            return answer
        file = self.folder / f"{len(self.receipts):06}.eml"
        file.write_bytes(envelope.original_content)
        self.receipts.append(Receipt(time.time(), recipient, file))
        if self.drops > 0:
            self.drops -= 1
            self.risks += 1
            server.transport.abort()
        elif self.silences > 0:
            self.silences -= 1
            self.risks += 1
            while not self.over and not server.transport.is_closing():
                await asyncio.sleep(0.1)
        return answer

    def __enter__(self):
        class Serving(Controller):
            def factory(self):
                return PlayingServer(
                    self.handler,
                    hostname="sink.exemple.fr",
                    loop=self.loop,
                    tls_context=self.handler.context,
                    authenticator=lambda *args: AuthResult(success=True),
                    auth_require_tls=self.handler.context is not None,
                )

        # It says at each sign-in that an attribute of its own is deprecated.
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        self.context = None
        if self.certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(self.certificate)
        port = free_port()
        self.controller = Serving(self, hostname="127.0.0.1", port=port)
        self.controller.start()
        self.connections = 0
        scheme = "smtp+tls" if self.context else "smtp"
        self.url = f"{scheme}://etude:secret@127.0.0.1:{port}?timeout=2"
        return self


def self_signed(var):
    """Return a certificate for 127.0.0.1 with its key, or None without openssl."""
    if not shutil.which("openssl"):
        print("openssl is not installed: mail travels in clear, and no fault of TLS")
        return None
    file, public = var / "certificate.pem", var / "public.pem"
    made = "openssl req -x509 -newkey ed25519 -nodes -days 2 -subj /CN=127.0.0.1"
    made += f" -addext subjectAltName=IP:127.0.0.1 -keyout {file} -out {public}"
    subprocess.run(made.split(), check=True, capture_output=True)
    with file.open("a") as certificate:
        certificate.write(public.read_text())
    return file
