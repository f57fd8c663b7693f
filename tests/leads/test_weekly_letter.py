"""The letter of the week says what the dashboard says, once, and names nobody."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlsplit

import pytest

from leads import weekly
from leads.analytics import facts, reading
from leads.analytics.filters import Filters
from leads.models import Campaign, Lead, Letter, Submission
from outbox.models import Message
from tests.leads.factories import (
    HitFactory,
    MessageFactory,
    StaffFactory,
    SubmissionFactory,
)

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)  # 8:30 in Paris.
LAST = datetime(2026, 11, 18, 10, tzinfo=UTC)
BEFORE = datetime(2026, 11, 11, 10, tzinfo=UTC)


@pytest.fixture
def reader():
    return StaffFactory(group="Marketing")


def asked(at, *, campaign="", retrieved=0, robots=0, delivered=True, called=False):
    submission = SubmissionFactory()
    Submission.objects.filter(pk=submission.pk).update(created_at=at, campaign=campaign)
    if delivered:
        MessageFactory(accepted=True, copies=[submission.copy])
    HitFactory.create_batch(retrieved, copy=submission.copy)
    HitFactory.create_batch(robots, copy=submission.copy, gateway=True, counted=False)
    if called:
        Lead.objects.filter(pk=submission.lead_id).update(first_contact_at=at)
    return submission


@pytest.fixture
def weeks():
    Campaign.objects.create(code="congres", name="Congrès de démonstration")
    asked(LAST, campaign="congres", retrieved=1, robots=2)
    asked(LAST, campaign="congres", called=True)
    asked(LAST, delivered=False)
    asked(BEFORE, retrieved=1)
    asked(BEFORE)
    facts.refresh_all()


def letters(now=MONDAY):
    weekly.owe_letters(now)
    return list(Message.objects.filter(kind=weekly.KIND))


def content(now=MONDAY):
    [message] = letters(now)
    return weekly.letter(message)


class Cells(HTMLParser):
    """Read a letter's table as rows of words."""

    def __init__(self, html):
        super().__init__()
        self.rows, self.inside = [], False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        self.inside = tag in ("td", "th")

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.rows[-1].append(data)


# --- When -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "count"),
    [
        (MONDAY - timedelta(minutes=1), 0),
        (MONDAY, 1),
        (MONDAY + timedelta(hours=12), 1),
        (MONDAY + timedelta(days=5), 0),  # Saturday.
        (datetime(2026, 7, 6, 6, 30, tzinfo=UTC), 1),  # In summer.
        (datetime(2026, 7, 6, 6, 29, tzinfo=UTC), 0),
        (datetime(2026, 4, 6, 8, tzinfo=UTC), 0),  # Easter Monday.
        (datetime(2026, 4, 7, 6, 30, tzinfo=UTC), 1),
    ],
)
def test_it_leaves_on_monday_or_on_the_next_business_day(reader, now, count):
    assert weekly.owe_letters(now) == count


def test_asked_twice_it_is_owed_once(reader):
    assert weekly.owe_letters(MONDAY) == 1
    assert weekly.owe_letters(MONDAY + timedelta(hours=1)) == 0
    assert not weekly._owe(reader, MONDAY.date())

    assert Letter.objects.get().message == Message.objects.get()
    assert weekly.owe_letters(MONDAY + timedelta(days=7)) == 1


@pytest.mark.parametrize("days", [1, 4])
def test_a_house_that_was_dark_on_its_day_sends_it_on_the_next_business_day(
    reader, weeks, days
):
    later = MONDAY + timedelta(days=days)

    assert weekly.owe_letters(later - timedelta(minutes=1)) == 0
    assert weekly.owe_letters(later) == 1

    assert "16\u00a0novembre\u00a02026" in Message.objects.get(kind=weekly.KIND).subject
    assert weekly.owe_letters(later + timedelta(minutes=5)) == 0
    assert weekly.owe_letters(MONDAY + timedelta(days=7)) == 1


def test_who_joins_in_the_week_waits_for_the_next_letter(reader):
    weekly.owe_letters(MONDAY)
    StaffFactory(group="Marketing")

    assert weekly.owe_letters(MONDAY + timedelta(days=1)) == 0
    assert weekly.owe_letters(MONDAY + timedelta(days=7)) == 2


def test_active_marketing_with_an_address_receives_it_and_nobody_else(reader):
    StaffFactory(group="Marketing", is_active=False)
    StaffFactory(group="Marketing", email="")
    StaffFactory(group="Commercial")
    StaffFactory(group="DPO")

    assert [message.recipient for message in letters()] == [reader.email]


def test_who_has_left_marketing_receives_nothing_more(reader):
    [message] = letters()
    reader.groups.clear()

    assert weekly.letter(message) is None


# --- What -----------------------------------------------------------------------


def test_its_figures_are_those_of_the_dashboard_it_links_to(reader, weeks):
    made = content()

    url = next(
        u for u in re.findall(r"https://\S+", made.text) if "/admin/mesure/" in u
    )
    filters = Filters.parse(dict(parse_qsl(urlsplit(url).query)), reader)
    assert (filters.first, filters.last) == (date(2026, 11, 16), date(2026, 11, 22))
    [_, *rows] = [row for row in Cells(made.html).rows if len(row) == 3]
    assert len(rows) == 7
    for counts, column in (
        (reading.counts(filters), 1),
        (reading.counts(filters.previous), 2),
    ):
        expected = [
            f"{counts[step.key]} sur {counts[step.of]}"
            if step.of
            else f"{counts['leads']}"
            for step in weekly.STEPS
        ]
        assert [row[column] for row in rows] == expected
    assert reading.counts(filters)["delivered"] == 2


def test_the_text_says_what_the_table_says(reader, weeks):
    made = content()

    for row in [row for row in Cells(made.html).rows if len(row) == 3][1:]:
        line = f"{row[0]}\u00a0: {row[1]} (la semaine d’avant\u00a0: {row[2]})"
        assert line in made.text.replace("\n", " ")


def test_probable_and_raw_retrievals_stand_side_by_side(reader, weeks):
    words = " ".join(content().text.split())

    assert "1 retrait probable (3 bruts), sur 2 remis. La semaine d’avant" in words
    assert ": 1 (1 brut), sur 2." in words


def test_it_names_three_things_to_do_from_the_figures(reader, weeks):
    campaign, calls, unsent = weekly.actions(
        Filters(date(2026, 11, 16), date(2026, 11, 22))
    )

    assert "Congrès de démonstration" in campaign.name
    assert "2\u00a0contacts sur 3, 0 sur 2" in campaign.sentence
    assert "campagne=congres" in campaign.url
    assert calls.sentence == "1\u00a0contact sur 2 remis cette semaine-là."
    assert unsent.sentence.startswith("Aucun envoi ")


def test_without_a_campaign_it_says_so(reader):
    asked(LAST)
    facts.refresh_all()

    words = content().text

    assert "Nommer une campagne" in words


def test_it_says_what_is_true_when_it_leaves(reader, weeks):
    [message] = letters()
    asked(LAST)
    facts.refresh_all()

    made = weekly.letter(message)

    assert ["Contacts", "4", "2"] in Cells(made.html).rows


def test_an_empty_week_has_its_letter_too(reader):
    made = content()

    assert ["Contacts", "0", "0"] in Cells(made.html).rows


def test_nothing_of_anybody_is_in_it_nor_stored(reader, weeks, sink, send):
    [message] = letters()

    send(message)

    [sent] = sink.messages
    assert sent.mail["Subject"] == (
        "Santéscopie\u00a0: la semaine du 16\u00a0novembre\u00a02026"
    )
    message.refresh_from_db()
    assert message.text == message.html == ""
    for part in ("plain", "html"):
        words = sent.mail.get_body((part,)).get_content()
        for lead in Lead.objects.all():
            assert lead.last_name not in words
            assert lead.email not in words
        assert "Ce n’était pas vous" not in words
