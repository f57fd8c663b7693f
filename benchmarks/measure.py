"""Take turns, count CPU time, and say how sure the ratio is."""

from __future__ import annotations

import os
import random
import resource
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

TICK = os.sysconf("SC_CLK_TCK")


def cpu(who: int = resource.RUSAGE_SELF) -> float:
    """Return user and system seconds of this process, or of its ended children."""
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def cpu_of_tree(name: str) -> float:
    """Return the seconds of every descendant of ours whose command is `name`."""
    parents: dict[int, int] = {}
    spent: dict[int, float] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            command, _, rest = path.read_text().rpartition(")")
        except OSError:
            continue  # It ended meanwhile.
        fields = rest.split()
        pid = int(path.parent.name)
        parents[pid] = int(fields[1])
        if command.partition("(")[2].startswith(name):
            # Its own, and that of the children it has waited for.
            spent[pid] = sum(map(int, fields[11:15])) / TICK
    return sum(seconds for pid, seconds in spent.items() if _is_ours(pid, parents))


def _is_ours(pid: int, parents: dict[int, int]) -> bool:
    while pid in parents:
        pid = parents[pid]
        if pid == os.getpid():
            return True
    return False


def resident() -> int:
    """Return the resident memory of this process, in kB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


def turns(
    ways: dict[str, Callable[[], float]], blocks: int, *, reference: str
) -> dict[str, list[float]]:
    """Run the ways forth and back, `blocks` times; return the cost of each block.

    Each way returns what one document cost. Every block starts and ends with the
    reference, so that a machine that slows down slows both sides of a ratio.
    """
    costs: dict[str, list[float]] = {name: [] for name in ways}
    others = [name for name in ways if name != reference]
    for _ in range(blocks):
        block: dict[str, list[float]] = {name: [] for name in ways}
        for name in (reference, *others, *reversed(others), reference):
            block[name].append(ways[name]())
        for name, values in block.items():
            costs[name].append(statistics.mean(values))
    return costs


def ratio(slow: list[float], fast: list[float]) -> tuple[float, float, float]:
    """Return the median of the blocks' ratios and its 95 % bootstrap interval."""
    ratios = [a / b for a, b in zip(slow, fast, strict=True)]
    rng = random.Random(1)
    medians = sorted(
        statistics.median(rng.choices(ratios, k=len(ratios))) for _ in range(2000)
    )
    return statistics.median(ratios), medians[50], medians[-51]


def slope(points: list[tuple[int, int]]) -> float:
    """Return the slope of the regression line."""
    xs, ys = zip(*points, strict=True)
    return statistics.linear_regression(xs, ys).slope


def table(rows: list[tuple[Any, ...]]) -> None:
    widths = [max(len(str(cell)) for cell in column) for column in zip(*rows)]  # noqa: B905
    for row in rows:
        cells = (
            str(cell).ljust(width) for cell, width in zip(row, widths, strict=True)
        )
        print("  " + "  ".join(cells).rstrip())
