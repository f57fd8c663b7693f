"""What strikes, and the run of one fault from the first post to the verdict."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager

import psycopg

from tests.faults.house import CONCURRENCY, WORKERS
from tests.faults.points import CHILD, GROUP, STOP, WINDOW
from tests.faults.verdict import judge, owed


class Scene:
    """One fault on one house, and how many duplicates it may cause."""

    def __init__(self, name, house):
        self.name, self.house, self.risk = name, house, 0
        self.struck, self.healed = None, 0.0

    def note(self, risk=0):
        self.risk += risk
        self.struck = self.struck or time.time()
        self.healed = time.time()

    @contextmanager
    def outage(self, seconds):
        self.note()
        yield
        self.house.let_pass(seconds)
        self.healed = time.time()

    def at_point(self, point, action, times=1):
        for _ in range(times):
            known = len(self.house.fired())
            self.house.arm(point, action)
            if not self.house.wait(lambda n=known: len(self.house.fired()) > n, 30):
                return
            self.note((point in WINDOW) + (action == GROUP) * (CONCURRENCY - 1))


def killed_at(point, action=CHILD, times=2):
    return lambda scene: scene.at_point(point, action, times)


def frozen_at(point, seconds):
    def act(scene):
        scene.at_point(point, STOP)
        scene.house.let_pass(seconds)
        scene.house.release()

    return act


def blind(name, times=2, group=False, number=signal.SIGKILL):
    def act(scene):
        for _ in range(times):
            target = scene.house.acting_relay() if name == "relay" else name
            kill = scene.house.kill_group if group else scene.house.kill
            kill(target, number)
            scene.note(CONCURRENCY if name in WORKERS else 0)
            scene.house.let_pass(3)

    return act


def away(name, seconds, number=signal.SIGKILL):
    def act(scene):
        scene.house.hold(name)
        scene.house.kill(name, number)
        with scene.outage(seconds):
            pass
        scene.house.release()
        scene.healed = time.time()

    return act


def crashed_postgres(scene):
    scene.house.kill("postgres", signal.SIGQUIT)
    scene.note(CONCURRENCY * len(WORKERS))
    scene.house.let_pass(3)


def flushed(scene):
    import redis

    for _ in range(3):
        redis.Redis.from_url(scene.house.shared["REDIS_URL"]).flushall()
        scene.note()
        scene.house.let_pass(1)


def says(**answers):
    def act(scene):
        for name, answer in answers.items():
            setattr(scene.house.sink, name, answer)
        with scene.outage(4):
            pass
        scene.house.sink.once_at_rcpt = scene.house.sink.once_at_dot = None

    return act


def run(house, crowd, name, act, posts, every=0.2, patience=60):
    """Strike while people post, heal, wait until nothing is owed, and judge."""
    scene = Scene(name, house)
    house.sink.calm()
    crowd.start(posts, every)
    house.let_pass(0.5)
    act(scene)
    crowd.enough.set()
    house.wait(crowd.done, 120)
    house.release()

    def settled():
        try:
            if owed(house, crowd.group):
                return False
        except psycopg.Error:
            return False
        reached = {receipt.recipient for receipt in house.sink.receipts}
        return all(person.address in reached for person in crowd.group)

    house.wait(settled, patience)
    house.let_pass(0.5)
    return judge(house, crowd.group, scene)


FAULTS = {
    "worker's child killed, copy claimed": killed_at("copy_claimed"),
    "worker's child killed, copy stored": killed_at("copy_stored"),
    "worker's child killed, message half sent": killed_at("message_half_sent"),
    "worker's child killed after the dot": killed_at("message_dotted"),
    "worker killed, message claimed": killed_at("message_claimed", GROUP),
    "web killed before COMMIT": killed_at("post_saved"),
    "relay killed, rows handed over": killed_at("relay_handed_over"),
    "worker frozen before DATA": frozen_at("message_ready", 9),
    "beat killed": blind("beat", 1),
    "broker stopped": away("valkey", 8),
    "broker hung": away("valkey", 8, signal.SIGSTOP),
    "broker flushed": flushed,
    "PostgreSQL stopped at once": crashed_postgres,
    "451 to the content": says(once_at_dot="451 4.3.0 later"),
    "450 to the recipient": says(once_at_rcpt="450 4.2.0 greylisted"),
    "line dropped after the dot": says(drops=2),
}
SABOTAGE = {
    "claim": killed_at("message_noted", times=1),
    "sweep": killed_at("message_claimed", times=1),
    "fence": frozen_at("message_ready", 9),
}
