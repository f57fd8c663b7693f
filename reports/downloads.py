"""What became of the copies: one query and one definition per figure.

Days are those of Europe/Paris. Tests and suspects are left out; people who were
erased stay counted. A retrieval is a lower bound of reading: the synthesis is also
attached to the mail, so it is never the denominator of a rate.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Self

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import TruncDate
from django.utils import timezone

from outbox.models import Message
from reports import rules
from reports.models import RETRIEVAL_WINDOW, Copy, Hit, HitQuerySet
from reports.rules import REPEATED, Rule
from reports.vocabulary import OrganisationType

CHOICES = (7, 30, 90)  # Days that a page can look back on.
LEAST = 5  # People who object, for their requests to be counted among one another's.
_WINDOW = f"{RETRIEVAL_WINDOW.seconds // 60} minutes"

DEFINITIONS = {
    "delivered": "Exemplaires dont un premier message, pièce jointe comprise, a été "
    "accepté par le serveur de messagerie, au jour de l’acceptation ; un rebond "
    "reçu plus tard n’en retire aucun.",
    "raw": "Fichiers servis par le bouton de téléchargement, quel que soit celui qui "
    "presse : lecteur, analyseur de messagerie ou outil, répétitions comprises.",
    "probable": "Retraits bruts qui viennent d’un navigateur, à un moment et à un "
    f"rythme humains ; un seul par exemplaire et par tranche de {_WINDOW}.",
    "set_aside": "Requêtes reçues sur les liens des exemplaires et non retenues comme "
    "retraits probables, selon la règle qui en a décidé.",
    "objecting": "Les requêtes de qui s’est opposé à la mesure ne comptent que dans "
    f"les totaux et par jour, jamais par type, et à partir de {LEAST} personnes\u00a0: "
    "moins nombreuses, elles seraient désignées.",
}


RULES = {rule.code: rule for rule in (*rules.RULES, REPEATED)}


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days in Europe/Paris, both ends included."""

    first: date
    last: date

    @classmethod
    def last_days(cls, days: int) -> Self:
        today = timezone.localdate()
        return cls(today - timedelta(days=days - 1), today)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return « 30 », the last 30 days, or « 2026-11-20 ». Raises ValueError."""
        if text.isdecimal():
            if int(text) not in CHOICES:
                raise ValueError(text)
            return cls.last_days(int(text))
        day = date.fromisoformat(text)
        if not 2000 <= day.year < 2200:
            raise ValueError(text)
        return cls(day, day)

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """Return the first instant, and the first one after it."""
        zone = timezone.get_default_timezone()
        after = self.last + timedelta(days=1)
        return (
            datetime.combine(self.first, time.min, zone),
            datetime.combine(after, time.min, zone),
        )

    @property
    def days(self) -> list[date]:
        """Return its days, the latest first."""
        count = (self.last - self.first).days + 1
        return [self.last - timedelta(days=number) for number in range(count)]


def with_delivery(copies: QuerySet[Copy]) -> QuerySet[Any]:
    """Add `delivered_at`: when a server first accepted a message with the copy."""
    first = (
        Message.objects.accepted()
        .filter(copies=OuterRef("pk"))
        .order_by("accepted_at")
        .values("accepted_at")[:1]
    )
    return copies.annotate(delivered_at=Subquery(first))


def delivered(period: Period) -> QuerySet[Copy]:
    start, end = period.bounds
    copies = Copy.objects.filter(lead__is_test=False, lead__suspected_at=None)
    return with_delivery(copies).filter(delivered_at__gte=start, delivered_at__lt=end)


def requests(period: Period) -> HitQuerySet:
    """Return every request on the links of copies, with the rule that settled it."""
    start, end = period.bounds
    hits = Hit.objects.filter(
        at__gte=start,
        at__lt=end,
        copy__lead__is_test=False,
        copy__lead__suspected_at=None,
    )
    return with_settled(told(hits))


def objecting() -> Any:
    """Return the people who object to being measured one by one."""
    people: Any = Copy._meta.get_field("lead").related_model
    return people._default_manager.objecting()


def told(hits: HitQuerySet) -> HitQuerySet:
    """Leave out the requests of who objects, while they are fewer than LEAST.

    What is left of a day once those whom staff know by name are taken away would be
    known persons' requests.
    """
    counted = objecting().filter(is_test=False, suspected_at=None)
    few = counted.filter(~Exists(counted[LEAST - 1 : LEAST]))
    return hits.exclude(copy__lead__in=few.values("pk"))


def of_known_type(hits: HitQuerySet) -> HitQuerySet:
    """Leave out all who object: few share a type, and a list tells its days."""
    return hits.exclude(copy__lead__in=objecting())


def with_settled[Q: QuerySet[Any]](hits: Q) -> Q:
    """Add `settled`: the rule that kept a request, or set it aside."""
    human = [Hit.Confidence.CERTAIN, Hit.Confidence.PROBABLE]
    repeated = When(confidence__in=human, counted=False, then=Value(REPEATED.code))
    return hits.annotate(
        settled=Case(repeated, default="rule", output_field=CharField())
    )


def raw(period: Period) -> HitQuerySet:
    return requests(period).served()


def probable(period: Period) -> HitQuerySet:
    return requests(period).probable()


def set_aside(period: Period) -> HitQuerySet:
    return requests(period).exclude(pk__in=Hit.objects.probable().values("pk"))


@dataclass(frozen=True, slots=True)
class Row:
    """The three figures that always stand together, for a day or a type."""

    key: Any
    label: Any
    delivered: int
    probable: int
    raw: int


def _counts(rows: QuerySet[Any], by: Any) -> Counter[Any]:
    counted = rows.order_by().values(key=by).annotate(n=Count("pk"))
    return Counter({row["key"]: row["n"] for row in counted})


def by_day(period: Period) -> list[Row]:
    """Return every day of a period, the latest first."""
    sent = _counts(delivered(period), TruncDate("delivered_at"))
    kept = _counts(probable(period), TruncDate("at"))
    served = _counts(raw(period), TruncDate("at"))
    return [Row(day, day, sent[day], kept[day], served[day]) for day in period.days]


def by_type(period: Period) -> list[Row]:
    """Return the types of establishment that received or retrieved something."""
    sent = _counts(delivered(period), F("organisation_type"))
    kept, served = (
        _counts(of_known_type(hits), F("copy__organisation_type"))
        for hits in (probable(period), raw(period))
    )
    labels = {str(code): str(label) for code, label in OrganisationType.choices}
    rows = [
        Row(key, labels.get(key, "non précisé"), sent[key], kept[key], served[key])
        for key in {**sent, **kept, **served}
    ]
    return sorted(rows, key=lambda row: (-row.delivered, -row.probable, row.label))


def by_rule(period: Period) -> list[tuple[str, Rule, int]]:
    """Return (code, rule, how many requests it set aside), the most first."""
    counts = _counts(set_aside(period), F("settled"))
    return [(code, rule_of(code), n) for code, n in counts.most_common()]


def rule_of(code: str) -> Rule:
    """Return the words of a rule; old rows may name one that is gone."""
    if code in RULES:
        return RULES[code]
    gone = "Règle abandonnée."
    return Rule(code, code, gone, Hit.Confidence.DOUBTFUL, lambda hit: False)
