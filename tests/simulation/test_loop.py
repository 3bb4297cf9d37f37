"""The whole way at a small size, on real tables, with votes over HTTP; and what stands in between."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from simulation import __main__ as command
from simulation import report
from simulation.annotators import PEOPLE
from simulation.course import Course
from simulation.home import Opened, clear, own_environment
from simulation.plan import Record, Size
from simulation.reading import ORACLE, RANDOM, ROUND_1, ROUND_2, read_texts
from simulation.tuning import settings_of
from tests.desk.conftest import desk as desk
from vitrina.config import get_settings
from vitrina.errors import RetryableError

if TYPE_CHECKING:
    import dagster as dg

SIZE = Size(products=230, held_out=20, round_1=200, round_2=24, best_of=3, policy=False)


@pytest.fixture
def opened(
    database: str,
    desk: str,
    instance: dg.DagsterInstance,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Opened]:
    """The demo's platform as a test has it: its own database, the desk in a thread, a record in memory."""
    # Few votes: gold must come often for its floor to be reached
    for name, value in {**settings_of(SIZE), "PAIR_GOLD_SHARE": "0.5"}.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    home = get_settings().vitrina_home
    home.mkdir(parents=True, exist_ok=True)
    yield Opened(home, get_settings(), instance, desk)
    get_settings.cache_clear()


@pytest.fixture
def course(opened: Opened) -> Course:
    """Nobody waits a minute for what cannot be undone any more."""
    from tests.preferences.people import let_pass

    return Course(opened, Record(opened.home / "loop.json", SIZE), lambda _: None, settled=let_pass)


def go(course: Course, until: str = "") -> list[str]:
    """Run the stages; the titles that were told."""
    titles: list[str] = []

    class Enough(Exception):
        pass

    def ended(words: str, told: dict[str, object]) -> None:
        if until and until in course.record.done:
            raise Enough

    with contextlib.suppress(Enough):
        course.run(lambda words, place, count: titles.append(words), ended)
    return titles


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_goods_become_votes_and_votes_become_better_cards(course: Course, opened: Opened) -> None:
    from vitrina.models_registry.models import Promotion, RegisteredModel
    from vitrina.preferences.models import PairOrigin
    from vitrina.review.models import Batch, Decision

    first = go(course, until="pairs_1")
    # How much gold somebody meets is drawn, and so few votes hold no 20 of it once in thirty times. Careful people
    # answer all of it rightly, so fewer answers and a higher floor tell as surely who does not read
    assert Batch.objects.update(gold_after=8, gold_floor=0.9) > 0
    first += go(course, until="votes_1")
    assert len(first) == 3
    done = course.record.done
    assert list(done["votes_1"]["careless"]) == [next(one.email for one in PEOPLE if one.careless)]
    assert done["votes_1"]["voided"] > 0
    # A killed demo goes on: nothing is done twice
    again = Course(opened, Record.load(opened.home), lambda _: None, settled=course.settled)  # type: ignore[arg-type]
    rest = go(again)
    assert set(first).isdisjoint(rest)
    assert not Decision.objects.filter(decided_by__username="leonid@people.example", item__batch__gt=1).exists()
    assert PairOrigin.objects.count() <= SIZE.round_1 + SIZE.round_2
    assert PairOrigin.objects.filter(chosen_for="best_of").exists()
    assert RegisteredModel.objects.filter(role="reward").count() == 2
    assert not Promotion.objects.filter(overridden=True, reason="").exists()
    done = again.record.done
    held = again.held_out_products()
    assert not PairOrigin.objects.filter(pair__product__in=held).exists()
    ids = (done["reward_1"]["model_id"], done["reward_2"]["model_id"])
    texts = read_texts(held, ids, "ru", seed=0)
    result = report.result_of(texts, again.record)
    assert result["products"] == SIZE.held_out
    means = {name: one["mean"] for name, one in result["means"].items()}
    assert means[ORACLE] >= max(means.values())
    assert means[ROUND_1] > means[RANDOM]
    assert means[ROUND_2] > means[RANDOM]
    report.draw(result, opened.home)
    report.save(result, opened.home)
    assert (opened.home / "loop.png").read_bytes().startswith(b"\x89PNG")
    assert report.load(opened.home) == json.loads(json.dumps(result))
    # Another look makes nothing anew
    assert go(Course(opened, again.record, lambda _: None)) == []


def test_the_demo_takes_no_setting_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody@elsewhere/shop")
    monkeypatch.setenv("R2_BUCKET", "shop")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://api.example/v1")
    for name in ("VITRINA_HOME", "VITRINA_ENV_FILE", "DJANGO_SETTINGS_MODULE", *settings_of(SIZE)):
        monkeypatch.setenv(name, "")  # what follows is taken back
    own_environment(tmp_path, settings_of(SIZE))
    settings = get_settings()
    assert (settings.database_url, settings.s3_bucket, settings.openai_base_url) == (None, None, None)
    assert settings.vitrina_home == tmp_path
    get_settings.cache_clear()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(RetryableError, match="something else"):
        clear(tmp_path)
    assert (tmp_path / "thesis.txt").exists()
    clear(tmp_path / "none")


def test_without_torch_the_policy_is_refused_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rich.console import Console

    from vitrina.errors import PermanentError

    monkeypatch.setattr(command, "find_spec", lambda name: None)
    with pytest.raises(PermanentError, match="torch"):
        command.run(tmp_path / "home", Size(), command.View(Console()))
    assert not (tmp_path / "home").exists()
