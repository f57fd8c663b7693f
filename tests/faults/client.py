"""People who ask for the synthesis, and keep every answer they were given."""

from __future__ import annotations

import http.client
import threading
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.test_chain import ANSWERS

SYLLABLES = [c + v for c in "bdfgklmnprst" for v in "aeiou"]
PATIENCE = 90  # Seconds a person goes on pressing the button.


@dataclass
class Person:
    number: int
    token: str = ""
    acknowledged: float = 0.0
    said: str = ""

    @property
    def last_name(self):
        number, name = self.number, ""
        for _ in range(4):
            number, rest = divmod(number, len(SYLLABLES))
            name += SYLLABLES[rest]
        return name.capitalize()

    @property
    def address(self):
        return f"zoe.{self.last_name.lower()}{self.number}@exemple.fr"


class Crowd:
    """Post one person after the other, at a pace, until told that it is enough."""

    def __init__(self, port):
        self.port, self.people = port, []
        self.pool = ThreadPoolExecutor(8)

    def post(self, person):
        """Press the button until it is answered, as a person does."""
        answers = {**ANSWERS, "last_name": person.last_name, "email": person.address}
        body = urllib.parse.urlencode(answers)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        deadline = time.time() + PATIENCE
        while time.time() < deadline:
            line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
            try:
                line.request("POST", "/", body, headers)
                answer = line.getresponse()
                answer.read()
                person.said = str(answer.status)
                if answer.status == 303:
                    person.token = answer.getheader("Location")
                    person.acknowledged = time.time()
                    return
            except (OSError, http.client.HTTPException) as error:
                person.said = type(error).__name__
            finally:
                line.close()
            time.sleep(0.3)

    def start(self, count, every):
        """Begin to post at least `count` people; `enough` ends it."""
        self.group, self.enough = [], threading.Event()
        self.futures = []

        def pace():
            while len(self.group) < count or not self.enough.is_set():
                person = Person(len(self.people))
                self.people.append(person)
                self.group.append(person)
                self.futures.append(self.pool.submit(self.post, person))
                time.sleep(every)

        self.pacer = threading.Thread(target=pace, daemon=True)
        self.pacer.start()

    def done(self):
        return not self.pacer.is_alive() and all(f.done() for f in self.futures)
