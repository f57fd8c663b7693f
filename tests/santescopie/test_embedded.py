"""PostgreSQL and Valkey beside the project: real servers, on a state of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis

from santescopie import embedded
from santescopie.processes import Service, Unavailable, owned

pytestmark = pytest.mark.processes


@pytest.fixture
def var(tmp_path: Path) -> Path:
    """Return a folder that its owner alone can reach, as under a home directory."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    return home / "project" / "var"


@contextmanager
def running(service: Service) -> Iterator[Service]:
    try:
        service.start()
        service.wait_ready()
        yield service
    finally:
        service.stop()


def ask(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query)
        row = cursor.fetchone() if cursor.description else None
        return row and row[0]


def postgres(var: Path) -> Service:
    return embedded.postgres(var, durable=False)


def test_services_start_and_touch_no_permission_above_var(
    var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.delenv("REDIS_URL")
    var.parent.mkdir(mode=0o700)
    above = {parent: parent.stat() for parent in var.parents}
    with embedded.services(var) as urls:
        assert redis.Redis.from_url(urls["REDIS_URL"]).ping()
        assert ask(urls["DATABASE_URL"], "SHOW server_encoding") == "UTF8"
        assert ask(urls["DATABASE_URL"], "SHOW timezone") == "UTC"
        assert ask(urls["DATABASE_URL"], "SHOW fsync") == "on"
        assert ask(urls["DATABASE_URL"], "SELECT upper('é') || lower('À')") == "Éà"
    for parent, before in above.items():
        after = parent.stat()
        assert (after.st_mode, after.st_uid) == (before.st_mode, before.st_uid), parent


def test_addresses_that_are_set_win(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/db")
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere/0")
    with embedded.services(var) as urls:
        assert urls == {
            "DATABASE_URL": "postgres://elsewhere/db",
            "REDIS_URL": "redis://elsewhere/0",
        }
    assert not (var / "postgres").exists()


def test_data_outlives_a_kill_and_the_address_stays(var: Path) -> None:
    with running(embedded.postgres(var)) as service:
        ask(service.url, "CREATE TABLE kept AS SELECT 1 AS value")
        assert service.process
        service.process.kill()
        service.process.wait()
        service.start()
        service.wait_ready()
        assert ask(service.url, "SELECT value FROM kept") == 1


def test_a_server_left_by_a_killed_owner_is_stopped(var: Path) -> None:
    with running(postgres(var)) as orphan:
        ask(orphan.url, "CREATE TABLE kept AS SELECT 1 AS value")
        with running(postgres(var)) as service:
            assert not orphan.running
            assert ask(service.url, "SELECT value FROM kept") == 1


def test_a_lock_that_names_a_stranger_is_cleared(var: Path) -> None:
    with running(postgres(var)):
        pass
    (var / "postgres/data/postmaster.pid").write_text(f"{os.getpid()}\n")
    with running(postgres(var)) as service:
        assert ask(service.url, "SELECT 1") == 1


def test_an_interrupted_creation_starts_over(var: Path) -> None:
    (var / "postgres").mkdir(parents=True)
    (var / "postgres/data.new").mkdir()
    (var / "postgres/data.new/half").touch()
    with running(postgres(var)) as service:
        assert ask(service.url, "SELECT 1") == 1


def test_what_valkey_took_outlives_a_kill(var: Path) -> None:
    with running(embedded.valkey(var)) as service:
        client = redis.Redis.from_url(service.url)
        client.set("key", "value")
        assert service.process
        service.process.kill()
        service.process.wait()
        service.start()
        service.wait_ready()
        assert client.get("key") == b"value"


def test_a_missing_server_is_named_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(embedded, "_package", lambda name: [])
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(Unavailable, match=r"^No Valkey .* install .*$"):
        embedded.valkey_binary()


def test_one_owner_at_a_time(var: Path) -> None:
    with owned(var), pytest.raises(Unavailable, match="already runs"), owned(var):
        pass
    with owned(var):
        pass


def run(var: Path, *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "santescopie.embedded", "run", *command],
        env=os.environ | {"SANTESCOPIE_VAR": str(var)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_run_exports_the_addresses_and_returns_the_status(var: Path) -> None:
    with run(var, "sh", "-c", "echo $DATABASE_URL $REDIS_URL; exit 3") as process:
        output, _ = process.communicate(timeout=30)
    assert output.split() == [os.environ["DATABASE_URL"], os.environ["REDIS_URL"]]
    assert process.returncode == 3


def test_run_passes_sigterm_on(var: Path) -> None:
    with run(var, "sh", "-c", "echo ready; exec sleep 60") as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 128 + signal.SIGTERM
