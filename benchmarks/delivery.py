"""What a post costs whatever happens behind it, and how soon a message is accepted.

    python -m benchmarks delivery [--blocks 12] [--posts 20] [--burst 2000]

On a demo of its own, with the delays of production. Ways take turns (A B B A) in one
run: the broker refusing or hanging against healthy, a known or a suppressed address
against an unknown one; seconds of the wall, from the first byte sent to the last byte
read. Then each submission on an idle house, from its post to the acceptance of its
message; then a burst, where a post's time counts from when it was due, not from when
the client came round to it. The client runs on the same machine.
"""

from __future__ import annotations

import argparse
import http.client
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import psycopg

from benchmarks.measure import ratio, table, turns
from santescopie.processes import free_port

ANSWERS = {
    "first_name": "Camille",
    "organisation": "Établissement de démonstration",
    "organisation_type": "ch",
    "job_function": "dsi",
    "region": "53",
}
HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}
LETTERS = "abcdefghij"
APART = 0.15  # Seconds between two posts: what each sets going ends before the next.
CLIENTS = 24  # Threads of the burst.
OWED = """
    SELECT (SELECT count(*) FROM reports_copy WHERE next_attempt_at IS NOT NULL)
         + (SELECT count(*) FROM outbox_message WHERE next_attempt_at IS NOT NULL)
"""


class House:
    """A running demo, and people who post to it."""

    def __init__(self, var: Path, port: int) -> None:
        self.var, self.port = var, port
        self.numbers = count()
        env = (var / "env").read_text().splitlines()
        self.settings = dict(line.split("=", 1) for line in env)

    def post(self, email: str = "") -> float:
        """Post somebody new, at an address of their own or this one; return seconds."""
        number = next(self.numbers)
        # A name has no digit; the same answers twice would be one submission.
        name = "".join(LETTERS[int(digit)] for digit in str(number)).capitalize()
        email = email or f"camille.{number}@exemple.fr"
        body = urlencode({**ANSWERS, "last_name": name, "email": email})
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        begun = time.perf_counter()
        line.request("POST", "/", body, HEADERS)
        answer = line.getresponse()
        answer.read()
        seconds = time.perf_counter() - begun
        line.close()
        if answer.status != 303:
            raise SystemExit(f"a post was answered {answer.status}")
        return seconds

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        url = self.settings["DATABASE_URL"]
        with psycopg.connect(url, autocommit=True) as database:
            return database.execute(sql).fetchall()  # type: ignore[arg-type]

    def drain(self) -> float:
        """Wait until nothing is owed; return the seconds it took."""
        begun = time.perf_counter()
        while self.query(OWED)[0][0]:
            if time.perf_counter() - begun > 600:
                raise SystemExit("what is owed does not leave")
            time.sleep(0.1)
        return time.perf_counter() - begun

    def pid(self, name: str) -> int:
        """Return the number of a process, 0 while it is being started again."""
        try:
            return int((self.var / "run" / f"{name}.pid").read_text())
        except (FileNotFoundError, ValueError):
            return 0

    def manage(self, *words: str) -> None:
        command = [sys.executable, "manage.py", *words]
        environment = {**os.environ, **self.settings}
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def demo() -> Iterator[House]:
    """Run a demo without leads and without quotas, on a folder of its own."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        var = Path(folder) / "var"
        kept = {k: os.environ[k] for k in ("PATH", "HOME") if k in os.environ}
        process = subprocess.Popen(
            [sys.executable, "manage.py", "demo"],
            env={
                **kept,
                "SANTESCOPIE_VAR": str(var),
                "PORT": str(port),
                "DEMO_LEADS": "0",
                "DEMO_QUOTAS": "off",
            },
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            _until_ready(process, var, port)
            yield House(var, port)
        finally:
            process.terminate()
            process.wait(timeout=60)


def _until_ready(process: subprocess.Popen[bytes], var: Path, port: int) -> None:
    for _ in range(600):
        if process.poll() is not None:
            break
        try:
            if (var / "run" / "relay.pid").exists():
                urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).close()
                return
        except OSError:
            pass
        time.sleep(0.3)
    raise SystemExit("the demo does not start")


def median_post(house: House, posts: int, email: Callable[[], str] = str) -> float:
    """Return the median seconds of some posts, and leave nothing owed behind."""
    seconds = []
    for _ in range(posts):
        seconds.append(house.post(email()))
        time.sleep(APART)
    house.drain()
    return statistics.median(seconds)


def broker(house: House, posts: int) -> dict[str, Callable[[], float]]:
    """Post with the broker healthy, refusing, hung."""
    hold = house.var / "run" / "valkey.hold"

    def healed() -> None:
        time.sleep(6)  # The relay leaves a broker that failed alone for five seconds.
        house.post()
        house.drain()

    def refused() -> float:
        hold.touch()
        gone = house.pid("valkey")
        os.kill(gone, signal.SIGKILL)
        try:
            return median_post(house, posts)
        finally:
            hold.unlink()
            while house.pid("valkey") in (0, gone):
                time.sleep(0.1)
            healed()

    def hung() -> float:
        os.kill(house.pid("valkey"), signal.SIGSTOP)
        try:
            return median_post(house, posts)
        finally:
            os.kill(house.pid("valkey"), signal.SIGCONT)
            healed()

    healthy = lambda: median_post(house, posts)  # noqa: E731
    return {"healthy": healthy, "refused": refused, "hung": hung}


def addresses(house: House, posts: int) -> dict[str, Callable[[], float]]:
    """Post with addresses that are unknown, known, or not to be written to."""
    names = {name: [f"{name}.{n}@exemple.fr" for n in range(posts)] for name in PAST}
    for address in (address for group in names.values() for address in group):
        house.post(address)
        time.sleep(APART / 3)
    house.drain()
    house.manage("shell", "-c", SUPPRESS.format(addresses=names["suppressed"]))

    def way(name: str) -> Callable[[], float]:
        return lambda: median_post(house, posts, iter(names[name]).__next__)

    unknown = lambda: median_post(house, posts)  # noqa: E731
    return {"unknown": unknown, **{name: way(name) for name in PAST}}


PAST = ("known", "suppressed")
SUPPRESS = """
from outbox.models import Suppression, suppression_hash
for address in {addresses}:
    Suppression.objects.create(
        address_hash=suppression_hash(address), reason="opposition")
"""


def compare(ways: dict[str, Callable[[], float]], blocks: int) -> None:
    """Print each way's median, and its ratio to the first with a 95 % interval."""
    reference = next(iter(ways))
    costs = turns(ways, blocks, reference=reference)
    rows: list[tuple[object, ...]] = [("way", "ms, median", "it ÷ first", "95 %")]
    for name, seconds in costs.items():
        middle, low, high = ratio(seconds, costs[reference])
        milliseconds = f"{statistics.median(seconds) * 1000:.1f}"
        interval = f"{low:.2f}–{high:.2f}"
        rows.append((name, milliseconds, f"{middle:.2f}", interval))
    table(rows)
    print(flush=True)


def idle(house: House, posts: int) -> None:
    """Print how long a message takes from its post to its acceptance."""
    seconds = []
    for _ in range(posts):
        begun = time.time()
        house.post()
        house.drain()
        time.sleep(APART)
        [[accepted]] = house.query(
            "SELECT extract(epoch FROM max(accepted_at)) FROM outbox_message"
        )
        seconds.append(float(accepted) - begun)
    middle, last = quantiles(seconds)
    print(f"Submit to accepted, idle, {posts}: p50 {middle:.2f} s, p99 {last:.2f} s\n")


def burst(house: House, posts: int, seconds: float = 60) -> None:
    """Print how posts fare that come evenly within a minute, and what follows."""
    before = house.query("SELECT count(*) FROM leads_submission")[0][0]
    begun = time.perf_counter()
    turn, lock, times = count(), threading.Lock(), []

    def client() -> None:
        while True:
            with lock:
                number = next(turn)
            due = begun + number * seconds / posts
            if number >= posts:
                return
            time.sleep(max(0, due - time.perf_counter()))
            house.post()
            times.append(time.perf_counter() - due)

    with ThreadPoolExecutor(CLIENTS) as pool:
        for running in [pool.submit(client) for _ in range(CLIENTS)]:
            running.result()
    lasted = time.perf_counter() - begun
    drained = house.drain()
    stored = house.query("SELECT count(*) FROM leads_submission")[0][0] - before
    middle, last = quantiles(times)
    print(
        f"Burst: {posts} posts in {lasted:.0f} s, {len(times)} answered, {stored} kept;"
        f" p50 {middle * 1000:.0f} ms, p99 {last * 1000:.0f} ms;"
        f" nothing owed {drained:.0f} s after the last"
    )


def quantiles(values: list[float]) -> tuple[float, float]:
    """Return the median and the 99th centile."""
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return cuts[49], cuts[98]


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks delivery")
    parser.add_argument("--blocks", type=int, default=12)
    parser.add_argument("--posts", type=int, default=20)
    parser.add_argument("--burst", type=int, default=2000)
    options = parser.parse_args(arguments)
    print(__doc__)
    with demo() as house:
        median_post(house, options.posts)  # Warm.
        if options.blocks:
            compare(broker(house, options.posts), options.blocks)
            compare(addresses(house, options.posts), options.blocks)
        idle(house, max(5, options.posts * 5))
        if options.burst:
            burst(house, options.burst)
