"""Settings, read from the environment (.env.example lists every variable).

What must be said and is not fails loudly at start. Every default is safe in
production; the demo and the tests set what they need.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django_stubs_ext
import environ
from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP

from santescopie.mail import mailer

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

# --- The deployment -----------------------------------------------------------

SECRET_KEY: str = env("SECRET_KEY")
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
# Makes mailed links and recognises suppressed addresses: never rotated, or both are
# lost. To rotate SECRET_KEY, set this to the old one first.
LINK_KEY: str = env("LINK_KEY", default="") or SECRET_KEY
SITE_URL: str = env("SITE_URL").rstrip("/")  # Every absolute link starts with it.
if not re.fullmatch(r"https?://[^\s/\\?#@]+", SITE_URL):
    raise ImproperlyConfigured(
        f"SITE_URL={SITE_URL!r}: http(s)://host is needed, and nothing after it."
    )
_site = urlsplit(SITE_URL)
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=[_site.hostname])
DEBUG: bool = env.bool("DEBUG", default=False)
DEMO: bool = env.bool("DEMO", default=False)
# State of the demo, and where copies are kept unless COPIES_DIR says otherwise.
VAR_DIR = Path(env("SANTESCOPIE_VAR", default=str(BASE_DIR / "var")))

# Who publishes the study. Empty: shown as "à compléter", refused by check --deploy.
PUBLISHER: dict[str, str] = {
    name: env(f"PUBLISHER_{name.upper()}", default="")
    for name in (
        "name", "address", "contact", "dpo_email", "director", "host",
        "registration", "phone", "recipients",
    )
}  # fmt: skip

# What the register promises of the host: days that its logs and its backups are kept.
LOG_RETENTION_DAYS = int(env("LOG_RETENTION_DAYS", default="") or 0)
BACKUP_RETENTION_DAYS = int(env("BACKUP_RETENTION_DAYS", default="") or 0)
# Who is told of a weakness: an address or an https:// page, for security.txt.
SECURITY_CONTACT: str = env("SECURITY_CONTACT", default="")

# --- The application ----------------------------------------------------------

INSTALLED_APPS = [
    "santescopie.apps.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "pgtrigger",
    "pghistory",
    "crispy_forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "santescopie",
    "leads",
    "reports",
    "outbox",
    *(["santescopie.demo"] if DEMO else []),
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "santescopie.middleware.PrivacyHeadersMiddleware",
    "santescopie.middleware.HonestBodiesMiddleware",
    "santescopie.middleware.MethodNotAllowedMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "santescopie.middleware.StaffHistoryMiddleware",
    "leads.journal.JournalMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "santescopie.accounts.middleware.StaffSessionMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "santescopie.urls"
WSGI_APPLICATION = "santescopie.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "santescopie.context.publication",
                "leads.alarm.banner",
            ],
        },
    },
]
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "santescopie"

LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", "Français")]
TIME_ZONE = "Europe/Paris"  # The time zone of every report.
FORMAT_MODULE_PATH = ["santescopie.formats"]
USE_TZ = True
FORMS_URLFIELD_ASSUME_HTTPS = True

# --- What it stands on --------------------------------------------------------

DATABASES = {
    "default": {
        **env.db("DATABASE_URL"),
        "CONN_MAX_AGE": env.int("CONN_MAX_AGE", default=60),
        "CONN_HEALTH_CHECKS": True,
        # A server that hangs must not hang all of us: seconds, then milliseconds.
        "OPTIONS": {
            "connect_timeout": 5,
            "keepalives_idle": 30,
            "tcp_user_timeout": 30_000,
        },
    }
}
CACHES = {
    # In PostgreSQL: throttling the sign-in of staff must not depend on Redis.
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "django_cache",
        # Far above what is counted in an hour: to throw counts away is to forget them.
        "OPTIONS": {"MAX_ENTRIES": 1_000_000},
    }
}
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage",
    },
    # Rendered copies: private, never under a URL of their own.
    "copies": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": env("COPIES_DIR", default=str(VAR_DIR / "copies")),
            "base_url": None,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
}
# Who was erased, as keyed hashes: to be kept out of the database's backups, for it is
# read once one is restored (manage.py reapply_erasures).
ERASURES_FILE = Path(env("ERASURES_FILE", default=str(VAR_DIR / "erasures.jsonl")))
# What every reader's PDF shares, made once: a private folder of this user's, a cache.
PDF_BASES_DIR = Path(env("PDF_BASES_DIR", default=str(VAR_DIR / "bases")))
STATIC_URL = "/static/"
STATIC_ROOT: str | None = env("STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))
STATICFILES_DIRS = [BASE_DIR / "static"]
if DEMO or DEBUG:  # Served from the sources: the demo collects nothing.
    STORAGES["staticfiles"] = {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
    }
    STATIC_ROOT = None
    WHITENOISE_USE_FINDERS = True
    WHITENOISE_AUTOREFRESH = DEBUG

if DEMO:  # Renders the seeded copies when somebody asks for them.
    STORAGES["copies"]["BACKEND"] = "santescopie.demo.storage.CopiesOnDemand"

# --- Mail ---------------------------------------------------------------------

MAILERS = {"default": mailer(env("MAIL_URL"))}
DEFAULT_FROM_EMAIL: str = env(
    "MAIL_FROM", default=f"Santéscopie 2026 <etude@{_site.hostname}>"
)
REPLY_TO: str = env("MAIL_REPLY_TO", default=PUBLISHER["contact"])
# Outside production: the only addresses and domains that may be written to.
MAIL_ALLOW_ONLY: list[str] = env.list("MAIL_ALLOW_ONLY", default=[])
MESSAGE_ID_DOMAIN = str(_site.hostname)
# Addresses and domains of the house: who asks with one is a test, in no figure.
INTERNAL_ADDRESSES: list[str] = [
    entry.lower() for entry in env.list("INTERNAL_ADDRESSES", default=[])
]
# Where an hourly synthetic lead goes, and who is told that it does not arrive.
SEED_MAILBOX: str = env("SEED_MAILBOX", default="")  # Empty: no alarm.
ALARM_TO: list[str] = env.list("ALARM_TO", default=[])
# Who tells us, by webhook, what became of a message: see outbox/bounces.py.
MAIL_PROVIDER: str = env("MAIL_PROVIDER", default="")
ANYMAIL: dict[str, str] = {}
if MAIL_PROVIDER:  # The provider signs in as user:password, or its posts are refused.
    ANYMAIL["WEBHOOK_SECRET"] = env("MAIL_WEBHOOK_SECRET")
    if ":" not in ANYMAIL["WEBHOOK_SECRET"]:
        raise ImproperlyConfigured("MAIL_WEBHOOK_SECRET: user:password is needed.")
if MAIL_PROVIDER == "mailgun":
    ANYMAIL["MAILGUN_WEBHOOK_SIGNING_KEY"] = env("MAIL_WEBHOOK_SIGNING_KEY")

# --- Celery -------------------------------------------------------------------

# Scales every delay (leases, back-off, hand-over), so that outages can be rehearsed.
DELAY_SCALE: float = env.float("DELAY_SCALE", default=1.0)
CELERY_BROKER_URL: str = env("REDIS_URL")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 30,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "health_check_interval": 10,
    "visibility_timeout": 300,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "deadletter_queue": "undeliverable",
    "global_keyprefix": env("REDIS_PREFIX", default="santescopie:"),
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True  # Safe: every task claims its row first.
CELERY_TASK_SOFT_TIME_LIMIT = 40
CELERY_TASK_TIME_LIMIT = 50  # Below the lease of a claim (outbox/claims.py).
CELERY_WORKER_DISABLE_PREFETCH = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 400_000  # kB
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_DB_REUSE_MAX = 1000
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE = {
    "forget-quotas": {"task": "leads.forget_quotas", "schedule": 3600.0},
    "forget-sign-ins": {"task": "santescopie.forget_sign_ins", "schedule": 3600.0},
    "route-new": {"task": "leads.route_new", "schedule": 60.0},
    "escalate": {"task": "leads.escalate", "schedule": 3600.0},
    "watch": {"task": "leads.watch", "schedule": 60.0 * DELAY_SCALE},
    "forget-data-links": {"task": "leads.forget_data_links", "schedule": 3600.0},
    "keep-erasures": {"task": "leads.keep_erasures", "schedule": 3600.0},
    "forget-probes": {"task": "leads.forget_probes", "schedule": 3600.0},
    "weekly-letters": {"task": "leads.owe_weekly_letters", "schedule": 300.0},
    "forget-audience": {"task": "leads.forget_audience", "schedule": 3600.0},
    "purge-personal-data": {  # At night, Europe/Paris, before the figures are checked.
        "task": "leads.purge_personal_data",
        "schedule": crontab(hour=3, minute=15),
    },
    "sweep-copies": {"task": "reports.sweep_copies", "schedule": crontab(minute=40)},
    "prove-live-edition": {"task": "reports.prove_live_edition", "schedule": 3600.0},
    # Again until noon: who was late to start is late to send, and none is sent twice.
    "owe-morning-letters": {
        "task": "leads.owe_morning_letters",
        "schedule": crontab(minute="30", hour="8-11", day_of_week="mon-fri"),
    },
    "refresh-facts": {"task": "leads.refresh_facts", "schedule": 60.0},
    "recount-recent": {"task": "leads.recount_recent", "schedule": 3600.0},
    "check-measure": {  # At night, Europe/Paris.
        "task": "leads.check_measure",
        "schedule": crontab(hour=4, minute=0),
    },
}

# --- Delays and limits --------------------------------------------------------

MAIL_PER_RECIPIENT_PER_DAY: int = env.int("MAIL_PER_RECIPIENT_PER_DAY", default=3)
_quotas = not (DEMO and env("DEMO_QUOTAS", default="on") == "off")
POSTS_PER_NETWORK_PER_HOUR: int | None = (
    env.int("POSTS_PER_NETWORK_PER_HOUR", default=60) if _quotas else None
)
POSTS_PER_HOUR: int | None = (
    env.int("POSTS_PER_HOUR", default=6000) if _quotas else None
)
# Five times what one network may post: a hospital asks from a few networks of its own.
MAIL_PER_DOMAIN_PER_HOUR: int | None = (
    env.int("MAIL_PER_DOMAIN_PER_HOUR", default=300) if _quotas else None
)
# References have 40 bits: at this pace, one of 10 000 copies is guessed in a century.
VERIFICATIONS_PER_NETWORK_PER_HOUR: int | None = (
    env.int("VERIFICATIONS_PER_NETWORK_PER_HOUR", default=120) if _quotas else None
)
# A person makes ten to twenty while typing a name; a hospital is one network.
SUGGESTIONS_PER_NETWORK_PER_HOUR: int | None = (
    env.int("SUGGESTIONS_PER_NETWORK_PER_HOUR", default=2000) if _quotas else None
)
# Steps of the anonymous audience from one network: beyond, they count as a robot's.
AUDIENCE_PER_NETWORK_PER_HOUR: int | None = (
    env.int("AUDIENCE_PER_NETWORK_PER_HOUR", default=3000) if _quotas else None
)
# Links to one's own data: asked from one network an hour, mailed to one address a day.
DATA_LINKS_PER_NETWORK_PER_HOUR: int | None = (
    env.int("DATA_LINKS_PER_NETWORK_PER_HOUR", default=20) if _quotas else None
)
DATA_LINKS_PER_RECIPIENT_PER_DAY: int = env.int(
    "DATA_LINKS_PER_RECIPIENT_PER_DAY", default=5
)
# How many proxies of ours stand in front: the client's address is that far from the
# right end of X-Forwarded-For. 0 ignores the header.
TRUSTED_PROXIES: int = env.int("TRUSTED_PROXIES", default=0)
DATA_UPLOAD_MAX_MEMORY_SIZE = 128 * 1024  # Bytes: the longest honest form is 2 kB.
FILE_UPLOAD_HANDLERS = [  # No page takes a file: none may reach the disk.
    "django.core.files.uploadhandler.MemoryFileUploadHandler"
]
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000  # The admin's bulk actions need many.

# --- Security -----------------------------------------------------------------

_https = _site.scheme == "https"
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "manifest-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "object-src": [CSP.NONE],
}
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _https
SILENCED_SYSTEM_CHECKS = [
    "security.W021",  # HSTS preload binds the whole domain: its owner's decision.
]
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=False)
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "__Host-sessionid" if _https else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if _https else "csrftoken"
# Seconds. A working day in all, and an hour without a page: the limits of NIST
# SP 800-63B-4 for two factors are 24 h and 1 h (ASVS 5.0, 7.3.1 and 7.3.2).
SESSION_COOKIE_AGE = env.int("SESSION_HOURS", default=12) * 3600
SESSION_IDLE_SECONDS: int = env.int("SESSION_IDLE_MINUTES", default=60) * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": f"django.contrib.auth.password_validation.{name}",
        "OPTIONS": options,
    }
    for name, options in [
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"min_length": 12}),
        ("CommonPasswordValidator", {}),
    ]
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

# --- Sign-in of staff (santescopie/accounts) --------------------------------------

AUTHENTICATION_BACKENDS = ["santescopie.accounts.backends.StaffBackend"]
ACCOUNT_ADAPTER = "santescopie.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*"]
ACCOUNT_SIGNUP_ENABLED = False  # Staff are invited.
ACCOUNT_EMAIL_VERIFICATION = "none"  # The link of an invitation has verified it.
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_METHODS = ["password", "mfa"]  # A code by mail is no proof.
ACCOUNT_REAUTHENTICATION_TIMEOUT = 10 * 60  # Seconds.
ACCOUNT_RATE_LIMITS = {
    # Posts of the page from a network; failures from it; failures of an account.
    "login": "60/m/ip",
    "login_failed": "20/5m/ip,5/5m/key",
    "reauthenticate": "10/5m/user",
    "change_password": "5/5m/user",
    "reset_password": "20/h/ip,3/h/key",
    "reset_password_from_key": "30/h/ip",
}
MFA_ADAPTER = "santescopie.accounts.adapter.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_ALLOW_UNVERIFIED_EMAIL = True  # Addresses are given by whoever invites.
MFA_RATE_LIMITS = {"webauthn_login": "20/5m/ip"}

LOG_FORMAT: str = env("LOG_FORMAT", default="line" if DEMO or DEBUG else "json")
if LOG_FORMAT not in ("line", "json"):
    raise ImproperlyConfigured(f"LOG_FORMAT={LOG_FORMAT!r}: line or json is needed.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "class": "santescopie.logs.DiscreetFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        },
        "json": {"class": "santescopie.logs.JsonFormatter"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT},
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django.request": {"level": "ERROR"},  # A 4xx is a visitor's affair.
        "fontTools": {"level": "WARNING"},
        "weasyprint": {"level": "WARNING"},
    },
}
