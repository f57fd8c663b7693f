"""Somebody of the house, with what they know and have."""

from __future__ import annotations

import re
import time

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from outbox.models import Message
from tests.leads.factories import StaffFactory

PASSWORD = "un sablier de verre bleu"


@pytest.fixture(autouse=True)
def _nobody_has_failed_yet(db, settings):
    """Start from empty buckets, and hash fast: times are measured where they matter."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()


@pytest.fixture
def somebody():
    """Make an account that has chosen its password."""

    def make(**values):
        user = StaffFactory(**values)
        user.set_password(PASSWORD)
        user.save()
        return user

    return make


@pytest.fixture
def camille(somebody):
    return somebody(username="camille", email="camille@exemple.fr")


def sign_in(client, login, password=PASSWORD, **more):
    data = {"login": login, "password": password, **more}
    return client.post(reverse("account_login"), data)


def add_application(user):
    """Give an account an application; return what it shows."""
    secret = totp.generate_totp_secret()
    totp.TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    return secret


def code_of(secret, at=None):
    """Return the code that an application shows (RFC 6238), computed apart."""
    import base64
    import hashlib
    import hmac
    import struct

    key = base64.b32decode(secret)
    step = int((at or time.time()) // 30)
    mac = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    start = mac[-1] & 15
    number = struct.unpack(">I", mac[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**6:06d}"


def sign_in_whole(client, user, secret):
    sign_in(client, user.username)
    return client.post(reverse("mfa_authenticate"), {"code": code_of(secret)})


def is_in(client):
    """Tell whether the back office opens."""
    return client.get(reverse("admin:index")).status_code == 200


@pytest.fixture
def other_browser():
    return Client()


@pytest.fixture
def link_in(sink, send):
    """Send a message, and return the link to choose a password that is in it."""

    def read(message):
        assert send(message).accepted_at
        received = sink.messages[-1]
        text = received.mail.get_body(("plain",)).get_content()
        return re.search(r"/admin/compte/[\w-]+/[\w-]{27}/", text)[0]

    return read


def last_message():
    return Message.objects.order_by("-pk").first()
