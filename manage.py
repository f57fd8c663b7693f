#!/usr/bin/env python
"""Run Django's commands, and the demo, which starts before Django can."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def load_running_demo() -> None:
    """Name the services of a demo that runs beside this command, if there is one.

    What the environment already says wins.
    """
    file = Path(os.environ.get("SANTESCOPIE_VAR", "var")) / "env"
    if not file.is_file():
        return
    for line in file.read_text(encoding="utf-8").splitlines():
        name, separator, value = line.partition("=")
        if separator:
            os.environ.setdefault(name, value)


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "santescopie.settings")
    if sys.argv[1:2] == ["demo"]:
        from santescopie.demo.supervisor import main as demo

        return demo(sys.argv[2:])
    load_running_demo()

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
    return 0


if __name__ == "__main__":
    sys.exit(main())
