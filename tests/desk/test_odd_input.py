"""Odd and hostile values of queries and forms: an answer of the desk, never a failure of the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.desk.cases import EDIT, form_of, make_cases
from vitrina.desk.asked import plain, whole

if TYPE_CHECKING:
    from django.test import Client

MANY = "1" * 5_000
QUERIES = (
    "moderation/?page={}", "moderation/?q={0}&why={0}&source={0}&view={0}&kind={0}", "moderation/next/?after={}",
    "moderation/rows/?item={}", "moderation/flagged/?page={}", "backgrounds/?product={}",
    "products/?page={0}&q={0}&source={0}&category={0}&drop={0}", "products/?like={}", "numbers/agreement/?batch={}",
    "numbers/drops/?q={0}&state={0}&page={0}", "numbers/me/?days={}", "pictures/a{}/small/",
    "compare/guidelines/publish/?topic={}",
)  # fmt: skip


@given(st.text(max_size=30) | st.from_regex(r"\A[0-9]{1,30}\Z"))
def test_a_whole_number_is_read_or_it_is_none(text: str) -> None:
    found = whole(text)
    assert found is None or (0 <= found < 10**18 and str(found) == text.lstrip("0").rjust(1, "0"))
    assert "\0" not in plain(text)


@pytest.mark.usefixtures("database")
def test_pages_take_any_query(client_of: Callable[..., Client]) -> None:
    admin = client_of("admin")
    admin.raise_request_exception = False
    failed = [
        (address, value[:9], status)
        for address in QUERIES
        for value in ("%C2%B2", MANY, "%00", "a%00b", "-1", "99999999999999999999")
        if (status := admin.get("/" + address.format(value)).status_code) >= 500
    ]
    assert failed == []


@pytest.mark.usefixtures("database")
def test_forms_of_moderation_take_null_characters_and_endless_numbers(maria: Client) -> None:
    from vitrina.review.models import Decision

    maria.raise_request_exception = False
    one, two, three = make_cases(3)

    def sent(path: str, **values: Any) -> int:
        return maria.post(f"/moderation/{path}/", values).status_code

    assert sent(f"{one.pk}/decide", **form_of(maria, one, action="approve", comment="a\0b", category="a\0b")) == 422
    assert sent(f"{one.pk}/decide", **form_of(maria, one, action="approve", comment="a\0b")) == 302
    assert Decision.objects.get(item=one).comment == "ab"
    edit = EDIT | {"title": "Новый\0 заголовок", "body": "Первый\0 абзац", "keywords": "a\0, b"}
    assert sent(f"{two.pk}/decide", **form_of(maria, two, **edit)) == 302
    assert Decision.objects.get(item=two).edit["title"] == "Новый заголовок"
    for number in (MANY, "²", "9" * 25):
        assert sent(f"{three.pk}/decide", action="approve", change=number) in {409, 422}
        assert sent("undo", decisions=f"{number},{number}") < 500
        assert sent("bulk", items=[f"{number}:{number}"], here=number, action="approve") == 422
    assert sent("bulk", items=[f"{three.pk}:1"], action="reject", reasons=["poor"], comment="a\0b") == 302
    assert Decision.objects.get(item=three).comment == "ab"


@pytest.mark.usefixtures("database")
def test_other_forms_take_null_characters(client_of: Callable[..., Client]) -> None:
    admin = client_of("admin")
    admin.raise_request_exception = False
    [item] = make_cases()
    flagged, product = f"/moderation/flagged/{item.pk}/", f"/products/{item.product_id}/"
    for path, values in (
        (flagged, {"answer": "reopen", "comment": "\0"}),
        (f"{product}edit/", {**EDIT, "action": "save", "category": "a\0", "comment": "\0", "seen": MANY}),
        (f"{product}processing/", {"describe": "on", "template": "a\0"}),
        ("/backgrounds/", {"picture": "a\0", "ticket": "\0"}),
        ("/drops/new/", {"source": "a\0", "name": "\0"}),
        ("/keys/", {"name": "\0", "days": MANY}),
        ("/people/invite/", {"email": "a\0@example.com", "role": "admin"}),
    ):
        assert admin.post(path, values).status_code < 500, path
