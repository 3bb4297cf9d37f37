"""Changing by hand which model is in use: what ``vitrina reward`` and ``vitrina policy`` share.

Belongs here: options, what is printed, and pushing the model that is in use afterwards. Stays out: what may be done
(`vitrina.models_registry`).
"""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from vitrina.cli.database import connected
from vitrina.cli.output import emit, say
from vitrina.config import get_settings
from vitrina.errors import PermanentError

By = Annotated[
    str, typer.Option("--by", help="Who decides; your account's name when left out, but against the gate it is needed.")
]
Reason = Annotated[str, typer.Option("--reason", help="Kept with the decision.")]


def account() -> str:
    """The name of who is signed in on this machine; empty where it has none, as in a container."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def promoted(role: str, model: str, *, by: str, reason: str, as_json: bool) -> None:
    """Make a model the champion of its role. Said again of the champion, it only brings the Hub to it."""
    connected()
    from vitrina.models_registry import services
    from vitrina.models_registry.models import RegisteredModel

    row = services.found(RegisteredModel.Role(role), model)
    done = services.promote(row, by=by, account=account(), reason=reason)
    told = "is the champion" if done else "is the champion already"
    result = {"model": row.model_id, "changed": done is not None, "overridden": bool(done and done.overridden)}
    _end(role, result, f"{row.model_id[:12]} {told}", as_json)


def rolled_back(role: str, *, by: str, reason: str, as_json: bool) -> None:
    """Bring back the champion before the present one."""
    connected()
    from vitrina.models_registry import services
    from vitrina.models_registry.models import RegisteredModel

    done = services.roll_back(RegisteredModel.Role(role), by=by or account(), reason=reason)
    result = {name: row.model_id if row else None for name, row in (("model", done.model), ("instead_of", done.former))}
    told = f"{str(result['model'])[:12]} is the champion again" if done.model else f"No {role} is in use now"
    _end(role, result, told, as_json)


def pushed(role: str, *, as_json: bool) -> None:
    """Leave the Hub on the model in use, where a push failed or a repository was named since.

    Raises:
        PermanentError: the settings name no repository or no token.
    """
    connected()
    from vitrina.models_registry import hub, services
    from vitrina.models_registry.models import RegisteredModel

    if not hub.wanted(get_settings()):
        raise PermanentError("There is nowhere to push to.", hint="Set HF_MODEL_REPO and HF_TOKEN.")
    row = services.champion(RegisteredModel.Role(role))
    told = f"{row.model_id[:12]} is the champion" if row else f"No {role} is in use"
    _end(role, {"model": row.model_id if row else None}, told, as_json)


def _end(role: str, result: Mapping[str, Any], told: str, as_json: bool) -> None:
    """Push what is in use now. A Hub that fails undoes nothing, and is a failure of the command."""
    from vitrina.models_registry.hub import push_champion
    from vitrina.objects import open_store

    settings = get_settings()
    found = push_champion(role, lambda: open_store(settings), settings)

    def human() -> None:
        say(told)
        if found.wanted:
            say(f"On the Hub: {found.said}")

    emit({**result, "pushed": found.said}, as_json, human)
    if found.problem is not None:
        raise typer.Exit(1)
