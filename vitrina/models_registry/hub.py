"""Pushing the model in use to the Hugging Face Hub.

Belongs here: one commit and one tag a model, private by default, a repository for each role. Stays out: the Hub's
client and its errors in words (`vitrina.preferences.dataset.hub`), who is in use. What is pushed is the verified copy,
its card and its plots; the report stays at home, since it quotes texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from vitrina.config import Settings
from vitrina.errors import PermanentError, VitrinaError
from vitrina.models_registry import services
from vitrina.models_registry.models import RegisteredModel
from vitrina.objects import ObjectStore
from vitrina.preferences.dataset.hub import Pushed, client, in_words, private_unless_wanted
from vitrina.reward.storage import CARD, EVALUATION, MANIFEST

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_KIND, _SETTING, _PUBLIC = "model", "HF_MODEL_REPO", "HF_MODEL_PUBLIC"
#: What the Hub itself puts into a repository.
_THEIRS = frozenset({".gitattributes"})
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_TASKS = {"reward": "text-classification", "sft": "text-generation", "policy": "text-generation"}


def wanted(settings: Settings) -> bool:
    """Whether a repository and a token are set."""
    return bool(settings.hf_model_repo) and settings.hf_token is not None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of pushing the model in use, in words.

    Attributes:
        wanted: Whether a repository and a token are set.
        problem: Why it failed; what was to be pushed stays as it is.
    """

    said: str
    wanted: bool = True
    problem: VitrinaError | None = None


def push_champion(role: str, store: Callable[[], ObjectStore], settings: Settings) -> Outcome:
    """Push the role's champion where the settings name a repository, also one that was promoted long ago.

    Every promotion ends here, that of a training and that of a person. A Hub that fails undoes nothing.

    Args:
        store: Opens the object store; not called where nothing is pushed.
    """
    if not wanted(settings):
        return Outcome("no repository is set", wanted=False)
    if (champion := services.champion(RegisteredModel.Role(role))) is None:
        return Outcome("no model is in use")
    try:
        done = push(champion, store(), settings, settings.vitrina_home / "training" / "models")
    except VitrinaError as problem:
        return Outcome(f"failed: {problem}", problem=problem)
    return Outcome(f"{done.repo}@{done.revision}{'' if done.pushed else ' (stood there already)'}")


def push(model: RegisteredModel, store: ObjectStore, settings: Settings, cache: Path) -> Pushed:
    """Push a model in use, once.

    Args:
        cache: Folder of verified copies.

    Raises:
        PermanentError: not in use, no repository or token, another model in the store than was registered, or
            ``huggingface_hub`` is not installed.
        HubRefused, HubSilent: see the classes.
    """
    if model.status != RegisteredModel.Status.CHAMPION:
        raise PermanentError(f"{model} is not in use: it is not pushed.", hint="Models that were promoted are.")
    if not settings.hf_model_repo or settings.hf_token is None:
        raise PermanentError("There is nowhere to push to.", hint=f"Set {_SETTING} and HF_TOKEN.")
    repo, public = f"{settings.hf_model_repo}-{model.role}", settings.hf_model_public
    tag = f"{model.model_id[:16]}-{model.manifest_sha256[:8]}"
    folder = services.fetch(store, model, cache)
    api = client(settings, settings.hf_token.get_secret_value())
    try:
        api.create_repo(repo, repo_type=_KIND, private=not public, exist_ok=True)
        private_unless_wanted(api, repo, public=public, kind=_KIND, setting=_PUBLIC)
        standing = {ref.name: ref.target_commit for ref in api.list_repo_refs(repo, repo_type=_KIND).tags}
        if tag in standing:
            return Pushed(repo, standing[tag], pushed=False)
        revision = _commit(api, repo, model, store, folder)
        api.create_tag(repo, tag=tag, revision=revision, repo_type=_KIND, exist_ok=True)
    except Exception as error:
        raise in_words(error, repo, what=_KIND, setting=_SETTING) from error
    return Pushed(repo, revision, pushed=True)


def _commit(api: HfApi, repo: str, model: RegisteredModel, store: ObjectStore, folder: Path) -> str:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    files: dict[str, Any] = {name: str(folder / name) for name in (*model.manifest["files"], MANIFEST)}
    beside = {info.key.removeprefix(f"{model.prefix}/"): info.key for info in store.list(model.prefix)}
    for name, key in beside.items():
        if name.startswith(f"{EVALUATION}/") and name.endswith(".png"):
            files[name] = store.get(key)
    if CARD in beside:
        files[CARD] = (header(model) + store.get(beside[CARD]).decode()).encode()
    operations: list[Any] = [
        CommitOperationAdd(path_in_repo=name, path_or_fileobj=content) for name, content in sorted(files.items())
    ]
    there = set(api.list_repo_files(repo, repo_type=_KIND)) - _THEIRS
    operations += [CommitOperationDelete(path_in_repo=name) for name in sorted(there - set(files))]
    title = f"{model.kind} {model.model_id[:12]}"
    return str(api.create_commit(repo, operations, commit_message=title, repo_type=_KIND).oid)


def header(model: RegisteredModel) -> str:
    """The Hub's own header of a card: licence, task, base."""
    manifest = model.manifest
    about: dict[str, Any] = {
        "license": manifest.get("notes", {}).get("licence", "other"),
        "pipeline_tag": _TASKS[model.role],
        "tags": ["human-feedback", "safetensors", model.kind],
    }
    bases = [
        manifest.get("base"),
        *(part.get("settings", {}).get("base") for part in manifest.get("parts", {}).values()),
    ]
    # A folder of this machine is nobody else's business
    if named := [base for base in bases if base and _HUB_NAME.fullmatch(str(base))]:
        about["base_model"] = named[0]
    return f"---\n{yaml.safe_dump(about, allow_unicode=True, sort_keys=False)}---\n"
