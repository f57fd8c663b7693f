"""What strikes, and the run of one fault from the first post to the verdict."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager, suppress

import psycopg

from tests.faults.house import CONCURRENCY, WORKERS
from tests.faults.points import CHILD, GROUP, STOP, WINDOW
from tests.faults.verdict import judge, owed
from tests.smtp import HANG

LOST = 14  # Seconds: Celery takes a child for lost after ten.


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
        scene.healed = time.time()
        scene.house.let_pass(2)  # What wakes up too late does its worst now.

    return act


def redelivered(scene):
    """Kill a child that has noted the answer, and wait until Celery offers it again."""
    scene.at_point("message_noted", CHILD)
    scene.house.let_pass(LOST)


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


def every_backend_terminated(scene):
    others = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    for _ in range(3):
        scene.house.rows(others)
        scene.note(CONCURRENCY * len(WORKERS))
        scene.house.let_pass(1)


def broker_full(scene):
    import redis

    broker = redis.Redis.from_url(scene.house.shared["REDIS_URL"])
    broker.config_set("maxmemory", "1mb")
    with scene.outage(8):
        pass
    broker.config_set("maxmemory", "0")
    scene.healed = time.time()
    broker.close()


def disk_full(scene):
    """Fill the disk that holds the copies, to its last byte."""
    ballast = scene.house.var / "copies" / "ballast"
    block = bytes(1024 * 1024)
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(block):
            pass
    with scene.outage(4):
        pass
    ballast.unlink()
    scene.healed = time.time()


def flushed(scene):
    import redis

    for _ in range(3):
        redis.Redis.from_url(scene.house.shared["REDIS_URL"]).flushall()
        scene.note()
        scene.house.let_pass(1)


def says(**answers):
    def act(scene):
        for name, answer in answers.items():
            known = getattr(scene.house.sink, name)
            if name == "play":  # The server reads it as it is: change it in place.
                known.update(answer)
            else:
                setattr(scene.house.sink, name, answer)
        with scene.outage(4):
            pass
        scene.house.sink.once_at_rcpt = scene.house.sink.once_at_dot = None
        scene.house.sink.play.clear()
        scene.house.sink.silences = 0

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
    if name.startswith("55"):  # Refused for good: staff send it again, once.
        house.wait(lambda: not owed(house, crowd.group), patience)
        again = "from outbox.models import Message as M; M.objects.all().owe_again()"
        house.manage("shell", "-c", again)

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


def once_more(house, crowd, risk):
    """Judge all people together, once whatever comes late has come."""
    house.let_pass(LOST)
    house.sink.calm()
    scene = Scene("all of it, once more", house)
    scene.note(risk)
    return judge(house, crowd.people, scene)


FAULTS = {
    "worker's child killed, copy claimed": killed_at("copy_claimed"),
    "worker's child killed, copy stored": killed_at("copy_stored"),
    "worker's child killed, message half sent": killed_at("message_half_sent"),
    "worker's child killed after the dot": killed_at("message_dotted"),
    "worker killed, message claimed": killed_at("message_claimed", GROUP),
    "web killed before COMMIT": killed_at("post_saved"),
    "relay killed, rows handed over": killed_at("relay_handed_over"),
    "worker frozen for 30 s before DATA": frozen_at("message_ready", 30),
    "worker frozen for 30 s, message claimed": frozen_at("message_claimed", 30),
    "worker's child killed before COMMIT of the copy": killed_at("copy_committing"),
    "worker's child killed after the answer": killed_at("message_answered"),
    "worker's child killed before COMMIT of the answer": killed_at("message_noting"),
    "worker's child killed after it noted the answer": redelivered,
    "worker killed after the dot": killed_at("message_dotted", GROUP),
    "web killed after COMMIT": killed_at("post_committed"),
    "relay killed, row published": killed_at("relay_published"),
    "worker frozen for 30 s, copy claimed": frozen_at("copy_claimed", 30),
    "worker frozen for 30 s after the dot": frozen_at("message_dotted", 30),
    "worker's parent killed": blind(WORKERS[0], 3),
    "worker and children killed": blind(WORKERS[1], 3, group=True),
    "worker told to end, again and again": blind(WORKERS[0], 5, number=signal.SIGTERM),
    "web killed": blind("web", 2, group=True),
    "acting relay killed": blind("relay", 3, group=True),
    "broker out of memory": broker_full,
    "every backend terminated": every_backend_terminated,
    "disk of the copies full": disk_full,
    "beat killed": blind("beat", 1),
    "broker stopped": away("valkey", 8),
    "broker hung": away("valkey", 8, signal.SIGSTOP),
    "broker flushed": flushed,
    "PostgreSQL stopped at once": crashed_postgres,
    "451 to the content": says(once_at_dot="451 4.3.0 later"),
    "450 to the recipient": says(once_at_rcpt="450 4.2.0 greylisted"),
    "452 to the content": says(once_at_dot="452 4.3.1 no room"),
    "432 to the recipient": says(once_at_rcpt="432 4.3.2 too many at once"),
    "421 at the banner": says(play={"connect": "421 4.3.2 closing"}),
    "535 to the sign-in": says(play={"auth": "535 5.7.8 refused"}),
    "TLS refused": says(play={"starttls": "454 4.7.0 not now"}),
    "silence before the banner": says(play={"connect": HANG}),
    "silence after the dot": says(silences=2),
    "550 to the recipient": says(once_at_rcpt="550 5.1.1 unknown"),
    "552 to the content": says(once_at_dot="552 5.3.4 too big"),
    "554 to the content": says(once_at_dot="554 5.7.1 refused"),
    "line dropped after the dot": says(drops=2),
}
SABOTAGE = {
    "claim": redelivered,
    "sweep": killed_at("message_claimed", times=1),
    # Before it connects: after that, the deadline of the session holds it, too.
    "fence": frozen_at("message_claimed", 9),
}
