"""Fictitious leads: plausible, the same for the same seed, and owed nothing."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import F, Sum
from django.db.models.signals import pre_save
from django.utils import timezone

from leads import delivery, fictitious, fictitious_history, routing
from leads.admin.views import sanitised
from leads.analytics import facts
from leads.models import (
    Absence,
    Activity,
    Assignment,
    AudienceCount,
    Campaign,
    ConsentEvent,
    Escalation,
    Lead,
    LeadFacts,
    RoutingRule,
    SavedView,
    StaffProfile,
    Submission,
)
from outbox.models import Message, MessageEvent
from outbox.tasks import send_message
from reports import relabelling
from reports.models import Copy, CopyEvent, Hit
from santescopie.demo.management.commands import seed_demo
from santescopie.demo.storage import attach_what_exists
from tests.leads.factories import LeadFactory, StaffFactory

pytestmark = pytest.mark.django_db

MODELS = (
    Lead,
    Submission,
    Copy,
    CopyEvent,
    Message,
    MessageEvent,
    Hit,
    ConsentEvent,
    Activity,
    AudienceCount,
)


@pytest.fixture
def on_demand(settings, tmp_path):
    """Keep copies as the demo does."""
    settings.STORAGES = {
        **settings.STORAGES,
        "copies": {
            "BACKEND": "santescopie.demo.storage.CopiesOnDemand",
            "OPTIONS": {"location": str(tmp_path / "copies")},
        },
    }
    pre_save.connect(attach_what_exists, sender=Message)
    yield
    pre_save.disconnect(attach_what_exists, sender=Message)


def content():
    """Return every row without its key, nor those of the rows it names."""
    return [
        sorted(
            str({k: v for k, v in row.items() if k != "id" and not k.endswith("_id")})
            for row in model.objects.values()
        )
        for model in MODELS
    ]


def made(seed, now):
    """Return what a seed gives, and leave nothing of it: ledgers delete no row."""
    before = transaction.savepoint_create()
    fictitious.generate(40, seed=seed, now=now)
    found = content()
    transaction.savepoint_rollback(before)
    return found


def test_the_same_seed_gives_the_same_rows():
    StaffFactory(group="Commercial")
    now = timezone.now()
    first = made(7, now)

    assert made(7, now) == first
    assert made(8, now) != first


def test_nothing_is_due_to_be_rendered_or_sent():
    fictitious.generate(120)

    assert Lead.objects.count() == 120
    for model in (Copy, Message):
        assert model.objects.exists()
        assert not model.objects.filter(next_attempt_at__isnull=False).exists()


def test_nobody_can_take_them_for_real():
    fictitious.generate(50)

    for lead in Lead.objects.all():
        assert lead.email.endswith("@exemple.fr")
        assert lead.organisation.startswith("Établissement de démonstration n°")
    assert not Message.objects.exclude(recipient__endswith="@exemple.fr").exists()


def test_everything_lies_in_the_last_sixty_days():
    now = timezone.now()
    fictitious.generate(200, now=now)

    for model, field in (
        (Lead, "created_at"),
        (Submission, "created_at"),
        (Message, "created_at"),
        (Message, "accepted_at"),
        (MessageEvent, "at"),
        (Hit, "at"),
        (Activity, "at"),
        (AudienceCount, "hour"),
    ):
        early = now - timedelta(days=61)
        rows = model.objects.exclude(**{field: None})
        assert not rows.filter(**{f"{field}__gt": now}).exists()
        assert not rows.filter(**{f"{field}__lt": early}).exists()


def test_there_is_something_of_everything():
    StaffFactory(group="Commercial")
    fictitious.generate(400)

    assert set(Lead.objects.values_list("status", flat=True)) == set(Lead.Status.values)
    assert Lead.objects.filter(owner__isnull=False, next_action_on__isnull=False)
    assert 1 <= Lead.objects.suspect().count() <= 20
    assert Lead.objects.filter(is_test=True).exists()
    assert Submission.objects.count() > 400
    assert ConsentEvent.objects.exists()
    assert Activity.objects.filter(author__isnull=False).exists()
    kinds = set(MessageEvent.objects.values_list("kind", flat=True))
    assert kinds == {"queued", "attempted", "accepted", "deferred", "refused"}
    assert set(Hit.objects.values_list("method", flat=True)) == {"HEAD", "GET", "POST"}
    assert Hit.objects.probable().count() < Hit.objects.served().count()


def test_figures_have_something_of_every_step():
    StaffFactory(group="Commercial")
    fictitious.generate(300)
    facts.refresh_all()

    people = LeadFacts.objects
    for name in ("rendered", "delivered", "retrieved", "contacted", "met", "won"):
        assert people.filter(**{f"{name}_at__isnull": False}).exists()
    assert not people.filter(met_at__lt=F("contacted_at")).exists()
    known = {campaign.code for campaign in Campaign.objects.all()}
    assert known < set(people.values_list("campaign", flat=True))
    for robot in (True, False):
        assert AudienceCount.objects.filter(robot=robot, step="page").exists()
    steps = AudienceCount.objects.filter(robot=False).values_list("step")
    told = dict(steps.annotate(Sum("count")).order_by())
    assert told["page"] > told["form"] > told["started"] > told["submitted"]
    valid = Submission.objects.filter(suspicion="")
    assert told["submitted"] == valid.count()


def test_a_suspect_was_never_mailed():
    fictitious.generate(300)
    for lead in Lead.objects.suspect():
        assert not lead.copies.exists()
        assert not lead.messages.exists()


def test_histories_agree_with_the_rows_they_tell():
    fictitious.generate(150)

    for message in Message.objects.prefetch_related("events"):
        steps = [event.kind for event in message.events.all()]
        assert steps[0] == "queued"
        assert steps[-1] == ("accepted" if message.accepted_at else "refused")
        assert steps.count("attempted") == message.attempts
    for hit in Hit.objects.all():
        assert hit.served == (hit.method == "POST")
    moves = relabelling.Moves()
    relabelling.relabel(relabelling.waiting(), moves)
    assert moves.requests
    assert not moves.moved


def test_tokens_open_what_they_should():
    fictitious.generate(5)
    for row in (*Copy.objects.all(), *Submission.objects.all()):
        assert type(row).objects.by_token(row.token) == row


def test_a_second_run_goes_on_where_the_first_stopped():
    fictitious.generate(10)
    fictitious.generate(10)

    assert Lead.objects.values("email_key").distinct().count() == 20


def test_the_command_shows_its_progress(capsys, monkeypatch):
    monkeypatch.setattr(fictitious, "BATCH", 4)
    call_command("generate_leads", "10", "--seed", "3")

    said = capsys.readouterr().out.splitlines()
    assert said[:2] == ["4/10", "8/10"]
    assert said[2].startswith("10 leads in ")


def test_the_command_does_not_mix_with_real_people():
    LeadFactory(email="quelqu.un@chu-exemple.fr")

    with pytest.raises(CommandError, match="--force"):
        call_command("generate_leads", "1")
    assert Lead.objects.count() == 1

    call_command("generate_leads", "1", "--force")
    assert Lead.objects.count() == 2


def test_the_demo_is_seeded_once(monkeypatch, client, settings):
    settings.DEMO = True  # Its accounts have no second factor.
    monkeypatch.setenv("DEMO_LEADS", "20")
    monkeypatch.setenv("DEMO_PASSWORD", "un mot de passe")
    for _ in range(2):
        call_command(seed_demo.Command())

    assert Lead.objects.count() == 20
    for name in ("admin", "marketing", "commercial", "dpo"):
        assert client.login(username=name, password="un mot de passe")
        assert client.get("/admin/leads/lead/").status_code == 200


def test_the_demo_shows_what_the_team_does_and_owes_nobody_a_mail(monkeypatch):
    monkeypatch.setenv("DEMO_LEADS", "150")
    call_command(seed_demo.Command())

    given = Assignment.objects.exclude(rule=None)
    assert set(given.values_list("rule__position", flat=True)) == {1, 2, 3, 4}
    for assignment in given.select_related("lead__owner", "rule"):
        assert assignment.lead.owner_id == assignment.rule.person_id
        assert assignment.sentence.startswith("Affecté à ")
    assert Escalation.objects.filter(lead__escalated_at__isnull=False).exists()
    assert Lead.objects.filter(owner=None).exists()
    assert StaffProfile.objects.filter(manager__username="marketing").count() == 2
    assert Absence.objects.get().user.username == "commerciale"
    for view in SavedView.objects.all():
        assert sanitised(view.query) == view.query
    assert not Message.objects.filter(next_attempt_at__isnull=False).exists()
    assert routing.route_new() == 0


def test_nobody_is_to_be_written_to_who_refused():
    StaffFactory(group="Commercial")
    fictitious.generate(300)

    writing = Lead.objects.filter(next_action=fictitious_history.WRITING)
    assert writing.exists()
    agreed = ConsentEvent.objects.filter(purpose="actualites").values("lead")
    assert not writing.exclude(pk__in=agreed).exists()
    called = ConsentEvent.objects.filter(purpose="rappel").values("submission__phone")
    assert all(row["submission__phone"].startswith("+3319900") for row in called)
    assert called.exists()


def test_the_demo_may_start_empty(monkeypatch):
    monkeypatch.setenv("DEMO_LEADS", "0")
    call_command(seed_demo.Command())

    assert not Lead.objects.exists()
    assert not RoutingRule.objects.exists()  # A visitor's post is mailed to them alone.


def first_delivered():
    """Return a submission whose copy nobody has opened since."""
    return Submission.objects.filter(copy__isnull=False).first()


def test_a_copy_is_rendered_when_somebody_downloads_it(client, on_demand):
    fictitious.generate(3)
    copy = first_delivered().copy
    assert copy.sha256 == fictitious.NOT_YET_RENDERED

    response = client.post(f"/exemplaire/{copy.token}/telecharger/")

    served = b"".join(response)
    copy.refresh_from_db()
    assert served.startswith(b"%PDF-")
    assert copy.sha256 == hashlib.sha256(served).hexdigest()
    assert copy.size == len(served)


def test_a_copy_that_is_sent_again_leaves_at_the_first_attempt(client, on_demand, sink):
    fictitious.generate(3)
    client.force_login(StaffFactory(group="Marketing"))
    submission = first_delivered()

    client.post(
        "/admin/leads/submission/",
        {"action": "send_again", "_selected_action": [submission.pk]},
    )
    message = Message.objects.due().get()
    send_message(message.pk, 0)

    message.refresh_from_db()
    assert message.accepted_at
    (mailed,) = sink.messages
    (pdf,) = mailed.mail.iter_attachments()
    submission.copy.refresh_from_db()
    assert hashlib.sha256(pdf.get_content()).hexdigest() == submission.copy.sha256


def test_a_copy_that_a_visitor_asks_for_again_leaves_at_once(on_demand, sink):
    fictitious.generate(3)
    submission = first_delivered()
    delivery.send_again(submission)
    message = Message.objects.due().get()

    send_message(message.pk, 0)

    message.refresh_from_db()
    assert message.accepted_at
    assert submission.copy.recipient == message.recipient
