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
            delivery,
            escalation_mail,  # noqa: F401
            morning,  # noqa: F401
            probing,
            rights,  # noqa: F401 (guards what leaves)
            weekly,  # noqa: F401
        )
        from outbox import watching
        from reports.signals import copy_rendered

        watching.watches(probing.start_if_due)
        watching.watches(alarm.tell)

        copy_rendered.connect(delivery.on_copy_rendered, dispatch_uid="owe-synthesis")
