"""The personalised PDF: CPU for each document, ours against what others would do.

    python -m benchmarks pdf [--blocks 8] [--readers 500] [--documents 2000]

From a reader's answers to bytes, template included. Compared with the plain WeasyPrint
call and with our full render (the same pages), and, where they are installed, with
Typst and Chromium, which are given less to do: see `peers`.
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from django.conf import settings

from benchmarks import measure, peers
from benchmarks.readers import RARE, readers
from reports import pdf
from reports.pdf import fast
from reports.personalisation import PERSONAS, Reader

EDITION, DATE = "1.0", datetime.date(2026, 11, 23)
SITE = "https://santescopie.exemple.fr"
Prepare = Callable[[Reader, str], Any]
Make = Callable[[Any], bytes]


def ours(reader: Reader, reference: str, *, whole: bool = False) -> bytes:
    return pdf.compose(
        reader,
        edition=EDITION,
        reference=reference,
        date=DATE,
        site=SITE,
        whole=whole,
    ).content


def html_of(reader: Reader, reference: str) -> str:
    return pdf.html(reader, edition=EDITION, reference=reference, date=DATE, site=SITE)


def answers(reader: Reader, reference: str) -> tuple[Reader, str]:
    return reader, reference


@contextmanager
def contestants() -> Iterator[dict[str, tuple[Prepare, Make]]]:
    """Open every way there is; say aloud which is not there.

    A way is what is done before the clock starts, and what is measured.
    """
    with ExitStack() as stack:
        call = stack.enter_context(peers.weasyprint())
        ways: dict[str, tuple[Prepare, Make]] = {
            "plain": (answers, lambda given: call(html_of(*given))),
            "full": (answers, lambda given: ours(*given, whole=True)),
            "fast": (answers, lambda given: ours(*given)),
        }
        if peers.no_typst():
            print(f"  typst: SKIPPED, {peers.no_typst()}")
        else:
            source = lambda *given: peers.markup(html_of(*given))  # noqa: E731
            ways["typst"] = (source, stack.enter_context(peers.typst()))
        if peers.no_chromium():
            print(f"  chromium: SKIPPED, {peers.no_chromium()}")
        else:
            ways["chromium"] = (html_of, stack.enter_context(peers.chromium()))
        yield ways


def of_few_kinds(count: int) -> Iterator[tuple[Reader, str]]:
    """Yield readers of the personas' segments: a base is a second of CPU.

    Those with a letter that is not the house's are left to `equivalence`, which counts
    them: they cost a full render each.
    """
    kinds = itertools.cycle(PERSONAS.values())
    fit = (given for given in readers(count, seed=3) if given[0].first_name != RARE)
    for (reader, reference), kind in zip(fit, kinds, strict=False):
        yield (
            replace(
                reader,
                organisation_type=kind.organisation_type,
                job_function=kind.job_function,
            ),
            reference,
        )


# Documents in a turn: as many as make a turn long enough to be read on the clock.
TURN = {"plain": 1, "full": 1, "fast": 25, "typst": 10, "chromium": 2}


def warm(blocks: int) -> None:
    print("\nWarm: one process that has made some already. CPU for each document.")
    with contestants() as ways:
        crowd = list(of_few_kinds(97))
        people = itertools.cycle(crowd)

        def turn(name: str) -> float:
            prepare, make = ways[name]
            given = [prepare(*next(people)) for _ in range(TURN[name])]
            clock = peers.chromium_cpu if name == "chromium" else measure.cpu
            start = clock()
            for each in given:
                make(each)
            return (clock() - start) / TURN[name]

        sizes = {}
        for name, (prepare, make) in ways.items():
            first = prepare(*next(readers(1)))
            sizes[name] = (_pages(make(first)), len(make(first)))
        for given in crowd[: len(PERSONAS)]:
            ours(*given)  # Their segments' bases: made once, and kept on file.
        turns = {name: partial(turn, name) for name in ways}
        costs = measure.turns(turns, blocks, reference="plain")
    report(costs, sizes)


def cold(blocks: int, bases: Path) -> None:
    print("\nCold: a new process makes one document, imports and fonts included.")

    def run(name: str, *, keep: bool = True) -> float:
        if not keep:
            shutil.rmtree(bases)
        start = measure.cpu(resource.RUSAGE_CHILDREN)
        alone("--one", name, bases=bases)
        return measure.cpu(resource.RUSAGE_CHILDREN) - start

    ways = {
        "plain": partial(run, "plain"),
        "full": partial(run, "full"),
        "fast, first of its kind": partial(run, "fast", keep=False),
        "fast, base on file": partial(run, "fast"),
        "imports alone": partial(run, "none"),
    }
    report(measure.turns(ways, blocks, reference="plain"), {})


def report(costs: dict[str, list[float]], sizes: dict[str, tuple[str, int]]) -> None:
    rows: list[tuple[str, ...]] = [
        ("way", "ms, median", "min–max", "plain ÷ it", "95 %", "pages", "kB")
    ]
    for name, values in costs.items():
        middle, low, high = measure.ratio(costs["plain"], values)
        pages, size = sizes.get(name, ("", 0))
        rows.append(
            (
                name,
                f"{1000 * statistics.median(values):.1f}",
                f"{1000 * min(values):.1f}–{1000 * max(values):.1f}",
                f"{middle:.1f}",
                f"{low:.1f}–{high:.1f}",
                pages,
                f"{size / 1000:.0f}" if size else "",
            )
        )
    measure.table(rows)
    for name in ("typst", "chromium"):
        if name in costs:
            middle, low, high = measure.ratio(costs[name], costs["fast"])
            verdict = "we win" if low > 1 else "WE LOSE" if high < 1 else "undecided"
            print(f"  {name} ÷ fast: {middle:.2f} ({low:.2f}–{high:.2f}): {verdict}")


def _pages(content: bytes) -> str:
    import pikepdf  # Not in the processes whose memory is measured.

    with pikepdf.open(BytesIO(content)) as document:
        return str(len(document.pages))


def equivalence(count: int) -> None:
    print(f"\nEquivalence: fast against full, {count} readers.")
    from benchmarks.equivalence import POPPLER, differences

    if not POPPLER:
        print("  SKIPPED: pdftotext and pdftoppm are not installed (poppler-utils).")
        return
    fast.outcomes.clear()
    differing = 0
    for number, given in enumerate(readers(count, seed=5)):
        both = ours(*given), ours(*given, whole=True)
        found = differences(*both, drawn=1 if number % 25 else None)
        differing += bool(found)
        if found:
            print(f"  {given[1]}: {', '.join(found)}")
    missed = count - fast.outcomes["fast"]
    print(
        f"  {differing} differ in any object but pages' resources, in what pages are\n"
        "  drawn from, words and places, pixels at 100 dpi (covers, or all).\n"
        f"  Made in full: {missed} ({missed / count:.1%}) {dict(fast.outcomes)}"
    )


def memory(name: str, documents: int) -> None:
    """Make documents in this process and print how its resident size grew."""
    warming, people = documents // 7, itertools.cycle(list(readers(499, seed=9)))
    points = []
    with peers.weasyprint() as call:
        for number in range(warming + documents):
            given = next(people)
            _ = call(html_of(*given)) if name == "plain" else ours(*given)
            if number >= warming and number % 5 == 0:
                points.append((number, measure.resident()))
    print(
        f"  {name}: {measure.slope(points):+.2f} kB a document over {documents} "
        f"(regression, after {warming}), {points[0][1] // 1024} → "
        f"{points[-1][1] // 1024} MB",
        flush=True,
    )


def one(name: str) -> None:
    """Make one document in this process, that nobody has prepared."""
    given = next(readers(1))
    if name == "plain":
        with peers.weasyprint() as call:
            call(html_of(*given))
    elif name != "none":
        ours(*given, whole=name == "full")


def alone(*arguments: str, bases: Path) -> None:
    """Run one of our modes in a process of its own."""
    subprocess.run(
        [sys.executable, "-m", "benchmarks", "pdf", *arguments],
        env={**os.environ, "PDF_BASES_DIR": str(bases)},
        check=True,
    )


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks pdf")
    parser.add_argument("--blocks", type=int, default=8)
    parser.add_argument("--readers", type=int, default=500)
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--memory", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one:
        return one(options.one)
    if options.memory:
        return memory(options.memory, options.documents)
    print(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        bases = settings.PDF_BASES_DIR = Path(folder) / "bases"
        if options.blocks:
            warm(options.blocks)
            cold(max(2, options.blocks // 2), bases)
        if options.readers:
            equivalence(options.readers)
        if options.documents:
            print("\nMemory: resident size of a worker.", flush=True)
            few = options.documents // 20
            alone(
                "--memory", "fast", "--documents", str(options.documents), bases=bases
            )
            alone("--memory", "plain", "--documents", str(few), bases=bases)
    return None
