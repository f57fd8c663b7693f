"""Run every benchmark, or the one that is named: `python -m benchmarks pdf --help`."""

from __future__ import annotations

import sys
from importlib import import_module

from benchmarks import prepare

NAMES = ("pdf", "delivery", "figures")


def main() -> None:
    prepare()
    chosen, rest = sys.argv[1:2], sys.argv[2:]
    if chosen and chosen[0] not in NAMES:
        sys.exit(f"There are: {', '.join(NAMES)}.")
    for name in chosen or NAMES:
        import_module(f"benchmarks.{name}").main(rest)


if __name__ == "__main__":
    main()
