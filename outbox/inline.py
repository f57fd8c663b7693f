"""Work without the broker, in one child process that can be killed."""

from __future__ import annotations

import logging
import selectors
import subprocess
import sys

from outbox import claims

logger = logging.getLogger(__name__)

READY = "ready"
START_TIMEOUT = 30  # Seconds for the child to load the application.


class InlineWorker:
    """A child that does one task at a time, kept warm between two."""

    def __init__(self) -> None:
        self.child: subprocess.Popen[str] | None = None

    def work(self, task_name: str, pk: int, lease_no: int) -> None:
        """Do one task, or kill the child that takes longer than a lease.

        A failure is logged and left: the row stays owed, its lease ends, it is
        offered again.
        """
        child = self._running()
        if child is None or child.stdin is None:
            return
        try:
            print(task_name, pk, lease_no, file=child.stdin, flush=True)
            self._expect(READY, claims.LEASE)
        except (OSError, TimeoutError) as error:
            logger.warning("inline %s %s: %s", task_name, pk, error)
            self.stop()

    def _running(self) -> subprocess.Popen[str] | None:
        if self.child is None or self.child.poll() is not None:
            self.child = subprocess.Popen(
                [sys.executable, "manage.py", "work_inline"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                bufsize=1,
            )
            try:
                self._expect(READY, START_TIMEOUT)
            except (OSError, TimeoutError) as error:
                logger.warning("inline worker: %s", error)
                self.stop()
        return self.child

    def _expect(self, word: str, timeout: float) -> None:
        child = self.child
        assert child is not None
        assert child.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(child.stdout, selectors.EVENT_READ)
            if not selector.select(timeout):
                raise TimeoutError(f"nothing said in {timeout} s")
        if child.stdout.readline().strip() != word:
            raise OSError("the child has died")

    def stop(self) -> None:
        """Kill the child: whatever it held comes back when its lease ends."""
        if self.child is not None:
            self.child.kill()
            self.child.wait()
            for stream in (self.child.stdin, self.child.stdout):
                if stream is not None:
                    stream.close()
            self.child = None
