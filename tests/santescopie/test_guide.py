"""The staff's guide: whole, open to all of staff, and reached from every page."""

from __future__ import annotations

import re

import pytest
from django.contrib import admin
from django.urls import reverse

from santescopie import guide
from tests.leads.factories import StaffFactory

GROUPS = ["Commercial", "Marketing", "DPO"]


@pytest.mark.django_db
@pytest.mark.parametrize("group", GROUPS)
def test_all_of_staff_may_read_it(client, group):
    client.force_login(StaffFactory(group=group))

    response = client.get(reverse("admin:guide"))

    assert response.status_code == 200
    for section in guide.sections():
        assert f'href="#{section.anchor}"' in response.text
    anchors = re.findall(r'<section id="([\w-]+)"', response.text)
    assert anchors == [section.anchor for section in guide.sections()]
    assert len(set(anchors)) == len(anchors) > 10


@pytest.mark.django_db
def test_nobody_else_may(client):
    assert client.get(reverse("admin:guide")).status_code == 302


def test_every_list_of_the_admin_has_its_section():
    anchors = {section.anchor for section in guide.sections()}
    assert set(guide.SECTIONS.values()) <= anchors
    known = [name for name in guide.SECTIONS if name]
    for model in admin.site._registry:
        names = (model._meta.app_label, model._meta.model_name)
        path = reverse("admin:{}_{}_changelist".format(*names))
        assert any(path.startswith(f"/admin/{name}") for name in known), path
        assert guide.section_of(path) in anchors


@pytest.mark.django_db
def test_each_page_opens_the_guide_where_it_speaks_of_it(client):
    client.force_login(StaffFactory(group="Marketing"))
    for name, part in (("leads_routingrule_changelist", "affectation"), ("index", "")):
        response = client.get(reverse(f"admin:{name}"))

        assert f'href="/admin/aide/#{part or "ma-file"}"' in response.text


def test_a_person_s_page_leads_to_its_own_section():
    assert guide.section_of("/admin/leads/lead/12/change/") == "contact"
    assert guide.section_of("/admin/leads/lead/") == "liste"
    assert guide.section_of("/admin/") == "ma-file"


def test_pictures_tell_their_true_size():
    from PIL import Image

    for name, picture in guide.pictures().items():
        path = guide.settings.BASE_DIR / "static" / "guide"
        with Image.open(path / f"{name.replace('_', '-')}.webp") as image:
            assert image.size == (picture.width, picture.height)
