"""The type of jobs that sensors and schedules ask for."""

from typing import Any

#: What ``dg.define_asset_job`` returns; Dagster does not export the class.
AssetJob = Any
