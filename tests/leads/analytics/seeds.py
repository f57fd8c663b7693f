"""How many random histories the properties are tried on: SEEDS=50 looks longer."""

from __future__ import annotations

import os

SEEDS = range(int(os.environ.get("SEEDS") or 2))
