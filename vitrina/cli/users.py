"""``vitrina user``: people of the desk, from the command line."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from vitrina.cli.database import connected
from vitrina.cli.output import AsJson, emit, say, show_table
from vitrina.config import Settings, get_settings

app = typer.Typer(no_args_is_help=True, help="People who work at the desk.")
Email = Annotated[str, typer.Argument(help="E-mail address.")]


def desk_address(settings: Settings) -> str:
    """Where people open the desk."""
    return (settings.desk_public_url or f"http://127.0.0.1:{settings.desk_port}").rstrip("/")


@app.command("add")
def add(
    email: Email,
    role: Annotated[str, typer.Option(help="annotator, moderator or admin.")] = "moderator",
    as_json: AsJson = False,
) -> None:
    """Invite somebody: prints a link by which they choose a password. It serves once, for 14 days."""
    connected(desk=True)
    from vitrina.accounts import services
    from vitrina.accounts.roles import Role

    if role not in {known.value for known in Role}:
        raise services.AccountError(f"There is no role {role!r}.", hint="Roles are annotator, moderator and admin.")
    token = services.invite(email, Role(role))
    link = f"{desk_address(get_settings())}/invite/{token}/"
    data = {"email": email.strip().lower(), "role": role, "link": link, "days": services.INVITATION_DAYS}

    def human() -> None:
        say(f"Give {data['email']} this link; it serves once, for {data['days']} days:")
        say(link)

    emit(data, as_json, human)


@app.command("list")
def list_people(as_json: AsJson = False) -> None:
    """Accounts with their roles."""
    connected(desk=True)
    from django.contrib.auth.models import User

    rows: list[dict[str, Any]] = [
        {
            "email": user.email,
            "name": user.first_name,
            "roles": sorted(group.name for group in user.groups.all()),
            "active": user.is_active,
            "last_login": user.last_login,
        }
        for user in User.objects.prefetch_related("groups").order_by("email")
    ]

    def human() -> None:
        table = [(row["email"], row["name"], ", ".join(row["roles"]), row["last_login"] or "–") for row in rows]
        show_table(f"{len(rows)} accounts", ["e-mail", "name", "roles", "last seen"], table)

    emit({"people": rows}, as_json, human)


@app.command("password")
def password(email: Email, as_json: AsJson = False) -> None:
    """Print a link by which somebody sets a new password. It serves once, for three days."""
    connected(desk=True)
    from django.contrib.auth.models import User

    from vitrina.accounts import services

    user = User.objects.filter(email__iexact=email.strip(), is_active=True).first()
    if user is None:
        raise services.AccountError(f"{email} has no account.", hint="`vitrina user add` invites.")
    link = desk_address(get_settings()) + services.reset_path(user)
    emit({"email": user.email, "link": link}, as_json, lambda: say(link))


@app.command("remove")
def remove(email: Email, as_json: AsJson = False) -> None:
    """Close an account: it cannot sign in any more, its keys end, its decisions stay."""
    connected(desk=True)
    from django.contrib.auth.models import User

    from vitrina.accounts import services

    user = User.objects.filter(email__iexact=email.strip(), is_active=True).first()
    if user is None:
        raise services.AccountError(f"{email} has no account.", hint="`vitrina user list` shows them.")
    services.close_account(user, by=None)
    emit({"email": email, "active": False}, as_json, lambda: say(f"{email} can no longer sign in."))


@app.command("token")
def token(
    email: Email,
    name: Annotated[str, typer.Option(help="What the key is for.")],
    days: Annotated[int, typer.Option(help="How long it lives, at most 365.")] = 90,
    as_json: AsJson = False,
) -> None:
    """Make a key of the API for somebody: it is printed this once."""
    connected(desk=True)
    from django.contrib.auth.models import User

    from vitrina.accounts import services
    from vitrina.accounts.tokens import make_token

    user = User.objects.filter(email__iexact=email.strip(), is_active=True).first()
    if user is None:
        raise services.AccountError(f"{email} has no account.", hint="`vitrina user add` invites.")
    row, secret = make_token(user, name, days=days)
    data = {"email": user.email, "name": row.name, "number": str(row.number), "expires": row.expiry, "key": secret}
    emit(data, as_json, lambda: say(secret))


@app.command("tokens")
def tokens(
    email: Email,
    revoke: Annotated[str, typer.Option(help="Number of a key that is to end.")] = "",
    as_json: AsJson = False,
) -> None:
    """The valid keys of somebody, without their secrets; or end one of them."""
    connected(desk=True)
    from uuid import UUID

    from django.contrib.auth.models import User

    from vitrina.accounts import services
    from vitrina.accounts.tokens import revoke_token, tokens_of

    user = User.objects.filter(email__iexact=email.strip()).first()
    if user is None:
        raise services.AccountError(f"{email} has no account.", hint="`vitrina user list` shows them.")
    if revoke:
        try:
            ended = revoke_token(user, UUID(revoke))
        except ValueError:
            ended = False
        if not ended:
            raise services.AccountError(f"{user.email} has no key {revoke}.", hint="The list shows the numbers.")
    rows: list[dict[str, Any]] = [
        {
            "number": str(row.number),
            "name": row.name,
            "created": row.created,
            "expires": row.expiry,
            "used_on": row.used_on,
        }
        for row in tokens_of(user)
    ]

    def human() -> None:
        table = [(row["name"], row["number"], row["expires"] or "–", row["used_on"] or "–") for row in rows]
        show_table(f"{len(rows)} keys of {user.email}", ["for", "number", "until", "last used"], table)

    emit({"keys": rows}, as_json, human)
