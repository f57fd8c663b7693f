"""A source and a campaign go by one name, whatever page asks."""

from __future__ import annotations

import pytest
from django.utils import timezone

from leads import routing, sources
from leads.analytics import facts, reading
from leads.analytics.filters import NONE, Filters
from leads.models import Campaign, Lead, RoutingRule
from tests.leads.factories import SubmissionFactory
from tests.leads.pages import page

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rennes():
    sources.forget()
    yield Campaign.objects.create(
        code="rennes", name="Rennes", origin="salon", aliases="congrès rennes"
    )
    sources.forget()


def from_link(source="", campaign=""):
    raw = {"utm_source": [source], "utm_campaign": [campaign]}
    lead = SubmissionFactory(source=raw).lead
    facts.refresh_all()
    return lead


def counted(**cuts):
    today = timezone.localdate()
    return reading.counts(Filters(today, today, cuts))["leads"]


def listed(client, **query):
    response = client.get(page("leads_lead_changelist", **query))
    return set(response.context["cl"].queryset)


def rows(client, **query):
    found = client.get(page("mesure_lines", tuile="submissions", **query))
    return [[cell[0] for cell in line["cells"]][3:5] for line in found.context["lines"]]


def test_a_name_is_all_its_writings_everywhere(client, sign_in):
    sign_in("Marketing")
    leads = {
        from_link("LinkedIn", "Rennes"),
        from_link("facebook", "Congrès  Rennes"),
        from_link("reseau-social", "rennes"),
    }
    from_link("presse", "autre chose")

    assert counted(origin="reseau-social") == counted(campaign="rennes") == 3
    assert listed(client, source="reseau-social") == leads
    assert listed(client, source="linkedin") == leads  # In a view kept before.
    assert listed(client, campagne="rennes") == leads
    assert rows(client, campagne="rennes") == [["réseau social", "Rennes"]] * 3
    text = client.get(page("leads_lead_changelist")).text
    assert "?source=reseau-social" in text
    assert "?source=facebook" not in text


def test_a_rule_on_a_campaign_knows_its_writings():
    rule = RoutingRule(campaign="rennes")
    for campaign, expected in (("Congrès Rennes", True), ("Nantes", False)):
        lead = from_link(campaign=campaign)
        asked = routing.with_first(Lead.objects.filter(pk=lead.pk)).get()
        assert routing.applies(rule, routing.facts_of(asked)) is expected


def test_a_link_that_carries_the_word_for_none_is_not_none(client, sign_in):
    sign_in("Marketing")
    from_link("aucun", "aucun")
    from_link()

    assert counted(origin=NONE) == counted(campaign=NONE) == 1
    assert counted(origin="autre") == counted(campaign="autre") == 1
    assert rows(client, source="autre") == [["«\u00a0aucun\u00a0»"] * 2]
    assert rows(client, source=NONE) == [["sans source", "sans campagne"]]
