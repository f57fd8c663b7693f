"""Lists under a name: kept for oneself or shared, and never wider than their reader."""

from __future__ import annotations

import pytest
from django.http import QueryDict

from leads.admin.views import sanitised
from leads.models import SavedView
from tests.leads.factories import LeadFactory, StaffFactory
from tests.leads.pages import notices, page, shown

pytestmark = pytest.mark.django_db
LIST = "leads_lead_changelist"


def saved(owner, name="Bretagne", query="region__exact=53", **values):
    return SavedView.objects.create(owner=owner, name=name, query=query, **values)


def keep(client, query, **data):
    data["asked"] = query
    return client.post(page("leads_savedview_add"), data, follow=True)


def test_a_list_is_kept_with_its_filters_search_and_order(client, sign_in):
    user = sign_in("Commercial")
    query = "q=zoé+d’ici&region__exact=53&o=-3&p=4&_popup=1&_to_field=id&rien=1&e=1"

    response = keep(client, name="Bretagne", query=query)

    view = SavedView.objects.get()
    assert (view.owner, view.is_shared) == (user, False)
    assert QueryDict(view.query).dict() == {
        "q": "zoé d’ici",
        "region__exact": "53",
        "o": "-3",
    }
    assert response.redirect_chain[-1][0] == f"{page(LIST)}?{view.query}"
    assert notices(response) == ["Vue «\u00a0Bretagne\u00a0» enregistrée."]


def test_the_list_offers_to_keep_what_it_shows(client, sign_in):
    sign_in("Commercial")

    response = client.get(page(LIST, region__exact="53", p=1))

    assert "Garder cette liste" in response.text
    assert response.context["view_query"] == "region__exact=53"
    assert "Garder cette liste" not in client.get(page(LIST)).text


def test_the_view_that_is_shown_is_marked_and_no_other(client, sign_in):
    user = sign_in("Commercial")
    saved(user)
    saved(user, name="Corse", query="region__exact=94")

    text = client.get(page(LIST, region__exact="53")).text
    assert '<a href="/admin/leads/lead/?region__exact=53" aria-current="page">' in text
    views = text[text.index('<nav class="views"') :]
    assert views.count("aria-current") == 1
    assert "renommer ou partager" in text
    text = client.get(page(LIST)).text
    assert '<a href="/admin/leads/lead/" aria-current="page">' in text


def test_a_view_opens_what_it_kept(client, sign_in):
    user = sign_in("Commercial")
    lead = LeadFactory(region="94")
    LeadFactory()
    view = saved(user, query="region__exact=94")

    assert shown(client.get(f"{page(LIST)}?{view.query}")) == [lead]


def test_a_shared_view_shows_each_reader_their_own(client, sign_in):
    author = StaffFactory(group="Marketing", first_name="Dominique", last_name="Test")
    view = saved(author, query="perimetre=tous", is_shared=True)
    secret = saved(author, name="À moi", query="region__exact=94")
    user = sign_in("Commercial")
    mine = LeadFactory(owner=user)
    LeadFactory(owner=author), LeadFactory(suspect=True)

    response = client.get(f"{page(LIST)}?{view.query}")

    assert shown(response) == [mine]
    assert "de Dominique Test" in response.text
    assert secret.name not in response.text


def test_mine_means_whoever_looks(client, sign_in):
    saved(StaffFactory(), query="responsable=moi", is_shared=True)
    user = sign_in("Commercial")
    mine = LeadFactory(owner=user)
    LeadFactory()

    assert shown(client.get(page(LIST, responsable="moi"))) == [mine]


def test_a_view_is_renamed_shared_and_deleted_by_its_author(client, sign_in):
    user = sign_in("Commercial")
    view = saved(user)
    url = page("leads_savedview_change", view.pk)

    response = client.post(url, {"name": "Ouest", "is_shared": "on"}, follow=True)
    view.refresh_from_db()
    assert (view.name, view.is_shared, view.query) == (
        "Ouest",
        True,
        "region__exact=53",
    )
    assert notices(response) == ["Vue «\u00a0Ouest\u00a0» modifiée."]
    client.post(url, {"name": "Ouest"})
    view.refresh_from_db()
    assert not view.is_shared

    delete = page("leads_savedview_delete", view.pk)
    assert client.get(delete).status_code == 200
    assert SavedView.objects.exists()
    response = client.post(delete, {"post": "yes"}, follow=True)
    assert notices(response) == ["Vue «\u00a0Ouest\u00a0» supprimée."]
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(
    ("group", "shared", "deletes"),
    [
        ("Commercial", True, False),
        ("Marketing", True, True),
        ("Marketing", False, None),
        ("Commercial", False, None),
    ],
)
def test_what_others_kept_is_theirs(client, sign_in, group, shared, deletes):
    """None is « not found »."""
    view = saved(StaffFactory(), is_shared=shared)
    sign_in(group)

    changed = client.post(page("leads_savedview_change", view.pk), {"name": "Autre"})
    response = client.post(page("leads_savedview_delete", view.pk), {"post": "yes"})

    assert changed.status_code == (302 if deletes is None else 403)
    assert response.status_code == (403 if deletes is False else 302)
    assert SavedView.objects.exists() == (not deletes)
    if not deletes:
        view.refresh_from_db()
        assert view.name == "Bretagne"


def test_the_dpo_has_no_views(client, sign_in):
    saved(StaffFactory(), name="À rappeler", is_shared=True)
    sign_in("DPO")

    assert "À rappeler" not in client.get(page(LIST)).text
    assert client.get(page("leads_savedview_changelist")).status_code == 403
    assert keep(client, name="x", query="region__exact=53").status_code == 403


def test_two_views_of_mine_have_two_names(client, sign_in):
    user = sign_in("Commercial")
    saved(user)
    saved(StaffFactory(), name="Corse")

    response = keep(client, name="Bretagne", query="region__exact=94")
    assert "Vous avez déjà une vue de ce nom." in response.text
    assert 'value="region__exact=94"' in response.text
    keep(client, name="Corse", query="region__exact=94")
    assert SavedView.objects.filter(owner=user).count() == 2


def test_kept_twice_it_is_one_view(client, sign_in):
    sign_in("Commercial")
    for _ in range(2):
        response = keep(client, name="Ouest", query="region__exact=53")
        assert notices(response) == ["Vue «\u00a0Ouest\u00a0» enregistrée."]
    assert SavedView.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("", "region__exact=53"),
        ("x" * 61, "region__exact=53"),
        ("a\x00b", "region__exact=53"),
        ("Vide", ""),
        ("Vide", "p=3&rien=1"),
        ("Longue", "&".join(f"source={n}{'a' * 150}" for n in range(20))),
    ],
)
def test_what_cannot_be_kept_is_said(client, sign_in, name, query):
    sign_in("Commercial")

    response = keep(client, name=name, query=query)

    assert response.status_code == 200
    assert "errornote" in response.text
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("", ""),
        ("region__exact=53&q=", "region__exact=53"),
        ("q=a&etablissement=b&q=c", "etablissement=b&q=a&q=c"),
        ("owner__password=a", ""),
        ("q=%00", ""),
        ("q=" + "a" * 300, ""),
        ("&".join(f"a{n}=1" for n in range(3000)), ""),
        ("q=%FF", "q=%EF%BF%BD"),
    ],
)
def test_only_what_the_list_knows_is_kept(query, kept):
    assert sanitised(query) == kept


def test_a_view_is_of_a_list_that_was_chosen_first(client, sign_in):
    sign_in("Commercial")

    response = client.get(page("leads_savedview_add"), follow=True)

    assert response.redirect_chain[-1][0] == page(LIST)
    assert "Garder cette liste" in notices(response)[0]


def test_no_button_leads_to_an_empty_view(client, sign_in):
    sign_in("Commercial")

    text = client.get(page("leads_savedview_changelist")).text

    assert page("leads_savedview_add") not in text
    assert "choisissez «\u00a0Garder cette liste\u00a0»" in text
