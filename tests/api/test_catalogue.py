"""Products, templates, the moderation queue and figures over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.api.conftest import Caller

pytestmark = pytest.mark.usefixtures("database")
Callers = Callable[..., "Caller"]


def product() -> Any:
    from datetime import UTC, datetime
    from uuid import uuid4

    from vitrina.catalog.models import Drop, Product, Source

    source, now = Source.objects.create(slug="shop"), datetime.now(UTC)
    drop = Drop.objects.create(source=source, key="shop__a", name="a", path="a", digest="d", modified_at=now)
    return Product.objects.create(
        source=source, external_id="1", identity="id", title="Elbise", row_hash=uuid4(), content_hash=uuid4(),
        drop=drop, drop_time=now,
    )  # fmt: skip


def test_a_case_is_listed_taken_and_decided_and_a_late_one_is_a_conflict(caller: Callers) -> None:
    from vitrina.content.models import ContentVersion
    from vitrina.review.models import ReviewItem

    found = product()
    version = ContentVersion.objects.create(
        product=found, number=1, origin="llm", title="Платье", body="<p>Платье.</p>", input_hash="a", fingerprint="b",
        text_hash="c",
    )  # fmt: skip
    item = ReviewItem.objects.create(kind="text", key=f"version:{version.pk}", product=found, version=version)
    me, other = caller("moderator"), caller("moderator", "b@example.com")
    assert [row["id"] for row in me.get("items", kind="text", state="open").json()["results"]] == [item.pk]
    assert me.get("items", kind="price").json()["results"] == []
    assert me.get("items", kind="other").status_code == 422
    case = me.post(f"items/{item.pk}/claim").json()
    assert (case["text"]["title"], case["seen_version"]) == ("Платье", 1)
    held = other.post(f"items/{item.pk}/claim")
    assert (held.status_code, held.json()["state"]["reason"]) == (409, "held")
    assert other.get("items").json()["results"][0]["held_by"] == "moderator@example.com"
    unsaid = me.post(f"leases/{case['token']}/decide", {"action": "reject"})
    assert (unsaid.status_code, "reason" in unsaid.json()["message"]) == (422, True)
    body = {"action": "approve", "seen_version": 1, "next": True}
    decided = me.post(f"leases/{case['token']}/decide", body).json()
    assert decided["nothing"] == {"reason": "done", "retry_after": None}
    late = other.post("items/decide", {"items": [{"item": item.pk}], "action": "approve"}).json()
    assert (late["decided"], list(late["failed"])) == ([], [str(item.pk)])


def test_items_are_assigned_to_moderators_alone(caller: Callers) -> None:
    from vitrina.review.models import ReviewItem

    item = ReviewItem.objects.create(kind="text", key="version:1", product=product())
    me = caller("moderator")
    caller("annotator", "a@example.com")
    assert me.post("items/assign", {"items": [item.pk], "to": "me"}).json() == {"assigned": 1}
    assert me.get("items/next", assigned="true").json()["item"] == item.pk
    free = ReviewItem.objects.create(kind="price", key="price:1", product=item.product)
    given = {whose: [row["id"] for row in me.get("items", assignee=whose).json()["results"]]
             for whose in ("me", "nobody", me.user.email, "a@example.com")}  # fmt: skip
    assert given == {"me": [item.pk], "nobody": [free.pk], me.user.email: [item.pk], "a@example.com": []}
    assert me.post("items/assign", {"items": [item.pk], "to": "a@example.com"}).status_code == 403
    assert me.post("items/assign", {"items": [item.pk], "to": "nobody@example.com"}).status_code == 422


def test_products_are_filtered_and_come_in_pages(caller: Callers) -> None:
    found = product()
    me = caller("moderator")
    page = me.get("products", q="elb", source="shop", limit=1).json()
    assert [row["id"] for row in page["results"]] == [found.pk]
    assert page["next"] is None
    assert me.get("products", source="other").json()["results"] == []
    assert me.get("products", cursor="x").status_code == 422
    assert me.get(f"products/{found.pk}").json()["versions"] == 0
    assert me.get("products/999").status_code == 404


def test_a_template_is_made_changed_and_switched_off_by_the_rules_of_its_file(caller: Callers) -> None:
    admin, moderator = caller("admin"), caller("moderator")
    wanted = {"name": "dress", "content": "Лёгкое платье."}
    assert moderator.post("templates", wanted).status_code == 403
    assert admin.post("templates", wanted).status_code == 201
    assert admin.post("templates", wanted).status_code == 409
    assert admin.post("templates", wanted | {"name": "b", "category": "none"}).status_code == 422
    assert admin.post("templates", wanted | {"name": "b", "facts": {"price": ["5"]}}).status_code == 422
    assert admin.call("delete", "templates/dress").status_code == 204
    assert moderator.get("templates/dress").json()["is_active"] is False
    changed = admin.call("put", "templates/dress", {"content": "Другое."}).json()
    assert (changed["content"], changed["is_active"]) == ("Другое.", True)


def test_figures_of_the_last_days_are_those_of_the_numbers_pages(caller: Callers) -> None:
    from tests.numbers.marts import processings

    me = caller("moderator")
    never = me.get("statistics").json()
    assert (never["as_of"], never["total"], never["by_status"], never["total_cost_usd"]) == (None,) * 4
    assert never["decisions"] == never["open_items"] == {}
    processings([("approved", 1, "0.5", 0, 10), ("failed", 1, "0", 1, 10), ("moderation", 1, "0.25", 0, 10)])
    told = me.get("statistics", days=30).json()
    assert (told["total"], told["successful"], told["failed"], told["unknown_costs"]) == (3, 1, 1, 1)
    assert (told["total_cost_usd"], told["average_time_ms"]) == ("0.75", 10.0)
    assert told["by_status"] == {"approved": 1, "failed": 1, "moderation": 1}
    assert told["as_of"] == "2026-05-18T10:00:00Z"


def test_processing_by_hand_asks_for_a_run_and_says_when_nothing_runs(
    caller: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vitrina.workbench import dagster

    found, me = product(), caller("moderator")
    away = me.post(f"products/{found.pk}/process")
    assert (away.status_code, away["Retry-After"]) == (503, "5")
    assert "make up" in away.json()["hint"]
    assert me.post(f"products/{found.pk}/process", {"categorise": False, "describe": False}).status_code == 422
    asked: list[Any] = []

    def process(api: Any, product_id: int, options: Any, *, person: int) -> str:
        asked.append((product_id, options.force, options.again, person))
        return "run-1"

    monkeypatch.setattr(dagster, "connected", lambda settings: None)
    monkeypatch.setattr(dagster, "process", process)
    answer = me.post(f"products/{found.pk}/process", {"force": True})
    assert (answer.status_code, answer.json()) == (202, {"run": "run-1"})
    assert asked == [(found.pk, True, 1, me.user.pk)]
