"""The shop's category tree, labels and templates: a changed file asks for the assets made from it."""

import hashlib

import dagster as dg

from resources.object_store import ObjectStoreResource
from sensors.jobs import AssetJob
from sensors.requests import IN_PROGRESS, attempt

_PREFIX = "reference/"
STAMP_TAG = "vitrina/reference"


def build_reference_files_sensor(job: AssetJob) -> dg.SensorDefinition:
    """The sensor, running from the start, asking for ``job`` once for each state of the files.

    The cursor holds the state that a run has made good; a state whose run failed is asked for again.
    """

    @dg.sensor(
        name="reference_files",
        job=job,
        minimum_interval_seconds=10,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Asks for categories, templates, classifier and vectors when a file under reference/ changes.",
    )
    def reference_files(
        context: dg.SensorEvaluationContext, object_store: ObjectStoreResource
    ) -> dg.RunRequest | dg.SkipReason:
        listing = sorted(
            (info.key, info.size, info.etag or info.modified.isoformat()) for info in object_store.store().list(_PREFIX)
        )
        if not any(key.endswith("categories.yaml") for key, _, _ in listing):
            return dg.SkipReason(
                "There is no reference/categories.yaml yet: `vitrina categories sync FILE` places one."
            )
        stamp = hashlib.sha256(repr(listing).encode()).hexdigest()[:16]
        if context.cursor == stamp:
            return dg.SkipReason("No reference file has changed.")
        tags = {STAMP_TAG: stamp}
        made = dg.RunsFilter(job_name=job.name, tags=tags, statuses=[dg.DagsterRunStatus.SUCCESS])
        if context.instance.get_runs_count(made):
            context.update_cursor(stamp)
            return dg.SkipReason("No reference file has changed.")
        if context.instance.get_runs_count(dg.RunsFilter(job_name=job.name, statuses=IN_PROGRESS)):
            return dg.SkipReason("Reference files are being read.")
        number = attempt(context.instance, tags)
        if isinstance(number, str):
            return dg.SkipReason(f"Reference files: {number}.")
        return dg.RunRequest(run_key=f"reference:{stamp}:{number}", tags=tags)

    return reference_files
