"""Run the whole product in the foreground: `manage.py demo`.

It starts before Django can: it makes the environment that the settings read.
"""

from __future__ import annotations

import http.client
import os
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from santescopie import embedded
from santescopie.demo.children import Children, stop_leftovers
from santescopie.processes import (
    LOOPBACK,
    Service,
    Unavailable,
    free_port,
    kept_secret,
    owned,
    port_is_free,
    write_private,
)

ROOT = Path(__file__).resolve().parents[2]
STAFF = "admin, marketing, commercial, commerciale, dpo"


@dataclass
class Demo:
    """The processes of the product and the environment they share."""

    var: Path
    port: int

    def run(self) -> int:
        """Run until asked to stop; return the exit status."""
        begun = time.monotonic()
        children = Children(self.var / "run", say)
        children.listen()
        for name in ("copies", "mail", "log"):
            (self.var / name).mkdir(parents=True, exist_ok=True)
        if names := stop_leftovers(self.var / "run", self.var):
            say(f"stopped what a killed demo had left: {', '.join(names)}")
        if not port_is_free(self.port):
            raise Unavailable(
                f"Port {self.port} is busy: stop what listens there, "
                "or choose another with PORT=."
            )
        try:
            self._start(children)
            if not children.stopping:
                self._welcome(time.monotonic() - begun)
            children.watch()
        finally:
            say("stopping")
            children.stop()
            (self.var / "env").unlink(missing_ok=True)
        say("stopped; what was recorded is kept")
        return 0

    def _start(self, children: Children) -> None:
        os.environ["SANTESCOPIE_VAR"] = str(self.var)
        engines = [
            make(self.var)
            for name, make in (
                ("DATABASE_URL", embedded.postgres),
                ("REDIS_URL", embedded.valkey),
            )
            if not os.environ.get(name)
        ]
        mail = self._mail()
        shared = self.environment(engines, mail)
        step = Steps(children)
        step("services", lambda: children.start(*engines, mail))
        lines = "".join(f"{name}={value}\n" for name, value in shared.items())
        write_private(self.var / "env", lines)
        migrate = self._python("migrate", shared, "manage.py", "migrate")
        step("migrations", lambda: children.complete(migrate))
        seed = self._python("seed_demo", shared, "manage.py", "seed_demo")
        step("demo data", lambda: children.complete(seed))
        step("web", lambda: children.start(self._web(shared)))
        others = self._others(shared)
        step("worker, relay, beat", lambda: children.start(*others))

    def environment(self, engines: Sequence[Service], mail: Service) -> dict[str, str]:
        """Return what the settings of every child read; set URLs of services win."""
        site = f"http://{LOOPBACK}:{self.port}"
        passed = ("DATABASE_URL", "REDIS_URL", "DELAY_SCALE")
        return {
            **{
                name: value
                for name, value in os.environ.items()
                if value and (name in passed or name.startswith("DEMO_"))
            },
            **{
                {"postgres": "DATABASE_URL", "valkey": "REDIS_URL"}[engine.name]: (
                    engine.url
                )
                for engine in engines
            },
            "MAIL_URL": mail.url,  # Never a real server: its people are fictitious.
            "SITE_URL": os.environ.get("SITE_URL") or site,
            "ALLOWED_HOSTS": os.environ.get("ALLOWED_HOSTS") or f"{LOOPBACK},localhost",
            "SECRET_KEY": kept_secret(self.var / "secret_key"),
            "DEMO": "1",
            "SANTESCOPIE_VAR": str(self.var),
            "COPIES_DIR": str(self.var / "copies"),
            "DJANGO_SETTINGS_MODULE": "santescopie.settings",
        }

    def _python(self, name: str, shared: dict[str, str], *words: str) -> Service:
        return Service(
            name=name,
            argv=[sys.executable, *words],
            env=os.environ | shared | {"PYTHONUNBUFFERED": "1"},
            log=self.var / "log" / f"{name}.log",
            cwd=ROOT,
        )

    def _mail(self) -> Service:
        port, folder = free_port(), str(self.var / "mail")
        module = ["-m", "santescopie.demo.sink"]
        words = [*module, "--port", str(port), "--directory", folder]
        mail = self._python("mail", {}, *words)
        mail.port, mail.url = port, f"smtp://{LOOPBACK}:{port}"
        mail.answers = lambda: listens(port)
        return mail

    def _web(self, shared: dict[str, str]) -> Service:
        words = ["-m", "gunicorn", "santescopie.wsgi", "-b", f"{LOOPBACK}:{self.port}"]
        words += ["--worker-class", "gthread", "--workers", "2", "--threads", "8"]
        words += ["--limit-request-line", "8190"]
        words += ["--graceful-timeout", "5", "--no-control-socket"]
        web = self._python("web", shared, *words)
        web.port, web.url = self.port, f"http://{LOOPBACK}:{self.port}/"
        web.answers = lambda: _serves(self.port)
        return web

    def _others(self, shared: dict[str, str]) -> list[Service]:
        celery = ["-m", "celery", "-A", "santescopie"]
        worker = ["worker", "--concurrency", "2", "--loglevel", "INFO"]
        worker += ["--hostname", "demo@localhost", "--without-gossip"]
        beat = ["beat", "--loglevel", "INFO", "--schedule"]
        beat.append(str(self.var / "run" / "beat-schedule"))
        return [
            self._python("worker", shared, *celery, *worker, "--without-mingle"),
            self._python("relay", shared, "manage.py", "relay"),
            self._python("beat", shared, *celery, *beat),
        ]

    def _welcome(self, seconds: float) -> None:
        site = f"http://{LOOPBACK}:{self.port}"
        password = os.environ.get("DEMO_PASSWORD") or "santescopie"
        say(f"ready in {seconds:.1f} s")
        say(f"  the page     {site}/")
        say(f"  the mail     {site}/demo/mail/")
        say(f"  back office  {site}/admin/  ({STAFF}; password: {password})")
        say(f"  state, logs  {self.var}")
        say("Ctrl-C stops it all.")


@dataclass
class Steps:
    """Show each step with the time it took; skip the rest once asked to stop."""

    children: Children

    def __call__(self, title: str, act: Callable[[], None]) -> None:
        if self.children.stopping:
            return
        begun = time.monotonic()
        print(f"demo:   {title} …", end="", flush=True)
        try:
            act()
        except BaseException:
            print(flush=True)
            raise
        print(f" {time.monotonic() - begun:.1f} s", flush=True)


def say(line: str) -> None:
    print(f"demo: {line}", flush=True)


def listens(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True


def _serves(port: int) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def main(arguments: Sequence[str]) -> int:
    """Run the demo on $PORT and $SANTESCOPIE_VAR."""
    if arguments:
        print("usage: manage.py demo (PORT, SANTESCOPIE_VAR and DEMO_… set it)")
        return 0 if arguments[0] in {"-h", "--help"} else 2
    var = Path(os.environ.get("SANTESCOPIE_VAR") or ROOT / "var").resolve()
    port = os.environ.get("PORT") or "8000"
    try:
        if not port.isdecimal() or not 0 < int(port) < 65536:
            raise Unavailable(f"PORT={port}: a number from 1 to 65535 is needed.")
        with owned(var):
            return Demo(var, int(port)).run()
    except Unavailable as reason:
        print(f"demo: {reason}", file=sys.stderr)
        return 1
