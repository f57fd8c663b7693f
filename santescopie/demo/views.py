"""The mailbox of the demo: what the local SMTP server kept, and nothing else."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage, MIMEPart
from email.policy import default
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.csp import CSP
from django.utils.http import content_disposition_header
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe

PAGE_SIZE = 50
HEADERS = ("Date", "From", "Reply-To", "To", "X-RcptTo", "Subject", "Message-ID")
# What a browser may show in place; the rest is downloaded.
INLINE = {"application/pdf", "image/png", "image/jpeg"}
WITH_FRAME: dict[str, Any] = {**settings.SECURE_CSP, "frame-src": [CSP.SELF]}
# A mail's own style, and nothing that runs or fetches.
MAIL_ONLY: dict[str, list[str] | str] = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],
    "img-src": ["data:"],
    "form-action": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.SELF],
    "sandbox": "",
}


@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    """List the messages, the newest first."""
    names = sorted((file.name for file in _folder().glob("2*.eml")), reverse=True)
    page = Paginator(names, PAGE_SIZE).get_page(request.GET.get("page"))
    messages = [(name, _headers(name)) for name in page.object_list]
    context = {"page": page, "messages": messages}
    return render(request, "demo/mailbox.html", context)


@require_safe
@csp_override(WITH_FRAME)
def message(request: HttpRequest, name: str) -> HttpResponse:
    """Show one message: headers, text, HTML in a frame of its own, attachments."""
    mail = _read(name)
    text = mail.get_body(("plain",))
    context = {
        "name": name,
        "subject": mail["Subject"],
        "headers": [(header, mail[header]) for header in HEADERS if mail[header]],
        "text": _decoded(text) if text else "",
        "has_html": mail.get_body(("html",)) is not None,
        "attachments": [
            (part.get_filename(), part.get_content_type())
            for part in mail.iter_attachments()
        ],
    }
    return render(request, "demo/message.html", context)


@require_safe
@csp_override(MAIL_ONLY)
@xframe_options_sameorigin
def html(request: HttpRequest, name: str) -> HttpResponse:
    """Serve the HTML part alone."""
    part = _read(name).get_body(("html",))
    if part is None:
        raise Http404
    return HttpResponse(_decoded(part))


@require_safe
def attachment(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """Serve the attachment of that number, counted from 1."""
    parts = dict(enumerate(_read(name).iter_attachments(), 1))
    if number not in parts:
        raise Http404
    part = parts[number]
    kind = part.get_content_type()
    inline = kind in INLINE
    title = part.get_filename() or f"piece-{number}"
    disposition = content_disposition_header(not inline, title) or "attachment"
    payload = part.get_payload(decode=True)
    return HttpResponse(
        payload if isinstance(payload, bytes) else part.as_bytes(),
        content_type=kind if inline else "application/octet-stream",
        headers={"Content-Disposition": disposition},
    )


def _folder() -> Path:
    return settings.VAR_DIR / "mail"


def _read(name: str) -> EmailMessage:
    """Parse the message; the URL has checked the name."""
    try:
        content = (_folder() / name).read_bytes()
    except FileNotFoundError:
        raise Http404 from None
    return message_from_bytes(content, policy=default)


def _headers(name: str) -> EmailMessage:
    """Parse the headers, without reading a body that may weigh megabytes."""
    with (_folder() / name).open("rb") as file:
        return message_from_bytes(file.read(16 * 1024), policy=default)


def _decoded(part: MIMEPart) -> str:
    """Return a text part; what its charset cannot say is replaced."""
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    try:
        return payload.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        return payload.decode("utf-8", "replace")
