"""Campaigns: their links to give out, and the values in links that nobody knows."""

from __future__ import annotations

import io
from typing import Any

import segno
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Count, F, Max, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.safestring import mark_safe
from django.utils.text import slugify
from django.views.decorators.http import require_POST, require_safe

from leads import sources
from leads.models import Campaign, Lead, Submission
from leads.models.campaign import normal
from outbox.admin import Paged

MOST = 200  # Values on a page; the most seen come first.
INK, PAPER = "#0a2830", "#ffffff"
MINE = "moi"  # In an address: the link of who is signed in.


def symbol(address: str) -> segno.QRCode:
    """Return the QR code of an address; M: legible with 15 % of it soiled."""
    return segno.make_qr(address, error="m")


def inline_svg(address: str) -> str:
    drawn = symbol(address).svg_inline(
        border=4, dark=INK, light=PAPER, svgclass=None, lineclass=None, omitsize=True
    )
    return mark_safe(drawn)


@admin.register(Campaign)
class CampaignAdmin(Paged, admin.ModelAdmin[Campaign]):
    list_display = ["name", "code", "origin", "is_active"]
    list_filter = ["is_active", "origin"]
    search_fields = ["name", "code", "aliases"]
    search_help_text = "Nom, code ou autre écriture"
    fields = ["name", "code", "origin", "aliases", "is_active"]
    change_form_template = "admin/leads/campaign/change_form.html"
    change_list_template = "admin/leads/campaign/change_list.html"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # Links that carry it are out: it may end, and is not forgotten.

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["code"] if obj else []  # As its links carry it.

    def get_prepopulated_fields(
        self, request: HttpRequest, obj: Any = None
    ) -> dict[str, Any]:
        return {} if obj else {"code": ["name"]}

    def response_post_save_add(self, request: HttpRequest, obj: Campaign) -> Any:
        """Show the links at once: they are what a campaign is made for."""
        url = reverse("admin:leads_campaign_change", args=[obj.pk])
        return HttpResponseRedirect(f"{url}#liens")

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        kwargs["widgets"] = {"aliases": AdminTextareaWidget(attrs={"rows": 3})}
        return super().get_form(request, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> Any:
        super().save_model(request, obj, form, change)
        sources.forget()

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        name = "leads_campaign"
        return [
            path("non-reconnues/", view(self.unknown_view), name=f"{name}_unknown"),
            path("rattacher/", view(self.attach_view), name=f"{name}_attach"),
            path("<int:pk>/qr.<str:kind>", view(self.qr_view), name=f"{name}_qr"),
            *super().get_urls(),
        ]

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> Any:
        if campaign := kwargs.get("obj"):
            qr = reverse("admin:leads_campaign_qr", args=[campaign.pk, "svg"])
            png = reverse("admin:leads_campaign_qr", args=[campaign.pk, "png"])
            context["links"] = [
                {
                    "title": title,
                    "address": campaign.link(user),
                    "drawing": inline_svg(campaign.link(user)),
                    "svg": qr + query,
                    "png": png + query,
                }
                for title, user, query in (
                    ("Lien de la campagne", None, ""),
                    ("Votre lien de commercial", request.user, f"?lien={MINE}"),
                )
            ]
        return super().render_change_form(request, context, *args, **kwargs)

    @method_decorator(require_safe)
    def qr_view(self, request: HttpRequest, pk: int, kind: str) -> HttpResponse:
        """Hand over the QR code of a link, as a file."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        types = {"svg": "image/svg+xml", "png": "image/png"}
        campaign = Campaign.objects.filter(pk=min(pk, 2**62)).first()
        if campaign is None or kind not in types:
            raise Http404
        mine = request.user if request.GET.get("lien") == MINE else None
        out = io.BytesIO()
        symbol(campaign.link(mine)).save(
            out, kind=kind, scale=10, border=4, dark=INK, light=PAPER
        )
        name = f"{campaign.code}{f'-{mine.pk}' if mine else ''}.{kind}"
        return HttpResponse(
            out.getvalue(),
            content_type=types[kind],
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    @method_decorator(require_safe)
    def unknown_view(self, request: HttpRequest) -> TemplateResponse:
        """List what links carried and nobody knows, the most seen first."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        may_change = self.has_change_permission(request)
        campaigns = list(unknown(request.user, "campaign", sources.campaigns()))
        for row in campaigns:
            row["add_url"] = _add_url(row["value"])
        context = {
            **self.admin_site.each_context(request),
            "title": "Valeurs non reconnues",
            "opts": self.opts,
            "campaigns": campaigns,
            "origins": list(unknown(request.user, "origin", sources.ORIGINS)),
            "known": Campaign.objects.all() if may_change else [],
            "may_change": may_change,
            "may_add": self.has_add_permission(request),
            "most": MOST,
        }
        return TemplateResponse(request, "admin/leads/campaign/unknown.html", context)

    @method_decorator(require_POST)
    def attach_view(self, request: HttpRequest) -> HttpResponse:
        """Make values other writings of a campaign, for the past too."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        values = {normal(value) for value in request.POST.getlist("valeur")[:MOST]} - {
            ""
        }
        pk = request.POST.get("campagne", "")
        if not values or not (pk.isdecimal() and len(pk) < 18):
            messages.error(request, "Choisissez une campagne et au moins une valeur.")
        elif any("\x00" in value for value in values):
            messages.error(request, "Ces valeurs ne peuvent pas être rattachées.")
        else:
            self._attach(request, int(pk), values)
        response = redirect("admin:leads_campaign_unknown")
        response.status_code = 303
        return response

    @transaction.atomic
    def _attach(self, request: HttpRequest, pk: int, values: set[str]) -> None:
        campaign = Campaign.objects.select_for_update().filter(pk=pk).first()
        if campaign is None:
            messages.error(request, "Cette campagne n’existe plus.")
            return
        campaign.aliases = "\n".join([campaign.aliases, *sorted(values)])
        try:
            campaign.clean()
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return
        campaign.save(update_fields=["aliases"])
        sources.forget()
        self.log_change(request, campaign, [{"changed": {"fields": ["aliases"]}}])
        messages.success(
            request,
            f"{len(values)} écriture{'s' if len(values) > 1 else ''} de plus pour "
            f"«\u00a0{campaign}\u00a0». Les chiffres du passé suivent en quelques "
            "minutes.",
        )


def unknown(user: Any, field: str, known: dict[str, str]) -> QuerySet[Any, Any]:
    """Return the values of `campaign` or `origin` that are seen and not known.

    Of the submissions of the people whom somebody may open.
    """
    people = Lead.objects.genuine().visible_to(user)
    return (
        Submission.objects.filter(suspicion="", lead__in=people)
        .exclude(**{f"{field}__in": ["", *known]})
        .values(value=F(field))
        .annotate(count=Count("pk"), last=Max("created_at"))
        .order_by("-count", "value")[:MOST]
    )


def _add_url(value: str) -> str:
    code = slugify(value)[:60].strip("-")
    initial = {"name": value, "code": code}
    if code != value:
        initial["aliases"] = value
    return reverse("admin:leads_campaign_add", query=initial)
