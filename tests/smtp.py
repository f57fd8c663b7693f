"""A real SMTP server for tests, whose answers can be chosen."""

from __future__ import annotations

import asyncio
import email
import email.policy
import time
from types import SimpleNamespace

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

HANG = "hang"  # Say nothing more.
DROP = "drop"  # Hang up without a word.
DRIP = "drip"  # One byte now and then, and never the end of a line.


class Server(SMTP):
    """Answer as the sink was told, at each step; else as a server should."""

    async def _handle_client(self):
        self.event_handler.connections += 1
        if not await self._played("connect"):
            await super()._handle_client()

    async def _played(self, step):
        """Play what this step was told to do; return whether that was its answer."""
        await asyncio.sleep(self.event_handler.latency)
        told = self.event_handler.play.get(step)
        if callable(told):
            told = told()
        if told is None:
            return False
        if told == DROP:
            self.transport.abort()
        elif told in (HANG, DRIP):
            transport = self.transport
            try:
                while not self.event_handler.over:
                    if told == DRIP:
                        transport.write(b"2")
                    await asyncio.sleep(0.05)
            finally:  # Cancelled when the client hangs up: so do we.
                transport.abort()
        else:
            await self.push(told)
            if step == "connect" or told.startswith("421"):
                self.transport.close()
        return True

    def __init_subclass__(cls):
        for command in ("EHLO", "AUTH", "STARTTLS", "MAIL", "RCPT", "DATA", "QUIT"):
            setattr(cls, f"smtp_{command}", cls._command(command))

    @staticmethod
    def _command(command):
        async def method(self, arg):
            self.event_handler.commands.append(command)
            if not await self._played(command.lower()):
                await getattr(SMTP, f"smtp_{command}")(self, arg)

        return method


class PlayingServer(Server):
    pass


class Sink:
    """Keep every message it accepts.

    `rcpt` and `data` hold the answers to a recipient and to the final dot; `play`
    maps any other step to an answer, HANG, DROP, DRIP or a function that returns one.
    `drop_after_dot` takes the message, then hangs up without a word.
    """

    def __init__(self):
        self.messages = []
        self.commands = []
        self.connections = 0
        self.play = {}
        self.rcpt = "250 OK"
        self.data = "250 OK"
        self.drop_after_dot = False
        self.dot_delay = 0  # Seconds.
        self.latency = 0  # Seconds before each answer: how far away the server is.
        self.over = False
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
        await asyncio.sleep(self.latency)
        begun = time.monotonic()
        while time.monotonic() - begun < self.dot_delay and not self.over:
            await asyncio.sleep(0.05)
        return self.data

    def __enter__(self):
        class Serving(Controller):
            def factory(self):
                return PlayingServer(
                    self.handler,
                    hostname="sink.exemple.fr",
                    loop=self.loop,
                    auth_require_tls=False,
                    authenticator=lambda *args: AuthResult(success=True),
                )

        self.controller = Serving(self, hostname="127.0.0.1", port=free_port())
        self.controller.start()
        self.connections = 0  # The controller has tried its own door.
        self.url = f"smtp://127.0.0.1:{self.controller.port}"
        return self

    def __exit__(self, *args):
        self.over = True
        self.controller.stop()


def free_port():
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
