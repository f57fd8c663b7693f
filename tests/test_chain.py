"""The real processes, from the form to the message, with things going wrong."""

from __future__ import annotations

import contextlib
import email
import email.policy
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import psycopg
import pytest

from tests.smtp import free_port

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("processes")]

ANSWERS = {
    "first_name": "Zoë",
    "last_name": "Lœuf-d’Ünal",
    "organisation": "Établissement public de santé mentale « L’Île-Garçon » n° sept",
    "organisation_type": "epsm",
    "job_function": "cadre",
    "region": "53",
}


class Demo:
    """A demo of its own: its folder, its port, a tenth of every delay."""

    environment: dict[str, str] = {}  # What else it is told.

    def __init__(self, var):
        self.var, self.port = var, free_port()
        self.count = 0

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "demo"],
            env={
                **{k: os.environ[k] for k in ("PATH", "HOME") if k in os.environ},
                "SANTESCOPIE_VAR": str(self.var),
                "PORT": str(self.port),
                "DEMO_LEADS": "0",
                "DEMO_QUOTAS": "off",
                "DELAY_SCALE": "0.1",
                **self.environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.wait(lambda: self.get("/readyz") and self.pid("relay"), 180)

    def stop(self):
        """Ask it to stop, wait until it has, and let go of its output."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=40)
        self.process.stdout.close()

    def get(self, path):
        with contextlib.suppress(OSError):
            url = urllib.parse.urljoin(f"http://127.0.0.1:{self.port}", path)
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.read().decode()
        return ""

    def post(self, **changes):
        """Post a new person; return (address, follow-up page, seconds it took)."""
        self.count += 1
        address = f"zoe{self.count}@exemple.fr"
        data = urllib.parse.urlencode({**ANSWERS, "email": address, **changes})
        begun = time.monotonic()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/", data.encode()
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            page = answer.geturl()
        return address, page, time.monotonic() - begun

    def mails(self, address):
        found = []
        for path in sorted((self.var / "mail").glob("*.eml")):
            mail = email.message_from_bytes(
                path.read_bytes(), policy=email.policy.default
            )
            if mail["To"] == address:
                found.append(mail)
        return found

    def wait_for_mail(self, address, seconds=90):
        self.wait(lambda: self.mails(address), seconds)
        return self.mails(address)

    def wait(self, condition, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                pytest.fail(self.process.stdout.read().decode())
            if condition():
                return
            time.sleep(0.05)
        logs = [
            f"== {log.name}\n{log.read_text()[-1500:]}"
            for log in sorted((self.var / "log").glob("*.log"))
        ]
        pytest.fail("\n".join(["timed out", *logs]))

    def setting(self, name):
        lines = (self.var / "env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)[name]

    def pid(self, name):
        with contextlib.suppress(OSError, ValueError):
            return int((self.var / "run" / f"{name}.pid").read_text())
        return 0

    def kill(self, name, number=signal.SIGKILL):
        pid = self.pid(name)
        os.kill(pid, number)
        return pid

    def children(self, name):
        """Return the pids of its children: a worker's do the work, and outlive it."""
        if (proc := Path("/proc/self/stat")).exists():  # A bare machine has no ps.
            stats = [read(path) for path in proc.parents[1].glob("[0-9]*/stat")]
            pairs = [(int(stat[0]), int(stat[3])) for stat in stats if len(stat) > 3]
        else:
            command = ["ps", "-A", "-o", "pid=,ppid="]
            table = subprocess.run(command, capture_output=True, text=True, check=True)
            pairs = [map(int, line.split()) for line in table.stdout.splitlines()]
        return [child for child, parent in pairs if parent == self.pid(name)]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    demo = Demo(tmp_path_factory.mktemp("demo") / "var")
    try:
        demo.start()
        yield demo
    finally:
        demo.stop()


def pdf_text(mail):
    [attachment] = mail.iter_attachments()
    assert attachment.get_filename() == "santescopie-2026-synthese.pdf"
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext (poppler-utils) is not installed")
    return subprocess.run(
        ["pdftotext", "-", "-"],
        input=attachment.get_content(),
        capture_output=True,
        check=True,
    ).stdout.decode()


def read(path):
    """Return the fields of a process, none where it has just ended."""
    try:
        return re.sub(r"\(.*\)", "name", path.read_text()).split()
    except OSError:
        return []


def flat(text):
    """Return the letters alone: a line may be broken anywhere, at a hyphen too."""
    return re.sub(r"[\s-]+", "", text)


def test_a_submission_becomes_a_personal_pdf_in_a_mailbox(demo):
    address, page, _ = demo.post()

    [mail] = demo.wait_for_mail(address)

    demo.wait(lambda: 'data-state="accepted"' in demo.get(page), 5)
    text = flat(pdf_text(mail))
    for words in ("Zoë Lœuf-d’Ünal", "Encadrement de santé", ANSWERS["organisation"]):
        assert flat(words) in text
    link = next(
        word
        for word in mail.get_body(("plain",)).get_content().split()
        if "/exemplaire/" in word
    )
    assert "Télécharger" in demo.get(link)


def test_a_worker_killed_while_it_renders_costs_time_and_nothing_else(demo):
    url = demo.setting("DATABASE_URL")
    with (
        psycopg.connect(url) as lock,
        psycopg.connect(url, autocommit=True) as database,
    ):
        # A copy takes milliseconds: this one gets no further than owing its message.
        lock.execute("LOCK TABLE outbox_message IN SHARE MODE")
        address, _, _ = demo.post()
        claimed = (
            "SELECT worker FROM reports_copyevent e JOIN reports_copy c"
            " ON c.id = e.copy_id WHERE recipient = %s AND kind = 'attempted'"
        )
        demo.wait(lambda: database.execute(claimed, [address]).fetchone(), 20)
        # The relay's own child may be on it, where the broker has just been away.
        [[holder]] = database.execute(claimed, [address]).fetchall()
        at_work = {*demo.children("worker"), int(holder.rpartition(":")[2])}
        killed = demo.kill("worker")
        for child in at_work:
            os.kill(child, signal.SIGKILL)

    demo.wait_for_mail(address)

    demo.wait(lambda: demo.pid("worker") not in (0, killed), 20)
    time.sleep(7)  # A lease and more: a second message would come now.
    assert len(demo.mails(address)) == 1
    with psycopg.connect(demo.setting("DATABASE_URL")) as database:
        attempts = "SELECT attempts FROM reports_copy WHERE recipient = %s"
        assert database.execute(attempts, [address]).fetchone()[0] >= 2


def test_with_the_broker_stopped_mail_still_flows(demo):
    hold = demo.var / "run" / "valkey.hold"
    hold.touch()
    stopped = demo.kill("valkey")
    try:
        address, _, seconds = demo.post()
        assert seconds < 2
        assert len(demo.wait_for_mail(address)) == 1
    finally:
        hold.unlink()
    demo.wait(lambda: demo.pid("valkey") not in (0, stopped), 20)


def test_with_the_broker_hung_mail_still_flows(demo):
    demo.wait(lambda: demo.pid("valkey"), 20)
    demo.kill("valkey", signal.SIGSTOP)
    try:
        address, _, seconds = demo.post()
        assert seconds < 2
        assert len(demo.wait_for_mail(address)) == 1
    finally:
        demo.kill("valkey", signal.SIGCONT)


def test_with_the_mail_server_down_all_wait_and_leave_when_it_is_back(demo):
    hold = demo.var / "run" / "mail.hold"
    hold.touch()
    stopped = demo.kill("mail")
    try:
        addresses = [demo.post()[0] for _ in range(6)]
        with psycopg.connect(demo.setting("DATABASE_URL"), autocommit=True) as database:
            is_open = "SELECT 1 FROM outbox_breaker WHERE opened_at IS NOT NULL"
            demo.wait(lambda: database.execute(is_open).fetchone(), 60)
            probed = "SELECT 1 FROM outbox_breaker WHERE probes > 3"
            demo.wait(lambda: database.execute(probed).fetchone(), 60)
            ended = "SELECT count(*) FROM outbox_message WHERE failed_at IS NOT NULL"
            assert database.execute(ended).fetchone()[0] == 0
    finally:
        hold.unlink()
    demo.wait(lambda: demo.pid("mail") not in (0, stopped), 20)

    for address in addresses:
        assert len(demo.wait_for_mail(address)) == 1


def test_a_relay_that_dies_is_replaced(demo):
    killed = demo.kill("relay")
    address, _, _ = demo.post()

    assert len(demo.wait_for_mail(address)) == 1
    assert demo.pid("relay") not in (0, killed)


@pytest.fixture(scope="module")
def stopping(tmp_path_factory):
    demo = Demo(tmp_path_factory.mktemp("stopping") / "var")
    try:
        demo.start()
        yield demo
    finally:
        demo.stop()


def test_stopping_leaves_no_process_and_keeps_the_data(stopping):
    demo = stopping
    names = ("web", "worker", "relay", "beat", "mail", "postgres", "valkey")
    pids = [demo.pid(name) for name in names]
    assert all(pids)
    before = len(list((demo.var / "mail").glob("*.eml")))

    demo.stop()

    assert demo.process.returncode == 0
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    demo.start()
    address, _, _ = demo.post()
    demo.wait_for_mail(address)
    assert len(list((demo.var / "mail").glob("*.eml"))) == before + 1
