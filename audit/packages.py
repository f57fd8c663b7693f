"""Read what tools said of the packages, against what is locked.

    python audit/packages.py bill SBOM.json requirements.txt
    python audit/packages.py advisories ADVISORIES.json requirements-dev.txt

Ends with 0 when all is well, 1 when something is wrong, 2 when nothing can be said: an
advisory that could not be looked up is no proof that there is none.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

LOCKED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.M)


def normal(name: str) -> str:
    """Return a name as the index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(path: Path) -> set[tuple[str, str]]:
    return {
        (normal(name), version) for name, version in LOCKED.findall(path.read_text())
    }


def bill(said: dict[str, Any], wanted: set[tuple[str, str]]) -> tuple[int, str]:
    parts = said.get("components", [])
    named = {(normal(part["name"]), part["version"]) for part in parts}
    hashed = {
        (normal(part["name"]), part["version"])
        for part in parts
        if any(ref.get("hashes") for ref in part.get("externalReferences", []))
    }
    wrong = sorted((wanted ^ named) | (wanted - hashed))
    if wrong:
        return 1, f"missing, unknown or without a hash: {wrong}"
    return 0, f"{len(named)} packages, each with its hashes"


def advisories(said: dict[str, Any], wanted: set[tuple[str, str]]) -> tuple[int, str]:
    rows = said.get("dependencies", [])
    found = [
        f"{row['name']} {row['version']}: {one['id']}"
        f" (mended in {', '.join(one['fix_versions']) or 'none'})"
        for row in rows
        for one in row.get("vulns", [])
    ]
    if found:
        return 1, "\n".join(found)
    answered = {normal(row["name"]) for row in rows if "skip_reason" not in row}
    unanswered = {name for name, _ in wanted} - answered
    if unanswered:
        return 2, f"no advisory can be looked up for {len(unanswered)} packages"
    return 0, f"{len(answered)} packages, none with a known vulnerability"


def main(what: str, said: Path, lock: Path) -> int:
    try:
        report = json.loads(said.read_text())
    except (OSError, ValueError):
        print("the tool said nothing that can be read: its source is away")
        return 2
    status, words = {"bill": bill, "advisories": advisories}[what](report, locked(lock))
    print(words)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
