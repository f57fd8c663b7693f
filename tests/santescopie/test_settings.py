"""Settings fail loudly, and a deployment is told what it lacks."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from santescopie import checks
from santescopie.mail import mailer

COMPLETE = {
    "SECRET_KEY": "k7-Vq2_mN9xR4tB8wL1zC6pH3sD5fG0jAyUeKoIiXcQvMnWbEr",
    "SITE_URL": "https://santescopie.exemple.fr",
    "DATABASE_URL": "postgres://u:p@127.0.0.1:1/d",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "MAIL_URL": "smtp+tls://u:p@127.0.0.1:587",
    "MAIL_REPLY_TO": "etude@editeur.exemple.fr",
    "SEED_MAILBOX": "sonde@editeur.exemple.fr",
    "SECURE_SSL_REDIRECT": "true",
    "TRUSTED_PROXIES": "1",
    **{
        f"PUBLISHER_{name}": "Éditeur de démonstration"
        for name in (
            "NAME", "ADDRESS", "PHONE", "REGISTRATION", "DIRECTOR", "HOST",
            "RECIPIENTS",
        )
    },
    "PUBLISHER_CONTACT": "etude@exemple.fr",
    "PUBLISHER_DPO_EMAIL": "dpo@exemple.fr",
    "LOG_RETENTION_DAYS": "180",
    "BACKUP_RETENTION_DAYS": "30",
    "SECURITY_CONTACT": "securite@exemple.fr",
}  # fmt: skip
# What a page of everybody's shows, or promises.
SHOWN = [
    name
    for name in COMPLETE
    if name.startswith("PUBLISHER_") or name.endswith("_RETENTION_DAYS")
]


def manage(*arguments, **environment):
    names = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", *arguments],
        env={**names, "SANTESCOPIE_VAR": "/nonexistent", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_complete_deployment_passes():
    """R15, S24: `check --deploy` is clean with a complete environment."""
    result = manage("check", "--deploy", "--fail-level", "WARNING", **COMPLETE)

    assert result.returncode == 0, result.stderr


def test_every_setting_of_the_publisher_is_one_of_these():
    assert {
        name.removeprefix("PUBLISHER_").lower() for name in COMPLETE if "PUB" in name
    } == set(settings.PUBLISHER)


def test_each_gap_is_named():
    """R15: with an incomplete one, it names each setting that is missing."""
    gaps = [*SHOWN, "SECURITY_CONTACT"]
    environment = {k: v for k, v in COMPLETE.items() if k not in gaps}

    result = manage("check", "--deploy", **environment)

    assert result.returncode == 1
    for name in gaps:
        assert name in result.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUBLISHER_CONTACT", "sans objet"),
        ("PUBLISHER_DPO_EMAIL", "sans objet"),
        ("DEBUG", "true"),
        ("LOG_RETENTION_DAYS", "366"),
        ("BACKUP_RETENTION_DAYS", "-1"),
        ("SECURITY_CONTACT", "securite"),
        ("SECURITY_CONTACT", "http://exemple.fr/securite"),
        ("SECURITY_CONTACT", "a@exemple.fr\nCanonical: x"),
    ],
)
def test_what_no_deployment_may_say_is_an_error(name, value):
    result = manage("check", "--deploy", **{**COMPLETE, name: value})

    assert result.returncode == 1
    assert name in result.stderr.partition("WARNINGS")[0]


@pytest.mark.parametrize(
    "url",
    [
        "https://exemple.fr/etude",
        "https://exemple.fr?a=1",
        "https://exemple.fr#a",
        "https://exemple.fr\\@evil.exemple",
        "https://u:p@exemple.fr",
        "https://exemple.fr evil",
        "ftp://exemple.fr",
        "exemple.fr",
        "https://",
    ],
)
def test_a_strange_address_of_the_site_is_refused(url):
    result = manage("check", **{**COMPLETE, "SITE_URL": url})

    assert result.returncode != 0
    assert "http(s)://host is needed" in result.stderr


def test_a_server_without_its_static_files_does_not_start(tmp_path):
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", "import santescopie.wsgi"],
        env={**os.environ, **COMPLETE, "STATIC_ROOT": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode != 0
    assert "run manage.py collectstatic" in result.stderr


@pytest.mark.parametrize(
    "name", ["SECRET_KEY", "SITE_URL", "DATABASE_URL", "REDIS_URL", "MAIL_URL"]
)
def test_what_must_be_said_has_no_default(name):
    environment = {k: v for k, v in COMPLETE.items() if k != name}

    result = manage("check", **environment)

    assert result.returncode != 0
    assert name in result.stderr


def test_a_mail_address_says_how_to_speak():
    options = mailer("smtps://us%40er:p%3Aw@mail.exemple.fr:465?timeout=3")["OPTIONS"]

    assert options["username"] == "us@er"
    assert options["password"] == "p:w"
    assert options["use_ssl"]
    assert not options["use_tls"]
    assert options["timeout"] == 3


@pytest.mark.parametrize("url", ["", "http://x", "smtp://", "mail.exemple.fr"])
def test_a_strange_mail_address_is_refused(url):
    with pytest.raises(ImproperlyConfigured):
        mailer(url)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("MAIL_REPLY_TO", "no-reply@editeur.exemple.fr", "E010"),
        ("MAIL_REPLY_TO", "Étude <ne-pas-repondre@editeur.exemple.fr>", "E010"),
        ("MAIL_ALLOW_ONLY", "exemple.fr", "E011"),
    ],
)
def test_mail_that_nobody_reads_or_gets_is_refused(name, value, code):
    result = manage("check", "--deploy", **{**COMPLETE, name: value})

    assert result.returncode == 1
    assert code in result.stderr


def test_a_provider_needs_the_secret_it_will_sign_in_with():
    result = manage("check", **{**COMPLETE, "MAIL_PROVIDER": "brevo"})

    assert result.returncode != 0
    assert "MAIL_WEBHOOK_SECRET" in result.stderr


@pytest.mark.parametrize(
    ("seed", "told", "said"),
    [
        ("sonde@exemple.fr", [], []),
        ("", [], ["santescopie.W001"]),
        ("sonde", [], ["santescopie.E012"]),
        ("sonde@exemple.fr", ["exploitation"], ["santescopie.E012"]),
    ],
)
def test_a_house_without_an_alarm_is_told_so(settings, seed, told, said):
    settings.SEED_MAILBOX, settings.ALARM_TO = seed, told

    assert [found.id for found in checks.silence_is_heard(None)] == said
