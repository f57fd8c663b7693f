"""What the pages of the measure and each of its tiles cost, to each group of people.

CPU is that of Django and of its PostgreSQL backend together, for one page: the time of
a server that has nothing else to do. Buffers are those of `EXPLAIN (ANALYZE, BUFFERS)`
of its statements: no other process changes them.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.measure import TICK, table

RUNS = 8
PERIODS = (28, 365)
FILTERS = {
    "all": {},
    "a third by type": {"type": "ch"},
    "a twelfth by type, source": {"type": "ch", "source": "salon"},
    "a quarter by source, campaign": {"source": "aucun", "campagne": "aucun"},
    "of one region, function": {"region": "11", "fonction": "dsi"},
}
GROUPS = {"Marketing": "marketing", "Commercial": "agent0"}
type Statement = tuple[str, Any]


def compare() -> None:
    """Print what each page costs, and each tile: its count and its first rows."""
    from django.conf import settings
    from django.db import connection

    settings.ALLOWED_HOSTS = ["*"]
    plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES["staticfiles"]["BACKEND"] = plain
    with connection.cursor() as cursor:
        # Else a part of the work would be that of processes that are not counted.
        cursor.execute("SET max_parallel_workers_per_gather = 0")
    people = {group: _person(group, name) for group, name in GROUPS.items()}
    for days in PERIODS:
        print(f"Pages, {days} days")
        table([("page", "CPU ms", "wall ms", "buffers"), *_pages(people, days)])
        print(flush=True)
    for days in PERIODS:
        print(f"Tiles, {days} days: CPU ms (buffers)")
        table(list(_tiles(people, days)))
        print(flush=True)


def _person(group: str, name: str) -> Any:
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Group

    users = get_user_model()._default_manager
    user, _ = users.update_or_create(username=name, defaults={"is_staff": True})
    user.groups.set(Group.objects.filter(name=group))
    return user


def _signed_in(user: Any) -> Any:
    """Return a client that has given both factors."""
    from django.test import Client

    from santescopie.accounts import sessions

    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    session = client.session
    session[sessions.FACTOR] = True
    session.save()
    return client


def _pages(people: dict[str, Any], days: int) -> Iterator[tuple[str, ...]]:
    from django.utils import timezone

    today = timezone.localdate()
    period = {"du": today - timedelta(days=days - 1), "au": today}
    for group, user in people.items():
        client = _signed_in(user)
        shown = [("", of, more) for of, more in FILTERS.items()]
        shown += [("action/", "all", {}), ("action/", *list(FILTERS.items())[1])]
        for path, of, more in shown:

            def way(
                client: Any = client,
                path: str = f"/admin/mesure/{path}",
                asked: dict[str, Any] = {**period, **more},  # noqa: B006
            ) -> None:
                assert client.get(path, asked).status_code == 200

            cpu, wall, buffers = cost(way)
            name = "preuve d’action" if path else "dashboard"
            yield f"{group}, {name}, {of}", f"{cpu:.0f}", f"{wall:.0f}", f"{buffers}"


def _tiles(people: dict[str, Any], days: int) -> Iterator[tuple[str, ...]]:
    from django.utils import timezone

    from leads.analytics import anonymous, paging, tiles
    from leads.analytics.filters import Filters
    from leads.analytics.labels import Labels
    from leads.analytics.lines import listing

    today = timezone.localdate()
    period = {"du": str(today - timedelta(days=days - 1)), "au": str(today)}
    scopes = {
        f"{group}, {of}": (user, Filters.parse({**period, **more}, user))
        for group, user in people.items()
        for of, more in list(FILTERS.items())[:4]
    }
    yield ("tile", *(f"{scope}: count; rows" for scope in scopes))
    for tile in tiles.TILES:
        cells = []
        for user, filters in scopes.values():
            of = anonymous.applying(filters) if tile.is_anonymous else filters
            found = listing(tile, tile.rows(of), user, Labels.read(user))

            def rows(tile: Any = tile, of: Any = of, found: Any = found) -> None:
                if tile.is_anonymous:
                    list(found.rows[:50])
                else:
                    list(paging.pages(tile, of, "", found.rows, 50).get_page(1))

            def count(tile: Any = tile, of: Any = of) -> None:
                tile.count(of)

            costs = (cost(way) for way in (count, rows))
            cells.append("; ".join(f"{cpu:.0f} ({n})" for cpu, _, n in costs))
        yield (tile.key, *cells)


def cost(way: Callable[[], object]) -> tuple[float, float, int]:
    """Return the milliseconds of CPU of one run, those of the wall, and the buffers."""
    statements: list[Statement] = []
    with _noted(statements):
        way()  # And it warms up.
    buffers = sum(_buffers(*statement) for statement in statements)
    before, walls = _cpu(), []
    for _ in range(RUNS):
        begun = time.perf_counter()
        way()
        walls.append(time.perf_counter() - begun)
    return (_cpu() - before) / RUNS * 1000, statistics.median(walls) * 1000, buffers


@contextmanager
def _noted(statements: list[Statement]) -> Iterator[None]:
    from django.db import connection

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield


def _buffers(sql: str, params: Any) -> int:
    from django.db import connection

    if not sql.lstrip().startswith(("SELECT", "WITH")):
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {sql}", params
        )
        told = cursor.fetchone()[0]
    plan = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def _cpu() -> float:
    """Return the seconds of this process and of its backend, so far."""
    from django.db import connection

    connection.ensure_connection()
    stat = Path(f"/proc/{connection.connection.info.backend_pid}/stat").read_text()
    fields = stat.rpartition(")")[2].split()
    times = os.times()
    return times.user + times.system + (int(fields[11]) + int(fields[12])) / TICK
