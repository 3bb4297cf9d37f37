"""Leaving the Hugging Face Hub on the model in use.

Belongs here: which files of which model lie on the main branch of a role's repository, and what its card says of its
status. Stays out: the Hub's client (`vitrina.hub`), who is in use. What is pushed is the verified copy, its card and
its plots; the report stays at home, since it quotes texts. No name of a person who decided is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from vitrina.config import Settings
from vitrina.errors import PermanentError, VitrinaError
from vitrina.hub import Pushed, brought, client, in_words, private_unless_wanted
from vitrina.models_registry import services
from vitrina.models_registry.models import RegisteredModel
from vitrina.objects import ObjectStore
from vitrina.reward.storage import CARD, EVALUATION, MANIFEST

_KIND, _SETTING, _PUBLIC = "model", "HF_MODEL_REPO", "HF_MODEL_PUBLIC"
#: What the Hub itself puts into a repository.
_THEIRS = frozenset({".gitattributes"})
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_TASKS = {"reward": "text-classification", "sft": "text-generation", "policy": "text-generation"}
#: The first line of a card on the main branch.
IN_USE = "**Status: in use.** The platform that pushed this uses this model."
RETIRED = "**Status: retired.** The platform that pushed this has no model of this role in use."


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
    """Leave the role's repository on its champion where the settings name one, also one that was promoted long ago.

    Every promotion and every roll-back ends here, that of a training and that of a person. A Hub that fails undoes
    nothing; whoever comes next makes it good. Where no model is in use any more, the last one's card says so.

    Args:
        store: Opens the object store; not called where nothing is pushed.
    """
    if not wanted(settings):
        return Outcome("no repository is set", wanted=False)
    named = RegisteredModel.Role(role)
    cache = settings.vitrina_home / "training" / "models"
    try:
        while True:
            champion = services.champion(named)
            if champion is not None:
                said = str(push(champion, store(), settings, cache))
            else:
                said = _none_in_use(named, store, settings, cache)
            # Whose commit comes last looks last: one that was slow must not leave a model that was retired meanwhile
            if services.champion(named) == champion:
                return Outcome(said)
    except VitrinaError as problem:
        return Outcome(f"failed: {problem}", problem=problem)


def push(model: RegisteredModel, store: ObjectStore, settings: Settings, cache: Path) -> Pushed:
    """Leave the main branch of the role's repository on a model in use; no commit where it is there already.

    Args:
        cache: Folder of verified copies.

    Raises:
        PermanentError: not in use, no repository or token, another model in the store than was registered, or
            ``huggingface_hub`` is not installed.
        HubRefused, HubSilent: see the classes.
    """
    if model.status != RegisteredModel.Status.CHAMPION:
        raise PermanentError(f"{model} is not in use: it is not pushed.", hint="Models that were promoted are.")
    return _left_on(model, store, settings, cache, IN_USE)


def _none_in_use(role: RegisteredModel.Role, store: Callable[[], ObjectStore], settings: Settings, cache: Path) -> str:
    """After the roll-back of a first model: what lies there is called retired. Nothing is pushed where nothing lies."""
    last = services.last_champion(role)
    if last is None or not settings.hf_model_repo or settings.hf_token is None:
        return "no model is in use"
    repo, api = f"{settings.hf_model_repo}-{role}", client(settings, settings.hf_token.get_secret_value())
    try:
        if not api.repo_exists(repo, repo_type=_KIND):
            return "no model is in use"
    except Exception as error:
        raise in_words(error, repo, what=_KIND, setting=_SETTING) from error
    done = _left_on(last, store(), settings, cache, RETIRED)
    return f"no model is in use; the last one is called retired: {done}"


def _left_on(model: RegisteredModel, store: ObjectStore, settings: Settings, cache: Path, status: str) -> Pushed:
    if not settings.hf_model_repo or settings.hf_token is None:
        raise PermanentError("There is nowhere to push to.", hint=f"Set {_SETTING} and HF_TOKEN.")
    repo, public = f"{settings.hf_model_repo}-{model.role}", settings.hf_model_public
    files = _files(model, store, services.fetch(store, model, cache), status)
    api = client(settings, settings.hf_token.get_secret_value())
    try:
        api.create_repo(repo, repo_type=_KIND, private=not public, exist_ok=True)
        private_unless_wanted(api, repo, public=public, kind=_KIND, setting=_PUBLIC)
        return brought(
            api, repo, files, kind=_KIND,
            title=f"{model.kind} {model.model_id[:12]}{'' if status == IN_USE else ' is retired'}",
            tag=f"{model.model_id[:16]}-{model.manifest_sha256[:8]}", ours=lambda name: name not in _THEIRS,
        )  # fmt: skip
    except Exception as error:
        raise in_words(error, repo, what=_KIND, setting=_SETTING) from error


def _files(model: RegisteredModel, store: ObjectStore, folder: Path, status: str) -> dict[str, bytes | str]:
    """Name on the Hub → content, or the path of the verified copy."""
    files: dict[str, bytes | str] = {name: str(folder / name) for name in (*model.manifest["files"], MANIFEST)}
    beside = {info.key.removeprefix(f"{model.prefix}/"): info.key for info in store.list(model.prefix)}
    for name, key in beside.items():
        if name.startswith(f"{EVALUATION}/") and name.endswith(".png"):
            files[name] = store.get(key)
    card = store.get(beside[CARD]).decode() if CARD in beside else ""
    files[CARD] = f"{header(model)}{status}\n\n{card}".encode()
    return files


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
