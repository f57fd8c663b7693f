"""Requests on mailed links: each traffic known of gets the label it deserves."""

from __future__ import annotations

import random
import threading
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models.functions import Now
from django.test import RequestFactory
from django.utils import timezone

from outbox.models import Message
from reports import editions, hits, relabelling, rules, tasks
from reports.agents import agent_class
from reports.models import Edition, Hit
from tests.leads.factories import CopyFactory, HitFactory, MessageFactory

pytestmark = pytest.mark.django_db
Agent = Hit.Agent
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)
PREVIEW = "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/534 BingPreview/1.0b"
COPY, NOT_ME = Hit.Link.COPY, Hit.Link.NOT_ME


@pytest.mark.parametrize(
    ("agent", "family"),
    [
        (CHROME, Agent.BROWSER),
        (IPHONE, Agent.BROWSER),
        (PREVIEW, Agent.ROBOT),
        ("Mozilla/5.0 (compatible; Googlebot/2.1)", Agent.ROBOT),
        ("Mozilla/5.0 (compatible; Barracuda Sentinel (EE))", Agent.SCANNER),
        ("Mozilla/5.0 (compatible; Mimecast)", Agent.SCANNER),
        ("ProofPoint URL Defense", Agent.SCANNER),
        ("SafeLinks", Agent.SCANNER),
        ("Microsoft Office/16.0 (Microsoft Outlook 16.0)", Agent.SCANNER),
        ("SkypeUriPreview Preview/0.5", Agent.ROBOT),
        ("python-requests/2.32", Agent.TOOL),
        ("curl/8.5", Agent.TOOL),
        ("Something/1", Agent.TOOL),
        ("", Agent.NONE),
        (" ", Agent.NONE),
        ("x" * 100_000, Agent.TOOL),
    ],
)
def test_an_agent_has_its_class_at_arrival(agent, family):
    assert agent_class(agent) == family


# (seconds after acceptance, method, link, agent), then what is kept of it.
TRAFFIC = {
    "Safe Links, at delivery": (
        [(0.8, "HEAD", COPY, CHROME), (1.2, "GET", COPY, CHROME),
         (1.3, "GET", NOT_ME, CHROME)],
        ["head", "too-soon", "too-soon"],
    ),
    "Safe Links, a while later, as a browser": (
        [(45, "GET", COPY, CHROME), (46, "GET", NOT_ME, CHROME)],
        ["several-links", "several-links"],
    ),
    "Proofpoint, that says who it is": (
        [(30, "GET", COPY, "Proofpoint URL Defense"), (60, "POST", COPY, "Proofpoint")],
        ["agent", "agent"],
    ),
    "Mimecast, that opens at the reader’s click": (
        [(900, "GET", COPY, "Mimecast"), (901, "GET", COPY, CHROME),
         (907, "POST", COPY, CHROME)],
        ["agent", "get-proves-nothing", "post-from-page"],
    ),
    "Safe Links, that opens at the reader’s click, as a browser": (
        [(900, "HEAD", COPY, CHROME), (900.4, "GET", COPY, CHROME),
         (901, "GET", COPY, CHROME), (907, "POST", COPY, CHROME)],
        ["head", "get-proves-nothing", "get-proves-nothing", "post-from-page"],
    ),
    "Barracuda, whose sandbox presses every button": (
        [(2, "GET", COPY, CHROME), (3, "POST", COPY, CHROME),
         (3.5, "POST", NOT_ME, CHROME)],
        ["too-soon", "too-soon", "too-soon"],
    ),
    "a sandbox that takes its time": (
        [(20, "GET", COPY, CHROME), (21, "GET", NOT_ME, CHROME),
         (23, "POST", COPY, CHROME)],
        ["several-links", "several-links", "several-links"],
    ),
    "a burst": (
        [(60 + n / 2, "GET", COPY, CHROME) for n in range(6)]
        + [(64, "POST", COPY, CHROME)],
        ["burst"] * 7,
    ),
    "iOS, that opens the page before it is read": (
        [(3600, "GET", COPY, IPHONE)], ["get-proves-nothing"],
    ),
    "a reader": (
        [(3600, "GET", COPY, IPHONE), (3620, "POST", COPY, IPHONE)],
        ["get-proves-nothing", "post-from-page"],
    ),
    "a reader who presses twice": (
        [(3600, "GET", COPY, CHROME), (3603, "POST", COPY, CHROME),
         (3604, "POST", COPY, CHROME)],
        ["get-proves-nothing", "post-from-page", "post-from-page"],
    ),
    "a reader whose page a machine had opened long before": (
        [(1, "GET", COPY, CHROME), (3600, "POST", COPY, CHROME)], ["too-soon", "post"],
    ),
    "somebody who says that it was not them": (
        [(3600, "GET", NOT_ME, CHROME), (3605, "POST", NOT_ME, CHROME)],
        ["get-proves-nothing", "no-file"],
    ),
}  # fmt: skip


def arrive(copy, traffic):
    """Write requests down as they arrive, on a clock that is told."""
    begun = timezone.now() - timedelta(days=3)
    for at, method, link, agent in traffic:
        Message.objects.filter(copies=copy).update(
            accepted_at=timezone.now() - timedelta(seconds=at)
        )
        request = RequestFactory().generic(method, "/", headers={"User-Agent": agent})
        served = method == "POST" and link == COPY
        hit = hits.record(request, copy, link=link, served=served)
        Hit.objects.filter(pk=hit.pk).update(at=begun + timedelta(seconds=at))


def labels(copy):
    return list(copy.hits.order_by("at").values_list("rule", flat=True))


@pytest.fixture
def mailed():
    copy = CopyFactory(rendered=True)
    MessageFactory(accepted=True, copies=[copy])
    return copy


@pytest.mark.parametrize(("traffic", "expected"), TRAFFIC.values(), ids=TRAFFIC)
@pytest.mark.parametrize("order", ["as it came", "shuffled"])
def test_each_traffic_has_its_labels_whenever_it_is_judged(
    mailed, traffic, expected, order
):
    shuffled = list(traffic)
    if order == "shuffled":  # Rows may be written in any order: time decides.
        random.Random(7).shuffle(shuffled)
    arrive(mailed, shuffled)

    relabelling.relabel([mailed.pk], relabelling.Moves())

    assert labels(mailed) == expected
    assert sum(hit.counted for hit in mailed.hits.all()) == (
        1 if expected[-1] in {"post-from-page", "post"} else 0
    )


def test_a_burst_judges_its_first_requests_again_as_it_arrives(mailed):
    Message.objects.update(accepted_at=timezone.now() - timedelta(hours=1))
    request = RequestFactory().get("/", headers={"User-Agent": CHROME})

    hits.record(request, mailed)
    assert labels(mailed) == ["get-proves-nothing"]
    hits.record(request, mailed, link=NOT_ME)

    assert labels(mailed) == ["several-links", "several-links"]


@pytest.mark.django_db(transaction=True)
def test_requests_at_the_same_instant_see_each_other():
    Edition.objects.get_or_create(
        version=editions.PRESENT.version, defaults={"published_at": Now()}
    )
    copy = CopyFactory(rendered=True)
    barrier = threading.Barrier(6)

    def ask():
        barrier.wait()
        try:
            hits.record(RequestFactory().get("/", headers={"User-Agent": CHROME}), copy)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert labels(copy) == ["burst"] * 6


def test_a_gateway_that_opens_links_before_it_accepts_is_too_soon(mailed):
    message = mailed.messages.get()
    Message.objects.filter(pk=message.pk).update(
        accepted_at=None, handing_over_at=timezone.now()
    )

    hit = hits.record(RequestFactory().get("/", headers={"User-Agent": CHROME}), mailed)

    assert hit.rule == "too-soon"


def test_a_request_costs_few_statements(mailed, django_assert_max_num_queries):
    request = RequestFactory().get("/", headers={"User-Agent": CHROME})
    for _ in range(30):  # A storm.
        hits.record(request, mailed)
    HitFactory.create_batch(300, copy=mailed, at=timezone.now() - timedelta(days=2))
    with django_assert_max_num_queries(6):
        hits.record(request, mailed)


# --- History -----------------------------------------------------------------------


@pytest.fixture
def history():
    """Two copies, whose rows say what earlier rules said."""
    at = timezone.now() - timedelta(days=2)
    kept, opened = CopyFactory(rendered=True), CopyFactory(rendered=True)
    HitFactory(copy=kept, at=at, page_seen=False, rule="post", confidence="probable")
    later = at + timedelta(minutes=5)
    HitFactory(copy=kept, at=later, rule="gone", confidence="douteux", counted=False)
    for number in range(5):
        HitFactory(copy=opened, opened=True, at=at + timedelta(seconds=number))
    return kept, opened


def command(*args):
    out, progress = StringIO(), StringIO()
    call_command("relabel_hits", *args, stdout=out, stderr=progress)
    return out.getvalue(), progress.getvalue()


def test_relabelling_says_what_moved_and_the_second_time_nothing_moves(history):
    said, progress = command()

    assert "6 requêtes changent de libellé, sur 7 de 2 exemplaires." in said
    assert "5  douteux (get-proves-nothing) → robot (burst)" in said
    assert "1  douteux (gone) → probable (post)" in said
    assert f"2 / 2 exemplaires (reprise : --after {history[1].pk})" in progress
    before = list(Hit.objects.order_by("pk").values())
    assert "0 requêtes changent de libellé" in command()[0]
    assert list(Hit.objects.order_by("pk").values()) == before


def test_retrievals_won_and_lost_are_told(history):
    Hit.objects.filter(rule="gone").delete()
    Hit.objects.filter(rule="post").update(since_acceptance=1.0)

    said, _ = command()

    assert "1  probable (post), compté → robot (too-soon)" in said
    assert "Retraits probables : 0 de plus, 1 de moins." in said


def test_a_rehearsal_says_it_and_writes_nothing(history):
    before = list(Hit.objects.order_by("pk").values())

    said, _ = command("--dry-run")

    assert "6 requêtes changent de libellé" in said
    assert "rien n’a été écrit" in said
    assert list(Hit.objects.order_by("pk").values()) == before


def test_it_goes_on_where_it_was_stopped_and_from_a_day_on(history):
    kept, _ = history

    assert "sur 5 de 1 exemplaires" in command("--after", str(kept.pk))[0]
    tomorrow = timezone.localdate() + timedelta(days=1)
    assert "sur 0 de 0 exemplaires" in command("--since", tomorrow.isoformat())[0]
    with pytest.raises(CommandError, match="AAAA-MM-JJ"):
        command("--since", "hier")


def test_what_came_before_the_day_is_looked_at_and_left_alone():
    copy = CopyFactory(rendered=True)
    HitFactory(
        copy=copy, opened=True, rule="old", at=timezone.now() - timedelta(days=1)
    )
    HitFactory(copy=copy, page_seen=False, rule="post", confidence="probable")
    since = timezone.now() - timedelta(hours=2)
    Hit.objects.filter(rule="old").update(at=since - timedelta(hours=3))

    relabelling.relabel(relabelling.waiting(since), relabelling.Moves(), since)

    assert labels(copy) == ["old", "post-from-page"]


def test_the_task_does_all_batches(history, monkeypatch):
    monkeypatch.setattr(relabelling, "BATCH", 1)
    asked = []
    monkeypatch.setattr(tasks.relabel_hits, "delay", asked.append)

    tasks.relabel_hits()
    while asked:
        tasks.relabel_hits(asked.pop())

    assert not Hit.objects.filter(rule="gone").exists()
    assert Hit.objects.filter(rule="burst").count() == 5


def test_every_rule_has_words_and_the_last_one_always_applies():
    assert rules.RULES[-1].applies(Hit())
    codes = [rule.code for rule in rules.RULES]
    assert len(codes) == len(set(codes))
    assert all(rule.name and rule.why.endswith(".") for rule in rules.RULES)
    assert max(map(len, codes)) <= Hit._meta.get_field("rule").max_length
