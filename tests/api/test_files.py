"""Items and decisions as files, in both directions."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.api.conftest import Caller
    from vitrina.review.models import Batch

pytestmark = pytest.mark.usefixtures("database")
Callers = Callable[..., "Caller"]
Batches = Callable[..., "Batch"]
LINES, CSV = "application/x-ndjson", "text/csv"


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def test_pairs_come_in_from_csv_once_and_go_out_in_a_form_that_comes_in_again(caller: Callers, batch: Batches) -> None:
    from vitrina.review.models import ResponsePair

    admin, work = caller("admin", "a@example.com"), batch(0)
    sent = (
        "first,second,prompt,facts,part,expected\r\n"
        '\'=SUM(A1),Второй текст,Товар,"{""Цвет"": ""белый""}",work,\r\n'
        "Верно,Неверно,,,gold,first\r\n"
    )
    done = admin.post(f"batches/{work.pk}/pairs", sent, media=CSV)
    assert done.json() == {"added": 2, "repeated": 0, "refused": {}}
    assert admin.post(f"batches/{work.pk}/pairs", sent, media=CSV).json()["repeated"] == 2
    pair = ResponsePair.objects.get(prompt="Товар")
    assert {pair.text_a, pair.text_b} == {"=SUM(A1)", "Второй текст"}
    assert pair.facts == {"Цвет": "белый"}
    out = admin.get("items/export", format="csv", batch=work.pk)
    assert out["Content-Type"].startswith("text/csv")
    text = body(out)
    assert b'"\'=SUM(A1)"' in text
    assert admin.post(f"batches/{work.pk}/pairs", text.decode(), media=CSV).json()["repeated"] == 2
    lines = body(admin.get("items/export", batch=work.pk)).decode()
    assert {json.loads(line)["expected"] for line in lines.splitlines()} <= {"", "first", "second"}
    assert admin.post(f"batches/{work.pk}/pairs", lines, media=LINES).json()["repeated"] == 2


@pytest.mark.parametrize(
    ("media", "sent", "status", "line"),
    [
        (LINES, '{"first": "a", "second": "b"}\n{"first": "a"}\n', 422, "line 2"),
        (LINES, '{"first": "a", "second": "b", "secnod": "c"}\n', 422, "line 1"),
        (LINES, '{"first": "a", "second": "b", "product": 77}\n', 422, "line 1"),
        (LINES, '{"first": "a", "second": "b", "part": "gold"}\n', 422, "line 1"),
        (LINES, '{"first": "a", "second": "b", "part": "onboarding", "expected": "tie"}\n', 422, "line 1"),
        (LINES, "{broken\n", 400, None),
        (LINES, "[1]\n", 400, None),
        (LINES, '{"first": "a\\u0000", "second": "b"}\n', 400, None),
        (LINES, "", 422, None),
        (LINES, "\n\n", 422, "line 1"),
        (CSV, "first,second\na,b,c\n", 400, None),
        (CSV, "first,first\na,b\n", 400, None),
        (CSV, 'first,second\n"a,b\n', 400, None),
        (CSV, "first,second,facts\na,b,{x\n", 422, "line 2"),
        (CSV, b"first,second\n\xff,b\n", 400, None),
        ("application/json", "{}", 415, None),
    ],
)
def test_a_file_with_a_wrong_row_is_refused_whole_and_the_line_is_named(
    caller: Callers, batch: Batches, media: str, sent: Any, status: int, line: str | None
) -> None:
    from vitrina.review.models import ReviewItem

    admin, work = caller("admin", "a@example.com"), batch(0)
    answer = admin.call("post", f"batches/{work.pk}/pairs", sent, media=media)
    assert answer.status_code == status, answer.content
    assert line is None or line in answer.json()["fields"]
    assert not ReviewItem.objects.exists()


def test_a_file_beyond_the_limit_is_refused(caller: Callers, batch: Batches, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vitrina.api.files.MOST_BYTES", 100)
    admin, work = caller("admin", "a@example.com"), batch(0)
    answer = admin.post(f"batches/{work.pk}/pairs", "x" * 101, media=CSV)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_decisions_go_out_under_pseudonyms_and_cells_are_no_formulas(caller: Callers, batch: Batches) -> None:
    me, admin, work = caller(), caller("admin", "a@example.com"), batch(1)
    token = me.get("items/next", batch=work.pk).json()["token"]
    me.post(f"leases/{token}/decide", {"side": "left", "comment": '=HYPERLINK("x")', "reasons": ["facts"]})
    text = body(admin.get("decisions/export", format="csv")).decode("utf-8-sig")
    [row] = csv.DictReader(io.StringIO(text))
    assert row["comment"].startswith("'=")
    assert row["annotator"].startswith("annotator-")
    assert "example.com" not in text
    [line] = body(admin.get("decisions/export", standing="true")).decode().splitlines()
    assert json.loads(line)["reasons"] == ["facts"]
    [listed] = admin.get("decisions", batch=work.pk).json()["results"]
    assert listed["annotator"] == row["annotator"]


def test_votes_given_elsewhere_come_in_once_and_hold_to_the_places(caller: Callers, batch: Batches) -> None:
    from vitrina.review.models import Decision, Outbox, ReviewItem

    admin, work = caller("admin", "a@example.com"), batch(2, overlap=1)
    olga = caller("annotator", "olga@example.com")
    marks = list(ReviewItem.objects.order_by("pk").values_list("pair__fingerprint", flat=True))
    rows = [{"pair": mark, "annotator": "olga@example.com", "choice": "A"} for mark in marks]
    sent = "\n".join(map(json.dumps, rows))
    assert admin.post(f"batches/{work.pk}/votes", sent, media=LINES).json() == {
        "added": 2,
        "repeated": 0,
        "refused": {},
    }
    assert admin.post(f"batches/{work.pk}/votes", sent, media=LINES).json()["repeated"] == 2
    assert Decision.objects.count() == Outbox.objects.count() == 2
    assert set(ReviewItem.objects.values_list("state", "done")) == {("done", 1)}
    other = json.dumps({"pair": marks[0], "annotator": "a@example.com", "choice": "E"})
    assert admin.post(f"batches/{work.pk}/votes", other, media=LINES).json()["refused"] == {"full": 1}
    changed = json.dumps(rows[0] | {"choice": "B"})
    assert admin.post(f"batches/{work.pk}/votes", changed, media=LINES).json()["refused"] == {"answered": 1}
    unknown = json.dumps(rows[0] | {"annotator": "nobody@example.com"})
    assert admin.post(f"batches/{work.pk}/votes", unknown, media=LINES).status_code == 422
    assert olga.post(f"batches/{work.pk}/votes", sent, media=LINES).status_code == 403
