from __future__ import annotations

import uuid

import factory
from django.db.models.functions import Now

from outbox.models import Message


class MessageFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Message
        skip_postgeneration_save = True

    class Params:
        accepted = factory.Trait(next_attempt_at=None, accepted_at=Now())
        refused = factory.Trait(next_attempt_at=None, failed_at=Now())

    uid = factory.LazyFunction(uuid.uuid4)
    kind = "synthesis"
    recipient = factory.Sequence(lambda n: f"camille.{n}@exemple.fr")
    subject = "Votre synthèse Santéscopie 2026"
    text = "Bonjour."
    html = "<p>Bonjour.</p>"
    message_id = factory.LazyAttribute(lambda m: f"<{m.uid}@exemple.fr>")
