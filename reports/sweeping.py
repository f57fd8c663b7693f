"""Delete files of copies that no row speaks of: a worker died, or woke up too late.

A worker stores its file, then marks the copy. Frozen in between, it may write the file
of somebody who was erased meanwhile. Only names that copies give are looked at; the
current name of a copy, and one that a living lease may still write, are left alone.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import batched
from typing import Any
from uuid import UUID

from django.core.files.storage import Storage, storages
from django.utils import timezone

from reports.models import Copy

logger = logging.getLogger(__name__)

FOLDERS = 256  # Of the store, named by the first two digits of a copy's number.
HOURS = 24  # In which all of them are looked at.
ERASED_SINCE = timedelta(days=2)  # Looked for by name, each hour.
YOUNG = timedelta(hours=1)  # A file that may still be somebody's work.
MOST = 20_000  # Files of a folder, and copies of people, in one run.
# What `Copy.file_name` gives, and what a store adds where that name is taken.
NAME = re.compile(r"(?P<uid>[0-9a-f-]{36})-(?P<lease>\d{1,9})(_\w+)?\.pdf\Z")


def sweep(at: datetime) -> int:
    """Sweep the files of people erased lately, and this hour's share of the folders.

    Return how many files went. Running it again finds none.
    """
    gone = sweep_erased(at)
    for number in range(FOLDERS):
        if number % HOURS == at.hour:
            gone += sweep_folder(f"{number:02x}", at)
    if gone:
        logger.info("copies: %s orphan files deleted", gone)
    return gone


def sweep_erased(at: datetime) -> int:
    """Delete what was stored of people after they were erased."""
    copies = Copy.objects.filter(lead__erased_at__gte=at - ERASED_SINCE)
    store = storages["copies"]
    gone = 0
    for copy in copies.only("uid", "lease_no")[:MOST].iterator():
        for number in range(1, copy.lease_no + 1):
            gone += _delete(store, copy.file_name(number))
    return gone


def sweep_folder(folder: str, at: datetime) -> int:
    """Delete the orphans of one folder of the store."""
    store = storages["copies"]
    try:
        names = store.listdir(folder)[1]
    except FileNotFoundError:
        return 0
    gone = 0
    for some in batched(names[:MOST], 500):
        found = {name: match for name in some if (match := NAME.match(name))}
        copies = _copies(match["uid"] for match in found.values())
        for name, match in found.items():
            path = f"{folder}/{name}"
            copy = copies.get(match["uid"])
            if not _is_orphan(copy, path, int(match["lease"])):
                continue
            if (copy is None or copy.lead.erased_at is None) and _is_young(
                store, path, at
            ):
                continue
            gone += _delete(store, path)
    return gone


def _copies(uids: Iterable[str]) -> dict[str, Copy]:
    wanted = []
    for uid in uids:
        try:
            wanted.append(UUID(uid))
        except ValueError:
            continue
    rows = Copy.objects.filter(uid__in=wanted).select_related("lead")
    rows = rows.only(
        "uid", "file", "lease_no", "rendered_at", "lease_until", "lead__erased_at"
    )
    return {str(copy.uid): copy for copy in rows}


def _is_orphan(copy: Any, path: str, lease: int) -> bool:
    """Tell whether no row names a file, nor ever will."""
    if copy is None or copy.lead.erased_at:
        return True
    if copy.file == path:
        return False
    # Its worker may have been asleep for long: only another claim ends a lease.
    at_work = copy.lease_until is not None and copy.lease_no == lease
    return not (copy.rendered_at is None and at_work)


def _is_young(store: Storage, path: str, at: datetime) -> bool:
    try:
        modified = store.get_modified_time(path)
    except (FileNotFoundError, NotImplementedError):
        return True
    if timezone.is_naive(modified):
        modified = timezone.make_aware(modified)
    return modified > at - YOUNG


def _delete(store: Storage, path: str) -> bool:
    if not store.exists(path):
        return False
    store.delete(path)
    return True
