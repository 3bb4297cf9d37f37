"""Pushing a dataset version to the Hugging Face Hub.

Belongs here: what of a version is pushed, and remembering where it lies. Stays out: making versions; the Hub's client
(`vitrina.hub`). What is pushed has pseudonyms and no comments; rows that were set aside stay at home, since one reason
for that is personal data.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from vitrina.config import Settings
from vitrina.errors import PermanentError
from vitrina.hub import Pushed, brought, client, in_words, private_unless_wanted
from vitrina.objects import ObjectStore
from vitrina.preferences.models import DatasetVersion

_KIND, _SETTING, _PUBLIC = "dataset", "HF_DATASET_REPO", "HF_DATASET_PUBLIC"
_KEPT_HOME = frozenset({"set_aside.parquet", "report.json"})


def push(version: DatasetVersion, store: ObjectStore, settings: Settings) -> Pushed:
    """Leave the main branch on a version: one commit with what differs, none where it stands there already.

    A version that the preferences came back to is on top again, by a commit of its own.

    Raises:
        PermanentError: Not validated, no repository or token, or ``huggingface_hub`` is not installed.
        HubRefused, HubSilent: See the classes.
    """
    if not version.validated:
        raise PermanentError(f"Dataset {version.version} is not validated: it is not pushed.")
    repo, token, public = settings.hf_dataset_repo, settings.hf_token, settings.hf_dataset_public
    if not repo or token is None:
        raise PermanentError("There is nowhere to push to.", hint=f"Set {_SETTING} and HF_TOKEN.")
    api = client(settings, token.get_secret_value())
    try:
        api.create_repo(repo, repo_type=_KIND, private=not public, exist_ok=True)
        private_unless_wanted(api, repo, public=public, kind=_KIND, setting=_PUBLIC)
        done = brought(
            api, repo, _files(version, store), kind=_KIND, title=f"Version {version.number} ({version.version})",
            tag=f"v{version.number}-{version.version}", ours=_is_table,
        )  # fmt: skip
    except Exception as error:
        raise in_words(error, repo, what=_KIND, setting=_SETTING) from error
    _remember(version, done)
    return done


def _files(version: DatasetVersion, store: ObjectStore) -> dict[str, bytes]:
    found = {}
    for name, about in version.files.items():
        if name in _KEPT_HOME or about.get("rows") == 0:
            continue
        data = store.get(f"{version.prefix}/{name}")
        if hashlib.sha256(data).hexdigest() != about["sha256"]:
            raise PermanentError(f"{name} of dataset {version.version} was changed since it was made.")
        found[name] = data
    return found


def _is_table(name: str) -> bool:
    """A table that this version does not have: what else lies there is its owner's."""
    return name.endswith(".parquet") and "/" not in name


def _remember(version: DatasetVersion, done: Pushed) -> None:
    about = {"repo": done.repo, "revision": done.revision, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    if done.pushed or version.pushed.get("revision") != done.revision:
        DatasetVersion.objects.filter(pk=version.pk).update(pushed=about)
        version.pushed = about
