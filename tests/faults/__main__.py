"""Strike the house and say what was lost: python -m tests.faults [POSTS] [WORD]."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.faults import nemesis
from tests.faults.client import Crowd
from tests.faults.house import House

DISK = "disk of the copies full"


def main(posts, word):
    wrong, risk = [], 0
    chosen = {n: act for n, act in nemesis.FAULTS.items() if word in n}
    sabotages = nemesis.SABOTAGE if word in ("", "sabotage") else {}
    with tempfile.TemporaryDirectory() as folder, House(Path(folder), 0.1) as house:
        crowd = Crowd(house.port)
        if not house.own_disk and chosen.pop(DISK, None):
            print(f"{DISK}: skipped, nothing may be mounted here")
        for name, act in chosen.items():
            out = nemesis.run(house, crowd, name, act, max(10, posts // len(chosen)))
            print(_line(out), flush=True)
            wrong += out.wrong
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
    sys.exit(main(int(words[0]) if words else 400, "".join(words[1:2])))
