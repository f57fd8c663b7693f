"""How tests ask for somebody's data, as a mailbox's owner does."""

from __future__ import annotations

import re

from leads.models import DataLink
from leads.tasks import mail_data_link
from outbox.models import Message
from outbox.tasks import send_message

ASK = "/mes-donnees/"


def ask(visitor, address):
    """Post an address, and let the workers do what that owes."""
    response = visitor.post(ASK, {"email": address})
    for link in DataLink.objects.due():
        mail_data_link(link.pk, link.lease_no)
    return response


def send_all():
    for message in Message.objects.due():
        send_message(message.pk, message.lease_no)


def open_link(visitor, address, sink):
    """Return the path of the link that was mailed to an address."""
    ask(visitor, address)
    send_all()
    return link_in(sink)


def body(sink, part="plain"):
    return sink.messages[-1].mail.get_body((part,)).get_content()


def link_in(sink):
    [found] = re.findall(r"https?://[^/\s]+(/mes-donnees/\S+)", body(sink))
    assert found in body(sink, "html")
    return found


def code_in(sink):
    [found] = re.findall(r"^(\d{6})\s*$", body(sink), re.M)
    assert found in body(sink, "html")
    return found
