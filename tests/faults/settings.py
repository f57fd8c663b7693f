"""The product's own settings, and the points where it may be struck.

The processes of the house are started as ever; this module is all that tells them
that they are being tested, and nothing of it is in the product.
"""

from __future__ import annotations

from santescopie.settings import *  # noqa: F403
from santescopie.settings import INSTALLED_APPS as PRODUCT

INSTALLED_APPS = [*PRODUCT, "tests.faults.points.Points"]
