"""Strike the house and say what was lost.

    python -m tests.faults [POSTS] [WORD] [SCALE]

WORD chooses faults by their names; SCALE is that of every delay (0.1; 1 in
production). Recovery is in seconds of the wall, from the healing to the last message.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.faults import nemesis
from tests.faults.client import Crowd
from tests.faults.house import House

DISK = "disk of the copies full"
# Seconds of production within which everything has arrived; processes start again at a
# pace that no scale changes.
KILLED, BROKER, RESTART = 90, 30, 5


def late(out, scale):
    """Say what took longer than it may, or stood still while the broker was away."""
    broker = out.fault.startswith("broker")
    limit = (BROKER if broker else KILLED) * scale + RESTART
    if out.recovery > limit:
        yield f"{out.fault}: recovery in {out.recovery:.1f} s, more than {limit:.0f}"
    if broker and not out.during:
        yield f"{out.fault}: no mail flowed meanwhile"


def main(posts, word, scale=0.1):
    wrong, risk = [], 0
    chosen = {n: act for n, act in nemesis.FAULTS.items() if word in n}
    sabotages = nemesis.SABOTAGE if word in ("", "sabotage") else {}
    with tempfile.TemporaryDirectory() as folder, House(Path(folder), scale) as house:
        print(f"every delay × {scale:g}")
        crowd = Crowd(house.port)
        if not house.own_disk and chosen.pop(DISK, None):
            print(f"{DISK}: skipped, nothing may be mounted here")
        for name, act in chosen.items():
            out = nemesis.run(house, crowd, name, act, max(10, posts // len(chosen)))
            print(_line(out), flush=True)
            wrong += [*out.wrong, *late(out, scale)]
            risk += out.allowed
        everybody = nemesis.once_more(house, crowd, risk)
        print(_line(everybody), flush=True)
        wrong += everybody.wrong
        for name, act in sabotages.items():
            with house.without(name):
                title = f"without the {name}"
                out = nemesis.run(house, crowd, title, act, 10, patience=20)
            print(_line(out), flush=True)
            if not any(w.startswith(("dupl", "lost", "stuck")) for w in out.wrong):
                wrong.append(f"the suite did not see that the {name} was missing")
    print("\n".join(wrong) or "nothing lost, nothing twice, nothing stuck")
    return 1 if wrong else 0


def _line(out):
    return (
        f"{out.fault}: acknowledged {out.acknowledged}, stored {out.stored}, "
        f"received {out.received}, duplicates {out.duplicates} (allowed {out.allowed})"
        f", stuck {out.stuck}, during {out.during}, recovery {out.recovery:.1f} s"
        + "".join(f"\n    {line}" for line in out.wrong[:5])
    )


if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(
        main(
            int(words[0]) if words else 400,
            "".join(words[1:2]),
            *map(float, words[2:3]),
        )
    )
