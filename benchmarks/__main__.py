"""Run every benchmark, or the one that is named: `python -m benchmarks pdf --help`."""

from __future__ import annotations

import sys

from benchmarks import prepare

NAMES = ("pdf",)


def main() -> None:
    prepare()
    from benchmarks import pdf

    chosen, rest = sys.argv[1:2], sys.argv[2:]
    if chosen and chosen[0] not in NAMES:
        sys.exit(f"There are: {', '.join(NAMES)}.")
    pdf.main(rest)


if __name__ == "__main__":
    main()
