"""Pushing datasets to the Hub: once, private, tagged, never unvalidated, and in words when it fails."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from tests.fakes.hub_here import hub, must_be_installed
from tests.fakes.hub_server import Hub
from tests.preferences.people import batch, collected, person, vote
from vitrina.cli.main import app
from vitrina.config import Settings
from vitrina.errors import PermanentError
from vitrina.hub import HubRefused, HubSilent
from vitrina.objects import ObjectStore, open_store
from vitrina.preferences.dataset.hub import push
from vitrina.preferences.dataset.versions import make_version
from vitrina.preferences.models import DatasetVersion

__all__ = ["hub"]

must_be_installed()
REPO = "shop/preferences"


@pytest.fixture
def store(settings: Settings, hub: Hub) -> ObjectStore:
    settings.hf_dataset_repo, settings.hf_endpoint = REPO, hub.url
    settings.hf_token = SecretStr(hub.token)
    return open_store(settings)


def version(store: ObjectStore, settings: Settings, pairs: int = 30) -> DatasetVersion:
    vote(person(), batch(pairs, overlap=1))
    collected()
    return make_version(store, settings).version


def test_a_version_is_one_commit_and_one_tag_in_a_private_repository(
    settings: Settings, store: ObjectStore, hub: Hub
) -> None:
    made = version(store, settings)
    result = push(made, store, settings)
    assert (result.repo, result.pushed, hub.private[REPO]) == (REPO, True, True)
    assert hub.tags[REPO] == {f"v1-{made.version}": hub.head(REPO)}
    assert [one["title"] for one in hub.commits[REPO][1:]] == [f"Version 1 ({made.version})"]
    files = hub.files[REPO]
    assert {"README.md", "train.parquet", "plots/lengths.png"} <= set(files)
    assert "set_aside.parquet" not in files
    assert all(files[name] == store.get(f"{made.prefix}/{name}") for name in files)
    made.refresh_from_db()
    assert made.pushed["revision"] == hub.head(REPO)


def test_pushed_again_it_is_found_there(settings: Settings, store: ObjectStore, hub: Hub) -> None:
    made = version(store, settings)
    first = push(made, store, settings)
    again = push(made, store, settings)
    assert (again.pushed, again.revision) == (False, first.revision)
    assert len(hub.commits[REPO]) == 2


def test_a_public_repository_gets_nothing_unless_that_is_wanted(
    settings: Settings, store: ObjectStore, hub: Hub
) -> None:
    made = version(store, settings)
    push(made, store, settings)
    second = version(store, settings, 10)
    hub.private[REPO] = False  # its owner opened it meanwhile
    with pytest.raises(HubRefused, match="is public") as refused:
        push(second, store, settings)
    assert "HF_DATASET_PUBLIC" in str(refused.value.hint)
    assert len(hub.commits[REPO]) == 2
    settings.hf_dataset_public = True
    assert push(second, store, settings).pushed


def test_the_next_version_follows_and_replaces_the_files(settings: Settings, store: ObjectStore, hub: Hub) -> None:
    push(version(store, settings), store, settings)
    hub.files[REPO]["old.parquet"] = b"of a former shape"
    second = version(store, settings, 10)
    push(second, store, settings)
    assert len(hub.tags[REPO]) == 2
    assert "old.parquet" not in hub.files[REPO]
    assert hub.files[REPO]["train.parquet"] == store.get(f"{second.prefix}/train.parquet")


def test_a_version_that_the_preferences_came_back_to_is_on_top_again(
    settings: Settings, store: ObjectStore, hub: Hub
) -> None:
    first, second = version(store, settings), version(store, settings, 10)
    for made in (first, second):
        push(made, store, settings)
    back = push(first, store, settings)
    assert (back.pushed, back.revision, len(hub.commits[REPO])) == (True, hub.head(REPO), 4)
    assert hub.files[REPO]["train.parquet"] == store.get(f"{first.prefix}/train.parquet")
    assert hub.tags[REPO][f"v1-{first.version}"] == hub.commits[REPO][1]["oid"], "a tag stays where it was put"
    assert push(first, store, settings) == replace(back, pushed=False)
    first.refresh_from_db()
    assert first.pushed["revision"] == hub.head(REPO)


def test_the_command_makes_good_a_push_that_failed(settings: Settings, store: ObjectStore, hub: Hub) -> None:
    made = version(store, settings)
    for pushed in (True, False):
        done = CliRunner().invoke(app, ["preferences", "push", "--json"])
        told = json.loads(done.stdout)
        assert told == {"version": made.version, "repo": REPO, "revision": hub.head(REPO), "pushed": pushed}


def test_a_push_that_broke_off_is_made_good_by_the_next(settings: Settings, store: ObjectStore, hub: Hub) -> None:
    made = version(store, settings)
    for page in ("/blob/", "/commit/", "/tag/"):
        hub.fails = {page: 50}
        with pytest.raises(HubSilent, match="failed"):
            push(made, store, settings)
    hub.fails = {}
    push(made, store, settings)
    assert list(hub.tags[REPO]) == [f"v1-{made.version}"]


@pytest.mark.parametrize("status", [403, 400])
def test_a_refusal_is_told_in_words(settings: Settings, store: ObjectStore, hub: Hub, status: int) -> None:
    made = version(store, settings)
    hub.fails, hub.fails_with = {"create": 5}, status
    with pytest.raises(HubRefused, match=str(status)):
        push(made, store, settings)


def test_a_wrong_token_is_refused_and_never_shown(settings: Settings, store: ObjectStore, hub: Hub) -> None:
    made = version(store, settings)
    settings.hf_token = SecretStr("hf_wrong_and_secret")
    with pytest.raises(HubRefused) as refused:
        push(made, store, settings)
    assert "hf_wrong" not in str(refused.value)


def test_a_hub_that_is_not_there_and_a_name_that_is_none(settings: Settings, store: ObjectStore) -> None:
    made = version(store, settings)
    settings.hf_dataset_repo = "a/b/c"
    with pytest.raises(HubRefused, match="cannot be"):
        push(made, store, settings)
    settings.hf_dataset_repo, settings.hf_endpoint = REPO, "http://127.0.0.1:9"
    with pytest.raises(HubSilent, match="does not answer"):
        push(made, store, settings)


def test_what_is_not_validated_stays_at_home(settings: Settings, store: ObjectStore, hub: Hub) -> None:
    made = version(store, settings)
    made.validated = False
    with pytest.raises(PermanentError, match="not validated"):
        push(made, store, settings)
    assert hub.log == []


def test_without_the_library_the_message_says_what_to_do(
    settings: Settings, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = version(store, settings)
    absent: Any = None
    monkeypatch.setitem(sys.modules, "huggingface_hub", absent)
    with pytest.raises(PermanentError, match="not installed") as problem:
        push(made, store, settings)
    assert "make train-env" in str(problem.value.hint)
