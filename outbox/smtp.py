"""Speak SMTP one step at a time, so that we know what the server answered, and when."""

from __future__ import annotations

import email.policy
import io
import smtplib
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.core.mail import DNS_NAME, EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from outbox.models import Suppression
from outbox.recipients import Withheld, off_trial_list

# Seconds for one message, from the connection to the last answer: below the lease.
SESSION = 30


class Step(StrEnum):
    CONNECT = "connect"  # The name, the line, TLS from the first byte, the banner.
    TLS = "tls"
    SIGN_IN = "sign-in"
    GREET = "greet"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    END = "end"  # Everything was handed over: without an answer, nobody knows.


class Failure(Exception):
    """What broke, at which step, and what the server said, if it said anything."""

    def __init__(self, step: Step, code: int | None, text: str) -> None:
        super().__init__(step, code, text)
        self.step, self.text = step, text
        self.code = code if code and code > 0 else None  # -1: not even a number.

    @property
    def ambiguous(self) -> bool:
        """Tell whether the server may have taken the message (RFC 1047)."""
        return self.step is Step.END and self.code is None


class ImpossibleAddress(Exception):
    """The recipient's address is none: no server can ever take it."""


class _Reader(io.RawIOBase):
    """Read from a socket, with as much patience as its client has left."""

    def __init__(self, client: _Client) -> None:
        self.client = client

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        sock = self.client.sock
        if sock is None:  # Closed meanwhile.
            return 0
        sock.settimeout(self.client.left())
        return sock.recv_into(buffer)


class _Client(smtplib.SMTP):
    """A client whose whole session has a deadline, whatever each step may take.

    A server that sends one byte a second ends no read, and takes all day.
    """

    patient = False  # The answer to the final dot may take all that is left.

    def __init__(self, *args: Any, deadline: float, **kwargs: Any) -> None:
        self.deadline = deadline
        super().__init__(*args, **kwargs)

    def left(self) -> float:
        """Return the seconds that the next step may take."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out: the session is over its time")
        return left if self.patient else min(left, self.timeout)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        # typeshed leaves it out; smtplib keeps it for its own subclass.
        return super()._get_socket(host, port, self.left())  # type: ignore[misc,no-any-return]

    def send(self, data: Any) -> None:
        if self.sock:
            self.sock.settimeout(self.left())
        super().send(data)

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock:
            self.file = io.BufferedReader(_Reader(self))
        self.last = super().getreply()
        return self.last

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Hand the content over. The server may think before it answers.

        RFC 5321, 4.5.3.2.6, would give it ten minutes: it has the session's rest.
        """
        self.patient = True
        try:
            return super().data(msg)
        finally:
            self.patient = False


class _TlsClient(_Client, smtplib.SMTP_SSL):
    """The same, with TLS from the first byte."""


def _deadline() -> float:
    """Return when a session that begins now must be over."""
    return time.monotonic() + SESSION * settings.DELAY_SCALE


@contextmanager
def _at(step: Step) -> Iterator[None]:
    """Say at which step something broke, and what the server had answered."""
    try:
        yield
    except smtplib.SMTPResponseException as error:
        words = text_of(error.smtp_error)
        raise Failure(step, error.smtp_code, words) from error
    except (OSError, ValueError) as error:  # ValueError: certificates, IDNA.
        raise Failure(
            step, None, text_of(f"{type(error).__name__}: {error}")
        ) from error


def text_of(answer: bytes | str) -> str:
    """Return a server's words as a column can hold them."""
    if isinstance(answer, bytes):
        answer = answer.decode("utf-8", "replace")
    return answer.replace("\x00", "")[:500]


class Backend(EmailBackend):
    """Send as Django does, and say what happened.

    Django's own backend tells neither the step nor the answer, and a connection that
    ends badly after an acceptance undoes it: the message would leave twice.
    """

    connection: Any  # A _Client, or None.

    @property
    def server(self) -> str:
        """Name the server, as the breaker knows it."""
        return f"{self.host}:{self.port}"

    @property
    def connection_class(self) -> Any:
        return _TlsClient if self.use_ssl else _Client

    def open(self) -> bool:
        """Connect, unless we are. Raises Failure."""
        return self._open(_deadline())

    def _open(self, deadline: float) -> bool:
        if self.connection is not None:
            self.connection.deadline = deadline
            return False
        options = {"context": self.ssl_context} if self.use_ssl else {}
        with _at(Step.CONNECT):
            client = self.connection_class(
                self.host,
                self.port,
                local_hostname=DNS_NAME.get_fqdn(),
                timeout=self.timeout,
                deadline=deadline,
                **options,
            )
        try:
            if self.use_tls:
                with _at(Step.TLS):
                    client.starttls(context=self.ssl_context)
            if self.username and self.password:
                with _at(Step.SIGN_IN):
                    client.login(self.username, self.password)
            with _at(Step.GREET):
                client.ehlo_or_helo_if_needed()
        except Failure:
            client.close()
            raise
        self.connection = client
        return True

    def deliver(
        self, mail: EmailMessage, before_data: Callable[[], None] = lambda: None
    ) -> tuple[int, str]:
        """Send one message, and return the server's last answer.

        `before_data` is called at the last instant at which nothing has been handed
        over. The connection stays open for the next message, until close().

        Raises Withheld or ImpossibleAddress before a word is said, or Failure.
        """
        sender, recipient = self._addresses(mail)
        content = mail.message(policy=email.policy.SMTP).as_bytes()
        self._mail_from(sender, len(content), _deadline())
        client = self.connection
        try:
            with _at(Step.RCPT):
                code, answer = client.rcpt(recipient)
            if code not in (250, 251):
                raise Failure(Step.RCPT, code, text_of(answer))
            before_data()
            code, answer = self._data(client, content)
        except Failure as failure:
            self._recover(failure)
            raise
        except BaseException:
            self._drop()  # Between RCPT and DATA the server waits for us: hang up.
            raise
        return code, text_of(answer)

    def _addresses(self, mail: EmailMessage) -> tuple[str, str]:
        """Return sender and recipient, who may be written to: the last guard."""
        [recipient] = mail.recipients()
        if Suppression.objects.covers(recipient):
            raise Withheld("suppressed")
        if off_trial_list(recipient):
            raise Withheld("trial")
        try:
            return self.prep_address(mail.from_email), self.prep_address(recipient)
        except ValueError as error:
            raise ImpossibleAddress(str(error)[:500]) from error

    def _mail_from(self, sender: str, size: int, deadline: float) -> None:
        """Begin a message, on the open connection or on a fresh one.

        A server may close a connection that has idled or carried enough.
        """
        fresh = self._open(deadline)
        client = self.connection
        options = [f"size={size}"] if client.has_extn("size") else []
        try:
            with _at(Step.MAIL):
                code, answer = client.mail(sender, options)
            if code != 250:
                raise Failure(Step.MAIL, code, text_of(answer))
        except Failure as failure:
            self._recover(failure)
            if fresh:
                raise
            self._drop()
            self._mail_from(sender, size, deadline)

    def _data(self, client: Any, content: bytes) -> tuple[int, bytes]:
        try:
            with _at(Step.DATA):
                code, answer = client.data(content)
        except Failure as failure:
            if failure.code is None and client.last[0] == 354:
                failure.step = Step.END
            raise
        if code != 250:
            raise Failure(Step.END, code, text_of(answer))
        return code, answer

    def _recover(self, failure: Failure) -> None:
        """Make the connection fit for another message, or drop it."""
        if failure.code in (None, 421):
            return self._drop()
        try:
            code, _ = self.connection.rset()
        except (OSError, ValueError):
            code = None
        if code != 250:
            self._drop()

    def _drop(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def _send(self, email_message: EmailMessage) -> bool:
        self.deliver(email_message)
        return True

    def _close_connection(self, connection: Any) -> None:
        connection.deadline = _deadline()
        with suppress(OSError):
            connection.quit()
        connection.close()
