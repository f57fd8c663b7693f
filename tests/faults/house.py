"""A house of its own: every process of the product, twice where two are wanted."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import psycopg

from santescopie import embedded
from santescopie.demo.children import Children
from santescopie.demo.supervisor import Demo
from santescopie.processes import LOOPBACK, free_port, group_members, port_is_free
from tests.faults.sink import FaultySink

WORKERS, RELAYS = ("worker-1", "worker-2"), ("relay-1", "relay-2")
CONCURRENCY = 2  # Processes of each worker.
COPIES_SIZE = 400  # MB of the store of copies, where it can be a disk of its own.
FOLDERS = ("armed", "taken", "fired")


class House(Demo):
    """The demo's processes on a folder, a port and a mail server of their own.

    Call it from the main thread alone: it is their supervisor, and whoever waits must
    wait by `wait`, so that the dead are started again.
    """

    def __init__(self, var, scale):
        super().__init__(var, free_port())
        self.scale = scale
        self.children = Children(var / "run", say=lambda line: None)

    def __enter__(self):
        for name in ("copies", "run", "log", *(f"faults/{n}" for n in FOLDERS)):
            (self.var / name).mkdir(parents=True)
        self.own_disk = self._mount()
        self.sink = FaultySink(self.var)
        try:
            self.sink.__enter__()
            self._start_all()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *args):
        self.children.stop()
        if hasattr(self.sink, "controller"):
            self.sink.__exit__()
        if self.own_disk:
            subprocess.run(["umount", "--lazy", self.var / "copies"], check=True)

    def _mount(self):
        """Give the copies a small disk of their own; return whether that is possible.

        Only root may, and not in every container.
        """
        mount = ["mount", "-t", "tmpfs", "-o", f"size={COPIES_SIZE}m", "copies"]
        with contextlib.suppress(OSError):
            done = subprocess.run([*mount, self.var / "copies"], capture_output=True)
            return done.returncode == 0
        return False

    def _start_all(self):
        postgres, valkey = embedded.postgres(self.var), embedded.valkey(self.var)
        self.children.start(postgres, valkey)
        self.database_url = postgres.url
        mail = self._python("mail", {})
        mail.url = self.sink.url
        shared = self.environment([postgres, valkey], mail) | {
            "SITE_URL": f"http://{LOOPBACK}:{self.port}",
            "ALLOWED_HOSTS": LOOPBACK,
            "DELAY_SCALE": str(self.scale),
            "DEMO_LEADS": "0",
            "DEMO_QUOTAS": "off",
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
        }
        if self.sink.certificate:
            shared["SSL_CERT_FILE"] = str(self.var / "public.pem")
        self.shared = shared
        self.manage("migrate")
        self.manage("seed_demo")
        self.children.start(self._web(shared))
        self.children.start(*self._others(shared))

    def _others(self, shared):
        """Return two workers, two relays and beat, as the Procfile starts them."""
        celery = ["-m", "celery", "-A", "santescopie"]
        worker = [*celery, "worker", "--concurrency", str(CONCURRENCY)]
        worker += ["--loglevel", "INFO", "--without-gossip", "--without-mingle"]
        beat = [*celery, "beat", "--schedule", str(self.var / "run" / "beat-schedule")]
        return [
            *(self._python(n, shared, *worker, "--hostname", n) for n in WORKERS),
            *(self._python(n, shared, "manage.py", "relay") for n in RELAYS),
            self._python("beat", shared, *beat),
        ]

    def manage(self, *words):
        """Run a command of the product and return what it said."""
        task = self._python("manage", self.shared, "manage.py", *words)
        self.children.complete(task)

    def service(self, name):
        for wave in self.children.waves:
            for child in wave:
                if child.service.name == name:
                    return child.service
        raise LookupError(name)

    def kill(self, name, number=signal.SIGKILL):
        """Signal the process itself, and not its children."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.service(name).pid, number)

    def kill_group(self, name, number=signal.SIGKILL):
        """Signal the process and its children, all of them."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.service(name).pid, number)

    def kill_child(self, name, number=signal.SIGKILL):
        """Signal one child of the process; return whether it had one."""
        leader = self.service(name).pid
        for pid in sorted(set(group_members(leader)) - {leader}):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
                return True
        return False

    def hold(self, *names):
        """Let the dead stay dead."""
        for name in names:
            (self.var / "run" / f"{name}.hold").touch()

    def release(self):
        """Let all live, and go on, again."""
        for hold in (self.var / "run").glob("*.hold"):
            hold.unlink()
        for point in (self.var / "faults" / "armed").iterdir():
            point.unlink()
        for wave in self.children.waves:
            for child in wave:
                if child.service.running:
                    self.kill_group(child.service.name, signal.SIGCONT)

    def wait(self, condition, seconds):
        """Tend the processes until the condition holds; return whether it did."""
        deadline = time.monotonic() + seconds
        while not (held := condition()) and time.monotonic() < deadline:
            self.children.tend()
            time.sleep(0.05)
        return held

    def let_pass(self, seconds):
        self.wait(lambda: False, seconds)

    def all_run(self):
        """Tell whether every process is alive and the web answers."""
        services = [c.service for wave in self.children.waves for c in wave]
        return all(s.running for s in services) and not port_is_free(self.port)

    def acting_relay(self):
        """Return the name of the relay that acts."""
        with contextlib.suppress(OSError, ValueError):
            pid = int((self.var / "faults" / "acting").read_text())
            return next((n for n in RELAYS if self.service(n).pid == pid), RELAYS[0])
        return RELAYS[0]

    def arm(self, point, action):
        """Have the next process that reaches a point struck there."""
        draft = self.var / "faults" / point
        draft.write_text(action)
        draft.rename(self.var / "faults" / "armed" / point)

    def fired(self):
        """Return what was done at points, oldest first."""
        files = (self.var / "faults" / "fired").iterdir()
        notes = [json.loads(file.read_text()) for file in files]
        return sorted(notes, key=lambda note: note["at"])

    @contextlib.contextmanager
    def without(self, safeguard):
        """Leave a safeguard out, in every process, for a while."""
        flag: Path = self.var / "faults" / "sabotage"
        flag.write_text(safeguard)
        try:
            yield
        finally:
            flag.unlink()

    def rows(self, query, *values):
        with psycopg.connect(self.database_url, autocommit=True) as database:
            return database.execute(query, values).fetchall()

    def logs(self):
        return sorted((self.var / "log").glob("*.log"))
