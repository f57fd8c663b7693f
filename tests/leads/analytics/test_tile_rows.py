"""The rows of a figure: who may be named, to whom, and what a spreadsheet receives."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from leads import privacy
from leads.analytics import facts
from leads.analytics.export import safe
from leads.analytics.lines import ANOTHER_S, ERASED, OBJECTS
from leads.analytics.tiles import BY_KEY
from leads.models import (
    AudienceCount,
    ConsentEvent,
    JournalEntry,
    Lead,
    MeasureRun,
    PrivacyEvent,
)
from tests.leads.factories import HitFactory, LeadFactory, StaffFactory, delivered
from tests.leads.pages import page

pytestmark = pytest.mark.django_db


def asks(**values):
    """Return somebody who asked, got their copy and retrieved it."""
    submission = delivered(lead=LeadFactory(**values))
    HitFactory(copy=submission.copy)
    return submission


def object_to(lead, *, granted=False):
    ConsentEvent.objects.create(lead=lead, purpose="mesure", granted=granted)


def cells(response):
    return [[cell[0] for cell in line["cells"]] for line in response.context["lines"]]


ABOUT_PEOPLE = [key for key, tile in BY_KEY.items() if not tile.is_anonymous]
FULL = ["leads", "submissions", "rendered", "delivered", "retrieved", "retrievals"]
OF_HITS = ["retrieved", "retrievals", "raw_retrievals", "set_aside", "served_aside"]


@pytest.mark.parametrize("key", FULL)
def test_who_objects_is_counted_and_never_named_from_that_moment(client, sign_in, key):
    sign_in("Marketing")
    submission = asks(last_name="Introuvable")
    facts.refresh_all()
    object_to(submission.lead)  # The facts do not know yet.

    for known in (1, 0 if key in OF_HITS else 1):
        response = client.get(page("mesure_lines", tuile=key))
        assert response.context["rows"].total == known
        assert [row[0] for row in cells(response)] == [OBJECTS] * known
        for word in ("Introuvable", submission.copy.reference, submission.lead.email):
            assert word not in response.text
        assert page("leads_lead_change", submission.lead_id) not in response.text
        facts.refresh_all()


@pytest.mark.parametrize("key", OF_HITS)
@pytest.mark.parametrize("asked", [{}, {"type": "chu", "region": "53"}])
def test_no_filter_tells_what_who_objects_retrieved(client, sign_in, key, asked):
    sign_in("Marketing")
    submission = asks(organisation_type="chu", region="53")
    HitFactory(copy=submission.copy, gateway=True)
    object_to(submission.lead)
    facts.refresh_all()

    board = client.get(page("mesure", **asked)).context["board"]
    assert board.figures["delivered"].value == 1
    assert not board.aside
    assert client.get(page("mesure_lines", tuile=key, **asked)).context["lines"] == []
    if key in board.figures:
        assert board.figures[key].value == 0

    object_to(submission.lead, granted=True)
    facts.refresh_all()
    rows = client.get(page("mesure_lines", tuile=key, **asked)).context["rows"]
    assert rows.total == (2 if key == "raw_retrievals" else 1)


@pytest.mark.parametrize("key", ["leads", "retrievals"])
def test_the_place_of_a_line_tells_nothing(client, sign_in, key):
    """Between two others, its day would be theirs."""
    sign_in("Marketing")
    leads = [asks().lead for _ in range(3)]
    facts.refresh_all()
    object_to(leads[1])  # The second, whichever way they are sorted.

    _, *exported = export(client, tuile=key)
    shown = cells(client.get(page("mesure_lines", tuile=key)))
    for rows in (exported, shown):
        assert [row[0] == OBJECTS for row in rows] == [False, False, True]


@pytest.mark.parametrize("key", FULL)
def test_who_was_erased_is_counted_and_never_named(client, sign_in, key):
    sign_in("Marketing")
    submission = asks(last_name="Introuvable")
    facts.refresh_all()
    privacy.erase(submission.lead, PrivacyEvent.Kind.NOT_ME)

    response = client.get(page("mesure_lines", tuile=key))

    assert cells(response)[0][0] == ERASED
    assert submission.copy.reference not in response.text


def test_who_no_longer_objects_is_named_again(client, sign_in):
    sign_in("Marketing")
    submission = asks(last_name="Retrouvable")
    object_to(submission.lead)
    object_to(submission.lead, granted=True)
    facts.refresh_all()

    assert "Retrouvable" in client.get(page("mesure_lines", tuile="leads")).text


def test_a_line_that_names_nobody_says_nothing_else(client, sign_in):
    sign_in("Marketing")
    object_to(asks().lead)
    facts.refresh_all()
    for key in ("leads", "submissions", "contacted", "delivered"):
        for row in cells(client.get(page("mesure_lines", tuile=key))):
            assert set(row[1:]) == {"—"}


def test_a_sales_person_opens_their_own_and_nobody_s(client, sign_in):
    user = sign_in("Commercial")
    asks(last_name="Sienne", owner=user)
    asks(last_name="Libre")
    asks(last_name="Autre", owner=StaffFactory(group="Commercial"))
    facts.refresh_all()

    response = client.get(page("mesure_lines", tuile="leads"))

    assert {row[0].split()[1] for row in cells(response)} == {"Sienne", "Libre"}
    assert client.get(page("mesure")).context["board"].figures["leads"].value == 2


def test_a_lead_given_away_meanwhile_is_not_named(client, sign_in):
    user = sign_in("Commercial")
    submission = asks(last_name="Partie", owner=user)
    facts.refresh_all()
    other = StaffFactory(group="Commercial")
    Lead.objects.filter(pk=submission.lead_id).update(owner=other)

    for key in ("leads", "submissions"):
        response = client.get(page("mesure_lines", tuile=key))
        assert cells(response)[0][0] == ANOTHER_S
        assert "Partie" not in response.text


def test_requests_are_shown_to_the_day_and_without_address(client, sign_in):
    sign_in("Marketing")
    submission = asks()
    facts.refresh_all()

    response = client.get(page("mesure_lines", tuile="raw_retrievals"))

    assert cells(response)[0][0] == submission.copy.reference
    assert len(cells(response)[0][1]) == len("20/11/2026")
    assert submission.lead.last_name not in response.text
    assert submission.lead.email not in response.text


def test_requests_set_aside_are_listed_by_rule(client, sign_in):
    sign_in("Marketing")
    submission = asks()
    HitFactory(copy=submission.copy, gateway=True)
    HitFactory(copy=submission.copy, opened=True)
    HitFactory(copy=submission.copy, repeated=True)
    facts.refresh_all()

    board = client.get(page("mesure")).context["board"]
    aside = {rule.code: (a.value, b.value) for rule, a, b in board.aside}
    assert aside == {
        "too-soon": (1, 1),
        "get-proves-nothing": (1, 0),
        "repeated": (1, 1),
    }
    raw, kept = (board.figures[k].value for k in ("raw_retrievals", "retrievals"))
    assert sum(files for _, files in aside.values()) == raw - kept == 2
    response = client.get(page("mesure_lines", tuile="set_aside", regle="too-soon"))
    assert response.context["rows"].total == len(cells(response)) == 1


def test_rows_are_paged_and_the_total_is_told(client, sign_in):
    sign_in("Marketing")
    for _ in range(53):
        delivered()
    facts.refresh_all()

    first = client.get(page("mesure_lines", tuile="leads"))
    last = client.get(page("mesure_lines", tuile="leads", page=2))

    assert (len(cells(first)), len(cells(last))) == (50, 3)
    assert first.context["rows"].total == 53


def export(client, **asked):
    response = client.post(page("mesure_csv", **asked))
    assert response.status_code == 200
    content = b"".join(response.streaming_content).decode()
    assert content.startswith("\ufeff")
    return list(csv.reader(io.StringIO(content[1:]), delimiter=";"))


def test_a_spreadsheet_gets_the_same_rows_and_the_log_says_who_took_them(
    client, sign_in
):
    user = sign_in("Marketing")
    asks(last_name="Nommée")
    object_to(asks(last_name="Introuvable").lead)
    facts.refresh_all()

    heads, *rows = export(client, tuile="delivered", type="ch")

    assert heads[0] == "Personne"
    assert sorted(row[0] for row in rows) == ["Camille Nommée", OBJECTS]
    entry = JournalEntry.objects.get(act=JournalEntry.Act.EXPORTED)
    assert entry.user_id == user.pk
    assert "Remis" in entry.page
    assert "Centre hospitalier" in entry.filters
    assert entry.count == 2


def test_no_cell_of_an_export_is_a_formula(client, sign_in):
    """S15: nor in full width, nor after what a spreadsheet drops."""
    sign_in("Marketing")
    asks(first_name="=1+1", last_name="x", organisation="+33 1;\n@SUM(A1)")
    facts.refresh_all()

    row = export(client, tuile="leads")[1]

    assert row[:2] == ["'=1+1 x", "'+33 1;\n@SUM(A1)"]
    for start in "=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20":
        assert safe(f"{start}x") == f"'{start}x"
    assert safe("x=1") == "x=1"


def test_an_export_is_asked_for_by_a_post(client, sign_in):
    sign_in("Marketing")
    assert client.get(page("mesure_csv", tuile="leads")).status_code == 405


def test_anonymous_rows_are_aggregates_of_the_days_of_paris(client, sign_in):
    sign_in("Commercial")
    for hour, count in ((21, 3), (22, 5)):  # 23:00 that day, then midnight.
        AudienceCount.objects.create(
            hour=datetime(2026, 7, 1, hour, tzinfo=UTC), step="page", device="phone",
            count=count,
        )  # fmt: skip
    asked = {"du": "2026-07-02", "au": "2026-07-02", "tuile": "page", "type": "chu"}

    response = client.get(page("mesure_lines", **asked))

    assert response.context["rows"].total == 5
    assert [row[-1] for row in cells(response)] == ["5"]
    assert "établissement" not in response.context["rows"].sentence


@pytest.mark.parametrize("group", ["Marketing", "Commercial", "DPO"])
@pytest.mark.parametrize("name", ["mesure", "mesure_lines", "mesure_pdf"])
def test_every_group_may_open_the_measure(client, sign_in, group, name):
    sign_in(group)
    assert client.get(page(name, tuile="leads")).status_code == 200


@pytest.mark.parametrize("name", ["mesure", "mesure_lines", "mesure_pdf"])
def test_nobody_else_may(client, sign_in, name):
    assert client.get(page(name, tuile="leads")).status_code == 302
    sign_in()
    assert client.get(page(name, tuile="leads")).status_code == 403
    assert client.post(page("mesure_csv", tuile="leads")).status_code == 403


@pytest.mark.parametrize(
    "asked",
    [
        {"du": "0001-01-01", "au": "0001-01-01"},
        {"du": "9999-12-31", "au": "9999-12-31"},
        {"du": "x", "au": "\x00"},
        {"type": "\x00", "responsable": "9" * 30, "page": "9" * 30},
        {"responsable": "-1", "region": "x" * 500, "page": "-4"},
        {"regle": "x" * 500, "tuile": "set_aside"},
    ],
)
@pytest.mark.parametrize("name", ["mesure", "mesure_lines"])
def test_what_makes_no_sense_breaks_nothing(client, sign_in, name, asked):
    sign_in("Marketing")
    status = client.get(page(name, **{"tuile": "leads", **asked})).status_code
    assert status == (400 if "\x00" in asked.values() else 200)


@pytest.mark.parametrize("key", ["", "nothing", "x" * 5000])
def test_a_tile_that_is_none_is_not_found(client, sign_in, key):
    sign_in("Marketing")
    assert client.get(page("mesure_lines", tuile=key)).status_code == 404


@pytest.mark.parametrize(("name", "most"), [("mesure", 12), ("mesure_lines", 12)])
@pytest.mark.parametrize("group", ["Marketing", "Commercial"])
def test_a_page_costs_the_same_however_many_rows(
    client, sign_in, name, most, group, django_assert_max_num_queries
):
    sign_in(group)
    for count in (1, 12):
        for _ in range(count):
            asks()
        facts.refresh_all()
        for more in ({}, {"type": "ch", "region": "53"}):
            for key in ("leads", "submissions", "raw_retrievals", "page"):
                with django_assert_max_num_queries(most):
                    client.get(page(name, tuile=key, **more))


def test_the_page_says_how_fresh_it_is(client, sign_in):
    sign_in("Marketing")
    facts.refresh_all()
    assert "Tout ce qui est arrivé est compté." in client.get(page("mesure")).text
    asks()
    assert "à compter, d’ici une minute" in client.get(page("mesure")).text
    MeasureRun.note(MeasureRun.Kind.REFRESH)
    assert "à compter, d’ici une minute" in client.get(page("mesure")).text
    MeasureRun.objects.update(at=timezone.now() - timedelta(hours=1))
    assert "à compter, mais le recompte est arrêté" in client.get(page("mesure")).text


def test_a_filter_that_visits_know_nothing_of_is_said(client, sign_in):
    sign_in("Marketing")
    text = client.get(page("mesure", region="53")).text
    assert "Ces nombres sont anonymes" in text
    assert "Ces nombres sont anonymes" not in client.get(page("mesure")).text
