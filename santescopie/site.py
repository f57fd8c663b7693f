from __future__ import annotations

from django.contrib.admin import AdminSite


class StaffAdminSite(AdminSite):
    """Django's own admin, with our names on it."""

    site_header = "Santéscopie 2026"
    site_title = "Santéscopie 2026"
    index_title = "Suivi des demandes"
    site_url = "/"
