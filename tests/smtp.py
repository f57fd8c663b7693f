"""A real SMTP server for tests, whose answers can be chosen."""

from __future__ import annotations

import email
import email.policy
import time
from types import SimpleNamespace

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP


class Sink:
    """Keep every message it accepts; `rcpt` and `data` hold the answers to give.

    `drop_after_dot` takes the message, then hangs up without a word.
    """

    def __init__(self):
        self.messages = []
        self.rcpt = "250 OK"
        self.data = "250 OK"
        self.banner_delay = 0
        self.drop_after_dot = False
        self.before_answer = lambda: None

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server, session, envelope):
        self.before_answer()
        if self.data.startswith("250"):
            self.messages.append(
                SimpleNamespace(
                    at=time.time(),
                    sender=envelope.mail_from,
                    recipients=list(envelope.rcpt_tos),
                    raw=envelope.original_content,
                    mail=email.message_from_bytes(
                        envelope.original_content, policy=email.policy.default
                    ),
                )
            )
        if self.drop_after_dot:
            server.transport.abort()
        return self.data

    def __enter__(self):
        class Server(Controller):
            def factory(self):
                return SMTP(self.handler, hostname="sink.exemple.fr", loop=self.loop)

        self.controller = Server(self, hostname="127.0.0.1", port=free_port())
        self.controller.start()
        self.url = f"smtp://127.0.0.1:{self.controller.port}"
        return self

    def __exit__(self, *args):
        self.controller.stop()


def free_port():
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
