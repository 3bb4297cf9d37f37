"""The admin: for administrators, records untouched, the rest changed by the services alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

pytestmark = pytest.mark.usefixtures("database")
EDITABLE = {"category", "descriptiontemplate", "user"}


def test_records_have_neither_add_nor_change_nor_delete(client_of: Callable[..., Client]) -> None:
    from vitrina.backoffice.urls import site
    from vitrina.review.models import Decision, Lease, Outbox

    client = client_of("admin")
    assert {Decision, Lease, Outbox} <= set(site._registry)
    for model in site._registry:
        name = model._meta.model_name
        base = f"/admin/{model._meta.app_label}/{name}"
        assert client.get(f"{base}/").status_code == 200, name
        if name in EDITABLE:
            continue
        assert client.get(f"{base}/add/").status_code == 403, name
        assert client.post(f"{base}/add/", {}).status_code == 403, name
        page = client.get(f"{base}/").content.decode()
        assert 'name="action"' not in page, name


def test_the_admin_has_the_icon_of_the_desk(client_of: Callable[..., Client]) -> None:
    from django.contrib.staticfiles import finders

    page = client_of("admin").get("/admin/").content.decode()
    assert '<link rel="icon" href="/static/desk/icon.svg"' in " ".join(page.split())
    assert finders.find("desk/icon.svg")


def test_a_decision_is_shown_and_cannot_be_changed_or_deleted(client_of: Callable[..., Client]) -> None:
    from vitrina.review.models import Decision, ReviewItem

    client = client_of("admin")
    item = ReviewItem.objects.create(kind="price", key="price:1")
    decision = Decision.objects.create(item=item, action="approve", comment="ok", decided_as="test")
    base = f"/admin/review/decision/{decision.pk}"
    assert client.get(f"{base}/change/").status_code == 200
    assert client.post(f"{base}/change/", {"comment": "other"}).status_code == 403
    assert client.post(f"{base}/delete/", {"post": "yes"}).status_code == 403
    bulk = {"action": "delete_selected", "_selected_action": [decision.pk], "post": "yes"}
    client.post("/admin/review/decision/", bulk)
    decision.refresh_from_db()
    assert decision.comment == "ok"


def test_every_table_of_ours_is_in_the_admin(database: str) -> None:
    from django.apps import apps

    from vitrina.backoffice.urls import site

    ours = {model for model in apps.get_models() if model.__module__.startswith("vitrina.")}
    assert len(ours) > 30
    assert ours - set(site._registry) == set()


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("product category", "product categories"),
        ("product words", "product words"),
        ("picture analysis", "picture analyses"),
        ("client process", "client processes"),
        ("outbox", "outboxes"),
        ("api key", "api keys"),
        ("drop", "drops"),
    ],
)
def test_tables_have_english_plurals(one: str, many: str) -> None:
    from vitrina.backoffice.names import plural

    assert plural(one) == many


def test_the_admin_speaks_one_language_whatever_the_readers(person: Callable[..., User]) -> None:
    from tests.desk.conftest import new_client

    client = new_client(headers={"accept-language": "ru"})
    client.force_login(person("admin"), backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get("/admin/").content.decode()
    assert "Product categories" in page
    assert "Models registry" in page
    assert not re.search("[А-Яа-я]", page)
    assert not re.search("[А-Яа-я]", client.get("/admin/review/decision/").content.decode())
    assert "Модерация" in client.get("/people/").content.decode()


def test_who_is_staff_by_djangos_flag_alone_does_not_enter(person: Callable[..., User]) -> None:
    from tests.desk.conftest import new_client

    user = person("moderator")
    user.is_staff = True
    user.save()
    client = new_client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get("/admin/").status_code == 403
    assert new_client().get("/admin/")["Location"].startswith("/accounts/login/")


def test_no_secret_hash_is_shown(client_of: Callable[..., Client]) -> None:
    from django.contrib.auth.models import User

    from vitrina.accounts.models import ApiToken
    from vitrina.accounts.tokens import make_token

    client = client_of("admin")
    token, _ = make_token(User.objects.get(), "night script")
    page = client.get(f"/admin/accounts/apitoken/{token.pk}/change/").content.decode()
    assert "night script" in page
    assert token.token_key not in page
    assert ApiToken.objects.count() == 1


def form(**values: Any) -> dict[str, Any]:
    return {"first_name": "", "role": "moderator", "is_active": "on", "_save": "1"} | values


def test_a_role_is_changed_by_the_service_and_the_last_administrator_stays(
    client_of: Callable[..., Client], person: Callable[..., User]
) -> None:
    from django.contrib.auth.models import User

    client = client_of("admin")
    other = person("annotator")
    assert client.post(f"/admin/auth/user/{other.pk}/change/", form()).status_code == 302
    assert [group.name for group in other.groups.all()] == ["moderator"]
    admin = User.objects.get(email="admin@example.com")
    refused = client.post(f"/admin/auth/user/{admin.pk}/change/", form())
    assert "last administrator" in refused.content.decode()
    closed = client.post(f"/admin/auth/user/{admin.pk}/change/", form(role="admin", is_active=""))
    assert "last administrator" in closed.content.decode()
    admin.refresh_from_db()
    assert admin.is_active
    assert [group.name for group in admin.groups.all()] == ["admin"]


def test_closing_an_account_ends_its_keys(client_of: Callable[..., Client], person: Callable[..., User]) -> None:
    from vitrina.accounts.models import ApiToken
    from vitrina.accounts.tokens import make_token

    client, other = client_of("admin"), person("annotator")
    make_token(other, "script")
    answer = client.post(f"/admin/auth/user/{other.pk}/change/", form(role="annotator", is_active=""))
    assert answer.status_code == 302
    other.refresh_from_db()
    assert not other.is_active
    assert not ApiToken.objects.exists()


def test_a_category_is_changed_by_the_trees_rules(client_of: Callable[..., Client]) -> None:
    from vitrina.categories.models import Category

    client = client_of("admin")

    def save(address: str, **values: Any) -> Any:
        empty = {"parent": "", "name_ru": "", "name_tr": "", "name_en": "", "synonyms": "{}", "is_active": "on"}
        return client.post(f"/admin/categories/category/{address}", empty | values)

    assert save("add/", slug="clothes", name_ru="Одежда").status_code == 302
    top = Category.objects.get()
    assert save("add/", slug="dresses", name_ru="Платья", parent=top.pk).status_code == 302
    below = Category.objects.get(slug="dresses")
    assert below.path_ru == "Одежда > Платья"
    assert save(f"{top.pk}/change/", name_ru="Вещи").status_code == 302
    below.refresh_from_db()
    assert below.path_ru == "Вещи > Платья"
    circular = save(f"{top.pk}/change/", name_ru="Вещи", parent=below.pk)
    assert circular.status_code == 200
    closed = save(f"{top.pk}/change/", name_ru="Вещи", is_active="")
    assert "Below it are dresses" in closed.content.decode()
    assert save(f"{below.pk}/change/", name_ru="Платья", parent=top.pk, synonyms='["x"]').status_code == 200


def test_a_template_is_changed_by_the_files_rules(client_of: Callable[..., Client]) -> None:
    from vitrina.content.models import DescriptionTemplate

    client = client_of("admin")
    wanted = {"name": "dress", "template_type": "description", "language": "ru", "content": "Лёгкое платье.",
              "category": "", "facts": "{}", "is_active": "on"}  # fmt: skip
    assert client.post("/admin/content/descriptiontemplate/add/", wanted).status_code == 302
    row = DescriptionTemplate.objects.get()
    wrong = client.post("/admin/content/descriptiontemplate/add/", wanted | {"name": "b", "facts": '{"price": ["5"]}'})
    assert wrong.status_code == 200
    assert DescriptionTemplate.objects.count() == 1
    off = {key: value for key, value in wanted.items() if key not in ("name", "is_active")}
    assert client.post(f"/admin/content/descriptiontemplate/{row.pk}/change/", off).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.is_active) == ("dress", False)


def test_the_admin_has_a_policy_of_its_own(client_of: Callable[..., Client]) -> None:
    client = client_of("admin")
    policy = client.get("/admin/")["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in client.get("/people/")["Content-Security-Policy"]
