"""What was sent to people; and what reached nobody, with why and what to do."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse

from leads.admin.submissions import BOTH_PLACES
from outbox.admin import (
    NOTHING,
    MessageColumns,
    MessageEventInline,
    MessageStateFilter,
    OwnLeads,
    Paged,
    ReadOnly,
    ScopeFilter,
    instant,
    short,
    without_links,
)
from outbox.models import (
    Breaker,
    Message,
    MessageEvent,
    Undelivered,
    mail_server,
)
from outbox.replies import NO_REASON, REASONS, Reason
from reports.admin import LongFilter
from reports.templatetags.staff_french import french_number

Kind = MessageEvent.Kind
ENDS = (Kind.REFUSED, Kind.ABANDONED, Kind.WITHHELD, Kind.BOUNCED)
# What to do where the end says more than its cause.
END_ADVICE: dict[str, str] = {
    Kind.ABANDONED: "Essais épuisés\u00a0: renvoyer une fois la cause levée.",
    Kind.BOUNCED: "Demander une autre adresse à la personne.",
}


@admin.register(Message)
class MessageAdmin(
    MessageColumns, OwnLeads, ReadOnly, Paged, admin.ModelAdmin[Message]
):
    list_display: Any = [
        short("created_at", "demandé le"),
        "recipient",
        "state",
        "step",
        "subject",
    ]
    list_filter: ClassVar[Any] = [MessageStateFilter, ScopeFilter, "created_at"]
    search_fields = ["recipient", "message_id"]
    search_help_text = "Adresse du destinataire ou Message-ID"
    fieldsets: ClassVar[Any] = [
        (None, {"fields": ["subject", "recipient", "lead", "state", "step"]}),
        (
            "Chronologie",
            {
                "fields": [
                    "created_at",
                    "accepted_at",
                    "delivered_at",
                    "bounced_at",
                    "failed_at",
                    "withheld_at",
                    "next_attempt_at",
                    "attempts",
                ]
            },
        ),
        ("Contenu", {"fields": ["plain_text", "files", "message_id"]}),
    ]
    inlines = [MessageEventInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return (
            super()
            .get_queryset(request)
            .filter(lead__erased_at=None)
            .defer("text", "html")
            .prefetch_related("events")
        )

    @admin.display(description="texte")
    def plain_text(self, message: Message) -> str:
        """Show the text without its secrets, which are not stored anyway."""
        if message.emptied_at:
            return f"effacé le {instant(message.emptied_at)}, comme les pièces jointes"
        return without_links(message.text)

    @admin.display(description="pièces jointes")
    def files(self, message: Message) -> str:
        return ", ".join(part["name"] for part in message.attachments) or NOTHING


def last_end(field: str) -> Subquery:
    """Return a field of the step that ended a message."""
    ends = MessageEvent.objects.filter(message=OuterRef("pk"), kind__in=ENDS)
    return Subquery(ends.order_by("-at", "-pk").values(field)[:1])


class EndFilter(admin.SimpleListFilter):
    title = "issue"
    parameter_name = "issue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(kind.value), str(kind.label)) for kind in ENDS]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Message]
    ) -> QuerySet[Message]:
        if not self.value():
            return queryset
        return queryset.alias(end=last_end("kind")).filter(end=self.value())


class ReasonFilter(admin.SimpleListFilter):
    """Cut by cause: what one mended server or setting may let pass."""

    title = "cause"
    parameter_name = "cause"
    template = LongFilter.template

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(key, reason.cause) for key, reason in REASONS.items()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Message]
    ) -> QuerySet[Message]:
        if not self.value():
            return queryset
        return queryset.alias(reason=last_end("reason")).filter(reason=self.value())


@admin.register(Undelivered)
class UndeliveredAdmin(MessageAdmin):
    """Messages that were refused, abandoned, withheld, or came back."""

    list_display = [
        short("created_at", "demandé le"),
        "recipient",
        "outcome",
        "why",
        "what_to_do",
        "answer",
    ]
    list_filter = [EndFilter, ReasonFilter, ScopeFilter, "created_at"]
    fieldsets = [
        (
            None,
            {"fields": ["subject", "recipient", "lead", "outcome", "why"]},
        ),
        ("Que faire", {"fields": ["what_to_do", "answer"]}),
        *MessageAdmin.fieldsets[1:],
    ]
    actions = ["send_again"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: Any = super().get_queryset(request)
        undelivered: QuerySet[Any] = rows.undelivered()
        return undelivered

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("outbox.view_message")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_send_again_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("leads.send_again")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        context = {"breakers": breaker_words(), **(extra_context or {})}
        return super().changelist_view(request, context)

    def _end(self, message: Message) -> MessageEvent | None:
        """Return the step that ended it; its events are prefetched."""
        ends = [event for event in message.events.all() if event.kind in ENDS]
        return ends[-1] if ends else None

    def _reason(self, message: Message) -> Reason:
        end = self._end(message)
        return REASONS.get(end.reason, NO_REASON) if end else NO_REASON

    @admin.display(description="issue")
    def outcome(self, message: Message) -> str:
        end = self._end(message)
        return str(end.get_kind_display()) if end else str(message.state.label)

    @admin.display(description="cause")
    def why(self, message: Message) -> str:
        return self._reason(message).cause

    @admin.display(description="que faire")
    def what_to_do(self, message: Message) -> str:
        end = self._end(message)
        return END_ADVICE.get(end.kind if end else "") or self._reason(message).staff

    @admin.display(description="réponse du serveur")
    def answer(self, message: Message) -> str:
        """Show the server's own words: some are worth passing on to an IT desk."""
        end = self._end(message)
        if end is None or end.kind == Kind.WITHHELD:
            return NOTHING
        return " ".join(str(part) for part in (end.smtp_code, end.cause) if part)

    @admin.action(
        description="Renvoyer", permissions=["send_again"], location=BOTH_PLACES
    )
    def send_again(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> TemplateResponse | None:
        """Ask once, with the count; then owe them again as they are."""
        if not self.has_send_again_permission(request):
            raise PermissionDenied
        if "confirmed" not in request.POST:
            return self._confirm(request, queryset)
        rows = Undelivered.objects.filter(pk__in=queryset.values("pk")).owe_again()
        for row in rows:
            self.log_change(request, row, "Envoi relancé.")
        self.message_user(request, owed_again(len(rows)))
        if left := queryset.filter(accepted_at__isnull=False).count():
            self.message_user(request, bounced_left(left), messages.WARNING)
        if left := queryset.filter(accepted_at=None).count():
            self.message_user(request, closed_left(left), messages.WARNING)
        return None

    def _confirm(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> TemplateResponse:
        changelist = reverse("admin:outbox_undelivered_changelist")
        inside = request.path == changelist
        across = inside and request.POST.get("select_across") == "1"
        count = queryset.count()
        keys = queryset.values_list("pk", flat=True)
        context = {
            **self.admin_site.each_context(request),
            "title": "Renvoyer",
            "opts": self.opts,
            "count": count,
            "bounced": queryset.filter(accepted_at__isnull=False).count(),
            "some": list(queryset[:10]),
            "checkbox": ACTION_CHECKBOX_NAME,
            "across": across,
            # The admin acts on nothing unless a box is ticked, even "across".
            "selected": list(keys[:1] if across else keys),
            "post_to": (
                request.get_full_path() if inside else f"{changelist}?perimetre=tous"
            ),
        }
        template = "admin/outbox/undelivered/send_again.html"
        return TemplateResponse(request, template, context)


def owed_again(count: int) -> str:
    if count == 0:
        return "Aucun envoi relancé."
    if count == 1:
        return "1 envoi relancé\u00a0: il part dans l’instant."
    return f"{count} envois relancés\u00a0: ils partent dans l’instant."


def bounced_left(count: int) -> str:
    noun = (
        "envoi n’a pas été relancé" if count == 1 else "envois n’ont pas été relancés"
    )
    return (
        f"{count} {noun}\u00a0: le message a été accepté, puis a rebondi. Il faut une "
        "autre adresse."
    )


def closed_left(count: int) -> str:
    noun = (
        "envoi n’a pas été relancé" if count == 1 else "envois n’ont pas été relancés"
    )
    return (
        f"{count} {noun}\u00a0: l’adresse a été corrigée par la personne, ses "
        "données sont effacées, ou le message n’est plus conservé."
    )


def breaker_words() -> list[dict[str, Any]]:
    """Return what staff should know of the servers that are left alone."""
    waiting = Message.objects.filter(next_attempt_at__isnull=False)
    lines = []
    for breaker in Breaker.objects.open():
        count = waiting.count() if breaker.server == mail_server() else 0
        lines.append(
            {
                "breaker": breaker,
                "reason": REASONS.get(breaker.reason, NO_REASON),
                "waiting": count,
                "waiting_said": french_number(count),
            }
        )
    return lines
