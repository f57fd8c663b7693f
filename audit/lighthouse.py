"""Print the median of Lighthouse reports, and fail below what we ask of the page.

python audit/lighthouse.py REPORT.json ...
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path

WANTED = {
    "performance": 98,
    "accessibility": 100,
    "best-practices": 100,
    "seo": 100,
}
TIMES = {
    "first-contentful-paint": "FCP ms",
    "largest-contentful-paint": "LCP ms",
    "total-blocking-time": "TBT ms",
    "cumulative-layout-shift": "CLS",
    "total-byte-weight": "bytes",
}


def main(paths: list[str]) -> int:
    reports = [json.loads(Path(path).read_text()) for path in paths]
    missed = 0
    summary = []
    for name, wanted in WANTED.items():
        scores = [
            round(100 * (report["categories"][name]["score"] or 0))
            for report in reports
        ]
        median = statistics.median(scores)
        missed += median < wanted
        summary.append(f"{median:.0f}")
        print(f"  {name:16} {median:5.0f} of {wanted}  runs: {scores}")
    for name, label in TIMES.items():
        values = [report["audits"][name]["numericValue"] for report in reports]
        print(f"  {label:16} {statistics.median(values):9.3f}")
    for name in sorted(
        {
            reference["id"]
            for report in reports
            for category in WANTED
            for reference in report["categories"][category]["auditRefs"]
            if reference["weight"]
            and (report["audits"][reference["id"]]["score"] or 0) < 0.9
            and report["audits"][reference["id"]]["scoreDisplayMode"]
            not in {"notApplicable", "manual", "informative"}
        }
    ):
        print(f"  below 90: {name}")
    print(f"{' '.join(summary)}, median of {len(reports)}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
