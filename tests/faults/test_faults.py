"""Nothing acknowledged is lost or sent twice, and the suite would say so.

A few of the faults of `make faults`, on the same house. `-m "not processes"` leaves
them out.
"""

from __future__ import annotations

import pytest

from tests.faults import nemesis
from tests.faults.client import Crowd
from tests.faults.house import House

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("processes")]
SCALE = 0.05  # A lease of three seconds.


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with House(tmp_path_factory.mktemp("faults") / "var", SCALE) as house:
        yield house


@pytest.fixture(scope="module")
def crowd(house):
    crowd = Crowd(house.port)
    yield crowd
    crowd.pool.shutdown()


@pytest.mark.parametrize(
    "fault",
    [
        "worker's child killed after the dot",
        "worker killed, message claimed",
        "web killed after COMMIT",
        "relay killed, rows handed over",
        "broker flushed",
        "PostgreSQL stopped at once",
    ],
)
def test_nothing_is_lost_nor_sent_twice(house, crowd, fault):
    outcome = nemesis.run(house, crowd, fault, nemesis.FAULTS[fault], posts=12)

    assert outcome.wrong == []
    assert outcome.acknowledged == outcome.stored == outcome.received >= 12


@pytest.mark.parametrize(
    ("safeguard", "seen"),
    [("claim", "duplicate"), ("fence", "duplicate"), ("sweep", "stuck")],
)
def test_a_missing_safeguard_is_seen(house, crowd, safeguard, seen):
    with house.without(safeguard):
        act = nemesis.SABOTAGE[safeguard]
        outcome = nemesis.run(house, crowd, safeguard, act, posts=8, patience=12)

    assert [line for line in outcome.wrong if line.startswith(seen)]
