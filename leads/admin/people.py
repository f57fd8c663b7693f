"""How one of the house is chosen in a form, wherever there is one to choose."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from leads.assigning import name_of
from leads.models import Absence

FOLLOWS = "leads.change_lead"
BACKEND = "django.contrib.auth.backends.ModelBackend"  # Where groups' rights are.


def staff() -> QuerySet[Any]:
    """Return who works here, with `is_away` today (Europe/Paris)."""
    today = Absence.objects.on(timezone.localdate()).filter(user=OuterRef("pk"))
    users = get_user_model().objects.filter(is_active=True, is_staff=True)
    return users.annotate(is_away=Exists(today)).order_by(
        "last_name", "first_name", "username"
    )


def followers() -> QuerySet[Any]:
    """Return, of `staff`, who may follow leads: the DPO, for one, only reads them."""
    users = get_user_model()._default_manager.with_perm(FOLLOWS, backend=BACKEND)
    return staff().filter(pk__in=users.values("pk"))


def assignable() -> QuerySet[Any]:
    """Return whom leads are offered to: who follows them and can be told by mail."""
    return followers().exclude(email="")


def label_of(user: Any) -> str:
    """Return a name, and that they are away where they are (of `staff`)."""
    return f"{name_of(user)} (absence en cours)" if user.is_away else name_of(user)


class PersonField(forms.ModelChoiceField[Any]):
    def label_from_instance(self, obj: Any) -> str:
        return label_of(obj)


def person_field(db_field: Any, **kwargs: Any) -> Any:
    """Return the form field of a foreign key to somebody, without links to accounts."""
    kwargs.setdefault("queryset", staff())
    return db_field.formfield(form_class=PersonField, **kwargs)
