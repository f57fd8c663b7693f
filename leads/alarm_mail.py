"""The mails of the silence alarm, made when they leave."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from leads.alarm import CLEARED, RAISED, Trouble
from leads.alarm_words import SUBJECT_CLEARED
from leads.models import Alarm
from outbox import making
from outbox.making import Content
from outbox.models import Message


@making.makes(RAISED)
def raised(message: Message) -> Content | None:
    """Return what is late; None where it is over: that is said by the other mail."""
    alarm = Alarm.objects.filter(**_about(message), cleared_at=None).first()
    if alarm is None:
        return None
    trouble = Trouble(Alarm.Step(alarm.step), alarm.since)
    return making.written(RAISED, trouble.title[:-1], _context(trouble))


@making.makes(CLEARED)
def cleared(message: Message) -> Content | None:
    alarm = Alarm.objects.filter(**_about(message)).first()
    if alarm is None:
        return None
    trouble = Trouble(Alarm.Step(alarm.step), alarm.since)
    context = {**_context(trouble), "cleared_at": alarm.cleared_at}
    return making.written(CLEARED, SUBJECT_CLEARED, context)


def _about(message: Message) -> dict[str, int]:
    return {"pk": message.about.get("alarm", 0)}


def _context(trouble: Trouble) -> dict[str, object]:
    url = settings.SITE_URL + reverse("admin:index")
    return {"trouble": trouble, "admin_url": url}
