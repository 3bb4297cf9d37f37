"""The Hugging Face Hub as a place to push to.

Belongs here: its client, its errors in words, bringing the main branch of a repository to a set of files. Stays out:
which files, and when (`vitrina.preferences.dataset.hub`, `vitrina.models_registry.hub`). ``huggingface_hub`` is in the
``train`` extra and is imported inside functions only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vitrina.config import Settings
from vitrina.errors import PermanentError, RetryableError

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd, HfApi, RepoFile

_HTTP_LIBRARIES = frozenset({"httpx", "httpx2", "requests"})
_REFUSED = frozenset({401, 403, 404})


class HubRefused(PermanentError):
    """The Hub does not take what is pushed: no right to write there, or a wrong name."""


class HubSilent(RetryableError):
    """The Hub does not answer, or failed; the next push tries again."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """Where something lies on the Hub. ``pushed``: this very call made a commit."""

    repo: str
    revision: str
    pushed: bool

    def __str__(self) -> str:
        return f"{self.repo}@{self.revision}{'' if self.pushed else ' (stood there already)'}"


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


def private_unless_wanted(api: HfApi, repo: str, *, public: bool, kind: str, setting: str) -> None:
    """A repository that stood there before is as its owner made it.

    Raises:
        HubRefused: it is public, and the setting does not want that.
    """
    if not public and not api.repo_info(repo, repo_type=kind).private:
        raise HubRefused(
            f"{repo} is public: nothing was pushed.", hint=f"Make it private on the Hub, or set {setting}."
        )


def brought(
    api: HfApi,
    repo: str,
    files: Mapping[str, bytes | str],
    *,
    kind: str,
    title: str,
    tag: str,
    ours: Callable[[str], bool],
) -> Pushed:
    """Bring the main branch to these files by one commit with what differs, or none where nothing does; and tag it.

    What the tag names stays where it was first put. A model or a dataset that is in use again has a commit of its own.

    Args:
        files: Name → bytes, or the path of a file.
        ours: Of a name on the main branch that is not among `files`, whether it is to go.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, RepoFile

    refs = api.list_repo_refs(repo, repo_type=kind)
    revision = next((ref.target_commit for ref in refs.branches if ref.name == "main"), "main")
    listed = api.list_repo_tree(repo, recursive=True, revision=revision, repo_type=kind)
    there = {each.path: each for each in listed if isinstance(each, RepoFile)}
    additions = [CommitOperationAdd(path_in_repo=name, path_or_fileobj=files[name]) for name in sorted(files)]
    operations: list[Any] = [each for each in additions if _differs(each, there.get(each.path_in_repo))]
    gone = sorted(name for name in there if name not in files and ours(name))
    operations += [CommitOperationDelete(path_in_repo=name) for name in gone]
    if operations:
        revision = str(api.create_commit(repo, operations, commit_message=title, repo_type=kind).oid)
    if tag not in {ref.name for ref in refs.tags}:
        api.create_tag(repo, tag=tag, revision=revision, repo_type=kind, exist_ok=True)
    return Pushed(repo, revision, pushed=bool(operations))


def _differs(wanted: CommitOperationAdd, standing: RepoFile | None) -> bool:
    from huggingface_hub.utils.sha import git_hash

    if standing is None:
        return True
    if standing.lfs is not None:
        return standing.lfs.sha256 != wanted.upload_info.sha256.hex()
    with wanted.as_file() as file:
        return standing.blob_id != git_hash(file.read())


def in_words(error: Exception, repo: str, *, what: str, setting: str) -> Exception:
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
