"""The figures of « Téléchargements »: each equals its rows, counted by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from outbox.models import Message
from reports import downloads
from tests.leads.factories import (
    CopyFactory,
    HitFactory,
    LeadFactory,
    MessageFactory,
    StaffFactory,
)

pytestmark = pytest.mark.django_db
PARIS = ZoneInfo("Europe/Paris")


def ago(**delta):
    return timezone.now() - timedelta(**delta)


def deliver(copy=None, at=None, **values):
    copy = copy or CopyFactory(rendered=True, **values)
    MessageFactory(
        next_attempt_at=None, accepted_at=at or timezone.now(), copies=[copy]
    )
    return copy


@pytest.fixture
def month():
    return downloads.Period.last_days(30)


@pytest.fixture
def marketing(client):
    client.force_login(StaffFactory(group="Marketing"))
    return client


def test_delivered_means_accepted_and_counts_each_copy_once(month):
    twice = deliver(at=ago(days=2))
    deliver(twice, at=ago(days=1))
    CopyFactory(rendered=True)
    MessageFactory(refused=True, copies=[CopyFactory(rendered=True)])

    assert list(downloads.delivered(month)) == [twice]


def test_a_copy_is_delivered_on_its_first_day_only():
    copy = deliver(at=ago(days=40))
    deliver(copy, at=ago(days=1))

    assert not downloads.delivered(downloads.Period.last_days(30)).exists()
    assert downloads.delivered(downloads.Period.last_days(90)).exists()


def test_raw_retrievals_are_files_served_and_probable_ones_are_human(month):
    copy = deliver()
    kept = HitFactory(copy=copy)
    robot = HitFactory(copy=copy, gateway=True)
    again = HitFactory(copy=copy, repeated=True)
    opened = HitFactory(copy=copy, opened=True)

    assert set(downloads.raw(month)) == {kept, robot, again}
    assert set(downloads.probable(month)) == {kept}
    assert set(downloads.set_aside(month)) == {robot, again, opened}


def test_each_request_set_aside_has_its_rule_in_words(month):
    copy = deliver()
    HitFactory(copy=copy)
    HitFactory.create_batch(3, copy=copy, opened=True)
    HitFactory.create_batch(2, copy=copy, gateway=True)
    HitFactory(copy=copy, repeated=True)

    assert [(code, count) for code, _, count in downloads.by_rule(month)] == [
        ("get-proves-nothing", 3),
        ("too-soon", 2),
        ("repeated", 1),
    ]


def test_tests_and_suspects_are_left_out_and_the_erased_stay_counted(month):
    for trait in ("test", "suspect"):
        HitFactory(copy=deliver(lead=LeadFactory(**{trait: True})))
    erased = deliver(lead=LeadFactory(erased=True))
    hit = HitFactory(copy=erased)

    assert list(downloads.delivered(month)) == [erased]
    assert list(downloads.probable(month)) == [hit]
    assert not downloads.set_aside(month).exists()


def test_days_are_those_of_paris():
    """Half past midnight in Paris is still the day before in UTC."""
    night = datetime(2026, 1, 16, 0, 30, tzinfo=PARIS)
    copy = deliver(at=night)
    HitFactory(copy=copy, at=night)
    day = downloads.Period.parse("2026-01-16")

    (row,) = downloads.by_day(day)

    assert (row.key.isoformat(), row.delivered, row.probable, row.raw) == (
        "2026-01-16",
        1,
        1,
        1,
    )
    assert not downloads.raw(downloads.Period.parse("2026-01-15")).exists()


def test_a_period_has_all_its_days_and_today_is_the_first_listed(month):
    deliver(at=ago(days=3))

    rows = downloads.by_day(month)

    assert len(rows) == 30
    assert rows[0].key == timezone.localdate()
    assert [row.delivered for row in rows].count(1) == 1


def test_types_are_those_of_the_copy_not_of_the_lead(month):
    copy = deliver(organisation_type="chu")
    HitFactory(copy=copy)
    HitFactory(copy=copy, gateway=True)
    deliver(organisation_type="ch")
    deliver(organisation_type="")
    copy.lead.organisation_type = "ehpad"
    copy.lead.save()

    rows = {
        row.key: (row.delivered, row.probable, row.raw)
        for row in downloads.by_type(month)
    }

    assert rows == {"chu": (1, 1, 2), "ch": (1, 0, 0), "": (1, 0, 0)}


def objectors(count, **values):
    """Return copies of people who object to the measure, retrieved a while after."""
    for _ in range(count):
        copy = deliver(**values)
        HitFactory(copy=copy, since_acceptance=7200)
        copy.lead.consents.create(purpose="mesure", granted=False)
        yield copy


def listed(client, **query):
    response = client.get(reverse("admin:reports_hit_changelist", query=query))
    return response.context["cl"]


@pytest.mark.parametrize("count", [1, downloads.LEAST - 1])
def test_the_requests_of_few_who_object_are_told_nowhere(marketing, month, count):
    others = HitFactory(copy=deliver(organisation_type="ch"))
    copies = list(objectors(count, organisation_type="chu"))

    assert list(downloads.probable(month)) == list(downloads.raw(month)) == [others]
    assert list(listed(marketing).result_list) == [others]
    url = reverse("admin:reports_hit_change", args=[copies[0].hits.get().pk])
    assert marketing.get(url, follow=True).context.get("original") is None


def test_those_of_enough_people_count_without_what_would_tell_them_apart(
    marketing, month
):
    HitFactory(copy=deliver(organisation_type="ch"))
    list(objectors(downloads.LEAST, organisation_type="chu"))

    assert downloads.by_day(month)[0].probable == downloads.LEAST + 1
    types = {row.key: (row.delivered, row.raw) for row in downloads.by_type(month)}
    assert types == {"ch": (1, 1), "chu": (downloads.LEAST, 0)}
    assert listed(marketing).result_count == downloads.LEAST + 1
    assert not listed(marketing, copy__organisation_type__exact="chu").result_count
    assert listed(marketing, copy__organisation_type__exact="ch").result_count == 1
    rows = marketing.get(reverse("admin:reports_hit_changelist")).text
    assert "2\u00a0heures" not in rows
    assert rows.count('<td class="field-organisation_type">—</td>') == downloads.LEAST


def test_tests_do_not_make_those_who_object_many(month):
    list(objectors(1))
    for copy in objectors(downloads.LEAST):
        copy.lead.is_test = True
        copy.lead.save()

    assert not downloads.probable(month).exists()


def test_who_takes_it_back_is_counted_again(month):
    (copy,) = objectors(1)
    copy.lead.consents.create(purpose="mesure", granted=True)

    assert downloads.probable(month).count() == 1


def test_the_page_says_it_in_one_sentence(marketing):
    first, _ = deliver(), deliver()
    HitFactory(copy=first)
    HitFactory(copy=first, gateway=True)

    page = marketing.get(reverse("admin:downloads"))

    assert page.context["total"]["row"].probable == 1
    sentence = page.text.split('<p class="sentence">')[1].split("</p>")[0]
    assert "1 retrait probable</a>" in sentence
    assert "2 bruts</a>" in sentence
    assert "2 remis</a>" in sentence
    for definition in ("delivered", "probable", "raw", "set_aside"):
        assert downloads.DEFINITIONS[definition] in page.text


def test_every_figure_opens_exactly_its_rows(marketing):
    for days, kind in ((0, "chu"), (3, "ch"), (3, "chu"), (20, "")):
        copy = deliver(at=ago(days=days), organisation_type=kind)
        HitFactory(copy=copy, at=ago(days=days))
        HitFactory(copy=copy, at=ago(days=days), gateway=True)
        HitFactory(copy=copy, at=ago(days=days), opened=True)
        HitFactory(copy=copy, at=ago(days=days), repeated=True)
    deliver(lead=LeadFactory(test=True))

    context = marketing.get(reverse("admin:downloads")).context

    lines = [context["total"], *context["by_type"], *context["by_day"]]
    figures = [
        (line[f"{name}_url"], getattr(line["row"], name))
        for line in lines
        for name in ("delivered", "probable", "raw")
    ]
    figures += [(url, count) for _, count, url in context["by_rule"]]
    for url, count in figures:
        assert marketing.get(url).context["cl"].result_count == count, url


@pytest.mark.parametrize(
    ("asked", "days"), [("7", 7), ("90", 90), ("", 30), ("1000000", 30), ("x", 30)]
)
def test_the_period_is_7_30_or_90_days(marketing, asked, days):
    page = marketing.get(reverse("admin:downloads", query={"jours": asked}))

    assert len(page.context["by_day"]) == days


@pytest.mark.parametrize("value", ["hier", "2026-02-31", "12"])
def test_a_list_asked_for_an_impossible_period_shows_itself_whole(marketing, value):
    for name, parameter in (("hit", "jours"), ("copy", "remis")):
        url = reverse(f"admin:reports_{name}_changelist", query={parameter: value})
        response = marketing.get(url, follow=True)
        assert response.status_code == 200


def test_the_page_costs_the_same_whatever_the_period(
    marketing, django_assert_max_num_queries
):
    HitFactory(copy=deliver())
    for asked in ("7", "90"):
        with django_assert_max_num_queries(12):
            marketing.get(reverse("admin:downloads", query={"jours": asked}))


def test_requests_are_listed_without_names_nor_instants(marketing):
    hit = HitFactory(copy=deliver(), opened=True)

    for url in (
        reverse("admin:reports_hit_changelist"),
        reverse("admin:reports_hit_change", args=[hit.pk]),
    ):
        text = marketing.get(url).text
        assert hit.copy.last_name not in text
        assert hit.copy.reference not in text
        assert timezone.localtime(hit.at).strftime("%H:%M") not in text


def test_looking_changes_nothing(marketing):
    deliver()
    before = list(Message.objects.values())
    marketing.get(reverse("admin:downloads"))

    assert list(Message.objects.values()) == before
    assert marketing.post(reverse("admin:downloads")).status_code == 405
