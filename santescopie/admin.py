from __future__ import annotations

from santescopie.accounts.admin import register

register()
