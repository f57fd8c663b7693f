from __future__ import annotations

from django.contrib.admin import apps as admin_apps


class StaffAdminConfig(admin_apps.AdminConfig):
    default = False
    default_site = "santescopie.site.StaffAdminSite"
