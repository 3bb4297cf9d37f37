"""Pushing a dataset version to the Hugging Face Hub.

Belongs here: one commit and one tag a version, private by default. Stays out: making versions. ``huggingface_hub`` is
in the ``train`` extra and is imported here only. What is pushed has pseudonyms and no comments; rows that were set
aside stay at home, since one reason for that is personal data.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from vitrina.config import Settings
from vitrina.errors import PermanentError, RetryableError
from vitrina.objects import ObjectStore
from vitrina.preferences.models import DatasetVersion

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_KEPT_HOME = frozenset({"set_aside.parquet", "report.json"})
_HTTP_LIBRARIES = frozenset({"httpx", "httpx2", "requests"})
_REFUSED = frozenset({401, 403, 404})


class HubRefused(PermanentError):
    """The Hub does not take the version: no right to write there, or a wrong name."""


class HubSilent(RetryableError):
    """The Hub does not answer, or failed; the next run tries again."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """Where a version lies on the Hub. ``pushed``: by this very call."""

    repo: str
    revision: str
    pushed: bool


def push(version: DatasetVersion, store: ObjectStore, settings: Settings) -> Pushed:
    """Push a version, once.

    Raises:
        PermanentError: Not validated, no repository or token, or ``huggingface_hub`` is not installed.
        HubRefused, HubSilent: See the classes.
    """
    if not version.validated:
        raise PermanentError(f"Dataset {version.version} is not validated: it is not pushed.")
    repo, token = settings.hf_dataset_repo, settings.hf_token
    if not repo or token is None:
        raise PermanentError("There is nowhere to push to.", hint="Set HF_DATASET_REPO and HF_TOKEN.")
    tag = f"v{version.number}-{version.version}"
    api = client(settings, token.get_secret_value())
    try:
        api.create_repo(repo, repo_type="dataset", private=not settings.hf_dataset_public, exist_ok=True)
        private_unless_wanted(api, repo, public=settings.hf_dataset_public)
        standing = {ref.name: ref.target_commit for ref in api.list_repo_refs(repo, repo_type="dataset").tags}
        if tag in standing:
            return _remember(version, repo, standing[tag], pushed=False)
        revision = _commit(api, repo, version, store)
        api.create_tag(repo, tag=tag, revision=revision, repo_type="dataset", exist_ok=True)
    except Exception as error:
        raise in_words(error, repo) from error
    return _remember(version, repo, revision, pushed=True)


def private_unless_wanted(
    api: HfApi, repo: str, *, public: bool, kind: str = "dataset", setting: str = "HF_DATASET_PUBLIC"
) -> None:
    """A repository that stood there before is as its owner made it.

    Raises:
        HubRefused: it is public, and the setting does not want that.
    """
    if not public and not api.repo_info(repo, repo_type=kind).private:
        raise HubRefused(
            f"{repo} is public: nothing was pushed.", hint=f"Make it private on the Hub, or set {setting}."
        )


def _commit(api: HfApi, repo: str, version: DatasetVersion, store: ObjectStore) -> str:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    files = {name: about for name, about in version.files.items() if name not in _KEPT_HOME and about.get("rows") != 0}
    operations: list[Any] = []
    for name, about in sorted(files.items()):
        data = store.get(f"{version.prefix}/{name}")
        if hashlib.sha256(data).hexdigest() != about["sha256"]:
            raise PermanentError(f"{name} of dataset {version.version} was changed since it was made.")
        operations.append(CommitOperationAdd(path_in_repo=name, path_or_fileobj=data))
    there = set(api.list_repo_files(repo, repo_type="dataset"))
    ours = {name for name in there if name.endswith(".parquet") and "/" not in name}
    operations += [CommitOperationDelete(path_in_repo=name) for name in sorted(ours - set(files))]
    done = api.create_commit(
        repo, operations, commit_message=f"Version {version.number} ({version.version})", repo_type="dataset"
    )
    return str(done.oid)


def client(settings: Settings, token: str) -> HfApi:
    """The Hub that the settings name.

    Raises:
        PermanentError: ``huggingface_hub`` is not installed.
    """
    try:
        from huggingface_hub import HfApi
        from huggingface_hub.utils import disable_progress_bars
    except ImportError as error:
        raise PermanentError(
            "huggingface_hub is not installed, so nothing can be pushed.", hint="Run `make train-env`."
        ) from error
    disable_progress_bars()
    return HfApi(endpoint=settings.hf_endpoint, token=token)


def in_words(error: Exception, repo: str, *, what: str = "dataset", setting: str = "HF_DATASET_REPO") -> Exception:
    """What a person can act on; the Hub's own words, without the token. What is our own fault stays as it is."""
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    if isinstance(error, PermanentError | RetryableError):
        return error
    if type(error) is RuntimeError and isinstance(error.__cause__, Exception):
        return in_words(error.__cause__, repo, what=what, setting=setting)  # a large file that could not be uploaded
    if isinstance(error, HfHubHTTPError):
        status = error.response.status_code if error.response is not None else 0
        if status in _REFUSED:
            return HubRefused(
                f"The Hub refuses {repo} ({status}).", hint="The token must be allowed to write to that repository."
            )
        if 400 <= status < 500 and status != 429:
            return HubRefused(f"The Hub refuses the {what} ({status}): {error.server_message or ''}".strip())
        return HubSilent(f"The Hub failed ({status}).")
    if isinstance(error, HFValidationError):
        return HubRefused(f"{setting} cannot be {repo!r}: {error}")
    # The client's errors are of the library that huggingface_hub speaks HTTP with, which changed with its versions.
    if isinstance(error, OSError) or type(error).__module__.partition(".")[0] in _HTTP_LIBRARIES:
        return HubSilent(f"The Hub does not answer: {type(error).__name__}.")
    return error


def _remember(version: DatasetVersion, repo: str, revision: str, *, pushed: bool) -> Pushed:
    about = {"repo": repo, "revision": revision, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    if pushed or version.pushed.get("revision") != revision:
        DatasetVersion.objects.filter(pk=version.pk).update(pushed=about)
        version.pushed = about
    return Pushed(repo, revision, pushed)
