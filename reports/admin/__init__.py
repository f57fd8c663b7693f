"""The pages of staff about the document: one module per subject."""

from __future__ import annotations

from reports.admin.copies import CopyAdmin, CopyColumns, copy_state
from reports.admin.downloads import downloads_page
from reports.admin.editions import EditionAdmin
from reports.admin.filters import LongFilter
from reports.admin.hits import HitAdmin

__all__ = [
    "CopyAdmin",
    "CopyColumns",
    "EditionAdmin",
    "HitAdmin",
    "LongFilter",
    "copy_state",
    "downloads_page",
]
