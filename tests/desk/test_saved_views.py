"""A moderator's own views of the list: kept, opened by a link, named otherwise, removed; and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from django.http import QueryDict

from tests.desk.cases import ids_in, make_cases, page, user_of
from tests.desk.conftest import new_client

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.usefixtures("database")
KEEP = "/moderation/views/keep/"


def keep(client: Client, query: str, name: str = "Шёлк", **options: Any) -> Any:
    headers = {"accept-language": "ru", **options.pop("headers", {})}
    return client.post(f"{KEEP}?{query}", {"name": name, **options}, headers=headers)


def kept() -> list[tuple[str, str]]:
    from vitrina.review.models import SavedView

    return list(SavedView.objects.order_by("pk").values_list("name", "query"))


def own_links(html: str) -> dict[str, str]:
    """Names and addresses of the reader's own views beside the list."""
    (block,) = re.findall(r'<details class="own-views".*?</details>', html, flags=re.DOTALL)
    found = re.findall(r'<li><a href="([^"]*)"[^>]*>(.*?)</a>', block)
    return {unescape(name): unescape(link) for link, name in found}


def test_a_view_is_kept_listed_and_opened_by_a_colleague_through_its_link(maria: Client, oleg: Client) -> None:
    silk, _cotton = make_cases(1, title="Шёлк {}")[0], make_cases(1, prefix="C", title="Хлопок {}", source="other")[0]
    query = "q=%D0%A8%D1%91%D0%BB%D0%BA&why=unsupported_claim&source=shop"
    assert "Сохранить это представление" in page(maria, f"/moderation/?{query}")
    answer = keep(maria, query, "  Только \t шёлк ")
    assert answer.status_code == 302
    assert kept() == [("Только шёлк", query)]
    html = page(maria, "/moderation/")
    link = own_links(html)["Только шёлк"]
    assert link == f"/moderation/?{query}"
    assert 'aria-current="true" translate="no">Только шёлк' in page(maria, link)
    assert ids_in(page(oleg, link)) == [silk.pk]
    assert own_links(page(oleg, "/moderation/")) == {}
    told = page(maria, "/moderation/views/")
    assert "Утверждения без опоры · shop · «Шёлк»" in told
    assert own_links(page(maria, f"/moderation/{silk.pk}/")) == {"Только шёлк": link}


def test_what_is_open_stays_open_and_htmx_gets_the_screen(maria: Client) -> None:
    (item,) = make_cases()
    page(maria, f"/moderation/{item.pk}/?kind=text")
    answer = keep(maria, "kind=text", here=item.pk, headers={"HX-Request": "true"})
    assert answer["HX-Push-Url"] == f"/moderation/{item.pk}/?kind=text"
    assert "Представление сохранено: Шёлк" in answer.content.decode()
    refused = keep(maria, "kind=text", here=item.pk, headers={"HX-Request": "true"})
    assert (refused.status_code, refused["HX-Retarget"]) == (422, "#problem")
    assert "Представление с таким названием у вас уже есть" in refused.content.decode()
    plain = keep(maria, "kind=text")
    assert (plain.status_code, 'value="Шёлк"' in plain.content.decode()) == (422, True)


@pytest.mark.parametrize(
    "query",
    [
        "", "view=all", "view=nobody", "view=urgent&next=https://evil.example", "view=urgent&view=mine", "kind=pair",
        "free=yes", "page=3", "view=urgent&page=2", "why=%27%20OR%201=1--", "why=<script>", "source=no-such", "q=",
        "q=%00", "q=" + "a" * 201, "VIEW=urgent", "view=urgent;kind=text", "view=%ff", "q=a%0d%0aSet-Cookie:x",
    ],
)  # fmt: skip
def test_an_address_with_anything_else_than_filters_is_refused(maria: Client, query: str) -> None:
    answer = keep(maria, query)
    assert answer.status_code == 422
    assert kept() == []


def test_names_are_escaped_cleaned_and_wanted(maria: Client) -> None:
    hostile = '"><script>alert(1)</script>\u202e\0'
    assert keep(maria, "view=urgent", hostile).status_code == 302
    assert kept() == [('"><script>alert(1)</script>', "view=urgent")]
    for path in ("/moderation/", "/moderation/views/"):
        html = page(maria, path)
        assert "<script>alert" not in html
        assert "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in html
    for name in ("", " \n ", "\u200b\0"):
        assert keep(maria, "view=mine", name).status_code == 422
    assert keep(maria, "view=mine", "я" * 300).status_code == 302
    assert kept()[-1] == ("я" * 60, "view=mine")
    assert keep(maria, "kind=text", "Я" * 60).status_code == 422, "another case is the same name"


def test_a_view_is_named_otherwise_and_removed_by_its_owner_alone(maria: Client, oleg: Client) -> None:
    from vitrina.review.models import SavedView

    keep(maria, "view=urgent", "Срочное")
    keep(maria, "view=mine", "Моё")
    first, second = SavedView.objects.order_by("pk")
    for act in ("name", "remove"):
        assert oleg.post(f"/moderation/views/{first.pk}/{act}/", {"name": "чужое"}).status_code == 404
    maria.post(f"/moderation/views/{first.pk}/name/", {"name": "моё"})
    assert kept()[0][0] == "Срочное", "the name is taken"
    assert "уже есть" in page(maria, "/moderation/views/")
    maria.post(f"/moderation/views/{first.pk}/name/", {"name": " Очень срочное "})
    maria.post(f"/moderation/views/{second.pk}/name/", {"name": "МОЁ"})
    assert [name for name, _ in kept()] == ["Очень срочное", "МОЁ"]
    answer = maria.post(f"/moderation/views/{first.pk}/remove/", {"name": "x"})
    assert answer["Location"] == "/moderation/views/"
    assert [name for name, _ in kept()] == ["МОЁ"]
    assert maria.get(f"/moderation/views/{second.pk}/remove/")["Location"] == "/moderation/views/", "a GET removes none"
    assert len(kept()) == 1


def test_twenty_views_are_a_person_s_most(maria: Client, oleg: Client) -> None:
    for number in range(21):
        keep(maria, "view=urgent", f"Вид {number}")
    assert len(kept()) == 20
    answer = keep(maria, "view=urgent", "Ещё")
    assert (answer.status_code, "Сначала удалите" in answer.content.decode()) == (422, True)
    assert keep(oleg, "view=urgent", "Вид 0").status_code == 302


def test_who_does_not_moderate_and_who_brings_no_token_keeps_nothing(client_of: Callable[..., Client]) -> None:
    from vitrina.desk.moderation import saved
    from vitrina.review.errors import Forbidden

    annotator = client_of("annotator")
    assert keep(annotator, "view=urgent").status_code == 403
    with pytest.raises(Forbidden):
        saved.keep(user_of(annotator), "Шёлк", QueryDict("view=urgent"))
    strict = new_client(enforce_csrf_checks=True)
    strict.force_login(user_of(client_of("moderator")), backend="allauth.account.auth_backends.AuthenticationBackend")
    assert keep(strict, "view=urgent").status_code == 403
    assert kept() == []


def test_what_the_table_holds_besides_filters_reaches_no_link(maria: Client) -> None:
    from vitrina.review.models import SavedView

    SavedView.objects.create(user=user_of(maria), name="old", query='view=urgent&gone="><b>&kind=pair')
    assert own_links(page(maria, "/moderation/")) == {"old": "/moderation/?view=urgent"}
