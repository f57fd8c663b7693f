"""The cast of the tests about people: traits are named after situations."""

from __future__ import annotations

import hashlib
import uuid

import factory
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.utils import timezone

from leads.models import ConsentEvent, Lead, MailboxEvent, Submission
from leads.models.lead import email_key
from outbox.models import MessageEvent
from reports.models import Copy, Edition, Hit
from reports.vocabulary import JobFunction, OrganisationType, Region
from tests.outbox import factories as outbox


class StaffFactory(factory.django.DjangoModelFactory):
    """Somebody who signs in; `group` is Marketing, Commercial or DPO."""

    class Meta:
        model = get_user_model()

    class Params:
        superuser = factory.Trait(is_superuser=True)

    username = factory.Sequence(lambda n: f"agent{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@exemple.fr")
    is_staff = True

    @classmethod
    def _create(cls, model_class, *args, group=None, **kwargs):
        user = super()._create(model_class, *args, **kwargs)
        if group:
            user.groups.add(Group.objects.get(name=group))
        return user


class LeadFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Lead

    class Params:
        suspect = factory.Trait(suspected_at=factory.LazyFunction(timezone.now))
        test = factory.Trait(is_test=True)
        erased = factory.Trait(
            email_key=None, erased_at=factory.LazyFunction(timezone.now)
        )

    first_name = "Camille"
    last_name = factory.Sequence(lambda n: f"Exemple-{n}")
    email = factory.Sequence(lambda n: f"Camille.{n}@exemple.fr")
    email_key = factory.LazyAttribute(lambda lead: email_key(lead.email))
    organisation = "Établissement de démonstration"
    organisation_type = OrganisationType.CH
    job_function = JobFunction.CIO
    region = Region.BRE


def of_lead(name):
    return factory.SelfAttribute(f"lead.{name}")


class CopyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Copy

    class Params:
        rendered = factory.Trait(
            next_attempt_at=None,
            rendered_at=factory.LazyFunction(timezone.now),
            file=factory.LazyAttribute(lambda copy: f"essais/{copy.uid}.pdf"),
            sha256=hashlib.sha256(b"").hexdigest(),
        )
        revoked = factory.Trait(revoked_at=factory.LazyFunction(timezone.now))

    uid = factory.LazyFunction(uuid.uuid4)
    lead = factory.SubFactory(LeadFactory)
    edition = factory.LazyFunction(Edition.current)
    first_name = of_lead("first_name")
    last_name = of_lead("last_name")
    organisation = of_lead("organisation")
    organisation_type = of_lead("organisation_type")
    job_function = of_lead("job_function")
    region = of_lead("region")
    recipient = of_lead("email")


class SubmissionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Submission

    class Params:
        suspect = factory.Trait(
            suspicion=Submission.Suspicion.HONEYPOT,
            copy=None,
            lead=factory.SubFactory(LeadFactory, suspect=True),
        )

    lead = factory.SubFactory(LeadFactory)
    copy = factory.SubFactory(
        CopyFactory, rendered=True, lead=factory.SelfAttribute("..lead")
    )
    first_name = of_lead("first_name")
    last_name = of_lead("last_name")
    email = of_lead("email")
    organisation = of_lead("organisation")
    organisation_type = of_lead("organisation_type")
    job_function = of_lead("job_function")
    region = of_lead("region")


class MessageFactory(outbox.MessageFactory):
    """A message with a copy; `accepted_at` says when, `accepted` says now."""

    class Params:
        accepted = factory.Trait(
            next_attempt_at=None, accepted_at=factory.LazyFunction(timezone.now)
        )

    @factory.post_generation
    def copies(self, create, extracted):
        for copy in extracted or ():
            self.lead, self.recipient = copy.lead, copy.recipient
            self.save(update_fields=["lead", "recipient"])
            copy.messages.add(self)
            for submission in copy.submissions.all():
                submission.messages.add(self)
        if self.accepted_at:
            self.record(MessageEvent.Kind.ACCEPTED, smtp_code=250, cause="2.0.0 Ok")


class HitFactory(factory.django.DjangoModelFactory):
    """A reader's download, unless a trait says otherwise."""

    class Meta:
        model = Hit

    class Params:
        opened = factory.Trait(
            method="GET",
            served=False,
            counted=False,
            confidence=Hit.Confidence.DOUBTFUL,
            rule="get-proves-nothing",
        )
        gateway = factory.Trait(
            since_acceptance=1.0, confidence=Hit.Confidence.ROBOT, rule="too-soon"
        )
        repeated = factory.Trait(counted=False)

    copy = factory.SubFactory(CopyFactory, rendered=True)
    at = factory.LazyFunction(timezone.now)
    method = "POST"
    agent = Hit.Agent.BROWSER
    since_acceptance = 3600.0
    page_seen = True
    served = True
    counted = True
    confidence = Hit.Confidence.CERTAIN
    rule = "post-from-page"


def agrees_to_news(lead):
    """Tick the box, then act from the mailbox: only both count."""
    ConsentEvent.objects.create(lead=lead, purpose="actualites", granted=True)
    MailboxEvent.objects.create(lead=lead, kind=MailboxEvent.Kind.PRESSED)


def delivered(**values):
    """Return a submission whose copy was rendered, stored and mailed."""
    submission = SubmissionFactory(**values)
    storages["copies"].save(submission.copy.file, ContentFile(b""))
    MessageFactory(accepted=True, copies=[submission.copy])
    return submission
