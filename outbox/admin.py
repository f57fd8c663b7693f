"""What the house sent, as staff see it; and what every list of ours has in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.admin.views.main import ERROR_FLAG
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.timezone import localtime

from outbox.models import MARK, Message, MessageEvent, Suppression

NOTHING = "—"
# How the filters of Django's admin ask for values, days, and rows of another table.
ASKED = ("exact", "isnull", "gte", "lt", "id__exact")
_LINK = re.compile(re.escape(MARK).replace(r"\{name\}", ".+?"))


def without_links(text: str) -> str:
    """Return a stored text as staff see it: its links are made when it leaves."""
    return _LINK.sub("[lien personnel]", text)


class ReadOnly:
    """Leave the writing of these rows to the machinery, whoever signs in."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self: Any, request: HttpRequest, obj: Any = None) -> Any:
        return flatten_fieldsets(self.get_fieldsets(request, obj))


def instant(at: datetime | None) -> str:
    """Return « 20/11/2026 09:30 » in Europe/Paris."""
    return date_format(localtime(at), "SHORT_DATETIME_FORMAT") if at else NOTHING


def short(field: str, label: str) -> Callable[[Any], str]:
    """Return a list's column for an instant, as short as it is read."""

    @admin.display(description=label, ordering=field)
    def column(row: Any) -> str:
        return instant(getattr(row, field))

    column.__name__ = field
    return column


class Paged:
    """Give a list its plain title, and bound what it costs."""

    new_title = ""  # Of the page that adds a row, and of the button that leads there.
    when_empty = ""  # What to do about a list with no row at all.
    counted = ""  # What several rows are, where the list's name does not say it.

    list_per_page = 50
    list_max_show_all = 200
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # One more statement for each filter.
    empty_value_display = NOTHING

    def changelist_view(
        self: Any, request: HttpRequest, extra_context: Any = None
    ) -> Any:
        if "%00" in request.META["QUERY_STRING"]:  # No column holds one: as Django does
            # with any parameter that it cannot read.
            return HttpResponseRedirect(f"{request.path}?{ERROR_FLAG}=1")
        title = {"title": capfirst(self.opts.verbose_name_plural)}
        return super().changelist_view(  # type: ignore[misc]
            request, {**title, **(extra_context or {})}
        )

    def lookup_allowed(
        self: Any, lookup: str, value: str, request: HttpRequest
    ) -> bool:
        """Answer what the filters of the list ask, and nothing else.

        Django lets any column of the row be asked for: what is not shown could be
        found out letter by letter, and a pattern of one's own may break the page.
        Raises IncorrectLookupParameters, which leads to the list as it is.
        """
        for asked in self.get_list_filter(request):
            if hasattr(asked, "parameter_name"):
                if lookup == asked.parameter_name:
                    return True
                continue
            field = asked[0] if isinstance(asked, tuple) else asked
            if lookup in {f"{field}__{how}" for how in ASKED}:
                return True
        if super().lookup_allowed(lookup, value, request):  # type: ignore[misc]
            raise IncorrectLookupParameters(lookup)
        return False

    def response_action(
        self: Any, request: HttpRequest, queryset: Any, *args: Any, **kwargs: Any
    ) -> Any:
        """Refuse a selection that no page of ours would send."""
        if numbers(request.POST.getlist(ACTION_CHECKBOX_NAME)):
            return super().response_action(  # type: ignore[misc]
                request, queryset, *args, **kwargs
            )
        words = "Sélection illisible\u00a0: choisissez de nouveau dans la liste."
        self.message_user(request, words, messages.ERROR)
        return None


def numbers(values: list[str]) -> bool:
    """Tell whether these are keys of rows, as a page of ours would send them."""
    return all(v.isascii() and v.isdecimal() and len(v) < 19 for v in values)


def sees_all(user: Any) -> bool:
    """Tell whether somebody may open the lead of every row, whoever has it."""
    lead: Any = Message._meta.get_field("lead").related_model
    return bool(
        user.has_perm(f"{lead._meta.app_label}.view_all_{lead._meta.model_name}")
    )


class OwnLeads:
    """Show rows of the leads that somebody may open, whatever is asked of the list.

    As `Lead.objects.visible_to`, by lookups alone: all of them, or their own and what
    nobody has yet. Rows of no lead are for those who see all.
    """

    lead_path = "lead__"  # From the rows of the list to their lead.

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]
        if sees_all(request.user):
            return rows
        path = self.lead_path
        owned = Q(**{f"{path}owner": request.user.pk}) | Q(**{f"{path}owner": None})
        there = {f"{path}pk__isnull": False, f"{path}suspected_at": None}
        return rows.filter(owned, **there)


class Titled:
    """Give a form the title that its page deserves, where Django makes it up."""

    new_title: str = ""
    title: str

    def changeform_view(
        self: Any,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        title = {"title": self.title if object_id else self.new_title}
        return super().changeform_view(  # type: ignore[misc]
            request, object_id, form_url, {**title, **(extra_context or {})}
        )


class DayFilter(admin.DateFieldListFilter):
    """Cut by the day of a ledger's row, whose column is but « le »."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = "date"


class ScopeFilter(admin.SimpleListFilter):
    """Leave out suspects and tests unless they are asked for."""

    title = "périmètre"
    parameter_name = "perimetre"
    default = "Contacts réels"
    path = "lead__"  # From the rows of the list to their lead.

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("suspects", "Suspects"), ("essais", "Essais"), ("tous", "Tous")]

    def choices(self, changelist: Any) -> Iterator[Any]:
        for number, choice in enumerate(super().choices(changelist)):
            yield {**choice, "display": self.default} if number == 0 else choice

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "suspects":
                return queryset.filter(**{f"{self.path}suspected_at__isnull": False})
            case "essais":
                return queryset.filter(**{f"{self.path}is_test": True})
            case "tous":
                return queryset
        return self.genuine(queryset)

    def genuine(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep rows of no lead, too: not every message is a lead's."""
        return queryset.filter(**{f"{self.path}suspected_at": None}).exclude(
            **{f"{self.path}is_test": True}
        )


class MessageStateFilter(admin.SimpleListFilter):
    title = "état"
    parameter_name = "etat"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(s.value), str(s.label)) for s in Message.State]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Message]
    ) -> QuerySet[Message]:
        under_way = {"accepted_at": None, "failed_at": None, "withheld_at": None}
        told = {"delivered_at": None, "bounced_at": None}
        match self.value():
            case Message.State.QUEUED:
                return queryset.filter(attempts=0, deferred_at=None, **under_way)
            case Message.State.DEFERRED:
                tried = Q(attempts__gt=0) | Q(deferred_at__isnull=False)
                return queryset.filter(tried, **under_way)
            case Message.State.ACCEPTED:
                return queryset.filter(accepted_at__isnull=False, **told)
            case Message.State.DELIVERED:
                return queryset.filter(delivered_at__isnull=False, bounced_at=None)
            case Message.State.BOUNCED:
                return queryset.filter(bounced_at__isnull=False)
            case Message.State.FAILED:
                return queryset.filter(failed_at__isnull=False)
            case Message.State.WITHHELD:
                return queryset.filter(withheld_at__isnull=False)
        return queryset


def last_step(message: Message) -> str:
    """Return the last step of a message with its cause; its events are prefetched."""
    steps = list(message.events.all())
    if not steps:
        return NOTHING
    step = steps[-1]
    cause = " ".join(str(part) for part in (step.smtp_code, step.cause) if part)
    return f"{step.get_kind_display()} ({cause})" if cause else step.get_kind_display()


class MessageColumns:
    """Name what became of a message, whose events are prefetched."""

    @admin.display(description="état")
    def state(self, message: Message) -> str:
        return str(message.state.label)

    @admin.display(description="dernière étape")
    def step(self, message: Message) -> str:
        return last_step(message)


class MessageEventInline(ReadOnly, admin.TabularInline[MessageEvent, Message]):
    model = MessageEvent
    template = "admin/steps.html"
    extra = 0
    fields = [
        "at",
        "kind",
        "attempt",
        "smtp_code",
        "cause",
        "ambiguous",
        "worker",
    ]
    verbose_name_plural = "étapes"


@admin.register(Suppression)
class SuppressionAdmin(ReadOnly, Paged, admin.ModelAdmin[Suppression]):
    """Addresses are known by a keyed hash, which would tell staff nothing."""

    list_display = ["created_at", "reason"]
    list_filter = ["reason"]
    fields = ["created_at", "reason"]
