"""All settings. They come from the environment; without any, this is the demo on SQLite.

DATABASE_URL           postgres://user:password@host/name; without it, SQLite in RONGSHAN_DATA_DIR
RONGSHAN_DATA_DIR      folder of database, demo keys and evidence; without it, var/ in this checkout
RONGSHAN_PRODUCTION    1: real data. Refuses to start without keys and host names; https only
RONGSHAN_HOSTS         host names people type, separated by commas; without it, this machine only
RONGSHAN_SECRET_KEY    signs sessions and forms                     ┐
RONGSHAN_FIELD_KEYS    encrypt personal fields; keys of 32 bytes,   │
                       separated by commas: the first encrypts,     │ without them the demo makes its own,
                       all of them decrypt                          │ in RONGSHAN_DATA_DIR/keys/
RONGSHAN_HMAC_KEY      finds identity numbers without reading them  │
RONGSHAN_SEAL_KEY      seals closed periods                         ┘
RONGSHAN_PROXY_HEADER  header in which the proxy in front says "https", such as X-Forwarded-Proto
RONGSHAN_SSL_REDIRECT  0: the proxy in front already sends http to https
PORT                   port of `python3 run.py`; without it, 8000

RONGSHAN_PG_BIN        folder of pg_dump and pg_restore, where they are not on PATH (backup, restore)

A field key is made by: python3 -c "import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())"
The other keys by:      python3 -c "import secrets; print(secrets.token_urlsafe(64))"
"""

import base64
import os
import secrets
import sys
from pathlib import Path
from typing import Any

import dj_database_url
import django_stubs_ext
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from rongshan.keys import key

# Lets a class be written ModelAdmin[Person]; Django itself has the brackets only in its type stubs.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("RONGSHAN_DATA_DIR") or BASE_DIR / "var").resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)  # nobody else's to look into
EVIDENCE_ROOT = DATA_DIR / "evidence"
PRODUCTION = os.environ.get("RONGSHAN_PRODUCTION", "") == "1"
DEBUG = False  # always: Django's debug pages print personal data; tracebacks are in the log


# Keys ---------------------------------------------------------------------------------------------------

_keys: dict[str, Any] = {"folder": DATA_DIR / "keys", "production": PRODUCTION}

SECRET_KEY = key("RONGSHAN_SECRET_KEY", make=lambda: secrets.token_urlsafe(64), **_keys)
RONGSHAN_FIELD_KEYS: list[str] = [
    text.strip()
    for text in key(
        "RONGSHAN_FIELD_KEYS", make=lambda: base64.urlsafe_b64encode(os.urandom(32)).decode(), **_keys
    ).split(",")
    if text.strip()
]
RONGSHAN_HMAC_KEY = key("RONGSHAN_HMAC_KEY", make=lambda: secrets.token_urlsafe(48), **_keys)
RONGSHAN_SEAL_KEY = key("RONGSHAN_SEAL_KEY", make=lambda: secrets.token_urlsafe(48), **_keys)


# Who may ask, and how -----------------------------------------------------------------------------------

_hosts = [host.strip() for host in os.environ.get("RONGSHAN_HOSTS", "").split(",") if host.strip()]
if PRODUCTION and not _hosts:
    raise ImproperlyConfigured(
        "生产环境必须设置环境变量 RONGSHAN_HOSTS，系统未启动。"
        " / RONGSHAN_HOSTS must be set when RONGSHAN_PRODUCTION=1."
    )
ALLOWED_HOSTS = _hosts if PRODUCTION else ["127.0.0.1", "localhost", "[::1]", *_hosts]
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in _hosts] if PRODUCTION else []

SECURE_SSL_REDIRECT = PRODUCTION and os.environ.get("RONGSHAN_SSL_REDIRECT", "1") != "0"
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # the machine's own watchdog asks without TLS
if os.environ.get("RONGSHAN_PROXY_HEADER"):
    SECURE_PROXY_SSL_HEADER = (
        "HTTP_" + os.environ["RONGSHAN_PROXY_HEADER"].upper().replace("-", "_"),
        "https",
    )
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
    }
}

SESSION_COOKIE_AGE = 30 * 60  # idle time-out, moved on by directory.middleware.SessionMovesOn
SESSION_EXPIRE_AT_BROWSER_CLOSE = True  # offices share computers
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = PRODUCTION
CSRF_COOKIE_HTTPONLY = True  # no script of ours reads it: htmx sends the form's own token
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = PRODUCTION
CSRF_FAILURE_VIEW = "rongshan.views.csrf_failure"


# The application ----------------------------------------------------------------------------------------

INSTALLED_APPS = [
    # ours, from the lowest floor up (DESIGN §3); before Django's, so that our templates win
    "audit",
    "directory",
    "ledger",
    "funds",
    "projects",
    "labor",
    "talent",
    "aid",
    "liaison",
    "desk",
    "workbooks",
    "dashboard",
    "rongshan",
    # Django's
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    # other people's
    "axes",
    "csp",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_htmx",
    "django_tasks",
    "django_tasks_db",
    "import_export",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",  # above whitenoise: static files carry the policy too
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "directory.middleware.SessionMovesOn",
    "directory.middleware.PasswordChangeRequired",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",  # last: it turns a locked log-in into the page that says so
]

ROOT_URLCONF = "rongshan.urls"
WSGI_APPLICATION = "rongshan.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "rongshan.context.shell",
            ],
        },
    },
]
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

# The quarter that an event belongs to is ledger's knowledge; audit, on the lowest floor, has only this name.
AUDIT_PERIOD_OF = "ledger.periods.earliest_open_code"

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}


# Database -----------------------------------------------------------------------------------------------

DATABASES: dict[str, Any] = {
    "default": dj_database_url.parse(os.environ.get("DATABASE_URL") or f"sqlite:///{DATA_DIR}/db.sqlite3")
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["ENGINE"] = "rongshan.sqlite"  # Django's, with another way to wait for the writer
    DATABASES["default"]["OPTIONS"] = {
        # Without the first two, 267 of 320 concurrent writes failed with "database is locked";
        # without synchronous=FULL an acknowledged entry does not survive a power cut (DESIGN §6).
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # recursive_triggers: INSERT OR REPLACE then asks the triggers that refuse deletion.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
        " PRAGMA recursive_triggers=ON",
    }
    # Tests get a file too: an in-memory database knows no WAL and locks whole tables instead.
    # Named after the process, so that two test runs in one checkout do not delete each other's.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / f"test-{os.getpid()}.sqlite3")}
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True


# People -------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "directory.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "directory.passwords.LengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "directory.passwords.CharacterClassesValidator"},
    {"NAME": "directory.passwords.ReuseValidator"},
]

# What the admin shows of floors above the directory: only the bureau's reviewers see the books, and no
# administrator does (DESIGN §3).
ROLE_PERMISSIONS = {
    "reviewer": [
        "ledger.view_*",
        "ledger.change_task",
        "ledger.change_period",
        "ledger.*_assignment",
        "ledger.*_linealias",
        "ledger.*_headingalias",
    ]
}

# What workbooks/admin.py writes is inert anyway; a format that somebody adds one day is, too.
IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT = True

# Five wrong passwords lock the account for half an hour, from whatever address they come.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.5  # hours
AXES_LOCKOUT_PARAMETERS = ["username"]
SILENCED_SYSTEM_CHECKS = ["axes.W006"]  # by address would lock out a whole office behind one address
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # else anybody could keep a colleague out for ever
AXES_LOCKOUT_TEMPLATE = "429.html"
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "password"]
AXES_DISABLE_ACCESS_LOG = True  # who logged in is an audit event; one record of it is enough
AXES_VERBOSE = False
AXES_USERNAME_CALLABLE = "directory.passwords.tried_username"
AXES_ENABLE_ADMIN = False


# Language, time, numbers --------------------------------------------------------------------------------

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True


# Files --------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# No MEDIA: evidence is handed out by a view that asks who is asking.
FILE_UPLOAD_PERMISSIONS = 0o600
# An uploaded workbook names people: up to the largest that is accepted it stays in memory, never in /tmp.
FILE_UPLOAD_MAX_MEMORY_SIZE = 21 * 1024 * 1024


# Log: to standard error, without request bodies, query strings or the data an exception quotes ----------

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "()": "rongshan.logs.NoDataFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        }
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "stream": sys.stderr, "formatter": "plain"},
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "axes": {"level": "WARNING"},
    },
}
