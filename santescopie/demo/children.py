"""Children that are kept alive: started in waves, started again, stopped together."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from santescopie.processes import Service, Unavailable, group_members, traces

TICK = 0.1  # Seconds between two looks at the children.
FIRST_DELAY, LONGEST_DELAY = 0.2, 5.0  # Seconds before a dead child starts again.
STEADY = 10  # Seconds a child lives for its next death to count as a first one.
GRACE = 10  # Seconds between the polite signal and the other one.


@dataclass
class Child:
    """A service that is started again when it dies, unless it is held down."""

    service: Service
    pid_file: Path
    hold: Path
    started: float = 0.0
    died: float | None = None
    delay: float = FIRST_DELAY

    def start(self) -> None:
        self.service.start()
        self.started, self.died = time.monotonic(), None
        draft = self.pid_file.with_suffix(".new")
        draft.write_text(f"{self.service.pid}\n")
        draft.replace(self.pid_file)

    def bury(self) -> None:
        """Note the death: no survivor of its group, no pid file, a longer delay."""
        self.service.sweep()
        self.pid_file.unlink(missing_ok=True)
        now = time.monotonic()
        steady = now - self.started > STEADY
        self.delay = FIRST_DELAY if steady else min(self.delay * 2, LONGEST_DELAY)
        self.died = now

    @property
    def due(self) -> bool:
        waited = self.died is not None and time.monotonic() >= self.died + self.delay
        return waited and not self.hold.exists()


class Children:
    """Keep children alive, in waves: the last wave started is the first to stop.

    A child that hangs is left alone: only death is answered. While `run/NAME.hold`
    exists a dead child stays dead.
    """

    def __init__(self, run: Path, say: Callable[[str], None] = print) -> None:
        self.run, self.say = run, say
        self.waves: list[list[Child]] = []
        self.signals = 0

    @property
    def stopping(self) -> bool:
        return self.signals > 0

    def listen(self) -> None:
        """Take Ctrl-C, SIGTERM and a closed terminal as a wish to stop."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._heard)

    def _heard(self, _number: int, _frame: FrameType | None) -> None:
        self.signals += 1

    def start(self, *services: Service, timeout: float = 60) -> None:
        """Start a wave and return when all of it answers, or when asked to stop."""
        wave: list[Child] = []
        self.waves.append(wave)
        for service in services:
            name = service.name
            child = Child(service, self.run / f"{name}.pid", self.run / f"{name}.hold")
            wave.append(child)
            child.start()
        for child in wave:
            begun = time.monotonic()
            while not self.stopping and not child.service.answers():
                late = time.monotonic() - begun > timeout
                if late or not child.service.running:
                    raise Unavailable(
                        f"{child.service.name} does not start: see {child.service.log}"
                    )
                time.sleep(0.05)

    def complete(self, task: Service) -> None:
        """Run a service that ends by itself; raise Unavailable if it fails."""
        task.start()
        assert task.process
        while not self.stopping and task.running:
            self.tend()
            time.sleep(TICK / 2)
        if self.stopping:
            task.stop()
        elif status := task.process.returncode:
            tail = task.log.read_text(errors="replace").splitlines()[-15:]
            raise Unavailable(
                "\n".join([f"{task.name} failed (status {status}):", *tail])
            )

    def watch(self) -> None:
        """Tend the children until somebody asks to stop."""
        while not self.stopping:
            self.tend()
            time.sleep(TICK)

    def tend(self) -> None:
        """Note who died; start again whose time has come."""
        for child in [child for wave in self.waves for child in wave]:
            if child.service.running or self.stopping:
                continue
            if child.died is None:
                child.bury()
                held = f"; held by {child.hold}" if child.hold.exists() else ""
                self.say(f"{_ended(child.service)}{held}")
            if child.due:
                self._restart(child)

    def _restart(self, child: Child) -> None:
        try:
            child.start()
        except (Unavailable, OSError) as reason:
            child.bury()
            self.say(f"{child.service.name} cannot start: {reason}")
        else:
            self.say(f"{child.service.name} runs again (pid {child.service.pid})")

    def stop(self) -> None:
        """Stop every child, the last wave first; a second signal shortens the wait."""
        asked = self.signals
        for wave in reversed(self.waves):
            for child in wave:
                child.service.ask_to_stop()
            deadline = time.monotonic() + GRACE
            while any(child.service.running for child in wave):
                if time.monotonic() > deadline or self.signals > max(asked, 1):
                    break
                time.sleep(0.02)
            for child in wave:
                child.service.stop(grace=0)
                child.pid_file.unlink(missing_ok=True)
        self.waves.clear()


def _ended(service: Service) -> str:
    status = service.process.returncode if service.process else 0
    how = f"was killed (signal {-status})" if status < 0 else f"ended (status {status})"
    return f"{service.name} {how}"


def stop_leftovers(run: Path, var: Path, grace: float = 5) -> list[str]:
    """Stop what a killed demo left behind, and return the names.

    A pid file may be old: only a process that works in `var`, or was started for it,
    is ours.
    """
    stopped = []
    for file in sorted(run.glob("*.pid")):
        text = file.read_text().strip()
        leader = int(text) if text.isdecimal() and int(text) > 1 else 0
        deadline = time.monotonic() + grace
        polite = True
        while leader and (ours := _ours(leader, var)):
            if polite or time.monotonic() > deadline:
                for pid in ours:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGINT if polite else signal.SIGKILL)
                        os.kill(pid, signal.SIGCONT)
                if polite:
                    stopped.append(file.stem)
                polite = False
            time.sleep(0.05)
        file.unlink()
    return stopped


def _ours(leader: int, var: Path) -> list[int]:
    members = dict.fromkeys(group_members(leader))
    return [pid for pid in members if traces(pid).belongs_to(var)]
