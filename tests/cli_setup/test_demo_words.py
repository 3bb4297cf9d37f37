"""What the demo shows of the platform's state, from answers of a GraphQL end that is a plain object."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console

from vitrina.cli.demo_report import Figures, place_drops, place_reference
from vitrina.cli.demo_view import Outcome, Teller, counts, made_lines, outcome_object, print_summary
from vitrina.config import Settings
from vitrina.servers import progress
from vitrina.servers.idle import Verdict


class Answers:
    """Stands for ``DagsterApi.ask``: the first answer whose field the query names."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        return {name: value for name, value in self.answers.items() if name in query}


def node(
    key: str, *, made: float | None = None, inputs: tuple[str, ...] = (), automated: bool = True
) -> dict[str, Any]:
    return {
        "assetKey": {"path": key.split("/")},
        "dependencyKeys": [{"path": other.split("/")} for other in inputs],
        "automationCondition": {"label": "x"} if automated else None,
        "assetMaterializations": [] if made is None else [{"timestamp": str(int(made * 1000))}],
    }


def test_assets_of_several_locations_are_joined() -> None:
    api: Any = Answers(
        assetNodes=[node("parsed", made=5.0), node("parsed", automated=False), node("marts/a", inputs=("parsed",))]
    )
    found = progress.assets(api)
    assert found.made == {"parsed": 5.0, "marts/a": None}
    assert found.inputs["marts/a"] == ("parsed",)
    assert found.automated == {"parsed", "marts/a"}


def test_a_clock_stands_in_for_ticks_that_are_not_shown_and_slow_sensors_do_not_count() -> None:
    def sensor(
        name: str, *, status: str = "RUNNING", interval: int = 5, ticks: tuple[tuple[float, str], ...] = ()
    ) -> Any:
        shown = [{"timestamp": time, "status": state} for time, state in ticks]
        return {"name": name, "minIntervalSeconds": interval, "sensorState": {"status": status, "ticks": shown}}

    nodes = [
        {
            "location": {"name": "catalog"},
            "sensors": [
                sensor("drops", ticks=((108.0, "SKIPPED"), (110.0, "STARTED"))),
                sensor("mute"),
                sensor("stopped", status="STOPPED"),
                sensor("rare", interval=600),
            ],
        }
    ]
    api: Any = Answers(repositoriesOrError={"nodes": nodes})
    found = progress.sensor_ticks(api, since=100.0, now=100.0 + 2.5 * progress.STAND_IN)
    assert found == {
        "catalog/drops": (108.0,),
        "catalog/mute": (100.0 + progress.STAND_IN, 100.0 + 2 * progress.STAND_IN),
    }


def test_backfills_in_progress_and_those_that_failed() -> None:
    def backfill(status: str, at: float) -> dict[str, Any]:
        error = {"message": "no such partition\nand more"} if status == "FAILED" else None
        return {"id": status, "status": status, "timestamp": at, "assetSelection": [{"path": ["a"]}], "error": error}

    results = [backfill("REQUESTED", 20), backfill("COMPLETED_SUCCESS", 20), backfill("FAILED", 20)]
    api: Any = Answers(partitionBackfillsOrError={"results": results})
    assert progress.backfills_in_progress(api) == 1
    assert progress.failed_backfills(api, 10) == [("FAILED", "a", "no such partition")]
    assert progress.failed_backfills(api, 30) == []


def test_many_tables_of_one_schema_share_a_line() -> None:
    former: dict[str, float | None] = {"moderation": 1.0, "parsed": 1.0}
    now = {"moderation": 2.0, "parsed": 1.0, **{f"marts/{name}": 2.0 for name in "abc"}, "marts_staging/x": None}
    assert made_lines(former, now) == ["✓ moderation", "✓ marts (3 tables)"]


def test_without_a_terminal_long_silence_is_broken() -> None:
    out = io.StringIO()
    teller = Teller(Console(file=out), began=0.0)
    teller.now("still going")
    assert "still going" in out.getvalue()
    teller.now("too soon")
    assert "too soon" not in out.getvalue()


def outcome(**values: Any) -> Outcome:
    figures = Figures(drops=3, products=10, descriptions=9, in_moderation=2, published=7, cost_usd=Decimal("0.5"))
    given = {"figures": figures, "verdict": Verdict.FINISHED, "changed": True, "seconds": 61.2, "export": "s3://b/x"}
    return Outcome(**(given | values))


def summary(result: Outcome, home: Path) -> str:
    out = io.StringIO()
    settings = Settings(vitrina_home=home, vitrina_port=3210)  # type: ignore[call-arg]
    print_summary(Console(file=out, width=200), settings, result, kept_running=False)
    return out.getvalue()


def test_the_summary_says_what_was_made_where_it_lies_and_what_to_do_next(tmp_path: Path) -> None:
    said = summary(outcome(), tmp_path)
    for part in ("published", "0.5000 USD", "61 s", "s3://b/x", "make up", "127.0.0.1:3210", "drop check"):
        assert part in said
    assert "Nothing changed" not in said
    assert "Nothing changed" in summary(outcome(changed=False), tmp_path)


def test_failures_are_named_and_make_the_demo_fail(tmp_path: Path) -> None:
    failed = outcome(failures=[{"run": "r", "step": "moderation", "message": "no [bold]disk"}])
    assert not failed.good
    assert "failed: moderation: no [bold]disk" in summary(failed, tmp_path)
    stuck = outcome(verdict=Verdict.STUCK, behind=("moderation",))
    assert not stuck.good
    assert "unfinished: moderation" in summary(stuck, tmp_path)
    assert json.loads(json.dumps(outcome_object(stuck)))["behind"] == ["moderation"]
    assert counts(stuck.figures).startswith("10 products")


def test_samples_are_placed_once_and_source_settings_before_their_drops(tmp_path: Path) -> None:
    settings = Settings(vitrina_home=tmp_path)  # type: ignore[call-arg]
    assert set(place_reference(settings)) == {"reference/categories.yaml", "reference/templates.yaml"}
    drops, written = place_drops(settings)
    assert set(drops) < set(written)
    named = [key.endswith("source.yaml") for key in written]
    assert named == sorted(named, reverse=True)
    assert place_reference(settings) == []
    assert place_drops(settings) == (drops, [])
