"""Every page that a person can open, with planted data, found by the table of addresses.

Nothing is named here but what is no page. Belongs here: which addresses are pages, and who looks at each. Stays out:
what must hold of a page (the tests).
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.desk.conftest import new_client
from vitrina.screenshots.pages import Page, pages
from vitrina.screenshots.seeding import Seeded, seed

if TYPE_CHECKING:
    from django.test import Client

    from tests.workbench.dagster_server import FakeDagster

DRAWN = "drawn wholly by a package: tests/api sees that it comes up"
#: Addresses that are no page of their own, with the reason. What is neither looked at nor named here fails a test.
NO_PAGE = {
    "a part of a page, which htmx swaps in": {
        "admin:search", "background_state", "drop_state", "moderation_rows", "run_state", "upload_state",
    },
    "takes a form, and shows nothing by itself": {
        "change_role", "close_account", "compare_ahead", "compare_answer", "compare_batch_file",
        "compare_batch_products", "compare_batch_state",
        "compare_beat", "compare_known", "compare_leave", "compare_left", "compare_revise", "compare_undo",
        "compare_unskip", "hand_over_reset", "invite_person", "moderation_answer_flag", "moderation_assign",
        "moderation_beat", "moderation_bulk", "moderation_check", "moderation_decide", "moderation_later",
        "moderation_leave", "moderation_show_again", "moderation_undo", "moderation_view_keep", "moderation_view_name",
        "moderation_view_remove", "numbers_show_to_team", "product_again", "product_back",
        "password_link", "product_shown", "reopen_account", "revoke_key", "set_language", "upload_columns",
        "upload_discard", "upload_place", "withdraw_invitation",
    },
    "a file, or words for machines": {
        "admin:jsi18n", "api:redoc_script", "background_file", "compare_batch_export", "healthz", "picture",
    },
    "leads to another page": {"home", "moderation_next", "numbers", "admin:logout", "admin:password_change"},
    "opens in the middle of signing in or of switching on, where tests of its own look at it": {
        "mfa_activate_totp", "mfa_authenticate", "mfa_deactivate_totp",
        "mfa_download_recovery_codes", "mfa_generate_recovery_codes", "mfa_view_recovery_codes",
    },
    "of a provider that is not configured": {
        "github_callback", "github_login", "google_callback", "google_login",
    },
    DRAWN: {"api:swagger", "api:redoc"},
}  # fmt: skip
#: Addresses that show more where they are asked for it.
VARIANTS = {"product": ("?version=2&tab=diff", "?tab=site"), "products": ("?q=крем",),
            "moderation": ("?view=all", "?kind=text"), "backgrounds": ("?product={product_id}",)}  # fmt: skip
#: Stands for all tables of the admin that nobody changes.
RECORD = "admin:review_decision"
#: Documents that no address has: what is answered instead of a page.
INSTEAD = {"not found": ("/no-such-page/", "annotator"), "forbidden": ("/people/", "annotator"),
           "invitation over": ("/invite/none/", "")}  # fmt: skip
#: What is answered with a page that says no.
REFUSING = {*(f"({name})" for name in INSTEAD), "socialaccount_login_error"}


def planted(dagster: FakeDagster) -> Seeded:
    """Data of all stages, and a run that Dagster says something of."""
    seeded = seed(products=40, pairs=60, files=True)
    run = str(uuid.uuid4())
    tags = [{"key": "vitrina/product", "value": seeded.arguments["product_id"]}]
    dagster.runs[run] = {"executionMetadata": {"tags": tags}, "selector": {"jobName": "process_products"}}
    dagster.says = ["texts: 1 asked, 1 written", "moderation: 1 approved"]
    dagster.status, dagster.fails_with = "FAILURE", "There is no template of that name any more."
    _spoken(seeded.arguments)
    return replace(seeded, arguments=seeded.arguments | {"run_id": run, "app_label": "review"})


def _spoken(arguments: dict[str, str]) -> None:
    """What programs say in English: of a drop and its rows, of a product's processing."""
    from vitrina.catalog.models import Drop, QuarantinedRow
    from vitrina.content.models import ContentVersion, ProcessingLog

    said = "The sheet of goods ends in the middle of a row."
    drop = Drop.objects.filter(pk=arguments["drop_id"])
    drop.update(state="unreadable", message=said, notes=[said], columns={"Наименование": "title", "Полка": None})
    QuarantinedRow.objects.create(drop=drop.get(), ordinal=1, file="list.csv", number=2, reason="ragged_row", raw="1;2",
                                  message=said)  # fmt: skip
    ProcessingLog.objects.create(
        product_id=arguments["product_id"], processing_type="full", status="failed", error_message=said
    )
    broken = {"rule": "seo_title_length", "message": "17 characters, 50-60 are wanted", "severity": "warning"}
    ContentVersion.objects.filter(product_id=arguments["product_id"]).update(violations=[broken])


def of_the_desk(seeded: Seeded) -> list[Page]:
    """Pages, and documents that stand instead of one, whose names are in brackets."""
    none = {name for names in NO_PAGE.values() for name in names}
    found = [page for page in pages(seeded.arguments)[0] if page.name not in none and not _of_the_admin(page)]
    found += [
        Page(f"{page.name}{query}", page.path + query.format_map(seeded.arguments), page.viewer)
        for page in found
        for query in VARIANTS.get(page.name, ())
    ]
    found += [Page(f"({name})", path, viewer) for name, (path, viewer) in INSTEAD.items()]
    return sorted(found, key=lambda page: page.viewer)


def of_the_admin(seeded: Seeded) -> list[Page]:
    """Pages of the tables that are edited, and those of one that is a record."""
    from django.apps import apps

    from vitrina.backoffice.site import ReadOnly
    from vitrina.backoffice.urls import site

    records = {
        f"admin:{model._meta.app_label}_{model._meta.model_name}"
        for model, admin in site._registry.items()
        if isinstance(admin, ReadOnly)
    } - {RECORD}
    none = {name for names in NO_PAGE.values() for name in names}
    found = []
    for page in pages(seeded.arguments)[0]:
        table, _, kind = page.name.rpartition("_")
        if not _of_the_admin(page) or page.name in none or table in records or (table == RECORD and kind == "add"):
            continue
        if "_" in table and kind in {"change", "delete", "history"}:
            row = apps.get_model(table.removeprefix("admin:").replace("_", ".", 1)).objects.latest("pk")
            page = replace(page, path=page.path.replace("/1/", f"/{row.pk}/"))
        if kind != "delete":
            found.append(page)
    return found


def _of_the_admin(page: Page) -> bool:
    return page.name.startswith("admin:")


def answers_of(seeded: Seeded, language: str) -> dict[str, bytes]:
    """Documents that only a form or a fault is answered with: name → what a browser gets."""
    from django.template.loader import render_to_string
    from django.test import RequestFactory
    from django.utils import translation

    def admin(**options: bool) -> Client:
        return client_of(seeded, "admin", language=language, **options)

    guest, wrong = client_of(seeded, "", language=language), {"login": "admin@people.example.com", "password": "wrong"}
    tries = [guest.post("/accounts/login/", wrong) for _ in range(6)]
    invited = admin().post("/people/invite/", {"email": f"{language}@people.example.com", "role": "moderator"})
    handed = admin().post(f"/people/reset/{seeded.arguments['request_id']}/")
    stale = admin(strict=True).post("/people/invite/", {})
    found = {"wrong password": tries[0], "locked": tries[-1], "invited": invited, "reset link": handed, "stale": stale}
    with translation.override(language):
        request = RequestFactory().get("/")
        broken = render_to_string("desk/failed.html", request=request).encode()
    return {name: answer.content for name, answer in found.items() if is_whole(answer)} | {"failed": broken}


def client_of(seeded: Seeded, viewer: str, *, language: str = "ru", strict: bool = False) -> Client:
    """A browser without a page, of who looks. ``strict``: forms need their token."""
    from django.contrib.auth.models import User

    client = new_client(headers={"accept-language": language}, enforce_csrf_checks=strict)
    if viewer:
        user = User.objects.get(pk=seeded.people[viewer])
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def is_whole(answer: Any) -> bool:
    """Whether an answer is a document, not a part of one, a file or a way on."""
    if answer.status_code == 302 or not answer.get("Content-Type", "").startswith("text/html"):
        return False
    return bytes(answer.content.lstrip()[:9]).lower() == b"<!doctype"
