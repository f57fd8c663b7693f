"""The page that says where a submission stands, and what its author may do there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parseaddr
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.db.models.functions import Now
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from leads.address_form import AddressForm
from leads.calling import CallForm, call_at
from leads.consent import call_wording
from leads.correction import correct
from leads.models import Submission
from leads.models.submission import CORRECTABLE
from leads.origin import is_foreign
from leads.resending import ask_again, is_cooling, possible_at
from leads.throttling import over_quota
from outbox.replies import NO_REASON, REASONS
from reports import study

UNDER_WAY = {"requested", "rendered", "queued"}
RESENDABLE = {"accepted", "delivered", "bounced", "failed", "withheld"}
# The same message to the same address would meet the same answer.
HOPELESS = {"unknown", "domain", "malformed", "disabled", "size"}
OURS = {"identity", "sender", "file", "unforeseen", "crash"}
FILTERED = {"policy", "refused"}  # The recipient's IT desk can help.
VEIL = timedelta(seconds=1)
REFRESH = 3  # Seconds between two looks at a submission that is under way.
# The same where a script looks by itself: the state may yet change, at its own pace.
LATER_LOOKS = {"deferred": 15, "accepted": 30}
MEANWHILE = [  # To read while the mail travels: one use, one demand, one worry.
    study.FIGURES[key]
    for key in ("professionnels-utilisateurs", "validation-humaine", "responsabilite")
]
STILL = "actualisation"  # In the address of a page that must not reload by itself.
SAME_ADDRESS = "Cette demande a déjà cette adresse : saisissez celle qui est la bonne."
TOO_LATE = (
    "L’adresse de cette demande ne peut plus être corrigée : "
    "faites une nouvelle demande."
)

Action = Callable[[HttpRequest, Submission], HttpResponse]


def _find(token: str) -> Submission:
    submission = (
        Submission.objects.select_related("copy", "correction", "corrects")
        .annotate(
            # On the database's clock, which dated the submission.
            veiled=Q(created_at__gt=Now() - VEIL),
            cooling=is_cooling(),
            correctable=CORRECTABLE,
        )
        .by_token(token)
    )
    if submission is None:
        raise Http404
    return submission


def _state(submission: Any) -> str:
    """Return the state that is told.

    At first everybody reads the same: how soon a copy is found would tell whether
    these very answers had been given before.
    """
    return "requested" if submission.veiled else str(submission.state)


@require_safe
def follow_up(request: HttpRequest, token: str) -> HttpResponse:
    """Tell where a submission stands, and nothing of any other."""
    return _page(request, _find(token))


def _action(view: Action) -> Callable[[HttpRequest, str], HttpResponse]:
    """Let the holder of a submission's secret act on it, by POST and from here.

    No cookie is involved: leads/origin.py says what stands in a token's place.
    """

    @csrf_exempt
    @require_POST
    @wraps(view)
    def checked(request: HttpRequest, token: str) -> HttpResponse:
        if is_foreign(request):
            raise PermissionDenied("cross-site post")
        submission = _find(token)
        # To take an agreement back is never too much (RGPD, article 7.3).
        if "withdraw" not in request.POST and over_quota(request):
            context = {"back_url": _url("follow-up", submission)}
            page = render(request, "429.html", context, status=429)
            page.headers["Retry-After"] = "3600"
            return page
        return view(request, submission)

    return checked


def _see(submission: Submission, fragment: str = "") -> HttpResponse:
    """Answer with the submission's page, which tells what has come of the post."""
    response = redirect(_url("follow-up", submission) + fragment)
    response.status_code = 303
    return response


def _url(name: str, submission: Submission) -> str:
    return reverse(f"leads:{name}", args=[submission.token])


@_action
def resend(request: HttpRequest, submission: Submission) -> HttpResponse:
    """Send the same copy to the same address again, where that can help."""
    if _is_resendable(submission, _reason(submission)):
        ask_again(submission)
    return _see(submission)


@_action
def correct_address(request: HttpRequest, submission: Any) -> HttpResponse:
    """Take the address that was meant, once."""
    if not submission.correctable:  # The page says what became of it, or what to do.
        return _see(getattr(submission, "correction", submission))
    form = AddressForm(request.POST)
    address = form.cleaned_data["email"] if form.is_valid() else ""
    if address.lower() == submission.email.lower():
        form.add_error("email", SAME_ADDRESS)
    elif address:
        corrected = correct(submission, address)
        if corrected:
            return _see(corrected)
        form.add_error("email", TOO_LATE)
    return _page(request, submission, correction=form)


@_action
def call_back(request: HttpRequest, submission: Submission) -> HttpResponse:
    """Take a number to be called at, or forget it."""
    form = CallForm(request.POST)
    if "withdraw" in request.POST or hasattr(submission, "correction"):
        call_at(submission, "")
    elif form.is_valid():
        call_at(submission, form.cleaned_data["phone"])
    else:
        return _page(request, submission, call=form)
    return _see(submission, "#rappel")


def _page(
    request: HttpRequest, submission: Any, **bound: AddressForm | CallForm
) -> HttpResponse:
    """Show the page; with a form in error it keeps still, and says 422."""
    state = _state(submission)
    reason = _reason(submission)
    refresh = state in UNDER_WAY and STILL not in request.GET and not bound
    context = {
        "submission": submission,
        "copy": submission.copy,
        "state": state,
        "email_masked": submission.masked_email,
        "figures": MEANWHILE,
        # A page that reloads by itself must be stoppable (RGAA 13.1).
        "refresh": REFRESH if refresh else None,
        "looks": REFRESH if refresh else LATER_LOOKS.get(state) if not bound else None,
        "next_attempt_at": _next_attempt_at(submission, state),
        "advice": REASONS.get(reason, NO_REASON).visitor,
        "ours": reason in OURS,
        "it_desk": _for_the_it_desk(submission, state, reason),
        **_actions(submission, reason),
        **bound,
    }
    status = 422 if bound else 200
    return render(request, "leads/follow_up.html", context, status=status)


def _actions(submission: Any, reason: str) -> dict[str, Any]:
    """Return what the author of a submission may do, and has done, on its page.

    The same whatever holds a submission back: nothing is to be learnt about an address.
    """
    if corrected := getattr(submission, "correction", None):
        return {"corrected_url": _url("follow-up", corrected)}
    resend = None
    if submission.cooling or _is_resendable(submission, reason):
        possible = possible_at(submission) if submission.cooling else None
        resend = {"url": _url("resend", submission), "possible_at": possible}
    done = "corrected" if submission.corrects_id else None
    return {
        "done": "resent" if submission.cooling else done,
        "resend": resend,
        "correction": AddressForm() if submission.correctable else None,
        "correction_url": _url("correct", submission),
        "call": None if submission.phone else CallForm(),
        "call_done": submission.phone[-2:],
        "call_url": _url("call", submission),
        "call_wording": call_wording().text,
    }


def _is_resendable(submission: Any, reason: str) -> bool:
    if hasattr(submission, "correction") or submission.cooling:
        return False
    return _state(submission) in RESENDABLE and reason not in HOPELESS


def _reason(submission: Submission) -> str:
    """Return why the message did not arrive, a key of REASONS; "" where it may yet."""
    if _state(submission) not in {"failed", "bounced"}:
        return ""
    event = _refusal(submission)
    return event.reason if event else ""


def _refusal(submission: Submission) -> Any:
    message = submission.newest_message
    return message and message.events.exclude(reason="").last()


def _next_attempt_at(submission: Submission, state: str) -> datetime | None:
    message = submission.newest_message if state == "deferred" else None
    return message.next_attempt_at if message else None


def _for_the_it_desk(
    submission: Submission, state: str, reason: str
) -> dict[str, Any] | None:
    """Return what a mail desk needs to let our messages in, or to find one it keeps.

    A filter that refuses says why; one that takes a message and hides it says nothing.
    """
    sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    told = {"sender": sender, "domain": sender.rpartition("@")[2]}
    if reason in FILTERED:
        event = _refusal(submission)
        said = event.cause.replace(submission.email, submission.masked_email)
        return {**told, "at": event.at, "code": event.smtp_code, "said": said[:200]}
    message = submission.newest_message if state == "accepted" else None
    return {**told, "taken_at": message.accepted_at} if message else None
