from __future__ import annotations

from celery import shared_task

from outbox import sending
from outbox.models import Message


@shared_task(name="outbox.send_message")
def send_message(pk: int, lease_no: int) -> None:
    """Send one message, and what is due after it. Running it again sends no more.

    Dying between the server's answer and our note of it means one more sending,
    once the lease has ended: twice rather than never.
    """
    message = Message.objects.claim(pk, lease_no)
    if message is not None:  # Else: sent already, or another worker is on it.
        sending.send_batch(message)
