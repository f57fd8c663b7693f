"""The staff's guide: one page of the admin, with pictures of its own screens.

The pictures are made by `python -m tests.pages.guide_pictures`, from fictitious people.
"""

from __future__ import annotations

import re
import struct
from functools import cache
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import get_template
from django.template.response import TemplateResponse
from django.templatetags.static import static
from django.views.decorators.http import require_safe

TEMPLATE = "admin/guide.html"
FOLDER = "guide"  # Under static/.
_SECTION = re.compile(r'<section id="([\w-]+)"[^>]*><h2[^>]*>(.*?)</h2>')
# Screen → section. The longest name that begins the path after /admin/ decides.
SECTIONS = {
    "": "ma-file",
    "aide/": "ma-file",
    "leads/lead/": "liste",
    "leads/batch/": "actions-groupees",
    "leads/suspect/": "suspects",
    "leads/routingrule/": "affectation",
    "leads/absence/": "absences",
    "leads/staffprofile/": "affectation",
    "leads/savedview/": "liste",
    "leads/campaign/": "campagnes",
    "mesure/action/": "preuve-d-action",
    "leads/submission/": "envois",
    "leads/consentevent/": "joindre",
    "leads/privacyevent/": "droits",
    "leads/rightsrequest/": "droits",
    "leads/journalentry/": "droits",
    "outbox/": "envois",
    "reports/copy/": "envois",
    "reports/hit/": "telechargements",
    "reports/edition/": "editions",
    "reports/erratum/": "editions",
    "telechargements/": "telechargements",
    "mesure/": "mesure",
    "auth/": "droits",
    "compte/": "compte",
}
_LEAD = re.compile(r"leads/lead/\d+/")


class Section(NamedTuple):
    anchor: str
    title: str


class Picture(NamedTuple):
    url: str
    width: int
    height: int


@cache
def sections() -> list[Section]:
    """Return the sections of the guide, as its template names them."""
    source: str = get_template(TEMPLATE).template.source  # type: ignore[attr-defined]
    return [Section(*found) for found in _SECTION.findall(source)]


def section_of(path: str) -> str:
    """Return the anchor of the section about a page of the admin, by its path."""
    path = path.partition("/admin/")[2]
    if _LEAD.match(path):
        return "contact"
    known = [name for name in SECTIONS if name and path.startswith(name)]
    return SECTIONS[max(known, key=len, default="")]


@cache
def pictures() -> dict[str, Picture]:
    """Return the pictures of the guide that were made, by name (« ma_file »)."""
    found = {}
    for path in sorted((Path(settings.BASE_DIR) / "static" / FOLDER).glob("*.webp")):
        width, height = _size(path.read_bytes())
        url = static(f"{FOLDER}/{path.name}")
        found[path.stem.replace("-", "_")] = Picture(url, width, height)
    return found


def _size(content: bytes) -> tuple[int, int]:
    """Return width and height of a lossy WebP (RFC 9649, 2.5), in pixels."""
    width, height = struct.unpack_from("<HH", content, 26)
    return width & 0x3FFF, height & 0x3FFF


@require_safe
def guide(request: HttpRequest) -> TemplateResponse:
    context = {
        **admin.site.each_context(request),
        "title": "Aide",
        "sections": sections(),
        "pictures": pictures(),
    }
    return TemplateResponse(request, TEMPLATE, context)
