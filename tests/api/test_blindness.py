"""Nothing that reaches an annotator names a writer, a version, a candidate, or the table's A and B."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.api.conftest import Caller
    from vitrina.review.models import Batch

pytestmark = pytest.mark.usefixtures("database")
TELLING = ("version", "origin", "model", "writer", "candidate", "flip", "choice", "fingerprint", "text_a", "expected")


def names(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from names(inner)


def test_what_an_annotator_gets_names_nobody(caller: Callable[..., Caller], batch: Callable[..., Batch]) -> None:
    me, work = caller(), batch(4, gold_share=0.5)
    got = []
    answer = me.get("items/next", batch=work.pk)
    got.append(answer)
    got.append(me.post(f"leases/{answer.json()['token']}/decide", {"side": "left", "next": True}))
    got += [me.get(path) for path in ("me", "decisions/mine", "batches", f"batches/{work.pk}")]
    got.append(me.post("decisions/undo"))
    for one in got:
        assert one.status_code == 200, one.content
        told = [name for name in names(one.json()) if any(word in name for word in TELLING)]
        assert told == [], (one.request["PATH_INFO"], told)
        assert "gold" not in json.dumps(one.json())


def test_progress_which_gold_does_not_move_is_for_administrators(
    caller: Callable[..., Caller], batch: Callable[..., Batch]
) -> None:
    work = batch(2)
    for role in ("annotator", "moderator"):
        assert caller(role, f"{role}@example.com").get(f"batches/{work.pk}/progress").status_code == 403
    assert caller("admin", "a@example.com").get(f"batches/{work.pk}/progress").json()["pairs"] == 2


def test_sides_are_drawn_and_answers_are_stored_by_the_text_that_was_meant(
    caller: Callable[..., Caller], batch: Callable[..., Batch], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.review.passing import draw_alike
    from vitrina.config import get_settings
    from vitrina.review.models import Decision

    monkeypatch.setenv("API_WORK_RATE_PER_MINUTE", "10000")
    get_settings.cache_clear()
    me, work = caller(), batch(60)
    draw_alike()
    shown = me.get("items/next", batch=work.pk).json()
    lefts = 0
    while shown:
        side = "left" if shown["left"].startswith("Хорошее") else "right"
        lefts += side == "left"
        shown = me.post(f"leases/{shown['token']}/decide", {"side": side, "next": True}).json()["next"]
    assert 12 <= lefts <= 48  # 60 fair coins: less than one in 100,000 is outside
    for decision in Decision.objects.select_related("item__pair"):
        text = decision.item.pair.text_a if decision.choice == "A" else decision.item.pair.text_b
        assert text.startswith("Хорошее")


def test_who_may_still_compare_a_product_is_not_told_who_wrote_its_texts(
    caller: Callable[..., Caller], batch: Callable[..., Batch]
) -> None:
    from datetime import UTC, datetime
    from uuid import uuid4

    from vitrina.catalog.models import Drop, Product, Source
    from vitrina.content.models import ContentVersion, ProcessingLog
    from vitrina.review.batches import add_pairs, set_state
    from vitrina.review.results import PairDraft

    source = Source.objects.create(slug="shop")
    now = datetime.now(UTC)
    drop = Drop.objects.create(source=source, key="shop__a", name="a", path="a", digest="d", modified_at=now)
    product = Product.objects.create(
        source=source, external_id="1", identity="id", title="Elbise", row_hash=uuid4(), content_hash=uuid4(),
        drop=drop, drop_time=now,
    )  # fmt: skip
    version = ContentVersion.objects.create(
        product=product, number=1, origin="llm", title="Платье", body="<p>Платье.</p>", model="secret-model",
        input_hash="a", fingerprint="b", text_hash="c",
    )  # fmt: skip
    ProcessingLog.objects.create(
        product=product, version=version, processing_type="full", status="failed", model="secret-model",
        prompt_tokens=700, completion_tokens=200, cost_usd="0.25", processing_time_ms=4_200, attempts=3,
        error_class="Timeout", error_message="secret-model did not answer",
    )  # fmt: skip
    admin = caller("admin", "a@example.com")
    assert admin.get(f"versions/{version.pk}").json()["model"] == "secret-model"
    assert admin.get("logs").json()["results"][0]["prompt_tokens"] == 700
    work = batch(0)
    add_pairs(work, [PairDraft("Один текст", "Другой текст", product_id=product.pk)])
    assert admin.get(f"versions/{version.pk}").json()["model"] == "secret-model", "administrators look after batches"
    work.members.add(admin.user)
    for path in (f"versions/{version.pk}", f"products/{product.pk}/versions", f"products/{product.pk}", "logs"):
        answer = admin.get(path)
        assert answer.status_code == 200
        assert "secret-model" not in answer.content.decode()
    assert admin.get(f"versions/{version.pk}").json()["origin_hidden"] is True
    [row] = admin.get("logs").json()["results"]
    told = {name for name, value in row.items() if value not in (None, "")}
    assert told == {"id", "product", "version", "type", "status", "created_at", "origin_hidden"}
    set_state(work.created_by, work, "paused")
    assert admin.get(f"versions/{version.pk}").json()["origin_hidden"] is True
    set_state(work.created_by, work, "closed")
    assert admin.get(f"versions/{version.pk}").json()["origin_hidden"] is False
