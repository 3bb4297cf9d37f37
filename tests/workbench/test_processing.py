"""Processing a product now: what is asked of Dagster, and what a person is told, whatever Dagster does."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.catalog.making import catalogue, day, parsed, take, version
from tests.workbench.conftest import patience
from tests.workbench.dagster_server import FakeDagster

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def product() -> Any:
    take(day(0), [parsed("A-1", "Платье")])
    return catalogue()["A-1"]


def asked_for(dagster: FakeDagster) -> dict[str, Any]:
    return dagster.launched[-1]["runConfigData"]["ops"]["process_chosen"]["config"]


def test_the_chosen_options_reach_the_job(moderator: Any, dagster: FakeDagster, product: Any) -> None:
    from vitrina.content.models import DescriptionTemplate

    user, client = moderator
    version(product, 1)
    DescriptionTemplate.objects.create(name="Платья", content="<p>Образец</p>")
    assert "Платья" in client.get(f"/products/{product.pk}/processing/").content.decode()
    answer = client.post(f"/products/{product.pk}/processing/",
                         {"describe": "on", "how": "force", "template": "Платья"})  # fmt: skip
    run_id = re.fullmatch(r"/runs/([0-9a-f-]{36})/", answer["Location"])
    assert run_id
    assert asked_for(dagster) == {
        "product_ids": [product.pk], "pictures": False, "categorise": False, "describe": True, "refresh": False,
        "force": True, "again": 2, "template": "Платья",
    }  # fmt: skip
    tags = {tag["key"]: tag["value"] for tag in dagster.launched[0]["executionMetadata"]["tags"]}
    assert tags["vitrina/product"] == str(product.pk)
    assert tags["vitrina/asked_by"] == str(user.pk)
    assert run_id[1][:8] in client.get(f"/products/{product.pk}/processing/").content.decode()


def test_a_template_that_is_not_known_and_a_choice_of_nothing_are_not_sent(
    moderator: Any, dagster: FakeDagster, product: Any
) -> None:
    _, client = moderator
    page = client.post(f"/products/{product.pk}/processing/", {"how": "force"}, follow=True).content.decode()
    assert "Choose at least one step" in page
    client.post(f"/products/{product.pk}/processing/", {"categorise": "on", "template": "'; --", "how": "nonsense"})
    assert len(dagster.launched) == 1
    assert (asked_for(dagster)["template"], asked_for(dagster)["force"]) == ("", False)


def test_a_run_is_followed_to_its_end(moderator: Any, dagster: FakeDagster, product: Any) -> None:
    _, client = moderator
    address = client.post(f"/products/{product.pk}/processing/", {"describe": "on"})["Location"]
    dagster.says = ["texts: 1 asked, 1 written, {'<b>': 1}"]
    page = client.get(address).content.decode()
    assert "at work" in page
    assert "texts: 1 asked" in page
    assert "&lt;b&gt;" in page
    assert 'hx-trigger="every 3s"' in page
    dagster.status = "SUCCESS"
    part = client.get(f"{address}state/").content.decode()
    assert "done" in part
    assert "hx-trigger" not in part
    assert "<html" not in part


def test_a_failed_run_says_why_in_its_own_innermost_words(moderator: Any, dagster: FakeDagster, product: Any) -> None:
    _, client = moderator
    address = client.post(f"/products/{product.pk}/processing/", {"describe": "on"})["Location"]
    dagster.status, dagster.fails_with = "FAILURE", "There is no active template 'x'."
    page = client.get(address).content.decode()
    assert "failed" in page
    assert "There is no active template" in page
    assert "trace" not in page
    assert "DagsterExecutionStepExecutionError" not in page


def test_without_a_running_platform_the_page_says_so_and_can_be_read(moderator: Any, product: Any) -> None:
    _, client = moderator
    page = client.get(f"/products/{product.pk}/processing/")
    assert page.status_code == 200
    assert "Dagster is not running" in page.content.decode()
    told = client.post(f"/products/{product.pk}/processing/", {"describe": "on"}, follow=True).content.decode()
    assert "Dagster is not running" in told
    run = client.get("/runs/6f1c2d1e-5f0b-4b0e-9d0a-0d6f5a2b7c11/")
    assert "Dagster is not running" in run.content.decode()


def test_dagster_that_went_away_is_slow_or_speaks_nonsense_is_told_in_words(
    moderator: Any, dagster: FakeDagster, product: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vitrina.config import get_settings

    _, client = moderator
    address = f"/products/{product.pk}/processing/"
    with monkeypatch.context() as hasty:
        patience(hasty, 0.2)
        dagster.slow = 2.0
        assert "Dagster does not answer" in client.get(address).content.decode()
    dagster.slow, dagster.broken = 0.0, True
    assert "Dagster does not answer" in client.get(address).content.decode()
    dagster.broken, dagster.refuses = False, "no such job <script>"
    refused = client.post(address, {"pictures": "on", "describe": "on", "how": "force"})
    told = refused.content.decode()
    assert (refused.status_code, dagster.launched) == (409, [])
    assert "Dagster refused to start the run" in told
    assert "no such job &lt;script&gt;" in told
    chosen = re.findall(r'name="(\w+)"(?: value="(\w*)")? checked', told)
    assert chosen == [("pictures", ""), ("describe", ""), ("how", "force")], "what was chosen stays"
    russian = client.post(address, {"describe": "on"}, headers={"accept-language": "ru"}).content.decode()
    assert "Dagster отказался начать обработку" in russian
    assert re.search(r"<details[^>]*>(?:(?!</details>).)*no such job", russian, re.DOTALL)
    monkeypatch.setenv("DAGSTER_URL", "http://127.0.0.1:9")
    get_settings.cache_clear()
    assert "Dagster does not answer" in client.post(address, {"describe": "on"}, follow=True).content.decode()


def test_an_unknown_run_is_not_found(moderator: Any, dagster: FakeDagster) -> None:
    _, client = moderator
    assert client.get("/runs/6f1c2d1e-5f0b-4b0e-9d0a-0d6f5a2b7c11/").status_code == 404


def test_runs_of_other_jobs_are_for_administrators(moderator: Any, client_of: Any, dagster: FakeDagster) -> None:
    _, client = moderator
    run_id = "6f1c2d1e-5f0b-4b0e-9d0a-0d6f5a2b7c11"
    dagster.runs[run_id] = {"selector": {"jobName": "train"}, "executionMetadata": {"tags": []}}
    assert client.get(f"/runs/{run_id}/").status_code == 404
    assert client.get(f"/runs/{run_id}/state/").status_code == 404
    assert client_of("admin").get(f"/runs/{run_id}/").status_code == 200


def test_who_compares_the_products_texts_sees_the_state_and_not_what_the_run_says(
    moderator: Any, person: Any, dagster: FakeDagster, product: Any
) -> None:
    from vitrina.review.batches import add_pairs, create_batch
    from vitrina.review.guidelines import publish_guidelines
    from vitrina.review.results import PairDraft

    _, client = moderator
    address = client.post(f"/products/{product.pk}/processing/", {"describe": "on"})["Location"]
    dagster.says = ["asked secret-model"]
    assert "secret-model" in client.get(address).content.decode()
    admin = person("admin", "boss@example.com")
    rules = publish_guidelines(admin, "sense", body_ru="Правила", body_en="Rules")
    batch = create_batch(admin, name="b", question_ru="?", question_en="?", guidelines=rules, role="moderator")
    add_pairs(batch, [PairDraft("Текст один", "Текст два", product_id=product.pk)])
    page = client.get(address).content.decode()
    assert "secret-model" not in page
    assert "at work" in page


def test_nothing_is_launched_by_looking_or_by_who_may_not(client_of: Any, dagster: FakeDagster, product: Any) -> None:
    client = client_of("annotator")
    assert client.post(f"/products/{product.pk}/processing/", {"describe": "on"}).status_code == 403
    assert dagster.launched == []


def test_a_form_of_another_site_launches_nothing(person: Any, dagster: FakeDagster, product: Any) -> None:
    from tests.desk.conftest import new_client

    client = new_client(enforce_csrf_checks=True)
    client.force_login(person("moderator"), backend="allauth.account.auth_backends.AuthenticationBackend")
    for address in (f"/products/{product.pk}/processing/", f"/products/{product.pk}/edit/", "/backgrounds/",
                    "/drops/new/", f"/products/{product.pk}/shown/", f"/products/{product.pk}/again/"):  # fmt: skip
        assert client.post(address, {"describe": "on"}).status_code == 403, address
    assert dagster.launched == []
