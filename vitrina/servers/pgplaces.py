"""Where the embedded server's data, socket and settings lie.

What belongs here: choosing folders that the server's user can enter without widening anyone's permissions,
and checking who owns them. What stays out: starting the server.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from vitrina.errors import PermanentError
from vitrina.servers.pgbinaries import ServerUser, can_enter

SOCKET_LIMIT = 107  # bytes of a Unix socket's path, the file name included
SOCKET_NAME = ".s.PGSQL.65535"


@dataclass(frozen=True, slots=True)
class Places:
    """Folders of one server.

    ``outside`` is set when data could not lie in the home folder: a folder that root owns, with the data
    (and a copy of the programs where needed) inside.
    """

    data: Path
    outside: Path | None
    note: str | None


def short_hash(path: Path) -> str:
    """Ten hexadecimal digits that stand for a path."""
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:10]


def give(folder: Path, user: ServerUser | None) -> None:
    """Make a folder that only the server's user may enter, and check that it is one.

    Raises:
        PermanentError: somebody else owns it, or it is a link.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    wanted = user.uid if user else os.geteuid()
    state = folder.lstat()
    if not stat.S_ISDIR(state.st_mode) or state.st_uid not in (wanted, os.geteuid()):
        raise PermanentError(f"{folder} belongs to another user.", hint="Remove it or move it away, then try again.")
    if state.st_uid != wanted and user is not None:
        os.chown(folder, user.uid, user.gid)
    if stat.S_IMODE(state.st_mode) != 0o700:
        folder.chmod(0o700)


def own(folder: Path, mode: int) -> bool:
    """Make a folder of ours with exactly this mode; False when another user owns the name."""
    try:
        folder.mkdir(mode=mode)
    except FileExistsError:
        state = folder.lstat()
        if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.geteuid():
            return False
    folder.chmod(mode)
    return True


def _outside_base(home: Path) -> Path:
    return Path("/var/tmp") / f"vitrina-{os.geteuid()}-{short_hash(home)}"  # noqa: S108 - owner is checked by own()


def choose_places(home: Path, user: ServerUser | None) -> Places:
    """Decide once where the data lie, and remember it in ``home/run/postgres-place.json``.

    For a plain user, and for root in an open folder, that is ``home/postgres``. Where the server's user
    cannot enter the home folder (a 0700 parent), data take a folder of their own under /var/tmp.

    Args:
        home: absolute, existing.
    """
    memory = home / "run" / "postgres-place.json"
    if memory.is_file():
        remembered = json.loads(memory.read_text(encoding="utf-8"))
        base, former = Path(remembered["outside"]), Path(remembered["home"])
        moved = former != home and not former.exists()
        if base.is_dir() and (former == home or moved):
            return _outside(home, base, memory)
    inside = home / "postgres"
    if user is None or can_enter(user, home):
        return Places(data=inside, outside=None, note=None)
    if (inside / "PG_VERSION").exists():
        raise PermanentError(
            f"The database lies in {inside}, and the user that PostgreSQL runs as (nobody) can no longer enter it.",
            hint="Give back the right to pass through the parent folders (chmod o+x), or move the folder away.",
        )
    return _outside(home, _outside_base(home), memory)


def _outside(home: Path, base: Path, memory: Path) -> Places:
    if not own(base, 0o711):  # the server's user must pass through it, and can read nothing in it
        raise PermanentError(f"{base} belongs to another user.", hint="Remove it, or set DATABASE_URL.")
    text = json.dumps({"outside": str(base), "home": str(home)})
    if not memory.is_file() or memory.read_text(encoding="utf-8") != text:
        memory.parent.mkdir(parents=True, exist_ok=True)
        memory.write_text(text, encoding="utf-8")
    note = (
        f"{home} cannot be entered by the user that PostgreSQL runs as (nobody), so the database lies in {base}. "
        f"Removing {home.name} does not remove it."
    )
    return Places(data=base / "data", outside=base, note=note)


def _socket_bases() -> list[Path]:
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    bases = [Path(runtime)] if runtime and os.geteuid() != 0 and Path(runtime).is_dir() else []
    return [*bases, Path(tempfile.gettempdir()), Path("/tmp")]  # noqa: S108 - owner is checked by own()


def socket_folder(home: Path, user: ServerUser | None) -> Path:
    """A folder for the socket, entered by the server's user and us alone, short enough for the kernel.

    Never inside the project: its path may be longer than the 107 bytes that a socket's path may have.
    """
    name = f"vitrina-{os.geteuid()}-{short_hash(home)}"
    for base in _socket_bases():
        outer = base / name
        inner = outer / "s"
        if len(os.fsencode(inner / SOCKET_NAME)) > SOCKET_LIMIT or not os.access(base, os.W_OK):
            continue
        if not own(outer, 0o711 if user else 0o700):
            continue
        give(inner, user)
        if can_enter(user, inner):
            return inner
    # somebody sits on the usual name: a random one cannot be sat on
    outer = Path(tempfile.mkdtemp(prefix="vitrina-", dir="/tmp"))
    outer.chmod(0o711 if user else 0o700)
    give(outer / "s", user)
    return outer / "s"
