"""Every page without JavaScript, from the table of addresses: it stands as a document, and what can be pressed posts.

Whether each word can be read in a browser without scripts is seen by ``test_every_page``.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import pytest
from django.db import transaction
from django.urls import resolve
from lxml import html

from tests.desk.every_page import DRAWN, NO_PAGE, REFUSING, client_of, is_whole, of_the_desk, planted
from tests.workbench.conftest import dagster
from tests.workbench.dagster_server import FakeDagster
from vitrina.screenshots.pages import pages

if TYPE_CHECKING:
    from django.test import Client
    from lxml.html import HtmlElement

    from vitrina.screenshots.seeding import Seeded

__all__ = ["dagster"]

pytestmark = pytest.mark.usefixtures("database")
#: What a form may be answered with: done and on to a page, refused with the page and why, somebody else was faster.
ANSWERED = {200, 202, 302, 409, 413, 422}


@pytest.fixture
def seeded(database: str, dagster: FakeDagster) -> Seeded:
    return planted(dagster)


def test_every_page_stands_and_its_forms_post_without_scripts(seeded: Seeded) -> None:
    """Forms are sent as such a browser would, with the values they stand with and their token; then taken back."""
    wrong: list[str] = []
    posted: set[tuple[str, ...]] = set()
    for page in of_the_desk(seeded):
        client = client_of(seeded, page.viewer, strict=True)
        answer = client.get(page.path, follow=True)
        if not is_whole(answer) or (answer.status_code != 200 and page.name not in REFUSING):
            wrong.append(f"{page.name}: {answer.status_code}, neither a page nor named among those that are none")
            continue
        document = html.document_fromstring(answer.content.decode())
        wrong += [f"{page.name}: {line}" for line in only_by_script(document)]
        cookies = copy.deepcopy(client.cookies)
        # What is discarded comes last: files are not taken back as the database's rows are
        for sent in sorted(forms_of(document, answer.request["PATH_INFO"]), key=Sent.discards):
            if sent.kind in posted:
                continue
            posted.add(sent.kind)
            client.cookies = copy.deepcopy(cookies)
            with transaction.atomic():
                problem = why_not(client, sent)
                transaction.set_rollback(True)
            if problem:
                wrong.append(f"{page.name}: {sent.method} {sent.address} {sent.button}: {problem}")
    assert wrong == []
    assert len(posted) > 40


def test_nothing_that_is_named_as_no_page_is_one(seeded: Seeded) -> None:
    listed, left_out = pages(seeded.arguments)
    # Django's admin leads old addresses on by patterns without a name.
    lacking = [name for name, why in left_out.items() if "closed" not in why and name != "admin:None"]
    assert lacking == [], "planted data give no such value"
    found = {page.name: page for page in listed}
    named = {name for reason, names in NO_PAGE.items() for name in names if DRAWN not in reason}
    assert named - set(found) == set(), "there is no such address any more"
    answers = {name: client_of(seeded, found[name].viewer).get(found[name].path) for name in sorted(named)}
    assert [name for name, answer in answers.items() if is_whole(answer) and answer.status_code == 200] == []


class Sent(NamedTuple):
    """What pressing a button of a form sends."""

    method: str
    address: str
    values: list[tuple[str, str]]
    button: str
    encoding: str

    def discards(self) -> bool:
        """Whether what the page is about is gone afterwards."""
        return resolve(urlsplit(self.address).path).view_name == "upload_discard"

    @property
    def kind(self) -> tuple[str, ...]:
        """The same form on many pages is sent once."""
        name = resolve(urlsplit(self.address).path).view_name
        return (self.method, name, self.button, *sorted({name for name, _ in self.values}))


def forms_of(document: HtmlElement, here: str) -> Iterator[Sent]:
    """Each form with each of its buttons, and without one where it has none."""
    for form in document.forms:
        outside = document.xpath("//*[@form=$id]", id=form.get("id", ""))
        mine = [one for one in form.iter("button") if one.get("form", form.get("id")) == form.get("id")]
        buttons = [one for one in [*mine, *outside] if one.tag == "button" and one.get("type") != "button"]
        values = [*form.form_values(), *((one.get("name"), one.value or "") for one in outside if is_sent(one))]
        for button in buttons or [None]:
            pressed = (
                [(button.get("name"), button.get("value", ""))] if button is not None and button.get("name") else []
            )
            address = (button.get("formaction") if button is not None else None) or form.action or here
            yield Sent(form.method.upper(), urljoin(here, address), values + pressed, str(pressed or ""),
                       form.get("enctype", ""))  # fmt: skip


def is_sent(control: HtmlElement) -> bool:
    """Whether a control that stands outside of its form gives it a value."""
    if control.tag == "button" or not control.get("name"):
        return False
    return control.get("type") not in {"checkbox", "radio"} or control.get("checked") is not None


def why_not(client: Client, sent: Sent) -> str:
    """What is wrong with the answer to a form; empty where it is a page."""
    values: dict[str, list[str]] = {}
    for name, value in sent.values:
        values.setdefault(name, []).append(value)
    answer: Any = client.get(sent.address, values) if sent.method == "GET" else client.post(sent.address, values)
    if answer.status_code not in ANSWERED:
        return f"answers {answer.status_code}"
    if answer.status_code != 302:
        return "" if is_whole(answer) else f"answers {answer.status_code} with no page"
    there = client.get(urljoin(sent.address, answer["Location"]), follow=True)
    return "" if is_whole(there) and there.status_code == 200 else f"leads to {answer['Location']}: {there.status_code}"


def only_by_script(document: HtmlElement) -> Iterator[str]:
    """What of a document nothing but a script can press or load, and forms that would be refused."""
    ids = {form.get("id") for form in document.forms}
    for button in document.iter("button"):
        if button.xpath("ancestor-or-self::*[@hidden] | ancestor::dialog"):
            continue  # a script shows it
        if not button.xpath("ancestor::form") and button.get("form") not in ids:
            yield f"a button of no form: {button.text_content().strip()}"
    for link in document.xpath("//a[not(@href)] | //a[starts-with(@href, '#')][not(@href='#main')]"):
        target = (link.get("href") or "#")[1:]
        if not target or not document.xpath("//*[@id=$id]", id=target):
            yield f"a link to nowhere: {link.text_content().strip()}"
    for swapped in document.xpath("//*[@hx-get or @hx-post]"):
        plain = (swapped.tag == "a" and swapped.get("href")) or swapped.xpath("self::form | ancestor::form")
        renewed = "every" in (swapped.get("hx-trigger") or "") and document.xpath("//main//a[@href]")
        if not plain and not renewed:
            yield f"only htmx loads {swapped.get('hx-get') or swapped.get('hx-post')}"
    for form in document.forms:
        if form.method.upper() == "POST" and "csrfmiddlewaretoken" not in form.fields:
            yield f"a form without its token: {form.action}"
