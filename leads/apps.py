from __future__ import annotations

from django.apps import AppConfig


class LeadsConfig(AppConfig):
    name = "leads"
    verbose_name = "Contacts"

    def ready(self) -> None:
        from leads import (  # noqa: F401 (mails register themselves)
            assignment_mail,
            delivery,
            escalation_mail,
            morning,
        )
        from reports.signals import copy_rendered

        copy_rendered.connect(delivery.on_copy_rendered, dispatch_uid="owe-synthesis")
