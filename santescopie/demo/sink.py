"""A local SMTP server that delivers nothing: every message becomes a file.

python -m santescopie.demo.sink --port 2525 --directory var/mail
"""

from __future__ import annotations

import argparse
import asyncio
import signal
from datetime import UTC, datetime
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from santescopie.processes import LOOPBACK

LARGEST = 30 * 1024 * 1024  # Bytes.


class Mailbox:
    """Keep accepted messages as files, byte for byte, under the envelope's headers."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.count = 0

    async def handle_DATA(
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        recipients = ", ".join(envelope.rcpt_tos)
        header = f"X-MailFrom: {envelope.mail_from}\r\nX-RcptTo: {recipients}\r\n"
        name = self.keep(header.encode() + envelope.content)
        return f"250 2.0.0 Kept as {name}"

    def keep(self, content: bytes) -> str:
        """Write a message, whole or not at all, and return the file's name."""
        self.count += 1
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{self.count}.eml"
        draft = self.directory / f".{name}.part"
        draft.write_bytes(content)
        draft.rename(self.directory / name)
        return name


async def serve(port: int, directory: Path) -> None:
    """Listen until SIGTERM or SIGINT."""
    directory.mkdir(parents=True, exist_ok=True)
    mailbox = Mailbox(directory)

    def session() -> SMTP:
        return SMTP(
            mailbox,
            data_size_limit=LARGEST,
            enable_SMTPUTF8=True,
            hostname="localhost",
            ident="Santescopie demo",
        )

    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = await loop.create_server(session, LOOPBACK, port)
    await stop.wait()
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--directory", type=Path, required=True)
    options = parser.parse_args()
    asyncio.run(serve(options.port, options.directory))


if __name__ == "__main__":
    main()
