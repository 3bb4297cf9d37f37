"""Settings of the desk's web server, of migrations and of tests: the pipelines' settings and what pages need.

Belongs here: sessions, sign-in, policies of browsers, templates. Stays out: what pipelines need too
(:mod:`vitrina.project.settings`, which every Dagster process loads: the applications below cost it 0.3 s).
"""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from csp.constants import NONE, SELF

from vitrina.project.logs import LOGGING as LOGGING
from vitrina.project.settings import *  # noqa: F403
from vitrina.project.settings import ALLOWED_HOSTS as _HOSTS
from vitrina.project.settings import BASE_DIR, DATABASES, _settings
from vitrina.project.settings import INSTALLED_APPS as _APPS

_public = urlsplit(_settings.desk_public_url or "")
_https = _public.scheme == "https"

INSTALLED_APPS = [
    "unfold",  # before the admin, whose templates it replaces
    "django.contrib.admin",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    *_APPS,
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.google",
    "allauth.socialaccount.providers.github",
    "axes",
    "csp",
    "django_htmx",
    "rest_framework",
    "knox",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "vitrina.accounts",
    "vitrina.desk",
    "vitrina.comparison",
    "vitrina.numbers",
    "vitrina.workbench",
    "vitrina.api",
    "vitrina.backoffice",
]
# Threads of the server keep their connection: opening one means a new process of the database server and a password.
# One that the server dropped is noticed before it is used.
DATABASES["default"] |= {"CONN_MAX_AGE": 300, "CONN_HEALTH_CHECKS": True}
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "vitrina.accounts.access.AccessMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "vitrina.desk.urls"
WSGI_APPLICATION = "vitrina.project.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # First, so that the sign-in pages of allauth are ours.
        "DIRS": [BASE_DIR / "vitrina" / "desk" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "vitrina.desk.context.frame",
            ],
        },
    }
]
LOCALE_PATHS = [BASE_DIR / "vitrina" / "desk" / "locale"]  # before those of packages; other applications bring theirs
STATIC_URL = "/static/"
STATIC_ROOT = _settings.vitrina_home / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Files come straight from the packages: nothing has to be collected, and a test needs no step before it.
WHITENOISE_USE_FINDERS = True

# Addresses and cookies
ALLOWED_HOSTS = [*_HOSTS, *([_public.hostname] if _public.hostname else [])]
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"] if _public.netloc else []
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_NAME = "vitrina_session"  # cookies know no ports: the Dagster UI stands on the same host
CSRF_COOKIE_NAME = "vitrina_csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "vitrina.desk.views.errors.stale_form"
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# Sign-in
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "vitrina.accounts.adapter.ClosedAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
# An address is proved by the invitation that was sent to it.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
# Counted in PostgreSQL and thus exact over worker processes; an office behind one address is not locked out together.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_CALLABLE = "vitrina.accounts.lockout.username"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_TEMPLATE = "accounts/locked.html"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
ACCOUNT_RATE_LIMITS = {"login_failed": None}  # axes counts those

# Sign-in by others, where it is configured: it opens accounts and takes up invitations, and makes none by itself
_social = {
    "google": (_settings.google_client_id, _settings.google_client_secret, ["profile", "email"]),
    "github": (_settings.github_client_id, _settings.github_client_secret, ["user:email"]),
}
SOCIALACCOUNT_PROVIDERS = {
    name: {
        "APPS": [{"client_id": client, "secret": secret.get_secret_value()}],
        "SCOPE": scope,
        "OAUTH_PKCE_ENABLED": True,
    }
    for name, (client, secret, scope) in _social.items()
    if client and secret
}
_authorize = {"google": "https://accounts.google.com", "github": "https://github.com"}
# Browsers hold a form to this list also where its answer sends them on.
CONTENT_SECURITY_POLICY["DIRECTIVES"]["form-action"] += [_authorize[name] for name in SOCIALACCOUNT_PROVIDERS]
SOCIALACCOUNT_ADAPTER = "vitrina.accounts.social.InvitedSocialAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_QUERY_EMAIL = True
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"

# Mail: without a server, links are shown to an administrator
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend" if _settings.smtp_host else "vitrina.accounts.mail.NoMailBackend"
)
EMAIL_HOST = _settings.smtp_host or ""
EMAIL_PORT = _settings.smtp_port
EMAIL_HOST_USER = _settings.smtp_user or ""
EMAIL_HOST_PASSWORD = _settings.smtp_password.get_secret_value() if _settings.smtp_password else ""
EMAIL_USE_TLS = _settings.smtp_port == 587
EMAIL_USE_SSL = _settings.smtp_port == 465
EMAIL_TIMEOUT = 10  # seconds; somebody waits for the page
DEFAULT_FROM_EMAIL = _settings.smtp_from or "vitrina@localhost"

# The API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "vitrina.api.authentication.KeyAuthentication",  # first: who is not known gets a 401, not a 403
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["vitrina.api.permissions.Opens"],
    "DEFAULT_THROTTLE_CLASSES": ["vitrina.api.throttling.PerPerson"],
    "DEFAULT_RENDERER_CLASSES": ["vitrina.api.rendering.ApiJson"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "vitrina.api.negotiation.OneRenderer",
    "DEFAULT_PAGINATION_CLASS": "vitrina.api.pagination.ByCursor",
    "DEFAULT_SCHEMA_CLASS": "vitrina.api.autoschema.ApiSchema",
    "EXCEPTION_HANDLER": "vitrina.api.problems.answer_problem",
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
KNOX_TOKEN_MODEL = "accounts.ApiToken"  # noqa: S105 - the name of a model
REST_KNOX = {"TOKEN_PREFIX": "vit_", "AUTH_HEADER_PREFIX": "Bearer", "TOKEN_MODEL": KNOX_TOKEN_MODEL}
MIGRATION_MODULES = {"knox": None}  # its one table is ours, with a name and a number for each key
SPECTACULAR_SETTINGS = {
    "TITLE": "Vitrina",
    "DESCRIPTION": "The review desk for programs. Errors have one body; see `Problem`.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": [],  # choices stay in their fields: as components they needed made-up names
    "PREPROCESSING_HOOKS": ["vitrina.api.schema.only_this_version"],
}

# The admin
UNFOLD = {
    "SITE_TITLE": "Vitrina",
    "SITE_HEADER": "Vitrina",
    "SITE_URL": "/",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": f"{STATIC_URL}desk/icon.svg"}],
    "SHOW_VIEW_ON_SITE": False,
    "SIDEBAR": {"show_search": True, "show_all_applications": False},
    # The desk's blue in place of the theme's purple, light to dark.
    "COLORS": {
        "primary": {
            "50": "oklch(97% .014 254.604)",
            "100": "oklch(93.2% .032 255.585)",
            "200": "oklch(88.2% .059 254.128)",
            "300": "oklch(80.9% .105 251.813)",
            "400": "oklch(70.7% .165 254.624)",
            "500": "oklch(62.3% .214 259.815)",
            "600": "oklch(54.6% .245 262.881)",
            "700": "oklch(48.8% .243 264.376)",
            "800": "oklch(42.4% .199 265.638)",
            "900": "oklch(37.9% .146 265.522)",
            "950": "oklch(28.2% .091 267.935)",
        }
    },
}
