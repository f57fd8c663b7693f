from __future__ import annotations

from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "santescopie.demo"
    verbose_name = "Démonstration"

    def ready(self) -> None:
        from django.db.models.signals import pre_save

        from outbox.models import Message
        from santescopie.demo.storage import attach_what_exists

        pre_save.connect(attach_what_exists, sender=Message)
