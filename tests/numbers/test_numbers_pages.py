"""Pages of numbers: what an empty platform says, who sees whose numbers, figures of marts, both languages."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.numbers.marts import processings

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

    from vitrina.review.models import Batch

pytestmark = pytest.mark.usefixtures("database")
PAGES = ("overview", "drops", "templates", "me", "people", "agreement", "gateway")


def make_marts(days: list[dict[str, Any]]) -> None:
    """Marts with a few rows, of the columns that dbt gives them (``tests/insight`` builds the real ones)."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA marts")
        cursor.execute(
            """CREATE TABLE marts.work_by_day (day date, drops bigint, rows_read bigint, accepted bigint,
            quarantined bigint, new_products bigint, texts bigint, texts_by_people bigint, judged bigint,
            approved_automatically bigint, sent_to_people bigint, published bigint)"""
        )
        for row in days:
            cursor.execute(
                "INSERT INTO marts.work_by_day VALUES (%s, 1, 100, 90, 10, 80, %s, 0, %s, %s, %s, %s)",
                [row["day"], row["texts"], row["judged"], row["automatic"], row["judged"] - row["automatic"], 30],
            )
        cursor.execute(
            """CREATE TABLE marts.ai_cost (day date, model text, provider text, kind text, purpose text,
            requests bigint,
            attempts bigint, succeeded bigint, failed bigint, repeated bigint, prompt_tokens bigint,
            completion_tokens bigint, cached_tokens bigint, known_cost_usd numeric, attempts_of_unknown_cost bigint)"""
        )
        for model, cost, unknown in (("priced", "1.5", 0), ("unpriced", "0", 7)):
            cursor.execute(
                "INSERT INTO marts.ai_cost VALUES (%s, %s, 'p', 'chat', 'texts', 7, 7, 7, 0, 0, 100, 50, 0, %s, %s)",
                [days[-1]["day"], model, Decimal(cost), unknown],
            )
        cursor.execute("COMMENT ON TABLE marts.work_by_day IS 'refreshed 2026-05-18T10:00:00+00:00'")
        cursor.execute("COMMENT ON TABLE marts.ai_cost IS 'refreshed 2026-05-18T09:30:00+00:00'")


def text_of(client: Client, path: str, language: str = "en") -> str:
    answer = client.get(path, headers={"accept-language": language})
    assert answer.status_code == 200, path
    return answer.content.decode()


def test_an_empty_platform_has_whole_pages_that_say_what_is_missing(client_of: Callable[..., Client]) -> None:
    admin = client_of("admin")
    pages = {name: text_of(admin, f"/numbers/{name}/") for name in PAGES}
    assert "They stand in marts that have not been built: work_by_day" in pages["overview"]
    assert "refresh_marts" in pages["overview"]
    assert "nothing to count yet" in pages["overview"]
    assert "No drop has come yet." in pages["drops"]
    assert "There are no templates yet." in pages["templates"]
    assert "You have decided nothing in this period yet." in pages["me"]
    assert "Nobody has decided anything in this period." in pages["people"]
    assert "There is no batch of pairs yet." in pages["agreement"]
    assert "Nothing holds calls back" in pages["gateway"]
    for page in pages.values():
        assert "nan" not in page.lower().replace("finance", "")
        assert "style=" not in page


def test_pages_are_in_russian_too(client_of: Callable[..., Client]) -> None:
    admin = client_of("admin")
    assert "Части показателей ещё нет." in text_of(admin, "/numbers/overview/", "ru")
    assert "За этот период вы ещё ничего не решили." in text_of(admin, "/numbers/me/", "ru")


def test_the_first_page_is_the_one_that_a_person_may_open(client_of: Callable[..., Client]) -> None:
    assert client_of("annotator").get("/numbers/")["Location"] == "/numbers/me/"
    assert client_of("moderator").get("/numbers/")["Location"] == "/numbers/overview/"


def test_nobody_but_administrators_sees_the_numbers_of_others(
    client_of: Callable[..., Client], person: Callable[..., User]
) -> None:
    other = person("annotator", "other@example.com")
    paths = ("/numbers/people/", f"/numbers/people/{other.pk}/", "/numbers/agreement/")
    for role in ("annotator", "moderator", "nobody"):
        client = client_of(role)
        assert [client.get(path).status_code for path in paths] == [403, 403, 403]
        assert "other@example.com" not in text_of(client, "/numbers/me/")
    admin = client_of("admin")
    assert [admin.get(path).status_code for path in paths] == [200, 200, 200]
    assert "other@example.com" in text_of(admin, f"/numbers/people/{other.pk}/")
    assert admin.get("/numbers/people/999999/").status_code == 404


def test_the_own_page_does_not_count_gold_up_and_the_administrators_does(
    client_of: Callable[..., Client], make_batch: Callable[..., Batch]
) -> None:
    from django.contrib.auth.models import User

    from vitrina.review.models import Decision, ReviewItem

    ann, admin = client_of("annotator"), client_of("admin")
    user = User.objects.get(email="annotator@example.com")
    shown = []
    for number, item in enumerate(ReviewItem.objects.filter(batch=make_batch(1, gold=22), part="gold")):
        Decision.objects.create(item=item, action="compare", choice="A", shown="left", flip=False, decided_by=user)
        if number in {14, 15, 19, 20, 21}:
            shown.append(re.search(r"known pairs</dt><dd>(.*?)</dd>", text_of(ann, "/numbers/me/"))[1])
    assert shown[0] == shown[1] == "–"
    assert shown[2] == shown[3] == shown[4]
    assert "n = 20" in shown[2]
    assert "n = 22" in text_of(admin, f"/numbers/people/{user.pk}/")


def test_marts_are_shown_with_the_time_of_the_oldest_and_unknown_costs_are_flagged(
    client_of: Callable[..., Client],
) -> None:
    today = datetime.now(UTC).date()
    make_marts(
        [
            {"day": today - timedelta(days=60), "texts": 1000, "judged": 1000, "automatic": 1000},
            {"day": today - timedelta(days=1), "texts": 60, "judged": 50, "automatic": 30},
            {"day": today, "texts": 50, "judged": 50, "automatic": 30},
        ]
    )
    client = client_of("moderator")
    page = text_of(client, "/numbers/overview/")
    assert "processing_by_day, confidence_by_day, review_reasons" in page
    # 60 of 100 judged texts of the period passed: Wilson 50.2 to 69.1
    assert "60.0\u00a0%" in page
    assert "50.2\u00a0%–69.1\u00a0%, n = 100" in page
    assert "30 days: 60 texts passed automatically, 40 went to people." in page
    assert "$\u00a01.50" in page
    assert '<span class="flagged">unknown</span>' in page
    assert "and 7 attempts of unknown cost" in page
    assert "1,060" not in page
    assert "1,060" in text_of(client, "/numbers/overview/?days=90")
    from vitrina.numbers import marts

    assert marts.standing("work_by_day", "ai_cost").refreshed_at == datetime(2026, 5, 18, 9, 30, tzinfo=UTC)
    assert marts.standing("work_by_day", "no_such").missing == ("no_such",)


def test_a_mart_of_another_shape_is_no_error(client_of: Callable[..., Client]) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA marts")
        cursor.execute("CREATE TABLE marts.drop_funnel (something int)")
    assert "No drop has come yet." in text_of(client_of("moderator"), "/numbers/drops/")


def test_statistics_of_the_log_count_by_status(database: str) -> None:
    from vitrina.numbers import periods, processing

    processings([("completed", 6, "0.3", 0, 6000), ("approved", 2, "0.1", 1, 1000), ("failed", 2, "0", 2, 1000)])
    found = processing.statistics(periods.period(30))
    assert (found.total, found.successful, found.failed) == (10, 8, 2)
    assert found.by_status == {"completed": 6, "approved": 2, "failed": 2}
    assert (found.known_cost_usd, found.of_unknown_cost, found.average_seconds) == (Decimal("0.4"), 3, 0.8)
    assert found.average_confidence is None
    assert "confidence_by_day" in found.marts.missing


def test_rows_in_quarantine_are_readable_and_escaped(client_of: Callable[..., Client]) -> None:
    from vitrina.catalog.models import Drop, QuarantinedRow, Source

    source = Source.objects.create(slug="shop")
    drop = Drop.objects.create(
        key="shop__a.csv__0", source=source, name="a.csv", path="drops/shop/a.csv", digest="0", stamp="s", rows=3,
        modified_at=datetime.now(UTC), state="parsed", accepted=2, quarantined=1, reasons={"no_title": 1},
        gate="held", gate_reasons=[{"rule": "another", "message": "Prices moved <much>"}],
    )  # fmt: skip
    QuarantinedRow.objects.create(
        drop=drop, ordinal=1, file="a.csv", number=4, reason="no_title", message="No title.",
        raw="<script>alert(1)</script>" + "x" * 5000,
    )  # fmt: skip
    page = text_of(client_of("admin"), f"/numbers/drops/{drop.pk}/")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "x" * 1000 not in page
    assert "no title" in page
    assert "Prices moved &lt;much&gt;" in page
    assert "partition=shop__a.csv__0" in page
    moderator = client_of("moderator")
    assert "partition=" not in text_of(moderator, f"/numbers/drops/{drop.pk}/")
    listed = text_of(moderator, "/numbers/drops/?state=held&q=shop")
    assert "shop / a.csv" in listed
    assert "No drop is like that." in text_of(moderator, "/numbers/drops/?state=unreadable")
    assert "No row of this drop" in text_of(moderator, f"/numbers/drops/{drop.pk}/?reason=too_large")


def test_no_page_asks_more_the_more_there_is(client_of: Callable[..., Client]) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from vitrina.screenshots.seeding import seed

    admin = client_of("admin")

    def asked() -> dict[str, int]:
        found = {}
        for name in PAGES:
            with CaptureQueriesContext(connection) as queries:
                text_of(admin, f"/numbers/{name}/")
            found[name] = len(queries)
        return found

    empty = asked()
    seed(products=40, pairs=30)
    full = asked()
    assert all(full[name] <= empty[name] + 12 for name in PAGES), (empty, full)
    assert max(full.values()) <= 30, full
