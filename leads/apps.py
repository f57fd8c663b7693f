from __future__ import annotations

from django.apps import AppConfig


class LeadsConfig(AppConfig):
    name = "leads"
    verbose_name = "Contacts"

    def ready(self) -> None:
        from leads import (
            alarm,
            alarm_mail,  # noqa: F401 (mails register themselves)
            assignment_mail,  # noqa: F401
            bases,
            delivery,
            escalation_mail,  # noqa: F401
            mailbox,
            morning,  # noqa: F401
            probing,
            weekly,  # noqa: F401
        )
        from outbox import recipients, watching
        from reports.signals import copy_downloaded, copy_rendered

        watching.watches(probing.start_if_due)
        watching.watches(alarm.tell)
        recipients.asks(bases.may_be_sent)

        copy_rendered.connect(delivery.on_copy_rendered, dispatch_uid="owe-synthesis")
        copy_downloaded.connect(mailbox.on_copy_downloaded, dispatch_uid="mailbox")
