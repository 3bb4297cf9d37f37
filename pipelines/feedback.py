"""Code location ``feedback``: pairs to compare, preferences of people, datasets.

Jobs, schedules and sensors of the location. Loading it connects to nothing.
"""

from typing import Any

import dagster as dg

from assets.decision_checks import decision_checks
from assets.feedback import (
    best_of_uplift,
    champion_on_new_votes,
    preference_dataset,
    preferences,
    response_pairs,
    writer_ratings,
)
from pipelines.review_jobs import build_decision_checks_job, half_hourly
from resources import default_resources
from resources.warehouse import Warehouse
from sensors.decisions import build_decisions_sensor
from sensors.jobs import AssetJob
from sensors.preferences import (
    build_enough_preferences_sensor,
    build_new_champion_sensor,
    build_pair_queue_sensor,
)
from vitrina.project.setup import setup_django

ASSETS = [
    response_pairs.response_pairs,
    preferences.preferences,
    champion_on_new_votes.champion_on_new_votes,
    best_of_uplift.best_of_uplift,
    writer_ratings.writer_ratings,
    preference_dataset.preference_dataset,
]
DECISION_CHECKS = decision_checks(preferences.preferences, "preferences")
CHECKS = [
    response_pairs.writers_differ,
    DECISION_CHECKS,
    preferences.preferences_say_what_people_said,
    preferences.sides_are_even,
    champion_on_new_votes.champion_holds_on_new_votes,
    champion_on_new_votes.policy_holds_on_desk_votes,
    preference_dataset.sides_do_not_meet,
    preference_dataset.nothing_is_lost,
]


def weekly(make_dataset: AssetJob) -> dg.ScheduleDefinition:
    """The dataset of the week; where nobody has preferred anything yet there is none to make, and no run fails."""

    @dg.schedule(
        name="weekly_preference_dataset",
        job=make_dataset,
        cron_schedule="0 4 * * 1",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="The dataset of the week, however few preferences are new. It calls no model.",
    )
    def weekly_preference_dataset(
        context: dg.ScheduleEvaluationContext, warehouse: Warehouse
    ) -> dg.RunRequest | dg.SkipReason:
        setup_django()
        from vitrina.preferences.models import Preference

        if not Preference.objects.filter(outcome__in=(Preference.Outcome.A, Preference.Outcome.B)).exists():
            return dg.SkipReason("No preference for one of two texts is there yet.")
        return dg.RunRequest()

    return weekly_preference_dataset


def build_defs(*, resources: dict[str, Any] | None = None) -> dg.Definitions:
    """The location. ``resources`` overrides those of the settings (tests)."""
    make_pairs = dg.define_asset_job(
        "make_pairs",
        selection=dg.AssetSelection.assets("response_pairs"),
        description="Two texts for each of some products, sent to the desk to be compared.",
    )
    collect_preferences = dg.define_asset_job(
        "collect_preferences",
        selection=dg.AssetSelection.assets("preferences", "champion_on_new_votes", "best_of_uplift", "writer_ratings"),
        description="Votes and edits of people become preferences; the reward model in use, best of n and the writers "
        "are measured on them.",
    )
    make_dataset = dg.define_asset_job(
        "make_preference_dataset",
        selection=dg.AssetSelection.assets("preferences", "champion_on_new_votes", "preference_dataset"),
        description="What people said until now, validated, split and versioned; pushed to the Hub where one is set.",
    )
    checks_of_decisions = build_decision_checks_job("preference_decision_checks", DECISION_CHECKS)
    return dg.Definitions(
        assets=ASSETS,
        asset_checks=CHECKS,
        jobs=[make_pairs, collect_preferences, make_dataset, checks_of_decisions],
        schedules=[
            half_hourly(checks_of_decisions),
            weekly(make_dataset),
        ],
        sensors=[
            build_decisions_sensor("preference_decisions", {"preferences": collect_preferences}),
            build_enough_preferences_sensor(make_dataset),
            build_pair_queue_sensor(make_pairs),
            build_new_champion_sensor(make_pairs),
        ],
        resources={**default_resources(), **(resources or {})},
        executor=dg.in_process_executor,
    )


defs = build_defs()
