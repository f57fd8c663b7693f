from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib import admin
from django.http.response import HttpResponseBase
from django.urls import include, path
from django.views.decorators.cache import cache_control
from django.views.decorators.gzip import gzip_page
from django.views.generic import TemplateView

from outbox import bounces
from santescopie import views
from santescopie.accounts import views as accounts

# The same bytes for everybody: any cache may keep them.
public = cache_control(public=True, max_age=300, stale_while_revalidate=60)


def page(name: str) -> Callable[..., HttpResponseBase]:
    view: Callable[..., HttpResponseBase] = TemplateView.as_view(
        template_name=f"pages/{name}.html", http_method_names=["get", "head"]
    )
    return public(gzip_page(view))


urlpatterns = [
    path("", include("leads.urls")),
    path("exemplaire/", include("reports.urls")),
    path("mentions-legales/", page("legal_notice"), name="legal-notice"),
    path("confidentialite/", page("privacy"), name="privacy"),
    path("accessibilite/", page("accessibility"), name="accessibility"),
    path("plan-du-site/", page("sitemap"), name="sitemap-page"),
    path("robots.txt", public(views.robots)),
    path(views.SECURITY_TXT[1:], public(views.security_txt), name="security-txt"),
    path("sitemap.xml", public(views.sitemap)),
    path("manifest.webmanifest", public(views.manifest), name="manifest"),
    path("favicon.ico", public(views.favicon)),
    path("healthz", views.healthz),
    path("readyz", views.readyz),
    path("admin/login/", accounts.SignIn.as_view(), name="account_login"),
    path("admin/compte/", include("santescopie.accounts.urls")),
    path("admin/", admin.site.urls),
    *bounces.urls(),
]
if settings.DEMO:
    urlpatterns.append(path("demo/", include("santescopie.demo.urls")))

handler400 = views.bad_request
handler403 = views.permission_denied
handler404 = views.not_found
handler429 = accounts.too_many  # allauth asks for it by this name.
handler500 = views.server_error
