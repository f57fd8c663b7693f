"""Links and suppressed addresses outlive the key that signs sessions."""

from __future__ import annotations

import uuid

import pytest

from outbox import tokens
from outbox.models import suppression_hash


@pytest.fixture
def uid():
    return uuid.uuid4()


def test_rotating_the_secret_key_changes_no_link_and_no_suppression(settings, uid):
    link, address = tokens.make("exemplaire", uid), suppression_hash("a@exemple.fr")

    settings.SECRET_KEY = "another key, as long as the checks of Django want it to be"

    assert tokens.make("exemplaire", uid) == link
    assert suppression_hash("a@exemple.fr") == address


def test_the_link_key_is_what_makes_them(settings, uid):
    link, address = tokens.make("exemplaire", uid), suppression_hash("a@exemple.fr")

    settings.LINK_KEY = "another"

    assert tokens.make("exemplaire", uid) != link
    assert suppression_hash("a@exemple.fr") != address
