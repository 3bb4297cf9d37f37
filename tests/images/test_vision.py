"""The vision model's opinion: asked once, checked, joined with what was measured."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

import tests.django_apps  # noqa: F401 - models are imported at the head
from assets.catalog.image_analysis import _looked_at, _vision_metadata
from resources.llm import MODE_TAG, LlmResource
from tests.catalog.making import catalogue, day, parsed, take
from tests.fakes.llm_server import RunningServer, running_server
from tests.images.picturing import jpeg, shirt, show
from vitrina.catalog.models import Product
from vitrina.catalog.selection import without_description
from vitrina.config import Settings, get_settings
from vitrina.content.models import ProcessingLog
from vitrina.errors import PermanentError
from vitrina.images.analysis.analysing import analyse_products
from vitrina.images.analysis.asking import VisionResult, ask_about, vision_model
from vitrina.images.analysis.measure import analyse
from vitrina.images.analysis.merging import merged
from vitrina.images.analysis.vision import VisionAnswer, contract, request_for, schema
from vitrina.images.models import PictureAnalysis
from vitrina.lexicon import load
from vitrina.llm.board import resume, stop
from vitrina.llm.wiring import open_gateway
from vitrina.objects import FolderStore

RED = (208, 31, 38)
ANSWER: dict[str, Any] = {
    "dominant_colors": ["Красный"], "color_hex": ["#d01f26"], "clothing_type": "футболка", "style": "повседневный",
    "pattern": "однотонный", "neckline": "круглый вырез", "sleeve_length": "короткий рукав", "length": "до бёдер",
    "fabric_appearance": "гладкий трикотаж", "quality_estimate": "high", "target_audience": "женщины",
    "occasion": "на каждый день", "key_features": ["свободный крой"], "confidence": 0.9,
}  # fmt: skip


def answer(**changes: Any) -> VisionAnswer:
    return VisionAnswer.model_validate(ANSWER | changes).cleaned()


def test_the_schema_demands_every_field_of_the_specification() -> None:
    assert set(schema()["required"]) == set(ANSWER)
    assert schema()["additionalProperties"] is False


def test_the_question_carries_the_picture_and_no_text_of_a_feed() -> None:
    request = request_for("f" * 64, jpeg(shirt(RED)), "seer")
    text, picture = request.messages[1]["content"]
    assert picture["image_url"]["url"].startswith("data:image/jpeg;base64,")
    assert text == {"type": "text", "text": "Опиши товар на снимке."}
    assert (request.model, request.item_id, request.purpose) == ("seer", "f" * 64, "image_analysis")


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("clothing_type", "<b>футболка</b>", "футболка"),
        ("style", "пишите на sale@shop.example", ""),
        ("occasion", "https://spam.example/x", ""),
        ("quality_estimate", "отличное", ""),
        ("color_hex", ["red", "#12345G", "#abcdef"], ["#ABCDEF"]),
        ("color_hex", "#abcdef", ["#ABCDEF"]),
        ("dominant_colors", "красный, Белый", ["красный", "белый"]),
        ("dominant_colors", None, []),
        ("style", ["спортивный", "яркий"], "спортивный, яркий"),
        ("length", "x" * 500, "x" * 80),
    ],
)
def test_what_no_description_of_a_picture_holds_is_taken_out(field: str, value: object, kept: object) -> None:
    assert getattr(answer(**{field: value}), field) == kept


@pytest.mark.parametrize("data", [[], "text", {"confidence": 2}, {"confidence": "sure"}, {"style": "no confidence"}])
def test_an_answer_of_another_shape_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        contract().validate(request_for("f", jpeg(shirt(RED)), "seer"), data)


def test_measured_colours_stand_and_agreement_keeps_the_confidence() -> None:
    joined = merged(analyse(shirt(RED)), answer(), load())
    assert joined["dominant_colors"] == ["красный"]
    assert joined["clothing_type"] == "футболка"
    assert "clothing_type" in joined["opinion"]
    assert (joined["disagreements"], joined["confidence"]) == ([], 0.9)


def test_disagreement_is_recorded_with_both_values_and_halves_the_confidence() -> None:
    joined = merged(analyse(shirt(RED)), answer(dominant_colors=["синий"]), load())
    assert joined["dominant_colors"] == ["красный"]
    assert joined["disagreements"] == [
        {"field": "dominant_colors", "measured": ["красный"], "vision": ["синий"]},
    ]
    assert joined["confidence"] == 0.45


def test_without_an_answer_the_measured_facts_stand_alone() -> None:
    joined = merged(analyse(shirt(RED)), None, load())
    assert joined["opinion"] == []
    assert joined["color_hex"]


def test_a_vision_model_without_an_endpoint_is_refused_in_words() -> None:
    assert vision_model(Settings()) is None
    with pytest.raises(PermanentError, match="no endpoint"):
        vision_model(Settings(ai_vision_model="seer"))


@pytest.fixture
def server() -> Iterator[RunningServer]:
    with running_server(content=json.dumps(ANSWER, ensure_ascii=False)) as running:
        yield running


@pytest.fixture
def goods(settings: Settings) -> tuple[FolderStore, list[int]]:
    store = FolderStore(settings.objects_folder)
    take(day(1), [parsed("1", "Футболка красная"), parsed("2", "Футболка")])
    found = catalogue()
    show(found["1"], store, [jpeg(shirt((200, 30, 30 + 9 * step))) for step in range(5)])
    show(found["2"], store, [jpeg(shirt((200, 30, 30)))])
    ids = [product.pk for product in found.values()]
    analyse_products(ids, store, settings)
    return store, ids


def ask(
    goods: tuple[FolderStore, list[int]],
    settings: Settings,
    server: RunningServer,
    model: str = "seer",
    mode: str | None = None,
) -> VisionResult:
    store, ids = goods
    changed = settings.model_copy(update={"openai_base_url": server.base_url, "ai_vision_model": model})
    with open_gateway(changed, run_id="r", mode=mode) as gateway:
        return ask_about(ids, store, gateway, changed, model=model, run_id="r")


def test_three_pictures_a_product_are_asked_about_once_and_a_second_pass_asks_nothing(
    goods: tuple[FolderStore, list[int]], settings: Settings, server: RunningServer
) -> None:
    first = ask(goods, settings, server)
    assert (first.asked, first.answered, first.disagreements) == (3, 3, 0)
    assert server.stats()["requests"] >= 3
    before = server.stats()["replies"]
    second = ask(goods, settings, server)
    assert (second.asked, second.unchanged) == (0, 3)
    assert server.stats()["replies"] == before
    row = PictureAnalysis.objects.filter(vision_state="done").first()
    assert row is not None
    assert row.vision["clothing_type"] == "футболка"
    assert row.merged["confidence"] == 0.9
    assert row.request_key
    assert PictureAnalysis.objects.filter(vision_state="").count() == 2
    assert ask(goods, settings, server, model="another").asked == 3


def test_each_product_that_shows_the_picture_has_it_in_its_log_and_the_cost_stands_there_once(
    goods: tuple[FolderStore, list[int]], settings: Settings, server: RunningServer
) -> None:
    store, ids = goods
    for product in Product.objects.filter(pk__in=ids):
        show(product, store, [jpeg(shirt(RED))])
    analyse_products(ids, store, settings)
    found = ask(goods, settings, server)
    rows = list(ProcessingLog.objects.filter(input_data__picture=hashlib.sha256(jpeg(shirt(RED))).hexdigest()))
    assert sorted(row.product_id for row in rows) == sorted(ids)
    for row in rows:
        assert (row.processing_type, row.status, row.model) == ("image_analysis", "completed", "seer")
        assert (row.extracted_attributes["clothing_type"], row.result["confidence"]) == ("футболка", 0.9)
        assert len(row.request_keys) == 1
    assert sum(row.prompt_tokens for row in rows) == 100
    logged = ProcessingLog.objects.all()
    assert sum(row.prompt_tokens + row.completion_tokens for row in logged) == found.tokens
    ask(goods, settings, server)
    assert ProcessingLog.objects.count() == len(logged), "what is not asked again is not logged again"


def test_a_run_that_is_tagged_replay_asks_no_vision_model(
    goods: tuple[FolderStore, list[int]], server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"openai_base_url": server.base_url, "ai_vision_model": "seer"}.items():
        monkeypatch.setattr(get_settings(), name, value)
    run = SimpleNamespace(run_id="r", tags={MODE_TAG: "replay"})
    context: Any = SimpleNamespace(run=run, log=logging.getLogger("test"))
    found, summary = _looked_at(context, goods[1], goods[0], LlmResource(), get_settings())
    assert (found.asked, found.failed, server.stats()["requests"]) == (3, {"not_in_ledger": 3}, 0)
    assert _vision_metadata(found, summary)["vision_left_for_later"] == 3


def test_a_refusal_is_final_and_leaves_the_measured_facts(
    goods: tuple[FolderStore, list[int]], settings: Settings, server: RunningServer
) -> None:
    server.reset(refusal=1.0)
    assert ask(goods, settings, server).failed["refusal"] == 3
    assert ask(goods, settings, server).asked == 0
    row = PictureAnalysis.objects.filter(vision_state="failed").first()
    assert row is not None
    assert row.facts["colors"]
    assert "refusal" in row.vision_error
    assert set(ProcessingLog.objects.values_list("status", flat=True)) == {"failed"}
    assert set(without_description()) == set(goods[1]), "a picture that was refused is no text that failed"


def test_a_key_that_is_refused_is_asked_again_by_the_next_pass(
    goods: tuple[FolderStore, list[int]], settings: Settings, server: RunningServer
) -> None:
    server.reset(status=401, error="bad key")
    assert ask(goods, settings, server).failed["permanent"] == 3
    server.reset(content=json.dumps(ANSWER, ensure_ascii=False))
    assert ask(goods, settings, server).answered == 3


def test_what_an_operator_stopped_is_asked_by_the_next_pass_after_he_let_it_go(
    goods: tuple[FolderStore, list[int]], settings: Settings, server: RunningServer, database: str
) -> None:
    stop(database, "purpose:image_analysis", reason="too dear")
    assert ask(goods, settings, server).failed == {"stopped": 3}
    assert resume(database, "purpose:image_analysis")
    again = ask(goods, settings, server)
    assert (again.asked, again.answered) == (3, 3)


def test_what_a_replay_did_not_find_is_asked_by_the_next_pass(
    goods: tuple[FolderStore, list[int]], settings: Settings, server: RunningServer
) -> None:
    assert ask(goods, settings, server, mode="replay").failed == {"not_in_ledger": 3}
    assert server.stats()["requests"] == 0
    assert ask(goods, settings, server).answered == 3
