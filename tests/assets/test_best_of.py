"""Best of n through Dagster: cards, choices, their pairs, the uplift and the writers' ratings in the UI."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import dagster as dg

from tests.fakes import catalogue
from tests.fakes.roles import acting
from vitrina.config import get_settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Processed


def metadata(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, Any]:
    event = result.asset_materializations_for_node(asset)[0]
    return {name: value.value for name, value in event.metadata.items()}


def feedback(job: str, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    from pipelines.feedback import defs

    with acting():
        return defs.resolve_job_def(job).execute_in_process(instance=instance)


def test_what_the_champion_chose_is_shown_exported_and_measured(processed: Processed, tmp_path: Path) -> None:
    from tests.models_registry.test_services import GOOD
    from tests.preferences.people import let_pass, person, vote
    from tests.reward.made import made
    from vitrina.models_registry import services
    from vitrina.models_registry.models import RegisteredModel
    from vitrina.objects import open_store
    from vitrina.preferences.formats import load
    from vitrina.preferences.models import Choice, PairOrigin, ProductCard
    from vitrina.review.models import Batch
    from vitrina.reward.fitting import Plan, train
    from vitrina.reward.models import ModelKind

    settings = get_settings()
    store = open_store(settings)
    cards = ProductCard.objects.count()
    assert cards > 50, "the samples have cards without any setting"
    assert not Choice.objects.exists()
    export = [line for line in store.get("exports/storefront/products.jsonl").splitlines() if b'"card":"' in line]
    assert any(b'"card":""' not in line for line in export)

    folder = train(
        load([made(tmp_path, 120)]), Plan(tmp_path / "m", ModelKind.LINEAR, notes={"contracts": ["card"]})
    ).folder
    assert folder is not None
    row = services.register(store, folder, RegisteredModel.Role.REWARD, report={}, rules=GOOD)
    services.promote(row, by=services.GATE)
    settings.best_of, settings.pair_products, settings.pair_shares = 3, 30, {"best_of": 0.5, "new": 0.5}
    keys = processed.keys[:2]
    again = catalogue.run(
        "process_drop", processed.instance, keys, tags={"vitrina/refresh": "true"},
        select=["product_cards", "product_descriptions"],
    )  # fmt: skip
    told = metadata(again, "product_cards")
    assert told["judges_and_writers"]["reward_model"].startswith(f"reward model {row.model_id[:12]}")
    assert told["candidates"] == 3 * (told["made"] + told["unchanged"]) > 0
    assert isinstance(told["mean_uplift"], float)
    assert "![" in told["uplift_plot"]
    assert "embedded-variant" in told["chosen_by_writer"]
    described = metadata(again, "product_descriptions")
    assert "not on description" in described["judges_and_writers"]["reward_model"], "it was trained on cards"
    assert described["mean_uplift"].startswith("undefined")
    assert Choice.objects.filter(contract="description", scorer="").exists()

    feedback("make_pairs", processed.instance)
    measuring = PairOrigin.objects.filter(chosen_for="best_of").count()
    assert measuring > 5
    [batch] = Batch.objects.all()
    for user in (person(), person()):
        vote(user, batch, lambda pair: "A")
    let_pass()
    result = feedback("collect_preferences", processed.instance)
    uplift = metadata(result, "best_of_uplift")
    assert uplift["dagster/row_count"] == measuring
    assert 0 <= uplift["share_card"] <= 1
    assert "![" in uplift["uplift_plot"]
    ratings = metadata(result, "writer_ratings")
    assert ratings["dagster/row_count"] > 10
    assert "embedded" in ratings["card_ratings"]
    shutil.rmtree(folder)


def test_without_votes_the_figures_say_why_they_are_empty(processed: Processed) -> None:
    result = feedback("collect_preferences", processed.instance)
    assert "best_of in PAIR_SHARES" in metadata(result, "best_of_uplift")["why_empty"]
    assert "undefined because" in metadata(result, "writer_ratings")["why_empty"]
