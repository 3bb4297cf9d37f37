"""Code location ``catalog``: parser drops become the published catalogue.

Jobs, schedules, automation and the executor of the location. Loading it connects to nothing.
"""

from __future__ import annotations

from typing import Any

import dagster as dg

from assets.catalog import (
    image_analysis,
    intake_checks,
    moderation,
    parsed_products,
    product_cards,
    product_categories,
    product_descriptions,
    product_images,
    product_vectors,
    published_products,
    reference,
)
from assets.decision_checks import decision_checks
from pipelines.background_jobs import background_requests, background_requests_schedule
from pipelines.picture_jobs import waiting_pictures, waiting_pictures_schedule
from pipelines.product_jobs import log_cleanup, process_products
from pipelines.review_jobs import build_decision_checks_job, half_hourly, lease_sweep, lease_sweep_schedule
from pipelines.schedules import build_schedules
from resources import default_resources
from sensors.decisions import build_decisions_sensor
from sensors.new_drops import build_new_drops_sensor
from sensors.reference_files import build_reference_files_sensor

ASSETS: list[dg.AssetsDefinition | dg.AssetSpec] = [
    parsed_products.parser_drops,
    parsed_products.parsed_products,
    reference.categories,
    reference.category_vectors,
    reference.category_model,
    reference.templates,
    reference.template_vectors,
    product_images.product_images,
    image_analysis.image_analysis,
    product_vectors.product_vectors,
    product_categories.product_categories,
    product_descriptions.product_descriptions,
    product_cards.product_cards,
    moderation.moderation,
    published_products.published_products,
    published_products.storefront_export,
]

GROUPS = ("intake", "reference", "enrichment", "content", "storefront")
#: Asked for by a sensor of their own: what one tick of one sensor asks for is one run, and texts must not stand behind
#: the hosts of pictures.
PICTURE_GROUPS = ("images",)

DECISION_CHECKS = [
    decision_checks(published_products.published_products, "publication", "second_looks"),
    decision_checks(product_descriptions.product_descriptions, "descriptions"),
]
CHECKS = [
    *DECISION_CHECKS,
    intake_checks.intake_checks,
    product_images.most_pictures_are_there,
    image_analysis.pictures_are_analysed,
    product_vectors.every_product_has_a_vector,
    product_descriptions.texts_follow_the_contract,
    product_cards.cards_keep_their_contract,
    moderation.nothing_doubtful_is_lost,
    published_products.only_approved_is_published,
]


def build_defs(*, resources: dict[str, Any] | None = None) -> dg.Definitions:
    """The location. ``resources`` overrides those of the settings (tests)."""
    intake = dg.define_asset_job(
        "intake",
        selection=dg.AssetSelection.assets("parsed_products") | dg.AssetSelection.checks_for_assets("parsed_products"),
        description="Read drops into the product table. The sensor asks for it; a drop can be run again here.",
    )
    reference_data = dg.define_asset_job(
        "reference_data",
        selection=dg.AssetSelection.groups("reference"),
        description="Categories, classifier, templates and their vectors.",
    )
    describe = dg.define_asset_job(
        "describe",
        selection=dg.AssetSelection.assets("product_descriptions", "product_cards", "moderation"),
        description="Texts and verdicts of drops.",
    )
    publish = dg.define_asset_job(
        "publish",
        selection=dg.AssetSelection.assets("published_products", "storefront_export"),
        description="Publications and the storefront export.",
    )
    process_drop = dg.define_asset_job(
        "process_drop",
        selection=dg.AssetSelection.assets(
            "parsed_products",
            "product_vectors",
            "product_categories",
            "product_descriptions",
            "product_cards",
            "moderation",
            "product_images",
            "image_analysis",
        ),
        description="Everything that is made for one drop, in one run.",
    )
    checks_of_decisions = build_decision_checks_job("decision_checks", *DECISION_CHECKS)
    return dg.Definitions(
        assets=ASSETS,
        asset_checks=CHECKS,
        jobs=[
            intake,
            reference_data,
            describe,
            publish,
            process_drop,
            process_products,
            waiting_pictures,
            background_requests,
            log_cleanup,
            lease_sweep,
            checks_of_decisions,
        ],
        schedules=[
            *build_schedules(process_drop),
            waiting_pictures_schedule,
            background_requests_schedule,
            lease_sweep_schedule,
            half_hourly(checks_of_decisions),
        ],
        sensors=[
            build_new_drops_sensor(intake),
            build_reference_files_sensor(reference_data),
            build_decisions_sensor(
                "review_decisions", {"publication": publish, "second_looks": publish, "descriptions": describe}
            ),
            dg.AutomationConditionSensorDefinition(
                "automation",
                # The marts of another location have a sensor of their own; merged for ``dg`` the two must not overlap.
                target=dg.AssetSelection.groups(*GROUPS),
                default_status=dg.DefaultSensorStatus.RUNNING,
                minimum_interval_seconds=5,
            ),
            dg.AutomationConditionSensorDefinition(
                "picture_automation",
                target=dg.AssetSelection.groups(*PICTURE_GROUPS),
                default_status=dg.DefaultSensorStatus.RUNNING,
                minimum_interval_seconds=5,
            ),
        ],
        resources={**default_resources(), **(resources or {})},
        # A step costs 0.1 s in process and 1.6 s in a process of its own; what needs isolation starts its own.
        executor=dg.in_process_executor,
    )


defs = build_defs()
