"""Editing, another text, off the shop and back: decisions of people, in effect by the pass of publication alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.catalog.making import catalogue, day, parsed, take, verdict, version
from vitrina.config import Settings

pytestmark = pytest.mark.usefixtures("database")
BODY = "Первый абзац о платье.\n\n- хлопок\n- карманы\n\nПоследний <b>абзац</b>."


@pytest.fixture
def product(settings: Settings) -> Any:
    """On show with an approved text."""
    from vitrina.catalog.publishing import publish

    take(day(0), [parsed("A-1", "Платье из хлопка"), parsed("A-2", "Крем")])
    found = catalogue()["A-1"]
    verdict(version(found, 1, body="<p>Платье из хлопка</p>", content={}))
    publish(settings)
    return found


def later() -> None:
    """The time for undoing is over."""
    from vitrina.review.models import Outbox

    Outbox.objects.update(available_at=datetime.now(UTC) - timedelta(seconds=1))


def state(product: Any) -> str:
    from vitrina.catalog.models import Publication

    return Publication.objects.get(product=product).state


def typed(**more: str) -> dict[str, str]:
    return {"title": "Платье", "body": BODY, "seo_title": "Платье", "seo_description": "Платье", "keywords": "a, b",
            "seen": "1", "action": "save", **more}  # fmt: skip


def test_a_persons_text_is_a_new_version_and_goes_on_show_with_the_next_pass(
    moderator: Any, product: Any, settings: Settings
) -> None:
    from vitrina.catalog.models import Publication
    from vitrina.catalog.publishing import publish
    from vitrina.review.outbox import PUBLICATION, reconcile

    user, client = moderator
    answer = client.post(f"/products/{product.pk}/edit/", typed(comment="точнее"), follow=True)
    assert "Saved." in answer.content.decode()
    assert product.versions.count() == 1  # nothing is in effect before its time
    publish(settings)
    assert product.versions.count() == 1
    later()
    publish(settings)
    made = product.versions.get(number=2)
    assert (made.origin, made.author) == ("person", user)
    assert made.body == (
        "<p>Первый абзац о платье.</p><ul><li>хлопок</li><li>карманы</li></ul>"
        "<p>Последний &lt;b&gt;абзац&lt;/b&gt;.</p>"
    )
    assert Publication.objects.get(product=product).version == made
    assert product.versions.get(number=1).body == "<p>Платье из хлопка</p>"
    before = Publication.objects.get(product=product).updated_at
    publish(settings)
    assert Publication.objects.get(product=product).updated_at == before
    assert reconcile(PUBLICATION).balanced


def test_the_contract_is_shown_before_saving_and_nothing_is_kept(moderator: Any, product: Any) -> None:
    from vitrina.review.models import Decision

    _, client = moderator
    page = client.post(f"/products/{product.pk}/edit/", typed(action="check")).content.decode()
    assert "Too few words" in page
    assert "Первый абзац о платье." in page  # what was typed stands
    part = client.post(f"/products/{product.pk}/edit/", typed(action="check"), headers={"hx-request": "true"})
    assert "<html" not in part.content.decode()
    assert Decision.objects.count() == 0


def test_what_the_contract_cannot_hold_is_not_kept(moderator: Any, product: Any) -> None:
    from vitrina.review.models import Decision

    _, client = moderator
    for wrong in ({"title": ""}, {"body": " \n"}, {"title": "x" * 101}, {"seo_title": "x" * 71}):
        answer = client.post(f"/products/{product.pk}/edit/", typed(**wrong))
        assert answer.status_code == 422, wrong
        assert "This cannot be kept" in answer.content.decode()
    assert Decision.objects.count() == 0


def test_a_text_that_came_meanwhile_is_a_conflict_and_what_was_typed_stands(moderator: Any, product: Any) -> None:
    _, client = moderator
    version(product, 2)
    answer = client.post(f"/products/{product.pk}/edit/", typed())
    assert answer.status_code == 409
    assert "Version 2 came while you wrote" in answer.content.decode()
    assert "Первый абзац о платье." in answer.content.decode()
    again = client.post(f"/products/{product.pk}/edit/", typed(seen="2"))
    assert again.status_code == 302


def test_a_first_text_can_be_written_by_hand_and_moderation_can_read_it(
    moderator: Any, product: Any, settings: Settings
) -> None:
    from vitrina.catalog.publishing import publish
    from vitrina.content.verdicts import moderate

    _, client = moderator
    bare = catalogue()["A-2"]
    assert client.get(f"/products/{bare.pk}/edit/").status_code == 200
    client.post(f"/products/{bare.pk}/edit/", typed(seen="0"))
    later()
    publish(settings)
    assert bare.versions.get().origin == "person"
    assert state(bare) == "published"
    assert moderate([bare.pk], settings).unchanged == 1


def test_reprocessing_is_a_decision_with_reasons(moderator: Any, product: Any) -> None:
    from vitrina.review.models import Decision
    from vitrina.review.services import wanted_again

    user, client = moderator
    client.post(f"/products/{product.pk}/again/", {"reasons": ["poor", "nonsense"], "comment": "мало", "seen": "1"})
    decision = Decision.objects.get()
    assert (decision.action, decision.reasons, decision.comment, decision.decided_by) == (
        "reprocess", ["poor"], "мало", user,
    )  # fmt: skip
    assert wanted_again([product.pk]) == frozenset()
    later()
    assert wanted_again([product.pk]) == {product.pk}


def test_off_the_shop_and_back_by_the_pass_of_publication_alone(
    moderator: Any, product: Any, settings: Settings
) -> None:
    from vitrina.catalog.publishing import publish

    _, client = moderator
    told = client.post(f"/products/{product.pk}/shown/", {"shown": "no"}, follow=True).content.decode()
    assert "Choose a reason" in told
    client.post(f"/products/{product.pk}/shown/", {"shown": "no", "reasons": "complaint"})
    assert state(product) == "published"
    assert "Will be taken off the shop" in client.get(f"/products/{product.pk}/").content.decode()
    publish(settings)
    assert state(product) == "published"
    later()
    publish(settings)
    assert state(product) == "unpublished"
    # Neither a new approved text nor an edit puts it back by itself.
    verdict(version(product, 2))
    publish(settings)
    client.post(f"/products/{product.pk}/edit/", typed(seen="2"))
    later()
    publish(settings)
    assert state(product) == "unpublished"
    client.post(f"/products/{product.pk}/shown/", {"shown": "yes"})
    later()
    publish(settings)
    assert state(product) == "published"
    publish(settings)
    assert state(product) == "published"


def test_what_is_off_already_cannot_be_taken_off_again(moderator: Any, product: Any, settings: Settings) -> None:
    from vitrina.review.models import Decision

    _, client = moderator
    for _ in range(2):
        client.post(f"/products/{product.pk}/shown/", {"shown": "no", "reasons": "mistake"})
    assert Decision.objects.count() == 1
    bare = catalogue()["A-2"]
    told = client.post(f"/products/{bare.pk}/shown/", {"shown": "no", "comment": "x"}, follow=True).content.decode()
    assert "This product was never in the shop." in told


@pytest.mark.parametrize(("path", "data"), [
    ("shown", {"shown": "no", "reasons": "mistake"}), ("again", {"reasons": "poor"}), ("edit", typed()),
])  # fmt: skip
def test_a_decision_can_be_taken_back_and_leaves_no_case_behind(
    moderator: Any, product: Any, settings: Settings, path: str, data: dict[str, str]
) -> None:
    from vitrina.catalog.publishing import publish
    from vitrina.review.models import Lease, ReviewItem

    _, client = moderator
    client.post(f"/products/{product.pk}/{path}/", data)
    page = client.get(f"/products/{product.pk}/").content.decode()
    assert "Take it back" in page
    client.post(f"/products/{product.pk}/back/")
    later()
    publish(settings)
    assert state(product) == "published"
    assert product.versions.count() == 1
    assert not ReviewItem.objects.filter(state="open").exists()
    assert not Lease.objects.filter(ended_at=None).exists()
    assert "Take it back" not in client.get(f"/products/{product.pk}/").content.decode()


def test_a_case_that_somebody_holds_is_left_to_them(moderator: Any, product: Any, person: Any) -> None:
    from vitrina.review.models import ReviewItem
    from vitrina.review.queue import claim

    _, client = moderator
    made = product.versions.get()
    item = ReviewItem.objects.create(kind="text", key=f"version:{made.pk}", product=product, version=made)
    claim(person("moderator", "other@example.com"), item.pk)
    answer = client.post(f"/products/{product.pk}/edit/", typed())
    assert answer.status_code == 409
    assert "in the queue right now" in answer.content.decode()


def test_plain_lines_and_markup_are_each_others_reverse() -> None:
    from vitrina.workbench.editing import lines_of, markup_of

    body = "<p>Раз &amp; два.</p><ul><li>хлопок</li><li>лён</li></ul><p>Три &lt;b&gt;.</p>"
    assert lines_of(body) == "Раз & два.\n\n- хлопок\n- лён\n\nТри <b>."
    assert markup_of(lines_of(body)) == body
    assert markup_of("<script>alert(1)</script>") == "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"
    assert markup_of("") == ""
