"""Cases of moderation for tests of the desk, straight into the tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.catalog.making import catalogue, day, parsed, take, verdict, version

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

    from vitrina.review.models import Lease, ReviewItem

HTMX = {"HX-Request": "true"}
EDIT = {
    "action": "edit",
    "title": "Новый заголовок",
    "body": "Первый абзац\n\n• пункт\n• ещё пункт",
    "keywords": "a, b",
}
FEW_FACTS = {
    "rule": "few_facts", "priority": 3, "message_ru": "Фактов не хватает", "message_en": "Too few facts",
    "details": ["120 words, at least 150 are wanted"],
}  # fmt: skip
UNSUPPORTED = {
    "rule": "unsupported_claim", "priority": 1, "message_ru": "Утверждения без опоры",
    "message_en": "Claims that nothing bears", "details": ["…"],
}  # fmt: skip
BODY = "<p>Платье из шёлка, мягкое.</p><ul><li>Цвет: синий</li><li>Рукав короткий</li></ul>"
FINDING = {"kind": "material", "surface": "шёлка", "start": 10, "end": 15, "explanation": "silk"}


def make_cases(count: int = 1, *, number: int = 1, **fields: Any) -> list[ReviewItem]:
    """Open cases about texts of products of their own, in the order in which the list shows them."""
    from vitrina.review.models import ReviewItem

    prefix = fields.pop("prefix", "P")
    names = [f"{prefix}-{n}" for n in range(1, count + 1)]
    title = fields.pop("title", "Платье {}")
    source = fields.pop("source", "shop")
    body = fields.pop("body", BODY)
    values = {"priority": 2, "reasons": [UNSUPPORTED, FEW_FACTS]} | fields
    goods = [parsed(name, title.format(name), description="Elbise, ipek") for name in names]
    take(day(len(catalogue(source)) + 1), goods, source=source)
    found = catalogue(source)
    made = []
    for name in names:
        text = version(
            found[name], number, body=body, title=title.format(name), model="writer-9", prompt_version="p.1",
            run_id="0123456789abcdef", grounding={"score": 0.5, "claims": 2, "findings": [FINDING]},
        )  # fmt: skip
        verdict(text, approved=False)
        made.append(
            ReviewItem.objects.create(
                kind="text", key=f"version:{text.pk}", product=found[name], version=text, **values
            )
        )
    return made


def lease_of(user: User) -> Lease:
    """What the person holds on the screen."""
    from vitrina.review.models import Lease

    return Lease.objects.get(user=user, slot=0, ended_at=None)


def user_of(client: Client) -> User:
    """Who is signed in with a client."""
    from django.contrib.auth.models import User

    return User.objects.get(pk=client.session["_auth_user_id"])


def form_of(client: Client, item: ReviewItem, **values: Any) -> dict[str, Any]:
    """Open a case, and fill the form as its page would send it."""
    client.get(f"/moderation/{item.pk}/")
    seen = item.version.number if item.version is not None else ""
    return {"token": str(lease_of(user_of(client)).token), "seen": seen, **values}


def page(client: Client, path: str, **headers: Any) -> str:
    """A page in Russian, which must be there."""
    answer = client.get(path, headers={"accept-language": "ru", **headers})
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def decide(client: Client, item: ReviewItem, values: dict[str, Any], *, htmx: bool = False, query: str = "") -> Any:
    """Post the bar of a case."""
    headers = {"accept-language": "ru"} | (HTMX if htmx else {})
    return client.post(f"/moderation/{item.pk}/decide/{query}", values, headers=headers)


def ids_in(html: str) -> list[int]:
    """Cases of a list, in its order."""
    return [int(found) for found in re.findall(r'id="row-(\d+)"', html)]
