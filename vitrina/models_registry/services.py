"""What may be done with registered models.

Belongs here: registering, promoting, rolling back, fetching a verified copy. Stays out: the gates' rules.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from vitrina.errors import PermanentError
from vitrina.models_registry.models import Promotion, RegisteredModel
from vitrina.objects import ObjectStore
from vitrina.reward.storage import MANIFEST, read_manifest, unverified

PREFIX = "models"
#: Who decided, where every rule of the gate was met.
GATE = "gate"
_LOCK = 7_402_118


class NotPromoted(PermanentError):
    """A model that the gate did not let through, and no person signed for."""


def register(
    store: ObjectStore,
    folder: Path,
    role: RegisteredModel.Role,
    *,
    report: Mapping[str, Any],
    rules: Sequence[Mapping[str, Any]],
    dataset_version: str = "",
    run_id: str = "",
) -> RegisteredModel:
    """Put a model's files into the object store and a candidate into the registry; the same weights change no status.

    Its card and its evaluation go with it, as they are now. Files are written before the row, the manifest last: a
    killed run leaves no row without files.

    Raises:
        PermanentError: the folder holds no model, or a damaged one.
    """
    manifest = read_manifest(folder)
    # Folder names stay in the store: two trainings of the same weights have manifests of their own
    digest = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    prefix = f"{PREFIX}/{role}/{manifest['model_id'][:16]}/{digest[:16]}"
    for name in (*manifest["files"], *unverified(folder, manifest)):
        store.upload(f"{prefix}/{name}", folder / name)
    store.upload(f"{prefix}/{MANIFEST}", folder / MANIFEST)
    row, _ = RegisteredModel.objects.update_or_create(
        role=role,
        model_id=manifest["model_id"],
        defaults={
            "kind": manifest["kind"],
            "prefix": prefix,
            "manifest_sha256": digest,
            "manifest": manifest,
            "report": dict(report),
            "rules": [dict(rule) for rule in rules],
            "passed": bool(rules) and all(rule["passed"] for rule in rules),
            "dataset_version": dataset_version,
            "run_id": run_id,
            "updated_at": Now(),
        },
    )
    return row


def champion(role: RegisteredModel.Role) -> RegisteredModel | None:
    """The model of this role that is in use."""
    return RegisteredModel.objects.filter(role=role, status=RegisteredModel.Status.CHAMPION).first()


def found(role: RegisteredModel.Role, model_id: str) -> RegisteredModel:
    """The model with this id, or with this beginning of an id.

    Raises:
        PermanentError: none, or more than one.
    """
    rows = list(RegisteredModel.objects.filter(role=role, model_id__startswith=model_id)[:2])
    if len(rows) != 1:
        what = "No" if not rows else "More than one"
        command = "reward" if role == RegisteredModel.Role.REWARD else "policy"
        raise PermanentError(
            f"{what} {role} model begins with {model_id!r}.", hint=f"`vitrina {command} models` lists them."
        )
    return rows[0]


def promote(model: RegisteredModel, *, by: str, reason: str = "", account: str = "") -> Promotion | None:
    """Make a model the champion of its role; None when it is that already.

    The gate of a policy counts what people have said of its texts until now.

    Args:
        by: The gate, or the person who decides.
        reason: Needed where the gate did not let the model through: a person's, and signed by `by`.
        account: Whose command it is; stands for `by` where the gate is met. Nobody overrides it without a word.

    Raises:
        NotPromoted: the gate said no, and there is no signed reason.
    """
    if model.role == RegisteredModel.Role.POLICY:
        from vitrina.models_registry.desk_votes import judge_again  # it reads tables of packages that import this one

        judge_again(model)
    overridden, by, reason = not model.passed, by.strip(), reason.strip()
    if overridden and (by.casefold() in ("", GATE) or not reason):
        broken = ", ".join(rule["name"] for rule in model.rules if not rule["passed"]) or "it was not judged"
        raise NotPromoted(
            f"The gate did not let model {model.model_id[:12]} through: {broken}.",
            hint="A person may override it with a name and a reason (--by, --reason).",
        )
    role = RegisteredModel.Role(model.role)
    return _crown(model, role, by=by or account, reason=reason, overridden=overridden, rolled_back=False)


def roll_back(role: RegisteredModel.Role, *, by: str, reason: str = "") -> Promotion:
    """Bring back the champion before the present one. Before the first policy none wrote, and none does then.

    Raises:
        PermanentError: there was none before, and the role is needed.
    """
    with transaction.atomic():
        _alone()
        now = champion(role)
        before = former(now) if now else None
        if now is None or (before is None and role != RegisteredModel.Role.POLICY):
            raise PermanentError(f"There was no {role} champion before the present one.")
        done = _crown(before, RegisteredModel.Role(role), by=by, reason=reason, overridden=False, rolled_back=True)
    if done is None:
        raise PermanentError(f"{before} is the champion already.")
    return done


def former(model: RegisteredModel) -> RegisteredModel | None:
    """What a roll-back of this champion brings back; None where there was none before it."""
    # What a roll-back brought back has no "before": the way leads on to older ones
    made = Promotion.objects.filter(role=model.role, model=model, rolled_back=False).first()
    return made.former if made is not None else None


def withdrawn(model: RegisteredModel) -> bool:
    """Whether a person rolled the model back when it was last in use: the gate alone does not bring it again."""
    left = Promotion.objects.filter(role=model.role, former=model).first()
    return left is not None and left.rolled_back and model.status != RegisteredModel.Status.CHAMPION


def last_champion(role: RegisteredModel.Role) -> RegisteredModel | None:
    """What was in use before the newest change of champion; None where there was no change yet."""
    made = Promotion.objects.filter(role=role).select_related("former").first()
    return made.former if made is not None else None


def _crown(
    model: RegisteredModel | None, role: RegisteredModel.Role, *, by: str, reason: str, overridden: bool,
    rolled_back: bool,
) -> Promotion | None:  # fmt: skip
    with transaction.atomic():
        _alone()
        before = champion(role)
        if before is not None and model is not None and before.pk == model.pk:
            return None
        if before is not None:
            RegisteredModel.objects.filter(pk=before.pk).update(status=RegisteredModel.Status.RETIRED, updated_at=Now())
        if model is not None:
            RegisteredModel.objects.filter(pk=model.pk).update(status=RegisteredModel.Status.CHAMPION, updated_at=Now())
        return Promotion.objects.create(
            role=role, model=model, former=before, decided_by=by, reason=reason, overridden=overridden,
            rolled_back=rolled_back,
        )  # fmt: skip


def _alone() -> None:
    """Two changes of champion wait for each other until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def fetch(store: ObjectStore, model: RegisteredModel, cache: Path) -> Path:
    """A verified local copy of a model, made once: its manifest is the one registered, and every file is as it says.

    Raises:
        PermanentError: the store holds something else than what was registered.
    """
    folder = cache / model.manifest_sha256[:32]
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=".fetching-") as waiting:
            _download(store, model, Path(waiting) / "model")
            try:
                (Path(waiting) / "model").replace(folder)
            except OSError:
                # another process was faster; what stands there is verified below
                if not folder.is_dir():
                    raise
    try:
        return _verified(folder, model)
    except PermanentError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _download(store: ObjectStore, model: RegisteredModel, folder: Path) -> None:
    for name in (*model.manifest["files"], MANIFEST):
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise PermanentError(f"{model} names a file outside of its folder: {name!r}.")
        path.parent.mkdir(parents=True, exist_ok=True)
        store.download(f"{model.prefix}/{name}", path)


def _verified(folder: Path, model: RegisteredModel) -> Path:
    digest = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    if digest != model.manifest_sha256 or read_manifest(folder)["model_id"] != model.model_id:
        raise PermanentError(f"{model} in the object store is not what was registered.", hint="Train it again.")
    return folder
