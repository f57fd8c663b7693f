"""Send a backlog with one connection per message, and with one per batch.

    python -m benchmarks.mail [BLOCKS] [MESSAGES]

Both take turns (A B B A) on the same rows, database and mail server, which is 20 ms
away and wants a sign-in, as a provider's relay does (without TLS, which would cost two
more round trips per connection). Prints the rates, and the ratio's median.
"""

from __future__ import annotations

import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from santescopie.embedded import services

LATENCY = 0.02  # Seconds.
SIZES = {"A": 1, "B": 50}  # Messages that one connection may carry.


def main(blocks: int, messages: int) -> None:
    """Start services of our own, and measure on them."""
    with ExitStack() as stack:
        var = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        os.environ |= {
            "SECRET_KEY": "benchmarks sign nothing that anybody will ever read",
            "SITE_URL": "https://santescopie.exemple.fr",
            "MAIL_URL": "smtp://127.0.0.1:1",
            "COPIES_DIR": str(var),
            "DJANGO_SETTINGS_MODULE": "santescopie.settings",
            **stack.enter_context(services(var, durable=False)),
        }
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(migrate, check=True)
        _measure(blocks, messages)


def _measure(blocks: int, messages: int) -> None:
    import django

    django.setup()
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    from django.test.utils import override_settings

    from santescopie.mail import mailer
    from tests.smtp import Sink

    with Sink() as sink:
        sink.latency = LATENCY
        url = sink.url.replace("//", "//user:password@")
        with override_settings(MAILERS={"default": mailer(url)}):
            _seconds(50, messages)  # Warm.
            ratios = []
            for _ in range(blocks):
                a, b, b2, a2 = (_seconds(SIZES[x], messages) for x in "ABBA")
                ratios += [a / b, a2 / b2]
                print(f"{messages / a:.0f} and {messages / b:.0f} messages a second")
    low, middle, high = statistics.quantiles(ratios, n=4)
    print(f"ratio: median {middle:.2f}, quartiles {low:.2f} and {high:.2f}")


def _seconds(size: int, count: int) -> float:
    """Return the seconds that a backlog takes, sent `size` per connection."""
    from django.db.models.functions import Now

    from outbox import sending
    from outbox.models import Message
    from tests.outbox.factories import MessageFactory

    Message.objects.update(next_attempt_at=None)
    MessageFactory.create_batch(count, next_attempt_at=Now())
    sending.BATCH_MESSAGES = size
    begun = time.perf_counter()
    while message := Message.objects.claim_next():
        sending.send_batch(message)
    seconds = time.perf_counter() - begun
    assert not Message.objects.filter(next_attempt_at__isnull=False).exists()
    return seconds


if __name__ == "__main__":
    words = [int(word) for word in sys.argv[1:]]
    main(*(words + [10, 100][len(words) :]))
