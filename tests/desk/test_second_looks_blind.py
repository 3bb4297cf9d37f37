"""Who looks at a text again is sent nothing that tells it from a first case; who approved it meets it nowhere."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.desk.cases import HTMX, user_of
from tests.review.looks import APPROVE, EDIT, REJECT, decide, draw_all, effect, make_case

pytestmark = pytest.mark.usefixtures("database")
WORDS = {"title": "Платье из сада", "body": "<p>Лёгкое платье на каждый день</p>"}


@pytest.fixture(autouse=True)
def all_are_drawn(monkeypatch):
    draw_all(monkeypatch)


def first_case(number: int, **words: str) -> Any:
    """A case as the pipelines open it: a written text, a category that is not sure, claims that were checked."""
    from vitrina.categories.models import Category, ProductCategory
    from vitrina.content.models import ContentVersion

    item = make_case(number)
    category = Category.objects.get_or_create(slug="dresses", defaults={"name_ru": "Платья", "path_ru": "Платья"})[0]
    ProductCategory.objects.create(
        product=item.product, category=category, confidence=0.61, decided_by="model", fingerprint="f"
    )
    ContentVersion.objects.filter(product=item.product).update(
        **(WORDS | words), model="writer-9", prompt_version="p.1", run_id="0123456789abcdef",
        grounding={"score": 1.0, "claims": 0, "findings": []},
    )  # fmt: skip
    item.refresh_from_db()
    return item


def second_look(maria: Any, number: int, *, edited: bool) -> Any:
    """The case of a second look at a text that this person approved, after an edit or as it was."""
    from vitrina.review.judgement import Judgement
    from vitrina.review.models import SecondLook

    first = first_case(number, **({"body": "<p>Прежние слова</p>"} if edited else {}))
    decide(maria, first, Judgement("edit", edit=WORDS, category="") if edited else APPROVE)
    effect()
    return SecondLook.objects.get(first__item=first).item


def alike(html: str) -> str:
    """What reached the browser, without numbers and tokens of the single case."""
    html = re.sub(r'name="(?:token|csrfmiddlewaretoken)" value="[^"]*"', "", html)
    html = re.sub(r"(:\d\d)\.\d{6}", r"\1", html)  # one moment in a million has no fraction
    return re.sub(r"\d+", "#", html)


def pages(client: Any, item: Any) -> list[str]:
    """The case in whole and as htmx gets it, in every way of looking, with its headers; without the list beside it."""
    found = []
    for headers in ({}, HTMX):
        for query in ("", "?tab=facts", "?edit=1"):
            answer = client.get(f"/moderation/{item.pk}/{query}", headers={"accept-language": "ru", **headers})
            assert answer.status_code == 200
            html = answer.content.decode()
            case = html[html.index('<article class="text"') :]
            assert "data-current" not in case
            told = [f"{name}: {value}" for name, value in answer.items() if name not in {"Content-Length"}]
            found.append(alike("\n".join([*told, case])))
    return found


@pytest.mark.parametrize("edited", [False, True], ids=["as it was", "edited"])
def test_a_second_look_is_sent_as_a_first_case_is(maria, oleg, edited):
    again, first = second_look(user_of(maria), 1, edited=edited), first_case(2)
    assert pages(oleg, again) == pages(oleg, first)


@pytest.mark.parametrize("edited", [False, True], ids=["as it was", "edited"])
def test_the_list_and_the_counts_show_it_as_any_other(maria, oleg, edited):
    again, first = second_look(user_of(maria), 1, edited=edited), first_case(2)
    oleg.get("/moderation/mine/")
    html = alike(oleg.get("/moderation/", headers={"accept-language": "ru"}).content.decode())
    rows = re.findall(r"<li><label class=\"pick\">.*?</li>", html, re.DOTALL)
    assert len(rows) == 2
    assert rows[0] == rows[1]
    assert {again.version.title, first.version.title} == {WORDS["title"]}


def test_what_is_sent_with_an_edit_that_is_looked_at_again_decides_it(maria, oleg):
    from tests.desk.cases import lease_of
    from vitrina.review.models import ReviewItem

    again = second_look(user_of(maria), 1, edited=True)
    page = oleg.get(f"/moderation/{again.pk}/").content.decode()
    [seen] = re.findall(r'name="seen" value="(\d+)"', page)
    assert seen == "1"
    sent = {"token": str(lease_of(user_of(oleg)).token), "seen": seen, "action": "approve"}
    assert oleg.post(f"/moderation/{again.pk}/decide/", sent).status_code == 302
    assert ReviewItem.objects.get(pk=again.pk).state == "approved"


def test_who_approved_meets_the_second_look_nowhere(maria, oleg):
    again = second_look(user_of(maria), 1, edited=False)
    assert maria.get(f"/moderation/{again.pk}/").status_code == 404
    assert f"row-{again.pk}" not in maria.get("/moderation/").content.decode()
    assert f"row-{again.pk}" in oleg.get("/moderation/").content.decode()
    token = "00000000-0000-0000-0000-000000000000"
    for path in ("decide", "later", "assign", "check"):
        assert maria.post(f"/moderation/{again.pk}/{path}/", {"action": "approve", "token": token}).status_code == 404
    maria.post("/moderation/bulk/", {"items": f"{again.pk}:1", "action": "approve"})
    again.refresh_from_db()
    assert (again.state, again.done) == ("open", 0)


def history_of(client: Any, item: Any) -> str:
    """What a case's page tells of what happened before."""
    html = client.get(f"/moderation/{item.pk}/").content.decode()
    start = html.index('class="history"')
    return html[start : html.index("</aside>", start)]


def test_the_first_decision_is_told_when_the_second_one_is_heard(maria, oleg):
    from vitrina.review.models import SecondLook

    user = user_of(maria)
    user.first_name = "Мария Иванова"
    user.save()
    again = second_look(user, 1, edited=False)
    first = SecondLook.objects.get().first.item
    assert oleg.get(f"/moderation/{first.pk}/").status_code == 404
    assert maria.get(f"/moderation/{first.pk}/").status_code == 200
    decide(user_of(oleg), again)
    assert "Иванова" not in history_of(oleg, again), "it can still be undone"
    effect()
    assert "Иванова" in history_of(oleg, again)
    assert "Петров" in history_of(oleg, again)
    assert oleg.get(f"/moderation/{first.pk}/").status_code == 200


def test_who_is_too_late_for_the_first_case_does_not_learn_what_was_decided(maria, oleg):
    from tests.desk.cases import form_of
    from tests.review.test_queue import expire

    first = first_case(1)
    form = form_of(oleg, first, action="approve")
    expire()
    decide(user_of(maria), first)
    effect()
    answer = oleg.post(f"/moderation/{first.pk}/decide/", form, headers=HTMX)
    assert answer.status_code == 409
    assert "approved" not in answer.content.decode()


def test_a_third_person_sees_what_both_said_and_would_change(maria, oleg, client_of):
    from vitrina.review.judgement import Judgement
    from vitrina.review.models import SecondLook

    admin = client_of("admin")
    again = second_look(user_of(maria), 1, edited=False)
    decide(user_of(oleg), again, Judgement("edit", edit=EDIT, comment="короче"))
    effect()
    third = SecondLook.objects.get().third
    page = admin.get(f"/moderation/{third.pk}/", headers={"accept-language": "ru"}).content.decode()
    told = page[page.index('class="facts"') : page.index("<h3>Проверки</h3>")]
    assert "Два модератора решили об этом тексте по-разному" in page
    for words in ("одобрено", "Петров", "одобрено с правкой", "короче", "<ins>"):
        assert words in told, words
    assert maria.get(f"/moderation/{third.pk}/").status_code == 404
    decide(user_of(admin), third, REJECT)
    assert effect().visible == 0


@pytest.mark.parametrize("edited", [False, True], ids=["as it was", "edited"])
def test_the_products_page_tells_nobody_else_what_was_decided(maria, oleg, edited):
    from vitrina.content.models import ContentVersion, ProcessingLog
    from vitrina.workbench import card
    from vitrina.workbench.words import ITEM, LOOK, VERDICT

    again = second_look(user_of(maria), 1, edited=edited)
    text = ContentVersion.objects.filter(product=again.product, number=1).get()
    ProcessingLog.objects.create(
        product=again.product, version=text, processing_type="full", status="approved", notes="хорошо",
        moderator=user_of(maria),
    )  # fmt: skip
    for client, known in ((maria, True), (oleg, False)):
        user = user_of(client)
        assert bool(card.decisions_of(user, again.product, blind=False)) is known
        assert (card.log_of(user, again.product)[0].status == "approved") is known
        texts = card.texts_of(user, again.product, blind=False)
        assert all(row.state == VERDICT[False, False] for row in texts) == (not known)
        assert {str(row.model) for row in texts} == ({"writer-9", ""} if known and edited else {"writer-9"})
        page = client.get(f"/products/{again.product_id}/", headers={"accept-language": "ru"}).content.decode()
        assert ("хорошо" in page) is known
        assert f"/moderation/{again.pk}/" not in page
    decide(user_of(oleg), again)
    effect()
    told = [row.what for row in card.decisions_of(user_of(oleg), again.product, blind=False)]
    assert told == [LOOK[2], ITEM["text"]]
