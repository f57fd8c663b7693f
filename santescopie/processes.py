"""Processes of ours: how the demo and the tests start, watch and stop them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

LOOPBACK = "127.0.0.1"


class Unavailable(RuntimeError):
    """Says in one line why a service cannot run, and what to do about it."""


class Account(NamedTuple):
    """Whom a process runs as (None: as we do), and who owns its files (-1: we do)."""

    uid: int | None = None
    gid: int | None = None
    groups: list[int] | None = None
    owner: int = -1


OURSELVES = Account()


@dataclass
class Service:
    """One process of ours: the leader of its own session, so of its own group."""

    name: str
    argv: list[str]
    env: dict[str, str]
    log: Path
    port: int = 0
    url: str = ""
    account: Account = OURSELVES
    prepare: Callable[[], None] = lambda: None
    answers: Callable[[], bool] = lambda: True
    stop_signal: signal.Signals = signal.SIGTERM
    cwd: Path = Path("/")
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start the process; call it from the main thread (see `tied`)."""
        self.prepare()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*tied(self.stop_signal), *self.argv],
                env=self.env,
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=self.account.uid,
                group=self.account.gid,
                extra_groups=self.account.groups,
            )

    def wait_ready(self, timeout: float = 30) -> None:
        """Return once it answers; raise Unavailable if it dies or takes too long."""
        deadline = time.monotonic() + timeout
        while not self.answers():
            if not self.running:
                raise Unavailable(f"{self.name} stopped at once: see {self.log}")
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"{self.name} gives no answer after {timeout:.0f} s: see {self.log}"
                )
            time.sleep(0.05)

    def ask_to_stop(self) -> None:
        """Send the polite signal; wake it up first if it was stopped (SIGSTOP)."""
        if self.process and self.running:
            self.process.send_signal(self.stop_signal)
            self.process.send_signal(signal.SIGCONT)

    def stop(self, grace: float = 10) -> None:
        """Stop the process, by force after `grace` seconds, and all of its group."""
        if self.process is None:
            return
        self.ask_to_stop()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=grace)
        self.sweep()
        self.process.wait()

    def sweep(self) -> None:
        """Kill what is left of the group, such as the pool of a killed worker."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)


def free_port() -> int:
    """Return a free loopback port below those the kernel gives to clients.

    A service keeps its port while it is restarted: one from the ephemeral range could
    be taken meanwhile by any outgoing connection.
    """
    for port in random.sample(range(15000, 32000), 200):
        if port_is_free(port):
            return port
    raise Unavailable(f"No free port on {LOOPBACK} between 15000 and 32000.")


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


@contextmanager
def owned(var: Path) -> Iterator[None]:
    """Keep `var` to one owner at a time; the kernel lets go when the owner dies."""
    run = var / "run"
    run.mkdir(parents=True, exist_ok=True)
    with (run / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unavailable(
                f"A demo already runs on {var}: stop it, "
                "or name another folder in SANTESCOPIE_VAR."
            ) from None
        yield


@cache
def setpriv() -> str | None:
    """Return util-linux's setpriv, or None (macOS, BusyBox)."""
    command = shutil.which("setpriv")
    if command and succeeds([command, "--pdeathsig", "TERM", "true"]):
        return command
    return None


def tied(death: signal.Signals) -> list[str]:
    """Return the prefix that has the kernel signal a child when its parent dies.

    It holds after a SIGKILL of the parent, needs no Python code between fork and exec,
    and is bound to the thread that starts the child: the main one. Where setpriv is
    missing, the next start finds the leftovers by their pid files.
    """
    command = setpriv()
    return [command, "--pdeathsig", death.name[3:]] if command else []


def succeeds(argv: list[str], account: Account = OURSELVES) -> bool:
    try:
        done = subprocess.run(
            argv,
            cwd="/",
            capture_output=True,
            check=False,
            user=account.uid,
            group=account.gid,
            extra_groups=account.groups,
        )
    except OSError:
        return False
    return done.returncode == 0


@dataclass
class Traces:
    """What the system says of a process; all empty for a dead one, and a zombie."""

    command: str = ""
    environment: str = ""
    folder: Path | None = None

    def works_in(self, folder: Path) -> bool:
        """Tell whether its working directory, or else its command, names `folder`."""
        if self.folder is None:
            return str(folder) in self.command
        return self.folder.is_relative_to(folder.resolve())

    def belongs_to(self, var: Path) -> bool:
        """Tell whether it works in `var` or was started for it.

        Valkey writes its title over its environment, hence the two ways.
        """
        told = f"SANTESCOPIE_VAR={var}"
        words = [*self.environment.split("\0"), *self.environment.split()]
        return told in words or self.works_in(var)


def traces(pid: int) -> Traces:
    proc = Path(f"/proc/{pid}")
    if not Path("/proc/self").exists():
        return _listed(pid)
    try:
        command = os.fsdecode((proc / "cmdline").read_bytes()).replace("\0", " ")
        environment = os.fsdecode((proc / "environ").read_bytes())
        return Traces(command, environment, (proc / "cwd").readlink())
    except OSError:
        return Traces()


def _listed(pid: int) -> Traces:
    """Ask `ps`, where there is no /proc; it shows the environment after the command."""
    listing = ["ps", "eww", "-o", "command=", "-p", str(pid)]
    shown = subprocess.run(listing, capture_output=True, text=True, check=False).stdout
    return Traces(shown, shown)


def group_members(leader: int) -> list[int]:
    """Return the processes of a group, the leader's survivors included (Linux)."""
    members = [leader]
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # After the name, which may hold anything: state, parent, group.
            _, _, rest = file.read_text().rpartition(")")
            if int(rest.split()[2]) == leader:
                members.append(int(file.parent.name))
    return members


def process_exists(pid: int) -> bool:
    """Tell whether the number is taken, be it by a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def write_private(path: Path, text: str) -> None:
    """Replace a file that only its owner may read, whole or not at all."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY, 0o600), "w") as handle:
        handle.write(text)
    draft.replace(path)


def kept_secret(path: Path) -> str:
    """Return the secret kept in this file; draw it first if there is none."""
    if not path.exists():
        write_private(path, secrets.token_hex(32))
    return path.read_text().strip()
