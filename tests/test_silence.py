"""A stopped worker raises the banner within one period; its recovery clears it."""

from __future__ import annotations

import http.cookiejar
import os
import re
import signal
import urllib.parse
import urllib.request

import psycopg
import pytest

from leads import alarm
from tests.test_chain import Demo

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("processes")]

SEED, TOLD = "sonde@exemple.fr", "exploitation@exemple.fr"
SCALE = 0.1  # Of every delay, as in tests/test_chain.py.
LATE = b"silence-alarm"


class Watched(Demo):
    """A demo whose alarm is on, and somebody of marketing who is signed in."""

    def sign_in(self):
        jar = http.cookiejar.CookieJar()
        self.browser = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(jar)
        )
        url = f"http://127.0.0.1:{self.port}/admin/login/"
        page = self.browser.open(url, timeout=10).read().decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
        answers = {
            "login": "marketing",
            "password": "santescopie",
            "csrfmiddlewaretoken": token,
            "next": "/admin/password_change/",
        }
        self.browser.open(url, urllib.parse.urlencode(answers).encode(), timeout=10)

    def banner(self):
        url = f"http://127.0.0.1:{self.port}/admin/password_change/"
        with self.browser.open(url, timeout=10) as answer:
            page = answer.read()
        assert b"logout" in page
        return LATE in page

    def rows(self, query):
        url = self.setting("DATABASE_URL")
        with psycopg.connect(url, autocommit=True) as database:
            return database.execute(query).fetchall()

    def let_pass(self, seconds):
        """Make every probe that much older, in the time of the demo."""
        url = self.setting("DATABASE_URL")
        with psycopg.connect(url, autocommit=True) as database:
            database.execute(
                "UPDATE leads_probe SET started_at = started_at - %s * interval '1 s'",
                [seconds * SCALE],
            )


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    demo = Watched(tmp_path_factory.mktemp("watched") / "var")
    demo.environment = {"SEED_MAILBOX": SEED, "ALARM_TO": TOLD}
    try:
        demo.start()
        demo.sign_in()
        yield demo
    finally:
        demo.stop()


def test_a_stopped_worker_raises_the_banner_and_its_recovery_clears_it(watched):
    demo = watched
    sent = "SELECT count(*) FROM leads_probe"
    passed = "SELECT 1 FROM leads_probe WHERE retrieved_at IS NOT NULL"
    demo.wait(lambda: demo.rows(passed), 60)
    assert not demo.banner()
    assert len(demo.mails(SEED)) == 1

    hold = demo.var / "run" / "worker.hold"
    hold.touch()
    children = demo.children("worker")
    demo.kill("worker")
    for child in children:
        os.kill(child, signal.SIGKILL)
    try:
        demo.let_pass(alarm.EVERY)
        demo.wait(lambda: demo.rows(sent) == [(2,)], 30)  # The relay's next round.
        assert not demo.banner()
        demo.let_pass(alarm.RENDERED)
        assert demo.banner()
        [mail] = demo.wait_for_mail(TOLD)  # No worker sent it.
        assert mail["Subject"].startswith("Les synthèses ne sont plus fabriquées")
    finally:
        hold.unlink()

    demo.wait(lambda: not demo.banner(), 90)
    demo.wait(lambda: len(demo.mails(TOLD)) == 2, 60)
    assert demo.mails(TOLD)[1]["Subject"].startswith("Rétabli")
    assert len(demo.mails(TOLD)) == 2
    assert demo.rows("SELECT count(*) FROM leads_alarm WHERE cleared_at IS NULL") == [
        (0,)
    ]
    assert demo.rows("SELECT count(*) FROM leads_leadfacts") == [(0,)]
