"""The demo keeps its processes alive, leaves none behind, and refuses in one line."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from santescopie.demo import children as children_module
from santescopie.demo.children import Children, stop_leftovers
from santescopie.demo.supervisor import ROOT
from santescopie.processes import (
    LOOPBACK,
    Service,
    Unavailable,
    owned,
    setpriv,
    traces,
)

pytestmark = pytest.mark.processes

STUBBORN = 'trap "" TERM INT; while :; do sleep 0.1; done'


@pytest.fixture
def run(tmp_path: Path) -> Path:
    run = tmp_path / "run"
    run.mkdir()
    return run


@pytest.fixture
def children(run: Path) -> Iterator[Children]:
    children = Children(run, say=lambda line: None)
    yield children
    children.stop()


def child(run: Path, name: str = "one", script: str = "exec sleep 60") -> Service:
    env = {"PATH": os.environ["PATH"], "SANTESCOPIE_VAR": str(run.parent)}
    argv = ["/bin/sh", "-c", script]
    return Service(name=name, argv=argv, env=env, log=run.parent / "log" / name)


def until(truth: Callable[[], object], act: Callable[[], None] = lambda: None) -> None:
    deadline = time.monotonic() + 5
    while not truth():
        assert time.monotonic() < deadline
        act()
        time.sleep(0.01)


def is_dead(pid: int) -> bool:
    return not traces(pid).command


def test_a_child_that_dies_starts_again_under_a_new_pid(
    children: Children, run: Path
) -> None:
    service = child(run)
    children.start(service)
    first = service.pid
    assert (run / "one.pid").read_text() == f"{first}\n"
    assert first
    os.kill(first, signal.SIGKILL)
    until(lambda: service.pid != first, children.tend)
    assert (run / "one.pid").read_text() == f"{service.pid}\n"
    assert service.running


def test_a_child_that_hangs_is_left_alone(children: Children, run: Path) -> None:
    service = child(run)
    children.start(service)
    first = service.pid
    assert first
    os.kill(first, signal.SIGSTOP)
    children.tend()
    assert service.pid == first
    assert (run / "one.pid").exists()


def test_a_child_held_down_stays_dead_until_released(
    children: Children, run: Path
) -> None:
    service = child(run)
    children.start(service)
    (run / "one.hold").touch()
    assert service.process
    service.process.kill()
    until(lambda: not (run / "one.pid").exists(), children.tend)
    until(lambda: not service.running)
    for _ in range(50):
        children.tend()
        time.sleep(0.01)
    assert not service.running
    (run / "one.hold").unlink()
    until(lambda: service.running, children.tend)
    assert (run / "one.pid").read_text() == f"{service.pid}\n"


def test_a_child_that_keeps_dying_is_started_less_and_less_often(
    children: Children, run: Path
) -> None:
    service = child(run, script="exit 1")
    children.start(service)
    until(lambda: not service.running)
    (only,) = children.waves[0]
    delays = []
    for _ in range(8):
        only.bury()
        delays.append(only.delay)
    assert delays == sorted(delays)
    assert delays[-1] == children_module.LONGEST_DELAY


def test_the_whole_group_of_a_killed_child_goes(children: Children, run: Path) -> None:
    pool = run / "pool"
    service = child(run, script=f"sleep 60 & echo $! >{pool}; wait")
    children.start(service)
    until(lambda: pool.exists() and pool.read_text().endswith("\n"))
    member = int(pool.read_text())
    assert not is_dead(member)
    assert service.process
    service.process.kill()
    until(lambda: is_dead(member), children.tend)


def test_stopping_leaves_no_process_and_no_pid_file(
    children: Children, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children_module, "GRACE", 0.3)
    polite, stubborn = child(run), child(run, "two", STUBBORN)
    stopped = child(run, "three")
    children.start(polite, stubborn, stopped)
    pids = [service.pid for service in (polite, stubborn, stopped)]
    os.kill(pids[2] or 0, signal.SIGSTOP)
    children.stop()
    assert all(is_dead(pid or 0) for pid in pids)
    assert not list(run.glob("*.pid"))


def test_a_service_that_dies_at_start_is_named(children: Children, run: Path) -> None:
    service = child(run, script="exit 1")
    service.answers = lambda: False
    with pytest.raises(Unavailable, match=r"one does not start: see .*/log/one$"):
        children.start(service)


@pytest.mark.skipif(setpriv() is None, reason="needs setpriv (util-linux)")
def test_children_die_with_a_supervisor_that_is_killed(run: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path;"
        "from tests.santescopie.test_supervisor import child;"
        "service = child(Path(sys.argv[1])); service.start();"
        "print(service.pid, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", script, str(run)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as supervisor:
        assert supervisor.stdout
        pid = int(supervisor.stdout.readline())
        until(lambda: traces(pid).command.startswith("sleep"))
        supervisor.kill()
    until(lambda: is_dead(pid))


def test_what_a_killed_demo_left_is_stopped(run: Path) -> None:
    # Without `exec`: a process that changes its program has no traces for a moment.
    polite = child(run, script="sleep 60 & wait")
    stubborn = child(run, "two", STUBBORN)
    for service in (polite, stubborn):
        service.start()
        (run / f"{service.name}.pid").write_text(f"{service.pid}\n")
    assert stop_leftovers(run, run.parent, grace=0.3) == ["one", "two"]
    assert not polite.running
    assert not stubborn.running
    assert not list(run.glob("*.pid"))


def test_an_old_pid_file_never_costs_a_stranger_its_life(run: Path) -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as stranger:
        (run / "web.pid").write_text(f"{stranger.pid}\n")
        (run / "relay.pid").write_text("not a number\n")
        (run / "beat.pid").write_text("0\n")
        assert stop_leftovers(run, run.parent) == []
        assert stranger.poll() is None
        stranger.kill()
    assert not list(run.glob("*.pid"))


def demo(var: Path, port: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "demo"],
        cwd=ROOT,
        env=os.environ | {"SANTESCOPIE_VAR": str(var), "PORT": str(port)},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_a_busy_port_is_refused_in_one_line(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        refused = demo(tmp_path, port)
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.count("\n") == 1
    assert f"Port {port} is busy" in refused.stderr


def test_a_second_demo_on_the_same_state_is_refused_in_one_line(
    tmp_path: Path,
) -> None:
    with owned(tmp_path):
        refused = demo(tmp_path, 0)
        assert "PORT=0" in refused.stderr
        refused = demo(tmp_path, 8000)
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "already runs" in refused.stderr
