"""``response_pairs``: two texts for one product, from different writers, sent to the desk."""

from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from assets.answers import unanswered
from assets.plots import bars, table
from assets.policies import RETRY, Owner
from resources.llm import LlmResource
from resources.object_store import ObjectStoreResource
from resources.warehouse import Warehouse

if TYPE_CHECKING:
    from vitrina.preferences.pair_records import PairsResult


class PairsConfig(dg.Config):
    """Which pairs this run makes; what is empty is as the settings say."""

    products: int = Field(0, ge=0, description="Products of which pairs are made; 0: PAIR_PRODUCTS.")
    policy: str = Field("", description="A policy, its id or how it begins: only its texts beside those of its SFT "
                        "model, for products that it did not learn on. The gate counts the votes.")  # fmt: skip
    shares: dict[str, float] = Field(
        {}, description="Reason to choose a product → share, instead of PAIR_SHARES: new, uncertain, random, "
        "least_certain, best_of.",
    )  # fmt: skip


@dg.asset(
    deps=[dg.AssetKey("parsed_products"), dg.AssetKey("product_categories"), dg.AssetKey("moderation")],
    retry_policy=RETRY,
    group_name="feedback",
    kinds={"openai", "postgres"},
    owners=[Owner.CONTENT],
    tags={"domain": "preferences"},
    pool="llm",
    code_version="1",
)
def response_pairs(
    context: dg.AssetExecutionContext,
    config: PairsConfig,
    llm: LlmResource,
    object_store: ObjectStoreResource,
    warehouse: Warehouse,
) -> dg.MaterializeResult:
    """Products chosen by policy, a text each from two writers, near-duplicates dropped, the rest sent to the desk.

    Each run makes pairs of `PAIR_PRODUCTS` further products. A promoted policy is one of the writers of cards.
    Who wrote what never reaches an annotator.
    """
    if config.policy:
        return _beside_sft(context, config, object_store, warehouse)
    from vitrina.preferences.champion import champion_or_why
    from vitrina.preferences.pairing import make_pairs
    from vitrina.preferences.policy import find_policy, policy_gateway
    from vitrina.preferences.selection import LEAST_CERTAIN, REASONS
    from vitrina.preferences.sending import waiting_pairs

    if unknown := sorted(set(config.shares) - set(REASONS)):
        told = f"There is no reason {', '.join(unknown)} to choose a product; there are: {', '.join(REASONS)}."
        raise dg.Failure(told, allow_retries=False)
    settings, store, run_id = warehouse.settings, object_store.store(), context.run.run_id
    found = champion_or_why(store, settings, settings.pair_contract)
    if found.champion is None and {name for name, share in config.shares.items() if share > 0} == {LEAST_CERTAIN}:
        # Random products instead would be paid, and would count as the pairs that this model was to get.
        raise dg.Failure(f"No pairs: {found.note}.", allow_retries=False)
    policy = find_policy(store, settings, settings.pair_contract)
    with (
        llm.gateway(run_id, context.run.tags) as gateway,
        policy_gateway(settings, policy.writer, run_id=run_id) as served,
    ):
        result = make_pairs(
            settings, gateway, scorer=found.champion, policy=policy.writer, served=served,
            count=config.products or None, shares=config.shares or None, run_id=run_id,
        )  # fmt: skip
        summary = gateway.summary()
    return dg.MaterializeResult(
        metadata={
            **_metadata(context, result),
            "reward_model": found.note,
            "policy": policy.note,
            "pairs_waiting_for_people": waiting_pairs(settings),
            "model": f"{summary['model']} ({summary['endpoint']})",
        }
    )


def _beside_sft(
    context: dg.AssetExecutionContext, config: PairsConfig, object_store: ObjectStoreResource, warehouse: Warehouse
) -> dg.MaterializeResult:
    """Pairs for the gate of one policy; those that it has count."""
    from vitrina.errors import PermanentError
    from vitrina.models_registry import policies, services
    from vitrina.preferences.policy_pairs import make_policy_pairs

    settings = warehouse.settings
    try:
        made = make_policy_pairs(
            settings, object_store.store(), services.found(policies.POLICY, config.policy),
            products=config.products or settings.pair_products, run_id=context.run.run_id,
        )  # fmt: skip
    except PermanentError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    told: dict[str, Any] = {"policy": str(made.policy), "sft": str(made.sft), "standing": made.standing}
    return dg.MaterializeResult(metadata={**_metadata(context, made.result), **told})


def _metadata(context: dg.AssetExecutionContext, result: "PairsResult") -> dict[str, Any]:
    return {
        "pairs": result.pairs,
        "repeated": result.repeated,
        "chosen_for": dg.MetadataValue.json(dict(result.chosen)),
        "left_out": dg.MetadataValue.json(dict(result.left_out)),
        "left_out_plot": bars(result.left_out, title="Products without a pair", x_label="products"),
        "writers": dg.MetadataValue.json(dict(result.writers)),
        "texts_written": result.texts.written,
        "texts_standing": result.texts.standing,
        "texts_left_for_later": _left(context, result),
        "batches": ", ".join(result.batches) or "none",
        "preview": table(["product", "one text", "another"], result.preview, cut=400),
    }


def _left(context: dg.AssetExecutionContext, result: "PairsResult") -> int:
    """Texts without an answer. A run that sent pairs is not tried again: it would pay for pairs of other products."""
    texts = result.texts
    if not result.pairs:
        return unanswered(context, "texts", asked=texts.asked, failed=texts.failed, why=texts.why)
    if left := sum(texts.failed.values()):
        told = "; ".join(f"{outcome} {count}: {texts.why.get(outcome, '')}" for outcome, count in texts.failed.items())
        context.log.warning("%d of %d texts are left for a later run (%s)", left, texts.asked, told)
    return left


@dg.asset_check(asset=response_pairs, description="The two texts of a pair come from different writers.")
def writers_differ(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Pairs whose texts one writer wrote with one seed: nothing could be learned of writers from them."""
    from django.db.models import F

    from vitrina.preferences.models import PairOrigin

    same = PairOrigin.objects.filter(candidate_a__writer=F("candidate_b__writer"))
    return dg.AssetCheckResult(
        passed=not same.exists(), metadata={"pairs": PairOrigin.objects.count(), "one_writer": same.count()}
    )
