"""Speak SMTP one step at a time, so that we know what the server answered, and when."""

from __future__ import annotations

import email.policy
import smtplib
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend


class ImpossibleAddress(Exception):
    """The recipient's address is none: no server can ever take it."""


class Backend(EmailBackend):
    """Send as Django does, with three differences.

    The message's own `before_data` is called just before DATA, the last instant at
    which nothing has been handed over. The server's answers are kept on the message
    (`reply`). A connection that ends badly after an acceptance does not undo it:
    Django's backend would raise, and the message would leave twice.
    """

    def _send(self, email_message: EmailMessage) -> bool:
        sender = self.prep_address(email_message.from_email)
        try:
            recipients = [self.prep_address(a) for a in email_message.recipients()]
        except ValueError as error:
            raise ImpossibleAddress(str(error)) from error
        content = email_message.message(policy=email.policy.SMTP).as_bytes()
        smtp = self.connection
        assert smtp is not None  # send_messages() has opened it.
        smtp.ehlo_or_helo_if_needed()
        options = [f"size={len(content)}"] if smtp.has_extn("size") else []
        code, answer = smtp.mail(sender, options)
        if code != 250:
            raise smtplib.SMTPSenderRefused(code, answer, sender)
        for recipient in recipients:
            code, answer = smtp.rcpt(recipient)
            if code not in (250, 251):
                raise smtplib.SMTPRecipientsRefused({recipient: (code, answer)})
        getattr(email_message, "before_data", lambda: None)()
        code, answer = smtp.data(content)
        if code != 250:
            raise smtplib.SMTPDataError(code, answer)
        email_message.reply = (code, answer)  # type: ignore[attr-defined]
        return True

    def _close_connection(self, connection: Any) -> None:
        try:
            connection.quit()
        except (OSError, smtplib.SMTPException):
            connection.close()
